#pragma once
/* Audio files to PCM that media_stream_play() takes: WAV, FLAC, Ogg Vorbis and Opus, whatever
 * libsndfile reads, mixed to mono. Blocks: call it on a worker (base/worker.h). Any thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SOUND_FILE_MAX_S = 600 }; /* at most; 58 MB at 48 kHz */

/** Mono PCM on the heap (the caller's, mem_free()), at the file's own rate. ERR_NOT_FOUND: cannot
 * be opened.  ERR_PARSE: no audio that we read, or none in it.  ERR_LIMIT: longer than
 * SOUND_FILE_MAX_S. `fault` may be NULL. */
MUST_CHECK enum err sound_file_read(const char *path, int16_t **pcm, size_t *samples,
                                    uint32_t *rate_hz, struct fault *fault);
