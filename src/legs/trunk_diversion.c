#include "legs/trunk_diversion.h"

#include "call/call.h"
#include "config/config.h"
#include "legs/trunk_number.h"
#include "sip/sip_request.h"

enum { INDEX_MAX = 64 };

static bool is_told(const struct config_trunk *trunk)
{
    return trunk->diversion == CONFIG_SWITCH_YES ||
           (trunk->diversion == CONFIG_SWITCH_AUTO && trunk->identity == CONFIG_IDENTITY_ASSERTED);
}

/* The last one first (RFC 5806 §5). */
static void print_diversion(const struct config_trunk *trunk, const struct call *call,
                            struct buf *out)
{
    size_t n;
    const struct call_diversion *list = call_diversions(call, &n);
    for (size_t i = n; i-- > 0;) {
        buf_char(out, '<');
        trunk_number_print_uri(trunk, list[i].who, out);
        buf_printf(out, ">;reason=%s;counter=1%s", list[i].reason, i ? ", " : "");
    }
    if (call_diverted(call)[0])
        buf_printf(out, "%s%s", n ? ", " : "", call_diverted(call));
}

/* RFC 4458: why it was sent on, as a status. */
static int cause_of(const char *reason)
{
    static const struct {
        const char *reason;
        int cause;
    } rows[] = { { "no-answer", 408 }, { "user-busy", 486 }, { "deflection", 480 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_is(slice_of(reason), rows[i].reason))
            return rows[i].cause;
    return 302;
}

/* The index of its last entry; "1" when there is none. */
static struct slice last_index(struct slice history)
{
    struct slice word = SLICE("index="), index = SLICE("1");
    size_t at;
    while ((at = slice_find(history, word)) < history.len) {
        history = slice_from(history, at + word.len);
        size_t len = 0;
        while (len < history.len &&
               (history.ptr[len] == '.' || (history.ptr[len] >= '0' && history.ptr[len] <= '9')))
            len++;
        index = slice_sub(history, 0, len < INDEX_MAX / 2 ? len : INDEX_MAX / 2);
    }
    return index;
}

/* RFC 7044 §10.3: each one's index is below that of whom it came from, whom `mp` names. */
static void print_history(const struct config_trunk *trunk, const struct call *call,
                          struct slice uri, struct buf *out)
{
    size_t n;
    const struct call_diversion *list = call_diversions(call, &n);
    struct slice came = slice_of(call_history(call));
    char mem[INDEX_MAX];
    struct buf index = BUF_ON(mem);
    buf_put(out, came);
    if (!n)
        return;
    buf_put(&index, last_index(came));
    for (size_t i = 0; i <= n; i++) {
        if (i == 0 && came.len)
            continue; /* whoever sent it to us wrote that down */
        struct slice parent = buf_slice(&index);
        buf_text(out, i || came.len ? ", <" : "<");
        if (i < n)
            trunk_number_print_uri(trunk, list[i].who, out);
        else
            buf_put(out, uri);
        if (i < n)
            buf_printf(out, "?Reason=SIP%%3Bcause%%3D%d", cause_of(list[i].reason));
        if (i)
            buf_text(&index, ".1");
        buf_printf(out, ">;index=%.*s", SLICE_ARG(buf_slice(&index)));
        if (i)
            buf_printf(out, ";mp=%.*s", SLICE_ARG(parent));
    }
}

size_t trunk_diversion_fields(const struct config_trunk *trunk, const struct call *call,
                              struct slice uri, struct buf *mem, struct sip_field *out)
{
    size_t n = 0;
    if (!is_told(trunk))
        return 0;
    print_diversion(trunk, call, mem);
    size_t len = mem->len;
    if (len && !mem->overflow)
        out[n++] = (struct sip_field){ SLICE("Diversion"), slice_make(mem->ptr, len) };
    print_history(trunk, call, uri, mem);
    if (mem->len > len && !mem->overflow)
        out[n++] = (struct sip_field){ SLICE("History-Info"), slice_from(buf_slice(mem), len) };
    return n;
}
