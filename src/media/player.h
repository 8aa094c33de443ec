#pragma once
/* What is played to a far end: a clip of PCM or a steady tone, rendered frame by frame at whatever
 * rate the encoder wants. It knows no time: stream_pace asks for a frame when one is due. Not
 * threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/pcm_fifo.h"
#include "media/tone.h"

enum player_state { PLAYER_IDLE, PLAYER_CLIP, PLAYER_TONE };

struct player { /* zeroed is idle */
    enum player_state state;
    uint32_t play_id;
    int16_t *pcm; /* ours */
    size_t samples, at;
    uint32_t rate_hz; /* of the clip */
    struct pcm_fifo fifo;
    bool paused; /* silent, and keeps its place */
    bool mixes;  /* heard beside what a link sends, not in its place */
    double gain; /* factor of a clip */
    double hz, level_dbm0;
    struct tone tone;
    uint32_t tone_rate_hz;
};

/** Stop and forget. */
void player_clear(struct player *player);
void player_play(struct player *player, uint32_t play_id, int16_t *take_pcm, size_t samples,
                 uint32_t rate_hz);
void player_tone(struct player *player, double hz, double level_dbm0);
/** Of the clip: a factor as decibels, and its place, from the beginning. */
void player_set_gain(struct player *player, double gain_db);
void player_seek(struct player *player, int64_t at_ms);
static inline bool player_is_busy(const struct player *player)
{
    return player->state != PLAYER_IDLE && !player->paused;
}
/** Fill `n` samples, silence after the end. True: this was the last frame of a clip, and the player
 * is idle now. */
bool player_render(struct player *player, int16_t *pcm, size_t n, uint32_t rate_hz);
