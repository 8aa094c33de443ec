#include "call/route_match.h"

#include <string.h>

/* One element of a pattern against one character; `*len` is the element's length. */
static bool element_matches(struct slice pattern, char c, size_t *len)
{
    *len = 1;
    switch (pattern.ptr[0]) {
    case 'X':
        return c >= '0' && c <= '9';
    case 'Z':
        return c >= '1' && c <= '9';
    case 'N':
        return c >= '2' && c <= '9';
    case '[':
        break;
    default:
        return pattern.ptr[0] == c;
    }
    size_t end = slice_index(pattern, ']');
    if (end == pattern.len)
        return false;
    *len = end + 1;
    for (size_t i = 1; i < end; i++) {
        if (i + 2 < end && pattern.ptr[i + 1] == '-') {
            if (c >= pattern.ptr[i] && c <= pattern.ptr[i + 2])
                return true;
            i += 2;
        } else if (pattern.ptr[i] == c) {
            return true;
        }
    }
    return false;
}

bool route_pattern_match(struct slice pattern, struct slice number)
{
    if (pattern.len && pattern.ptr[0] == '_') /* as people write it in a dial plan */
        pattern = slice_from(pattern, 1);
    while (pattern.len) {
        if (pattern.len == 1 && pattern.ptr[0] == '*')
            return true;
        if (pattern.len == 1 && pattern.ptr[0] == '.') /* one or more */
            return number.len > 0;
        size_t len;
        if (!number.len || !element_matches(pattern, number.ptr[0], &len))
            return false;
        pattern = slice_from(pattern, len);
        number = slice_from(number, 1);
    }
    return number.len == 0;
}

/* RFC 3966 §5.1.1: what people put between digits to read them. */
static bool is_separator(char c)
{
    return memchr("-.() ", c, 5) != NULL;
}

struct slice route_plain_number(struct slice dialled, char *mem, size_t cap)
{
    struct slice text = dialled;
    struct buf out;
    buf_init(&out, mem, cap);
    if (slice_istarts(text, SLICE("tel:"))) { /* its parameters say nothing to a trunk */
        text = slice_from(text, 4);
        text = slice_cut(&text, ';');
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!memchr("0123456789+*#", c, 13) && !is_separator(c))
            return dialled;
        if (!is_separator(c))
            buf_char(&out, c);
    }
    return out.overflow || !out.len ? dialled : buf_slice(&out);
}

static bool has_header(const struct route_rule *rule, const struct route_query *query)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)query->headers, name, value)
    {
        if (slice_iis(slice_of(name), rule->header))
            return !rule->header_value[0] ||
                   slice_is(slice_of(json_string_value(value)), rule->header_value);
    }
    return false;
}

static bool is_or_any(const char *wanted, struct slice value)
{
    return !wanted[0] || slice_is(value, wanted);
}

bool route_rule_applies(const struct route_rule *rule, const struct route_query *query,
                        struct slice number)
{
    if (!is_or_any(rule->face, query->face) || !is_or_any(rule->trunk, query->trunk) ||
        !is_or_any(rule->user, query->from_user) || (rule->header[0] && !has_header(rule, query)))
        return false;
    if (rule->name[0])
        return slice_is(query->dialled, rule->name);
    if (rule->pattern[0])
        return query->dialled.len && route_pattern_match(slice_of(rule->pattern), number);
    /* who calls decides alone; without any condition it is for everything that was dialled */
    bool is_narrow = rule->face[0] || rule->trunk[0] || rule->user[0] || rule->header[0];
    return is_narrow || query->dialled.len;
}
