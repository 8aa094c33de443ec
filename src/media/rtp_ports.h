#pragma once
/* Port pairs for plain RTP: an even port and the odd one after it (RFC 3550 §11), from a range with
 * a random start, or wherever the kernel has room. A pair that was given back rests, so that the
 * last packets of one call do not reach the next. Control thread. */

#include <stdint.h>

#include "base/err.h"
#include "net/addr.h"

struct rtp_ports;

enum { RTP_PORTS_REST_MS = 10000 };

/** The range is inclusive; 0 and 0: any free port. */
struct rtp_ports *rtp_ports_create(const struct addr *bind, uint16_t min, uint16_t max);
void rtp_ports_destroy(struct rtp_ports *ports);

struct rtp_pair {
    int rtp_fd, rtcp_fd; /* bound, non-blocking, close-on-exec; the caller's */
    struct addr rtp, rtcp;
};
/** A rested pair, or, when none is left, the one that rests longest.
 * ERR_LIMIT: every pair is taken.  ERR_IO: the address cannot be bound. */
MUST_CHECK enum err rtp_ports_take(struct rtp_ports *ports, struct rtp_pair *out, int64_t now_ms,
                                   struct fault *fault);
/** The sockets are closed; `rtp_port` is the pair's even port. */
void rtp_ports_give_back(struct rtp_ports *ports, uint16_t rtp_port, int64_t now_ms);
