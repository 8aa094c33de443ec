#pragma once
/* PCM on its way from blocks of any size at one rate to frames of another size and rate. Not
 * threaded. */

#include <stddef.h>
#include <stdint.h>

#include "base/num.h"

/** Two sounds at once. */
static inline int16_t pcm_add(int16_t a, int16_t b)
{
    return (int16_t)num_max(INT16_MIN, num_min(INT16_MAX, (int64_t)a + b)); /* in its bounds */
}

struct resampler;

struct pcm_fifo { /* zeroed is empty */
    uint32_t in_hz, out_hz;
    struct resampler *resampler; /* NULL while the rates are equal */
    int16_t *held;
    size_t n_held, cap_held;
};

void pcm_fifo_clear(struct pcm_fifo *fifo);
/** Before the first feed; a change of `out_hz` forgets what is held. */
void pcm_fifo_set_rates(struct pcm_fifo *fifo, uint32_t in_hz, uint32_t out_hz);
void pcm_fifo_feed(struct pcm_fifo *fifo, const int16_t *pcm, size_t n);
/** At most `n` samples at out_hz; returns how many there were. */
size_t pcm_fifo_take(struct pcm_fifo *fifo, int16_t *pcm, size_t n);
