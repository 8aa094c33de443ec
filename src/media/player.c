#include "player.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

enum { FEED_MS = 20 }; /* of the clip, resampled at a time */

void player_clear(struct player *player)
{
    pcm_fifo_clear(&player->fifo);
    mem_free(player->pcm);
    *player = (struct player){ 0 };
}

void player_play(struct player *player, uint32_t play_id, int16_t *take_pcm, size_t samples,
                 uint32_t rate_hz)
{
    player_clear(player);
    player->state = PLAYER_CLIP;
    player->play_id = play_id;
    player->pcm = take_pcm;
    player->samples = samples;
    player->rate_hz = rate_hz;
    player->gain = 1;
}

void player_set_gain(struct player *player, double gain_db)
{
    player->gain = pow(10, gain_db / 20);
}

void player_seek(struct player *player, int64_t at_ms)
{
    const int64_t at = num_max(at_ms, 0) / 1000 * player->rate_hz +
                       num_max(at_ms, 0) % 1000 * player->rate_hz / 1000;
    if (player->state != PLAYER_CLIP)
        return;
    player->at = (size_t)num_min(at, (int64_t)player->samples); /* both not negative */
    pcm_fifo_clear(&player->fifo);
}

void player_tone(struct player *player, double hz, double level_dbm0)
{
    player_clear(player);
    player->state = PLAYER_TONE;
    player->hz = hz;
    player->level_dbm0 = level_dbm0;
}

static void render_tone(struct player *player, int16_t *pcm, size_t n, uint32_t rate_hz)
{
    if (player->tone_rate_hz != rate_hz)
        tone_init(&player->tone, rate_hz, player->hz, player->level_dbm0);
    player->tone_rate_hz = rate_hz;
    tone_render(&player->tone, pcm, n);
}

static void amplify(double gain, int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pcm[i] =
            (int16_t)lrint(fmax(INT16_MIN, fmin(INT16_MAX, pcm[i] * gain))); /* in its bounds */
}

/* Samples written: fewer than `n` at the end of the clip. */
static size_t render_clip(struct player *player, int16_t *pcm, size_t n, uint32_t rate_hz)
{
    pcm_fifo_set_rates(&player->fifo, player->rate_hz, rate_hz);
    size_t done = pcm_fifo_take(&player->fifo, pcm, n);
    while (done < n && player->at < player->samples) {
        size_t piece = (size_t)num_min((int64_t)(player->samples - player->at),
                                       num_max(player->rate_hz / 1000 * FEED_MS, 1));
        pcm_fifo_feed(&player->fifo, player->pcm + player->at, piece);
        player->at += piece;
        done += pcm_fifo_take(&player->fifo, pcm + done, n - done);
    }
    if (player->gain != 1)
        amplify(player->gain, pcm, done);
    return done;
}

bool player_render(struct player *player, int16_t *pcm, size_t n, uint32_t rate_hz)
{
    size_t done = 0;
    if (player->paused) {
        memset(pcm, 0, n * sizeof *pcm);
        return false;
    }
    if (player->state == PLAYER_TONE) {
        render_tone(player, pcm, n, rate_hz);
        return false;
    }
    if (player->state == PLAYER_CLIP)
        done = render_clip(player, pcm, n, rate_hz);
    memset(pcm + done, 0, (n - done) * sizeof *pcm);
    bool ended =
        player->state == PLAYER_CLIP && player->at == player->samples && player->fifo.n_held == 0;
    if (ended)
        player_clear(player);
    return ended;
}
