#include "net/dns_message.h"

#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/wire.h"

enum { HEADER_LEN = 12, POINTERS_MAX = 64, CLASS_IN = 1 };

static const unsigned types[] = {
    [DNS_A] = 1,
    [DNS_AAAA] = 28,
    [DNS_SRV] = 33,
    [DNS_NAPTR] = 35,
};
_Static_assert(COUNT_OF(types) == DNS_TYPE_COUNT, "one number a type");

unsigned dns_message_type(enum dns_type type)
{
    return types[type];
}

/* Labels at `w`, compressed or not (RFC 1035 §4.1.4), as text without the final dot. A pointer must
 * lead backwards, so there are no circles. */
static enum err read_name(struct slice message, struct wire *w, char out[DNS_NAME])
{
    struct buf text;
    struct wire labels = *w;
    bool jumped = false;
    size_t limit = message.len;
    buf_init(&text, out, DNS_NAME);
    for (int pointers = 0; pointers < POINTERS_MAX;) {
        size_t at = (size_t)(labels.rest.ptr - message.ptr); /* rest lies in message */
        unsigned len = wire_u8(&labels);
        if (labels.short_read)
            return ERR_PARSE;
        if (len >= 0xc0) {
            size_t to = (len & 0x3fu) << 8 | wire_u8(&labels);
            if (labels.short_read || to >= at || to >= limit)
                return ERR_PARSE;
            if (!jumped)
                *w = labels;
            jumped = true;
            limit = to;
            labels = wire_of(slice_from(message, to));
            pointers++;
            continue;
        }
        if (len > 63)
            return ERR_PARSE;
        struct slice label = wire_bytes(&labels, len);
        if (labels.short_read)
            return ERR_PARSE;
        if (!len)
            break;
        if (slice_index(label, '\0') != label.len || slice_index(label, '.') != label.len)
            return ERR_PARSE; /* the text could not tell */
        if (text.len)
            buf_char(&text, '.');
        buf_put(&text, label);
    }
    if (!jumped)
        *w = labels;
    if (text.overflow || text.len >= DNS_NAME)
        return ERR_PARSE;
    buf_cstr(&text);
    return OK;
}

static enum err read_string(struct wire *w, char *out, size_t cap)
{
    struct slice s = wire_bytes(w, wire_u8(w));
    if (w->short_read || slice_index(s, '\0') != s.len || !slice_copy(s, out, cap))
        return ERR_PARSE;
    return OK;
}

static enum err read_address(struct slice data, struct dns_record *out)
{
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    if (data.len != (out->type == DNS_A ? 4u : 16u))
        return ERR_PARSE;
    if (out->type == DNS_A) {
        memcpy(&in4.sin_addr, data.ptr, 4);
        out->addr = addr_from_sockaddr((const struct sockaddr *)&in4);
    } else {
        memcpy(&in6.sin6_addr, data.ptr, 16);
        out->addr = addr_from_sockaddr((const struct sockaddr *)&in6);
    }
    return OK;
}

static enum err read_srv(struct slice message, struct wire *w, struct dns_record *out)
{
    out->srv.priority = wire_u16(w);
    out->srv.weight = wire_u16(w);
    out->srv.port = wire_u16(w);
    return read_name(message, w, out->srv.target);
}

static enum err read_naptr(struct slice message, struct wire *w, struct dns_record *out)
{
    out->naptr.order = wire_u16(w);
    out->naptr.preference = wire_u16(w);
    if (read_string(w, out->naptr.flags, sizeof out->naptr.flags) ||
        read_string(w, out->naptr.service, sizeof out->naptr.service) ||
        read_string(w, out->naptr.regexp, sizeof out->naptr.regexp))
        return ERR_PARSE;
    return read_name(message, w, out->naptr.replacement);
}

/* `w` stands at the data of one record, which is `len` bytes long. */
static enum err read_data(struct slice message, struct wire *w, size_t len, struct dns_record *out)
{
    struct wire data = *w;
    wire_skip(w, len);
    if (w->short_read)
        return ERR_PARSE;
    if (out->type == DNS_A || out->type == DNS_AAAA)
        return read_address(slice_sub(data.rest, 0, len), out);
    enum err err =
        out->type == DNS_SRV ? read_srv(message, &data, out) : read_naptr(message, &data, out);
    /* names may point out of the data, but must not have been read past its end */
    return err || data.short_read || data.rest.len < w->rest.len ? ERR_PARSE : OK;
}

enum err dns_message_parse(struct slice message, enum dns_type type, struct dns_record *out,
                           size_t *n)
{
    char name[DNS_NAME];
    struct wire w = wire_of(message);
    size_t count = 0;
    wire_skip(&w, 4);
    unsigned questions = wire_u16(&w), answers = wire_u16(&w);
    wire_skip(&w, 4);
    for (unsigned i = 0; i < questions; i++) {
        if (read_name(message, &w, name))
            return ERR_PARSE;
        wire_skip(&w, 4);
    }
    for (unsigned i = 0; i < answers && count < *n; i++) {
        if (read_name(message, &w, name))
            return ERR_PARSE;
        unsigned number = wire_u16(&w), class = wire_u16(&w);
        uint32_t ttl_s = wire_u32(&w);
        size_t len = wire_u16(&w);
        if (number != types[type] || class != CLASS_IN) {
            wire_skip(&w, len);
            continue;
        }
        struct dns_record record = { .type = type };
        record.ttl_s = ttl_s > INT32_MAX ? 0 : ttl_s; /* RFC 2181 §8 */
        if (read_data(message, &w, len, &record))
            return ERR_PARSE;
        out[count++] = record;
    }
    if (w.short_read)
        return ERR_PARSE;
    *n = count;
    return OK;
}
