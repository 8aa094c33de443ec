#include "legs/trace_mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/num.h"
#include "base/slice.h"

enum { MASK = '*' };

static bool has_word(struct slice name, const char *word)
{
    for (size_t i = 0; i + strlen(word) <= name.len; i++)
        if (slice_iis(slice_sub(name, i, strlen(word)), word))
            return true;
    return false;
}

/* Of a header that is no standard one, or of a JSON key. */
static bool is_secret_name(struct slice name)
{
    static const char *const words[] = { "token", "secret",  "password", "passwd", "credential",
                                         "auth",  "api-key", "api_key",  "apikey", "x-siperb-" };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (has_word(name, words[i]))
            return true;
    return false;
}

static void mask(char *text, struct slice part)
{
    char *at = text + (part.ptr - text); /* `part` lies within `text`, which is ours to write */
    for (size_t i = 0; i < part.len; i++)
        if (at[i] != '\r' && at[i] != '\n')
            at[i] = MASK;
}

/* Whatever stands between any `word` and the first of `ends` behind it. */
static void mask_behind(char *text, struct slice rest, const char *word, const char *ends)
{
    for (size_t at; (at = slice_find(rest, slice_of(word))) < rest.len;) {
        size_t len = 0;
        rest = slice_from(rest, at + strlen(word));
        while (len < rest.len && (!rest.ptr[len] || !strchr(ends, rest.ptr[len])))
            len++;
        mask(text, slice_sub(rest, 0, len));
        rest = slice_from(rest, len);
    }
}

/* What opens media: inline keys (RFC 4568 §9.1) and ICE passwords (RFC 8839 §5.4). In JSON a
 * backslash begins the line's end. */
static void mask_sdp(char *text, struct slice part)
{
    mask_behind(text, part, "inline:", "|; \\\"\r\n");
    mask_behind(text, part, "a=ice-pwd:", "\\\"\r\n");
}

/* Every response="…" of a digest (RFC 3261 §25.1); anything else that is no digest altogether. */
static void mask_credentials(char *text, struct slice value)
{
    struct slice word = slice_trim(value);
    if (!slice_istarts(word, SLICE("Digest"))) {
        struct slice rest = word;
        slice_word(&rest); /* the scheme may be seen */
        mask(text, slice_trim(rest).len ? slice_trim(rest) : word);
        return;
    }
    for (size_t i = 0; i + 8 < value.len; i++) {
        if (!slice_iis(slice_sub(value, i, 8), "response"))
            continue;
        struct slice rest = slice_from(value, i + 8);
        while (rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == '=' || rest.ptr[0] == '"'))
            rest = slice_from(rest, 1);
        size_t len = 0;
        while (len < rest.len && isalnum((unsigned char)rest.ptr[len]))
            len++;
        mask(text, slice_sub(rest, 0, len));
    }
}

enum header_kind { HEADER_PLAIN, HEADER_CREDENTIALS, HEADER_SECRET };

static enum header_kind kind_of(struct slice name)
{
    if (slice_iis(name, "Authorization") || slice_iis(name, "Proxy-Authorization"))
        return HEADER_CREDENTIALS;
    return slice_istarts(name, SLICE("X-")) && is_secret_name(name) ? HEADER_SECRET : HEADER_PLAIN;
}

/* One header with the lines that are folded into it (RFC 3261 §7.3.1). */
static struct slice next_header(struct slice *rest)
{
    const char *begin = rest->ptr;
    struct slice line = slice_line(rest);
    while (line.len && rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        line = slice_line(rest);
    return slice_make(begin, line.len ? (size_t)(line.ptr + line.len - begin) : 0);
}

void trace_mask_sip(char *text, size_t len)
{
    struct slice rest = slice_make(text, len);
    for (struct slice value; !slice_empty(value = next_header(&rest));) {
        switch (kind_of(slice_trim(slice_cut(&value, ':')))) {
        case HEADER_CREDENTIALS:
            mask_credentials(text, value);
            break;
        case HEADER_SECRET:
            mask(text, slice_trim(value));
            break;
        case HEADER_PLAIN:
            break;
        }
    }
    mask_sdp(text, rest);
}

/* The inside of the JSON string that begins at `text[at]` == '"'. */
static struct slice string_at(const char *text, size_t len, size_t at)
{
    size_t end = at + 1;
    while (end < len && text[end] != '"')
        end += text[end] == '\\' ? 2 : 1;
    end = end < len ? end : len;
    return slice_make(text + at + 1, end > at + 1 ? end - at - 1 : 0);
}

static size_t skip_space(const char *text, size_t len, size_t at)
{
    while (at < len && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at;
}

void trace_mask_json(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '"')
            continue;
        struct slice string = string_at(text, len, i);
        i += string.len + 1;
        mask_sdp(text, string);
        size_t colon = skip_space(text, len, i + 1);
        if (colon >= len || text[colon] != ':' || !is_secret_name(string))
            continue;
        size_t value = skip_space(text, len, colon + 1);
        if (value >= len || text[value] != '"')
            continue;
        struct slice secret = string_at(text, len, value);
        mask(text, secret);
        i = value + secret.len + 1;
    }
}
