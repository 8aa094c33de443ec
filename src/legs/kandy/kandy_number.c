#include "legs/kandy/kandy_number.h"

#include <string.h>

#include "base/num.h"

enum { NUMBER_MAX = 160, NATIONAL_MIN = 8, LONG_MIN = 10 };

void kandy_number_clean(struct slice dialled, struct buf *out)
{
    for (size_t i = 0; i < dialled.len; i++)
        if (!memchr(" -.()", dialled.ptr[i], 5))
            buf_char(out, dialled.ptr[i]);
}

bool kandy_number_is_in(struct slice dialled, char *const *list, size_t n)
{
    char mem[NUMBER_MAX];
    struct buf clean = BUF_ON(mem);
    kandy_number_clean(dialled, &clean);
    for (size_t i = 0; i < n && !clean.overflow; i++)
        if (slice_is(buf_slice(&clean), list[i]))
            return true;
    return false;
}

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

bool kandy_number_is(struct slice text)
{
    return is_digits(text.len && text.ptr[0] == '+' ? slice_from(text, 1) : text);
}

struct slice kandy_number_user(struct slice address)
{
    size_t bracket = slice_index(address, '<');
    if (bracket < address.len) {
        struct slice inner = slice_from(address, bracket + 1);
        address = slice_cut(&inner, '>');
    }
    address = slice_trim(address);
    static const struct slice schemes[] = { { "sips:", 5 }, { "sip:", 4 }, { "tel:", 4 } };
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (slice_istarts(address, schemes[i]))
            address = slice_from(address, schemes[i].len);
    struct slice user = slice_cut(&address, '@');
    return slice_cut(&user, ';');
}

/* ---- United Arab Emirates ---- */

/* What follows the country code or the trunk prefix 0. The first row that fits decides. */
static const struct {
    const char *first; /* any of these digits begins it; "8" stands for 800 */
    size_t min, max;   /* digits */
    bool is_tollfree;
} national[] = {
    { "8", 7, 10, true },       /* 800 and four to seven more */
    { "5", 9, 9, false },       /* mobile */
    { "234679", 8, 8, false },  /* landline with its area code */
    { "12346789", 9, 9, false } /* shared cost (600…) and whatever else has nine digits */
};

static bool is_national(struct slice digits, bool *is_tollfree)
{
    for (size_t i = 0; i < COUNT_OF(national); i++) {
        bool fits = digits.len >= national[i].min && digits.len <= national[i].max &&
                    strchr(national[i].first, digits.ptr[0]) &&
                    (!national[i].is_tollfree || slice_starts(digits, SLICE("800")));
        if (!fits)
            continue;
        *is_tollfree = national[i].is_tollfree;
        return true;
    }
    return false;
}

static void dial_uae(struct slice digits, bool tollfree_as_dialled, struct buf *out)
{
    bool is_tollfree = false;
    struct slice rest = digits;
    bool prefixed = slice_starts(rest, SLICE("0")) && rest.len >= NATIONAL_MIN;
    if (prefixed)
        rest = slice_from(rest, 1);
    bool with_code = slice_starts(digits, SLICE("971")) && digits.len >= LONG_MIN;
    bool add = !with_code && (is_national(rest, &is_tollfree) || prefixed);
    if (add && !(is_tollfree && tollfree_as_dialled))
        buf_text(out, "971");
    buf_put(out, add ? rest : digits);
}

void kandy_number_dial(enum kandy_rules rules, struct slice dialled, bool tollfree_as_dialled,
                       struct buf *out)
{
    char mem[NUMBER_MAX];
    struct buf clean = BUF_ON(mem);
    kandy_number_clean(dialled, &clean);
    struct slice text = buf_slice(&clean);
    if (clean.overflow || !kandy_number_is(text)) { /* a name or a feature code */
        buf_put(out, clean.overflow ? dialled : text);
        return;
    }
    bool international = text.ptr[0] == '+';
    if (international)
        text = slice_from(text, 1);
    if (rules != KANDY_RULES_NONE && slice_starts(text, SLICE("00")) && text.len > LONG_MIN) {
        international = true;
        text = slice_from(text, 2);
    }
    if (rules == KANDY_RULES_UAE && !international)
        dial_uae(text, tollfree_as_dialled, out);
    else
        buf_put(out, text);
}

void kandy_number_caller(enum kandy_rules rules, struct slice from, struct buf *out)
{
    char mem[NUMBER_MAX];
    struct buf digits = BUF_ON(mem);
    struct slice user = kandy_number_user(from);
    kandy_number_dial(rules, user, false, &digits);
    struct slice number = buf_slice(&digits);
    if (!is_digits(number)) {
        buf_put(out, user);
        return;
    }
    if (number.len >= LONG_MIN) /* with its country code; extensions and short codes are not */
        buf_char(out, '+');
    buf_put(out, number);
}
