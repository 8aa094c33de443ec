#pragma once
/* How loud a flow is: PCM as it is decoded or encoded, and one in ten packets of G.711 that is only
 * passed on. Not threaded. */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct codec;
struct codec_decoder;

enum { METER_UNKNOWN = 1 }; /* no level: dBov are 0 or less */

struct meter {
    uint64_t power; /* sum of squares since the last read */
    uint64_t samples;
    unsigned skipped;
    struct codec_decoder *decoder; /* of the codec passed on last */
};

void meter_clear(struct meter *meter);
void meter_feed(struct meter *meter, const int16_t *pcm, size_t n);
/** A packet that nobody decodes: sampled if its codec makes that cheap, else ignored. */
void meter_feed_packet(struct meter *meter, const struct codec *codec, struct slice payload);
/** The level since the last read, in dBov as tone.h has it, or METER_UNKNOWN. */
int meter_read(struct meter *meter);
