#include "sip_transport.h"

#include <errno.h>

#include "base/loop.h"
#include "base/mem.h"
#include "sip_msg.h"
#include "sip_rate.h"
#include "sip_stun.h"
#include "sip_tls.h"

struct listener {
    const struct sip_listener_ops *ops;
    void *self;
    struct addr local;
};

struct no_tcp {
    struct addr addr;
    int64_t until_ms;
};

struct sip_transport {
    struct loop *loop;
    struct sip_tls *tls;
    struct no_tcp no_tcp[SIP_NO_TCP_SLOTS];
    struct sip_agent_stats *stats;
    const struct sip_transport_events *events;
    void *owner;
    struct addr public_ip;
    struct addr_block *local_nets;
    size_t n_local_nets;
    struct sip_rate *rate; /* NULL: no limit */
    struct listener listeners[SIP_AGENT_LISTENERS_MAX];
    size_t n_listeners;
};

struct sip_transport *sip_transport_create(struct loop *loop,
                                           const struct sip_transport_config *config,
                                           struct sip_agent_stats *stats,
                                           const struct sip_transport_events *events, void *owner)
{
    struct sip_transport *t = mem_new(struct sip_transport);
    t->loop = loop;
    t->tls = sip_tls_create();
    t->stats = stats;
    t->events = events;
    t->owner = owner;
    t->public_ip = config->public_ip;
    t->rate = config->rate;
    sip_transport_set_local_nets(t, config->local_nets, config->n_local_nets);
    return t;
}

void sip_transport_destroy(struct sip_transport *t)
{
    if (!t)
        return;
    while (t->n_listeners > 0) {
        struct listener *l = &t->listeners[--t->n_listeners];
        l->ops->destroy(l->self);
    }
    sip_tls_destroy(t->tls);
    mem_free(t->local_nets);
    mem_free(t);
}

uint32_t sip_transport_add(struct sip_transport *t, const struct sip_listener_ops *ops, void *self,
                           const struct addr *local)
{
    if (t->n_listeners == SIP_AGENT_LISTENERS_MAX)
        return 0;
    t->listeners[t->n_listeners++] = (struct listener){ ops, self, *local };
    return (uint32_t)t->n_listeners;
}

size_t sip_transport_listeners(const struct sip_transport *t, enum sip_kind kind, struct addr *out,
                               size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_listeners; i++) {
        /* a way out only, or the WebSockets of an HTTP listener: nothing listens there */
        bool listens = addr_port(&t->listeners[i].local) != 0;
        if (t->listeners[i].ops->kind != kind || !listens)
            continue;
        if (n < max)
            out[n] = t->listeners[i].local;
        n++;
    }
    return n;
}

static void tell_wire(struct sip_transport *t, enum sip_wire_way way, const struct sip_flow *flow,
                      struct slice bytes, const struct sip_msg *msg, bool again)
{
    struct sip_wire_event event = { .way = way,
                                    .flow = flow,
                                    .bytes = bytes,
                                    .msg = msg,
                                    .is_retransmission = again,
                                    .now_ms = loop_now_ms(t->loop) };
    if (t->events->on_wire)
        t->events->on_wire(t->owner, &event);
}

/* What we send is parsed for those who watch only. */
static void tell_sent(struct sip_transport *t, const struct sip_flow *flow, struct slice bytes,
                      bool again)
{
    struct sip_msg *msg = NULL;
    size_t used = 0;
    if (!t->events->on_wire)
        return;
    if (sip_msg_parse(&msg, bytes, &used))
        msg = NULL;
    tell_wire(t, SIP_WIRE_OUT, flow, bytes, msg, again);
    sip_msg_unref(msg);
}

/* Who floods us with them gets no more answers. */
static bool is_answered(struct sip_transport *t, const struct sip_flow *flow)
{
    t->stats->keepalives++;
    if (!t->rate || sip_rate_take(t->rate, flow) == SIP_RATE_PASS)
        return true;
    t->stats->limited++;
    return false;
}

/* A double CRLF is a ping, answered by a single one; a lone CRLF keeps a NAT open: RFC 5626 §3.5.1,
 * §4.4.1. The pong belongs to streams; over UDP those who send CRLFCRLF are glad of it too. */
static void take_keepalive(struct sip_transport *t, const struct sip_flow *flow, struct slice bytes)
{
    if (!is_answered(t, flow) || !slice_eq(bytes, SLICE("\r\n\r\n")))
        return;
    struct listener *l = &t->listeners[flow->listener - 1];
    if (l->ops->send(l->self, flow, SLICE("\r\n")))
        t->stats->send_errors++;
}

/* Phones on UDP may ping with STUN instead: RFC 5626 §3.5.2 */
static bool take_stun(struct sip_transport *t, const struct sip_flow *flow, struct slice bytes)
{
    char mem[64];
    struct buf answer = BUF_ON(mem);
    struct listener *l = &t->listeners[flow->listener - 1];
    if (flow->kind != SIP_UDP || !sip_stun_answer(bytes, &flow->remote, &answer))
        return false;
    if (is_answered(t, flow) && l->ops->send(l->self, flow, buf_slice(&answer)))
        t->stats->send_errors++;
    return true;
}

/* A datagram may do without Content-Length, a stream may not (RFC 3261 §20.14). */
static bool lacks_its_length(struct slice bytes, struct sip_msg **out, struct sip_fault *fault)
{
    struct sip_msg *msg = NULL;
    size_t used;
    if (sip_msg_parse(&msg, bytes, &used))
        return false;
    if (!sip_msg_is_request(msg) || sip_msg_method(msg) == SIP_ACK ||
        sip_msg_header(msg, SIP_H_CONTENT_LENGTH)) {
        sip_msg_unref(msg);
        return false;
    }
    *fault = (struct sip_fault){ 400, "Bad Request: no Content-Length" };
    *out = msg;
    return true;
}

static bool take_broken(struct sip_transport *t, const struct sip_flow *flow, struct slice bytes)
{
    struct sip_msg *msg = NULL;
    struct sip_fault fault = { 0 };
    tell_wire(t, SIP_WIRE_IN, flow, bytes, NULL, false);
    if (sip_msg_parse_broken(&msg, bytes, &fault) &&
        (flow->kind == SIP_UDP || !lacks_its_length(bytes, &msg, &fault))) {
        t->stats->junk++;
        return false;
    }
    t->stats->malformed++;
    t->events->on_broken(t->owner, msg, &fault, flow);
    sip_msg_unref(msg);
    return true;
}

void sip_transport_feed_broken(struct sip_transport *t, const struct sip_flow *flow,
                               struct slice bytes)
{
    (void)take_broken(t, flow, bytes);
}

bool sip_transport_feed(struct sip_transport *t, const struct sip_flow *flow, struct slice bytes)
{
    struct sip_msg *msg = NULL;
    size_t used = 0;
    loop_assert_here(t->loop);
    BUG_IF(flow->listener == 0 || flow->listener > t->n_listeners);
    enum err err = sip_msg_parse(&msg, bytes, &used);
    if (err == ERR_NOT_FOUND) {
        take_keepalive(t, flow, bytes);
        return true;
    }
    if (err)
        return take_stun(t, flow, bytes) || take_broken(t, flow, bytes);
    tell_wire(t, SIP_WIRE_IN, flow, bytes, msg, false);
    t->events->on_message(t->owner, msg, flow);
    sip_msg_unref(msg);
    return true;
}

void sip_transport_lost(struct sip_transport *t, const struct sip_flow *flow, int error)
{
    t->events->on_lost(t->owner, flow, error);
}

void sip_transport_closed(struct sip_transport *t, const struct sip_flow *flow,
                          const struct sip_loss *loss)
{
    if (t->events->on_closed)
        t->events->on_closed(t->owner, flow, loss);
}

void *sip_transport_self(const struct sip_transport *t, const struct sip_listener_ops *ops,
                         size_t n)
{
    for (size_t i = 0; i < t->n_listeners; i++)
        if (t->listeners[i].ops == ops && n-- == 0)
            return t->listeners[i].self;
    return NULL;
}

struct sip_tls *sip_transport_tls(const struct sip_transport *t)
{
    return t->tls;
}

struct loop *sip_transport_loop(const struct sip_transport *t)
{
    return t->loop;
}

static const struct listener *listener_of(const struct sip_transport *t,
                                          const struct sip_flow *flow)
{
    if (flow->listener == 0 || flow->listener > t->n_listeners)
        return NULL;
    return &t->listeners[flow->listener - 1];
}

enum err sip_transport_connect(struct sip_transport *t, struct sip_flow *flow)
{
    const struct listener *l = listener_of(t, flow);
    if (!l)
        return ERR_NOT_FOUND;
    return l->ops->connect ? l->ops->connect(l->self, flow) : OK;
}

/* The connection of a hop's flow may be gone: RFC 5626 §4.3 leaves it to us to make another. */
static struct sip_flow revive(const struct sip_transport *t, const struct sip_hop *hop)
{
    struct sip_flow flow = hop->flow;
    const struct listener *l = listener_of(t, &flow);
    bool can_dial = flow.kind == SIP_TCP || flow.kind == SIP_TLS;
    bool has_where = !flow.accepted || !addr_eq(&hop->addr, &flow.remote);
    if (!can_dial || !flow.conn || !l->ops->connect || !has_where || !addr_is_set(&hop->addr) ||
        l->ops->connect(l->self, &flow) == OK)
        return flow;
    return (struct sip_flow){ .listener = flow.listener,
                              .kind = flow.kind,
                              .tls = flow.accepted ? hop->tls : flow.tls,
                              .local = l->local,
                              .remote = hop->addr };
}

static bool listener_fits(const struct listener *l, const struct sip_hop *hop)
{
    if (l->ops->kind != hop->kind || addr_is_v6(&l->local) != addr_is_v6(&hop->addr))
        return false;
    /* a socket on 127.0.0.1 cannot reach the world; one on an outer address reaches itself only */
    return addr_is_any(&l->local) || addr_is_loopback(&l->local) == addr_is_loopback(&hop->addr);
}

enum err sip_transport_route(const struct sip_transport *t, const struct sip_hop *hop,
                             struct sip_flow *out)
{
    if (sip_flow_is_set(&hop->flow)) {
        if (hop->flow.listener > t->n_listeners)
            return ERR_NOT_FOUND;
        *out = revive(t, hop);
        return OK;
    }
    const struct listener *found = NULL;
    for (size_t i = 0; i < t->n_listeners && !found; i++)
        if (listener_fits(&t->listeners[i], hop))
            found = &t->listeners[i];
    /* else any of the family: the kernel knows whether it can send */
    for (size_t i = 0; i < t->n_listeners && !found; i++)
        if (t->listeners[i].ops->kind == hop->kind &&
            addr_is_v6(&t->listeners[i].local) == addr_is_v6(&hop->addr))
            found = &t->listeners[i];
    if (!found)
        return ERR_NOT_FOUND;
    *out = (struct sip_flow){ .listener = (uint32_t)(found - t->listeners) + 1,
                              .kind = hop->kind,
                              .tls = hop->tls,
                              .local = found->local,
                              .remote = hop->addr };
    return OK;
}

bool sip_transport_enlarge(const struct sip_transport *t, const struct sip_flow *udp, size_t len,
                           struct sip_flow *tcp)
{
    struct sip_hop hop = { .kind = SIP_TCP, .addr = udp->remote };
    if (udp->kind != SIP_UDP || len <= SIP_UDP_MAX)
        return false;
    for (size_t i = 0; i < SIP_NO_TCP_SLOTS; i++)
        if (t->no_tcp[i].until_ms > loop_now_ms(t->loop) &&
            addr_eq(&t->no_tcp[i].addr, &udp->remote))
            return false;
    return sip_transport_route(t, &hop, tcp) == OK;
}

void sip_transport_set_no_tcp(struct sip_transport *t, const struct addr *addr)
{
    struct no_tcp *oldest = &t->no_tcp[0];
    for (size_t i = 0; i < SIP_NO_TCP_SLOTS; i++)
        if (t->no_tcp[i].until_ms < oldest->until_ms)
            oldest = &t->no_tcp[i];
    *oldest = (struct no_tcp){ *addr, loop_now_ms(t->loop) + SIP_NO_TCP_MS };
}

enum err sip_transport_send(struct sip_transport *t, const struct sip_flow *flow,
                            struct slice bytes, bool is_retransmission)
{
    if (flow->listener == 0 || flow->listener > t->n_listeners)
        return ERR_NOT_FOUND;
    struct listener *l = &t->listeners[flow->listener - 1];
    tell_sent(t, flow, bytes, is_retransmission);
    if (is_retransmission)
        t->stats->retransmissions_out++;
    enum err err = l->ops->send(l->self, flow, bytes);
    if (err)
        t->stats->send_errors++;
    return err;
}

struct sip_flow sip_transport_back(const struct sip_msg *request, const struct sip_flow *from)
{
    struct sip_flow back = *from;
    const struct sip_via *via = sip_msg_via(request);
    /* a stream answers on its connection; rport is the very port that it came from */
    if (sip_kind_is_reliable(from->kind) || via->has_rport)
        return back;
    /* maddr is not followed: a stranger could aim our answers at anybody with it */
    addr_set_port(&back.remote, via->port ? via->port : sip_kind_port(from->kind));
    return back;
}

bool sip_transport_back_anew(const struct sip_msg *request, const struct sip_flow *from,
                             struct sip_flow *back)
{
    const struct sip_via *via = sip_msg_via(request);
    if (from->kind != SIP_TCP && from->kind != SIP_TLS)
        return false; /* nobody can be dialled over a WebSocket */
    *back = *from;
    back->conn = 0;
    back->generation = 0;
    back->accepted = false;
    addr_set_port(&back->remote, via->port ? via->port : sip_kind_port(from->kind));
    return true;
}

struct addr sip_transport_address(const struct sip_transport *t, const struct sip_flow *flow)
{
    const struct listener *l = listener_of(t, flow);
    uint16_t port = l ? addr_port(&l->local) : 0;
    /* the HTTP server's, or, where nothing listens, that of our end of the connection: whoever
     * looks for it by that address finds it */
    if (port == 0)
        port = addr_port(&flow->local);
    struct addr shown = flow->local;
    bool near = addr_is_loopback(&flow->remote) ||
                addr_in_blocks(&flow->remote, t->local_nets, t->n_local_nets);
    if (addr_is_set(&t->public_ip) && !near &&
        addr_is_v6(&t->public_ip) == addr_is_v6(&flow->remote))
        shown = t->public_ip;
    else if (addr_is_any(&shown) && addr_local_toward(&flow->remote, &shown) != OK)
        shown = flow->local; /* no route: sending will say so */
    addr_set_port(&shown, port);
    return shown;
}

void sip_transport_set_public_ip(struct sip_transport *t, const struct addr *public_ip)
{
    t->public_ip = *public_ip;
}

void sip_transport_set_local_nets(struct sip_transport *t, const struct addr_block *nets, size_t n)
{
    mem_free(t->local_nets);
    t->local_nets = n ? mem_copy(nets, n * sizeof *nets) : NULL;
    t->n_local_nets = n;
}
