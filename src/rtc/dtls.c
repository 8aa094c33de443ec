#include "rtc/dtls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "rtc/cert.h"
#include "rtc/dtls_tail.h"

/* OpenSSL's macros of the same names are the numbers on the wire; ours index a table. */
#undef SRTP_AES128_CM_SHA1_80
#undef SRTP_AES128_CM_SHA1_32
#undef SRTP_AEAD_AES_128_GCM
#undef SRTP_AEAD_AES_256_GCM

enum {
    TEXT_MAX = 200,
    READ_MAX = 2048,
    FLIGHT_MAX = 512, /* the last one is below 200 bytes */
    HASH_NAME_MAX = 16,
    MATERIAL_MAX = 2 * (SRTP_KEY_MAX + SRTP_SALT_MAX),
};

static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL:!PSK";
static const enum srtp_profile default_profiles[] = {
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_32,
};

struct dtls_context {
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method;
};

enum dtls_state {
    SHAKING,    /* until both have said Finished */
    UNVERIFIED, /* done, but the signalled fingerprint is not here yet */
    UP,
    DONE, /* closed or failed: deaf */
};

/* What one feed sent, if it was one short datagram. */
struct flight {
    size_t n;
    size_t len;
    char bytes[FLIGHT_MAX];
};

struct dtls {
    const struct dtls_events *events;
    void *owner;
    enum dtls_state state;
    enum dtls_role role;
    SSL *ssl;               /* NULL: `tail` goes on */
    struct dtls_tail *tail; /* NULL: not yet */
    struct flight *flight;  /* of the feed at hand */
    struct slice input;     /* the datagram being fed; empty once it was read */
    char fingerprint_hash[HASH_NAME_MAX];
    uint8_t fingerprint[CERT_DIGEST_MAX];
    size_t fingerprint_len; /* 0: not known yet */
    char detail[TEXT_MAX];
};

/* The BIO under OpenSSL: one write is one datagram, one read takes a whole one. A memory BIO would
 * run datagrams together. */
static int bio_write(BIO *bio, const char *bytes, int len)
{
    const struct dtls *dtls = BIO_get_data(bio);
    struct flight *flight = dtls->flight;
    if (len <= 0)
        return 0;
    if (flight && ++flight->n == 1 && len <= FLIGHT_MAX) {
        memcpy(flight->bytes, bytes, (size_t)len);
        flight->len = (size_t)len;
    }
    dtls->events->on_send(dtls->owner, slice_make(bytes, (size_t)len));
    return len;
}

static int bio_read(BIO *bio, char *out, int cap)
{
    struct dtls *dtls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (slice_empty(dtls->input) || cap <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = (size_t)num_min((int64_t)dtls->input.len, cap);
    memcpy(out, dtls->input.ptr, len);
    dtls->input = SLICE_NONE; /* what does not fit is lost, as with a datagram socket */
    return (int)len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* MTU questions have no answer: SSL_set_mtu() told it */
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *make_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams");
    BUG_IF(!method || BIO_meth_set_write(method, bio_write) != 1 ||
           BIO_meth_set_read(method, bio_read) != 1 || BIO_meth_set_ctrl(method, bio_ctrl) != 1 ||
           BIO_meth_set_create(method, bio_create) != 1);
    return method;
}

/* Any certificate passes here, self-signed as they are: the fingerprint decides afterwards, when
 * signalling has brought it (RFC 8122 §6.2). */
static int accept_certificate(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static enum err load_certificate(SSL_CTX *ctx, struct slice cert_pem, struct slice key_pem)
{
    if (slice_empty(cert_pem) || slice_empty(key_pem))
        return ERR_PARSE;
    BIO *cert_bio = BIO_new_mem_buf(cert_pem.ptr, (int)num_min((int64_t)cert_pem.len, INT_MAX));
    BIO *key_bio = BIO_new_mem_buf(key_pem.ptr, (int)num_min((int64_t)key_pem.len, INT_MAX));
    BUG_IF(!cert_bio || !key_bio);
    X509 *cert = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    bool good = cert && key && SSL_CTX_use_certificate(ctx, cert) == 1 &&
                SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    X509_free(cert);
    BIO_free(key_bio);
    BIO_free(cert_bio);
    ERR_clear_error();
    return good ? OK : ERR_PARSE;
}

static SSL_CTX *make_ssl_ctx(void)
{
    char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro casts const away */
    SSL_CTX *ctx = SSL_CTX_new(DTLS_method());
    BUG_IF(!ctx || SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
           SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
           SSL_CTX_set_cipher_list(ctx, ciphers) != 1 ||
           SSL_CTX_set1_groups_list(ctx, groups) != 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1); /* a datagram is read whole or lost */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_certificate, NULL);
    return ctx;
}

enum err dtls_context_create(struct dtls_context **out, struct slice cert_pem, struct slice key_pem,
                             struct fault *fault)
{
    SSL_CTX *ctx = make_ssl_ctx();
    if (load_certificate(ctx, cert_pem, key_pem)) {
        SSL_CTX_free(ctx);
        return fault_set(fault, ERR_PARSE, "DTLS certificate", 0,
                         "expected a certificate and its key in PEM");
    }
    struct dtls_context *context = mem_new(struct dtls_context);
    context->ssl_ctx = ctx;
    context->bio_method = make_bio_method();
    *out = context;
    return OK;
}

void dtls_context_destroy(struct dtls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ssl_ctx);
    BIO_meth_free(context->bio_method);
    mem_free(context);
}

/* A lost flight costs a call its start, so the first wait is far below RFC 6347's second. */
static unsigned next_wait_us(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    if (!last_us)
        return DTLS_RETRANSMIT_MS * 1000;
    return (unsigned)num_min((int64_t)last_us * 2, DTLS_RETRANSMIT_MAX_MS * 1000);
}

static void set_profiles(SSL *ssl, const enum srtp_profile *profiles, size_t n)
{
    char text[256];
    struct buf buf = BUF_ON(text);
    for (size_t i = 0; i < n; i++)
        buf_printf(&buf, "%s%s", i ? ":" : "", srtp_profile_info(profiles[i])->openssl_name);
    BUG_IF(SSL_set_tlsext_use_srtp(ssl, buf_cstr(&buf)) != 0); /* 0 is success, for once */
}

struct dtls *dtls_create(struct dtls_context *context, const struct dtls_config *config,
                         const struct dtls_events *events, void *owner)
{
    struct dtls *dtls = mem_new(struct dtls);
    dtls->events = events;
    dtls->owner = owner;
    dtls->role = config->role;
    dtls->ssl = SSL_new(context->ssl_ctx);
    BIO *bio = BIO_new(context->bio_method);
    BUG_IF(!dtls->ssl || !bio);
    BIO_set_data(bio, dtls);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_mtu(dtls->ssl, DTLS_MTU);
    DTLS_set_timer_cb(dtls->ssl, next_wait_us);
    if (config->profiles)
        set_profiles(dtls->ssl, config->profiles, config->n_profiles);
    else
        set_profiles(dtls->ssl, default_profiles, COUNT_OF(default_profiles));
    if (config->role == DTLS_SERVER)
        SSL_set_accept_state(dtls->ssl);
    else
        SSL_set_connect_state(dtls->ssl);
    return dtls;
}

void dtls_destroy(struct dtls *dtls)
{
    if (!dtls)
        return;
    SSL_free(dtls->ssl);
    dtls_tail_destroy(dtls->tail);
    mem_free(dtls);
}

static void fail(struct dtls *dtls, enum err err, const char *text)
{
    dtls->state = DONE;
    dtls->events->on_failed(dtls->owner, err, text);
}

/* OpenSSL's reason for the failure in its queue, which is emptied. */
static void fail_ssl(struct dtls *dtls, const char *what)
{
    char text[TEXT_MAX];
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    bool late = ERR_GET_REASON(code) == SSL_R_READ_TIMEOUT_EXPIRED;
    snprintf(text, sizeof text, "%s: %s", what, reason ? reason : "unknown reason");
    ERR_clear_error();
    fail(dtls, late ? ERR_TIMEOUT : ERR_REFUSED, late ? "the peer left the DTLS handshake" : text);
}

/* RFC 5764 §4.2: the client's key, the server's key, the client's salt, the server's salt. */
static void report_up(struct dtls *dtls, const struct srtp_profile_info *info)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t material[MATERIAL_MAX];
    size_t key_len = info->key_len, salt_len = info->salt_len;
    BUG_IF(SSL_export_keying_material(dtls->ssl, material, 2 * (key_len + salt_len), label,
                                      sizeof label - 1, NULL, 0, 0) != 1);
    struct slice keys[] = { slice_make(material, key_len),
                            slice_make(material + key_len, key_len) };
    const uint8_t *salt = material + 2 * key_len;
    struct slice salts[] = { slice_make(salt, salt_len), slice_make(salt + salt_len, salt_len) };
    size_t tx = dtls->role == DTLS_CLIENT ? 0 : 1;
    struct dtls_keys out = { .profile = info->profile,
                             .tx_key = keys[tx],
                             .tx_salt = salts[tx],
                             .rx_key = keys[1 - tx],
                             .rx_salt = salts[1 - tx],
                             .detail = dtls->detail };
    dtls->state = UP;
    dtls->events->on_up(dtls->owner, &out);
    mem_wipe(material, sizeof material);
}

static bool is_signalled_certificate(const struct dtls *dtls, char seen[CERT_FINGERPRINT_TEXT])
{
    uint8_t digest[CERT_DIGEST_MAX];
    size_t len = 0;
    unsigned char *der = NULL;
    X509 *cert = SSL_get0_peer_certificate(dtls->ssl);
    BUG_IF(!cert); /* SSL_VERIFY_FAIL_IF_NO_PEER_CERT */
    int der_len = i2d_X509(cert, &der);
    BUG_IF(der_len <= 0);
    BUG_IF(cert_digest(slice_make(der, (size_t)der_len), dtls->fingerprint_hash, digest, &len));
    OPENSSL_free(der);
    cert_fingerprint_print(digest, len, seen);
    return hash_same(slice_make(digest, len), slice_make(dtls->fingerprint, dtls->fingerprint_len));
}

/* No key is exported, let alone used, before the certificate is known to be the signalled one. */
static void verify(struct dtls *dtls)
{
    char seen[CERT_FINGERPRINT_TEXT], text[TEXT_MAX + CERT_FINGERPRINT_TEXT];
    if (!is_signalled_certificate(dtls, seen)) {
        snprintf(text, sizeof text, "DTLS certificate is not the signalled one: %s %s",
                 dtls->fingerprint_hash, seen);
        dtls_close(dtls);
        fail(dtls, ERR_AUTH, text);
        return;
    }
    const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(dtls->ssl);
    /* ids have 16 bits: RFC 5764 §4.1.2 */
    const struct srtp_profile_info *info =
        chosen ? srtp_profile_find_dtls((uint16_t)chosen->id) : NULL;
    if (!info) {
        dtls_close(dtls);
        fail(dtls, ERR_UNSUPPORTED,
             "no common SRTP protection profile: expected AEAD_AES_128_GCM, AEAD_AES_256_GCM, "
             "AES_CM_128_HMAC_SHA1_80 or _32 in use_srtp");
        return;
    }
    snprintf(dtls->detail, sizeof dtls->detail, "%s %s as %s", SSL_get_version(dtls->ssl),
             info->name, dtls->role == DTLS_CLIENT ? "client" : "server");
    report_up(dtls, info);
}

static void shake(struct dtls *dtls)
{
    ERR_clear_error();
    int done = SSL_do_handshake(dtls->ssl);
    if (done == 1) {
        dtls->state = UNVERIFIED;
        if (dtls->fingerprint_len)
            verify(dtls);
    } else if (SSL_get_error(dtls->ssl, done) != SSL_ERROR_WANT_READ) {
        fail_ssl(dtls, "DTLS handshake failed");
    }
}

/* Records after the handshake: a repeated Finished is answered by OpenSSL, data has no meaning
 * here, a goodbye is one. */
static void drain(struct dtls *dtls)
{
    char ignored[READ_MAX];
    for (;;) {
        ERR_clear_error();
        int got = SSL_read(dtls->ssl, ignored, sizeof ignored);
        if (got > 0)
            continue;
        int err = SSL_get_error(dtls->ssl, got);
        if (err == SSL_ERROR_ZERO_RETURN)
            fail(dtls, ERR_CLOSED, "peer closed DTLS");
        else if (err != SSL_ERROR_WANT_READ)
            fail_ssl(dtls, "DTLS connection failed");
        return;
    }
}

/* OpenSSL's record buffers, 33 KB for each connection, are needed while records come and go, and
 * after the handshake none do (SSL_MODE_RELEASE_BUFFERS leaves DTLS out). */
static void wake_buffers(struct dtls *dtls)
{
    BUG_IF(SSL_alloc_buffers(dtls->ssl) != 1);
}

static void rest_buffers(struct dtls *dtls)
{
    if (!dtls->ssl)
        return;
    if (dtls->state == UP || dtls->state == DONE)
        SSL_free_buffers(dtls->ssl); /* keeps them while something waits in them */
}

/* The keys are handed over: keep what may still be needed, and no connection. A server must be able
 * to repeat what it sent last, which came out of this feed. */
static void cut_to_tail(struct dtls *dtls)
{
    const struct flight *flight = dtls->flight;
    struct dtls_tail_keys keys;
    bool is_client = dtls->role == DTLS_CLIENT;
    bool ready = is_client || (flight->n == 1 && flight->len > 0);
    if (dtls->state != UP || !ready || !dtls_tail_keys_of(&keys, dtls->ssl, is_client))
        return;
    struct slice last = is_client ? SLICE_NONE : slice_make(flight->bytes, flight->len);
    dtls->tail = dtls_tail_create(&keys, last);
    mem_wipe(&keys, sizeof keys);
    SSL_free(dtls->ssl);
    dtls->ssl = NULL;
}

static void feed_tail(struct dtls *dtls, struct slice datagram)
{
    switch (dtls_tail_feed(dtls->tail, datagram)) {
    case DTLS_TAIL_REPEATED:
        if (dtls->role == DTLS_SERVER)
            dtls->events->on_send(dtls->owner, dtls_tail_flight(dtls->tail));
        return;
    case DTLS_TAIL_ABORTED:
        fail(dtls, ERR_REFUSED, "DTLS connection failed: the peer sent a fatal alert");
        return;
    case DTLS_TAIL_CLOSED:
        fail(dtls, ERR_CLOSED, "peer closed DTLS");
        return;
    case DTLS_TAIL_NOTHING:
        return;
    }
}

void dtls_start(struct dtls *dtls)
{
    if (dtls->state == SHAKING && dtls->role == DTLS_CLIENT)
        shake(dtls);
}

void dtls_feed(struct dtls *dtls, struct slice datagram)
{
    if (dtls->state == DONE)
        return;
    if (dtls->tail) {
        feed_tail(dtls, datagram);
        return;
    }
    struct flight flight = { 0 };
    bool shaking = dtls->state == SHAKING;
    wake_buffers(dtls);
    dtls->input = datagram;
    dtls->flight = &flight;
    if (shaking)
        shake(dtls);
    if (dtls->state == UNVERIFIED || dtls->state == UP)
        drain(dtls);
    if (shaking)
        cut_to_tail(dtls);
    dtls->input = SLICE_NONE;
    dtls->flight = NULL;
    rest_buffers(dtls);
}

void dtls_tick(struct dtls *dtls)
{
    /* once it is up nothing is repeated but what the peer repeats (RFC 6347 §4.2.4) */
    if (dtls->state == DONE || dtls->state == UP || dtls_next_wake_ms(dtls) != 0)
        return;
    ERR_clear_error();
    wake_buffers(dtls);
    if (DTLSv1_handle_timeout(dtls->ssl) < 0)
        fail_ssl(dtls, "DTLS handshake failed");
    rest_buffers(dtls);
}

int64_t dtls_next_wake_ms(const struct dtls *dtls)
{
    struct timeval left = { 0 };
    if (dtls->state == DONE || !dtls->ssl || DTLSv1_get_timeout(dtls->ssl, &left) != 1)
        return -1;
    return (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
}

enum err dtls_set_fingerprint(struct dtls *dtls, const char *hash, struct slice text)
{
    uint8_t digest[CERT_DIGEST_MAX], shape[CERT_DIGEST_MAX];
    size_t len = 0, want_len = 0;
    enum err err = cert_digest(SLICE_NONE, hash, shape, &want_len);
    if (!err)
        err = cert_fingerprint_parse(text, digest, &len);
    if (err)
        return err;
    if (len != want_len || !slice_copy(slice_of(hash), dtls->fingerprint_hash, HASH_NAME_MAX))
        return ERR_PARSE;
    memcpy(dtls->fingerprint, digest, len);
    dtls->fingerprint_len = len;
    if (dtls->state == UNVERIFIED)
        verify(dtls);
    return OK;
}

void dtls_close(struct dtls *dtls)
{
    if (dtls->state == DONE)
        return;
    if (dtls->tail) {
        uint8_t goodbye[DTLS_TAIL_GOODBYE_LEN];
        dtls_tail_goodbye(dtls->tail, goodbye);
        dtls->events->on_send(dtls->owner, slice_make(goodbye, sizeof goodbye));
        dtls->state = DONE;
        return;
    }
    ERR_clear_error();
    if (SSL_is_init_finished(dtls->ssl)) {
        wake_buffers(dtls);
        SSL_shutdown(dtls->ssl);
    }
    ERR_clear_error();
    dtls->state = DONE;
}
