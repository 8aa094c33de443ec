#include "legs/trunk_number.h"

#include <string.h>

#include "call/route.h"
#include "config/config.h"
#include "sip/sip_uri.h"

enum { SHORT_CODE_MAX = 6 }; /* 100, 1800: no country's national number is as short */

static bool is_of(struct slice text, const char *chars)
{
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(chars, text.ptr[i], strlen(chars)))
            return false;
    return text.len > 0;
}

static bool is_emergency(const struct config_trunk *trunk, struct slice number)
{
    for (size_t i = 0; i < trunk->emergency.n; i++)
        if (slice_is(number, trunk->emergency.items[i]))
            return true;
    return false;
}

/* ITU-T E.123: 00 is the usual international prefix, 0 the usual national one. */
static void put_international(const struct config_trunk *trunk, struct slice number,
                              struct buf *out)
{
    bool is_national =
        trunk->country[0] && number.len > SHORT_CODE_MAX && is_of(number, "0123456789");
    if (is_national && slice_starts(number, SLICE("00"))) {
        buf_char(out, '+');
        buf_put(out, slice_from(number, 2));
    } else if (is_national && slice_starts(number, SLICE("0"))) {
        buf_printf(out, "+%s", trunk->country);
        buf_put(out, slice_from(number, 1));
    } else {
        bool is_bare = is_national && trunk->plus == CONFIG_PLUS_ADD;
        buf_text(out, is_bare ? "+" : "");
        buf_put(out, number);
    }
}

static struct slice clean(const char *dialled, char *mem, size_t cap)
{
    struct buf out;
    buf_init(&out, mem, cap);
    for (const char *c = dialled; *c; c++)
        if (!memchr("-(). ", *c, 5))
            buf_char(&out, *c);
    return buf_slice(&out);
}

static void rewrite(const struct config_trunk *trunk, struct slice number, struct buf *out)
{
    char mem[ROUTE_NUMBER_MAX + 8];
    struct buf whole = BUF_ON(mem);
    bool has_plus = slice_starts(number, SLICE("+"));
    if (!has_plus && trunk->plus == CONFIG_PLUS_ADD && !trunk->country[0])
        buf_char(&whole, '+');
    put_international(trunk, number, &whole);
    struct slice user = buf_slice(&whole);
    if (trunk->plus == CONFIG_PLUS_STRIP && slice_starts(user, SLICE("+")))
        user = slice_from(user, 1);
    sip_escape_user(slice_of(trunk->prefix), out);
    size_t strip = (size_t)trunk->strip; /* 0 to 20: its row */
    sip_escape_user(slice_from(user, strip < user.len ? strip : user.len), out);
}

void trunk_number_print(const struct config_trunk *trunk, const char *dialled, struct buf *out)
{
    char mem[ROUTE_NUMBER_MAX];
    struct slice text = slice_of(dialled);
    if (!is_of(text, "0123456789+-(). *#")) {
        sip_escape_user(text, out);
        return;
    }
    struct slice number = clean(dialled, mem, sizeof mem);
    if (is_emergency(trunk, number))
        sip_escape_user(number, out);
    else
        rewrite(trunk, number, out);
}

const char *trunk_number_scheme(const struct config_trunk *trunk)
{
    return trunk->sips ? "sips:" : "sip:";
}

void trunk_number_print_uri(const struct config_trunk *trunk, const char *dialled, struct buf *out)
{
    buf_text(out, trunk_number_scheme(trunk));
    trunk_number_print(trunk, dialled[0] ? dialled : trunk->called, out);
    buf_char(out, '@');
    sip_host_print(slice_of(trunk->domain), out);
}
