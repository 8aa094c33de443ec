#include "udptl.h"

#include <string.h>

#include "base/num.h"
#include "base/wire.h"

enum {
    ONE_MAX = 0x7f,   /* length determinants (X.691 §10.9): one byte … */
    TWO_MAX = 0x3fff, /* … two, and beyond that fragments */
    TWO_MARK = 0x8000,
    HEADER = 2 + 2 + 1 + 1, /* number, length, kind of correction, count */
    PARITY = 0x80,          /* the CHOICE's bit */
};

static enum err read_length(struct wire *w, size_t *out)
{
    uint8_t first = wire_u8(w);
    *out = first;
    if (first <= ONE_MAX)
        return OK;
    *out = (size_t)(first & 0x3f) << 8 | wire_u8(w);
    return first & 0x40 ? ERR_UNSUPPORTED : OK;
}

static enum err read_field(struct wire *w, struct slice *out)
{
    size_t len;
    enum err err = read_length(w, &len);
    if (!err)
        *out = wire_bytes(w, len);
    return err;
}

static enum err read_older(struct wire *w, struct udptl_packet *out)
{
    size_t n;
    enum err err = read_length(w, &n);
    for (size_t i = 0; i < n && !err && !w->short_read; i++) {
        struct slice ifp;
        err = read_field(w, &ifp);
        if (!err && i < UDPTL_SECONDARY_MAX)
            out->secondary[out->n_secondary++] = ifp;
    }
    return err;
}

/* How many packets each parity is of, and the parities. */
static enum err skip_parity(struct wire *w)
{
    struct slice bytes;
    size_t n = 0;
    enum err err = read_field(w, &bytes);
    if (!err)
        err = read_length(w, &n);
    for (size_t i = 0; i < n && !err && !w->short_read; i++)
        err = read_field(w, &bytes);
    return err;
}

enum err udptl_parse(struct udptl_packet *out, struct slice datagram)
{
    struct udptl_packet packet = { 0 };
    struct wire w = wire_of(datagram);
    packet.seq = wire_u16(&w);
    enum err err = read_field(&w, &packet.primary);
    packet.has_parity = wire_u8(&w) & PARITY;
    if (!err && !w.short_read)
        err = packet.has_parity ? skip_parity(&w) : read_older(&w, &packet);
    if (!err && w.short_read)
        err = ERR_PARSE;
    if (!err)
        *out = packet;
    return err;
}

static void print_length(size_t len, struct buf *out)
{
    BUG_IF(len > TWO_MAX);
    if (len <= ONE_MAX)
        buf_u8(out, (uint8_t)len);
    else
        buf_u16(out, (uint16_t)(TWO_MARK | len)); /* at most 14 bits */
}

static void print_field(struct slice bytes, struct buf *out)
{
    print_length(bytes.len, out);
    buf_put(out, bytes);
}

void udptl_print(const struct udptl_packet *packet, struct buf *out)
{
    buf_u16(out, packet->seq);
    print_field(packet->primary, out);
    buf_u8(out, 0);
    print_length(packet->n_secondary, out);
    for (size_t i = 0; i < packet->n_secondary; i++)
        print_field(packet->secondary[i], out);
}

static void keep(struct udptl_sender *sender, struct slice ifp)
{
    struct udptl_kept *kept = &sender->kept[sender->at];
    kept->len = ifp.len;
    memcpy(kept->bytes, ifp.ptr, ifp.len);
    sender->next++;
    sender->at = (sender->at + 1) % UDPTL_DEPTH;
    sender->n_kept += sender->n_kept < UDPTL_DEPTH;
}

enum err udptl_send(struct udptl_sender *sender, struct slice ifp, struct buf *out)
{
    struct udptl_packet packet = { .seq = sender->next, .primary = ifp };
    size_t len = HEADER + ifp.len;
    if (ifp.len > UDPTL_IFP_MAX)
        return ERR_LIMIT;
    size_t depth = (size_t)num_min((int64_t)sender->n_kept, (int64_t)sender->depth);
    for (size_t i = 0; i < depth; i++) {
        const struct udptl_kept *kept =
            &sender->kept[(sender->at + UDPTL_DEPTH - 1 - i) % UDPTL_DEPTH];
        len += kept->len + 2;
        if (len > sender->max_datagram)
            break;
        packet.secondary[packet.n_secondary++] = slice_make(kept->bytes, kept->len);
    }
    udptl_print(&packet, out);
    keep(sender, ifp);
    return OK;
}

void udptl_receive(struct udptl_receiver *receiver, const struct udptl_packet *packet, udptl_fn fn,
                   void *owner)
{
    uint16_t lost = receiver->has_begun ? (uint16_t)(packet->seq - receiver->next) : 0;
    if (lost >= 0x8000) /* it came before, or what was in it */
        return;
    receiver->has_begun = true;
    receiver->next = (uint16_t)(packet->seq + 1);
    for (size_t i = (size_t)num_min(lost, (int64_t)packet->n_secondary); i > 0; i--)
        fn(owner, (uint16_t)(packet->seq - i), packet->secondary[i - 1]);
    fn(owner, packet->seq, packet->primary);
}
