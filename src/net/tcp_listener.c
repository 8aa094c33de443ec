/* The listening side of tcp.h: accepting within limits. */
#include <errno.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/tcp.h"
#include "net/tcp_priv.h"

struct tcp_listener {
    struct loop *loop;
    const struct tcp_listener_events *events;
    void *owner;
    uv_tcp_t uv;
    struct addr local;
    const struct tls_context *tls;
    size_t max, max_per_ip, n;
    int64_t idle_ms;
    struct list conns;  /* struct tcp by link */
    struct map *per_ip; /* address bytes -> how many, as the value itself */
    bool closing;
};

static struct slice ip_key(const struct addr *addr)
{
    return addr_is_v6(addr) ? slice_make(&addr->in6.sin6_addr, sizeof addr->in6.sin6_addr)
                            : slice_make(&addr->in4.sin_addr, sizeof addr->in4.sin_addr);
}

static size_t count_of(const struct tcp_listener *l, const struct addr *addr)
{
    return (size_t)(uintptr_t)map_find(l->per_ip, ip_key(addr));
}

static void set_count(struct tcp_listener *l, const struct addr *addr, size_t n)
{
    if (n)
        map_put(l->per_ip, ip_key(addr), (void *)(uintptr_t)n);
    else
        map_remove(l->per_ip, ip_key(addr));
}

void tcp_listener_forget(struct tcp *tcp)
{
    struct tcp_listener *l = tcp->listener;
    if (!l)
        return;
    tcp->listener = NULL;
    list_remove(&tcp->link);
    l->n--;
    if (l->max_per_ip)
        set_count(l, &tcp->remote, count_of(l, &tcp->remote) - 1);
}

static void on_early_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    (void)owner;
    (void)bytes;
    tcp_close(tcp); /* nobody took it */
}

static void on_early_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    (void)owner;
    (void)tcp;
    log_debug(NULL, "incoming connection ended: %s", why->text);
}

static const struct tcp_events nobody = { .on_bytes = on_early_bytes, .on_close = on_early_close };

void tcp_listener_opened(struct tcp *tcp)
{
    struct tcp_listener *l = tcp->listener;
    l->events->on_accept(l->owner, tcp);
    if (tcp->events == &nobody && tcp->state == TCP_OPEN)
        tcp_close(tcp);
}

static bool is_over_limit(const struct tcp_listener *l, const struct addr *remote)
{
    return (l->max && l->n >= l->max) || (l->max_per_ip && count_of(l, remote) >= l->max_per_ip);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct tcp_listener *l = stream->data;
    char from[ADDR_TEXT];
    struct sockaddr_storage name = { 0 };
    int len = sizeof name;
    if (status < 0 || l->closing)
        return;
    struct tcp *tcp = tcp_create(l->loop);
    if (uv_accept(stream, (uv_stream_t *)&tcp->uv) ||
        uv_tcp_getpeername(&tcp->uv, (struct sockaddr *)&name, &len)) {
        tcp_destroy(tcp); /* it left already */
        return;
    }
    tcp->remote = addr_from_sockaddr((struct sockaddr *)&name);
    if (is_over_limit(l, &tcp->remote)) {
        log_debug(NULL, "connection refused from=%s: too many", addr_print(&tcp->remote, from));
        tcp_destroy(tcp);
        return;
    }
    tcp->listener = l;
    tcp->limit_ms = TCP_CONNECT_MS;
    list_append(&l->conns, &tcp->link);
    l->n++;
    if (l->max_per_ip)
        set_count(l, &tcp->remote, count_of(l, &tcp->remote) + 1);
    tcp_set_events(tcp, &nobody, NULL);
    tcp_begin(tcp, l->tls, l->idle_ms);
}

static enum err bind_and_listen(struct tcp_listener *l, const struct addr *bind,
                                struct fault *fault)
{
    char text[ADDR_TEXT];
    struct sockaddr_storage name = { 0 };
    int len = sizeof name;
    int status = uv_tcp_bind(&l->uv, &bind->sa, addr_is_v6(bind) ? UV_TCP_IPV6ONLY : 0);
    if (!status)
        status = uv_listen((uv_stream_t *)&l->uv, TCP_LISTEN_QUEUE, on_connection);
    if (!status)
        status = uv_tcp_getsockname(&l->uv, (struct sockaddr *)&name, &len);
    if (status)
        return fault_set(fault, ERR_IO, addr_print(bind, text), 0,
                         "cannot listen on %s: %s; is another program using the port?",
                         l->tls ? "TLS" : "TCP", strerror(-status));
    l->local = addr_from_sockaddr((struct sockaddr *)&name);
    return OK;
}

enum err tcp_listen(struct tcp_listener **out, struct loop *loop,
                    const struct tcp_listen_config *config,
                    const struct tcp_listener_events *events, void *owner, struct fault *fault)
{
    struct tcp_listener *l = mem_new(struct tcp_listener);
    l->loop = loop;
    l->events = events;
    l->owner = owner;
    l->tls = config->tls;
    l->max = config->max;
    l->max_per_ip = config->max_per_ip;
    l->idle_ms = config->idle_ms;
    l->per_ip = map_create();
    list_init(&l->conns);
    BUG_IF(uv_tcp_init(loop_uv(loop), &l->uv));
    l->uv.data = l;
    enum err err = bind_and_listen(l, &config->bind, fault);
    if (err) {
        tcp_listener_destroy(l);
        return err;
    }
    *out = l;
    return OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_listener *l = handle->data;
    map_destroy(l->per_ip);
    mem_free(l);
}

void tcp_listener_destroy(struct tcp_listener *l)
{
    if (!l || l->closing)
        return;
    l->closing = true;
    LIST_EACH(link, &l->conns)
    {
        struct tcp *tcp = LIST_ITEM(link, struct tcp, link);
        if (tcp->events == &nobody) /* still shaking hands */
            tcp_destroy(tcp);
        else
            tcp_listener_forget(tcp);
    }
    uv_close((uv_handle_t *)&l->uv, on_closed);
}

void tcp_listener_set_tls(struct tcp_listener *l, const struct tls_context *tls)
{
    l->tls = tls;
}

const struct addr *tcp_listener_local(const struct tcp_listener *l)
{
    return &l->local;
}

size_t tcp_listener_count(const struct tcp_listener *l)
{
    return l->n;
}
