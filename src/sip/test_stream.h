#pragma once
/* For this folder's tests only: agents on a real loop and loopback sockets, and what became of the
 * requests that they sent. */

#include "net/test_peer.h"

#include "base/buf.h"
#include "sip_agent_priv.h"
#include "sip_build.h"
#include "sip_msg.h"
#include "sip_registrar.h"
#include "sip_request.h"
#include "sip_tcp.h"
#include "sip_tls.h"
#include "sip_txn.h"

struct node {
    struct loop *loop;
    struct sip_agent *agent;
    struct addr at; /* where it listens */
    /* of the last request that it sent */
    struct sip_request *request;
    unsigned outcomes;
    int status;
    enum err err;
    char text[600];
    /* of the last message that came in, and how many there were */
    struct sip_flow flow;
    unsigned messages;
    char via[300], contact[200];
    /* of flows that closed */
    unsigned closed;
    struct sip_flow closed_flow;
    struct sip_txn *txn; /* a request of method HOLD, not answered yet */
};

static inline void node_on_wire(void *owner, const struct sip_wire_event *event)
{
    struct node *n = owner;
    if (event->way != SIP_WIRE_IN || !event->msg)
        return;
    n->messages++;
    n->flow = *event->flow;
    (void)slice_copy(sip_msg_value(event->msg, SIP_H_VIA), n->via, sizeof n->via);
    (void)slice_copy(sip_msg_value(event->msg, SIP_H_CONTACT), n->contact, sizeof n->contact);
}

static inline void node_on_closed(void *owner, const struct sip_flow *flow)
{
    struct node *n = owner;
    n->closed++;
    n->closed_flow = *flow;
}

static const struct sip_agent_events node_events = {
    .on_wire = node_on_wire,
    .on_flow_closed = node_on_closed,
};

static inline void node_on_hold(void *owner, struct sip_txn *txn)
{
    ((struct node *)owner)->txn = txn;
}

static inline void node_create(struct node *n, struct loop *loop)
{
    struct sip_agent_config config = { .server = SLICE("test") };
    *n = (struct node){ .loop = loop };
    n->agent = sip_agent_create(loop, &config, &node_events, n);
    sip_agent_handle(n->agent, SLICE("HOLD"), node_on_hold, n);
}

static inline void node_listen(struct node *n, enum sip_kind kind, const char *where)
{
    struct addr bind;
    struct fault fault = { 0 };
    assert_int_equal(addr_parse(slice_of(where), 0, &bind), OK);
    if (sip_agent_listen(n->agent, kind, &bind, &fault))
        fail_msg("%s", fault.text);
    assert_int_equal(sip_agent_listeners(n->agent, kind, &n->at, 1), 1);
}

static inline void node_outcome(void *owner, const struct sip_outcome *outcome)
{
    struct node *n = owner;
    n->request = NULL;
    n->outcomes++;
    n->status = outcome->status;
    n->err = outcome->err;
    snprintf(n->text, sizeof n->text, "%s", outcome->text ? outcome->text : "");
}

static inline void node_ask_with(struct node *n, const struct sip_hop *hop, const char *method,
                                 struct slice body)
{
    struct sip_request_config config = {
        .method = slice_of(method),
        .request_uri = SLICE("sip:bob@example.com"),
        .hop = *hop,
        .from_uri = SLICE("sip:alice@example.com"),
        .contact_user = SLICE("alice"),
        .body = { body.len ? SLICE("text/plain") : SLICE_NONE, body },
    };
    assert_int_equal(sip_request_create(&n->request, n->agent, &config, node_outcome, n), OK);
}

static inline void node_ask(struct node *n, enum sip_kind kind, const struct addr *to,
                            const char *method)
{
    struct sip_hop hop = { .kind = kind, .addr = *to };
    node_ask_with(n, &hop, method, SLICE_NONE);
}

#define WAIT_FOR(loop, cond)                       \
    for (int64_t until = peer_now_ms() + 6000;;) { \
        if (cond)                                  \
            break;                                 \
        assert_true(peer_now_ms() < until);        \
        loop_turn(loop, 5);                        \
    }

/** The status of the answer, or what failed it. */
static inline int node_wait(struct node *n)
{
    unsigned before = n->outcomes;
    WAIT_FOR(n->loop, n->outcomes > before);
    return n->status;
}

static inline void node_destroy(struct node *n)
{
    sip_request_destroy(n->request);
    sip_agent_destroy(n->agent);
}

/** A request as a peer would write it; `via` is "TCP 127.0.0.1:5060". The same call each time. */
static inline const char *wire_request(char *out, size_t cap, const char *method, const char *via,
                                       unsigned number, const char *headers)
{
    snprintf(out, cap,
             "%s sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/%s;branch=z9hG4bK%u;rport\r\n"
             "Max-Forwards: 70\r\nFrom: <sip:carol@example.com>;tag=c\r\n"
             "To: <sip:bob@example.com>\r\nCall-ID: call-%u\r\nCSeq: %u %s\r\n%s"
             "Content-Length: 0\r\n\r\n",
             method, via, number, number, number, method, headers);
    return out;
}
