#pragma once
/* Small files read and written whole, by whoever may block. Any thread. */

#include <stddef.h>

#include "err.h"
#include "slice.h"

/** The whole file, at most `max` bytes, in a terminated heap copy that the caller frees with
 * mem_free(). ERR_NOT_FOUND, ERR_LIMIT, ERR_INVALID (not a regular file), ERR_IO; `fault` names the
 * file. */
MUST_CHECK enum err file_read(const char *path, size_t max, struct slice *out, struct fault *fault);
/** Replace the file at once (a reader sees the old or the new one), readable by its owner only. */
MUST_CHECK enum err file_write_private(const char *path, struct slice text, struct fault *fault);
