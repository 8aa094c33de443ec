#pragma once
/* Mono PCM from one sampling rate to another, keeping its state between blocks (speexdsp). One
 * thread at a time. */

#include <stddef.h>
#include <stdint.h>

struct resampler;

/** Rates of 1 to 192000 Hz. Equal rates copy. */
struct resampler *resampler_create(uint32_t in_hz, uint32_t out_hz);
void resampler_destroy(struct resampler *resampler);
/** Take all of `in`, write what it gives (about n × out/in, exactly so over time) to `out`; returns
 * samples written. What does not fit in `cap` is lost: give resampler_max() of room. */
size_t resampler_feed(struct resampler *resampler, const int16_t *in, size_t n, int16_t *out,
                      size_t cap);
/** The most that `n` samples can give. */
size_t resampler_max(const struct resampler *resampler, size_t n);
