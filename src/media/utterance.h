#pragma once
/* One utterance of a far end, cut out of what it says: from a little before its voice begins until
 * it has been silent for so long. An engine: blocks of PCM in, the PCM of the utterance out. Not
 * threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/voice.h"

enum {
    UTTERANCE_RATE_HZ = 16000,
    UTTERANCE_MAX_MS = 60000, /* at most, whatever is asked for: 1.9 MB */
};

enum utterance_news { UTTERANCE_NOTHING, UTTERANCE_BEGUN, UTTERANCE_OVER };

struct utterance {
    struct voice voice;
    int64_t silence_ms, max_ms;
    int64_t began_ms, over_ms; /* of the last one, in PCM since the start */
    bool is_on;
    int16_t *pcm;
    size_t n, cap;
};

/** `silence_ms` 0: 1000; `max_ms` 0: UTTERANCE_MAX_MS. */
void utterance_init(struct utterance *utterance, int64_t silence_ms, int64_t max_ms);
void utterance_clear(struct utterance *utterance);
/** A block, best of 20 ms, at most 100. It is over when it got too long, too. */
enum utterance_news utterance_feed(struct utterance *utterance, const int16_t *pcm, size_t n);
/** What was said from its beginning, a copy: the caller's. */
int16_t *utterance_copy(const struct utterance *utterance, size_t *n);
