#include "net/http_listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_priv.h"

/* libwebsockets could listen itself, but `iface` then binds more than asked and its port 0 cannot
 * be told apart; so we bind and accept, and it adopts. */

/* Borrowed by libwebsockets for good. No Host header begins with it, so none moves a connection
 * to such a vhost. */
#define TLS_VHOST "\1tls"

enum { BACKLOG = 512, ACCEPT_BATCH = 64 };

struct load { /* what http_listener_load() needs, only while a vhost is being made */
    const struct http_listener_config *config;
    struct fault *fault;
};

static enum err tls_fault(struct fault *fault, const char *where, const char *what)
{
    char why[160] = "unreadable";
    unsigned long code = ERR_peek_last_error();
    if (code)
        ERR_error_string_n(code, why, sizeof why);
    ERR_clear_error();
    return fault_set(fault, ERR_INVALID, where, 0, "%s: %s", what, why);
}

static enum err use_chain(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    enum err err = ERR_INVALID;
    X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (!leaf || SSL_CTX_use_certificate(ctx, leaf) != 1)
        goto out;
    for (X509 *next; (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;)
        if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
            X509_free(next);
            goto out;
        }
    ERR_clear_error(); /* the end of the text counts as one */
    err = OK;
out:
    X509_free(leaf);
    BIO_free(bio);
    return err;
}

static enum err use_key(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    enum err err = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 ? OK : ERR_INVALID;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return err;
}

static bool load_chain(SSL_CTX *ctx, const struct http_listener_config *config)
{
    if (config->cert_pem)
        return !use_chain(ctx, config->cert_pem);
    return config->cert_file && SSL_CTX_use_certificate_chain_file(ctx, config->cert_file) == 1;
}

static bool load_key(SSL_CTX *ctx, const struct http_listener_config *config)
{
    if (config->key_pem)
        return !use_key(ctx, config->key_pem);
    return config->key_file &&
           SSL_CTX_use_PrivateKey_file(ctx, config->key_file, SSL_FILETYPE_PEM) == 1;
}

int http_listener_load(void *user, void *ssl_ctx)
{
    const struct load *load = user;
    SSL_CTX *ctx = ssl_ctx;
    const struct http_listener_config *config = load->config;
    const char *cert = config->cert_file ? config->cert_file : "certificate";
    const char *key = config->key_file ? config->key_file : "private key";
    ERR_clear_error();
    /* libwebsockets' own would swap in another listener's certificate, as all have one port */
    SSL_CTX_set_tlsext_servername_callback(ctx, NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    if (!load_chain(ctx, config))
        return tls_fault(load->fault, cert, "not a PEM certificate") ? -1 : 0;
    if (!load_key(ctx, config))
        return tls_fault(load->fault, key, "not a PEM private key for it") ? -1 : 0;
    if (SSL_CTX_check_private_key(ctx) != 1)
        return tls_fault(load->fault, key, "does not belong to the certificate") ? -1 : 0;
    return 0;
}

static enum err bind_exactly(struct http_listener *listener, const struct addr *bind_to,
                             struct fault *fault)
{
    char text[ADDR_TEXT];
    int on = 1;
    int fd = socket(bind_to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fault_set(fault, ERR_IO, listener->name, 0, "no socket: %s", strerror(errno));
    listener->fd = fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (addr_is_v6(bind_to))
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, &bind_to->sa, addr_len(bind_to)) || listen(fd, BACKLOG))
        return fault_set(fault, ERR_IO, listener->name, 0, "cannot listen on %s: %s",
                         addr_print(bind_to, text), strerror(errno));
    struct sockaddr_storage real = { 0 };
    socklen_t len = sizeof real;
    if (getsockname(fd, (struct sockaddr *)&real, &len))
        return fault_set(fault, ERR_IO, listener->name, 0, "getsockname: %s", strerror(errno));
    listener->addr = addr_from_sockaddr((struct sockaddr *)&real);
    return OK;
}

static void adopt(struct http_listener *listener, int fd, const struct addr *peer)
{
    struct http_server *server = listener->server;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct http_conn *conn = mem_new(struct http_conn);
    conn->server = server;
    conn->listener = listener;
    conn->peer = *peer;
    list_append(&server->conns, &conn->link);
    lws_adopt_desc_t desc = {
        .vh = listener->vhost,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
        .fd = { .sockfd = fd },
        .opaque = conn,
    };
    lws_adopt_descriptor_vhost_via_info(&desc);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct http_listener *listener = poll->data;
    const struct http_server *server = listener->server;
    for (int i = 0; status == 0 && i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage from = { 0 };
        socklen_t len = sizeof from;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (server->n_conns >= server->config.max_connections) {
            log_debug(NULL, "http refused listener=%s connections=%u", listener->name,
                      server->n_conns);
            close(fd);
            continue;
        }
        struct addr peer = addr_from_sockaddr((struct sockaddr *)&from);
        adopt(listener, fd, &peer);
    }
}

static enum err start(struct http_listener *listener, const struct http_listener_config *config,
                      struct fault *fault)
{
    struct http_server *server = listener->server;
    struct load load = { config, fault };
    enum err err = bind_exactly(listener, &config->bind, fault);
    if (err)
        return err;
    listener->vhost = server->plain;
    if (config->tls) {
        listener->vhost = http_server_add_vhost(server, TLS_VHOST, true, &load);
    }
    if (!listener->vhost)
        return ERR_INVALID;
    if (uv_poll_init(loop_uv(server->loop), &listener->poll, listener->fd))
        return fault_set(fault, ERR_IO, listener->name, 0, "cannot watch the socket");
    listener->poll.data = listener;
    listener->polling = true;
    uv_poll_start(&listener->poll, UV_READABLE, on_connection);
    return OK;
}

enum err http_server_listen(struct http_server *server, const struct http_listener_config *config,
                            struct http_listener **out, struct fault *fault)
{
    struct http_listener *listener = mem_new(struct http_listener);
    listener->server = server;
    listener->name = slice_dup(slice_of(config->name ? config->name : "http"));
    listener->tls = config->tls;
    listener->tag = config->tag;
    listener->fd = -1;
    enum err err = start(listener, config, fault);
    if (err) {
        if (listener->fd >= 0)
            close(listener->fd);
        http_listener_destroy(listener);
        return err;
    }
    list_append(&server->listeners, &listener->link);
    if (out)
        *out = listener;
    return OK;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct http_listener *listener = handle->data;
    close(listener->fd);
    listener->fd = -1;
}

void http_listener_close(struct http_listener *listener)
{
    if (!listener->polling)
        return;
    listener->polling = false;
    uv_close((uv_handle_t *)&listener->poll, on_poll_closed);
}

void http_listener_destroy(struct http_listener *listener)
{
    mem_free(listener->name);
    mem_free(listener);
}

const struct addr *http_listener_addr(const struct http_listener *listener)
{
    return &listener->addr;
}

const char *http_listener_name(const struct http_listener *listener)
{
    return listener->name;
}

void *http_listener_tag(const struct http_listener *listener)
{
    return listener->tag;
}
