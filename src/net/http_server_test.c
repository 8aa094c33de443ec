/* Listeners, limits, TLS, stopping. */
#include "net/test_http.h"

static void slow_clients_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct peer silent = dial(f), half = dial(f);
    peer_send(&half, "GET /x HTTP/1.1\r\nHo");
    assert_true(peer_wait_eof_ms(&silent, 4000));
    assert_true(peer_wait_eof_ms(&half, 4000));
    peer_close(&silent);
    peer_close(&half);

    struct peer stalled = dial(f);
    int small = 4096;
    setsockopt(stalled.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    stalled.paused = true;
    peer_send(&stalled, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_pass(f->loop, 100);
    assert_int_equal(http_server_connections(f->server), 1);
    peer_pass(f->loop, 2000);
    assert_int_equal(http_server_connections(f->server), 0);
    peer_close(&stalled);

    struct peer idle = dial(f);
    peer_send(&idle, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(peer_wait(&idle, "}"));
    assert_true(peer_wait_eof_ms(&idle, 4000));
    peer_close(&idle);
}

static void connections_are_limited(void **state)
{
    struct fixture *f = *state;
    struct peer peers[4];
    for (int i = 0; i < 4; i++) {
        peers[i] = dial(f);
        peer_pass(f->loop, 10);
    }
    assert_int_equal(http_server_connections(f->server), 3);
    assert_true(peer_wait_eof_ms(&peers[3], 300));
    peer_send(&peers[0], "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(peer_wait(&peers[0], "\"n\":1}"));
    for (int i = 0; i < 4; i++)
        peer_close(&peers[i]);
    peer_pass(f->loop, 50);
    ask(f, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", "\"n\":2}");
}

static void hundred_at_once(void **state)
{
    struct fixture *f = *state;
    enum { N = 100 };
    struct addr to = *http_listener_addr(f->web);
    int fds[N];
    for (int i = 0; i < N; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fds[i], &to.sa, addr_len(&to)), 0);
    }
    static const char text[] = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
    for (int i = 0; i < N; i++)
        assert_int_equal(send(fds[i], text, sizeof text - 1, 0), sizeof text - 1);
    for (int i = 0; i < 1000 && f->requests < N; i++)
        loop_turn(f->loop, 5);
    peer_pass(f->loop, 50);
    assert_int_equal(http_server_connections(f->server), N);
    for (int i = 0; i < N; i++) {
        char in[2000] = "";
        assert_true(recv(fds[i], in, sizeof in - 1, MSG_DONTWAIT) > 0);
        assert_non_null(strstr(in, "\"body\":\"body\""));
        close(fds[i]);
    }
    peer_pass(f->loop, 100);
    assert_int_equal(http_server_connections(f->server), 0);
}

static void nonsense_is_dropped(void **state)
{
    static const char *const lines[] = {
        "\x16\x03\x01\x02\x00",
        "BREW /pot HTTP/1.1\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n",
        "GET %zz HTTP/1.1\r\n\r\n",
        "\r\n\r\n\r\n\r\nGET\r\n\r\n",
        "GET /x HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "GET /x HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct peer peer = dial(f);
        peer_send(&peer, lines[i]);
        if (!peer_wait_eof_ms(&peer, 3000))
            fail_msg("still open after line %zu, got: %s", i, peer.in);
        peer_close(&peer);
    }
    char *large = mem_alloc(40000);
    memset(large, 'h', 39999);
    struct peer peer = dial(f);
    peer_send(&peer, "GET /x HTTP/1.1\r\nX-Large: ");
    peer_send(&peer, large);
    peer_send(&peer, "\r\n\r\n");
    assert_true(peer_wait_eof_ms(&peer, 3000));
    peer_close(&peer);
    mem_free(large);
    assert_int_equal(f->requests, 0);
    ask(f, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", "\"n\":1}");
}

/* RFC 9110 §9.1, also where the connection was used before. */
static void methods_unknown_are_answered_501(void **state)
{
    static const char *const lines[] = {
        "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
        "TRACE /x HTTP/1.1\r\nHost: h\r\n\r\n",
        "PROPFIND /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
        "CONNECT a:1 HTTP/1.1\r\n\r\n",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct peer peer = dial(f);
        peer_send(&peer, lines[i]);
        assert_true(peer_wait(&peer, "{\"error\":\"Not Implemented\"}"));
        assert_non_null(strstr(peer.in, "HTTP/1.1 501 "));
        assert_true(peer_wait_eof_ms(&peer, 3000));
        peer_close(&peer);
    }
    struct peer again = dial(f);
    peer_send(&again, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(peer_wait(&again, "}"));
    peer_send(&again, lines[0]);
    assert_true(peer_wait(&again, "HTTP/1.1 501 "));
    peer_close(&again);
    peer_pass(f->loop, 2500);
    assert_int_equal(http_server_connections(f->server), 0);
    assert_int_equal(f->requests, 1);
}

/* Addresses on which somebody listens on `port`, from the kernel's table. */
static int count_bound(const char *table, uint16_t port, const char *hex_ip)
{
    char line[300], expect[80];
    int n = 0;
    FILE *file = fopen(table, "r");
    if (!file)
        return 0;
    snprintf(expect, sizeof expect, ": %s:%04X ", hex_ip, port);
    char any[20];
    snprintf(any, sizeof any, ":%04X ", port);
    while (fgets(line, sizeof line, file)) {
        if (!strstr(line, " 0A ")) /* LISTEN */
            continue;
        if (hex_ip[0] ? strstr(line, expect) != NULL : strstr(line, any) != NULL)
            n++;
    }
    fclose(file);
    return n;
}

static void binds_only_what_was_asked(void **state)
{
    struct fixture *f = *state;
    uint16_t port = addr_port(http_listener_addr(f->web));
    assert_true(port > 0);
    assert_int_equal(count_bound("/proc/net/tcp", port, "0100007F"), 1);
    assert_int_equal(count_bound("/proc/net/tcp", port, ""), 1);
    assert_int_equal(count_bound("/proc/net/tcp6", port, ""), 0);

    struct http_listener *six;
    struct addr loopback6;
    assert_int_equal(addr_parse_ip(SLICE("::1"), 0, &loopback6), OK);
    struct http_listener_config config = { .name = "six", .bind = loopback6 };
    struct fault fault = { 0 };
    if (http_server_listen(f->server, &config, &six, &fault) == OK) {
        port = addr_port(http_listener_addr(six));
        assert_int_equal(count_bound("/proc/net/tcp6", port, "00000000000000000000000001000000"),
                         1);
        assert_int_equal(count_bound("/proc/net/tcp", port, ""), 0);
    }
    config.bind = *http_listener_addr(f->web);
    assert_int_equal(http_server_listen(f->server, &config, NULL, &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "cannot listen on 127.0.0.1:"));
    assert_non_null(strstr(fault.text, "in use"));
}

static struct http_listener *listen_tls(struct fixture *f, const char *name)
{
    struct http_listener *tls;
    mem_free(f->cert);
    mem_free(f->key);
    peer_make_certificate(name, &f->cert, &f->key);
    struct http_listener_config config = {
        .name = name, .bind = addr_loopback4(0), .tls = true, .cert_pem = f->cert, .key_pem = f->key
    };
    assert_int_equal(http_server_listen(f->server, &config, &tls, NULL), OK);
    return tls;
}

static void speaks_tls(void **state)
{
    struct fixture *f = *state;
    struct http_listener *one = listen_tls(f, "one"), *two = listen_tls(f, "two");
    struct http_listener *both[] = { one, two };
    for (int i = 0; i < 2; i++) {
        char common_name[20], expect[40];
        const unsigned char *alpn;
        unsigned alpn_len;
        struct peer peer = peer_connect(f->loop, http_listener_addr(both[i]));
        assert_true(peer_start_tls(&peer, 0));
        X509 *cert = SSL_get1_peer_certificate(peer.ssl);
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, common_name, 20);
        X509_free(cert);
        assert_string_equal(common_name, i ? "two" : "one");
        SSL_get0_alpn_selected(peer.ssl, &alpn, &alpn_len);
        assert_int_equal(alpn_len, 8);
        assert_memory_equal(alpn, "http/1.1", 8);
        peer_send(&peer, "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab");
        assert_true(peer_wait(&peer, "\"body\":\"ab\""));
        snprintf(expect, sizeof expect, "\"tls\":true,\"listener\":\"%s\"", i ? "two" : "one");
        assert_true(peer_wait(&peer, expect));
        peer_forget(&peer);
        peer_send(&peer, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_true(peer_wait_len(&peer, 4 << 20));
        peer_close(&peer);
    }
    static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };
    for (int i = 0; i < 4; i++) {
        struct peer peer = peer_connect(f->loop, http_listener_addr(one));
        assert_int_equal(peer_start_tls(&peer, versions[i]), i >= 2);
        peer_close(&peer);
    }
}

static void explains_bad_certificates(void **state)
{
    struct fixture *f = *state;
    char *cert, *key, *other_cert, *other_key;
    peer_make_certificate("a", &cert, &key);
    peer_make_certificate("b", &other_cert, &other_key);
    const struct {
        const char *cert, *key, *cert_file, *says;
    } cases[] = {
        { "nonsense", key, NULL, "not a PEM certificate" },
        { cert, "nonsense", NULL, "not a PEM private key" },
        { cert, other_key, NULL, "key" },
        { NULL, key, "/nowhere/cert.pem", "not a PEM certificate" },
    };
    for (size_t i = 0; i < 4; i++) {
        struct fault fault = { 0 };
        struct http_listener_config config = { .name = "tls",
                                               .bind = addr_loopback4(0),
                                               .tls = true,
                                               .cert_pem = cases[i].cert,
                                               .key_pem = cases[i].key,
                                               .cert_file = cases[i].cert_file };
        assert_int_equal(http_server_listen(f->server, &config, NULL, &fault), ERR_INVALID);
        assert_non_null(strstr(fault.text, cases[i].says));
    }
    mem_free(cert);
    mem_free(key);
    mem_free(other_cert);
    mem_free(other_key);
}

static void on_stopped(void *owner)
{
    struct fixture *f = owner;
    f->stopped = true;
    loop_stop(f->loop);
}

static void stops_cleanly(void **state)
{
    struct fixture *f = *state;
    listen_tls(f, "tls");
    struct peer idle = dial(f), waiting = dial(f);
    peer_send(&waiting, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_pass(f->loop, 50);
    assert_non_null(f->kept);
    http_server_stop(f->server, on_stopped, f);
    assert_false(f->stopped);
    loop_run(f->loop);
    assert_true(f->stopped);
    assert_int_equal(f->gone, 1);
    assert_true(peer_wait_eof(&idle));
    peer_close(&idle);
    peer_close(&waiting);
    assert_int_equal(count_bound("/proc/net/tcp", addr_port(http_listener_addr(f->web)), ""), 0);
}

static void leaves_no_descriptor(void **state)
{
    size_t before = peer_count_fds();
    for (int i = 0; i < 3; i++) {
        setup(state);
        struct fixture *f = *state;
        struct peer peer = dial(f);
        peer_send(&peer, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
        peer_pass(f->loop, 30);
        teardown(state); /* without a stop, a request pending */
        peer_close(&peer);
    }
    assert_int_equal(peer_count_fds(), before);
}

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        WITH(slow_clients_are_dropped, setup_small),
        WITH(connections_are_limited, setup_small),
        WITH(hundred_at_once, setup),
        WITH(nonsense_is_dropped, setup),
        WITH(methods_unknown_are_answered_501, setup),
        WITH(binds_only_what_was_asked, setup),
        WITH(speaks_tls, setup),
        WITH(explains_bad_certificates, setup),
        WITH(stops_cleanly, setup),
        cmocka_unit_test(leaves_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
