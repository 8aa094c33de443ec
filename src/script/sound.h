#pragma once
/* What is to be heard, as PCM: speech, files and addresses of files, ringing. Slow work is done by
 * a worker thread. Control thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "script/line.h"

struct scripts;
struct sound_job;

/** `take_pcm` (mono) is NULL when it failed, and `fault` says why. */
typedef void (*sound_fn)(void *owner, int16_t *take_pcm, size_t samples, uint32_t rate_hz,
                         const struct fault *fault);
/** Not for silence. `fn` comes once, later. */
struct sound_job *sound_start(struct scripts *scripts, const struct sound_spec *spec,
                              const char *project_id, sound_fn fn, void *owner);
void sound_cancel(struct sound_job *job); /* NULL is fine */

/** One ring of a country ("us", "de"), its pause included, at 8 kHz; the caller's. ERR_NOT_FOUND.
 */
MUST_CHECK enum err sound_ring(const char *country, int16_t **pcm, size_t *samples);
enum { SOUND_RING_HZ = 8000 };
