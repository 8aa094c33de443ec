#pragma once
/* For this folder's tests only: a TCP or TLS client on plain sockets, pumped together with the
 * server's loop in one thread, and a certificate made on the spot. */

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/slice.h"
#include "net/addr.h"

enum { PEER_BUFFER = 8 << 20, PEER_WAIT_MS = 5000 };

struct peer {
    struct loop *loop;
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    char *in; /* what came, terminated */
    size_t len;
    bool eof;
    bool paused; /* do not read */
};

/** The clock itself: the loop's stands still while a test computes. */
static inline int64_t peer_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct peer peer_connect(struct loop *loop, const struct addr *to)
{
    struct peer peer = { .loop = loop, .in = mem_alloc(PEER_BUFFER + 1) };
    peer.fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer.fd >= 0);
    assert_int_equal(connect(peer.fd, &to->sa, addr_len(to)), 0);
    assert_int_equal(fcntl(peer.fd, F_SETFL, O_NONBLOCK), 0);
    return peer;
}

static inline void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ctx);
    close(peer->fd);
    mem_free(peer->in);
}

static inline void peer_read(struct peer *peer)
{
    while (!peer->eof && !peer->paused && peer->len < PEER_BUFFER) {
        size_t room = PEER_BUFFER - peer->len;
        long n;
        if (peer->ssl) {
            n = SSL_read(peer->ssl, peer->in + peer->len, (int)room);
            int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(peer->ssl, (int)n);
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
                return;
        } else {
            n = recv(peer->fd, peer->in + peer->len, room, 0);
            if (n < 0 && errno == EAGAIN)
                return;
        }
        peer->eof = n <= 0;
        peer->len += n > 0 ? (size_t)n : 0;
        peer->in[peer->len] = '\0';
    }
}

/** One turn of the loop, and whatever came. */
static inline void peer_turn(struct peer *peer)
{
    loop_turn(peer->loop, 2);
    peer_read(peer);
}

static inline void peer_send_bytes(struct peer *peer, const void *bytes, size_t len)
{
    const char *from = bytes;
    int64_t end_ms = peer_now_ms() + PEER_WAIT_MS;
    while (len) {
        long n = peer->ssl ? SSL_write(peer->ssl, from, (int)len)
                           : send(peer->fd, from, len, MSG_NOSIGNAL);
        if (n > 0) {
            from += n;
            len -= (size_t)n;
            continue;
        }
        peer_turn(peer);
        if (peer->eof || peer_now_ms() > end_ms)
            return; /* the test sees by what it gets back */
    }
}

static inline void peer_send(struct peer *peer, const char *text)
{
    peer_send_bytes(peer, text, strlen(text));
}

/** Until `needle` came; false after `ms`. */
static inline bool peer_wait_ms(struct peer *peer, const char *needle, int64_t ms)
{
    int64_t end_ms = peer_now_ms() + ms;
    while (!memmem(peer->in, peer->len, needle, strlen(needle))) {
        if (peer->eof || peer_now_ms() > end_ms)
            return false;
        peer_turn(peer);
    }
    return true;
}

static inline bool peer_wait(struct peer *peer, const char *needle)
{
    return peer_wait_ms(peer, needle, PEER_WAIT_MS);
}

static inline bool peer_wait_len(struct peer *peer, size_t len)
{
    int64_t end_ms = peer_now_ms() + PEER_WAIT_MS;
    while (peer->len < len && !peer->eof && peer_now_ms() <= end_ms)
        peer_turn(peer);
    return peer->len >= len;
}

static inline bool peer_wait_eof_ms(struct peer *peer, int64_t ms)
{
    int64_t end_ms = peer_now_ms() + ms;
    while (!peer->eof && peer_now_ms() <= end_ms)
        peer_turn(peer);
    return peer->eof;
}

static inline bool peer_wait_eof(struct peer *peer)
{
    return peer_wait_eof_ms(peer, PEER_WAIT_MS);
}

/** Let `ms` pass. */
static inline void peer_pass(struct loop *loop, int64_t ms)
{
    int64_t end_ms = peer_now_ms() + ms;
    do
        loop_turn(loop, 5);
    while (peer_now_ms() < end_ms);
}

static inline void peer_forget(struct peer *peer)
{
    peer->len = 0;
    peer->in[0] = '\0';
}

static inline bool peer_start_tls(struct peer *peer, int max_version)
{
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";
    char name[] = "localhost";
    peer->ctx = SSL_CTX_new(TLS_client_method());
    if (max_version) {
        SSL_CTX_set_security_level(peer->ctx, 0); /* else it does not even offer TLS 1.1 */
        SSL_CTX_set_min_proto_version(peer->ctx, 0);
        SSL_CTX_set_max_proto_version(peer->ctx, max_version);
    }
    peer->ssl = SSL_new(peer->ctx);
    SSL_set_alpn_protos(peer->ssl, alpn, sizeof alpn - 1);
    SSL_ctrl(peer->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
    SSL_set_fd(peer->ssl, peer->fd);
    for (int i = 0; i < 1000; i++) {
        int n = SSL_connect(peer->ssl);
        if (n == 1)
            return true;
        int why = SSL_get_error(peer->ssl, n);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return false;
        loop_turn(peer->loop, 2);
    }
    return false;
}

/** A self-made ECDSA certificate for `name` and its key, as PEM text on the heap. */
static inline void peer_make_certificate(const char *name, char **cert_pem, char **key_pem)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_non_null(key);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    X509_EXTENSION *alt =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(cert, alt, -1);
    X509_EXTENSION_free(alt);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    PEM_write_bio_X509(bio, cert);
    long len = BIO_get_mem_data(bio, &text);
    *cert_pem = mem_copy_text(text, (size_t)len);
    (void)BIO_reset(bio);
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    len = BIO_get_mem_data(bio, &text);
    *key_pem = mem_copy_text(text, (size_t)len);
    BIO_free(bio);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/** Open descriptors of this process. */
static inline size_t peer_count_fds(void)
{
    size_t n = 0;
    for (int fd = 0; fd < 4096; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}
