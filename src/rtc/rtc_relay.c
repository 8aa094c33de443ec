#include "rtc/rtc_relay.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "media/media_thread.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "rtc/turn.h"
#include "rtc/turn_frames.h"

enum { BACKLOG_MAX = 128 * 1024 }; /* media that the stream does not take is late: drop it */

struct rtc_relay {
    const struct rtc_relay_events *events;
    void *owner;
    struct media_thread *thread; /* NULL: not started */
    struct ice_uri uri;
    struct addr server, addr, mapped;
    struct tls_context *tls; /* until the stream has it */
    struct turn *turn;
    struct media_socket *socket; /* one of the two, or none: it failed */
    struct tcp *stream;
    struct turn_frames frames;
    bool failed;
    struct media_packet *at; /* what is being fed came in it; NULL: by the stream */
    size_t n_batch;
    struct media_packet *batch[MEDIA_BATCH]; /* from peers */
};

static int64_t now_ms(const struct rtc_relay *relay)
{
    return media_thread_now_us(relay->thread) / 1000;
}

const struct addr *rtc_relay_addr(const struct rtc_relay *relay)
{
    return &relay->addr;
}

const struct addr *rtc_relay_mapped(const struct rtc_relay *relay)
{
    return &relay->mapped;
}

enum ice_uri_transport rtc_relay_transport(const struct rtc_relay *relay)
{
    return relay->uri.transport;
}

static void fail(struct rtc_relay *relay, enum err err, const char *text)
{
    if (relay->failed)
        return;
    relay->failed = true;
    relay->events->on_failed(relay->owner, relay, err, text);
}

/* The TURN client's events */

static void on_turn_send(void *owner, struct slice message)
{
    struct rtc_relay *relay = owner;
    if (relay->socket)
        media_socket_send_bytes(relay->socket, &relay->server, NULL, message.ptr, message.len);
    else if (relay->stream)
        (void)!tcp_send(relay->stream, message); /* on_close() tells what is wrong with it */
}

static void on_allocated(void *owner, const struct addr *relayed, const struct addr *mapped)
{
    struct rtc_relay *relay = owner;
    relay->addr = *relayed;
    relay->mapped = *mapped;
    relay->events->on_allocated(relay->owner, relay);
}

/* The payload lies in the packet that came over UDP; what came by a stream needs one. */
static void on_data(void *owner, const struct addr *peer, struct slice payload)
{
    struct rtc_relay *relay = owner;
    struct media_packet *packet = relay->at;
    if (payload.len > MEDIA_PACKET_MAX)
        return;
    if (packet) {
        packet->data += payload.ptr - (const char *)packet->data;
    } else {
        packet = media_packet_take(relay->thread);
        memcpy(packet->data, payload.ptr, payload.len);
        packet->arrived_us = media_thread_now_us(relay->thread);
    }
    packet->len = (uint32_t)payload.len; /* at most MEDIA_PACKET_MAX */
    packet->from = *peer;
    packet->local = relay->addr;
    relay->batch[relay->n_batch++] = packet;
}

static void on_turn_failed(void *owner, enum err err, const char *text)
{
    fail(owner, err, text);
}

static const struct turn_events turn_events = { on_turn_send, on_allocated, on_data,
                                                on_turn_failed };

/* From the server */

static void hand_over(struct rtc_relay *relay)
{
    if (relay->n_batch)
        relay->events->on_packets(relay->owner, relay->batch, relay->n_batch);
    relay->n_batch = 0;
}

static void on_packets(void *owner, struct media_packet *const *packets, size_t n)
{
    struct rtc_relay *relay = owner;
    for (size_t i = 0; i < n; i++) {
        if (!addr_eq(&packets[i]->from, &relay->server))
            continue;
        relay->at = packets[i];
        /* what the client does not know is a stranger's or late */
        (void)!turn_feed(relay->turn, slice_make(packets[i]->data, packets[i]->len), now_ms(relay));
        if (relay->n_batch == MEDIA_BATCH)
            hand_over(relay);
    }
    relay->at = NULL;
    hand_over(relay);
}

static void on_message(void *owner, struct slice message)
{
    struct rtc_relay *relay = owner;
    (void)!turn_feed(relay->turn, message, now_ms(relay));
    struct media_packet *packet = relay->n_batch ? relay->batch[0] : NULL;
    hand_over(relay);
    if (packet)
        media_packet_give_back(relay->thread, packet);
}

static void on_open(void *owner, struct tcp *tcp)
{
    struct rtc_relay *relay = owner;
    (void)tcp;
    turn_start(relay->turn, now_ms(relay));
}

static void on_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    struct rtc_relay *relay = owner;
    (void)tcp;
    if (!relay->failed && turn_frames_feed(&relay->frames, bytes, on_message, relay))
        fail(relay, ERR_PARSE, "what answers there does not speak TURN");
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    struct rtc_relay *relay = owner;
    (void)tcp;
    relay->stream = NULL;
    fail(relay, why->err ? why->err : ERR_CLOSED, why->text);
}

/* Toward peers */

void rtc_relay_send_bytes(struct rtc_relay *relay, const struct addr *peer, struct slice bytes,
                          int64_t at_ms)
{
    if (!relay->failed)
        turn_send(relay->turn, peer, bytes, at_ms);
}

/* Frame it in the room around the datagram; false when it may not be sent or there is none. */
static bool frame(struct rtc_relay *relay, const struct addr *peer, struct media_packet *packet)
{
    uint8_t head[TURN_HEAD_MAX];
    size_t pad = 0, before = (size_t)(packet->data - packet->room);
    size_t n = turn_head(relay->turn, peer, packet->len, head, &pad);
    if (!n || n > before || sizeof packet->room - before - packet->len < pad)
        return false;
    memset(packet->data + packet->len, 0, pad);
    packet->data -= n;
    memcpy(packet->data, head, n);
    packet->len += (uint32_t)(n + pad); /* within the room */
    return true;
}

void rtc_relay_send(struct rtc_relay *relay, const struct addr *peer,
                    struct media_packet *const *packets, size_t n)
{
    for (size_t i = 0; i < n && !relay->failed; i++) {
        if (!frame(relay, peer, packets[i]))
            continue;
        if (relay->socket) {
            packets[i]->from = relay->server;
            packets[i]->local = (struct addr){ 0 };
            media_socket_send(relay->socket, &packets[i], 1);
        } else if (relay->stream && tcp_backlog(relay->stream) < BACKLOG_MAX) {
            on_turn_send(relay, slice_make(packets[i]->data, packets[i]->len));
        }
    }
}

void rtc_relay_bind(struct rtc_relay *relay, const struct addr *peer, int64_t at_ms)
{
    if (!relay->failed)
        turn_bind(relay->turn, peer, at_ms);
}

/* Life */

enum err rtc_relay_create(struct rtc_relay **out, const struct rtc_ice_server *server,
                          const char *ca_file, const struct rtc_relay_events *events, void *owner,
                          struct fault *fault)
{
    const struct turn_config config = { .username = slice_of(server->username),
                                        .password = slice_of(server->password),
                                        .stream = server->uri.transport != ICE_URI_UDP };
    const struct tls_client_config trust = { .ca_file = ca_file };
    struct rtc_relay *relay = mem_new(struct rtc_relay);
    enum err err = turn_create(&relay->turn, &config, &turn_events, relay);
    if (err)
        fault_set(fault, err, server->uri.host, 0, "the TURN user name is over %d bytes",
                  TURN_TEXT_MAX);
    else if (server->uri.transport == ICE_URI_TLS)
        err = tls_context_create_client(&relay->tls, &trust, fault);
    if (err) {
        turn_destroy(relay->turn);
        mem_free(relay);
        return err;
    }
    relay->events = events;
    relay->owner = owner;
    relay->uri = server->uri;
    relay->server = server->addr;
    *out = relay;
    return OK;
}

static void start_udp(struct rtc_relay *relay)
{
    char text[80];
    int fd = socket(relay->server.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct addr any = { .sa = { .sa_family = relay->server.sa.sa_family } };
    if (fd < 0 || bind(fd, &any.sa, addr_len(&any))) {
        snprintf(text, sizeof text, "no UDP socket for TURN: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        fail(relay, ERR_IO, text);
        return;
    }
    relay->socket = media_socket_open(relay->thread, fd, on_packets, relay);
    turn_start(relay->turn, now_ms(relay));
}

static void start_stream(struct rtc_relay *relay)
{
    static const struct tcp_events events = { on_open, on_bytes, on_close };
    const struct tcp_config config = { .remote = relay->server,
                                       .tls = relay->tls,
                                       .tls_name = slice_of(relay->uri.host) };
    relay->stream = tcp_connect(media_thread_loop(relay->thread), &config, &events, relay);
    tls_context_destroy(relay->tls);
    relay->tls = NULL;
}

void rtc_relay_start(struct rtc_relay *relay, struct media_thread *thread)
{
    relay->thread = thread;
    if (relay->uri.transport == ICE_URI_UDP)
        start_udp(relay);
    else
        start_stream(relay);
}

void rtc_relay_tick(struct rtc_relay *relay, int64_t at_ms)
{
    if (!relay->failed)
        turn_tick(relay->turn, at_ms);
}

void rtc_relay_destroy(struct rtc_relay *relay)
{
    if (!relay)
        return;
    if (!relay->failed && relay->thread)
        turn_close(relay->turn);
    media_socket_close(relay->socket);
    tcp_destroy(relay->stream);
    turn_destroy(relay->turn);
    tls_context_destroy(relay->tls);
    mem_free(relay);
}
