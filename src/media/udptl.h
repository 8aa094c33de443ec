#pragma once
/* UDPTL, which carries T.38 over UDP (ITU-T T.38 §9.1, aligned PER): a numbered IFP packet and the
 * ones before it once more, so that what was lost comes with the next datagram. Packets of error
 * correction by parity are read over. An engine; not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum {
    UDPTL_SECONDARY_MAX = 16, /* older packets in one datagram; more are left out */
    UDPTL_DEPTH = 3,          /* that we send */
    UDPTL_IFP_MAX = 1024,     /* of one that we send */
    UDPTL_DATAGRAM_MAX = 1472,
};

struct udptl_packet { /* slices borrow from the datagram */
    uint16_t seq;
    struct slice primary;
    struct slice secondary[UDPTL_SECONDARY_MAX]; /* [0] is number seq - 1, [1] is seq - 2 … */
    size_t n_secondary;
    bool has_parity; /* in place of the older ones */
};
/** ERR_PARSE: cut short.  ERR_UNSUPPORTED: a field in fragments, of 16 KiB and more. */
MUST_CHECK enum err udptl_parse(struct udptl_packet *out, struct slice datagram);
/** Without parity. Each field is at most UDPTL_IFP_MAX long or shorter than 16 KiB. */
void udptl_print(const struct udptl_packet *packet, struct buf *out);

/* Sending: what went out lately. */
struct udptl_sender {
    uint16_t next;
    size_t depth;        /* older packets in each datagram; 0: none */
    size_t max_datagram; /* that the far end takes: older ones are left out for it, never the new */
    size_t n_kept, at;   /* the newest is before `at` */
    struct udptl_kept {
        size_t len;
        uint8_t bytes[UDPTL_IFP_MAX];
    } kept[UDPTL_DEPTH];
};
/** The next datagram. ERR_LIMIT: an IFP packet over UDPTL_IFP_MAX; nothing went out. */
MUST_CHECK enum err udptl_send(struct udptl_sender *sender, struct slice ifp, struct buf *out);

/* Receiving: what came already. */
struct udptl_receiver {
    bool has_begun;
    uint16_t next;
};
typedef void (*udptl_fn)(void *owner, uint16_t seq, struct slice ifp);
/** Each IFP packet that is new, in order, those that were lost before it included. */
void udptl_receive(struct udptl_receiver *receiver, const struct udptl_packet *packet, udptl_fn fn,
                   void *owner);
