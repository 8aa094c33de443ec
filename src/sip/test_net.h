#pragma once
/* For tests: a simulated network between SIP stacks and scripted peers on a simulated loop, with
 * loss, duplicates and reordering from a seed. Datagrams to nobody come back as ICMP errors. */

#include <errno.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "sip_agent_priv.h"
#include "sip_build.h"
#include "sip_transport.h"

enum { SIM_ENDS_MAX = 8, SIM_DELAY_MS = 5 };

struct sim_end {
    struct sim *sim;
    struct addr addr;
    enum sip_kind kind;
    struct sip_transport *transport; /* NULL: a scripted peer */
    uint32_t listener;
    void (*on_bytes)(void *owner, const struct addr *from, struct slice bytes);
    void *owner;
    unsigned received; /* datagrams that arrived */
};

struct sim {
    struct loop *loop;
    struct sim_end ends[SIM_ENDS_MAX];
    size_t n_ends;
    unsigned loss, duplicates, reorder; /* per cent */
    uint32_t seed;
    struct list packets;
    unsigned sent, lost;
};

struct sim_packet {
    struct list link;
    struct timer timer;
    struct sim *sim;
    struct addr from, to;
    char *bytes;
    size_t len;
};

static inline void sim_init(struct sim *sim)
{
    *sim = (struct sim){ .loop = loop_create_simulated(), .seed = 1 };
    list_init(&sim->packets);
}

static inline void sim_packet_free(struct sim_packet *packet)
{
    loop_timer_stop(packet->sim->loop, &packet->timer);
    list_remove(&packet->link);
    mem_free(packet->bytes);
    mem_free(packet);
}

static inline void sim_clear(struct sim *sim)
{
    LIST_EACH(link, &sim->packets)
    sim_packet_free(LIST_ITEM(link, struct sim_packet, link));
    loop_destroy(sim->loop);
}

/* xorshift: the same run for the same seed */
static inline unsigned sim_percent(struct sim *sim)
{
    sim->seed ^= sim->seed << 13;
    sim->seed ^= sim->seed >> 17;
    sim->seed ^= sim->seed << 5;
    return sim->seed % 100;
}

static inline struct sim_end *sim_find(struct sim *sim, const struct addr *addr)
{
    for (size_t i = 0; i < sim->n_ends; i++)
        if (addr_eq(&sim->ends[i].addr, addr))
            return &sim->ends[i];
    return NULL;
}

static inline void sim_deliver(void *owner)
{
    struct sim_packet *packet = owner;
    struct sim *sim = packet->sim;
    struct sim_end *to = sim_find(sim, &packet->to);
    struct sim_end *from = sim_find(sim, &packet->from);
    list_remove(&packet->link);
    if (!to && from && from->transport) {
        struct sip_flow flow = { .listener = from->listener,
                                 .kind = from->kind,
                                 .local = packet->from,
                                 .remote = packet->to };
        sip_transport_lost(from->transport, &flow, ECONNREFUSED);
    } else if (to && to->transport) {
        struct sip_flow flow = {
            .listener = to->listener, .kind = to->kind, .local = packet->to, .remote = packet->from
        };
        to->received++;
        sip_transport_feed(to->transport, &flow, slice_make(packet->bytes, packet->len));
    } else if (to) {
        to->received++;
        to->on_bytes(to->owner, &packet->from, slice_make(packet->bytes, packet->len));
    }
    sim_packet_free(packet);
}

static inline void sim_post(struct sim *sim, const struct addr *from, const struct addr *to,
                            struct slice bytes, int64_t delay_ms)
{
    struct sim_packet *packet = mem_new(struct sim_packet);
    packet->sim = sim;
    packet->from = *from;
    packet->to = *to;
    packet->bytes = mem_copy(bytes.ptr, bytes.len);
    packet->len = bytes.len;
    list_append(&sim->packets, &packet->link);
    loop_timer_start(sim->loop, &packet->timer, delay_ms, sim_deliver, packet);
}

static inline void sim_send(struct sim *sim, const struct addr *from, const struct addr *to,
                            struct slice bytes)
{
    sim->sent++;
    if (sim_percent(sim) < sim->loss) {
        sim->lost++;
        return;
    }
    int64_t late_ms = sim_percent(sim) < sim->reorder ? 3 * SIM_DELAY_MS : 0;
    sim_post(sim, from, to, bytes, SIM_DELAY_MS + late_ms);
    if (sim_percent(sim) < sim->duplicates)
        sim_post(sim, from, to, bytes, 2 * SIM_DELAY_MS);
}

static inline enum err sim_listener_send(void *self, const struct sip_flow *flow,
                                         struct slice bytes)
{
    struct sim_end *end = self;
    sim_send(end->sim, &end->addr, &flow->remote, bytes);
    return OK;
}

static inline void sim_listener_destroy(void *self)
{
    struct sim_end *end = self;
    end->transport = NULL;
    addr_set_port(&end->addr, 0); /* nobody is there any more */
}

static const struct sip_listener_ops sim_udp_ops = { .kind = SIP_UDP,
                                                     .send = sim_listener_send,
                                                     .destroy = sim_listener_destroy };
static const struct sip_listener_ops sim_tcp_ops = { .kind = SIP_TCP,
                                                     .send = sim_listener_send,
                                                     .destroy = sim_listener_destroy };

static inline struct addr sim_addr(const char *text)
{
    struct addr addr = { 0 };
    BUG_IF(addr_parse(slice_of(text), 5060, &addr));
    return addr;
}

/** A place on the network: `text` is "10.0.0.1:5060". */
static inline struct sim_end *sim_add(struct sim *sim, const char *text)
{
    struct sim_end *end = &sim->ends[sim->n_ends++];
    BUG_IF(sim->n_ends > SIM_ENDS_MAX);
    *end = (struct sim_end){ .sim = sim, .addr = sim_addr(text) };
    return end;
}

static inline struct sim_end *sim_attach(struct sim *sim, const char *text,
                                         struct sip_transport *transport)
{
    struct sim_end *end = sim_add(sim, text);
    end->transport = transport;
    end->listener = sip_transport_add(transport, &sim_udp_ops, end, &end->addr);
    return end;
}

static inline struct sip_agent *sim_agent(struct sim *sim, const char *text,
                                          const struct sip_agent_config *config,
                                          const struct sip_agent_events *events, void *owner)
{
    struct sip_agent *agent = sip_agent_create(sim->loop, config, events, owner);
    sim_attach(sim, text, agent->transport);
    return agent;
}

/* A scripted peer: keeps what it got, sends what it is told. */
enum { PEER_KEEP = 64 };
struct sim_peer {
    struct sim_end *end;
    struct sip_msg *got[PEER_KEEP];
    struct addr from[PEER_KEEP];
    size_t n;
};

static inline void sim_peer_take(void *owner, const struct addr *from, struct slice bytes)
{
    struct sim_peer *peer = owner;
    size_t used = 0;
    struct sip_msg *msg = NULL;
    if (sip_msg_parse(&msg, bytes, &used))
        return;
    BUG_IF(peer->n == PEER_KEEP);
    peer->from[peer->n] = *from;
    peer->got[peer->n++] = msg;
}

static inline void sim_peer_init(struct sim_peer *peer, struct sim *sim, const char *text)
{
    *peer = (struct sim_peer){ .end = sim_add(sim, text) };
    peer->end->on_bytes = sim_peer_take;
    peer->end->owner = peer;
}

static inline void sim_peer_clear(struct sim_peer *peer)
{
    for (size_t i = 0; i < peer->n; i++)
        sip_msg_unref(peer->got[i]);
    peer->n = 0;
}

static inline void sim_peer_say(struct sim_peer *peer, const char *to, const char *text)
{
    struct addr addr = sim_addr(to);
    sim_post(peer->end->sim, &peer->end->addr, &addr, slice_of(text), SIM_DELAY_MS);
}

/** How many messages of that method (a request) or status (a response) came. */
static inline size_t sim_peer_count(const struct sim_peer *peer, const char *method,
                                    unsigned status)
{
    size_t n = 0;
    for (size_t i = 0; i < peer->n; i++)
        if (sip_msg_status(peer->got[i]) == status &&
            slice_is(sip_msg_method_text(peer->got[i]), method))
            n++;
    return n;
}

/** The last such message, or NULL. */
static inline struct sip_msg *sim_peer_last(const struct sim_peer *peer, const char *method,
                                            unsigned status)
{
    for (size_t i = peer->n; i-- > 0;)
        if (sip_msg_status(peer->got[i]) == status &&
            slice_is(sip_msg_method_text(peer->got[i]), method))
            return peer->got[i];
    return NULL;
}

/** Answer a request that the peer got, with a tag, further header lines and a body. */
static inline void sim_peer_reply(struct sim_peer *peer, const struct sip_msg *request,
                                  unsigned status, const char *tag, const char *headers,
                                  const char *body)
{
    static char text[8192];
    struct buf out = BUF_ON(text);
    struct buf head;
    struct sip_build b;
    char built[4096];
    buf_init(&head, built, sizeof built);
    sip_build_response(&b, &head, request, status, NULL, slice_of(tag), NULL);
    buf_printf(&out, "%.*s%s", (int)head.len, head.ptr, headers);
    if (body[0])
        buf_text(&out, "Content-Type: application/sdp\r\n");
    buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    const struct sip_via *via = sip_msg_via(request);
    char to[ADDR_TEXT];
    snprintf(to, sizeof to, "%.*s:%u", SLICE_ARG(via->host), via->port ? via->port : 5060);
    sim_peer_say(peer, to, buf_cstr(&out));
}
