/* Our client and our server over loopback, plain and TLS, and a server that misbehaves. */
#include "net/test_ws.h"

#include "base/file.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "net/ws_client.h"

struct seen {
    struct ws_client *client;
    int opened, texts, closed;
    char text[64];
    struct ws_client_end end;
    char why[400];
    bool destroys_on_text, destroys_on_close;
};

static void seen_open(void *owner, struct ws_client *client)
{
    struct seen *seen = owner;
    assert_ptr_equal(client, seen->client);
    assert_true(ws_client_is_open(client));
    seen->opened++;
}

static void seen_text(void *owner, struct ws_client *client, struct slice text)
{
    struct seen *seen = owner;
    seen->texts++;
    slice_copy(slice_sub(text, 0, 60), seen->text, sizeof seen->text);
    if (seen->destroys_on_text) {
        ws_client_destroy(client);
        seen->client = NULL;
    }
}

static void seen_close(void *owner, struct ws_client *client, const struct ws_client_end *end)
{
    struct seen *seen = owner;
    seen->closed++;
    seen->end = *end;
    snprintf(seen->why, sizeof seen->why, "%s", end->text);
    assert_int_equal(ws_client_send(client, SLICE("too late")), ERR_CLOSED);
    if (seen->destroys_on_close) {
        ws_client_destroy(client);
        seen->client = NULL;
    }
}

static const struct ws_client_events seen_events = { seen_open, seen_text, seen_close };

static void start(struct fixture *f, struct seen *seen, struct ws_client_config *config)
{
    if (!addr_is_set(&config->remote))
        config->remote = *http_listener_addr(config->tls ? f->tls : f->web);
    if (!config->host.len)
        config->host = SLICE("localhost");
    seen->client = ws_client_connect(f->loop, config, &seen_events, seen);
    assert_int_equal(seen->opened + seen->closed, 0); /* never from inside */
}

static void wait_for(struct fixture *f, const int *value, int at_least)
{
    for (int i = 0; i < 1000 && *value < at_least; i++)
        loop_turn(f->loop, 10);
    assert_true(*value >= at_least);
}

static void says_and_hears(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { 0 };
    const struct http_header extra = { SLICE("X-Thing"), SLICE("yes") };
    struct ws_client_config config = { .target = SLICE("/a?token=b%20c"),
                                       .host = SLICE("example"),
                                       .port = 8443,
                                       .headers = &extra,
                                       .n_headers = 1 };
    start(f, &seen, &config);
    assert_int_equal(ws_client_send(seen.client, SLICE("early")), ERR_MISUSE);
    wait_for(f, &seen.opened, 1);
    assert_string_equal(f->asked,
                        "path=/a token=b c origin= host=example:8443 x=yes peer=127.0.0.1");
    assert_int_equal(ws_client_send(seen.client, SLICE("hello")), OK);
    wait_for(f, &seen.texts, 1);
    assert_string_equal(seen.text, "hello");
    char *large = mem_alloc(100000);
    memset(large, 'x', 100000);
    assert_int_equal(ws_client_send(seen.client, slice_make(large, 100000)), OK);
    wait_for(f, &seen.texts, 2);
    mem_free(large);
    ws_client_close(seen.client, 1000, SLICE("done"));
    wait_for(f, &seen.closed, 1);
    assert_int_equal(seen.end.err, OK);
    assert_int_equal(seen.end.code, 1000);
    wait_closed(f, 1);
    assert_int_equal(f->code, 1000);
    assert_string_equal(f->reason, "done");
    ws_client_destroy(seen.client);
}

static void destroyed_inside(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { .destroys_on_text = true };
    struct ws_client_config config = { 0 };
    start(f, &seen, &config);
    wait_for(f, &seen.opened, 1);
    assert_int_equal(ws_client_send(seen.client, SLICE("one")), OK);
    assert_int_equal(ws_client_send(seen.client, SLICE("two")), OK);
    wait_for(f, &seen.texts, 1);
    wait_closed(f, 1);
    assert_int_equal(seen.texts, 1);
    assert_int_equal(seen.closed, 0);
    assert_int_equal(f->code, 1000);
}

static void closed_by_the_server(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { .destroys_on_close = true };
    struct ws_client_config config = { 0 };
    start(f, &seen, &config);
    wait_for(f, &seen.opened, 1);
    assert_int_equal(ws_client_send(seen.client, SLICE("close me")), OK);
    wait_for(f, &seen.closed, 1);
    assert_int_equal(seen.end.err, OK);
    assert_int_equal(seen.end.code, 4000);
    assert_non_null(strstr(seen.why, "as you wish"));
}

static void refused_with_a_status(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { .destroys_on_close = true };
    struct ws_client_config config = { .target = SLICE("/secret") };
    start(f, &seen, &config);
    wait_for(f, &seen.closed, 1);
    assert_int_equal(seen.opened, 0);
    assert_int_equal(seen.end.err, ERR_REFUSED);
    assert_int_equal(seen.end.status, 401);
}

static void subprotocol_must_be_agreed(void **state)
{
    struct fixture *f = *state;
    struct seen good = { .destroys_on_close = true }, bad = { .destroys_on_close = true };
    struct ws_client_config config = { .protocol = SLICE("sip") };
    start(f, &good, &config);
    wait_for(f, &good.opened, 1);
    ws_client_destroy(good.client);
    config.protocol = SLICE("other"); /* the server takes none */
    start(f, &bad, &config);
    wait_for(f, &bad.closed, 1);
    assert_int_equal(bad.end.err, ERR_UNSUPPORTED);
}

static void tls_is_verified(void **state)
{
    struct fixture *f = *state;
    struct seen good = { .destroys_on_close = true }, bad = { .destroys_on_close = true };
    struct tls_context *trusting = NULL, *strict = NULL;
    struct tls_client_config ca = { .ca_file = "/tmp/ws_client_test.pem" }, none = { 0 };
    char file[80];
    snprintf(file, sizeof file, "/tmp/ws_client_test.%d.pem", (int)getpid());
    ca.ca_file = file;
    assert_int_equal(file_write_private(file, slice_of(f->cert), NULL), OK);
    assert_int_equal(tls_context_create_client(&trusting, &ca, NULL), OK);
    assert_int_equal(tls_context_create_client(&strict, &none, NULL), OK);
    unlink(file);
    struct ws_client_config config = { .tls = trusting, .host = SLICE("localhost") };
    start(f, &good, &config);
    wait_for(f, &good.opened, 1);
    ws_client_destroy(good.client);
    config.tls = strict;
    start(f, &bad, &config);
    wait_for(f, &bad.closed, 1);
    assert_int_equal(bad.end.err, ERR_AUTH);
    assert_int_equal(bad.opened, 0);
    tls_context_destroy(trusting);
    tls_context_destroy(strict);
}

/* ---- a server of a few bytes ---- */

struct crude {
    struct tcp_listener *listener;
    struct tcp *tcp;
    struct slice answer; /* to whatever comes first */
    bool answered;
};

static void crude_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    struct crude *crude = owner;
    (void)bytes;
    if (!crude->answered && crude->answer.len)
        (void)!tcp_send(tcp, crude->answer);
    crude->answered = true;
}

static void crude_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    (void)tcp, (void)why;
    ((struct crude *)owner)->tcp = NULL;
}

static void crude_accept(void *owner, struct tcp *tcp)
{
    static const struct tcp_events crude_events = { .on_bytes = crude_bytes,
                                                    .on_close = crude_close };
    ((struct crude *)owner)->tcp = tcp;
    tcp_set_events(tcp, &crude_events, owner);
}

static void meets_crude(struct fixture *f, struct slice answer, enum err err, int open_ms)
{
    static const struct tcp_listener_events accepting = { crude_accept };
    struct crude crude = { .answer = answer };
    struct tcp_listen_config listen = { .bind = addr_loopback4(0) };
    assert_int_equal(tcp_listen(&crude.listener, f->loop, &listen, &accepting, &crude, NULL), OK);
    struct seen seen = { .destroys_on_close = true };
    struct ws_client_config config = { .remote = *tcp_listener_local(crude.listener),
                                       .open_ms = open_ms };
    start(f, &seen, &config);
    wait_for(f, &seen.closed, 1);
    assert_int_equal(seen.end.err, err);
    assert_int_equal(seen.opened, 0);
    tcp_destroy(crude.tcp);
    tcp_listener_destroy(crude.listener);
}

static void odd_servers(void **state)
{
    struct fixture *f = *state;
    meets_crude(f, SLICE("SSH-2.0-x\r\n\r\n"), ERR_PARSE, 0);
    meets_crude(f, SLICE("HTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n"), ERR_REFUSED, 0);
    meets_crude(f, SLICE("HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\n\r\n"), ERR_PARSE, 0);
    meets_crude(f, SLICE_NONE, ERR_TIMEOUT, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_and_hears),        TEST(destroyed_inside),           TEST(closed_by_the_server),
        TEST(refused_with_a_status), TEST(subprotocol_must_be_agreed), TEST(tls_is_verified),
        TEST(odd_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
