/* SIP over TCP on loopback: agents with each other, and against peers that write by hand. */
#include "test_stream.h"

#include "sip_register.h"

struct scene {
    struct loop *loop;
    struct node a, b;
};

static int setup(void **state)
{
    struct scene *s = mem_new(struct scene);
    s->loop = loop_create();
    node_create(&s->a, s->loop);
    node_create(&s->b, s->loop);
    node_listen(&s->a, SIP_TCP, "127.0.0.1:0");
    node_listen(&s->b, SIP_TCP, "127.0.0.1:0");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    node_destroy(&s->a);
    node_destroy(&s->b);
    loop_destroy(s->loop);
    mem_free(s);
    return 0;
}

static void a_request_connects_and_is_answered_on_its_connection(void **state)
{
    struct scene *s = *state;
    char want[200];
    node_ask(&s->a, SIP_TCP, &s->b.at, "OPTIONS");
    assert_int_equal(node_wait(&s->a), 200);
    snprintf(want, sizeof want, "SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bK",
             addr_port(&s->a.at));
    assert_memory_equal(s->b.via, want, strlen(want));
    snprintf(want, sizeof want, "<sip:alice@127.0.0.1:%u;transport=tcp>", addr_port(&s->a.at));
    assert_string_equal(s->b.contact, want);
    assert_true(s->b.flow.accepted && s->b.flow.conn && s->b.flow.generation);
    assert_true(addr_eq(&s->b.flow.local, &s->b.at));
    assert_false(s->a.flow.accepted);
    assert_true(addr_eq(&s->a.flow.local, &s->b.flow.remote));
}

static void a_connection_is_used_again(void **state)
{
    struct scene *s = *state;
    node_ask(&s->a, SIP_TCP, &s->b.at, "OPTIONS");
    assert_int_equal(node_wait(&s->a), 200);
    struct sip_flow first = s->b.flow;
    node_ask(&s->a, SIP_TCP, &s->b.at, "OPTIONS");
    assert_int_equal(node_wait(&s->a), 200);
    assert_int_equal(s->b.flow.conn, first.conn);
    assert_true(addr_eq(&s->b.flow.remote, &first.remote));
    /* back by the very flow, which is no listener's port */
    struct sip_hop hop = { .kind = SIP_TCP, .addr = first.remote, .flow = first };
    node_ask_with(&s->b, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->b), 200);
    assert_true(addr_eq(&s->b.flow.remote, &first.remote));
}

static void a_refusal_is_told_at_once(void **state)
{
    struct scene *s = *state;
    struct addr nobody = s->b.at;
    char where[ADDR_TEXT];
    char want[200];
    node_destroy(&s->b);
    loop_turn(s->loop, 5);
    int64_t start_ms = peer_now_ms();
    node_ask(&s->a, SIP_TCP, &nobody, "OPTIONS");
    assert_int_equal(node_wait(&s->a), 503);
    assert_true(peer_now_ms() - start_ms < 1000);
    assert_int_equal(s->a.err, ERR_REFUSED);
    snprintf(want, sizeof want, "cannot connect to %s over TCP: Connection refused",
             addr_print(&nobody, where));
    assert_string_equal(s->a.text, want);
    node_create(&s->b, s->loop);
}

static void the_end_of_a_connection_fails_what_waits_on_it(void **state)
{
    struct scene *s = *state;
    node_ask(&s->a, SIP_TCP, &s->b.at, "HOLD");
    WAIT_FOR(s->loop, s->b.txn);
    node_destroy(&s->b);
    assert_int_equal(node_wait(&s->a), 503);
    assert_int_equal(s->a.err, ERR_CLOSED);
    assert_non_null(strstr(s->a.text, "closed the TCP connection"));
    assert_int_equal(s->a.closed, 1);
    assert_false(s->a.closed_flow.accepted);
    node_create(&s->b, s->loop);
}

static void a_flow_that_is_gone_finds_nobody(void **state)
{
    struct scene *s = *state;
    char text[800];
    struct peer peer = peer_connect(s->loop, &s->b.at);
    peer_send(&peer, wire_request(text, sizeof text, "OPTIONS", "TCP x.invalid", 1, ""));
    assert_true(peer_wait(&peer, "SIP/2.0 200 OK"));
    struct sip_flow gone = s->b.flow;
    peer_close(&peer);
    WAIT_FOR(s->loop, s->b.closed);
    assert_int_equal(s->b.closed_flow.conn, gone.conn);
    /* another one takes its number, but not its generation */
    peer = peer_connect(s->loop, &s->b.at);
    peer_send(&peer, wire_request(text, sizeof text, "OPTIONS", "TCP x.invalid", 2, ""));
    assert_true(peer_wait(&peer, "SIP/2.0 200 OK"));
    assert_int_equal(s->b.flow.conn, gone.conn);
    assert_int_not_equal(s->b.flow.generation, gone.generation);
    struct sip_hop hop = { .kind = SIP_TCP, .addr = gone.remote, .flow = gone };
    peer_forget(&peer);
    node_ask_with(&s->b, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->b), 503);
    assert_int_equal(s->b.err, ERR_CLOSED);
    assert_non_null(strstr(s->b.text, "the TCP connection to 127.0.0.1:"));
    assert_int_equal(peer.len, 0);
    peer_close(&peer);
}

static void a_flow_that_is_gone_is_replaced_when_there_is_an_address(void **state)
{
    struct scene *s = *state;
    node_ask(&s->a, SIP_TCP, &s->b.at, "OPTIONS");
    assert_int_equal(node_wait(&s->a), 200);
    struct sip_flow gone = s->b.flow;
    gone.generation += 7;
    struct sip_hop hop = { .kind = SIP_TCP, .addr = s->a.at, .flow = gone };
    node_ask_with(&s->b, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->b), 200);
    assert_true(addr_eq(&s->b.flow.remote, &s->a.at));
}

static void messages_come_in_any_pieces(void **state)
{
    struct scene *s = *state;
    char one[800], two[800];
    struct peer peer = peer_connect(s->loop, &s->b.at);
    wire_request(one, sizeof one, "OPTIONS", "TCP x.invalid", 1, "");
    for (size_t i = 0; i < strlen(one); i++) {
        peer_send_bytes(&peer, one + i, 1);
        if (i % 50 == 0)
            loop_turn(s->loop, 1);
    }
    assert_true(peer_wait(&peer, "call-1"));
    snprintf(two, sizeof two, "%s", wire_request(one, sizeof one, "OPTIONS", "TCP y", 2, ""));
    wire_request(one, sizeof one, "OPTIONS", "TCP y", 3, "");
    char both[1700];
    snprintf(both, sizeof both, "%s\r\n%s", two, one);
    peer_send(&peer, both);
    assert_true(peer_wait(&peer, "call-2") && peer_wait(&peer, "call-3"));
    assert_int_equal(s->b.messages, 3);
    peer_close(&peer);
}

static void keepalives_are_answered(void **state)
{
    struct scene *s = *state;
    struct peer peer = peer_connect(s->loop, &s->b.at);
    peer_send(&peer, "\r\n\r\n");
    assert_true(peer_wait_len(&peer, 2));
    assert_string_equal(peer.in, "\r\n");
    peer_send(&peer, "\r\n");
    peer_pass(s->loop, 30);
    peer_send(&peer, "\r\n");
    assert_true(peer_wait_len(&peer, 4));
    assert_string_equal(peer.in, "\r\n\r\n");
    peer_close(&peer);
}

static void a_malformed_request_is_answered_and_the_next_one_read(void **state)
{
    struct scene *s = *state;
    char text[800];
    struct peer peer = peer_connect(s->loop, &s->b.at);
    peer_send(&peer, wire_request(text, sizeof text, "OPTIONS", "TCP y", 1, "Max-Forwards: x\r\n"));
    assert_true(peer_wait(&peer, "SIP/2.0 400 "));
    peer_send(&peer, wire_request(text, sizeof text, "OPTIONS", "TCP y", 2, ""));
    assert_true(peer_wait(&peer, "SIP/2.0 200 "));
    peer_close(&peer);
}

static void garbage_is_closed(void **state)
{
    struct scene *s = *state;
    static const char *const rows[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02",
                                        "hello\r\n\r\n",
                                        "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" };
    for (size_t i = 0; i < 4; i++) {
        struct peer peer = peer_connect(s->loop, &s->b.at);
        peer_send(&peer, rows[i]);
        assert_true(peer_wait_eof(&peer));
        assert_int_equal(peer.len, 0);
        peer_close(&peer);
    }
    assert_int_equal(s->b.messages, 0);
    assert_int_equal(s->b.closed, 4);
}

/* A request whose header ends in `length` is refused with `expect`, and that is the end. */
static void expect_last_words(struct scene *s, const char *length, const char *expect)
{
    struct peer peer = peer_connect(s->loop, &s->b.at);
    char text[1000];
    struct buf out = BUF_ON(text);
    wire_request(text, sizeof text, "OPTIONS", "TCP y", 1, "");
    out.len = strlen(text) - strlen("Content-Length: 0\r\n\r\n");
    buf_printf(&out, "%s\r\n", length);
    peer_send(&peer, buf_cstr(&out));
    assert_true(peer_wait(&peer, expect));
    assert_true(peer_wait_eof(&peer));
    peer_close(&peer);
}

static void too_large_is_said_before_closing(void **state)
{
    expect_last_words(*state, "Content-Length: 99999\r\n", "SIP/2.0 513 ");
}

/* Where the message ends nobody can know, but its sender can know what is wrong. */
static void a_missing_length_is_said_before_closing(void **state)
{
    expect_last_words(*state, "", "SIP/2.0 400 Bad Request: no Content-Length");
}

static void a_large_message_passes_both_ways(void **state)
{
    struct scene *s = *state;
    char *large = mem_alloc(60000);
    memset(large, 'x', 60000);
    struct sip_hop hop = { .kind = SIP_TCP, .addr = s->b.at };
    node_ask_with(&s->a, &hop, "OPTIONS", slice_make(large, 60000));
    assert_int_equal(node_wait(&s->a), 200);
    mem_free(large);
}

static void a_response_whose_connection_is_gone_goes_by_a_new_one(void **state)
{
    struct scene *s = *state;
    char text[800], via[60];
    snprintf(via, sizeof via, "TCP 127.0.0.1:%u", addr_port(&s->a.at));
    struct peer peer = peer_connect(s->loop, &s->b.at);
    peer_send(&peer, wire_request(text, sizeof text, "HOLD", via, 1, ""));
    for (int i = 0; i < 400 && !s->b.txn; i++)
        peer_turn(&peer);
    peer_close(&peer);
    WAIT_FOR(s->loop, s->b.closed);
    sip_txn_reply_status(s->b.txn, 202);
    WAIT_FOR(s->loop, s->a.messages); /* at the Via's port: RFC 3261 §18.2.2 */
    assert_true(s->a.flow.accepted);
    assert_memory_equal(s->a.via, "SIP/2.0/TCP 127.0.0.1:", 22);
}

static void large_requests_leave_udp_and_come_back_when_they_must(void **state)
{
    struct scene *s = *state;
    char body[1400];
    char same[ADDR_TEXT];
    struct node c, d;
    memset(body, 'x', sizeof body);
    node_create(&c, s->loop);
    node_create(&d, s->loop);
    node_listen(&c, SIP_UDP, "127.0.0.1:0");
    node_listen(&c, SIP_TCP, "127.0.0.1:0");
    node_listen(&d, SIP_UDP, "127.0.0.1:0");
    struct sip_hop hop = { .kind = SIP_UDP, .addr = d.at };
    /* nobody is there by TCP */
    node_ask_with(&c, &hop, "OPTIONS", slice_make(body, sizeof body));
    assert_int_equal(node_wait(&c), 200);
    assert_int_equal(d.flow.kind, SIP_UDP);
    assert_memory_equal(d.via, "SIP/2.0/UDP ", 12);
    node_listen(&d, SIP_TCP, addr_print(&d.at, same));
    node_ask_with(&c, &hop, "OPTIONS", slice_make(body, sizeof body));
    assert_int_equal(node_wait(&c), 200);
    assert_int_equal(d.flow.kind, SIP_UDP); /* it is remembered */
    /* somebody is */
    node_listen(&s->b, SIP_UDP, addr_print(&s->b.at, same));
    hop.addr = s->b.at;
    node_ask_with(&c, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&c), 200);
    assert_int_equal(s->b.flow.kind, SIP_UDP);
    node_ask_with(&c, &hop, "OPTIONS", slice_make(body, sizeof body));
    assert_int_equal(node_wait(&c), 200);
    assert_int_equal(s->b.flow.kind, SIP_TCP);
    assert_memory_equal(s->b.via, "SIP/2.0/TCP ", 12);
    assert_non_null(strstr(s->b.contact, "transport=tcp"));
    node_destroy(&c);
    node_destroy(&d);
}

static void one_can_call_out_without_listening(void **state)
{
    struct scene *s = *state;
    struct node c;
    struct addr any = addr_any4(0);
    node_create(&c, s->loop);
    assert_int_equal(sip_tcp_dial_only(c.agent, SIP_TCP, &any), OK);
    node_ask(&c, SIP_TCP, &s->b.at, "OPTIONS");
    assert_int_equal(node_wait(&c), 200);
    /* the connection's own port: who looks for it by the Contact's address finds it */
    char want[100];
    snprintf(want, sizeof want, "<sip:alice@127.0.0.1:%u;transport=tcp>",
             addr_port(&s->b.flow.remote));
    assert_string_equal(s->b.contact, want);
    node_destroy(&c);
}

static void on_registered(void *owner, struct sip_register *reg, enum sip_register_state state,
                          int status, const char *text)
{
    (void)reg;
    (void)status;
    (void)text;
    *(unsigned *)owner += state == SIP_REGISTER_ON;
}

static const struct sip_register_events register_events = { .on_state = on_registered };

static void a_registration_follows_its_connection(void **state)
{
    struct scene *s = *state;
    char text[800];
    unsigned times = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct addr bind_to = addr_loopback4(0);
    socklen_t len = sizeof bind_to;
    assert_int_equal(bind(fd, &bind_to.sa, addr_len(&bind_to)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, &bind_to.sa, &len), 0);
    struct sip_register_config config = { .registrar_uri = SLICE("sip:example.com"),
                                          .aor = SLICE("sip:alice@example.com"),
                                          .contact_user = SLICE("alice"),
                                          .hop = { .kind = SIP_TCP, .addr = bind_to } };
    struct sip_register *reg = sip_register_create(s->a.agent, &config, &register_events, &times);
    sip_register_start(reg);
    for (unsigned round = 1; round <= 2; round++) {
        struct peer peer = { .loop = s->loop, .in = mem_alloc(PEER_BUFFER + 1), .fd = -1 };
        WAIT_FOR(s->loop, (peer.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0);
        assert_true(peer_wait(&peer, "Content-Length: 0\r\n\r\n"));
        struct sip_msg *msg = NULL;
        size_t used = 0;
        struct buf out = BUF_ON(text);
        struct sip_build b;
        assert_int_equal(sip_msg_parse(&msg, slice_make(peer.in, peer.len), &used), OK);
        sip_build_response(&b, &out, msg, 200, NULL, SLICE("t"), NULL);
        sip_build_text(&b, SIP_H_EXPIRES, "3600");
        assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
        sip_msg_unref(msg);
        peer_send(&peer, buf_cstr(&out));
        WAIT_FOR(s->loop, times == round);
        peer_close(&peer);
    }
    sip_register_destroy(reg);
    close(fd);
}

static void nothing_is_left_open(void **state)
{
    (void)state;
    size_t fds = peer_count_fds();
    for (int i = 0; i < 5; i++) {
        void *scene;
        setup(&scene);
        struct scene *s = scene;
        node_ask(&s->a, SIP_TCP, &s->b.at, "OPTIONS");
        assert_int_equal(node_wait(&s->a), 200);
        node_ask(&s->b, SIP_TCP, &s->a.at, "HOLD");
        loop_turn(s->loop, 5);
        teardown(&scene);
    }
    assert_int_equal(peer_count_fds(), fds);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_connects_and_is_answered_on_its_connection),
        TEST(a_connection_is_used_again),
        TEST(a_refusal_is_told_at_once),
        TEST(the_end_of_a_connection_fails_what_waits_on_it),
        TEST(a_flow_that_is_gone_finds_nobody),
        TEST(a_flow_that_is_gone_is_replaced_when_there_is_an_address),
        TEST(messages_come_in_any_pieces),
        TEST(keepalives_are_answered),
        TEST(a_malformed_request_is_answered_and_the_next_one_read),
        TEST(garbage_is_closed),
        TEST(too_large_is_said_before_closing),
        TEST(a_missing_length_is_said_before_closing),
        TEST(a_large_message_passes_both_ways),
        TEST(a_response_whose_connection_is_gone_goes_by_a_new_one),
        TEST(large_requests_leave_udp_and_come_back_when_they_must),
        TEST(one_can_call_out_without_listening),
        TEST(a_registration_follows_its_connection),
        cmocka_unit_test(nothing_is_left_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
