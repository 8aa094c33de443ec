#pragma once
/* For this folder's tests only: a WebSocket server that echoes, and a client's frames on plain
 * sockets, written from RFC 6455. */

#include "net/test_peer.h"

#include "base/log.h"
#include "base/wire.h"
#include "net/http_server.h"
#include "net/ws_server.h"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_listener *web, *tls;
    struct ws *ws; /* the one opened last */
    int opened, closed, code;
    char reason[128], asked[600];
    char *cert, *key;
    bool stopped;
};

static inline void on_open(void *owner, struct ws *ws)
{
    struct fixture *f = owner;
    f->ws = ws;
    f->opened++;
}

static inline void on_text(void *owner, struct ws *ws, struct slice text)
{
    struct fixture *f = owner;
    if (slice_is(text, "close me"))
        ws_close(ws, 4000, SLICE("as you wish"));
    else if (slice_is(text, "abandon me"))
        ws_abandon(ws, WS_CLOSE_GOING_AWAY);
    else
        assert_int_equal(ws_send_text(ws, text), OK);
    assert_ptr_equal(f->loop != NULL, true);
}

static inline void on_binary(void *owner, struct ws *ws, struct slice data)
{
    (void)owner;
    assert_int_equal(ws_send_binary(ws, data), OK);
}

static inline void on_close(void *owner, struct ws *ws, int code, struct slice reason)
{
    struct fixture *f = owner;
    assert_int_equal(ws_send_text(ws, SLICE("too late")), ERR_CLOSED);
    f->closed++;
    f->code = code;
    slice_copy(reason, f->reason, sizeof f->reason);
    if (f->ws == ws)
        f->ws = NULL;
}

static const struct ws_events ws_events = { on_open, on_text, on_binary, on_close };

static inline void on_ws_request(void *owner, const struct ws_request *request,
                                 struct ws_answer *answer)
{
    struct fixture *f = owner;
    char ip[ADDR_TEXT];
    snprintf(f->asked, sizeof f->asked, "path=%.*s token=%.*s origin=%.*s host=%.*s x=%.*s peer=%s",
             SLICE_ARG(ws_request_path(request)), SLICE_ARG(ws_request_param(request, "token")),
             SLICE_ARG(ws_request_header(request, "Origin")),
             SLICE_ARG(ws_request_header(request, "Host")),
             SLICE_ARG(ws_request_header(request, "X-Thing")),
             addr_print_ip(ws_request_peer(request), ip));
    if (slice_is(ws_request_path(request), "/secret")) {
        answer->status = 401;
        return;
    }
    if (slice_is(ws_request_path(request), "/forbidden"))
        return;
    answer->events = &ws_events;
    answer->owner = f;
    if (ws_request_offers(request, "sip"))
        answer->protocol = SLICE("sip");
    if (slice_is(ws_request_path(request), "/odd"))
        answer->protocol = SLICE("not-offered");
}

static const struct ws_server_events server_events = { on_ws_request };

static inline void on_request(void *owner, struct http_request *request)
{
    (void)owner;
    http_reply(request, 200, "text/plain", SLICE("page"));
}

static const struct http_server_events http_events = { on_request };

static inline int setup_with(void **state, const struct http_server_config *config)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = loop_create();
    f->server = http_server_create(f->loop, config, &http_events, f);
    ws_server_attach(f->server, &server_events, f);
    struct http_listener_config web = { .name = "web", .bind = addr_loopback4(0) };
    assert_int_equal(http_server_listen(f->server, &web, &f->web, NULL), OK);
    peer_make_certificate("localhost", &f->cert, &f->key);
    web.tls = true;
    web.cert_pem = f->cert;
    web.key_pem = f->key;
    assert_int_equal(http_server_listen(f->server, &web, &f->tls, NULL), OK);
    *state = f;
    return 0;
}

static inline int setup(void **state)
{
    return setup_with(state, NULL);
}

static inline int setup_pings(void **state)
{
    static const struct http_server_config config = { .ws_ping_s = 1, .idle_s = 1 };
    return setup_with(state, &config);
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_destroy(f->server);
    loop_destroy(f->loop);
    mem_free(f->cert);
    mem_free(f->key);
    mem_free(f);
    return 0;
}

static inline struct peer upgrade(struct fixture *f, bool tls, const char *path, const char *extra)
{
    char text[600];
    struct peer peer = peer_connect(f->loop, http_listener_addr(tls ? f->tls : f->web));
    if (tls)
        assert_true(peer_start_tls(&peer, 0));
    snprintf(text, sizeof text,
             "GET %s HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\n"
             "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
             path, extra);
    peer_send(&peer, text);
    return peer;
}

static inline struct peer open_ws(struct fixture *f, bool tls)
{
    struct peer peer = upgrade(f, tls, "/", "");
    int before = f->opened;
    assert_true(peer_wait(&peer, "\r\n\r\n"));
    for (int i = 0; i < 100 && f->opened == before; i++)
        peer_turn(&peer);
    assert_non_null(strstr(peer.in, "HTTP/1.1 101 "));
    peer_forget(&peer);
    return peer;
}

enum { FIN = 0x80, CONT = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* One masked frame (RFC 6455 §5.2). */
static inline void send_frame(struct peer *peer, int first, const void *data, size_t len)
{
    static const unsigned char mask[4] = { 0x12, 0xa5, 0x00, 0xff };
    unsigned char *frame = mem_alloc(len + 14);
    size_t n = 0;
    frame[n++] = (unsigned char)first;
    if (len < 126) {
        frame[n++] = (unsigned char)(0x80 | len);
    } else if (len < 65536) {
        frame[n++] = 0x80 | 126;
        frame[n++] = (unsigned char)(len >> 8);
        frame[n++] = (unsigned char)len;
    } else {
        frame[n++] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            frame[n++] = (unsigned char)((uint64_t)len >> shift);
    }
    memcpy(frame + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        frame[n + i] = (unsigned char)(((const char *)data)[i] ^ mask[i % 4]);
    peer_send_bytes(peer, frame, n + len);
    mem_free(frame);
}

static inline void send_text(struct peer *peer, const char *text)
{
    send_frame(peer, FIN | TEXT, text, strlen(text));
}

struct frame {
    int first;
    struct slice payload; /* in peer->in */
    size_t end;
};

static inline size_t frame_head(const unsigned char *in, size_t len, size_t *payload)
{
    size_t head = 2;
    if (len < 2)
        return 0;
    assert_false(in[1] & 0x80); /* servers do not mask */
    *payload = in[1] & 0x7f;
    size_t more = *payload == 126 ? 2 : *payload == 127 ? 8 : 0;
    if (len < head + more)
        return 0;
    for (size_t i = 0; i < more; i++)
        *payload = (i ? *payload << 8 : 0) | in[head + i];
    return head + more;
}

/* Wait for a whole frame, from `at` on. */
static inline bool wait_frame(struct peer *peer, size_t at, struct frame *out, int64_t ms)
{
    int64_t end_ms = peer_now_ms() + ms;
    for (;;) {
        size_t payload = 0;
        const unsigned char *in = (const unsigned char *)peer->in + at;
        size_t head = frame_head(in, peer->len - at, &payload);
        if (head && peer->len - at - head >= payload) {
            *out = (struct frame){ in[0], slice_make(in + head, payload), at + head + payload };
            return true;
        }
        if (peer->eof || peer_now_ms() > end_ms)
            return false;
        peer_turn(peer);
    }
}

static inline struct frame expect_frame(struct peer *peer, int first, size_t len)
{
    struct frame frame = { 0 };
    if (!wait_frame(peer, 0, &frame, PEER_WAIT_MS))
        fail_msg("no frame %#x, %zu bytes came, eof=%d", first, peer->len, peer->eof);
    assert_int_equal(frame.first, first);
    assert_int_equal(frame.payload.len, len);
    return frame;
}

static inline void expect_text(struct peer *peer, const char *text)
{
    struct frame frame = expect_frame(peer, FIN | TEXT, strlen(text));
    assert_true(slice_is(frame.payload, text));
    memmove(peer->in, peer->in + frame.end, peer->len - frame.end + 1);
    peer->len -= frame.end;
}

static inline void expect_close(struct peer *peer, int code)
{
    struct frame frame = { 0 };
    if (!wait_frame(peer, 0, &frame, PEER_WAIT_MS))
        fail_msg("no close %d, %zu bytes came, eof=%d", code, peer->len, peer->eof);
    assert_int_equal(frame.first, FIN | CLOSE);
    assert_true(frame.payload.len >= 2);
    struct wire wire = wire_of(frame.payload);
    assert_int_equal(wire_u16(&wire), code);
}

static inline void wait_closed(struct fixture *f, int closed)
{
    for (int i = 0; i < 2000 && f->closed < closed; i++)
        loop_turn(f->loop, 5);
    assert_int_equal(f->closed, closed);
}
