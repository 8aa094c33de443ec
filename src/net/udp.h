#pragma once
/* One UDP socket on a loop: datagrams with the local address they came to, and ICMP errors with the
 * address they are about. For signalling; media has sockets of its own. The loop's thread. */

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct loop;
struct udp;

enum { UDP_MAX_DATAGRAM = 65507, UDP_BATCH = 64, UDP_RECEIVE_BUFFER = 4 << 20 };

struct udp_events {
    /** `to` is our address with our port, also on a socket bound to the any-address. The socket may
     * be destroyed inside. */
    void (*on_packet)(void *owner, const struct addr *from, const struct addr *to,
                      struct slice bytes);
    /** ICMP said that what we sent to `to` did not arrive; `error` is an errno. May be NULL. */
    void (*on_error)(void *owner, const struct addr *to, int error);
};

/** Bind; port 0: any free one. IPv6 sockets take no IPv4. ERR_IO with a sentence in `fault`. */
MUST_CHECK enum err udp_create(struct udp **out, struct loop *loop, const struct addr *bind,
                               const struct udp_events *events, void *owner, struct fault *fault);
void udp_destroy(struct udp *udp); /* NULL is fine; no event after it */
/** The bound address with the real port. */
const struct addr *udp_local(const struct udp *udp);
/** Send one datagram, from `from` when that is set (the port is the socket's). ERR_IO: errno
 * tells; a full socket buffer counts as sent, for UDP may lose. */
MUST_CHECK enum err udp_send(struct udp *udp, const struct addr *to, const struct addr *from,
                             struct slice bytes);
