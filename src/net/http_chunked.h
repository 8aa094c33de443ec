#pragma once
/* A body in chunks (RFC 9112 §7.1) put together again: an engine, fed bytes. Any thread. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

enum { HTTP_CHUNK_LINE = 256, HTTP_CHUNK_TRAILER = 4096 };

enum http_chunked_state {
    HTTP_CHUNKED_SIZE,
    HTTP_CHUNKED_DATA,
    HTTP_CHUNKED_DATA_END,
    HTTP_CHUNKED_TRAILER,
    HTTP_CHUNKED_DONE
};

struct http_chunked { /* zero: at the start */
    enum http_chunked_state state;
    size_t left; /* bytes of this chunk to come */
    size_t line_len;
    size_t trailer_len;
    char line[HTTP_CHUNK_LINE];
};

/** Eat `bytes`, append what they carry to `out` of `cap` bytes with `*len` in use. Sets `state` to
 * HTTP_CHUNKED_DONE behind the last chunk and its trailer; bytes behind that are ignored.
 * ERR_PARSE: not chunks; ERR_LIMIT: more than `cap`, or lines without end. */
MUST_CHECK enum err http_chunked_feed(struct http_chunked *chunked, struct slice bytes, char *out,
                                      size_t cap, size_t *len);
