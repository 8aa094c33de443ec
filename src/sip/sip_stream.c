#include "sip_stream.h"

#include <string.h>

#include "base/mem.h"
#include "sip_msg.h"

/* What is kept between two puts is less than a message: one that is longer is refused. */
enum { KEPT_MAX = SIP_MAX_MESSAGE + SIP_MAX_HEAD };

void sip_stream_clear(struct sip_stream *s)
{
    mem_free(s->bytes);
    *s = (struct sip_stream){ 0 };
}

void sip_stream_put(struct sip_stream *s, struct slice bytes)
{
    BUG_IF(bytes.len > SIP_STREAM_STEP);
    if (s->broken || !bytes.len)
        return;
    if (s->at) {
        memmove(s->bytes, s->bytes + s->at, s->len - s->at);
        s->len -= s->at;
        s->at = 0;
    }
    BUG_IF(s->len > KEPT_MAX);
    if (bytes.len > s->cap - s->len) {
        s->cap = s->len + bytes.len + 2048;
        s->bytes = mem_resize(s->bytes, s->cap); /* ≤ KEPT_MAX + SIP_STREAM_STEP */
    }
    memcpy(s->bytes + s->len, bytes.ptr, bytes.len);
    s->len += bytes.len;
}

static struct slice rest_of(const struct sip_stream *s)
{
    return slice_make(s->bytes + s->at, s->len - s->at);
}

static void eat(struct sip_stream *s, size_t len)
{
    s->at += len;
    s->need = 0;
}

/* Between messages an idle connection holds no memory. */
static void release(struct sip_stream *s)
{
    if (s->at < s->len)
        return;
    mem_free(s->bytes);
    s->bytes = NULL;
    s->at = s->len = s->cap = 0;
}

static enum sip_stream_item break_off(struct sip_stream *s, struct slice *out)
{
    s->broken = true;
    *out = rest_of(s);
    return SIP_STREAM_BROKEN;
}

/* It may become a ping (RFC 5626 §3.5.1), so it waits. */
static bool is_half_a_ping(struct slice rest)
{
    return slice_is(rest, "\r") || slice_is(rest, "\r\n") || slice_is(rest, "\r\n\r");
}

/* What stands between messages; a CRLF alone is passed over, unless it is what we asked for, and so
 * are CRs and LFs of their own, for some end lines in their own way. False: no item. */
static bool take_blank(struct sip_stream *s, enum sip_stream_item *item)
{
    while (slice_starts(rest_of(s), SLICE("\r")) || slice_starts(rest_of(s), SLICE("\n"))) {
        bool is_crlf = slice_starts(rest_of(s), SLICE("\r\n"));
        bool is_ping = slice_starts(rest_of(s), SLICE("\r\n\r\n"));
        if (is_ping || (is_crlf && s->awaits_pong)) {
            *item = is_ping ? SIP_STREAM_PING : SIP_STREAM_PONG;
            s->awaits_pong = s->awaits_pong && is_ping;
            eat(s, is_ping ? 4 : 2);
            return true;
        }
        if (is_half_a_ping(rest_of(s)))
            return false;
        eat(s, is_crlf ? 2 : 1);
    }
    return false;
}

static bool could_begin(char c)
{
    return c > ' ' && c < 0x7f; /* a method or "SIP/2.0": a token */
}

/* The length of what stands here as soon as it can be known. */
static enum err measure(struct sip_stream *s, size_t *len)
{
    struct slice rest = rest_of(s);
    if (!rest.len)
        return ERR_AGAIN;
    if (!could_begin(rest.ptr[0]))
        return ERR_PARSE;
    enum err err = sip_msg_frame(rest, len);
    s->need = err == ERR_AGAIN ? *len : 0;
    return err;
}

enum sip_stream_item sip_stream_next(struct sip_stream *s, struct slice *out)
{
    enum sip_stream_item item;
    size_t len = 0;
    *out = SLICE_NONE;
    if (s->broken)
        return SIP_STREAM_BROKEN;
    if (take_blank(s, &item))
        return item;
    bool waits = is_half_a_ping(rest_of(s)) || s->len - s->at < s->need;
    enum err err = waits ? ERR_AGAIN : measure(s, &len);
    if (err == ERR_AGAIN) {
        release(s);
        return SIP_STREAM_MORE;
    }
    if (err)
        return break_off(s, out);
    *out = slice_sub(rest_of(s), 0, len);
    eat(s, len); /* the bytes stay until the next call */
    return SIP_STREAM_MESSAGE;
}

bool sip_stream_is_waiting(const struct sip_stream *s)
{
    struct slice rest = rest_of(s);
    return slice_trim(rest).len > 0;
}
