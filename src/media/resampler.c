#include "media/resampler.h"

#include <speex/speex_resampler.h>

#include "base/err.h"
#include "base/mem.h"

enum { QUALITY = 4 }; /* of 10: 0.1 dB up to 3.4 kHz of 8 kHz sound, at a few percent of Opus */

struct resampler {
    uint32_t in_hz, out_hz;
    SpeexResamplerState *state; /* NULL: the rates are equal */
};

struct resampler *resampler_create(uint32_t in_hz, uint32_t out_hz)
{
    struct resampler *resampler = mem_new(struct resampler);
    resampler->in_hz = in_hz;
    resampler->out_hz = out_hz;
    if (in_hz == out_hz)
        return resampler;
    int error;
    resampler->state = speex_resampler_init(1, in_hz, out_hz, QUALITY, &error);
    BUG_IF(!resampler->state);
    speex_resampler_skip_zeros(resampler->state);
    return resampler;
}

void resampler_destroy(struct resampler *resampler)
{
    if (!resampler)
        return;
    if (resampler->state)
        speex_resampler_destroy(resampler->state);
    mem_free(resampler);
}

size_t resampler_max(const struct resampler *resampler, size_t n)
{
    return (n * resampler->out_hz + resampler->in_hz - 1) / resampler->in_hz + 1;
}

size_t resampler_feed(struct resampler *resampler, const int16_t *in, size_t n, int16_t *out,
                      size_t cap)
{
    if (!resampler->state) {
        size_t copied = n < cap ? n : cap;
        memmove(out, in, copied * sizeof(*in));
        return copied;
    }
    size_t written = 0;
    while (n > 0 && written < cap) {
        /* what is beyond 32 bits comes in the next round */
        spx_uint32_t taken = n < UINT32_MAX ? (spx_uint32_t)n : UINT32_MAX;
        spx_uint32_t given =
            cap - written < UINT32_MAX ? (spx_uint32_t)(cap - written) : UINT32_MAX;
        speex_resampler_process_int(resampler->state, 0, in, &taken, out + written, &given);
        if (taken == 0 && given == 0)
            break;
        in += taken;
        n -= taken;
        written += given;
    }
    return written;
}
