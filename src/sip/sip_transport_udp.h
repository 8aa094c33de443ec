#pragma once
/* SIP over UDP (RFC 3261 §18): one socket as a listener of the transport layer. Control thread. */

#include "base/err.h"
#include "net/addr.h"

struct loop;
struct sip_transport;

/** Bind and add. ERR_IO with a sentence; ERR_LIMIT: no room for another listener. */
MUST_CHECK enum err sip_transport_udp_listen(struct sip_transport *transport, struct loop *loop,
                                             const struct addr *bind, struct fault *fault);
