/* SIP over WebSocket (RFC 7118): a browser's frames by hand, on a real listener. */
#include "test_stream.h"

#include "net/test_ws.h"
#include "sip_ws.h"

struct scene {
    struct fixture http; /* of net's tests: a server with a plain and a TLS listener */
    struct node node;
    struct sip_registrar *registrar;
};

static void on_sip_request(void *owner, const struct ws_request *request, struct ws_answer *answer)
{
    sip_ws_accept(((struct scene *)owner)->node.agent, request, answer);
}

static const struct ws_server_events sip_server_events = { on_sip_request };

static void on_flow_closed(void *owner, const struct sip_flow *flow)
{
    struct scene *s = LIST_ITEM(owner, struct scene, node);
    node_on_closed(&s->node, flow);
    sip_registrar_flow_closed(s->registrar, flow);
}

static const struct sip_agent_events scene_events = {
    .on_wire = node_on_wire,
    .on_flow_closed = on_flow_closed,
};

static int open_scene(void **state)
{
    struct scene *s = mem_new(struct scene);
    struct fixture *f = &s->http;
    struct sip_agent_config config = { .server = SLICE("test") };
    struct sip_registrar_config rules = { 0 };
    f->loop = loop_create();
    s->node = (struct node){ .loop = f->loop };
    s->node.agent = sip_agent_create(f->loop, &config, &scene_events, &s->node);
    s->registrar = sip_registrar_create(f->loop, &rules, NULL, NULL);
    sip_agent_handle(s->node.agent, SLICE("REGISTER"), sip_registrar_handle, s->registrar);
    f->server = http_server_create(f->loop, NULL, &http_events, f);
    ws_server_attach(f->server, &sip_server_events, s);
    struct http_listener_config web = { .name = "web", .bind = addr_loopback4(0) };
    assert_int_equal(http_server_listen(f->server, &web, &f->web, NULL), OK);
    peer_make_certificate("localhost", &f->cert, &f->key);
    web.tls = true;
    web.cert_pem = f->cert;
    web.key_pem = f->key;
    assert_int_equal(http_server_listen(f->server, &web, &f->tls, NULL), OK);
    *state = s;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *s = *state;
    sip_registrar_destroy(s->registrar);
    node_destroy(&s->node);
    http_server_destroy(s->http.server);
    loop_destroy(s->http.loop);
    mem_free(s->http.cert);
    mem_free(s->http.key);
    mem_free(s);
    return 0;
}

static struct peer open_sip(struct scene *s, bool tls)
{
    struct peer peer = upgrade(&s->http, tls, "//ws/", "Sec-WebSocket-Protocol: chat, sip\r\n");
    assert_true(peer_wait(&peer, "\r\n\r\n"));
    assert_non_null(strstr(peer.in, "HTTP/1.1 101 "));
    assert_non_null(strcasestr(peer.in, "sec-websocket-protocol: sip\r\n"));
    peer_forget(&peer);
    return peer;
}

/* The payload of the next frame as text, which is taken out of what came. */
static const char *next_text(struct peer *peer)
{
    static char text[4000];
    struct frame frame = { 0 };
    if (!wait_frame(peer, 0, &frame, PEER_WAIT_MS))
        fail_msg("no frame, %zu bytes came, eof=%d", peer->len, peer->eof);
    assert_int_equal(frame.first, FIN | TEXT);
    assert_true(slice_copy(frame.payload, text, sizeof text));
    memmove(peer->in, peer->in + frame.end, peer->len - frame.end + 1);
    peer->len -= frame.end;
    return text;
}

static void say_register(struct peer *peer, const char *via, unsigned number)
{
    char text[1000];
    wire_request(text, sizeof text, "REGISTER", via, number,
                 "Contact: <sip:c@abc.invalid;transport=ws>;expires=600\r\n");
    send_text(peer, text);
}

static void an_upgrade_without_sip_is_refused(void **state)
{
    struct scene *s = *state;
    struct peer peer = upgrade(&s->http, false, "/", "");
    assert_true(peer_wait(&peer, "HTTP/1.1 400 "));
    peer_close(&peer);
    peer = upgrade(&s->http, false, "/", "Sec-WebSocket-Protocol: SIP\r\n");
    assert_true(peer_wait(&peer, "HTTP/1.1 400 "));
    peer_close(&peer);
}

static void requests_are_answered_in_frames(void **state)
{
    struct scene *s = *state;
    for (int tls = 0; tls < 2; tls++) {
        char text[1000];
        struct peer peer = open_sip(s, tls);
        const char *via = tls ? "WSS abc.invalid" : "WS abc.invalid";
        send_text(&peer, wire_request(text, sizeof text, "OPTIONS", via, 1, ""));
        assert_memory_equal(next_text(&peer), "SIP/2.0 200 OK\r\n", 16);
        assert_int_equal(s->node.flow.kind, tls ? SIP_WSS : SIP_WS);
        assert_true(s->node.flow.accepted);
        wire_request(text, sizeof text, "OPTIONS", via, 2, "");
        send_frame(&peer, FIN | BINARY, text, strlen(text));
        assert_non_null(strstr(next_text(&peer), "call-2"));
        peer_close(&peer);
    }
}

static void keepalives_are_frames(void **state)
{
    struct scene *s = *state;
    struct peer peer = open_sip(s, false);
    send_text(&peer, "\r\n\r\n");
    assert_string_equal(next_text(&peer), "\r\n"); /* RFC 7118 §6 */
    send_text(&peer, "\r\n");
    send_text(&peer, "\r\n\r\n");
    assert_string_equal(next_text(&peer), "\r\n");
    peer_close(&peer);
}

static void calls_go_back_by_the_socket_whatever_the_contact(void **state)
{
    struct scene *s = *state;
    const struct sip_binding *list[2];
    struct peer peer = open_sip(s, true);
    say_register(&peer, "WSS abc.invalid", 1);
    assert_non_null(strstr(next_text(&peer), "<sip:c@abc.invalid;transport=ws>;expires=600"));
    assert_int_equal(sip_registrar_lookup(s->registrar, SLICE("bob@example.com"), list, 2), 1);
    struct sip_flow flow = list[0]->flow;
    struct sip_hop hop = { .kind = flow.kind, .addr = flow.remote, .flow = flow };
    node_ask_with(&s->node, &hop, "OPTIONS", SLICE_NONE);
    const char *came = next_text(&peer);
    char want[100];
    snprintf(want, sizeof want, "\r\nVia: SIP/2.0/WSS 127.0.0.1:%u;rport;branch=",
             addr_port(http_listener_addr(s->http.tls)));
    assert_non_null(strstr(came, want));
    snprintf(want, sizeof want, "\r\nContact: <sip:alice@127.0.0.1:%u;transport=ws>\r\n",
             addr_port(http_listener_addr(s->http.tls)));
    assert_non_null(strstr(came, want));
    /* its answer */
    char text[2000];
    struct buf out = BUF_ON(text);
    struct sip_msg *request = NULL;
    size_t used = 0;
    assert_int_equal(sip_msg_parse(&request, slice_of(came), &used), OK);
    struct sip_build b;
    sip_build_response(&b, &out, request, 200, NULL, SLICE("t"), NULL);
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
    sip_msg_unref(request);
    send_text(&peer, buf_cstr(&out));
    assert_int_equal(node_wait(&s->node), 200);
    peer_close(&peer);
}

static void the_end_of_the_socket_ends_flow_request_and_binding(void **state)
{
    struct scene *s = *state;
    struct peer peer = open_sip(s, false);
    say_register(&peer, "WS abc.invalid", 1);
    next_text(&peer);
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    struct sip_flow flow = s->node.flow;
    struct sip_hop hop = { .kind = flow.kind, .addr = flow.remote, .flow = flow };
    node_ask_with(&s->node, &hop, "OPTIONS", SLICE_NONE);
    next_text(&peer);
    peer_close(&peer);
    assert_int_equal(node_wait(&s->node), 503);
    assert_int_equal(s->node.err, ERR_CLOSED);
    assert_memory_equal(s->node.text, "the WebSocket of 127.0.0.1:", 27);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
    assert_int_equal(s->node.closed, 1);
    node_ask_with(&s->node, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->node), 503);
    assert_non_null(strstr(s->node.text, "the WS connection to 127.0.0.1:"));
}

static void what_is_no_sip_is_closed(void **state)
{
    struct scene *s = *state;
    struct peer peer = open_sip(s, false);
    send_text(&peer, "{\"type\":\"hello\"}");
    expect_close(&peer, WS_CLOSE_UNSUPPORTED);
    peer_close(&peer);
    peer = open_sip(s, false);
    char text[1000]; /* SIP, but malformed: told, and not closed */
    send_text(&peer, wire_request(text, sizeof text, "OPTIONS", "WS x", 1, "Max-Forwards: x\r\n"));
    assert_memory_equal(next_text(&peer), "SIP/2.0 400 ", 12);
    send_text(&peer, wire_request(text, sizeof text, "OPTIONS", "WS x", 2, ""));
    assert_memory_equal(next_text(&peer), "SIP/2.0 200 ", 12);
    peer_close(&peer);
}

static void bytes_that_are_no_text_go_in_a_binary_frame(void **state)
{
    struct scene *s = *state;
    struct peer peer = open_sip(s, false);
    send_text(&peer, "\r\n\r\n");
    next_text(&peer);
    char text[1000];
    send_text(&peer, wire_request(text, sizeof text, "OPTIONS", "WS x", 1, ""));
    next_text(&peer);
    struct sip_flow flow = s->node.flow;
    struct sip_hop hop = { .kind = flow.kind, .addr = flow.remote, .flow = flow };
    node_ask_with(&s->node, &hop, "OPTIONS", SLICE("\xff\xfe"));
    struct frame frame = { 0 };
    assert_true(wait_frame(&peer, 0, &frame, PEER_WAIT_MS));
    assert_int_equal(frame.first, FIN | BINARY);
    peer_forget(&peer);
    sip_request_destroy(s->node.request);
    node_ask_with(&s->node, &hop, "OPTIONS", SLICE("gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\x9e"));
    assert_true(wait_frame(&peer, 0, &frame, PEER_WAIT_MS));
    assert_int_equal(frame.first, FIN | TEXT);
    peer_close(&peer);
}

static void the_agent_may_go_before_its_sockets(void **state)
{
    (void)state;
    void *scene;
    open_scene(&scene);
    struct scene *s = scene;
    struct peer peer = open_sip(s, false);
    say_register(&peer, "WS abc.invalid", 1);
    next_text(&peer);
    sip_registrar_destroy(s->registrar);
    node_destroy(&s->node);
    s->registrar = NULL;
    expect_close(&peer, WS_CLOSE_GOING_AWAY);
    peer_close(&peer);
    node_create(&s->node, s->http.loop);
    close_scene(&scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(an_upgrade_without_sip_is_refused),
        TEST(requests_are_answered_in_frames),
        TEST(keepalives_are_frames),
        TEST(calls_go_back_by_the_socket_whatever_the_contact),
        TEST(the_end_of_the_socket_ends_flow_request_and_binding),
        TEST(what_is_no_sip_is_closed),
        TEST(bytes_that_are_no_text_go_in_a_binary_frame),
        cmocka_unit_test(the_agent_may_go_before_its_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
