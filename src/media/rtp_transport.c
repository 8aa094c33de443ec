#include "rtp_transport.h"

#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/media.h"
#include "media/media_priv.h"
#include "media/media_thread.h"
#include "media/rtp.h"
#include "media/rtp_learn.h"
#include "media/rtp_ports.h"
#include "media/rtp_shared.h"
#include "media/transport.h"
#include "media/warm.h"

enum { SHARED_PATIENCE_US = 1000000 }; /* others may be on their way out of the port, too */

struct rtp_transport {
    struct media_transport base;
    struct media *media;
    struct media_thread *thread; /* NULL: not started, we are on control */
    struct rtp_pair pair;        /* not where `shared` is */
    struct rtp_shared *shared;   /* NULL: it has ports of its own. Its media thread's */
    bool is_claimed, has_asked;  /* there: its far end is its own; it asked to leave */
    struct addr claimed_rtp, claimed_rtcp;
    int64_t claimed_us;
    bool is_inner; /* of two streams of ours: the pair is none of the range */
    struct media_socket *rtp, *rtcp;
    struct rtp_learn learn;
    struct addr send_rtp, send_rtcp; /* unset: nowhere yet */
    struct addr local;               /* ours that the peer writes to; unset: not learned */
    bool rtcp_learned;
    struct srtp_sdes keys; /* of the sessions below; off: plain RTP, and they are NULL */
    struct srtp_session *tx, *rx;
};

static struct rtp_transport *self(struct media_transport *transport)
{
    return (struct rtp_transport *)(void *)transport;
}

/* Receiving */

struct drops {
    unsigned auth, stranger;
};

static void say_locked(struct rtp_transport *transport)
{
    char addr[ADDR_TEXT], text[ADDR_TEXT + 40];
    const char *note =
        addr_eq(&transport->learn.source, &transport->send_rtp) ? "" : ", not as signalled";
    transport->send_rtp = rtp_learn_target(&transport->learn);
    snprintf(text, sizeof text, "from %s%s", addr_print(&transport->learn.source, addr), note);
    media_stream_core_step(transport->base.stream, "rtp", text);
    media_stream_core_connected(transport->base.stream, &transport->send_rtp);
}

static bool has_verdict(struct rtp_transport *transport, enum rtp_learn_verdict verdict,
                        const struct media_packet *packet, struct drops *drops)
{
    switch (verdict) {
    case RTP_LEARN_LOCKED:
        transport->local = packet->local;
        say_locked(transport);
        return true;
    case RTP_LEARN_TAKE:
        return true;
    case RTP_LEARN_STRANGER:
        drops->stranger++;
        return false;
    case RTP_LEARN_EARLY:
        return false;
    }
    return false;
}

static bool open_packet(struct rtp_transport *transport, struct media_packet *packet,
                        struct drops *drops)
{
    if (!transport->rx || srtp_unprotect(transport->rx, packet) == OK)
        return true;
    drops->auth++;
    return false;
}

static bool take_rtp(struct rtp_transport *transport, struct media_packet *packet,
                     struct drops *drops)
{
    struct rtp_learn *learn = &transport->learn;
    if (!transport->rx) {
        struct slice bytes = slice_make(packet->data, packet->len);
        return has_verdict(transport, rtp_learn_feed(learn, &packet->from, bytes), packet, drops);
    }
    /* once locked a stranger is not worth the arithmetic */
    if (learn->locked && !addr_eq(&packet->from, &learn->source)) {
        drops->stranger++;
        return false;
    }
    return open_packet(transport, packet, drops) &&
           has_verdict(transport, rtp_learn_feed_proven(learn, &packet->from), packet, drops);
}

/* Behind NAT, RTCP too comes from another port than was signalled: the first such packet from where
 * the RTP comes from tells it. */
static bool take_rtcp(struct rtp_transport *transport, struct media_packet *packet,
                      struct drops *drops)
{
    const struct rtp_learn *learn = &transport->learn;
    if (!learn->has_remote)
        return false;
    /* who proved itself by RTP may be elsewhere than was signalled */
    bool known = learn->locked && addr_same_ip(&packet->from, &learn->source);
    if (!known && !rtp_learn_is_allowed(learn, &packet->from)) {
        drops->stranger++;
        return false;
    }
    if (!open_packet(transport, packet, drops))
        return false;
    if (learn->locked && !transport->rtcp_learned && addr_same_ip(&packet->from, &learn->source)) {
        transport->rtcp_learned = true;
        transport->send_rtcp = packet->from;
    }
    return true;
}

static void receive(struct rtp_transport *transport, struct media_packet *const *packets, size_t n,
                    bool rtcp_port)
{
    struct media_packet *good[MEDIA_BATCH];
    size_t n_good = 0;
    struct drops drops = { 0 };
    for (size_t i = 0; i < n && i < MEDIA_BATCH; i++) {
        struct media_packet *packet = packets[i];
        enum rtp_demux_kind kind = rtp_demux(slice_make(packet->data, packet->len));
        packet->is_rtcp = kind == RTP_DEMUX_RTCP;
        bool take = false;
        if (kind == RTP_DEMUX_RTCP)
            take = take_rtcp(transport, packet, &drops);
        else if (kind == RTP_DEMUX_RTP && !rtcp_port)
            take = take_rtp(transport, packet, &drops);
        if (take)
            good[n_good++] = packet;
    }
    if (drops.auth || drops.stranger)
        media_stream_core_dropped(transport->base.stream, drops.auth, drops.stranger);
    if (n_good)
        media_stream_core_receive(transport->base.stream, good, n_good);
}

static void on_rtp(void *owner, struct media_packet *const *packets, size_t n)
{
    receive(owner, packets, n, false);
}

static void on_rtcp(void *owner, struct media_packet *const *packets, size_t n)
{
    receive(owner, packets, n, true);
}

/* Operations */

static void warm_way_in(void *owner, unsigned step)
{
    const struct rtp_transport *transport = owner;
    if (step == 0)
        warm(transport, sizeof *transport);
    else
        media_stream_core_warm(transport->base.stream, step - 1);
    if (step && transport->rx)
        srtp_warm(transport->rx, step - 1);
}

static void open_own(struct rtp_transport *transport)
{
    struct media_thread *thread = transport->thread;
    transport->rtp = media_socket_open(thread, transport->pair.rtp_fd, on_rtp, transport);
    transport->rtcp = media_socket_open(thread, transport->pair.rtcp_fd, on_rtcp, transport);
    media_socket_set_warm(transport->rtp, warm_way_in);
}

static void start(struct media_transport *base, struct media_thread *thread)
{
    struct rtp_transport *transport = self(base);
    transport->thread = thread;
    if (!transport->shared) {
        open_own(transport);
        return;
    }
    rtp_shared_open(transport->shared, thread);
    transport->rtp = rtp_shared_socket(transport->shared, false);
    transport->rtcp = rtp_shared_socket(transport->shared, true);
}

static struct addr rtcp_target(const struct rtp_remote *remote)
{
    struct addr target = remote->rtcp;
    if (!addr_is_set(&target) && addr_is_set(&remote->rtp)) {
        target = remote->rtp;
        addr_set_port(&target, (uint16_t)(addr_port(&target) + 1)); /* RFC 3550 §11 */
    }
    bool reachable = addr_is_set(&target) && addr_port(&target) && !addr_is_any(&target);
    return reachable ? target : (struct addr){ 0 };
}

static void set_keys(struct rtp_transport *transport, const struct srtp_sdes *keys)
{
    srtp_sdes_switch(&transport->tx, &transport->keys, keys, SRTP_PROTECT);
    srtp_sdes_switch(&transport->rx, &transport->keys, keys, SRTP_UNPROTECT);
    bool news = keys->on && (!transport->keys.on || transport->keys.profile != keys->profile);
    srtp_sdes_wipe(&transport->keys);
    transport->keys = *keys;
    if (news)
        media_stream_core_step(transport->base.stream, "sdes",
                               srtp_profile_info(keys->profile)->name);
}

/* On a shared port */

static void ask_to_leave(struct rtp_transport *transport, const char *why)
{
    struct rtp_event event = { 0 };
    if (transport->has_asked)
        return;
    transport->has_asked = true;
    snprintf(event.why, sizeof event.why, "%s", why);
    media_stream_core_step(transport->base.stream, "rtp", why);
    media_stream_core_tell(transport->base.stream, &event, sizeof event);
}

static void release(struct rtp_transport *transport)
{
    if (transport->is_claimed)
        rtp_shared_release(transport->shared, &transport->claimed_rtp, &transport->claimed_rtcp,
                           transport);
    transport->is_claimed = false;
}

/* Have the far end's packets come here. One that is held stays whose it was. */
static void claim(struct rtp_transport *transport)
{
    struct addr rtp = rtp_learn_target(&transport->learn), rtcp = { 0 };
    if (!addr_is_set(&rtp))
        return;
    if (!transport->learn.remote.rtcp_mux)
        rtcp = rtcp_target(&transport->learn.remote);
    release(transport);
    transport->is_claimed = rtp_shared_claim(transport->shared, &rtp, &rtcp, transport);
    transport->claimed_rtp = rtp;
    transport->claimed_rtcp = rtcp;
    transport->claimed_us = media_thread_now_us(transport->thread);
    if (!transport->is_claimed)
        ask_to_leave(transport, "another call has that address: a port of its own");
}

static bool is_allowed(const void *arg, const struct addr *from)
{
    const struct rtp_transport *transport = arg;
    return rtp_learn_is_allowed(&transport->learn, from);
}

/* Nothing came from where the far end said it is, and something from where it may be: it is behind
 * NAT, or sends from another port than it receives on. */
static void look_for_unclaimed(struct rtp_transport *transport)
{
    const struct rtp_learn *learn = &transport->learn;
    int64_t now_us = media_thread_now_us(transport->thread);
    bool waits = learn->has_remote && !learn->held && !learn->locked && learn->in_sequence == 0;
    if (waits && !transport->has_asked && now_us - transport->claimed_us >= SHARED_PATIENCE_US &&
        rtp_shared_has_unclaimed(transport->shared, now_us, is_allowed, transport))
        ask_to_leave(transport, "comes from another address: a port of its own");
}

/* Messages from control */

struct message {    /* heap, given to media_stream_tell_transport() */
    bool is_remote; /* else the pair to go to */
    union {
        struct rtp_remote remote;
        struct rtp_pair pair;
    };
};

static void set_remote(struct rtp_transport *transport, struct rtp_remote *remote)
{
    set_keys(transport, &remote->srtp);
    srtp_sdes_wipe(&remote->srtp);
    if (rtp_learn_set_remote(&transport->learn, remote)) {
        transport->rtcp_learned = false;
        transport->local = (struct addr){ 0 };
    }
    if (transport->shared)
        claim(transport);
    transport->send_rtp = rtp_learn_target(&transport->learn);
    if (!transport->rtcp_learned)
        transport->send_rtcp = rtcp_target(remote);
    media_stream_core_connected(transport->base.stream, &transport->send_rtp);
}

static void leave_shared(struct rtp_transport *transport, const struct rtp_pair *pair)
{
    release(transport);
    transport->shared = NULL;
    transport->pair = *pair;
    open_own(transport);
}

static void tell(struct media_transport *base, void *take)
{
    struct message *msg = take;
    if (msg->is_remote)
        set_remote(self(base), &msg->remote);
    else
        leave_shared(self(base), &msg->pair);
    mem_free(msg);
}

/* Symmetric also in our address (RFC 4961 §3): a linked packet still says where it came to. */
static void send_to(const struct rtp_transport *transport, struct media_socket *socket,
                    struct media_packet *packet, const struct addr *target)
{
    if (!addr_is_set(target))
        return;
    packet->from = *target;
    packet->local = transport->local;
    media_socket_send(socket, &packet, 1);
}

static void send_packets(struct media_transport *base, struct media_packet *const *packets,
                         size_t n)
{
    struct rtp_transport *transport = self(base);
    if (transport->shared && !transport->is_claimed)
        return; /* from that port it would be taken for the other call's */
    for (size_t i = 0; i < n; i++) {
        if (transport->tx && srtp_protect(transport->tx, packets[i]) != OK)
            continue; /* a number that went out already, or a worn-out key */
        if (packets[i]->is_rtcp && !transport->learn.remote.rtcp_mux)
            send_to(transport, transport->rtcp, packets[i], &transport->send_rtcp);
        else
            send_to(transport, transport->rtp, packets[i], &transport->send_rtp);
    }
}

static void tick(struct media_transport *base, int64_t now_ms)
{
    (void)now_ms;
    if (self(base)->shared)
        look_for_unclaimed(self(base));
}

static void warm_way_out(const struct media_transport *base, unsigned step)
{
    const struct rtp_transport *transport = (const struct rtp_transport *)(const void *)base;
    if (step == 0)
        warm(transport, sizeof *transport);
    else if (step == 1)
        warm(transport->rtp, MEDIA_SOCKET_WARM);
    if (step && transport->tx)
        srtp_warm(transport->tx, step - 1);
}

/* Its port rests before another call gets it, unless it is none of the range. */
static void give_port_back(const struct rtp_transport *transport)
{
    uint16_t port = addr_port(&transport->pair.rtp);
    if (transport->is_inner)
        return;
    if (transport->thread)
        media_thread_post_event(
            transport->thread,
            &(struct media_event){ .kind = MEDIA_EVENT_PORT_FREE, .port = port });
    else
        rtp_ports_give_back(media_rtp_ports(transport->media), port,
                            loop_now_ms(media_control_loop(transport->media)));
}

static void close_own(const struct rtp_transport *transport)
{
    if (transport->thread) {
        media_socket_close(transport->rtp);
        media_socket_close(transport->rtcp);
    } else {
        close(transport->pair.rtp_fd);
        close(transport->pair.rtcp_fd);
    }
    give_port_back(transport);
}

static void destroy(struct media_transport *base)
{
    struct rtp_transport *transport = self(base);
    if (transport->shared)
        release(transport);
    else
        close_own(transport);
    srtp_destroy(transport->tx);
    srtp_destroy(transport->rx);
    srtp_sdes_wipe(&transport->keys);
    mem_free(transport);
}

static struct rtp_transport *make(struct media *media, const struct rtp_pair *pair,
                                  struct rtp_local *local)
{
    static const struct media_transport_ops ops = {
        .start = start,
        .tell = tell,
        .send = send_packets,
        .tick = tick,
        .warm = warm_way_out,
        .destroy = destroy,
    };
    struct rtp_transport *transport = mem_new(struct rtp_transport);
    *transport = (struct rtp_transport){ .base = { .ops = &ops }, .media = media, .pair = *pair };
    *local = (struct rtp_local){ pair->rtp, pair->rtcp };
    return transport;
}

static enum err take_pair(struct media *media, struct rtp_pair *pair, struct fault *fault)
{
    return rtp_ports_take(media_rtp_ports(media), pair, loop_now_ms(media_control_loop(media)),
                          fault);
}

enum err rtp_transport_create(struct media_transport **out, struct media *media,
                              struct rtp_local *local, struct fault *fault)
{
    struct rtp_pair pair;
    enum err err = take_pair(media, &pair, fault);
    if (!err)
        *out = &make(media, &pair, local)->base;
    return err;
}

static void on_shared(void *claimant, struct media_packet *const *packets, size_t n, bool rtcp_port)
{
    receive(claimant, packets, n, rtcp_port);
}

enum err rtp_transport_create_shared(struct media_transport **out, struct media *media,
                                     unsigned thread, struct rtp_local *local, struct fault *fault)
{
    static const struct rtp_shared_events events = { on_shared, warm_way_in };
    struct rtp_shared **shared = media_rtp_shared(media, thread);
    struct rtp_pair pair;
    if (!*shared) {
        enum err err = take_pair(media, &pair, fault);
        if (err)
            return err;
        *shared = rtp_shared_create(&pair, &events);
    }
    struct rtp_transport *transport = make(media, rtp_shared_pair(*shared), local);
    transport->shared = *shared;
    *out = &transport->base;
    return OK;
}

enum err rtp_transport_leave_shared(struct media_stream *stream, struct media *media,
                                    struct rtp_local *local, struct fault *fault)
{
    struct message msg = { 0 };
    enum err err = take_pair(media, &msg.pair, fault);
    if (err)
        return err;
    *local = (struct rtp_local){ msg.pair.rtp, msg.pair.rtcp };
    media_stream_tell_transport(stream, mem_copy(&msg, sizeof msg));
    return OK;
}

enum err rtp_transport_create_inner(struct media_transport **out, struct media *media,
                                    struct rtp_local *local, struct fault *fault)
{
    const struct addr loopback = addr_loopback4(0);
    struct rtp_ports *any = rtp_ports_create(&loopback, 0, 0);
    struct rtp_pair pair;
    enum err err = rtp_ports_take(any, &pair, 0, fault);
    rtp_ports_destroy(any);
    if (err)
        return err;
    struct rtp_transport *transport = make(media, &pair, local);
    transport->is_inner = true;
    *out = &transport->base;
    return OK;
}

void rtp_transport_set_remote(struct media_stream *stream, const struct rtp_remote *remote)
{
    BUG_IF(remote->n_nets > RTP_NETS_MAX);
    struct message msg = { .is_remote = true, .remote = *remote };
    media_stream_tell_transport(stream, mem_copy(&msg, sizeof msg));
    mem_wipe(&msg, sizeof msg);
}
