#include "web_url.h"

#include <ctype.h>
#include <string.h>

/* Length of "https:" in front, colon included; 0 when there is no scheme (RFC 3986 §3.1). */
static size_t scheme_len(struct slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        if (c == ':')
            return i ? i + 1 : 0;
        bool fits = isalpha(c) || (i && (isdigit(c) || c == '+' || c == '-' || c == '.'));
        if (!fits)
            return 0;
    }
    return 0;
}

/* Where the path of "//host/path?query" begins. */
static size_t authority_len(struct slice rest)
{
    if (!slice_starts(rest, SLICE("//")))
        return 0;
    size_t i = 2;
    while (i < rest.len && rest.ptr[i] != '/' && rest.ptr[i] != '?' && rest.ptr[i] != '#')
        i++;
    return i;
}

static struct slice path_of(struct slice rest)
{
    struct slice path = slice_sub(rest, 0, slice_index(rest, '#'));
    return slice_sub(path, 0, slice_index(path, '?'));
}

static void drop_last_segment(struct buf *out, size_t from)
{
    while (out->len > from && out->ptr[out->len - 1] != '/')
        out->len--;
    if (out->len > from)
        out->len--;
}

/* RFC 3986 §5.2.4; `path` begins with a slash. */
static void put_path(struct buf *out, struct slice path)
{
    size_t from = out->len;
    (void)slice_cut(&path, '/');
    bool more = true;
    while (more) {
        more = slice_index(path, '/') < path.len;
        struct slice segment = slice_cut(&path, '/');
        if (slice_is(segment, "..")) {
            drop_last_segment(out, from);
        } else if (!slice_is(segment, ".")) {
            buf_char(out, '/');
            buf_put(out, segment);
            continue;
        }
        if (!more)
            buf_char(out, '/');
    }
}

enum err web_url_resolve(struct slice base, struct slice reference, struct buf *out)
{
    size_t scheme = scheme_len(base);
    struct slice rest = slice_from(base, scheme);
    size_t authority = authority_len(rest);
    struct slice path = path_of(slice_from(rest, authority));
    if (scheme_len(reference)) {
        buf_put(out, reference);
        return out->overflow ? ERR_LIMIT : OK;
    }
    if (!scheme || !authority)
        return ERR_INVALID;
    buf_put(out, slice_sub(base, 0, scheme));
    if (slice_starts(reference, SLICE("//"))) {
        buf_put(out, reference);
        return out->overflow ? ERR_LIMIT : OK;
    }
    buf_put(out, slice_sub(rest, 0, authority));
    struct slice own = path_of(reference), tail = slice_from(reference, own.len);
    if (slice_empty(own)) {
        buf_put(out, slice_empty(path) ? SLICE("/") : path);
        if (slice_empty(tail)) /* "": the document itself */
            tail = slice_from(slice_sub(rest, 0, slice_index(rest, '#')), authority + path.len);
    } else if (own.ptr[0] == '/') {
        put_path(out, own);
    } else {
        char memory[4096];
        struct buf merged = BUF_ON(memory);
        size_t dir = path.len;
        while (dir && path.ptr[dir - 1] != '/')
            dir--;
        buf_put(&merged, dir ? slice_sub(path, 0, dir) : SLICE("/"));
        buf_put(&merged, own);
        if (merged.overflow)
            return ERR_LIMIT;
        put_path(out, buf_slice(&merged));
    }
    buf_put(out, tail);
    return out->overflow ? ERR_LIMIT : OK;
}

void web_form_put(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c == ' ')
            buf_char(out, '+');
        else if (c < 0x80 && (isalnum(c) || strchr("*-._", c)) && c)
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
