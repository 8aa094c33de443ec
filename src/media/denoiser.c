#include "media/denoiser.h"

#include <speex/speex_preprocess.h>

#include "base/err.h"
#include "base/mem.h"

enum { PIECE_MS = 10, SUPPRESS_DB = -18 }; /* more than that and voices sound hollow */

struct denoiser {
    SpeexPreprocessState *state; /* NULL: nothing came yet */
    uint32_t rate_hz;
};

struct denoiser *denoiser_create(void)
{
    return mem_new(struct denoiser);
}

void denoiser_destroy(struct denoiser *denoiser)
{
    if (denoiser && denoiser->state)
        speex_preprocess_state_destroy(denoiser->state);
    mem_free(denoiser);
}

static void begin(struct denoiser *denoiser, uint32_t rate_hz)
{
    spx_int32_t on = 1, suppress_db = SUPPRESS_DB;
    if (denoiser->state)
        speex_preprocess_state_destroy(denoiser->state);
    denoiser->rate_hz = rate_hz;
    denoiser->state = speex_preprocess_state_init((int)(rate_hz / 1000 * PIECE_MS), (int)rate_hz);
    BUG_IF(!denoiser->state);
    speex_preprocess_ctl(denoiser->state, SPEEX_PREPROCESS_SET_DENOISE, &on);
    speex_preprocess_ctl(denoiser->state, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &suppress_db);
}

void denoiser_run(struct denoiser *denoiser, int16_t *pcm, size_t n, uint32_t rate_hz)
{
    size_t piece = rate_hz / 1000 * PIECE_MS;
    if (denoiser->rate_hz != rate_hz)
        begin(denoiser, rate_hz);
    for (; n >= piece; n -= piece, pcm += piece)
        speex_preprocess_run(denoiser->state, pcm);
}
