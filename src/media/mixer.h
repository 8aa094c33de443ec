#pragma once
/* A conference: everybody hears the loudest of the others, never himself. An engine of blocks: put
 * each member's, mix, take each member's. PCM of one rate. Not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "media/voice.h"

enum { MIXER_BLOCK_MS = 20, MIXER_SAMPLES_MAX = 48 * MIXER_BLOCK_MS, MIXER_LOUDEST = 8 };

struct mixer_member { /* in the caller's memory */
    struct list link;
    bool muted;                         /* not heard */
    bool deaf;                          /* hears nothing */
    double gain_db;                     /* of what it says */
    const struct mixer_member *coaches; /* heard by that one alone; NULL: by all */
    struct voice voice;                 /* `talking` is true of one who is muted, too */
    /* of this block */
    int16_t pcm[MIXER_SAMPLES_MAX];
    bool has_pcm, is_mixed;
    double loudness; /* smoothed */
};

struct mixer {
    uint32_t rate_hz;
    size_t block; /* samples */
    struct list members;
    size_t n_members;
    int32_t sum[MIXER_SAMPLES_MAX];
    double gain; /* of the limiter, at the end of the last block */
    double next_gain;
};

/** `rate_hz` at most 48000. */
void mixer_init(struct mixer *mixer, uint32_t rate_hz);
/** Zeroed but for its settings; the caller removes it before it goes. */
void mixer_add(struct mixer *mixer, struct mixer_member *member);
void mixer_remove(struct mixer *mixer, struct mixer_member *member);

/** What it says in this block, mixer->block samples; true: `voice.talking` changed. */
bool mixer_put(struct mixer *mixer, struct mixer_member *member, const int16_t *pcm);
/** Once all have been put. `extra` (or NULL) is heard by everybody. */
void mixer_mix(struct mixer *mixer, const int16_t *extra);
/** What it is to hear of this block. */
void mixer_take(struct mixer *mixer, const struct mixer_member *member, int16_t *pcm);
/** The next block. */
void mixer_end(struct mixer *mixer);
