#include "legs/kandy/kandy_net.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "net/ws_client.h"

enum { URL_MAX = KANDY_PATH_MAX + 300, ANSWER_MS = 10000, ANSWER_MAX = 1 << 20, PORT = 443 };

struct kandy_net {
    struct kandy_io io; /* first */
    struct loop *loop;
    struct dns *dns;
    char *host, *ca_file;
    uint16_t port;
    bool verify;
    struct http_client *http;
    struct tls_context *tls;
    struct addr remote;
};

struct kandy_exchange {
    struct kandy_net *net;
    struct http_client_call *call;
    kandy_reply_fn fn;
    void *owner;
};

struct kandy_socket {
    struct kandy_net *net;
    const struct kandy_socket_events *events;
    void *owner;
    char *target; /* until it is connected; it may hold a token */
    struct dns_query *query;
    struct ws_client *ws;
};

static struct kandy_net *net_of(struct kandy_io *io)
{
    return (struct kandy_net *)io; /* its first member */
}

/* ---- HTTP ---- */

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct kandy_exchange *exchange = owner;
    struct kandy_reply reply = { .text = answer->text ? answer->text : "" };
    if (!answer->err) {
        reply.http = answer->status;
        reply.body = answer->body;
        reply.retry_after = http_client_header(answer, "retry-after");
    }
    exchange->fn(exchange->owner, &reply);
    mem_free(exchange);
}

static void print_url(const struct kandy_net *net, const char *path, struct buf *out)
{
    bool v6 = strchr(net->host, ':') != NULL;
    buf_printf(out, "https://%s%s%s:%u%s", v6 ? "[" : "", net->host, v6 ? "]" : "", net->port,
               path);
}

static struct kandy_exchange *send_request(struct kandy_io *io, const struct kandy_identity *who,
                                           const struct kandy_request *request, kandy_reply_fn fn,
                                           void *owner)
{
    struct kandy_net *net = net_of(io);
    struct kandy_exchange *exchange = mem_new(struct kandy_exchange);
    char mem[URL_MAX];
    struct buf url = BUF_ON(mem);
    struct http_header headers[3] = { { SLICE("Accept"), SLICE("application/json") } };
    struct http_client_request http = { .method = request->method,
                                        .headers = headers,
                                        .n_headers = 1,
                                        .timeout_ms = ANSWER_MS,
                                        .max_body = ANSWER_MAX,
                                        .ca_file = net->ca_file[0] ? net->ca_file : NULL,
                                        .insecure = !net->verify };
    print_url(net, request->path, &url);
    http.url = buf_cstr(&url);
    http.body = slice_of(request->body);
    http.content_type = request->is_form ? "application/x-www-form-urlencoded" : "application/json";
    if (!request->body) /* section 4.1: always */
        headers[http.n_headers++] =
            (struct http_header){ SLICE("Content-Type"), SLICE("application/json") };
    if (who->agent[0])
        headers[http.n_headers++] =
            (struct http_header){ SLICE("X-Cpaas-Agent"), slice_of(who->agent) };
    if (request->is_basic) {
        http.user = slice_of(who->auth_user[0] ? who->auth_user : who->user);
        http.password = secret_reveal(who->password);
    }
    exchange->net = net;
    exchange->fn = fn;
    exchange->owner = owner;
    exchange->call = http_client_send(net->http, &http, on_answer, exchange);
    mem_wipe(mem, sizeof mem);
    return exchange;
}

static void cancel(struct kandy_exchange *exchange)
{
    http_client_cancel(exchange->call);
    mem_free(exchange);
}

/* ---- the socket ---- */

static void drop_target(struct kandy_socket *socket)
{
    if (socket->target)
        mem_wipe(socket->target, strlen(socket->target));
    mem_free(socket->target);
    socket->target = NULL;
}

static void on_ws_open(void *owner, struct ws_client *ws)
{
    struct kandy_socket *socket = owner;
    (void)ws;
    socket->events->on_open(socket->owner, socket);
}

static void on_ws_text(void *owner, struct ws_client *ws, struct slice text)
{
    struct kandy_socket *socket = owner;
    (void)ws;
    socket->events->on_text(socket->owner, socket, text);
}

static void on_ws_close(void *owner, struct ws_client *ws, const struct ws_client_end *why)
{
    struct kandy_socket *socket = owner;
    (void)ws;
    const struct kandy_socket_end end = { why->status, why->code, why->text };
    socket->events->on_close(socket->owner, socket, &end);
}

static const struct ws_client_events ws_events = { on_ws_open, on_ws_text, on_ws_close };

static void on_resolved(void *owner, const struct dns_answer *answer)
{
    struct kandy_socket *socket = owner;
    struct kandy_net *net = socket->net;
    socket->query = NULL;
    if (answer->err || !answer->n_records) {
        const struct kandy_socket_end end = { 0, WS_CLOSE_ABNORMAL,
                                              answer->err ? answer->text : "no address" };
        socket->events->on_close(socket->owner, socket, &end);
        return;
    }
    net->remote = answer->records[0].addr;
    addr_set_port(&net->remote, net->port);
    struct ws_client_config config = { .remote = net->remote,
                                       .tls = net->tls,
                                       .host = slice_of(net->host),
                                       .port = net->port,
                                       .target = slice_of(socket->target),
                                       .max_message = 512 << 10 };
    socket->ws = ws_client_connect(net->loop, &config, &ws_events, socket);
    drop_target(socket);
}

static struct kandy_socket *open_socket(struct kandy_io *io, const char *target,
                                        const struct kandy_socket_events *events, void *owner)
{
    struct kandy_socket *socket = mem_new(struct kandy_socket);
    socket->net = net_of(io);
    socket->events = events;
    socket->owner = owner;
    socket->target = slice_dup(slice_of(target));
    socket->query = dns_resolve_host(socket->net->dns, slice_of(socket->net->host), DNS_ANY,
                                     on_resolved, socket);
    return socket;
}

static enum err say(struct kandy_socket *socket, struct slice text)
{
    return socket->ws ? ws_client_send(socket->ws, text) : ERR_MISUSE;
}

static void close_socket(struct kandy_socket *socket)
{
    if (!socket)
        return;
    if (socket->query)
        dns_cancel(socket->query);
    ws_client_destroy(socket->ws);
    drop_target(socket);
    mem_free(socket);
}

static const struct kandy_io_ops ops = {
    .send = send_request,
    .cancel = cancel,
    .open = open_socket,
    .say = say,
    .close = close_socket,
};

enum err kandy_net_create(struct kandy_net **out, const struct kandy_net_config *config,
                          struct fault *fault)
{
    struct tls_client_config tls = { .ca_file = config->ca_file, .insecure = !config->verify };
    struct kandy_net *net = mem_new(struct kandy_net);
    enum err err = tls_context_create_client(&net->tls, &tls, fault);
    if (err) {
        mem_free(net);
        return err;
    }
    net->io.ops = &ops;
    net->loop = config->loop;
    net->dns = config->dns;
    net->host = slice_dup(slice_of(config->host));
    net->ca_file = slice_dup(slice_of(config->ca_file));
    net->port = config->port ? config->port : PORT;
    net->verify = config->verify;
    net->http = http_client_create(config->loop);
    *out = net;
    return OK;
}

void kandy_net_destroy(struct kandy_net *net)
{
    if (!net)
        return;
    http_client_destroy(net->http);
    tls_context_destroy(net->tls);
    mem_free(net->host);
    mem_free(net->ca_file);
    mem_free(net);
}

struct kandy_io *kandy_net_io(struct kandy_net *net)
{
    return &net->io;
}

const struct addr *kandy_net_remote(const struct kandy_net *net)
{
    return &net->remote;
}
