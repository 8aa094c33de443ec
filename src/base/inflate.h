#pragma once
/* Compressed bytes back to what they were (zlib, RFC 1950). Any thread. */

#include "base/err.h"
#include "base/slice.h"

/** At most `max` bytes, in a terminated heap copy that the caller frees with mem_free(). ERR_PARSE,
 * ERR_LIMIT. */
MUST_CHECK enum err inflate_bytes(struct slice packed, size_t max, struct slice *out);
