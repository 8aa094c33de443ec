#include "slice.h"

#include <string.h>

#include "mem.h"

struct slice slice_of(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}

struct slice slice_make(const void *ptr, size_t len)
{
    return (struct slice){ ptr, len };
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool slice_ieq(struct slice a, struct slice b)
{
    return a.len == b.len && slice_istarts(a, b);
}

bool slice_is(struct slice a, const char *text)
{
    return slice_eq(a, slice_of(text));
}

bool slice_iis(struct slice a, const char *text)
{
    return slice_ieq(a, slice_of(text));
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_istarts(struct slice s, struct slice prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (lower(s.ptr[i]) != lower(prefix.ptr[i]))
            return false;
    return true;
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

size_t slice_index(struct slice s, char c)
{
    const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return at ? (size_t)(at - s.ptr) : s.len;
}

size_t slice_find(struct slice s, struct slice needle)
{
    const char *at = s.len && needle.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    return at ? (size_t)(at - s.ptr) : s.len;
}

struct slice slice_sub(struct slice s, size_t from, size_t len)
{
    if (from >= s.len)
        return (struct slice){ s.ptr ? s.ptr + s.len : NULL, 0 };
    size_t left = s.len - from;
    return (struct slice){ s.ptr + from, len < left ? len : left };
}

struct slice slice_from(struct slice s, size_t from)
{
    return slice_sub(s, from, s.len);
}

struct slice slice_cut(struct slice *rest, char c)
{
    size_t at = slice_index(*rest, c);
    struct slice head = slice_sub(*rest, 0, at);
    *rest = slice_from(*rest, at < rest->len ? at + 1 : at);
    return head;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_word(struct slice *rest)
{
    size_t from = 0;
    while (from < rest->len && is_space(rest->ptr[from]))
        from++;
    size_t end = from;
    while (end < rest->len && !is_space(rest->ptr[end]))
        end++;
    struct slice word = slice_sub(*rest, from, end - from);
    *rest = slice_from(*rest, end);
    return word;
}

struct slice slice_line(struct slice *rest)
{
    struct slice line = slice_cut(rest, '\n');
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_space(s.ptr[0]))
        s = slice_from(s, 1);
    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct slice slice_unquote(struct slice s)
{
    if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
        return slice_sub(s, 1, s.len - 2);
    return s;
}

enum err slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
    if (!s.len)
        return ERR_PARSE;
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return ERR_PARSE;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return ERR_LIMIT;
        value = value * 10 + digit;
    }
    if (value > max)
        return ERR_LIMIT;
    *out = value;
    return OK;
}

enum err slice_to_u32(struct slice s, uint32_t max, uint32_t *out)
{
    uint64_t wide;
    enum err err = slice_to_u64(s, max, &wide);
    if (!err)
        *out = (uint32_t)wide; /* ≤ max, which is 32 bits */
    return err;
}

char *slice_dup(struct slice s)
{
    return mem_copy_text(s.ptr, s.len);
}

bool slice_copy(struct slice s, char *out, size_t cap)
{
    bool fits = s.len < cap;
    size_t len = fits ? s.len : 0;
    if (len)
        memcpy(out, s.ptr, len);
    if (cap)
        out[len] = '\0';
    return fits;
}
