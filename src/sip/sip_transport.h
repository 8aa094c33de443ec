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
struct sip_rate;
struct sip_tls;
struct sip_transport;

enum {
    SIP_UDP_MAX = 1300, /* longer requests go by TCP, if that can be: §18.1.1 */
    SIP_NO_TCP_MS = 10 * 60 * 1000,
    SIP_NO_TCP_SLOTS = 32, /* addresses where TCP failed; the one known longest makes room */
};

/** One kind of listener. */
struct sip_listener_ops {
    enum sip_kind kind;
    /** Send one whole message to `flow->remote`. A stream without a connection yet (flow->conn 0)
     * connects first. ERR_IO (errno tells) or ERR_CLOSED: that connection is gone. */
    enum err (*send)(void *self, const struct sip_flow *flow, struct slice bytes);
    /** Streams: OK when the connection of `flow` lives, ERR_CLOSED when it is gone. A flow without
     * one is given one to flow->remote, which may still be connecting. NULL for datagrams. */
    enum err (*connect)(void *self, struct sip_flow *flow);
    void (*destroy)(void *self);
};

/** How a connection ended. */
struct sip_loss {
    enum err err;
    const char *text; /* a sentence with host, port, transport and cause */
};

struct sip_transport_events {
    /** A message that parsed. */
    void (*on_message)(void *owner, struct sip_msg *msg, const struct sip_flow *flow);
    /** A request that did not, but can be answered; `msg` is good for sip_build_response() only. */
    void (*on_broken)(void *owner, struct sip_msg *msg, const struct sip_fault *fault,
                      const struct sip_flow *flow);
    /** What was sent to flow->remote from that listener did not arrive; `error` is an errno. */
    void (*on_lost)(void *owner, const struct sip_flow *flow, int error);
    /** The connection of that flow is gone, and with it what was sent and not answered. May be
     * NULL.
     */
    void (*on_closed)(void *owner, const struct sip_flow *flow, const struct sip_loss *loss);
    void (*on_wire)(void *owner, const struct sip_wire_event *event); /* may be NULL */
};

struct sip_transport_config {
    struct addr public_ip;
    const struct addr_block *local_nets; /* copied */
    size_t n_local_nets;
    struct sip_rate *rate; /* of keep-alives; borrowed; NULL: no limit */
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

/** One datagram, or one whole message or keep-alive of a stream. False: it was no SIP at all. */
bool sip_transport_feed(struct sip_transport *transport, const struct sip_flow *flow,
                        struct slice bytes);
/** What a stream broke off with: answered when that is possible. */
void sip_transport_feed_broken(struct sip_transport *transport, const struct sip_flow *flow,
                               struct slice bytes);
void sip_transport_lost(struct sip_transport *transport, const struct sip_flow *flow, int error);
/** The connection is gone; `flow` as it was fed. */
void sip_transport_closed(struct sip_transport *transport, const struct sip_flow *flow,
                          const struct sip_loss *loss);

/** For kinds of listeners: the n-th one with those operations, or NULL; and what they share. */
void *sip_transport_self(const struct sip_transport *transport, const struct sip_listener_ops *ops,
                         size_t n);
struct sip_tls *sip_transport_tls(const struct sip_transport *transport);
struct loop *sip_transport_loop(const struct sip_transport *transport);

/** The flow a new request to `hop` takes. ERR_NOT_FOUND: no listener of that kind and family. */
MUST_CHECK enum err sip_transport_route(const struct sip_transport *transport,
                                        const struct sip_hop *hop, struct sip_flow *out);
/** Give a stream's flow its connection, so that its end can be told to whoever sent by it: one that
 * there is to the same address and TLS peer, or a new one. ERR_CLOSED: the one it had is gone. */
MUST_CHECK enum err sip_transport_connect(struct sip_transport *transport, struct sip_flow *flow);
/** RFC 3261 §18.1.1: a request of `len` bytes is too large for the UDP flow `udp`; true with the
 * TCP flow to take instead, unless TCP is known not to work there. */
bool sip_transport_enlarge(const struct sip_transport *transport, const struct sip_flow *udp,
                           size_t len, struct sip_flow *tcp);
/** It did not: large requests to that address go by UDP for SIP_NO_TCP_MS. */
void sip_transport_set_no_tcp(struct sip_transport *transport, const struct addr *addr);
/** ERR_IO: errno tells. ERR_NOT_FOUND: the listener is gone. ERR_CLOSED: the connection is. */
MUST_CHECK enum err sip_transport_send(struct sip_transport *transport, const struct sip_flow *flow,
                                       struct slice bytes, bool is_retransmission);
/** Where the response to `request` goes, which came by `from` (RFC 3261 §18.2.2, RFC 3581 §4). */
struct sip_flow sip_transport_back(const struct sip_msg *request, const struct sip_flow *from);
/** The connection of `back` is gone: where the response goes then (§18.2.2), by a new one. False:
 * nowhere. */
bool sip_transport_back_anew(const struct sip_msg *request, const struct sip_flow *from,
                             struct sip_flow *back);
/** What the far end of `flow` should see as our address (Via, Contact): host and port. */
struct addr sip_transport_address(const struct sip_transport *transport,
                                  const struct sip_flow *flow);
void sip_transport_set_public_ip(struct sip_transport *transport, const struct addr *public_ip);
/** Copied. */
void sip_transport_set_local_nets(struct sip_transport *transport, const struct addr_block *nets,
                                  size_t n);
