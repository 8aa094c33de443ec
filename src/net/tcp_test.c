/* Streams over loopback: both sides ours, or one a plain socket. */
#include "net/test_peer.h"

#include "base/file.h"
#include "net/tcp.h"
#include "net/tls.h"

struct end { /* one connection as its owner sees it */
    struct tcp *tcp;
    unsigned opens, closes;
    enum err err;
    int error;
    char text[600];
    char got[256];
    size_t got_len, total;
    bool destroys_on_bytes, echoes, closes_on_bytes;
};

struct fixture {
    struct loop *loop;
    struct tcp_listener *listener;
    struct tls_context *server, *client;
    struct end in; /* the one accepted last */
    unsigned accepts;
    bool refuses;
};

static void on_open(void *owner, struct tcp *tcp)
{
    struct end *end = owner;
    assert_ptr_equal(tcp, end->tcp);
    end->opens++;
}

static void on_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    struct end *end = owner;
    end->total += bytes.len;
    struct slice fits = slice_sub(bytes, 0, sizeof end->got - end->got_len);
    memcpy(end->got + end->got_len, fits.ptr, fits.len);
    end->got_len += fits.len;
    if (end->echoes)
        assert_int_equal(tcp_send(tcp, bytes), OK);
    if (end->closes_on_bytes)
        tcp_close(tcp);
    if (end->destroys_on_bytes) {
        tcp_destroy(tcp);
        end->tcp = NULL;
    }
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    struct end *end = owner;
    (void)tcp;
    end->closes++;
    end->tcp = NULL;
    end->err = why->err;
    end->error = why->error;
    snprintf(end->text, sizeof end->text, "%s", why->text);
}

static const struct tcp_events events = { .on_open = on_open,
                                          .on_bytes = on_bytes,
                                          .on_close = on_close };

static void on_accept(void *owner, struct tcp *tcp)
{
    struct fixture *f = owner;
    f->accepts++;
    if (f->refuses)
        return;
    f->in.tcp = tcp;
    tcp_set_events(tcp, &events, &f->in);
}

static const struct tcp_listener_events listener_events = { on_accept };

static void open_fixture(struct fixture *f, const struct tcp_listen_config *more)
{
    char *cert, *key;
    char file[64];
    struct tcp_listen_config config = more ? *more : (struct tcp_listen_config){ 0 };
    *f = (struct fixture){ .loop = loop_create() };
    peer_make_certificate("test", &cert, &key);
    struct tls_server_config server = { .cert_pem = cert, .key_pem = key };
    snprintf(file, sizeof file, "/tmp/tcp_test.%d.pem", (int)getpid());
    assert_int_equal(file_write_private(file, slice_of(cert), NULL), OK);
    struct tls_client_config client = { .ca_file = file };
    assert_int_equal(tls_context_create_server(&f->server, &server, NULL), OK);
    assert_int_equal(tls_context_create_client(&f->client, &client, NULL), OK);
    unlink(file);
    mem_free(cert);
    mem_free(key);
    config.bind = addr_loopback4(0);
    config.tls = config.tls ? f->server : NULL;
    assert_int_equal(tcp_listen(&f->listener, f->loop, &config, &listener_events, f, NULL), OK);
}

static const struct tls_context *const want_tls = (const void *)"any";

static void close_fixture(struct fixture *f)
{
    tcp_listener_destroy(f->listener);
    tcp_destroy(f->in.tcp);
    tls_context_destroy(f->server);
    tls_context_destroy(f->client);
    loop_destroy(f->loop);
}

#define WAIT_FOR(f, cond)                                  \
    for (int64_t until = peer_now_ms() + 5000; !(cond);) { \
        assert_true(peer_now_ms() < until);                \
        loop_turn((f)->loop, 5);                           \
    }

static void dial(struct fixture *f, struct end *end, const struct tls_context *tls,
                 const char *name)
{
    struct tcp_config config = { .remote = *tcp_listener_local(f->listener),
                                 .local = addr_loopback4(0),
                                 .tls = tls,
                                 .tls_name = slice_of(name) };
    *end = (struct end){ .tcp = NULL };
    end->tcp = tcp_connect(f->loop, &config, &events, end);
}

static void assert_echo(const struct tcp_listen_config *config)
{
    struct fixture f;
    struct end out;
    loop_destroy(loop_create()); /* libuv keeps a pipe for good */
    size_t fds = peer_count_fds();
    open_fixture(&f, config);
    dial(&f, &out, config ? f.client : NULL, "localhost");
    f.in.echoes = true;
    assert_int_equal(tcp_send(out.tcp, SLICE("before ")), OK);
    assert_false(tcp_is_open(out.tcp));
    assert_int_equal(tcp_backlog(out.tcp), 7);
    WAIT_FOR(&f, out.opens);
    assert_int_equal(tcp_send(out.tcp, SLICE("and after")), OK);
    WAIT_FOR(&f, out.got_len == 16);
    assert_memory_equal(out.got, "before and after", 16);
    assert_int_equal(tcp_listener_count(f.listener), 1);
    assert_true(addr_eq(tcp_remote(f.in.tcp), tcp_local(out.tcp)));
    tcp_close(out.tcp);
    assert_int_equal(tcp_send(out.tcp, SLICE("late")), ERR_CLOSED);
    WAIT_FOR(&f, out.closes && f.in.closes);
    assert_int_equal(f.in.err, OK);
    assert_non_null(strstr(f.in.text, "closed the"));
    assert_int_equal(tcp_listener_count(f.listener), 0);
    close_fixture(&f);
    assert_int_equal(peer_count_fds(), fds);
}

static void what_is_sent_comes_back(void **state)
{
    (void)state;
    assert_echo(NULL);
}

static void the_same_inside_tls(void **state)
{
    (void)state;
    struct tcp_listen_config config = { .tls = want_tls };
    assert_echo(&config);
}

static void refusals_have_host_port_and_cause(void **state)
{
    (void)state;
    struct fixture f;
    struct end out;
    char words[200];
    char where[ADDR_TEXT];
    open_fixture(&f, NULL);
    struct addr free_port = *tcp_listener_local(f.listener);
    struct tcp_config config = { .remote = free_port };
    tcp_listener_destroy(f.listener);
    f.listener = NULL;
    loop_turn(f.loop, 5);
    out = (struct end){ 0 };
    out.tcp = tcp_connect(f.loop, &config, &events, &out);
    WAIT_FOR(&f, out.closes);
    assert_int_equal(out.err, ERR_REFUSED);
    assert_int_equal(out.error, ECONNREFUSED);
    snprintf(words, sizeof words, "cannot connect to %s over TCP: Connection refused",
             addr_print(&free_port, where));
    assert_string_equal(out.text, words);
    close_fixture(&f);
}

static void a_wrong_certificate_is_told_in_words(void **state)
{
    (void)state;
    struct fixture f;
    struct end out;
    struct tcp_listen_config config = { .tls = want_tls };
    open_fixture(&f, &config);
    dial(&f, &out, f.client, "sip.example.com");
    assert_int_equal(tcp_send(out.tcp, SLICE("secret")), OK);
    WAIT_FOR(&f, out.closes);
    assert_int_equal(out.opens, 0);
    assert_int_equal(out.err, ERR_AUTH);
    assert_non_null(strstr(out.text, "no TLS with sip.example.com (127.0.0.1:"));
    assert_non_null(strstr(out.text, "not for sip.example.com"));
    peer_pass(f.loop, 50);
    assert_int_equal(f.in.total, 0);
    assert_int_equal(tcp_listener_count(f.listener), 0);
    close_fixture(&f);
}

static void plain_text_is_no_tls(void **state)
{
    (void)state;
    struct fixture f;
    struct end out;
    open_fixture(&f, NULL);
    f.in.echoes = true; /* our own ClientHello is no ServerHello */
    dial(&f, &out, f.client, "localhost");
    WAIT_FOR(&f, out.closes);
    assert_int_not_equal(out.err, OK);
    assert_non_null(strstr(out.text, "no TLS with localhost (127.0.0.1:"));
    close_fixture(&f);
}

static void junk_to_a_tls_listener_is_closed(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_listen_config config = { .tls = want_tls };
    open_fixture(&f, &config);
    struct peer peer = peer_connect(f.loop, tcp_listener_local(f.listener));
    peer_send(&peer, "GET / HTTP/1.1\r\n\r\n");
    assert_true(peer_wait_eof(&peer));
    assert_int_equal(f.accepts, 0);
    assert_int_equal(tcp_listener_count(f.listener), 0);
    peer_close(&peer);
    close_fixture(&f);
}

static void renegotiation_is_refused_and_tls_1_2_taken(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_listen_config config = { .tls = want_tls };
    open_fixture(&f, &config);
    f.in.echoes = true;
    struct peer old = peer_connect(f.loop, tcp_listener_local(f.listener));
    assert_false(peer_start_tls(&old, TLS1_1_VERSION));
    peer_close(&old);
    struct peer peer = peer_connect(f.loop, tcp_listener_local(f.listener));
    assert_true(peer_start_tls(&peer, TLS1_2_VERSION));
    peer_send(&peer, "one");
    assert_true(peer_wait(&peer, "one"));
    SSL_renegotiate(peer.ssl);
    for (int i = 0; i < 20 && !peer.eof; i++) {
        int n = SSL_do_handshake(peer.ssl);
        peer.eof = n <= 0 && SSL_get_error(peer.ssl, n) == SSL_ERROR_SSL;
        loop_turn(f.loop, 5);
    }
    assert_true(peer.eof); /* no_renegotiation is an error to who asked */
    peer_close(&peer);
    close_fixture(&f);
}

static void a_reader_that_does_not_read_is_dropped(void **state)
{
    (void)state;
    struct fixture f;
    static char much[200000];
    open_fixture(&f, NULL);
    struct peer peer = peer_connect(f.loop, tcp_listener_local(f.listener));
    peer.paused = true;
    WAIT_FOR(&f, f.in.tcp);
    enum err err = OK;
    for (int i = 0; i < 200 && !err; i++) {
        err = tcp_send(f.in.tcp, slice_make(much, sizeof much));
        assert_true(tcp_backlog(f.in.tcp) <= TCP_MAX_BACKLOG);
    }
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(f.in.closes, 0); /* never from inside */
    WAIT_FOR(&f, f.in.closes);
    assert_int_equal(f.in.err, ERR_LIMIT);
    assert_string_equal(f.in.text, "the far end reads too slowly");
    peer_close(&peer);
    close_fixture(&f);
}

static void silence_ends_a_connection(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_listen_config config = { .idle_ms = 200 };
    open_fixture(&f, &config);
    struct peer peer = peer_connect(f.loop, tcp_listener_local(f.listener));
    WAIT_FOR(&f, f.in.tcp);
    peer_pass(f.loop, 120);
    peer_send(&peer, "x");
    peer_pass(f.loop, 120);
    assert_int_equal(f.in.closes, 0); /* it was heard in between */
    WAIT_FOR(&f, f.in.closes);
    assert_int_equal(f.in.err, ERR_TIMEOUT);
    assert_true(peer_wait_eof(&peer));
    peer_close(&peer);
    close_fixture(&f);
}

static void a_handshake_has_its_time(void **state)
{
    (void)state;
    struct fixture f;
    struct end out = { 0 };
    open_fixture(&f, NULL); /* plain: it never answers the ClientHello */
    struct tcp_config config = { .remote = *tcp_listener_local(f.listener),
                                 .tls = f.client,
                                 .connect_ms = 100 };
    out.tcp = tcp_connect(f.loop, &config, &events, &out);
    WAIT_FOR(&f, out.closes);
    assert_int_equal(out.err, ERR_TIMEOUT);
    assert_non_null(strstr(out.text, "no TLS handshake with 127.0.0.1:"));
    close_fixture(&f);
}

static void too_many_are_turned_away(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_listen_config config = { .max_per_ip = 2 };
    open_fixture(&f, &config);
    struct peer a = peer_connect(f.loop, tcp_listener_local(f.listener));
    struct peer b = peer_connect(f.loop, tcp_listener_local(f.listener));
    WAIT_FOR(&f, f.accepts == 2);
    struct end second = f.in;
    struct peer c = peer_connect(f.loop, tcp_listener_local(f.listener));
    assert_true(peer_wait_eof(&c));
    assert_int_equal(f.accepts, 2);
    tcp_destroy(second.tcp);
    f.in.tcp = NULL;
    struct peer d = peer_connect(f.loop, tcp_listener_local(f.listener));
    WAIT_FOR(&f, f.accepts == 3);
    peer_close(&a);
    peer_close(&b);
    peer_close(&c);
    peer_close(&d);
    peer_pass(f.loop, 50);
    assert_int_equal(tcp_listener_count(f.listener), 0);
    close_fixture(&f);
}

static void an_owner_may_destroy_inside_and_refuse(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_listen_config config = { .tls = want_tls };
    for (int tls = 0; tls < 2; tls++) {
        open_fixture(&f, tls ? &config : NULL);
        struct end out;
        dial(&f, &out, tls ? f.client : NULL, "localhost");
        f.in.destroys_on_bytes = true;
        assert_int_equal(tcp_send(out.tcp, SLICE("x")), OK);
        WAIT_FOR(&f, out.closes);
        assert_int_equal(f.in.closes, 0);
        f.refuses = true;
        dial(&f, &out, tls ? f.client : NULL, "localhost");
        WAIT_FOR(&f, out.closes);
        close_fixture(&f);
    }
}

static void what_was_queued_arrives_before_the_end(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, NULL);
    f.in.echoes = f.in.closes_on_bytes = true;
    struct peer peer = peer_connect(f.loop, tcp_listener_local(f.listener));
    peer_send(&peer, "answer me");
    assert_true(peer_wait(&peer, "answer me"));
    assert_true(peer_wait_eof(&peer));
    peer_send(&peer, "too late");
    peer_pass(f.loop, 20);
    assert_int_equal(f.in.total, 9); /* nothing is given from then on */
    peer_close(&peer);
    WAIT_FOR(&f, f.in.closes);
    close_fixture(&f);
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    struct fixture f;
    struct fault fault = { 0 };
    struct tcp_listener *second = NULL;
    open_fixture(&f, NULL);
    struct tcp_listen_config config = { .bind = *tcp_listener_local(f.listener) };
    assert_int_equal(tcp_listen(&second, f.loop, &config, &listener_events, &f, &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "cannot listen on TCP: Address already in use"));
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_comes_back),
        cmocka_unit_test(the_same_inside_tls),
        cmocka_unit_test(refusals_have_host_port_and_cause),
        cmocka_unit_test(a_wrong_certificate_is_told_in_words),
        cmocka_unit_test(plain_text_is_no_tls),
        cmocka_unit_test(junk_to_a_tls_listener_is_closed),
        cmocka_unit_test(renegotiation_is_refused_and_tls_1_2_taken),
        cmocka_unit_test(a_reader_that_does_not_read_is_dropped),
        cmocka_unit_test(silence_ends_a_connection),
        cmocka_unit_test(a_handshake_has_its_time),
        cmocka_unit_test(too_many_are_turned_away),
        cmocka_unit_test(an_owner_may_destroy_inside_and_refuse),
        cmocka_unit_test(what_was_queued_arrives_before_the_end),
        cmocka_unit_test(a_port_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
