#include "sip_param.h"

#include <stdint.h>

enum { TOKEN = 1, BREAKS_VALUE = 2 };

/* RFC 3261 §25.1: token; and what ends an unquoted parameter value. Values are taken more widely
 * than gen-value allows (hosts in brackets, '/', '@', UTF-8), because deployed phones write them.
 */
static const uint8_t class_of[256] = {
    ['0' ... '9'] = TOKEN, ['A' ... 'Z'] = TOKEN,
    ['a' ... 'z'] = TOKEN, ['-'] = TOKEN,
    ['.'] = TOKEN,         ['!'] = TOKEN,
    ['%'] = TOKEN,         ['*'] = TOKEN,
    ['_'] = TOKEN,         ['+'] = TOKEN,
    ['`'] = TOKEN,         ['\''] = TOKEN,
    ['~'] = TOKEN,         [0 ... ' '] = BREAKS_VALUE,
    [127] = BREAKS_VALUE,  [';'] = BREAKS_VALUE,
    [','] = BREAKS_VALUE,  ['"'] = BREAKS_VALUE,
    ['<'] = BREAKS_VALUE,  ['>'] = BREAKS_VALUE,
};

static size_t span(struct slice s, bool (*belongs)(char))
{
    size_t n = 0;
    while (n < s.len && belongs(s.ptr[n]))
        n++;
    return n;
}

static bool is_value_char(char c)
{
    return !(class_of[(uint8_t)c] & BREAKS_VALUE);
}

bool sip_is_token_char(char c)
{
    return class_of[(uint8_t)c] & TOKEN;
}

bool sip_is_token(struct slice s)
{
    return s.len && span(s, sip_is_token_char) == s.len;
}

size_t sip_quoted_len(struct slice s)
{
    if (!s.len || s.ptr[0] != '"')
        return 0;
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '"')
            return i + 1;
        if (s.ptr[i] == '\\')
            i++;
    }
    return 0;
}

static enum err take_value(struct slice *rest, struct sip_param *param)
{
    size_t len = sip_quoted_len(*rest);
    param->has_value = true;
    param->quoted = len > 0;
    if (param->quoted) {
        param->value = slice_sub(*rest, 1, len - 2);
    } else {
        len = span(*rest, is_value_char);
        if (!len)
            return ERR_PARSE;
        param->value = slice_sub(*rest, 0, len);
    }
    *rest = slice_trim(slice_from(*rest, len));
    return OK;
}

enum err sip_param_next(struct slice *rest, struct sip_param *out)
{
    struct slice s = slice_trim(*rest);
    if (!s.len)
        return ERR_NOT_FOUND;
    if (s.ptr[0] == ';')
        s = slice_trim(slice_from(s, 1));

    size_t len = span(s, sip_is_token_char);
    if (!len)
        return ERR_PARSE;
    struct sip_param param = { .name = slice_sub(s, 0, len), .value = { s.ptr + len, 0 } };
    s = slice_trim(slice_from(s, len));
    if (s.len && s.ptr[0] == '=') {
        s = slice_trim(slice_from(s, 1));
        enum err err = take_value(&s, &param);
        if (err)
            return err;
    }
    if (s.len && s.ptr[0] != ';')
        return ERR_PARSE;
    *rest = s;
    *out = param;
    return OK;
}

bool sip_param_find(struct slice params, const char *name, struct slice *value)
{
    struct sip_param param;
    while (sip_param_next(&params, &param) == OK) {
        if (!slice_iis(param.name, name))
            continue;
        if (value)
            *value = param.value;
        return true;
    }
    return false;
}

enum err sip_params_check(struct slice params)
{
    struct sip_param param;
    enum err err;
    while ((err = sip_param_next(&params, &param)) == OK)
        ;
    return err == ERR_NOT_FOUND ? OK : err;
}

void sip_param_print(const struct sip_param *param, struct buf *out)
{
    const char *quote = param->quoted ? "\"" : "";
    buf_char(out, ';');
    buf_put(out, param->name);
    if (!param->has_value)
        return;
    buf_char(out, '=');
    buf_text(out, quote);
    buf_put(out, param->value); /* not printf: a quoted-pair may be a NUL */
    buf_text(out, quote);
}

void sip_print_quoted(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_char(out, '\\');
        buf_char(out, text.ptr[i]);
    }
    buf_char(out, '"');
}

void sip_print_unescaped(struct buf *out, struct slice inside)
{
    for (size_t i = 0; i < inside.len; i++) {
        if (inside.ptr[i] == '\\' && i + 1 < inside.len)
            i++;
        buf_char(out, inside.ptr[i]);
    }
}

/* Where the value at the front of `s` ends: the next comma that separates, or the end. */
static size_t value_end(struct slice s)
{
    bool in_angle = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == ',' && !in_angle)
            return i;
        if (c == '<')
            in_angle = true;
        else if (c == '>')
            in_angle = false;
        if (c != '"' || in_angle)
            continue;
        size_t quoted = sip_quoted_len(slice_from(s, i));
        if (!quoted)
            return s.len;
        i += quoted - 1;
    }
    return s.len;
}

bool sip_list_next(struct slice *rest, struct slice *out)
{
    while (rest->len) {
        size_t end = value_end(*rest);
        struct slice value = slice_trim(slice_sub(*rest, 0, end));
        *rest = slice_from(*rest, end < rest->len ? end + 1 : end);
        if (value.len) {
            *out = value;
            return true;
        }
    }
    return false;
}
