#include "net/ws_server.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "net/http_priv.h"

enum {
    WS_CLOSE_MS = 5000,
    WS_IN_STEP = 4096,
};

enum ws_state { WS_OPENING, WS_OPEN, WS_CLOSING, WS_CLOSED };

struct ws_message {
    struct list link;
    bool is_text;
    size_t len;
    unsigned char bytes[]; /* LWS_PRE of room, then `len` */
};

struct ws {
    struct http_conn *conn;
    const struct ws_events *events; /* NULL once abandoned */
    void *owner;
    enum ws_state state;
    char protocol[HTTP_WS_PROTOCOL];
    char *in; /* the message so far */
    size_t in_len, in_cap;
    struct list queue;
    size_t backlog;
    int code; /* how it ends */
    char reason[WS_MAX_REASON];
    size_t reason_len;
};

struct ws_request {
    struct http_request *http; /* never replied: only what can be asked about it */
};

void ws_server_attach(struct http_server *server, const struct ws_server_events *events,
                      void *owner)
{
    server->ws_events = events;
    server->ws_owner = owner;
}

struct slice ws_request_path(const struct ws_request *request)
{
    return http_request_path(request->http);
}

struct slice ws_request_param(const struct ws_request *request, const char *name)
{
    return http_request_param(request->http, name);
}

struct slice ws_request_header(const struct ws_request *request, const char *name)
{
    return http_request_header(request->http, name);
}

bool ws_request_offers(const struct ws_request *request, const char *protocol)
{
    struct slice offered = ws_request_header(request, "sec-websocket-protocol");
    while (offered.len)
        if (slice_is(slice_trim(slice_cut(&offered, ',')), protocol))
            return true;
    return false;
}

const struct addr *ws_request_peer(const struct ws_request *request)
{
    return http_request_peer(request->http);
}

const struct http_listener *ws_request_listener(const struct ws_request *request)
{
    return http_request_listener(request->http);
}

bool ws_request_is_tls(const struct ws_request *request)
{
    return http_request_is_tls(request->http);
}

static void drop_queue(struct ws *ws)
{
    LIST_EACH(link, &ws->queue)
    {
        list_remove(link);
        mem_free(LIST_ITEM(link, struct ws_message, link));
    }
    ws->backlog = 0;
}

void ws_conn_drop(struct http_conn *conn)
{
    struct ws *ws = conn->ws;
    if (!ws)
        return;
    conn->ws = NULL;
    drop_queue(ws);
    mem_free(ws->in);
    mem_free(ws);
}

/* An HTTP answer instead of the upgrade; libwebsockets then closes. */
static int answer(struct http_conn *conn, int status)
{
    char out[LWS_PRE + 256];
    struct buf buf;
    buf_init(&buf, out + LWS_PRE, sizeof out - LWS_PRE);
    buf_printf(&buf, "HTTP/1.1 %d %s\r\nServer: tandem\r\nContent-Length: 0\r\n", status,
               http_status_phrase(status));
    if (status == 426) /* RFC 6455 §4.4 */
        buf_text(&buf, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    buf_text(&buf, "Connection: close\r\n\r\n");
    lws_write(conn->wsi, (unsigned char *)buf.ptr, buf.len, LWS_WRITE_HTTP_HEADERS);
    return -1;
}

/* libwebsockets takes the first name of the offer that it knows and answers with it. It knows one,
 * which is made the right one here, for it goes on with this upgrade as soon as we return. */
static bool name_protocol(struct ws *ws, const struct ws_request *request)
{
    struct http_server *server = ws->conn->server;
    struct slice offered = ws_request_header(request, "sec-websocket-protocol");
    if (ws->protocol[0] && !ws_request_offers(request, ws->protocol))
        return false;
    struct slice name =
        ws->protocol[0] ? slice_of(ws->protocol) : slice_trim(slice_cut(&offered, ','));
    return slice_copy(name, server->ws_protocol, sizeof server->ws_protocol);
}

static int check_upgrade(const struct ws_request *request, const char *upgrade)
{
    if (strcasecmp(upgrade, "websocket") != 0)
        return 400; /* h2c, which is not wanted here */
    if (http_request_method(request->http) != HTTP_GET)
        return 405;
    if (!slice_is(ws_request_header(request, "sec-websocket-version"), "13"))
        return 426;
    if (ws_request_header(request, "sec-websocket-key").len != 24) /* 16 bytes, RFC 6455 §4.1 */
        return 400;
    return 0;
}

static int decide(struct http_conn *conn, const struct ws_request *request, const char *upgrade)
{
    const struct http_server *server = conn->server;
    struct ws_answer said = { 0 };
    int status = check_upgrade(request, upgrade);
    if (status)
        return answer(conn, status);
    if (!server->ws_events)
        return answer(conn, 404);
    if (server->state != HTTP_SERVER_UP)
        return answer(conn, 503);
    server->ws_events->on_ws_request(server->ws_owner, request, &said);
    if (!said.events)
        return answer(conn, said.status ? said.status : 403);
    struct ws *ws = mem_new(struct ws);
    ws->conn = conn;
    ws->events = said.events;
    ws->owner = said.owner;
    ws->code = WS_CLOSE_ABNORMAL;
    list_init(&ws->queue);
    conn->ws = ws;
    bool fits = slice_copy(said.protocol, ws->protocol, sizeof ws->protocol);
    return fits && name_protocol(ws, request) ? 0 : answer(conn, 400);
}

int ws_conn_confirm(struct http_conn *conn, const char *upgrade)
{
    struct ws_request request = { http_request_create(conn) };
    if (!request.http)
        return -1;
    int result = decide(conn, &request, upgrade);
    http_request_destroy(request.http);
    return result;
}

/* Nothing of the offer was accepted, but libwebsockets has just printed the name it took. */
int ws_conn_headers(struct http_conn *conn, struct lws_process_html_args *args)
{
    char theirs[HTTP_WS_PROTOCOL + 32];
    if (!conn->ws || conn->ws->protocol[0])
        return 0;
    int n = snprintf(theirs, sizeof theirs, "Sec-WebSocket-Protocol: %s\r\n",
                     conn->server->ws_protocol);
    if (memcmp(args->p - n, theirs, (size_t)n) == 0) /* n is positive */
        args->p -= n;
    return 0;
}

int ws_conn_open(struct http_conn *conn)
{
    struct ws *ws = conn->ws;
    if (!ws)
        return -1;
    ws->state = WS_OPEN;
    if (ws->events && ws->events->on_open)
        ws->events->on_open(ws->owner, ws);
    return 0;
}

/* The close frame that libwebsockets sends when it closes. */
static void prepare_close(struct ws *ws, int code, struct slice reason)
{
    ws->state = WS_CLOSING;
    ws->code = code;
    unsigned char text[WS_MAX_REASON];
    size_t len = reason.len < sizeof text ? reason.len : sizeof text;
    if (len)
        memcpy(text, reason.ptr, len);
    lws_close_reason(ws->conn->wsi, (enum lws_close_status)code, text, len);
}

static void deliver(struct ws *ws, bool is_binary)
{
    struct slice message = { ws->in, ws->in_len };
    ws->in_len = 0;
    if (!ws->events)
        return;
    if (is_binary && ws->events->on_binary)
        ws->events->on_binary(ws->owner, ws, message);
    else if (!is_binary && ws->events->on_text)
        ws->events->on_text(ws->owner, ws, message);
}

int ws_conn_received(struct http_conn *conn, struct slice bytes)
{
    struct ws *ws = conn->ws;
    if (!ws || ws->state != WS_OPEN)
        return 0;
    if (bytes.len > WS_MAX_MESSAGE - ws->in_len) {
        prepare_close(ws, WS_CLOSE_TOO_BIG, SLICE("message too long"));
        return -1;
    }
    if (bytes.len > ws->in_cap - ws->in_len) {
        ws->in_cap = 2 * (ws->in_len + bytes.len) + WS_IN_STEP;
        ws->in = mem_resize(ws->in, ws->in_cap);
    }
    if (bytes.len)
        memcpy(ws->in + ws->in_len, bytes.ptr, bytes.len);
    ws->in_len += bytes.len;
    if (!lws_is_final_fragment(conn->wsi))
        return 0;
    deliver(ws, lws_frame_is_binary(conn->wsi));
    return 0;
}

void ws_conn_peer_close(struct http_conn *conn, struct slice payload)
{
    struct ws *ws = conn->ws;
    if (!ws || ws->state != WS_OPEN)
        return;
    ws->state = WS_CLOSING;
    ws->code = WS_CLOSE_NO_STATUS;
    if (payload.len < 2)
        return;
    ws->code = (unsigned char)payload.ptr[0] << 8 | (unsigned char)payload.ptr[1];
    struct slice reason = slice_sub(payload, 2, WS_MAX_REASON);
    memcpy(ws->reason, reason.ptr, reason.len);
    ws->reason_len = reason.len;
}

/* What libwebsockets itself found wrong: it has put its code where the close frame is made. */
static void take_lws_code(struct ws *ws, struct lws *wsi)
{
    if (ws->code != WS_CLOSE_ABNORMAL || lws_get_close_length(wsi) < 2)
        return;
    const unsigned char *payload = lws_get_close_payload(wsi);
    ws->code = payload[0] << 8 | payload[1];
}

void ws_conn_closed(struct http_conn *conn, struct lws *wsi)
{
    struct ws *ws = conn->ws;
    if (!ws || ws->state == WS_OPENING || ws->state == WS_CLOSED)
        return;
    ws->state = WS_CLOSED;
    take_lws_code(ws, wsi);
    drop_queue(ws);
    if (ws->events)
        ws->events->on_close(ws->owner, ws, ws->code, slice_make(ws->reason, ws->reason_len));
    ws_conn_drop(conn);
}

static int send_next(struct ws *ws)
{
    struct ws_message *message = LIST_ITEM(ws->queue.next, struct ws_message, link);
    list_remove(&message->link);
    ws->backlog -= message->len;
    int n = lws_write(ws->conn->wsi, message->bytes + LWS_PRE, message->len,
                      message->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
    mem_free(message);
    return n < 0 ? -1 : 0;
}

int ws_conn_writable(struct http_conn *conn)
{
    struct ws *ws = conn->ws;
    if (!ws)
        return 0;
    while (!list_empty(&ws->queue) && !lws_send_pipe_choked(conn->wsi))
        if (send_next(ws))
            return -1;
    if (!list_empty(&ws->queue) || lws_partial_buffered(conn->wsi)) {
        lws_callback_on_writable(conn->wsi);
    } else if (ws->state == WS_CLOSING) {
        /* not by returning -1: Debian's libwebsockets is a debugging build, which then closes twice
         * and so skips the close frame */
        prepare_close(ws, ws->code, slice_make(ws->reason, ws->reason_len));
        lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    }
    return 0;
}

static enum err enqueue(struct ws *ws, struct slice data, bool is_text)
{
    if (ws->state != WS_OPEN)
        return ERR_CLOSED;
    if (data.len > WS_MAX_BACKLOG - ws->backlog) {
        drop_queue(ws);
        ws_close(ws, WS_CLOSE_POLICY, SLICE("reads too slowly"));
        return ERR_LIMIT;
    }
    struct ws_message *message = mem_alloc(sizeof *message + LWS_PRE + data.len);
    message->is_text = is_text;
    message->len = data.len;
    if (data.len)
        memcpy(message->bytes + LWS_PRE, data.ptr, data.len);
    list_append(&ws->queue, &message->link);
    ws->backlog += data.len;
    lws_callback_on_writable(ws->conn->wsi);
    return OK;
}

enum err ws_send_text(struct ws *ws, struct slice text)
{
    return enqueue(ws, text, true);
}

enum err ws_send_binary(struct ws *ws, struct slice data)
{
    return enqueue(ws, data, false);
}

static void on_close_timeout(void *owner)
{
    http_conn_kill(owner);
}

void ws_close(struct ws *ws, int code, struct slice reason)
{
    struct http_conn *conn = ws->conn;
    if (ws->state == WS_OPENING) { /* no frame can be sent yet */
        http_conn_kill(conn);
        return;
    }
    if (ws->state != WS_OPEN)
        return;
    ws->state = WS_CLOSING;
    ws->code = code;
    ws->reason_len = reason.len < WS_MAX_REASON ? reason.len : WS_MAX_REASON;
    if (ws->reason_len)
        memcpy(ws->reason, reason.ptr, ws->reason_len);
    loop_timer_start(conn->server->loop, &conn->timer, WS_CLOSE_MS, on_close_timeout, conn);
    lws_callback_on_writable(conn->wsi);
}

void ws_abandon(struct ws *ws, int code)
{
    if (!ws)
        return;
    ws->events = NULL;
    ws_close(ws, code, SLICE_NONE);
}

void ws_set_owner(struct ws *ws, void *owner)
{
    ws->owner = owner;
}

const struct addr *ws_peer(const struct ws *ws)
{
    return &ws->conn->peer;
}

struct slice ws_protocol(const struct ws *ws)
{
    return slice_of(ws->protocol);
}

const struct http_listener *ws_listener(const struct ws *ws)
{
    return ws->conn->listener;
}

bool ws_is_tls(const struct ws *ws)
{
    return ws->conn->listener->tls;
}
