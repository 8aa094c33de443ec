#pragma once
/* Sound in place of lost packets, for codecs that have no concealment of their own: the last pitch
 * period goes on and fades out, after ITU-T G.711 Appendix I but without its delay. Ours, because
 * spandsp's copies overlapping memory with memcpy(). One thread at a time. */

#include <stddef.h>
#include <stdint.h>

struct conceal;

struct conceal *conceal_create(uint32_t rate_hz);
void conceal_destroy(struct conceal *conceal);
/** Sound that did arrive; what follows a gap is blended into it, in place. */
void conceal_feed(struct conceal *conceal, int16_t *pcm, size_t n);
/** Sound for what did not: full for 10 ms, silent after 60 ms. */
void conceal_fill(struct conceal *conceal, int16_t *pcm, size_t n);
