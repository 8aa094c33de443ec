#include "net/test_ws.h"

static void upgrades_and_echoes(void **state)
{
    struct fixture *f = *state;
    struct peer peer =
        upgrade(f, false, "/bridge?token=a%20b", "Origin: http://o\r\nX-Thing: y\r\n");
    assert_true(peer_wait(&peer, "\r\n\r\n"));
    assert_non_null(strstr(peer.in, "HTTP/1.1 101 "));
    assert_non_null(strstr(peer.in, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_null(strstr(peer.in, "Sec-WebSocket-Protocol"));
    assert_string_equal(f->asked,
                        "path=/bridge token=a b origin=http://o host=example x=y peer=127.0.0.1");
    peer_forget(&peer);
    send_text(&peer, "hello");
    expect_text(&peer, "hello");
    send_text(&peer, "");
    expect_text(&peer, "");
    send_frame(&peer, FIN | BINARY, "\0\xff\x01", 3);
    struct frame frame = expect_frame(&peer, FIN | BINARY, 3);
    assert_memory_equal(frame.payload.ptr, "\0\xff\x01", 3);
    assert_true(addr_is_loopback(ws_peer(f->ws)));
    assert_false(ws_is_tls(f->ws));
    assert_ptr_equal(ws_listener(f->ws), f->web);
    peer_close(&peer);
    wait_closed(f, 1);
    assert_int_equal(f->code, WS_CLOSE_ABNORMAL);
}

static void speaks_over_tls(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, true);
    assert_true(ws_is_tls(f->ws));
    char *large = mem_alloc(200001);
    memset(large, 'a', 200000);
    send_text(&peer, large);
    expect_text(&peer, large);
    mem_free(large);
    peer_close(&peer);
    wait_closed(f, 1);
}

static void subprotocols(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path, *offer, *expect;
    } cases[] = {
        { "/any/path", "Sec-WebSocket-Protocol: sip\r\n", "Sec-WebSocket-Protocol: sip\r\n" },
        { "/", "Sec-WebSocket-Protocol: foo, sip\r\n", "Sec-WebSocket-Protocol: sip\r\n" },
        { "/", "Sec-WebSocket-Protocol: foo\r\nSec-WebSocket-Protocol: sip\r\n",
          "Sec-WebSocket-Protocol: sip\r\n" },
        { "/", "Sec-WebSocket-Protocol: foo\r\n", NULL },
        { "/", "Sec-WebSocket-Protocol: v1.signalwire, x\r\n", NULL },
        { "/", "", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer peer = upgrade(f, false, cases[i].path, cases[i].offer);
        assert_true(peer_wait(&peer, "\r\n\r\n"));
        assert_non_null(strstr(peer.in, "HTTP/1.1 101 "));
        const char *header = strstr(peer.in, "Sec-WebSocket-Protocol: ");
        if (!cases[i].expect)
            assert_null(header);
        else
            assert_memory_equal(header, cases[i].expect, strlen(cases[i].expect));
        for (int turn = 0; turn < 100 && !f->ws; turn++)
            peer_turn(&peer);
        assert_string_equal(ws_protocol(f->ws).ptr, cases[i].expect ? "sip" : "");
        peer_forget(&peer);
        send_text(&peer, "x");
        expect_text(&peer, "x");
        peer_close(&peer);
        wait_closed(f, (int)i + 1);
    }
}

/* What browsers send; compression is never taken up. */
static void extensions_are_declined(void **state)
{
    struct fixture *f = *state;
    struct peer peer =
        upgrade(f, false, "/",
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                "Pragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: http://127.0.0.1:8080\r\n"
                "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n");
    assert_true(peer_wait(&peer, "\r\n\r\n"));
    assert_non_null(strstr(peer.in, "HTTP/1.1 101 "));
    assert_null(strstr(peer.in, "Extensions"));
    peer_forget(&peer);
    send_text(&peer, "x");
    expect_text(&peer, "x");
    peer_close(&peer);
}

/* An open socket with nothing to say leaves the loop asleep. */
static void silence_costs_nothing(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    peer_pass(f->loop, 50);
    int turns = 0;
    for (int64_t end_ms = peer_now_ms() + 400; peer_now_ms() < end_ms; turns++)
        loop_turn(f->loop, 100);
    assert_true(turns < 20);
    peer_close(&peer);
}

static void refuses_with_a_status(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path, *extra, *expect;
    } cases[] = {
        { "/secret", "", "HTTP/1.1 401 Unauthorized\r\n" },
        { "/forbidden", "", "HTTP/1.1 403 Forbidden\r\n" },
        { "/odd", "", "HTTP/1.1 400 " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer peer = upgrade(f, i == 1, cases[i].path, cases[i].extra);
        assert_true(peer_wait(&peer, cases[i].expect));
        assert_true(peer_wait_eof(&peer));
        peer_close(&peer);
    }
    struct peer peer = peer_connect(f->loop, http_listener_addr(f->web));
    peer_send(&peer, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "\r\n");
    assert_true(peer_wait(&peer, "HTTP/1.1 426 Upgrade Required\r\n"));
    assert_true(peer_wait(&peer, "Sec-WebSocket-Version: 13\r\n"));
    peer_close(&peer);
    peer = peer_connect(f->loop, http_listener_addr(f->web));
    peer_send(&peer, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n");
    assert_true(peer_wait(&peer, "HTTP/1.1 400 "));
    peer_close(&peer);
    assert_int_equal(f->opened, 0);
    assert_int_equal(f->closed, 0);
}

static void pages_on_the_same_port(void **state)
{
    struct fixture *f = *state;
    struct peer peer = peer_connect(f->loop, http_listener_addr(f->web));
    peer_send(&peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(peer_wait(&peer, "page"));
    peer_forget(&peer);
    peer_send(&peer, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    assert_true(peer_wait(&peer, "HTTP/1.1 101 ")); /* on a connection kept alive */
    assert_true(peer_wait(&peer, "\r\n\r\n"));
    peer_forget(&peer);
    send_text(&peer, "x");
    expect_text(&peer, "x");
    peer_close(&peer);
}

static void frame_with_the_handshake(void **state)
{
    struct fixture *f = *state;
    struct peer peer = peer_connect(f->loop, http_listener_addr(f->web));
    static const char text[] =
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        "\x81\x82\x00\x00\x00\x00hi\x81\x83\x00\x00\x00\x00you";
    peer_send_bytes(&peer, text, sizeof text - 1);
    assert_true(peer_wait(&peer, "\x81\x02hi\x81\x03you"));
    peer_close(&peer);
}

static void messages_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    send_frame(&peer, TEXT, "one ", 4);
    send_frame(&peer, FIN | PING, "p", 1); /* control frames come in between, RFC 6455 §5.4 */
    send_frame(&peer, CONT, "", 0);
    send_frame(&peer, CONT, "two \xe2\x82", 6); /* half a character */
    peer_pass(f->loop, 20);
    send_frame(&peer, FIN | CONT, "\xac three", 7);
    struct frame pong = expect_frame(&peer, FIN | PONG, 1);
    assert_true(slice_is(pong.payload, "p"));
    memmove(peer.in, peer.in + pong.end, peer.len - pong.end + 1);
    peer.len -= pong.end;
    expect_text(&peer, "one two \xe2\x82\xac three");
    /* byte by byte */
    static const unsigned char frame[] = { 0x81, 0x83, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2, 'c' ^ 3 };
    for (size_t i = 0; i < sizeof frame; i++) {
        peer_send_bytes(&peer, frame + i, 1);
        peer_turn(&peer);
    }
    expect_text(&peer, "abc");
    peer_close(&peer);
}

static void sizes_up_to_the_limit(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = { 125, 126, 65535, 65536, WS_MAX_MESSAGE };
    char *data = mem_alloc(WS_MAX_MESSAGE + 1);
    for (size_t i = 0; i < WS_MAX_MESSAGE; i++)
        data[i] = (char)('a' + i % 26);
    struct peer peer = open_ws(f, false);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        send_frame(&peer, FIN | BINARY, data, sizes[i]);
        struct frame frame = expect_frame(&peer, FIN | BINARY, sizes[i]);
        assert_memory_equal(frame.payload.ptr, data, sizes[i]);
        peer_forget(&peer);
    }
    send_frame(&peer, FIN | BINARY, data, WS_MAX_MESSAGE + 1);
    expect_close(&peer, WS_CLOSE_TOO_BIG);
    send_frame(&peer, FIN | CLOSE, "\x03\xf1", 2);
    wait_closed(f, 1);
    assert_int_equal(f->code, WS_CLOSE_TOO_BIG);
    peer_close(&peer);

    peer = open_ws(f, false); /* the same in pieces */
    send_frame(&peer, BINARY, data, WS_MAX_MESSAGE);
    send_frame(&peer, FIN | CONT, data, 1);
    expect_close(&peer, WS_CLOSE_TOO_BIG);
    peer_close(&peer);
    wait_closed(f, 2);
    mem_free(data);
}

static void what_is_malformed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int first;
        const char *data;
        size_t len;
        int code;
    } cases[] = {
        { FIN | TEXT, "\xff\xfe", 2, WS_CLOSE_BAD_TEXT },
        { FIN | TEXT, "ab\xe2\x82", 4, WS_CLOSE_BAD_TEXT },
        { FIN | TEXT, "\xed\xa0\x80", 3, WS_CLOSE_BAD_TEXT },
        { FIN | CONT, "a", 1, WS_CLOSE_PROTOCOL },
        { FIN | 3, "a", 1, WS_CLOSE_PROTOCOL },
        { FIN | 0x40 | TEXT, "a", 1, WS_CLOSE_PROTOCOL },
        { PING, "a", 1, WS_CLOSE_PROTOCOL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer peer = open_ws(f, false);
        send_frame(&peer, cases[i].first, cases[i].data, cases[i].len);
        expect_close(&peer, cases[i].code);
        peer_close(&peer);
        wait_closed(f, (int)i + 1);
        assert_int_equal(f->code, cases[i].code);
    }
}

static void peer_closes(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    send_frame(&peer, FIN | CLOSE,
               "\x0f\xa1"
               "bye",
               5);
    expect_close(&peer, 4001);
    assert_true(peer_wait_eof(&peer));
    wait_closed(f, 1);
    assert_int_equal(f->code, 4001);
    assert_string_equal(f->reason, "bye");
    peer_close(&peer);
    peer = open_ws(f, false);
    send_frame(&peer, FIN | CLOSE, "", 0);
    assert_true(peer_wait_eof(&peer));
    wait_closed(f, 2);
    assert_int_equal(f->code, WS_CLOSE_NO_STATUS);
    peer_close(&peer);
}

static void we_close(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    send_text(&peer, "close me");
    expect_close(&peer, 4000);
    assert_non_null(memmem(peer.in, peer.len, "as you wish", 11));
    assert_int_equal(f->closed, 0);
    send_frame(&peer, FIN | CLOSE, "\x0f\xa0", 2);
    wait_closed(f, 1);
    assert_int_equal(f->code, 4000);
    assert_true(peer_wait_eof(&peer));
    peer_close(&peer);

    peer = open_ws(f, false); /* what was queued before goes out before */
    for (int i = 0; i < 50; i++)
        assert_int_equal(ws_send_text(f->ws, SLICE("queued")), OK);
    ws_close(f->ws, WS_CLOSE_NORMAL, SLICE_NONE);
    ws_close(f->ws, 4005, SLICE("not this one"));
    assert_int_equal(ws_send_text(f->ws, SLICE("x")), ERR_CLOSED);
    for (int i = 0; i < 50; i++)
        expect_text(&peer, "queued");
    expect_close(&peer, WS_CLOSE_NORMAL);
    peer_close(&peer);
    wait_closed(f, 2);

    peer = open_ws(f, false); /* a peer that does not answer */
    ws_close(f->ws, WS_CLOSE_NORMAL, SLICE_NONE);
    expect_close(&peer, WS_CLOSE_NORMAL);
    peer_pass(f->loop, 6500);
    assert_int_equal(f->closed, 3);
    peer_close(&peer);
}

static void abandoned_stays_silent(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    send_text(&peer, "abandon me");
    expect_close(&peer, WS_CLOSE_GOING_AWAY);
    send_frame(&peer, FIN | CLOSE, "\x03\xe9", 2);
    assert_true(peer_wait_eof(&peer));
    peer_close(&peer);
    peer_pass(f->loop, 50);
    assert_int_equal(f->closed, 0);
    assert_int_equal(http_server_connections(f->server), 0);
}

static void slow_readers_are_closed(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    char *data = mem_alloc(100000);
    peer.paused = true;
    enum err err = OK;
    for (int i = 0; i < 200 && !err; i++) {
        err = ws_send_binary(f->ws, slice_make(data, 100000));
        loop_turn(f->loop, 1);
    }
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(ws_send_text(f->ws, SLICE("x")), ERR_CLOSED);
    assert_int_equal(f->closed, 0);
    peer_pass(f->loop, 6000);
    assert_int_equal(f->closed, 1);
    assert_int_equal(f->code, WS_CLOSE_POLICY);
    peer_close(&peer);
    mem_free(data);
}

static void pings_and_misses_pongs(void **state)
{
    struct fixture *f = *state;
    struct peer peer = open_ws(f, false);
    struct frame ping = { 0 };
    for (int i = 0; i < 2; i++) {
        assert_true(wait_frame(&peer, 0, &ping, 3000));
        assert_int_equal(ping.first, FIN | PING);
        send_frame(&peer, FIN | PONG, ping.payload.ptr, ping.payload.len);
        peer_forget(&peer);
    }
    assert_int_equal(f->closed, 0);
    assert_true(peer_wait_eof_ms(&peer, 6000)); /* no pong any more */
    wait_closed(f, 1);
    assert_int_equal(f->code, WS_CLOSE_ABNORMAL);
    peer_close(&peer);
}

static void hundred_sockets(void **state)
{
    struct fixture *f = *state;
    enum { N = 100 };
    struct peer peers[N];
    for (int i = 0; i < N; i++) {
        peers[i] = upgrade(f, i % 10 == 0, "/", i % 2 ? "Sec-WebSocket-Protocol: sip\r\n" : "");
        assert_true(peer_wait(&peers[i], "\r\n\r\n"));
        peer_forget(&peers[i]);
    }
    for (int i = 0; i < N; i++) {
        char text[20];
        snprintf(text, sizeof text, "I am %d", i);
        send_text(&peers[i], text);
    }
    for (int i = 0; i < N; i++) {
        char text[20];
        snprintf(text, sizeof text, "I am %d", i);
        expect_text(&peers[i], text);
        peer_close(&peers[i]);
    }
    wait_closed(f, N);
    assert_int_equal(f->opened, N);
}

static void on_stopped(void *owner)
{
    struct fixture *f = owner;
    f->stopped = true;
}

static void stop_closes_with_1001(void **state)
{
    struct fixture *f = *state;
    size_t fds = peer_count_fds();
    struct peer one = open_ws(f, false), two = open_ws(f, true);
    http_server_stop(f->server, on_stopped, f);
    expect_close(&one, WS_CLOSE_GOING_AWAY);
    expect_close(&two, WS_CLOSE_GOING_AWAY);
    send_frame(&one, FIN | CLOSE, "\x03\xe9", 2);
    send_frame(&two, FIN | CLOSE, "\x03\xe9", 2);
    int64_t from_ms = peer_now_ms();
    for (int i = 0; i < 1000 && !f->stopped; i++)
        loop_turn(f->loop, 5);
    assert_true(f->stopped);
    assert_true(peer_now_ms() - from_ms < 1000);
    assert_int_equal(f->closed, 2);
    peer_close(&one);
    peer_close(&two);
    assert_true(peer_count_fds() < fds);
}

static void destroy_calls_nobody(void **state)
{
    size_t fds = peer_count_fds();
    setup(state);
    struct fixture *f = *state;
    struct peer one = open_ws(f, false), two = open_ws(f, true);
    http_server_destroy(f->server);
    f->server = NULL;
    assert_int_equal(f->closed, 0);
    peer_close(&one);
    peer_close(&two);
    teardown(state);
    assert_int_equal(peer_count_fds(), fds);
}

#define WITH(name, how) cmocka_unit_test_setup_teardown(name, how, teardown)

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        WITH(upgrades_and_echoes, setup),
        WITH(speaks_over_tls, setup),
        WITH(subprotocols, setup),
        WITH(extensions_are_declined, setup),
        WITH(silence_costs_nothing, setup),
        WITH(refuses_with_a_status, setup),
        WITH(pages_on_the_same_port, setup),
        WITH(frame_with_the_handshake, setup),
        WITH(messages_in_pieces, setup),
        WITH(sizes_up_to_the_limit, setup),
        WITH(what_is_malformed, setup),
        WITH(peer_closes, setup),
        WITH(we_close, setup),
        WITH(abandoned_stays_silent, setup),
        WITH(slow_readers_are_closed, setup),
        WITH(pings_and_misses_pongs, setup_pings),
        WITH(hundred_sockets, setup),
        WITH(stop_closes_with_1001, setup),
        cmocka_unit_test(destroy_calls_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
