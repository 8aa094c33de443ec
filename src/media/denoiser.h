#pragma once
/* Less noise in what a far end says: steady noise is estimated and taken away, voices stay
 * (libspeexdsp's preprocessor). PCM of one flow, in order. Not threaded. */

#include <stddef.h>
#include <stdint.h>

struct denoiser;

struct denoiser *denoiser_create(void);
void denoiser_destroy(struct denoiser *denoiser); /* NULL is fine */
/** In place; what is less than 10 ms at the end of `pcm` stays as it is. Another rate than before
 * begins anew. */
void denoiser_run(struct denoiser *denoiser, int16_t *pcm, size_t n, uint32_t rate_hz);
