#include "rtc/rtc_transport.h"

#include "base/mem.h"
#include "base/rand.h"
#include "media/media.h"
#include "media/media_thread.h"
#include "media/srtp.h"
#include "media/transport.h"
#include "media/warm.h"
#include "rtc/dtls.h"
#include "rtc/rtc.h"
#include "rtc/rtc_ice.h"

enum {
    DTLS_WAIT_MS = 30000,
    TEXT_MAX = 160,
};

struct rtc_transport {
    struct media_transport base;
    struct rtc_worker *worker;
    bool has_remote;
    struct rtc_remote remote;
    struct rtc_ice *ice;
    struct dtls *dtls;            /* NULL until it is known who begins */
    struct srtp_session *tx, *rx; /* NULL until DTLS is up */
    struct addr said;             /* the pair of the last "ice" step */
    bool waiting;                 /* for DTLS, since waiting_ms */
    int64_t waiting_ms;
    bool failed;
};

static struct rtc_transport *self(struct media_transport *transport)
{
    return (struct rtc_transport *)(void *)transport; /* base comes first */
}

static int64_t now_ms(const struct rtc_transport *transport)
{
    return media_thread_now_us(transport->worker->thread) / 1000;
}

static const struct ice_path *selected(const struct rtc_transport *transport)
{
    return transport->ice->ops->selected(transport->ice);
}

static void fail(struct rtc_transport *transport, enum err err, const char *text)
{
    if (transport->failed)
        return;
    transport->failed = true;
    media_stream_core_failed(transport->base.stream, err, text);
}

static void say_connected(struct rtc_transport *transport)
{
    const struct ice_path *path = selected(transport);
    if (transport->tx && path)
        media_stream_core_connected(transport->base.stream, &path->remote);
}

/* DTLS */

static void on_dtls_send(void *owner, struct slice datagram)
{
    const struct rtc_transport *transport = owner;
    const struct ice_path *path = selected(transport);
    if (path)
        transport->ice->ops->send_bytes(transport->ice, path, datagram);
}

static void on_dtls_up(void *owner, const struct dtls_keys *keys)
{
    struct rtc_transport *transport = owner;
    srtp_destroy(transport->tx);
    srtp_destroy(transport->rx);
    transport->tx = transport->rx = NULL;
    /* the lengths are the profile's own */
    BUG_IF(srtp_create(&transport->tx, keys->profile, SRTP_PROTECT, keys->tx_key, keys->tx_salt));
    BUG_IF(srtp_create(&transport->rx, keys->profile, SRTP_UNPROTECT, keys->rx_key, keys->rx_salt));
    transport->waiting = false;
    media_stream_core_step(transport->base.stream, "dtls", keys->detail);
    say_connected(transport);
}

static void on_dtls_failed(void *owner, enum err err, const char *text)
{
    fail(owner, err, text);
}

static const struct dtls_events dtls_events = {
    .on_send = on_dtls_send,
    .on_up = on_dtls_up,
    .on_failed = on_dtls_failed,
};

static void know_fingerprint(struct rtc_transport *transport)
{
    char text[TEXT_MAX];
    const struct rtc_remote *remote = &transport->remote;
    if (!dtls_set_fingerprint(transport->dtls, remote->fingerprint_hash,
                              slice_of(remote->fingerprint)))
        return;
    snprintf(text, sizeof text,
             "the peer's SDP has no usable a=fingerprint: expected sha-1, -256, -384 or -512 and "
             "its bytes, got \"%.15s %.20s\"",
             remote->fingerprint_hash, remote->fingerprint);
    fail(transport, ERR_PARSE, text);
}

static void create_dtls(struct rtc_transport *transport, enum dtls_role role)
{
    struct dtls_config config = { .role = role };
    transport->dtls = dtls_create(transport->worker->dtls, &config, &dtls_events, transport);
    if (transport->has_remote)
        know_fingerprint(transport);
}

/* A server waits for the peer's ClientHello; a client speaks once there is somebody to speak to. */
static void start_dtls(struct rtc_transport *transport)
{
    bool client = transport->has_remote && transport->remote.local_setup == RTC_SETUP_ACTIVE;
    if (transport->dtls || !client || !selected(transport))
        return;
    create_dtls(transport, DTLS_CLIENT);
    dtls_start(transport->dtls);
}

static void on_dtls(void *owner, struct slice datagram)
{
    struct rtc_transport *transport = owner;
    if (!transport->dtls)
        create_dtls(transport, DTLS_SERVER); /* perhaps before the peer's SDP: RFC 8842 §5.1 */
    dtls_feed(transport->dtls, datagram);
}

/* ICE */

static void on_ice_selected(void *owner, const struct ice_path *path)
{
    const struct addr *addr = &path->remote;
    struct rtc_transport *transport = owner;
    char text[ADDR_TEXT], detail[ADDR_TEXT + 8];
    if (!addr_is_set(&transport->said))
        transport->waiting_ms = now_ms(transport); /* the handshake's time begins here */
    if (!addr_is_set(&transport->said) || !addr_eq(addr, &transport->said)) {
        snprintf(detail, sizeof detail, "pair %s", addr_print(addr, text));
        media_stream_core_step(transport->base.stream, "ice", detail);
        transport->said = *addr;
    }
    start_dtls(transport);
    say_connected(transport);
}

static void on_ice_failed(void *owner, enum err err, const char *text)
{
    fail(owner, err, text);
}

static void on_forged(void *owner)
{
    const struct rtc_transport *transport = owner;
    media_stream_core_dropped(transport->base.stream, 0, 1);
}

/* Packets */

static void on_media(void *owner, struct media_packet *const *packets, size_t n)
{
    struct rtc_transport *transport = owner;
    struct media_packet *good[MEDIA_BATCH];
    size_t n_good = 0;
    if (!transport->rx)
        return; /* ahead of the handshake's end: nothing to read it with */
    for (size_t i = 0; i < n; i++) {
        if (!srtp_unprotect(transport->rx, packets[i]))
            good[n_good++] = packets[i];
    }
    if (n_good < n)
        media_stream_core_dropped(transport->base.stream, (unsigned)(n - n_good), 0);
    if (n_good)
        media_stream_core_receive(transport->base.stream, good, n_good);
}

static void send_batch(struct rtc_transport *transport, const struct ice_path *path,
                       struct media_packet *const *packets, size_t n)
{
    struct media_packet *good[MEDIA_BATCH];
    size_t n_good = 0;
    for (size_t i = 0; i < n; i++) {
        if (!srtp_protect(transport->tx, packets[i]))
            good[n_good++] = packets[i];
    }
    transport->ice->ops->send(transport->ice, path, good, n_good);
}

static void send_packets(struct media_transport *base, struct media_packet *const *packets,
                         size_t n)
{
    struct rtc_transport *transport = self(base);
    const struct ice_path *path = selected(transport);
    if (!transport->tx || !path)
        return;
    for (size_t at = 0; at < n; at += MEDIA_BATCH)
        send_batch(transport, path, packets + at, n - at < MEDIA_BATCH ? n - at : MEDIA_BATCH);
}

/* Messages from control */

enum message_kind { SET_REMOTE, ADD_CANDIDATE, RESTART };
struct message { /* heap, given to media_stream_tell_transport() */
    enum message_kind kind;
    union {
        struct rtc_remote remote;
        struct rtc_candidate candidate;
        struct rtc_local local;
    };
};

/* Another certificate is another association (RFC 8842 §5.5); media goes on with the old keys until
 * there are new ones. */
static bool is_new_association(const struct rtc_transport *transport,
                               const struct rtc_remote *remote)
{
    const struct rtc_remote *old = &transport->remote;
    return transport->has_remote &&
           (!slice_iis(slice_of(remote->fingerprint_hash), old->fingerprint_hash) ||
            !slice_iis(slice_of(remote->fingerprint), old->fingerprint));
}

static void set_remote(struct rtc_transport *transport, const struct message *msg, int64_t at_ms)
{
    if (is_new_association(transport, &msg->remote)) {
        dtls_destroy(transport->dtls);
        transport->dtls = NULL;
        transport->waiting = true;
    }
    if (!transport->has_remote)
        transport->waiting = true;
    transport->waiting_ms = at_ms;
    transport->remote = msg->remote;
    transport->has_remote = true;
    transport->ice->ops->set_remote(transport->ice, &msg->remote, at_ms);
    if (transport->dtls)
        know_fingerprint(transport);
    start_dtls(transport);
}

static void add_candidate(struct rtc_transport *transport, const struct message *msg, int64_t at_ms)
{
    (void)at_ms;
    transport->ice->ops->add_candidate(transport->ice, &msg->candidate);
}

static void restart(struct rtc_transport *transport, const struct message *msg, int64_t at_ms)
{
    (void)at_ms;
    transport->ice->ops->restart(transport->ice, &msg->local);
}

static void tell(struct media_transport *base, void *take)
{
    static void (*const handlers[])(struct rtc_transport *, const struct message *, int64_t) = {
        [SET_REMOTE] = set_remote,
        [ADD_CANDIDATE] = add_candidate,
        [RESTART] = restart,
    };
    struct message *msg = take;
    handlers[msg->kind](self(base), msg, now_ms(self(base)));
    mem_wipe(msg, sizeof *msg);
    mem_free(msg);
}

/* Life */

static void start(struct media_transport *base, struct media_thread *thread)
{
    struct rtc_transport *transport = self(base);
    transport->ice->ops->start(transport->ice, thread, base->stream);
}

static void tick(struct media_transport *base, int64_t at_ms)
{
    struct rtc_transport *transport = self(base);
    transport->ice->ops->tick(transport->ice, at_ms);
    if (transport->dtls)
        dtls_tick(transport->dtls);
    if (transport->waiting && selected(transport) && at_ms - transport->waiting_ms >= DTLS_WAIT_MS)
        fail(transport, ERR_TIMEOUT,
             transport->dtls ? "ICE is connected, but the DTLS handshake did not end in 30 s"
                             : "ICE checks arrive, but the peer began no DTLS handshake in 30 s: "
                               "our answers may not reach it");
}

static void warm_way_out(const struct media_transport *base, unsigned step)
{
    const struct rtc_transport *transport = (const struct rtc_transport *)(const void *)base;
    if (step == 0)
        warm(transport, sizeof *transport);
    else if (step < 3 && transport->ice->ops->warm)
        transport->ice->ops->warm(transport->ice, step - 1);
    if (step && transport->tx)
        srtp_warm(transport->tx, step - 1);
}

static void on_warm(void *owner, unsigned step)
{
    const struct rtc_transport *transport = owner;
    if (step == 0)
        warm(transport, sizeof *transport);
    else
        media_stream_core_warm(transport->base.stream, step - 1);
    if (step && transport->rx)
        srtp_warm(transport->rx, step - 1);
}

static void destroy(struct media_transport *base)
{
    struct rtc_transport *transport = self(base);
    if (transport->dtls)
        dtls_close(transport->dtls);
    dtls_destroy(transport->dtls);
    transport->ice->ops->destroy(transport->ice);
    srtp_destroy(transport->tx);
    srtp_destroy(transport->rx);
    mem_wipe(transport, sizeof *transport);
    mem_free(transport);
}

/* What control calls */

static void make_local(struct rtc_local *local)
{
    /* RFC 8445 §5.3 wants 24 and 128 bits; here it is 71 (so never the same twice) and 190 */
    rand_token(local->ufrag, 12);
    rand_token(local->pwd, 32);
}

static const struct rtc_ice_events ice_events = {
    .on_selected = on_ice_selected,
    .on_failed = on_ice_failed,
    .on_dtls = on_dtls,
    .on_media = on_media,
    .on_warm = on_warm,
    .on_forged = on_forged,
};

static struct rtc_transport *create(struct rtc *rtc, unsigned thread, struct rtc_local *local)
{
    static const struct media_transport_ops ops = { start, tell,         send_packets,
                                                    tick,  warm_way_out, destroy };
    struct rtc_transport *transport = mem_new(struct rtc_transport);
    make_local(local);
    transport->base.ops = &ops;
    transport->worker = rtc_worker_of(rtc, thread);
    return transport;
}

struct media_transport *rtc_transport_create(struct rtc *rtc, unsigned thread,
                                             struct rtc_local *local)
{
    struct rtc_transport *transport = create(rtc, thread, local);
    transport->ice = rtc_ice_lite_create(transport->worker, local, &ice_events, transport);
    return &transport->base;
}

struct media_transport *rtc_transport_create_full(struct rtc *rtc, unsigned thread,
                                                  const struct rtc_ice_config *config,
                                                  struct rtc_local *local)
{
    struct rtc_transport *transport = create(rtc, thread, local);
    transport->ice = rtc_ice_full_create(config, local, &ice_events, transport);
    return &transport->base;
}

void rtc_transport_set_remote(struct media_stream *stream, const struct rtc_remote *remote)
{
    struct message *msg = mem_new(struct message);
    *msg = (struct message){ .kind = SET_REMOTE, .remote = *remote };
    media_stream_tell_transport(stream, msg);
}

void rtc_transport_add_candidate(struct media_stream *stream, const struct rtc_candidate *candidate)
{
    struct message *msg = mem_new(struct message);
    *msg = (struct message){ .kind = ADD_CANDIDATE, .candidate = *candidate };
    media_stream_tell_transport(stream, msg);
}

void rtc_transport_restart(struct media_stream *stream, struct rtc_local *local)
{
    struct message *msg = mem_new(struct message);
    make_local(local);
    *msg = (struct message){ .kind = RESTART, .local = *local };
    media_stream_tell_transport(stream, msg);
}
