#include "pcm_fifo.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/resampler.h"

void pcm_fifo_clear(struct pcm_fifo *fifo)
{
    resampler_destroy(fifo->resampler);
    mem_free(fifo->held);
    *fifo = (struct pcm_fifo){ 0 };
}

void pcm_fifo_set_rates(struct pcm_fifo *fifo, uint32_t in_hz, uint32_t out_hz)
{
    if (fifo->in_hz == in_hz && fifo->out_hz == out_hz)
        return;
    if (fifo->out_hz != out_hz)
        fifo->n_held = 0;
    fifo->in_hz = in_hz;
    fifo->out_hz = out_hz;
    resampler_destroy(fifo->resampler);
    fifo->resampler = in_hz == out_hz ? NULL : resampler_create(in_hz, out_hz);
}

void pcm_fifo_feed(struct pcm_fifo *fifo, const int16_t *pcm, size_t n)
{
    size_t room = fifo->resampler ? resampler_max(fifo->resampler, n) : n;
    if (fifo->n_held + room > fifo->cap_held) {
        fifo->cap_held = 2 * (fifo->n_held + room);
        fifo->held = mem_resize(fifo->held, fifo->cap_held * sizeof *fifo->held);
    }
    int16_t *end = fifo->held + fifo->n_held;
    if (fifo->resampler) {
        fifo->n_held += resampler_feed(fifo->resampler, pcm, n, end, room);
        return;
    }
    memcpy(end, pcm, n * sizeof *pcm);
    fifo->n_held += n;
}

size_t pcm_fifo_take(struct pcm_fifo *fifo, int16_t *pcm, size_t n)
{
    size_t some = (size_t)num_min((int64_t)n, (int64_t)fifo->n_held);
    if (!some)
        return 0;
    memcpy(pcm, fifo->held, some * sizeof *pcm);
    fifo->n_held -= some;
    memmove(fifo->held, fifo->held + some, fifo->n_held * sizeof *pcm);
    return some;
}
