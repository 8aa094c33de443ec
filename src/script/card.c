#include "script/card.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/slice.h"

enum { CARD_MIN = 12, CARD_MAX = 19, SHOWN = 4 };

bool card_is_number(const char *digits)
{
    size_t len = strlen(digits);
    unsigned sum = 0;
    if (len < CARD_MIN || len > CARD_MAX || strspn(digits, "0123456789") != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(digits[len - 1 - i] - '0');
        if (i % 2)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* The first digits, inclusive; the first row that fits. */
static const struct {
    unsigned from, to, digits;
    const char *type;
} ranges[] = {
    { 34, 34, 2, "amex" },        { 37, 37, 2, "amex" },          { 2221, 2720, 4, "mastercard" },
    { 51, 55, 2, "mastercard" },  { 6011, 6011, 4, "discover" },  { 644, 649, 3, "discover" },
    { 65, 65, 2, "discover" },    { 300, 305, 3, "diners-club" }, { 36, 36, 2, "diners-club" },
    { 38, 39, 2, "diners-club" }, { 3528, 3589, 4, "jcb" },       { 4, 4, 1, "visa" },
    { 50, 50, 2, "maestro" },     { 56, 69, 2, "maestro" },
};

const char *card_type(const char *digits)
{
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        uint32_t prefix;
        struct slice first = slice_sub(slice_of(digits), 0, ranges[i].digits);
        if (first.len == ranges[i].digits && !slice_to_u32(first, 9999, &prefix) &&
            prefix >= ranges[i].from && prefix <= ranges[i].to)
            return ranges[i].type;
    }
    return "";
}

bool card_is_accepted(const char *digits, const char *types)
{
    struct slice rest = slice_of(types), type = slice_of(card_type(digits));
    while (rest.len) {
        struct slice word = slice_word(&rest);
        if (word.len && slice_ieq(word, type))
            return true;
    }
    return false;
}

bool card_is_date(const char *digits, int64_t now_ms)
{
    uint32_t month, year;
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;
    if (strlen(digits) != 4 || slice_to_u32(slice_make(digits, 2), 12, &month) || month == 0 ||
        slice_to_u32(slice_make(digits + 2, 2), 99, &year) || !gmtime_r(&now, &tm))
        return false;
    int until = (2000 + (int)year) * 12 + (int)month;
    return until >= (tm.tm_year + 1900) * 12 + tm.tm_mon + 1; /* good to the end of its month */
}

size_t card_code_length(const char *digits)
{
    return strcmp(card_type(digits), "amex") == 0 ? 4 : 3;
}

void card_mask(const char *digits, char *out, size_t cap)
{
    size_t len = strlen(digits), n = 0;
    for (; n < len && n + 1 < cap; n++)
        out[n] = n + SHOWN < len ? '*' : digits[n];
    out[n] = '\0';
}
