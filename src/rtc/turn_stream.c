#include "rtc/turn_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <uv.h>

#include "base/loop.h"
#include "base/mem.h"
#include "rtc/turn_frames.h"

enum { CHUNK = 16 * 1024 };

enum stream_state { CONNECTING, HANDSHAKING, OPEN, CLOSED };

struct turn_stream {
    struct loop *loop;
    const struct turn_stream_events *events;
    void *owner;
    enum stream_state state;
    bool destroyed;
    bool refused; /* at once: a deferred call is still to report it */
    struct addr server;
    uv_tcp_t tcp;
    uv_connect_t connect;
    SSL *ssl; /* NULL: plain TCP */
    BIO *in, *out;
    struct turn_frames frames;
    char chunk[CHUNK];
};

/* Trust */

enum err turn_tls_create(struct turn_tls **out, const char *ca_file)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BUG_IF(!context);
    bool good = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
    if (ca_file)
        good &= SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1;
    else
        good &= SSL_CTX_set_default_verify_paths(context) == 1;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ERR_clear_error();
    if (!good) {
        SSL_CTX_free(context);
        return ERR_INVALID;
    }
    *out = (struct turn_tls *)(void *)context;
    return OK;
}

static SSL_CTX *context_of(struct turn_tls *tls)
{
    return (SSL_CTX *)(void *)tls;
}

struct turn_tls *turn_tls_ref(struct turn_tls *tls)
{
    if (tls)
        SSL_CTX_up_ref(context_of(tls));
    return tls;
}

void turn_tls_unref(struct turn_tls *tls)
{
    SSL_CTX_free(context_of(tls));
}

static void set_tls(struct turn_stream *stream, struct turn_tls *tls, const char *host)
{
    struct addr number;
    stream->ssl = SSL_new(context_of(tls));
    stream->in = BIO_new(BIO_s_mem());
    stream->out = BIO_new(BIO_s_mem());
    BUG_IF(!stream->ssl || !stream->in || !stream->out);
    SSL_set_bio(stream->ssl, stream->in, stream->out); /* owned by it now */
    SSL_set_connect_state(stream->ssl);
    bool good;
    if (addr_parse_ip(slice_of(host), 0, &number)) {
        good = SSL_set1_host(stream->ssl, host) == 1;
        good &= SSL_set_tlsext_host_name(stream->ssl, host) == 1;
    } else { /* RFC 6066 §3: no numbers as server name */
        good = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream->ssl), host) == 1;
    }
    BUG_IF(!good);
}

/* The end of it */

static void on_closed(uv_handle_t *handle)
{
    struct turn_stream *stream = handle->data;
    SSL_free(stream->ssl);
    mem_free(stream);
}

static void report_closed(struct turn_stream *stream, enum err err, const char *why)
{
    char text[200], addr[ADDR_TEXT];
    if (stream->state == CLOSED)
        return;
    stream->state = CLOSED;
    if (!stream->destroyed)
        uv_read_stop((uv_stream_t *)&stream->tcp);
    snprintf(text, sizeof text, "TURN over %s to %s: %s", stream->ssl ? "TLS" : "TCP",
             addr_print(&stream->server, addr), why);
    if (!stream->destroyed)
        stream->events->on_closed(stream->owner, err, text);
}

static void fail_tls(struct turn_stream *stream)
{
    long verdict = SSL_get_verify_result(stream->ssl);
    unsigned long code = ERR_get_error();
    const char *why = verdict == X509_V_OK ? ERR_reason_error_string(code)
                                           : X509_verify_cert_error_string(verdict);
    report_closed(stream, ERR_AUTH, why ? why : "the TLS handshake failed");
    ERR_clear_error();
}

/* Writing */

struct writing { /* what the network did not take at once */
    uv_write_t request;
    char bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    (void)status; /* a broken connection is told by reading */
    mem_free(request->data);
}

static void write_raw(struct turn_stream *stream, const char *bytes, size_t len)
{
    uv_stream_t *tcp = (uv_stream_t *)&stream->tcp;
    struct writing *writing = mem_alloc(sizeof *writing + len);
    memcpy(writing->bytes, bytes, len);
    writing->request.data = writing;
    uv_buf_t buf = uv_buf_init(writing->bytes, (unsigned)len); /* CHUNK or a message */
    int n = uv_try_write(tcp, &buf, 1);
    if (n == (int)len || (n < 0 && n != UV_EAGAIN)) {
        mem_free(writing);
        return;
    }
    if (n > 0)
        buf = uv_buf_init(writing->bytes + n, (unsigned)(len - (size_t)n));
    if (uv_write(&writing->request, tcp, &buf, 1, on_written))
        mem_free(writing);
}

static void flush_tls(struct turn_stream *stream)
{
    char bytes[CHUNK];
    for (int n; (n = BIO_read(stream->out, bytes, sizeof bytes)) > 0;)
        write_raw(stream, bytes, (size_t)n);
}

void turn_stream_send(struct turn_stream *stream, struct slice bytes)
{
    if (stream->state != OPEN || !bytes.len || bytes.len > CHUNK ||
        uv_stream_get_write_queue_size((uv_stream_t *)&stream->tcp) > TURN_STREAM_WAITING_MAX)
        return;
    if (!stream->ssl) {
        write_raw(stream, bytes.ptr, bytes.len);
        return;
    }
    if (SSL_write(stream->ssl, bytes.ptr, (int)bytes.len) <= 0) /* at most CHUNK */
        fail_tls(stream);
    else
        flush_tls(stream);
}

/* Reading */

static void on_message(void *owner, struct slice message)
{
    struct turn_stream *stream = owner;
    if (stream->state == OPEN && !stream->destroyed)
        stream->events->on_message(stream->owner, message);
}

static void take(struct turn_stream *stream, struct slice bytes)
{
    if (turn_frames_feed(&stream->frames, bytes, on_message, stream))
        report_closed(stream, ERR_PARSE, "the server does not speak TURN");
}

static void opened(struct turn_stream *stream)
{
    stream->state = OPEN;
    if (!stream->destroyed)
        stream->events->on_open(stream->owner);
}

static void handshake(struct turn_stream *stream)
{
    ERR_clear_error();
    int done = SSL_do_handshake(stream->ssl);
    int why = SSL_get_error(stream->ssl, done);
    flush_tls(stream); /* an alert too */
    if (done == 1)
        opened(stream);
    else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        fail_tls(stream);
}

static void take_tls(struct turn_stream *stream, struct slice bytes)
{
    char plain[CHUNK];
    int n;
    BUG_IF(BIO_write(stream->in, bytes.ptr, (int)bytes.len) != (int)bytes.len); /* grows */
    if (stream->state == HANDSHAKING)
        handshake(stream);
    if (stream->state != OPEN)
        return;
    ERR_clear_error();
    while (stream->state == OPEN && (n = SSL_read(stream->ssl, plain, sizeof plain)) > 0)
        take(stream, slice_make(plain, (size_t)n));
    if (stream->state != OPEN)
        return;
    flush_tls(stream);
    int why = SSL_get_error(stream->ssl, n);
    if (why == SSL_ERROR_ZERO_RETURN)
        report_closed(stream, ERR_CLOSED, "closed by the server");
    else if (why != SSL_ERROR_WANT_READ)
        fail_tls(stream);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct turn_stream *stream = handle->data;
    (void)suggested;
    *buf = uv_buf_init(stream->chunk, sizeof stream->chunk);
}

static void on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *buf)
{
    struct turn_stream *stream = tcp->data;
    if (n == 0 || stream->destroyed)
        return;
    if (n < 0)
        report_closed(stream, ERR_CLOSED,
                      n == UV_EOF ? "closed by the server" : uv_strerror((int)n));
    else if (stream->ssl)
        take_tls(stream, slice_make(buf->base, (size_t)n));
    else
        take(stream, slice_make(buf->base, (size_t)n));
}

/* Life */

static void on_connected(uv_connect_t *connect, int status)
{
    struct turn_stream *stream = connect->data;
    if (stream->destroyed)
        return;
    if (status) {
        report_closed(stream, ERR_IO, uv_strerror(status));
        return;
    }
    uv_tcp_nodelay(&stream->tcp, 1);
    uv_read_start((uv_stream_t *)&stream->tcp, on_room, on_read);
    stream->state = HANDSHAKING;
    if (stream->ssl)
        handshake(stream);
    else
        opened(stream);
}

static void on_refused(void *arg)
{
    struct turn_stream *stream = arg;
    stream->refused = false;
    if (stream->destroyed)
        uv_close((uv_handle_t *)&stream->tcp, on_closed);
    else
        report_closed(stream, ERR_IO, "cannot connect");
}

struct turn_stream *turn_stream_create(struct loop *loop, const struct addr *server,
                                       struct turn_tls *tls, const char *host,
                                       const struct turn_stream_events *events, void *owner)
{
    struct turn_stream *stream = mem_new(struct turn_stream);
    stream->loop = loop;
    stream->events = events;
    stream->owner = owner;
    stream->server = *server;
    if (tls)
        set_tls(stream, tls, host);
    BUG_IF(uv_tcp_init(loop_uv(loop), &stream->tcp));
    stream->tcp.data = stream->connect.data = stream;
    int error = uv_tcp_connect(&stream->connect, &stream->tcp, &server->sa, on_connected);
    stream->refused = error != 0;
    if (error)
        loop_defer(loop, on_refused, stream);
    return stream;
}

void turn_stream_destroy(struct turn_stream *stream)
{
    if (!stream)
        return;
    stream->destroyed = true;
    if (stream->ssl && stream->state == OPEN) {
        SSL_shutdown(stream->ssl);
        flush_tls(stream);
    }
    if (!stream->refused)
        uv_close((uv_handle_t *)&stream->tcp, on_closed);
}
