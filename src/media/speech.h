#pragma once
/* Text to speech with flite, offline, one English voice. Blocks for about a hundredth of the
 * speech's length: call it on a worker thread (any; calls take turns). */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { SPEECH_TEXT_MAX = 4000 };

/** Mono PCM on the heap (the caller's, mem_free()). ERR_LIMIT: over SPEECH_TEXT_MAX.  ERR_INVALID:
 * nothing to say, or a NUL in it.  ERR_UNSUPPORTED: flite made no sound of it. */
MUST_CHECK enum err speech_render(struct slice text, int16_t **pcm, size_t *samples,
                                  uint32_t *rate_hz);
