#pragma once
/* The transport layer (RFC 3261 §18): listeners of any kind behind one table of operations, whole
 * messages up, bytes down, and the way back to where a message came from. It knows no transaction.
 * A listener feeds it (sip_transport_udp.h; TCP, TLS and WebSocket ones have the same shape; tests
 * feed it from a simulated network). Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_agent.h"
#include "sip_flow.h"

struct loop;
struct sip_fault;
struct sip_msg;
struct sip_transport;

/** One kind of listener. */
struct sip_listener_ops {
    enum sip_kind kind;
    /** Send one whole message to `flow->remote`. A stream without a connection yet (flow->conn 0)
     * connects first. ERR_IO (errno tells) or ERR_CLOSED: that connection is gone. */
    enum err (*send)(void *self, const struct sip_flow *flow, struct slice bytes);
    void (*destroy)(void *self);
};

struct sip_transport_events {
    /** A message that parsed. */
    void (*on_message)(void *owner, struct sip_msg *msg, const struct sip_flow *flow);
    /** A request that did not, but can be answered; `msg` is good for sip_build_response() only. */
    void (*on_broken)(void *owner, struct sip_msg *msg, const struct sip_fault *fault,
                      const struct sip_flow *flow);
    /** What was sent to flow->remote from that listener did not arrive; `error` is an errno. */
    void (*on_lost)(void *owner, const struct sip_flow *flow, int error);
    void (*on_wire)(void *owner, const struct sip_wire_event *event); /* may be NULL */
};

struct sip_transport_config {
    struct addr public_ip;
    const struct addr_block *local_nets; /* copied */
    size_t n_local_nets;
};

struct sip_transport *sip_transport_create(struct loop *loop,
                                           const struct sip_transport_config *config,
                                           struct sip_agent_stats *stats,
                                           const struct sip_transport_events *events, void *owner);
void sip_transport_destroy(struct sip_transport *transport); /* and its listeners */

/** Returns the listener's number for flows; 0: there are SIP_AGENT_LISTENERS_MAX already (then the
 * caller still owns `self`). */
uint32_t sip_transport_add(struct sip_transport *transport, const struct sip_listener_ops *ops,
                           void *self, const struct addr *local);
size_t sip_transport_listeners(const struct sip_transport *transport, enum sip_kind kind,
                               struct addr *out, size_t max);

/** One datagram, or one whole message of a stream. */
void sip_transport_feed(struct sip_transport *transport, const struct sip_flow *flow,
                        struct slice bytes);
void sip_transport_lost(struct sip_transport *transport, const struct sip_flow *flow, int error);

/** The flow a new request to `hop` takes. ERR_NOT_FOUND: no listener of that kind and family. */
MUST_CHECK enum err sip_transport_route(const struct sip_transport *transport,
                                        const struct sip_hop *hop, struct sip_flow *out);
/** ERR_IO: errno tells. ERR_NOT_FOUND: the listener is gone. */
MUST_CHECK enum err sip_transport_send(struct sip_transport *transport, const struct sip_flow *flow,
                                       struct slice bytes, bool is_retransmission);
/** Where the response to `request` goes, which came by `from` (RFC 3261 §18.2.2, RFC 3581 §4). */
struct sip_flow sip_transport_back(const struct sip_msg *request, const struct sip_flow *from);
/** What the far end of `flow` should see as our address (Via, Contact): host and port. */
struct addr sip_transport_address(const struct sip_transport *transport,
                                  const struct sip_flow *flow);
void sip_transport_set_public_ip(struct sip_transport *transport, const struct addr *public_ip);
