#include "net/http_path.h"

#include <ctype.h>
#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* One character of `text` at `*at`, decoded; moves `*at` behind it. */
static enum err decode_one(struct slice text, bool plus, size_t *at, char *out)
{
    char c = text.ptr[(*at)++];
    if (plus && c == '+')
        c = ' ';
    if (c != '%') {
        *out = c;
        return OK;
    }
    if (text.len - *at < 2)
        return ERR_PARSE;
    int high = hex_value(text.ptr[*at]), low = hex_value(text.ptr[*at + 1]);
    if (high < 0 || low < 0 || high + low == 0)
        return ERR_PARSE;
    *at += 2;
    *out = (char)(high * 16 + low); /* 1 to 255 */
    return OK;
}

enum err http_path_decode(struct slice text, bool plus, char *out, size_t cap, size_t *len)
{
    size_t n = 0;
    for (size_t at = 0; at < text.len; n++) {
        if (n == cap)
            return ERR_LIMIT;
        enum err err = decode_one(text, plus, &at, &out[n]);
        if (err)
            return err;
    }
    *len = n;
    return OK;
}

bool http_path_encode(struct slice segment, char *out, size_t cap)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < segment.len; i++) {
        unsigned char c = (unsigned char)segment.ptr[i];
        bool plain = isalnum(c) || (c && strchr("-._~", c)); /* RFC 3986 §2.3 */
        size_t need = plain ? 1 : 3;
        if (cap < need + 1 || n > cap - need - 1)
            return false;
        if (!plain) {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
        }
        out[n++] = plain ? (char)c : hex[c & 15];
    }
    if (n >= cap)
        return false;
    out[n] = '\0';
    return true;
}

enum err http_query_parse(struct slice text, char *mem, size_t cap, struct http_param *params,
                          size_t *n)
{
    size_t count = 0, used = 0;
    while (text.len) {
        struct slice value = slice_cut(&text, '&');
        struct slice name = slice_cut(&value, '=');
        if (!name.len && !value.len)
            continue;
        if (count == *n)
            return ERR_LIMIT;
        size_t name_len, value_len;
        enum err err = http_path_decode(name, true, mem + used, cap - used, &name_len);
        if (err)
            return err;
        params[count].name = slice_make(mem + used, name_len);
        used += name_len;
        err = http_path_decode(value, true, mem + used, cap - used, &value_len);
        if (err)
            return err;
        params[count++].value = slice_make(mem + used, value_len);
        used += value_len;
    }
    *n = count;
    return OK;
}

struct slice http_query_find(const struct http_param *params, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(params[i].name, name))
            return params[i].value;
    return SLICE_NONE;
}

bool http_path_matches(const char *pattern, struct slice path, struct http_path_match *out)
{
    struct slice rest = slice_of(pattern);
    out->n = 0;
    for (;;) {
        if (slice_is(rest, "*")) {
            if (out->n < HTTP_PATH_CAPTURES)
                out->captured[out->n++] = path;
            return true;
        }
        bool more = slice_index(rest, '/') != rest.len;
        struct slice want = slice_cut(&rest, '/');
        bool has_more = slice_index(path, '/') != path.len;
        struct slice got = slice_cut(&path, '/');
        if (want.len && want.ptr[0] == ':') {
            if (!got.len || out->n == HTTP_PATH_CAPTURES)
                return false;
            out->captured[out->n++] = got;
        } else if (!slice_eq(want, got)) {
            return false;
        }
        if (more != has_more)
            return false;
        if (!more)
            return true;
    }
}
