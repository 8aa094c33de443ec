/* TLS on memory: two engines, or one and a plain OpenSSL, with nothing but buffers between. */
#include "net/test_peer.h"

#include "base/file.h"
#include "net/tls.h"

struct pair {
    struct tls_context *server_context, *client_context;
    struct tls *server, *client;
    struct fault why; /* of whoever failed */
    char got[70000];  /* plaintext that came, at either end */
    size_t got_len;
    size_t step; /* bytes handed over at a time; 0: all */
};

struct certificate {
    char *cert, *key;
    char file[64]; /* the certificate as a CA file */
};

static void make_certificate(struct certificate *c)
{
    peer_make_certificate("tandem test", &c->cert, &c->key);
    snprintf(c->file, sizeof c->file, "/tmp/tls_test.%d.pem", (int)getpid());
    assert_int_equal(file_write_private(c->file, slice_of(c->cert), NULL), OK);
}

static void drop_certificate(struct certificate *c)
{
    unlink(c->file);
    mem_free(c->cert);
    mem_free(c->key);
}

static int setup(void **state)
{
    struct certificate *c = mem_new(struct certificate);
    make_certificate(c);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    drop_certificate(*state);
    mem_free(*state);
    return 0;
}

static struct pair *pair_create(const struct certificate *c, const char *name,
                                const struct tls_client_config *client)
{
    struct pair *p = mem_new(struct pair);
    struct tls_server_config server = { .cert_pem = c->cert, .key_pem = c->key };
    assert_int_equal(tls_context_create_server(&p->server_context, &server, &p->why), OK);
    assert_int_equal(tls_context_create_client(&p->client_context, client, &p->why), OK);
    p->server = tls_create(p->server_context, SLICE_NONE);
    p->client = tls_create(p->client_context, slice_of(name));
    return p;
}

static void pair_destroy(struct pair *p)
{
    tls_context_destroy(p->server_context); /* first: the engines hold what they need */
    tls_context_destroy(p->client_context);
    tls_destroy(p->server);
    tls_destroy(p->client);
    mem_free(p);
}

static enum err drain(struct pair *p, struct tls *tls)
{
    enum err err = OK;
    struct fault why = { 0 };
    while (!err) {
        size_t n = 0;
        err = tls_read(tls, p->got + p->got_len, sizeof p->got - p->got_len, &n, &why);
        p->got_len += err ? 0 : n;
    }
    if (err != ERR_AGAIN && !p->why.code)
        p->why = why;
    return err;
}

/* Until nobody has anything to say; what ended it, or ERR_AGAIN. */
static enum err pump(struct pair *p)
{
    char bytes[4096];
    struct tls *ends[] = { p->client, p->server };
    enum err first = ERR_AGAIN;
    bool moved = true;
    while (moved) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            size_t n;
            enum err err = drain(p, ends[i]);
            first = first == ERR_AGAIN ? err : first;
            while ((n = tls_take(ends[i], bytes, p->step ? p->step : sizeof bytes)) > 0) {
                moved = true;
                tls_feed(ends[!i], slice_make(bytes, n));
                if (p->step)
                    (void)drain(p, ends[!i]);
            }
        }
    }
    return first;
}

static void assert_talks(struct pair *p)
{
    assert_int_equal(pump(p), ERR_AGAIN);
    assert_true(tls_is_open(p->client) && tls_is_open(p->server));
    p->got_len = 0;
    assert_int_equal(tls_write(p->client, SLICE("ping")), OK);
    assert_int_equal(pump(p), ERR_AGAIN);
    assert_int_equal(tls_write(p->server, SLICE("+pong")), OK);
    assert_int_equal(pump(p), ERR_AGAIN);
    assert_true(slice_is(slice_make(p->got, p->got_len), "ping+pong"));
}

static void a_trusted_name_or_address_talks(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    static const char *const names[] = { "localhost", "LOCALHOST", "127.0.0.1" };
    for (size_t i = 0; i < 3; i++) {
        char text[100];
        struct pair *p = pair_create(c, names[i], &client);
        tls_describe(p->client, text, sizeof text);
        assert_string_equal(text, "");
        assert_int_equal(tls_write(p->client, SLICE("early")), ERR_MISUSE);
        assert_talks(p);
        tls_describe(p->client, text, sizeof text);
        assert_memory_equal(text, "TLSv1.3 ", 8);
        pair_destroy(p);
    }
}

static void bytes_may_come_one_by_one(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    struct pair *p = pair_create(c, "localhost", &client);
    p->step = 1;
    assert_talks(p);
    pair_destroy(p);
}

static void much_goes_through(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    struct pair *p = pair_create(c, "localhost", &client);
    assert_talks(p);
    char *much = mem_alloc(65535);
    memset(much, 'x', 65535);
    p->got_len = 0;
    assert_int_equal(tls_write(p->client, slice_make(much, 65535)), OK);
    assert_int_equal(pump(p), ERR_AGAIN);
    assert_int_equal(p->got_len, 65535);
    assert_memory_equal(p->got, much, 65535);
    mem_free(much);
    pair_destroy(p);
}

static void assert_refused(const struct certificate *c, const char *name,
                           const struct tls_client_config *client, const char *words)
{
    struct pair *p = pair_create(c, name, client);
    assert_int_equal(pump(p), ERR_AUTH);
    if (!strstr(p->why.text, words))
        fail_msg("\"%s\" does not say \"%s\"", p->why.text, words);
    assert_false(tls_is_open(p->client));
    assert_false(tls_is_open(p->server) && tls_write(p->client, SLICE("x")) == OK);
    pair_destroy(p);
}

static void a_certificate_for_others_is_refused_in_words(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    assert_refused(c, "sip.example.com", &client,
                   "its certificate is for localhost, 127.0.0.1, not for sip.example.com");
    assert_refused(c, "127.0.0.2", &client, "not for 127.0.0.2");
    assert_refused(c, "xlocalhost", &client, "not for xlocalhost");
}

static void a_stranger_is_refused_unless_anybody_will_do(void **state)
{
    const struct certificate *c = *state;
    struct certificate other;
    struct tls_client_config system = { 0 };
    struct tls_client_config anybody = { .insecure = true };
    assert_refused(c, "localhost", &system, "self-signed");
    peer_make_certificate("other CA", &other.cert, &other.key);
    snprintf(other.file, sizeof other.file, "/tmp/tls_test.%d.other.pem", (int)getpid());
    assert_int_equal(file_write_private(other.file, slice_of(other.cert), NULL), OK);
    struct tls_client_config wrong = { .ca_file = other.file };
    assert_refused(c, "localhost", &wrong, "self-signed");
    drop_certificate(&other);
    struct pair *p = pair_create(c, "sip.example.com", &anybody);
    assert_talks(p);
    pair_destroy(p);
}

/* The same certificate with its dates moved. */
static char *dated(const struct certificate *c, long from_s, long to_s)
{
    BIO *in = BIO_new_mem_buf(c->cert, -1);
    BIO *key_in = BIO_new_mem_buf(c->key, -1);
    BIO *out = BIO_new(BIO_s_mem());
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_in, NULL, NULL, NULL);
    X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), to_s);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    PEM_write_bio_X509(out, cert);
    char *text;
    long len = BIO_get_mem_data(out, &text);
    char *pem = mem_copy_text(text, (size_t)len);
    BIO_free(in);
    BIO_free(key_in);
    BIO_free(out);
    X509_free(cert);
    EVP_PKEY_free(key);
    return pem;
}

static void dates_are_told(void **state)
{
    const struct certificate *c = *state;
    static const struct {
        long from_s, to_s;
        const char *words;
    } rows[] = { { -200000, -86400, "its certificate expired on 20" },
                 { 86400, 200000, "its certificate is not valid before 20" } };
    for (size_t i = 0; i < 2; i++) {
        struct certificate bad = { .cert = dated(c, rows[i].from_s, rows[i].to_s), .key = c->key };
        snprintf(bad.file, sizeof bad.file, "/tmp/tls_test.%d.dated.pem", (int)getpid());
        assert_int_equal(file_write_private(bad.file, slice_of(bad.cert), NULL), OK);
        struct tls_client_config client = { .ca_file = bad.file };
        assert_refused(&bad, "localhost", &client, rows[i].words);
        unlink(bad.file);
        mem_free(bad.cert);
    }
}

static void who_speaks_no_tls_is_told_so(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    char plain[100];
    size_t n = 0;
    struct fault why = { 0 };
    struct pair *p = pair_create(c, "localhost", &client);
    tls_feed(p->client, SLICE("SIP/2.0 400 Bad Request\r\n\r\n"));
    assert_int_equal(tls_read(p->client, plain, sizeof plain, &n, &why), ERR_PARSE);
    assert_string_equal(why.text, "it does not speak TLS on this port");
    tls_feed(p->server, SLICE("OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n"));
    assert_int_equal(tls_read(p->server, plain, sizeof plain, &n, &why), ERR_PARSE);
    assert_int_equal(tls_read(p->server, plain, sizeof plain, &n, &why), ERR_CLOSED);
    pair_destroy(p);
}

static void old_versions_are_refused(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    struct pair *p = pair_create(c, "localhost", &client);
    SSL_CTX *old = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(old, 0);
    SSL_CTX_set_min_proto_version(old, 0);
    SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION);
    SSL *ssl = SSL_new(old);
    char bytes[4096];
    size_t n = 0;
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_connect(ssl);
    int hello = BIO_read(SSL_get_wbio(ssl), bytes, sizeof bytes);
    assert_true(hello > 0);
    tls_feed(p->server, slice_make(bytes, (size_t)hello));
    assert_int_equal(tls_read(p->server, bytes, sizeof bytes, &n, &p->why), ERR_REFUSED);
    assert_string_equal(p->why.text, "it has no TLS 1.2 or newer");
    SSL_free(ssl);
    SSL_CTX_free(old);
    pair_destroy(p);
}

static void an_end_is_said_and_heard(void **state)
{
    const struct certificate *c = *state;
    struct tls_client_config client = { .ca_file = c->file };
    struct pair *p = pair_create(c, "localhost", &client);
    assert_talks(p);
    tls_close(p->client);
    assert_int_equal(tls_write(p->client, SLICE("more")), ERR_CLOSED);
    assert_int_equal(pump(p), ERR_CLOSED);
    pair_destroy(p);
}

static void assert_bad_server(const char *cert_pem, const char *key_pem, const char *cert_file,
                              const char *where, const char *words)
{
    struct tls_context *context = NULL;
    struct fault fault = { 0 };
    struct tls_server_config config = { .cert_pem = cert_pem,
                                        .key_pem = key_pem,
                                        .cert_file = cert_file };
    assert_int_equal(tls_context_create_server(&context, &config, &fault), ERR_INVALID);
    assert_null(context);
    assert_string_equal(fault.where, where);
    assert_non_null(strstr(fault.text, words));
}

static void unusable_files_are_named(void **state)
{
    const struct certificate *c = *state;
    struct certificate other;
    struct fault fault = { 0 };
    struct tls_context *context = NULL;
    peer_make_certificate("other", &other.cert, &other.key);
    assert_bad_server(c->cert, other.key, NULL, "private key", "for the certificate");
    assert_bad_server("nonsense", c->key, NULL, "certificate", "not a PEM certificate");
    assert_bad_server(c->cert, "nonsense", NULL, "private key", "not a PEM private key");
    assert_bad_server(NULL, c->key, "/nowhere/cert.pem", "/nowhere/cert.pem",
                      "not a PEM certificate");
    struct tls_client_config client = { .ca_file = "/nowhere/ca.pem" };
    assert_int_equal(tls_context_create_client(&context, &client, &fault), ERR_INVALID);
    assert_string_equal(fault.where, "/nowhere/ca.pem");
    mem_free(other.cert);
    mem_free(other.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trusted_name_or_address_talks),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(much_goes_through),
        cmocka_unit_test(a_certificate_for_others_is_refused_in_words),
        cmocka_unit_test(a_stranger_is_refused_unless_anybody_will_do),
        cmocka_unit_test(dates_are_told),
        cmocka_unit_test(who_speaks_no_tls_is_told_so),
        cmocka_unit_test(old_versions_are_refused),
        cmocka_unit_test(an_end_is_said_and_heard),
        cmocka_unit_test(unusable_files_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
