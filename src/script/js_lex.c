#include "script/js_lex.h"

#include <string.h>

#include "base/buf.h"
#include "base/num.h"

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char at(const struct js_lexer *lexer, size_t i)
{
    return i < lexer->source.len ? lexer->source.ptr[i] : '\0';
}

void js_lexer_fail(struct js_lexer *lexer, const char *expected)
{
    if (lexer->now.kind == JS_END)
        js_throw(lexer->js, ERR_PARSE, "expected %s at the end", expected);
    js_throw(lexer->js, ERR_PARSE, "expected %s, not '%.*s',", expected,
             SLICE_ARG(slice_sub(lexer->source, lexer->now.at, lexer->now.end - lexer->now.at)));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void put_utf8(struct buf *out, unsigned c)
{
    if (c < 0x80) {
        buf_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_u8(out, (uint8_t)(0xc0 | c >> 6));
        buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_u8(out, (uint8_t)(0xe0 | c >> 12));
        buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        buf_u8(out, (uint8_t)(0xf0 | c >> 18));
        buf_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* `digits` hex digits at `i`, or up to a brace: \u{1F600}. */
static unsigned hex_escape(struct js_lexer *lexer, size_t *i, unsigned digits)
{
    unsigned c = 0;
    bool braced = digits == 4 && at(lexer, *i) == '{';
    *i += braced;
    for (unsigned n = 0; braced ? at(lexer, *i) != '}' : n < digits; n++, ++*i) {
        int digit = hex_digit(at(lexer, *i));
        if (digit < 0 || n == 6)
            js_throw(lexer->js, ERR_PARSE, "a broken escape");
        c = c << 4 | (unsigned)digit;
    }
    *i += braced;
    return c;
}

/* A pair of \u escapes is one character (RFC 8259 §7); half a pair has no UTF-8. */
static unsigned unicode_escape(struct js_lexer *lexer, size_t *i)
{
    unsigned c = hex_escape(lexer, i, 4);
    if (c >= 0xd800 && c < 0xdc00 && at(lexer, *i) == '\\' && at(lexer, *i + 1) == 'u') {
        *i += 2;
        unsigned low = hex_escape(lexer, i, 4);
        c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
                                          : 0xfffd;
    }
    return (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? 0xfffd : c;
}

static void escape(struct js_lexer *lexer, size_t *i, struct buf *out)
{
    static const char from[] = "nrtbfv0", to[] = { '\n', '\r', '\t', '\b', '\f', '\v', '\0' };
    char c = at(lexer, ++*i); /* over the backslash */
    ++*i;
    const char *known = c ? strchr(from, c) : NULL;
    if (c == 'u')
        put_utf8(out, unicode_escape(lexer, i));
    else if (c == 'x')
        put_utf8(out, hex_escape(lexer, i, 2));
    else if (c != '\n') /* a line goes on */
        buf_char(out, known ? to[known - from] : c);
}

static void text_token(struct js_lexer *lexer, char quote, size_t i)
{
    struct buf out;
    size_t cap = lexer->source.len + 1; /* an escape is never shorter than what it means */
    buf_init(&out, js_alloc(lexer->js, cap), cap);
    while (i < lexer->source.len && at(lexer, i) != quote)
        if (at(lexer, i) == '\\')
            escape(lexer, &i, &out);
        else
            buf_char(&out, at(lexer, i++));
    if (i >= lexer->source.len)
        js_throw(lexer->js, ERR_PARSE, "a text without its closing quote");
    lexer->now.kind = JS_TEXT_TOKEN;
    lexer->now.text = buf_slice(&out);
    lexer->now.end = i + 1;
}

struct slice js_lexer_chunk(struct js_lexer *lexer, size_t *from)
{
    struct buf out;
    size_t cap = lexer->source.len + 1, i = *from;
    buf_init(&out, js_alloc(lexer->js, cap), cap);
    while (i < lexer->source.len && at(lexer, i) != '`' &&
           !(at(lexer, i) == '$' && at(lexer, i + 1) == '{'))
        if (at(lexer, i) == '\\')
            escape(lexer, &i, &out);
        else
            buf_char(&out, at(lexer, i++));
    if (i >= lexer->source.len)
        js_throw(lexer->js, ERR_PARSE, "a template without its closing `");
    *from = i;
    return buf_slice(&out);
}

static void number_token(struct js_lexer *lexer, size_t i)
{
    size_t start = i;
    if (at(lexer, i) == '0' && strchr("xXoObB", at(lexer, i + 1)) && at(lexer, i + 1)) {
        i += 2;
        while (hex_digit(at(lexer, i)) >= 0)
            i++;
    } else {
        while (is_digit(at(lexer, i)))
            i++;
        if (at(lexer, i) == '.')
            for (i++; is_digit(at(lexer, i));)
                i++;
        if (at(lexer, i) == 'e' || at(lexer, i) == 'E') {
            i += 1 + (at(lexer, i + 1) == '-' || at(lexer, i + 1) == '+');
            while (is_digit(at(lexer, i)))
                i++;
        }
    }
    lexer->now.kind = JS_NUMBER_TOKEN;
    lexer->now.text = slice_sub(lexer->source, start, i - start);
    lexer->now.number = js_text_number(lexer->now.text);
    lexer->now.end = i;
    if (is_name_char(at(lexer, i)) || lexer->now.number != lexer->now.number)
        js_throw(lexer->js, ERR_PARSE, "'%.*s' is no number", SLICE_ARG(lexer->now.text));
}

/* Longest first. */
static const char *const signs[] = {
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "?\?=",
    "=>",   "==",  "!=",  "<=",  ">=",  "&&",  "||",  "??",  "?.",  "**",  "++",
    "--",   "+=",  "-=",  "*=",  "/=",  "%=",  "&=",  "|=",  "^=",  "<<",  ">>",
};

static size_t sign_length(const struct js_lexer *lexer, size_t i)
{
    struct slice rest = slice_from(lexer->source, i);
    for (size_t k = 0; k < COUNT_OF(signs); k++)
        if (slice_starts(rest, slice_of(signs[k]))) {
            /* a?.5:b is a choice, a?.b an optional member (ECMA-262 §12.8) */
            bool is_choice = slice_is(slice_of(signs[k]), "?.") && is_digit(at(lexer, i + 2));
            return is_choice ? 1 : strlen(signs[k]);
        }
    return 1;
}

void js_lexer_seek(struct js_lexer *lexer, size_t i)
{
    while (i < lexer->source.len && strchr(" \t\r\n", at(lexer, i)) && at(lexer, i))
        i++;
    lexer->now = (struct js_token){ .at = i, .end = i };
    if (i >= lexer->source.len)
        return;
    js_step(lexer->js, 1);
    char c = at(lexer, i);
    if (is_digit(c) || (c == '.' && is_digit(at(lexer, i + 1)))) {
        number_token(lexer, i);
        return;
    }
    if (c == '"' || c == '\'') {
        text_token(lexer, c, i + 1);
        return;
    }
    size_t len = 1;
    lexer->now.kind = is_name_char(c) ? JS_NAME_TOKEN : JS_SIGN;
    if (lexer->now.kind == JS_NAME_TOKEN)
        while (is_name_char(at(lexer, i + len)))
            len++;
    else
        len = sign_length(lexer, i);
    lexer->now.text = slice_sub(lexer->source, i, len);
    lexer->now.end = i + len;
}

void js_lexer_next(struct js_lexer *lexer)
{
    js_lexer_seek(lexer, lexer->now.end);
}

void js_lexer_init(struct js_lexer *lexer, struct js *js, struct slice source)
{
    *lexer = (struct js_lexer){ .js = js, .source = source };
    js_lexer_seek(lexer, 0);
}

bool js_lexer_is(const struct js_lexer *lexer, const char *sign)
{
    return (lexer->now.kind == JS_SIGN || lexer->now.kind == JS_NAME_TOKEN) &&
           slice_is(lexer->now.text, sign);
}

struct js_value js_lexer_regex(struct js_lexer *lexer)
{
    size_t start = lexer->now.at + 1, i = start;
    bool in_class = false;
    for (; i < lexer->source.len && (at(lexer, i) != '/' || in_class); i++) {
        char c = at(lexer, i);
        in_class = c == '[' || (in_class && c != ']');
        i += c == '\\';
    }
    if (i >= lexer->source.len)
        js_throw(lexer->js, ERR_PARSE, "a regular expression without its closing /");
    size_t end = i++;
    while (is_name_char(at(lexer, i)))
        i++;
    struct js_regex *regex = js_alloc(lexer->js, sizeof *regex);
    regex->pattern = slice_sub(lexer->source, start, end - start);
    regex->flags = slice_sub(lexer->source, end + 1, i - end - 1);
    js_lexer_seek(lexer, i);
    return (struct js_value){ .kind = JS_REGEX, .regex = regex };
}
