#pragma once
/* Is there a voice? By the level above a background that is learnt as it goes. An engine: blocks of
 * PCM in, a state and how long it has lasted out. Not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct voice {
    uint32_t rate_hz;
    int64_t hang_ms;   /* quiet for so long before a voice has ended */
    double floor_dbov; /* the background */
    bool talking;
    int64_t heard_ms; /* of PCM so far */
    int64_t
        change_ms;   /* when the state began, in heard_ms: of silence, with its first quiet block */
    int64_t loud_ms; /* loud without a break; 0: quiet */
    int64_t quiet_ms; /* quiet without a break */
};

/** `hang_ms` 0: 400. */
void voice_init(struct voice *voice, uint32_t rate_hz, int64_t hang_ms);
/** A block, best of 10 to 30 ms; true: `talking` changed. */
bool voice_feed(struct voice *voice, const int16_t *pcm, size_t n);
