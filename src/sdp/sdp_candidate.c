#include "sdp_candidate.h"

#include "base/num.h"

static const struct {
    const char *name;
    uint8_t preference; /* RFC 8445 §5.1.2.2 */
} types[] = { { "host", 126 }, { "srflx", 100 }, { "prflx", 110 }, { "relay", 0 } };

static enum err read_port(struct slice text, uint16_t *out)
{
    uint32_t port;
    enum err err = slice_to_u32(text, UINT16_MAX, &port);
    if (!err)
        *out = (uint16_t)port; /* ≤ UINT16_MAX was checked */
    return err;
}

static enum err read_type(struct slice word, struct sdp_candidate *c)
{
    for (unsigned i = 0; i < COUNT_OF(types); i++)
        if (slice_is(word, types[i].name)) {
            c->type = (enum sdp_candidate_type)i;
            return OK;
        }
    return ERR_UNSUPPORTED;
}

/* foundation component transport priority address port typ TYPE */
static enum err read_fixed(struct slice *rest, struct sdp_candidate *c)
{
    uint32_t component;
    c->foundation = slice_word(rest);
    if (!c->foundation.len || c->foundation.len > 32)
        return ERR_PARSE;
    if (slice_to_u32(slice_word(rest), 255, &component) || component == 0)
        return ERR_PARSE;
    c->component = (uint8_t)component; /* ≤ 255 was checked */
    c->transport = slice_word(rest);
    if (slice_to_u32(slice_word(rest), UINT32_MAX, &c->priority))
        return ERR_PARSE;
    c->address = slice_word(rest);
    if (!c->address.len || read_port(slice_word(rest), &c->port))
        return ERR_PARSE;
    if (!slice_is(slice_word(rest), "typ"))
        return ERR_PARSE;
    return read_type(slice_word(rest), c);
}

/* name value name value …, in any order */
static enum err read_extensions(struct slice rest, struct sdp_candidate *c)
{
    for (struct slice name; (name = slice_word(&rest)).len;) {
        struct slice value = slice_word(&rest);
        if (slice_is(name, "raddr"))
            c->related_address = value;
        else if (slice_is(name, "rport") && read_port(value, &c->related_port))
            return ERR_PARSE;
        else if (slice_is(name, "tcptype"))
            c->tcp_type = value;
        else if (slice_is(name, "ufrag"))
            c->ufrag = value;
    }
    return OK;
}

enum err sdp_candidate_parse(struct slice value, struct sdp_candidate *out)
{
    struct sdp_candidate c = { 0 };
    value = slice_trim(value);
    if (slice_starts(value, SLICE("a=")))
        value = slice_from(value, 2);
    if (slice_starts(value, SLICE("candidate:")))
        value = slice_from(value, sizeof "candidate:" - 1);
    enum err err = read_fixed(&value, &c);
    if (!err)
        err = read_extensions(value, &c);
    if (!err)
        *out = c;
    return err;
}

static void print_pair(struct buf *out, const char *name, struct slice value)
{
    if (value.len)
        buf_printf(out, " %s %.*s", name, SLICE_ARG(value));
}

void sdp_candidate_print(const struct sdp_candidate *c, struct buf *out)
{
    buf_printf(out, "candidate:%.*s %u %.*s %u %.*s %u typ %s", SLICE_ARG(c->foundation),
               (unsigned)c->component, SLICE_ARG(c->transport), c->priority, SLICE_ARG(c->address),
               (unsigned)c->port, types[c->type].name);
    print_pair(out, "raddr", c->related_address);
    if (c->related_address.len)
        buf_printf(out, " rport %u", (unsigned)c->related_port);
    print_pair(out, "tcptype", c->tcp_type);
    print_pair(out, "ufrag", c->ufrag);
}

uint32_t sdp_candidate_priority(enum sdp_candidate_type type, uint16_t local_preference,
                                uint8_t component)
{
    return (uint32_t)types[type].preference << 24 | (uint32_t)local_preference << 8 |
           (256u - component);
}
