#pragma once
/* Fax by T.38 over UDPTL in SDP (ITU-T T.38 annex D, RFC 3362): a line "m=image PORT udptl t38"
 * that takes the place of a call's audio, and audio that comes back with any later offer of
 * sdp_offer.h in the same dialog. An engine. Control thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct sdp_media;
struct sdp_session_state;

enum {
    SDP_T38_DATAGRAM_MIN = 40, /* less has no room for a packet: it is not believed */
    SDP_T38_DATAGRAM_MAX = 1472,
    SDP_T38_DATAGRAM = 400, /* that we take, and that is assumed of whoever does not say */
    SDP_ADDRESS_MAX = 64,
};

/* One side's line. */
struct sdp_t38 {
    char address[SDP_ADDRESS_MAX]; /* numeric; "": none */
    uint16_t port;
    uint8_t version;       /* T38FaxVersion */
    uint32_t max_bit_rate; /* bit/s; 0: not said */
    bool is_local_tcf;     /* T38FaxRateManagement: localTCF; else transferredTCF */
    bool repeats;          /* T38FaxUdpEC: older packets are repeated */
    uint16_t max_datagram; /* that this side takes, in bytes */
};

/** Has this description a line for T.38 over UDPTL that is not rejected? */
bool sdp_t38_is_in(struct slice text);
/** Our offer: T.38 where the audio was. ERR_LIMIT: `out` is too small. */
MUST_CHECK enum err sdp_t38_offer(struct sdp_session_state *state, const struct sdp_t38 *ours,
                                  struct buf *out);
/** Our answer: the first such line is taken, all others are rejected in their places. `ours` has
 * our address and port. ERR_UNSUPPORTED: there is none.  ERR_PARSE: not SDP. */
MUST_CHECK enum err sdp_t38_answer(struct sdp_session_state *state, const struct sdp_t38 *ours,
                                   struct slice offer, struct buf *out, struct sdp_t38 *theirs,
                                   struct fault *fault);
/** Their answer to our offer. ERR_REFUSED: it has no such line, or rejects it. */
MUST_CHECK enum err sdp_t38_feed_answer(struct slice answer, struct sdp_t38 *theirs,
                                        struct fault *fault);
