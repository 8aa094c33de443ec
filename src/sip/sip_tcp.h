#pragma once
/* SIP over TCP and TLS (RFC 3261 §18, RFC 5626 §3.5.1, §4.4.1): listeners of the transport layer
 * with the connections that they accepted and those that we opened. A connection that we opened is
 * used again for the same address and the same TLS peer; one that the far end opened only by its
 * flow. Control thread. */

#include "base/err.h"
#include "net/addr.h"
#include "sip_flow.h"

struct loop;
struct sip_agent;
struct sip_transport;

enum {
    SIP_TCP_CONNECT_MS = 4000,     /* as long as a trunk may be silent before the next is tried */
    SIP_TCP_FIRST_MS = 32000,      /* until the first message of one who connected to us */
    SIP_TCP_MESSAGE_MS = 10000,    /* from a message's first byte to its last */
    SIP_TCP_IDLE_MS = 7500 * 1000, /* longer than a registration lives */
    SIP_TCP_PING_MS = 100 * 1000,  /* RFC 5626 §4.4.1: 95 to 120 s, varied */
    SIP_TCP_PONG_MS = 10 * 1000,
    SIP_TCP_ACCEPTED_MAX = 20000, /* by one listener */
    SIP_TCP_ACCEPTED_PER_IP = 4000,
    SIP_TCP_OPENED_MAX = 4096,
};

/** Bind, listen and add. ERR_IO with a sentence; ERR_LIMIT: no room for another listener. */
MUST_CHECK enum err sip_transport_tcp_listen(struct sip_transport *transport, struct loop *loop,
                                             const struct addr *bind, struct fault *fault);
/** The same with TLS. ERR_INVALID: no certificate yet (sip_tls_use_certificate()). */
MUST_CHECK enum err sip_transport_tls_listen(struct sip_transport *transport, struct loop *loop,
                                             const struct addr *bind, struct fault *fault);
/** No listener, but a way out for that kind, when there is no listener of it: `from` is the address
 * to come from, or the any-address. ERR_LIMIT: no room. */
MUST_CHECK enum err sip_tcp_dial_only(struct sip_agent *agent, enum sip_kind kind,
                                      const struct addr *from);
/** Listeners take the certificate of sip_tls_server() for connections from here on. */
void sip_tcp_renew_certificate(struct sip_transport *transport);
