#pragma once
/* The SIP stack of one daemon (RFC 3261): listeners, transactions, sessions, handlers by method.
 * Control thread; everything below it dies with it. OPTIONS to us is answered by itself, ACK, BYE
 * and CANCEL find their sessions, and a method without a handler gets 405 (known) or 501. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"
#include "sip_flow.h"
#include "sip_names.h"

struct loop;
struct sip_agent;
struct sip_msg;
struct sip_rate;     /* sip_rate.h */
struct sip_replaces; /* sip_hdr.h */
struct sip_session;
struct sip_txn; /* sip_txn.h: sip_txn_msg(), sip_txn_flow(), sip_txn_reply() */

enum {
    SIP_AGENT_MAX_TXNS = 20000,
    SIP_AGENT_MAX_SESSIONS = 10000,
    SIP_AGENT_LISTENERS_MAX = 16,
    SIP_AGENT_SESSION_EXPIRES_S = 1800,
    SIP_AGENT_MIN_SE_S = 90, /* RFC 4028 §5 allows no less */
};

/** What sessions and the stack handle by themselves or hand to a session's owner. */
#define SIP_ALLOW \
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY, MESSAGE, SUBSCRIBE"

struct sip_agent_config {
    struct slice user_agent; /* User-Agent in requests; empty: none */
    struct slice server;     /* Server in responses; empty: none */
    struct slice allow;      /* methods for Allow; empty: SIP_ALLOW */
    struct addr public_ip;   /* in Contact and Via toward the world; unset: the local address */
    const struct addr_block *local_nets; /* toward these the local address is shown all the same */
    size_t n_local_nets;
    /* over these, 503 with Retry-After (RFC 3261 §21.5.4) */
    unsigned rate;              /* requests a second of one address (sip_rate.h); 0: any */
    size_t max_txns;            /* 0: SIP_AGENT_MAX_TXNS */
    size_t max_txns_per_source; /* requests of one address; 0: half of max_txns */
    size_t max_sessions;        /* 0: SIP_AGENT_MAX_SESSIONS */
    uint32_t session_expires_s; /* RFC 4028, asked for; 0: SIP_AGENT_SESSION_EXPIRES_S */
    uint32_t min_se_s;          /* the shortest that we take; 0: SIP_AGENT_MIN_SE_S */
    bool no_session_timers;     /* ask for none; one that the far end asks for is kept */
};

enum sip_wire_way { SIP_WIRE_IN, SIP_WIRE_OUT };

/** One message as it passed the socket, for the trace and the timeline. Passwords are not in SIP,
 * but digest responses are: whoever shows it masks Authorization. */
struct sip_wire_event {
    enum sip_wire_way way;
    const struct sip_flow *flow; /* local and remote address, transport */
    struct slice bytes;
    const struct sip_msg *msg; /* NULL when it could not be parsed */
    bool is_retransmission;    /* we sent these very bytes before */
    int64_t now_ms;            /* loop_now_ms() */
};

struct sip_agent_events {
    /** A new call: call sip_session_take() inside, or it is answered 480. 100 was sent. */
    void (*on_invite)(void *owner, struct sip_session *session, const struct sip_msg *invite);
    /** Every message, both ways; may be NULL. Must not call back into the stack. */
    void (*on_wire)(void *owner, const struct sip_wire_event *event);
    /** A connection ended (TCP, TLS, WebSocket): what can only be reached by it is gone. May be
     * NULL. */
    void (*on_flow_closed)(void *owner, const struct sip_flow *flow);
    /** One sends more than `rate`: is it a trunk of ours, or where a phone is registered? May be
     * NULL. */
    bool (*is_known)(void *owner, const struct sip_flow *flow);
    /** A call's connection is gone: did the phone that calls itself `contact`, of the `peer` that
     * sip_session_set_peer() named, come back by another? May be NULL. */
    bool (*find_flow)(void *owner, struct slice peer, struct slice contact, struct sip_flow *out);
};

/** A request outside any dialog: answer with sip_txn_reply(), now or later. */
typedef void (*sip_handler_fn)(void *owner, struct sip_txn *txn);

struct sip_agent_stats {
    uint64_t requests_in[SIP_METHOD_COUNT]; /* by enum sip_method */
    uint64_t requests_out[SIP_METHOD_COUNT];
    uint64_t responses_in[7]; /* by class: [2] is 2xx */
    uint64_t responses_out[7];
    uint64_t retransmissions_in, retransmissions_out;
    uint64_t junk;       /* datagrams that are no SIP */
    uint64_t keepalives; /* RFC 5626 §4.4.1 and lone CRLFs */
    uint64_t malformed;  /* SIP, but wrong */
    uint64_t stray;      /* responses and ACKs that belong to nothing */
    uint64_t overload;   /* answered 503 */
    uint64_t loops;      /* answered 482 */
    uint64_t limited;    /* over the rate of their address: answered 503, or not at all */
    uint64_t send_errors;
    size_t txns;     /* live now */
    size_t sessions; /* live now */
};

struct sip_agent *sip_agent_create(struct loop *loop, const struct sip_agent_config *config,
                                   const struct sip_agent_events *events, void *owner);
/** Sessions and requests that their owners still hold must be destroyed first. Nothing is sent. */
void sip_agent_destroy(struct sip_agent *agent);

/** Listen on SIP_UDP, SIP_TCP or SIP_TLS (after sip_tls_use_certificate()). Port 0: any free one.
 * ERR_UNSUPPORTED: WebSockets come by sip_ws_accept(); ERR_IO with a sentence. */
MUST_CHECK enum err sip_agent_listen(struct sip_agent *agent, enum sip_kind kind,
                                     const struct addr *bind, struct fault *fault);
/** The real addresses of the listeners of that kind; returns how many there are. */
size_t sip_agent_listeners(const struct sip_agent *agent, enum sip_kind kind, struct addr *out,
                           size_t max);

/** Requests of `method` ("REGISTER", "MESSAGE" …) outside dialogs go to `fn`; NULL removes. */
void sip_agent_handle(struct sip_agent *agent, struct slice method, sip_handler_fn fn, void *owner);

typedef void (*sip_done_fn)(void *owner);
/** New requests get 503 from here on; `fn` is called when the last transaction ended or `grace_ms`
 * have passed. The owner ends its sessions (sip_session_destroy says BYE) before or after. */
void sip_agent_shutdown(struct sip_agent *agent, int64_t grace_ms, sip_done_fn fn, void *owner);

/** The address that the far end at `remote` should see in Contact and SDP: ours toward it, or the
 * public one. The port is the listener's. ERR_NOT_FOUND: no listener reaches it. */
MUST_CHECK enum err sip_agent_address(const struct sip_agent *agent, enum sip_kind kind,
                                      const struct addr *remote, struct addr *out);
void sip_agent_set_public_ip(struct sip_agent *agent, const struct addr *public_ip);
/** As local_nets of the configuration; copied. */
void sip_agent_set_local_nets(struct sip_agent *agent, const struct addr_block *nets, size_t n);

/** The live session with that Call-ID and those tags (to-tag ours, from-tag theirs, or the other
 * way round), or NULL: for a Refer-To whose Replaces names a call of our own. */
struct sip_session *sip_agent_find_session(const struct sip_agent *agent,
                                           const struct sip_replaces *replaces);

/** Who is limited, and lifting it; NULL: nobody is. */
struct sip_rate *sip_agent_rate(const struct sip_agent *agent);
const struct sip_agent_stats *sip_agent_stats(struct sip_agent *agent); /* refreshed by the call */
