#pragma once
/* Listening to a stream: what its far end says, tapped by a stage before the last, and what it is
 * sent, on its way out. Both go through decoders of the ear's own and are pulled by the clock, so
 * that blocks have the time of the call, whatever was lost or relayed. Media thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

struct media_stream_core;
struct stream_ear;

enum { STREAM_EAR_BLOCK_MS = 20, STREAM_EAR_SAMPLES_MAX = 48 * STREAM_EAR_BLOCK_MS };

struct stream_ear_config {
    uint32_t rate_hz;
    bool heard, sent; /* what is wanted */
    unsigned late_ms; /* of what is heard: always that late; 0: as little as the network lets it */
    /** Every 20 ms; what was not wanted is NULL. False: it is over, on_closed follows. */
    bool (*on_block)(void *owner, const int16_t *heard, const int16_t *sent, size_t n);
    /** The last call: the stream ends, or the ear was closed. */
    void (*on_closed)(void *owner);
    void *owner;
};

struct stream_ear *stream_ear_open(struct media_stream_core *core,
                                   const struct stream_ear_config *config);
/** Not from inside on_block. */
void stream_ear_close(struct stream_ear *ear);
