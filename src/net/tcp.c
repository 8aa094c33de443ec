#include "net/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>

#include "base/loop.h"
#include "base/mem.h"
#include "net/tcp_priv.h"

enum { READ_STEP = 16 << 10, TCP_WHERE_MAX = 300 };

struct write {
    uv_write_t req;
    char bytes[];
};

static void on_timer(void *owner);
static void open_up(struct tcp *tcp);

static const char *kind(const struct tcp *tcp)
{
    return tcp->tls ? "TLS" : "TCP";
}

/* "sip.example.com (192.0.2.1:5061)" */
static const char *whom(const struct tcp *tcp, char *out, size_t cap)
{
    char addr[ADDR_TEXT];
    addr_print(&tcp->remote, addr);
    if (tcp->tls_name)
        snprintf(out, cap, "%s (%s)", tcp->tls_name, addr);
    else
        snprintf(out, cap, "%s", addr);
    return out;
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp *tcp = handle->data;
    tls_destroy(tcp->tls);
    mem_free(tcp->tls_name);
    mem_free(tcp->early);
    mem_free(tcp);
}

static void give_up(struct tcp *tcp)
{
    tcp->state = TCP_GONE;
    loop_timer_stop(tcp->loop, &tcp->timer);
    tcp_listener_forget(tcp);
    uv_close((uv_handle_t *)&tcp->uv, on_closed);
}

/* The last thing that any function here does. */
static void end(struct tcp *tcp)
{
    give_up(tcp);
    if (tcp->events)
        tcp->events->on_close(tcp->owner, tcp, &tcp->end);
}

__attribute__((format(printf, 4, 5))) static void set_end(struct tcp *tcp, enum err err, int error,
                                                          const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(tcp->why, sizeof tcp->why, fmt, args);
    va_end(args);
    tcp->end = (struct tcp_end){ .err = err, .error = error, .text = tcp->why };
}

static void end_with_errno(struct tcp *tcp, const char *what, int error)
{
    char where[TCP_WHERE_MAX];
    enum err err = error == ECONNREFUSED ? ERR_REFUSED : error == ETIMEDOUT ? ERR_TIMEOUT : ERR_IO;
    set_end(tcp, err, error, "%s %s over %s: %s", what, whom(tcp, where, sizeof where), kind(tcp),
            strerror(error));
    end(tcp);
}

static void end_in_order(struct tcp *tcp)
{
    char where[TCP_WHERE_MAX];
    set_end(tcp, tcp->state == TCP_SHAKING ? ERR_CLOSED : OK, 0, "%s closed the %s connection",
            whom(tcp, where, sizeof where), kind(tcp));
    end(tcp);
}

static void end_with_tls(struct tcp *tcp, const struct fault *why)
{
    char where[TCP_WHERE_MAX];
    set_end(tcp, why->code, 0, "no TLS with %s: %s", whom(tcp, where, sizeof where), why->text);
    end(tcp);
}

/* An operation must not end in an event: the next turn ends it. */
static void end_later(struct tcp *tcp, enum err err, const char *text)
{
    if (tcp->end.text)
        return;
    set_end(tcp, err, 0, "%s", text);
    loop_timer_start(tcp->loop, &tcp->timer, 0, on_timer, tcp);
}

static void end_timed_out(struct tcp *tcp)
{
    char where[TCP_WHERE_MAX];
    bool was_open = tcp->state == TCP_OPEN;
    const char *what = was_open                    ? "nothing came from"
                       : tcp->state == TCP_SHAKING ? "no TLS handshake with"
                                                   : "no connection to";
    set_end(tcp, ERR_TIMEOUT, ETIMEDOUT, "%s %s over %s in %d s", what,
            whom(tcp, where, sizeof where), kind(tcp),
            (int)((was_open ? tcp->idle_ms : tcp->limit_ms) / 1000));
    end(tcp);
}

static void on_timer(void *owner)
{
    struct tcp *tcp = owner;
    if (tcp->end.text) { /* decided already: by an operation, or it lingered */
        end(tcp);
        return;
    }
    int64_t silent_ms = loop_now_ms(tcp->loop) - tcp->heard_ms;
    if (tcp->state == TCP_OPEN && silent_ms < tcp->idle_ms)
        loop_timer_start(tcp->loop, &tcp->timer, tcp->idle_ms - silent_ms, on_timer, tcp);
    else
        end_timed_out(tcp);
}

/* ---- sending ---- */

static void on_written(uv_write_t *req, int status)
{
    struct tcp *tcp = req->handle->data;
    mem_free(req->data);
    if (status < 0 && status != UV_ECANCELED && tcp->state != TCP_GONE)
        end_with_errno(tcp, "cannot send to", -status);
}

static void write_bytes(struct tcp *tcp, const void *bytes, size_t len)
{
    struct write *write = mem_alloc(sizeof *write + len);
    write->req.data = write;
    memcpy(write->bytes, bytes, len);
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)len); /* ≤ TCP_MAX_BACKLOG */
    int status = uv_write(&write->req, (uv_stream_t *)&tcp->uv, &buf, 1, on_written);
    if (status < 0) { /* not even queued */
        mem_free(write);
        end_later(tcp, ERR_IO, strerror(-status));
    }
}

static void send_sealed(struct tcp *tcp)
{
    char bytes[READ_STEP];
    size_t n;
    while ((n = tls_take(tcp->tls, bytes, sizeof bytes)) > 0)
        write_bytes(tcp, bytes, n);
}

static enum err queue_early(struct tcp *tcp, struct slice bytes)
{
    tcp->early = mem_resize(tcp->early, tcp->early_len + bytes.len); /* ≤ TCP_MAX_BACKLOG */
    memcpy(tcp->early + tcp->early_len, bytes.ptr, bytes.len);
    tcp->early_len += bytes.len;
    return OK;
}

enum err tcp_send(struct tcp *tcp, struct slice bytes)
{
    if (tcp->state >= TCP_ENDING || tcp->end.text)
        return ERR_CLOSED;
    if (!bytes.len)
        return OK;
    size_t waiting = tcp_backlog(tcp);
    if (waiting > TCP_MAX_BACKLOG || bytes.len > TCP_MAX_BACKLOG - waiting) {
        end_later(tcp, ERR_LIMIT, "the far end reads too slowly");
        return ERR_LIMIT;
    }
    if (tcp->state != TCP_OPEN)
        return queue_early(tcp, bytes);
    if (!tcp->tls) {
        write_bytes(tcp, bytes.ptr, bytes.len);
        return OK;
    }
    enum err err = tls_write(tcp->tls, bytes);
    send_sealed(tcp);
    return err;
}

size_t tcp_backlog(const struct tcp *tcp)
{
    return tcp->early_len + uv_stream_get_write_queue_size((const uv_stream_t *)&tcp->uv);
}

/* ---- receiving ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(mem_alloc(READ_STEP), READ_STEP);
}

static void deliver(struct tcp *tcp, struct slice bytes)
{
    if (tcp->state == TCP_OPEN && tcp->events)
        tcp->events->on_bytes(tcp->owner, tcp, bytes);
}

/* The owner may destroy it in any event: then its state says so, and it is freed after this turn.
 */
static void take_sealed(struct tcp *tcp, struct slice bytes)
{
    char plain[READ_STEP];
    struct fault why = { 0 };
    size_t n = 0;
    enum err err = OK;
    tls_feed(tcp->tls, bytes);
    while (!err) {
        err = tls_read(tcp->tls, plain, sizeof plain, &n, &why);
        send_sealed(tcp);
        if (tcp->state == TCP_SHAKING && tls_is_open(tcp->tls))
            open_up(tcp);
        if (!err)
            deliver(tcp, slice_make(plain, n));
        if (tcp->state == TCP_GONE)
            return;
    }
    if (err == ERR_AGAIN)
        return;
    if (err == ERR_CLOSED)
        end_in_order(tcp);
    else
        end_with_tls(tcp, &why);
}

static void take(struct tcp *tcp, struct slice bytes)
{
    tcp->heard_ms = loop_now_ms(tcp->loop);
    if (tcp->tls)
        take_sealed(tcp, bytes);
    else
        deliver(tcp, bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct tcp *tcp = stream->data;
    if (n > 0 && !tcp->end.text)
        take(tcp, slice_make(buf->base, (size_t)n));
    mem_free(buf->base);
    if (n >= 0 || tcp->state == TCP_GONE)
        return;
    if (tcp->end.text) /* it lingered for this */
        end(tcp);
    else if (n == UV_EOF)
        end_in_order(tcp);
    else
        end_with_errno(tcp, "lost the connection to", (int)-n);
}

/* ---- life ---- */

struct tcp *tcp_create(struct loop *loop)
{
    struct tcp *tcp = mem_new(struct tcp);
    tcp->loop = loop;
    list_init(&tcp->link);
    BUG_IF(uv_tcp_init(loop_uv(loop), &tcp->uv));
    tcp->uv.data = tcp;
    return tcp;
}

static struct addr name_of(const struct tcp *tcp,
                           int (*get)(const uv_tcp_t *, struct sockaddr *, int *))
{
    struct sockaddr_storage name = { 0 };
    int len = sizeof name;
    if (get(&tcp->uv, (struct sockaddr *)&name, &len))
        return (struct addr){ 0 };
    return addr_from_sockaddr((struct sockaddr *)&name);
}

static void open_up(struct tcp *tcp)
{
    tcp->state = TCP_OPEN;
    loop_timer_stop(tcp->loop, &tcp->timer);
    if (tcp->idle_ms)
        loop_timer_start(tcp->loop, &tcp->timer, tcp->idle_ms, on_timer, tcp);
    if (tcp->early) {
        struct slice early = { tcp->early, tcp->early_len };
        tcp->early_len = 0;
        (void)!tcp_send(tcp, early); /* what fails here ends it by itself */
        mem_free(tcp->early);
        tcp->early = NULL;
    }
    if (tcp->listener)
        tcp_listener_opened(tcp);
    else if (tcp->events && tcp->events->on_open)
        tcp->events->on_open(tcp->owner, tcp);
}

static void shake_hands(struct tcp *tcp)
{
    if (!timer_is_running(&tcp->timer)) /* accepted; else what is left of connecting */
        loop_timer_start(tcp->loop, &tcp->timer, tcp->limit_ms, on_timer, tcp);
    take_sealed(tcp, SLICE_NONE); /* the ClientHello, or nothing yet */
}

void tcp_begin(struct tcp *tcp, const struct tls_context *tls, int64_t idle_ms)
{
    uv_os_fd_t fd = -1;
    unsigned unacked_ms = TCP_UNACKED_MS;
    tcp->idle_ms = idle_ms;
    tcp->heard_ms = loop_now_ms(tcp->loop);
    tcp->local = name_of(tcp, uv_tcp_getsockname);
    uv_tcp_nodelay(&tcp->uv, 1);
    if (!uv_fileno((uv_handle_t *)&tcp->uv, &fd)) /* a far end that vanished must show: RFC 5482 */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof unacked_ms);
    if (!tcp->remote.sa.sa_family)
        tcp->remote = name_of(tcp, uv_tcp_getpeername);
    if (tls && !tcp->tls)
        tcp->tls = tls_create(tls, SLICE_NONE);
    uv_read_start((uv_stream_t *)&tcp->uv, on_alloc, on_read);
    tcp->state = TCP_SHAKING;
    if (!tcp->tls)
        open_up(tcp);
    else
        shake_hands(tcp);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct tcp *tcp = req->handle->data;
    if (tcp->state == TCP_GONE || tcp->end.text)
        return;
    if (status < 0)
        end_with_errno(tcp, "cannot connect to", -status);
    else
        tcp_begin(tcp, NULL, tcp->idle_ms);
}

static void connect_from(struct tcp *tcp, const struct addr *from)
{
    struct addr local = *from;
    addr_set_port(&local, 0);
    bool is_any = addr_is_any(from);
    bool wanted = addr_is_set(from) && addr_is_v6(from) == addr_is_v6(&tcp->remote) &&
                  (is_any || addr_is_loopback(from) == addr_is_loopback(&tcp->remote));
    /* what cannot be had is shown by connecting */
    if (wanted && !uv_tcp_bind(&tcp->uv, &local.sa, 0))
        tcp->local = name_of(tcp, uv_tcp_getsockname);
    int status = uv_tcp_connect(&tcp->connect, &tcp->uv, &tcp->remote.sa, on_connected);
    if (status < 0)
        end_later(tcp, ERR_IO, strerror(-status));
}

struct tcp *tcp_connect(struct loop *loop, const struct tcp_config *config,
                        const struct tcp_events *events, void *owner)
{
    char ip[ADDR_TEXT];
    struct tcp *tcp = tcp_create(loop);
    tcp->events = events;
    tcp->owner = owner;
    tcp->state = TCP_CONNECTING;
    tcp->remote = config->remote;
    tcp->idle_ms = config->idle_ms;
    tcp->limit_ms = config->connect_ms ? config->connect_ms : TCP_CONNECT_MS;
    if (config->tls) {
        addr_print_ip(&config->remote, ip);
        tcp->tls = tls_create(config->tls, config->tls_name.len ? config->tls_name : slice_of(ip));
        tcp->tls_name = config->tls_name.len ? slice_dup(config->tls_name) : NULL;
    }
    loop_timer_start(loop, &tcp->timer, tcp->limit_ms, on_timer, tcp);
    connect_from(tcp, &config->local);
    return tcp;
}

static void say_end(struct tcp *tcp)
{
    if (tcp->state != TCP_OPEN || !tcp->tls)
        return;
    tls_close(tcp->tls);
    send_sealed(tcp);
}

void tcp_destroy(struct tcp *tcp)
{
    if (!tcp || tcp->state == TCP_GONE)
        return;
    tcp->events = NULL;
    say_end(tcp);
    give_up(tcp);
}

static void on_shut(uv_shutdown_t *req, int status)
{
    struct tcp *tcp = req->handle->data;
    if (status < 0 && tcp->state == TCP_ENDING)
        end(tcp);
}

void tcp_close(struct tcp *tcp)
{
    if (tcp->end.text || tcp->state >= TCP_ENDING)
        return;
    bool was_open = tcp->state == TCP_OPEN;
    say_end(tcp);
    set_end(tcp, OK, 0, "closed by us");
    tcp->state = TCP_ENDING;
    bool shuts = was_open && !uv_shutdown(&tcp->shutdown, (uv_stream_t *)&tcp->uv, on_shut);
    loop_timer_start(tcp->loop, &tcp->timer, shuts ? TCP_LINGER_MS : 0, on_timer, tcp);
}

void tcp_set_events(struct tcp *tcp, const struct tcp_events *events, void *owner)
{
    tcp->events = events;
    tcp->owner = owner;
}

bool tcp_is_open(const struct tcp *tcp)
{
    return tcp->state == TCP_OPEN;
}

const struct addr *tcp_local(const struct tcp *tcp)
{
    return &tcp->local;
}

const struct addr *tcp_remote(const struct tcp *tcp)
{
    return &tcp->remote;
}

const struct tls *tcp_tls(const struct tcp *tcp)
{
    return tcp->tls;
}
