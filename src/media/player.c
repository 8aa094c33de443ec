#include "player.h"

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
    return done;
}

bool player_render(struct player *player, int16_t *pcm, size_t n, uint32_t rate_hz)
{
    size_t done = 0;
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
