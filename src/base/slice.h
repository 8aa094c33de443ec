#pragma once
/* A slice: borrowed bytes with a length, not terminated. Any thread; owns nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct slice {
    const char *ptr;
    size_t len;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
/** For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

struct slice slice_of(const char *text); /* NULL gives the empty slice */
struct slice slice_make(const void *ptr, size_t len);
static inline bool slice_empty(struct slice s)
{
    return s.len == 0;
}

bool slice_eq(struct slice a, struct slice b);
bool slice_ieq(struct slice a, struct slice b); /* ASCII case does not matter */
bool slice_is(struct slice a, const char *text);
bool slice_iis(struct slice a, const char *text);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_istarts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/** Index of the first `c`, or `s.len`. */
size_t slice_index(struct slice s, char c);
/** Index of the first occurrence of `needle`, or `s.len`. */
size_t slice_find(struct slice s, struct slice needle);
/** From `from`, at most `len` bytes; clipped to what is there. */
struct slice slice_sub(struct slice s, size_t from, size_t len);
struct slice slice_from(struct slice s, size_t from);

/** Return what stands before the first `c` and move `*rest` behind it; without `c`, all of it. */
struct slice slice_cut(struct slice *rest, char c);
/** The next word between white space (as in slice_trim(), any number of it); empty at the end. */
struct slice slice_word(struct slice *rest);
/** The next line without its CRLF or LF; `*rest` moves behind it. */
struct slice slice_line(struct slice *rest);
struct slice slice_trim(struct slice s);    /* spaces, tabs, CR and LF at both ends */
struct slice slice_unquote(struct slice s); /* one pair of double quotes, if there */

/** Decimal, all of the slice, no sign. ERR_PARSE or ERR_LIMIT (over `max`). */
MUST_CHECK enum err slice_to_u64(struct slice s, uint64_t max, uint64_t *out);
MUST_CHECK enum err slice_to_u32(struct slice s, uint32_t max, uint32_t *out);

/** A terminated copy on the heap; the caller frees it with mem_free(). */
char *slice_dup(struct slice s);
/** A terminated copy in `out`; false (and an empty text) when it does not fit. */
bool slice_copy(struct slice s, char *out, size_t cap);
