#pragma once
/* Where a plain RTP peer really is (symmetric RTP, RFC 4961): who may send, and the source that is
 * learned from the first packets and then kept. Pure; not threaded. */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "media/rtp_transport.h"

enum { RTP_LEARN_PACKETS = 5 }; /* in sequence, of one SSRC, from one address */

struct rtp_learn {
    struct rtp_remote remote;
    bool has_remote;
    bool held; /* c=0.0.0.0 (RFC 3264 §8.4): send nothing, yet remember the peer */
    bool locked;
    struct addr source; /* the candidate, and once locked, the peer */
    uint32_t ssrc;
    uint16_t next_seq;
    unsigned in_sequence;
};

/** Start over, unless `remote` allows and says the same as before. True: the target may differ. */
bool rtp_learn_set_remote(struct rtp_learn *learn, const struct rtp_remote *remote);
/** May this address send at all? */
bool rtp_learn_is_allowed(const struct rtp_learn *learn, const struct addr *from);

enum rtp_learn_verdict {
    RTP_LEARN_TAKE,
    RTP_LEARN_LOCKED,   /* take it, and the source is known from now on */
    RTP_LEARN_EARLY,    /* nobody said yet where the peer is: drop */
    RTP_LEARN_STRANGER, /* drop and count */
};
/** Judge an RTP packet by where it came from. */
enum rtp_learn_verdict rtp_learn_feed(struct rtp_learn *learn, const struct addr *from,
                                      struct slice packet);
/** The same for a packet whose keys have proved who sent it: that settles the address. */
enum rtp_learn_verdict rtp_learn_feed_proven(struct rtp_learn *learn, const struct addr *from);
/** Where RTP goes: learned, else signalled; unset: nowhere yet. */
struct addr rtp_learn_target(const struct rtp_learn *learn);
