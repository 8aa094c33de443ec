#pragma once
/* The text of HTTP targets: path patterns, percent-coding and forms. Any thread. */

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

enum { HTTP_PATH_CAPTURES = 8 };

struct http_param {
    struct slice name, value; /* decoded */
};

/** Percent-decode (RFC 3986 §2.1) into `out` of `cap` bytes, `*len` written; with `plus`, '+' is a
 * space. ERR_PARSE: a bad escape or an escaped NUL; ERR_LIMIT: too long. `out` may be text.ptr. */
MUST_CHECK enum err http_path_decode(struct slice text, bool plus, char *out, size_t cap,
                                     size_t *len);
/** As much as may stand in one segment of a path; everything else as %XX. Terminated; false when
 * it does not fit. */
bool http_path_encode(struct slice segment, char *out, size_t cap);

/** "a=1&b=2" (an x-www-form-urlencoded body) into `params`, `*n` the room and then how
 * many. Names and values are decoded into `mem` of `cap` bytes (text.len is enough). ERR_PARSE,
 * ERR_LIMIT (over `*n`). */
MUST_CHECK enum err http_query_parse(struct slice text, char *mem, size_t cap,
                                     struct http_param *params, size_t *n);
/** The first of that name; `ptr` is NULL when there is none. */
struct slice http_query_find(const struct http_param *params, size_t n, const char *name);

struct http_path_match {
    struct slice captured[HTTP_PATH_CAPTURES]; /* in the pattern's order */
    size_t n;
};
/** Does the (decoded) path fit "/api/users/:id", where ":word" takes one segment that is not empty,
 * and
 * "*" at the end takes the rest, which may be empty? A slash at the end counts. */
bool http_path_matches(const char *pattern, struct slice path, struct http_path_match *out);
