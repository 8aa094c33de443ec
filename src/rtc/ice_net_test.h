#pragma once
/* For tests only: a network in simulated time with hosts, NATs, loss and delay, a STUN server that
 * every host can be, and a TURN server. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/wire.h"
#include "rtc/stun.h"

enum { NET_HOSTS = 24, NET_MAPPINGS = 128, NET_QUEUE = 1024, NET_DELAY_MS = 20 };

enum nat_kind { NAT_NONE, NAT_FULL_CONE, NAT_PORT_RESTRICTED, NAT_SYMMETRIC };

struct net;
typedef void (*net_fn)(void *owner, const struct addr *local, const struct addr *from,
                       struct slice bytes);

struct net_host { /* one socket */
    struct addr addr;
    struct net_nat *nat; /* NULL: it has a public address */
    net_fn fn;
    void *owner;
};
struct net_mapping {
    struct addr inside, toward; /* toward: of a symmetric NAT, and where its filter lets in from */
    uint16_t port;
    struct addr seen[16]; /* whom the inside has sent to: a port restricted filter */
    size_t n_seen;
};
struct net_nat {
    enum nat_kind kind;
    struct addr outside;
    size_t n;
    struct net_mapping mappings[NET_MAPPINGS];
};
struct net_packet {
    int64_t at_ms;
    struct addr from, to;
    size_t len;
    char bytes[1800];
};
struct net {
    int64_t now_ms;
    unsigned lose_percent, lost, carried;
    uint32_t random; /* the same every run */
    size_t n_hosts;
    struct net_host hosts[NET_HOSTS];
    size_t n_nats;
    struct net_nat nats[2];
    size_t n_queue;
    struct net_packet queue[NET_QUEUE];
};

static struct addr net_addr(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(slice_of(text), 0, &addr), OK);
    return addr;
}

static inline void net_add_host(struct net *net, const struct addr *addr, struct net_nat *nat,
                                net_fn fn, void *owner)
{
    assert_true(net->n_hosts < NET_HOSTS);
    net->hosts[net->n_hosts++] = (struct net_host){ *addr, nat, fn, owner };
}

static inline struct net_nat *net_add_nat(struct net *net, enum nat_kind kind, const char *outside)
{
    if (kind == NAT_NONE)
        return NULL;
    struct net_nat *nat = &net->nats[net->n_nats++];
    *nat = (struct net_nat){ .kind = kind, .outside = net_addr(outside) };
    return nat;
}

static inline struct net_host *net_find(struct net *net, const struct addr *addr)
{
    for (size_t i = 0; i < net->n_hosts; i++) {
        if (addr_eq(&net->hosts[i].addr, addr))
            return &net->hosts[i];
    }
    return NULL;
}

/* The source address as the outside sees it. */
static inline struct addr nat_out(struct net_nat *nat, const struct addr *inside,
                                  const struct addr *to)
{
    struct net_mapping *m = NULL;
    for (size_t i = 0; i < nat->n && !m; i++) {
        struct net_mapping *at = &nat->mappings[i];
        if (addr_eq(&at->inside, inside) &&
            (nat->kind != NAT_SYMMETRIC || addr_eq(&at->toward, to)))
            m = at;
    }
    if (!m) {
        assert_true(nat->n < NET_MAPPINGS);
        m = &nat->mappings[nat->n];
        *m = (struct net_mapping){ .inside = *inside,
                                   .toward = *to,
                                   .port = (uint16_t)(20000 + 7 * nat->n) };
        nat->n++;
    }
    bool seen = false;
    for (size_t i = 0; i < m->n_seen; i++)
        seen |= addr_eq(&m->seen[i], to);
    if (!seen && m->n_seen < 16)
        m->seen[m->n_seen++] = *to;
    struct addr out = nat->outside;
    addr_set_port(&out, m->port);
    return out;
}

/* Who inside gets what came to the outside, or NULL. */
static inline const struct addr *nat_in(const struct net_nat *nat, const struct addr *from,
                                        const struct addr *to)
{
    for (size_t i = 0; i < nat->n; i++) {
        const struct net_mapping *m = &nat->mappings[i];
        if (m->port != addr_port(to))
            continue;
        if (nat->kind == NAT_FULL_CONE)
            return &m->inside;
        for (size_t k = 0; k < m->n_seen; k++) {
            if (addr_eq(&m->seen[k], from))
                return &m->inside;
        }
        return NULL;
    }
    return NULL;
}

static inline void net_send(struct net *net, const struct addr *from, const struct addr *to,
                            struct slice bytes)
{
    const struct net_host *host = net_find(net, from);
    assert_non_null(host);
    net->random = net->random * 1664525 + 1013904223;
    net->carried++;
    if ((net->random >> 16) % 100 < net->lose_percent) {
        net->lost++;
        return;
    }
    assert_true(net->n_queue < NET_QUEUE && bytes.len <= sizeof net->queue[0].bytes);
    struct net_packet *packet = &net->queue[net->n_queue++];
    packet->at_ms = net->now_ms + NET_DELAY_MS;
    packet->from = host->nat ? nat_out(host->nat, from, to) : *from;
    packet->to = *to;
    packet->len = bytes.len;
    memcpy(packet->bytes, bytes.ptr, bytes.len);
}

/* A private address is reached from nowhere else; hairpins do not exist. */
static inline void net_deliver(struct net *net, const struct net_packet *packet)
{
    const struct addr *to = &packet->to;
    for (size_t i = 0; i < net->n_nats; i++) {
        if (addr_same_ip(&net->nats[i].outside, to)) {
            to = nat_in(&net->nats[i], &packet->from, to);
            break;
        }
    }
    const struct net_host *host = to ? net_find(net, to) : NULL;
    if (!host || (host->nat && to == &packet->to))
        return;
    struct addr local = host->addr;
    host->fn(host->owner, &local, &packet->from, slice_make(packet->bytes, packet->len));
}

/** Let a millisecond pass. */
static inline void net_step(struct net *net)
{
    static struct net_packet packet;
    net->now_ms++;
    for (size_t i = 0; i < net->n_queue;) {
        if (net->queue[i].at_ms > net->now_ms) {
            i++;
            continue;
        }
        packet = net->queue[i];
        memmove(&net->queue[i], &net->queue[i + 1], (net->n_queue - i - 1) * sizeof net->queue[0]);
        net->n_queue--;
        net_deliver(net, &packet);
    }
}

/* Servers */

enum { SERVER_ALLOCATIONS = 4, SERVER_PEERS = 32 };

struct server_allocation {
    struct addr client, relayed;
    size_t n_peers;
    struct addr permitted[SERVER_PEERS];
    struct addr channels[SERVER_PEERS];
    int64_t ends_ms;
};
struct server { /* STUN and TURN, user "u", password "p", realm "r" */
    struct net *net;
    struct addr addr;
    char nonce[32];
    size_t n;
    struct server_allocation allocations[SERVER_ALLOCATIONS];
    unsigned n_indications, n_channel, n_refused, n_stale, n_refreshed, n_released;
    unsigned refuse_allocate; /* an error code */
    bool forbid;
};

static inline struct server_allocation *server_find(struct server *server,
                                                    const struct addr *client)
{
    for (size_t i = 0; i < server->n; i++) {
        if (addr_eq(&server->allocations[i].client, client))
            return &server->allocations[i];
    }
    return NULL;
}

static inline void server_to_client(void *owner, const struct addr *local, const struct addr *from,
                                    struct slice bytes)
{
    struct server *server = owner;
    struct server_allocation *a = NULL;
    char mem[1700];
    struct buf buf = BUF_ON(mem);
    uint8_t id[STUN_ID_LEN] = { 1 };
    bool permitted = false;
    for (size_t i = 0; i < server->n; i++) {
        if (addr_eq(&server->allocations[i].relayed, local))
            a = &server->allocations[i];
    }
    if (!a || server->net->now_ms > a->ends_ms)
        return;
    for (size_t i = 0; i < a->n_peers; i++)
        permitted |= addr_same_ip(&a->permitted[i], from);
    if (!permitted)
        return;
    for (size_t i = 0; i < SERVER_PEERS; i++) {
        if (addr_is_set(&a->channels[i]) && addr_eq(&a->channels[i], from)) {
            buf_u16(&buf, (uint16_t)(0x4000 + i));
            buf_u16(&buf, (uint16_t)bytes.len);
            buf_put(&buf, bytes);
            net_send(server->net, &server->addr, &a->client, buf_slice(&buf));
            return;
        }
    }
    stun_begin(&buf, STUN_INDICATION, STUN_DATA, id);
    stun_put_addr(&buf, STUN_XOR_PEER_ADDRESS, from);
    stun_put(&buf, STUN_DATA_ATTR, bytes);
    net_send(server->net, &server->addr, &a->client, buf_slice(&buf));
}

static inline void server_error(struct server *server, const struct stun_msg *msg,
                                const struct addr *to, unsigned code)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    stun_begin(&buf, STUN_ERROR, msg->method, msg->id);
    stun_put_error(&buf, code, "No");
    stun_put(&buf, STUN_REALM, SLICE("r"));
    stun_put(&buf, STUN_NONCE, slice_of(server->nonce));
    net_send(server->net, &server->addr, to, buf_slice(&buf));
}

static inline void server_key(uint8_t key[HASH_MAX])
{
    const struct slice text = SLICE("u:r:p");
    assert_int_equal(hash_parts(HASH_MD5, &text, 1, key), 16);
}

static inline unsigned server_judge(struct server *server, const struct stun_msg *msg)
{
    struct slice nonce;
    uint8_t key[HASH_MAX];
    server_key(key);
    if (!stun_find(msg, STUN_NONCE, &nonce))
        return 401;
    if (stun_check_integrity(msg, slice_make(key, 16))) {
        server->n_refused++;
        return 401;
    }
    if (!slice_is(nonce, server->nonce)) {
        server->n_stale++;
        return 438;
    }
    return msg->method == STUN_ALLOCATE ? server->refuse_allocate
                                        : (server->forbid && msg->method != STUN_REFRESH ? 403 : 0);
}

static inline void server_do(struct server *server, const struct stun_msg *msg,
                             const struct addr *from, struct buf *buf)
{
    struct server_allocation *a = server_find(server, from);
    struct addr peer;
    uint32_t value = 0;
    if (msg->method == STUN_ALLOCATE && !a) {
        assert_true(server->n < SERVER_ALLOCATIONS);
        a = &server->allocations[server->n];
        *a = (struct server_allocation){ .client = *from, .relayed = server->addr };
        addr_set_port(&a->relayed, (uint16_t)(40000 + server->n++));
        a->ends_ms = server->net->now_ms + 600000;
        net_add_host(server->net, &a->relayed, NULL, server_to_client, server);
    }
    assert_non_null(a);
    if (msg->method == STUN_ALLOCATE) {
        stun_put_addr(buf, STUN_XOR_RELAYED_ADDRESS, &a->relayed);
        stun_put_addr(buf, STUN_XOR_MAPPED_ADDRESS, from);
        stun_put_u32(buf, STUN_LIFETIME, 600);
    } else if (msg->method == STUN_REFRESH) {
        assert_true(stun_find_u32(msg, STUN_LIFETIME, &value));
        a->ends_ms = server->net->now_ms + value * 1000;
        server->n_refreshed += value > 0;
        server->n_released += value == 0;
        stun_put_u32(buf, STUN_LIFETIME, value);
    } else {
        assert_true(stun_find_addr(msg, STUN_XOR_PEER_ADDRESS, &peer));
        assert_true(a->n_peers < SERVER_PEERS);
        a->permitted[a->n_peers++] = peer;
        if (msg->method == STUN_CHANNEL_BIND) {
            assert_true(stun_find_u32(msg, STUN_CHANNEL_NUMBER, &value));
            assert_in_range(value >> 16, 0x4000, 0x4000 + SERVER_PEERS - 1);
            a->channels[(value >> 16) - 0x4000] = peer;
        }
    }
}

static inline void server_request(struct server *server, const struct stun_msg *msg,
                                  const struct addr *from)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    uint8_t key[HASH_MAX];
    unsigned code = msg->method == STUN_BINDING ? 0 : server_judge(server, msg);
    if (code) {
        server_error(server, msg, from, code);
        return;
    }
    stun_begin(&buf, STUN_SUCCESS, msg->method, msg->id);
    if (msg->method == STUN_BINDING) {
        stun_put_addr(&buf, STUN_XOR_MAPPED_ADDRESS, from);
    } else {
        server_do(server, msg, from, &buf);
        server_key(key);
        stun_put_integrity(&buf, slice_make(key, 16));
    }
    net_send(server->net, &server->addr, from, buf_slice(&buf));
}

static inline void server_relay(struct server *server, const struct addr *from,
                                const struct addr *to, struct slice payload)
{
    const struct server_allocation *a = server_find(server, from);
    bool permitted = false;
    if (!a)
        return;
    for (size_t i = 0; i < a->n_peers; i++)
        permitted |= addr_same_ip(&a->permitted[i], to);
    if (permitted)
        net_send(server->net, &a->relayed, to, payload);
}

static inline void server_take(void *owner, const struct addr *local, const struct addr *from,
                               struct slice bytes)
{
    struct server *server = owner;
    struct stun_msg msg;
    (void)local;
    if (((uint8_t)bytes.ptr[0] & 0xc0) == 0x40) {
        struct wire w = wire_of(bytes);
        size_t index = wire_u16(&w) - 0x4000u;
        const struct server_allocation *a = server_find(server, from);
        server->n_channel++;
        assert_true(a && index < SERVER_PEERS);
        struct slice payload = wire_bytes(&w, wire_u16(&w));
        assert_false(w.short_read);
        server_relay(server, from, &a->channels[index], payload);
        return;
    }
    assert_int_equal(stun_parse(&msg, bytes), OK);
    if (msg.class == STUN_INDICATION) {
        struct addr peer;
        struct slice payload;
        server->n_indications++;
        assert_true(stun_find_addr(&msg, STUN_XOR_PEER_ADDRESS, &peer));
        assert_true(stun_find(&msg, STUN_DATA_ATTR, &payload));
        server_relay(server, from, &peer, payload);
        return;
    }
    server_request(server, &msg, from);
}

static inline void server_init(struct server *server, struct net *net, const char *addr)
{
    *server = (struct server){ .net = net, .addr = net_addr(addr), .nonce = "nonce-1" };
    net_add_host(net, &server->addr, NULL, server_take, server);
}
