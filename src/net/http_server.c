#include "net/http_server.h"

#include <sys/resource.h>

#include "base/mem.h"
#include "base/num.h"
#include "net/http_priv.h"

enum {
    SERVER_BUFFER = 64 << 10, /* bytes read or written at once */
    STOP_WAIT_MS = 5500,      /* a little more than a WebSocket's close may take */
    STOP_TICK_MS = 2,
    FDS_MAX = 1 << 20, /* libwebsockets allocates tables of the limit of descriptors */
    /* Turns until libwebsockets' handles are closed: the sockets in one, its pipe and timers in the
     * next, one to be safe. It has no way to tell. */
    CLOSE_TURNS = 4,
};

/* What peers do wrong is its error, and our debug. */
static void on_lws_log(int level, const char *line)
{
    (void)level;
    struct slice text = slice_trim(slice_of(line));
    log_debug(NULL, "libwebsockets said=\"%.*s\"", SLICE_ARG(text));
}

struct lws_vhost *http_server_add_vhost(struct http_server *server, const char *name, bool tls,
                                        void *user)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = name,
        .protocols = server->protocols,
        .options =
            LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG |
            (tls ? LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT
                 : 0),
        .alpn = "http/1.1",
        .keepalive_timeout = (int)server->config.idle_s,
        .timeout_secs_ah_idle = server->config.idle_s,
        .retry_and_idle_policy = &server->ping,
        .user = user,
    };
    return lws_create_vhost(server->context, &info);
}

static void set_defaults(struct http_server_config *config)
{
    if (!config->max_body)
        config->max_body = HTTP_MAX_BODY;
    if (!config->max_connections)
        config->max_connections = HTTP_MAX_CONNECTIONS;
    if (!config->idle_s)
        config->idle_s = HTTP_IDLE_S;
    if (!config->ws_ping_s)
        config->ws_ping_s = WS_PING_S;
}

struct http_server *http_server_create(struct loop *loop, const struct http_server_config *config,
                                       const struct http_server_events *events, void *owner)
{
    struct http_server *server = mem_new(struct http_server);
    server->loop = loop;
    server->events = events;
    server->owner = owner;
    if (config)
        server->config = *config;
    set_defaults(&server->config);
    server->ping.secs_since_valid_ping = (uint16_t)server->config.ws_ping_s;
    server->ping.secs_since_valid_hangup = (uint16_t)(2 * server->config.ws_ping_s);
    server->protocols[0] = (struct lws_protocols){ .name = server->ws_protocol,
                                                   .callback = http_server_callback,
                                                   .rx_buffer_size = SERVER_BUFFER,
                                                   .tx_packet_size = SERVER_BUFFER };
    list_init(&server->listeners);
    list_init(&server->conns);

    void *uv = loop_uv(loop);
    struct rlimit fds = { 0 };
    getrlimit(RLIMIT_NOFILE, &fds);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
        .foreign_loops = &uv,
        .max_http_header_data2 = HTTP_MAX_HEADERS,
        .pt_serv_buf_size = SERVER_BUFFER,
        .timeout_secs = server->config.idle_s,
        .fd_limit_per_thread = fds.rlim_cur > FDS_MAX ? server->config.max_connections + 100 : 0,
        .user = server,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    server->context = lws_create_context(&info);
    BUG_IF(!server->context); /* out of memory, or its libuv plugin is not installed */
    server->plain = http_server_add_vhost(server, "plain", false, NULL);
    BUG_IF(!server->plain);
    return server;
}

unsigned http_server_connections(const struct http_server *server)
{
    return server->n_conns;
}

static void close_listeners(struct http_server *server)
{
    LIST_EACH(link, &server->listeners)
    http_listener_close(LIST_ITEM(link, struct http_listener, link));
}

static void free_server(struct http_server *server)
{
    LIST_EACH(link, &server->listeners)
    {
        list_remove(link);
        http_listener_destroy(LIST_ITEM(link, struct http_listener, link));
    }
    LIST_EACH(conn_link, &server->conns)
    { /* those libwebsockets refused to adopt */
        list_remove(conn_link);
        mem_free(LIST_ITEM(conn_link, struct http_conn, link));
    }
    mem_free(server);
}

/* Both halves of libwebsockets' end: the second call frees the context, once every handle that it
 * had in the loop is closed. */
static bool end_context(struct http_server *server)
{
    if (server->state != HTTP_SERVER_ENDING) {
        server->state = HTTP_SERVER_ENDING;
        server->turns = 0;
        lws_context_destroy(server->context);
        return false;
    }
    server->turns = server->n_conns ? 0 : server->turns + 1;
    if (server->turns < CLOSE_TURNS)
        return false;
    lws_context_destroy(server->context);
    server->context = NULL;
    server->state = HTTP_SERVER_DOWN;
    return true;
}

static void on_stop_tick(void *owner)
{
    struct http_server *server = owner;
    bool waiting = server->state == HTTP_SERVER_CLOSING && server->n_conns &&
                   loop_now_ms(server->loop) < server->stop_at_ms;
    if (waiting || !end_context(server)) {
        loop_timer_start(server->loop, &server->stop_timer, STOP_TICK_MS, on_stop_tick, server);
        return;
    }
    server->on_done(server->done_owner);
}

void http_server_stop(struct http_server *server, void (*on_done)(void *owner), void *owner)
{
    BUG_IF(server->state != HTTP_SERVER_UP);
    server->state = HTTP_SERVER_CLOSING;
    server->on_done = on_done;
    server->done_owner = owner;
    server->stop_at_ms = loop_now_ms(server->loop) + STOP_WAIT_MS;
    close_listeners(server);
    LIST_EACH(link, &server->conns)
    {
        struct http_conn *conn = LIST_ITEM(link, struct http_conn, link);
        if (conn->ws)
            ws_close(conn->ws, WS_CLOSE_GOING_AWAY, SLICE_NONE);
        else if (conn->wsi)
            http_conn_kill(conn);
    }
    loop_timer_start(server->loop, &server->stop_timer, STOP_TICK_MS, on_stop_tick, server);
}

void http_server_destroy(struct http_server *server)
{
    if (!server)
        return;
    loop_timer_stop(server->loop, &server->stop_timer);
    if (server->state != HTTP_SERVER_DOWN) {
        close_listeners(server);
        LIST_EACH(link, &server->conns)
        {
            struct http_conn *conn = LIST_ITEM(link, struct http_conn, link);
            http_conn_gone(conn, true);
            ws_conn_drop(conn);
        }
        while (!end_context(server))
            loop_turn(server->loop, 1);
    }
    free_server(server);
}

void http_conn_kill(struct http_conn *conn)
{
    if (!conn->wsi)
        return;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    lws_cancel_service(conn->server->context); /* it looks at its timers after an event only */
}

static void on_adopted(struct http_conn *conn, struct lws *wsi)
{
    conn->wsi = wsi;
    conn->server->n_conns++;
    http_conn_expect(conn);
}

static void on_closed(struct http_conn *conn, struct lws *wsi)
{
    loop_timer_stop(conn->server->loop, &conn->timer);
    if (conn->wsi)
        conn->server->n_conns--;
    conn->wsi = NULL;
    http_conn_gone(conn, false);
    ws_conn_closed(conn, wsi);
}

static void on_destroyed(struct http_conn *conn, struct lws *wsi)
{
    on_closed(conn, wsi);
    ws_conn_drop(conn); /* an upgrade that failed half way */
    list_remove(&conn->link);
    mem_free(conn);
}

static int on_http(struct http_conn *conn, enum lws_callback_reasons reason, struct slice bytes)
{
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP:
        return http_conn_begin(conn);
    case LWS_CALLBACK_HTTP_BODY:
        return http_conn_body(conn, bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_conn_body_end(conn);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_conn_writable(conn);
    case LWS_CALLBACK_CLOSED_HTTP:
        on_closed(conn, conn->wsi);
        return 0;
    case LWS_CALLBACK_RAW_RX: /* what CONNECT and methods unknown become */
        return http_conn_stray(conn, bytes);
    default:
        return 0;
    }
}

static int on_ws(struct http_conn *conn, enum lws_callback_reasons reason, void *in,
                 struct slice bytes)
{
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return ws_conn_confirm(conn, in);
    case LWS_CALLBACK_ADD_HEADERS:
        return ws_conn_headers(conn, in);
    case LWS_CALLBACK_ESTABLISHED:
        return ws_conn_open(conn);
    case LWS_CALLBACK_RECEIVE:
        return ws_conn_received(conn, bytes);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        ws_conn_peer_close(conn, bytes);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return ws_conn_writable(conn);
    case LWS_CALLBACK_CLOSED:
        on_closed(conn, conn->wsi);
        return 0;
    default:
        return on_http(conn, reason, bytes);
    }
}

int http_server_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t len)
{
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
        return http_listener_load(lws_vhost_user(in), user);
    struct http_conn *conn = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!conn)
        return 0; /* its own pipe, or a notice about the context */
    if (reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED) {
        on_adopted(conn, wsi);
        return 0;
    }
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        on_destroyed(conn, wsi);
        return 0;
    }
    return on_ws(conn, reason, in, slice_make(in, len));
}
