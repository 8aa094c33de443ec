#pragma once
/* Where SIP bytes go and come from, as values: the kind of transport, the next hop of a new
 * request, and the flow: the very socket or connection that a message came in on, with the way back
 * to it (RFC 5626's flow, RFC 3261 §18.2.2). A flow names its connection by number and generation,
 * so a flow that outlived its connection finds nobody. Control thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

enum sip_kind { SIP_UDP, SIP_TCP, SIP_TLS, SIP_WS, SIP_WSS, SIP_KIND_COUNT };

struct sip_flow {
    uint32_t listener;   /* 1-based; 0: no flow */
    uint32_t generation; /* of the connection; 0 for datagrams */
    uint64_t conn;       /* the connection's number; 0 for datagrams */
    enum sip_kind kind;
    bool accepted;     /* the far end connected: its port is not one to connect to */
    uint32_t tls;      /* of a connection that we open: as in sip_hop */
    struct addr local; /* where it arrived (never the any-address when that can be known) */
    struct addr remote;
};

/** The next hop of a new request: over `flow` when that is set, else to `addr` by `kind`. When the
 * connection of `flow` is gone, a new one to `addr` takes its place, unless the far end had opened
 * it and `addr` is no other than where it came from. */
struct sip_hop {
    enum sip_kind kind;
    struct addr addr;
    struct sip_flow flow;
    uint32_t tls; /* whose certificate is expected: sip_tls_expect(); 0: one for `addr` itself */
};

static inline bool sip_flow_is_set(const struct sip_flow *flow)
{
    return flow->listener != 0;
}
/** "UDP", "TCP", "TLS", "WS", "WSS": as Via spells it. */
const char *sip_kind_name(enum sip_kind kind);
/** From "udp", "TLS" … of a URI parameter, Via or a configuration; ERR_INVALID otherwise. */
MUST_CHECK enum err sip_kind_parse(struct slice text, enum sip_kind *out);
uint16_t sip_kind_port(enum sip_kind kind); /* the default port (RFC 3261 §19.1.2) */
bool sip_kind_is_reliable(enum sip_kind kind);
