/* One connection's way through a request: body in, the owner's turn, reply out.
 *
 * libwebsockets 4.1.6 reads nothing between a request and its reply, but keeps asking the loop
 * whether there is something to read: a peer that sends more, or goes away, would spin the loop
 * and not be noticed. So while the owner has a request, reading is switched off; and a tick looks
 * at the socket itself, then and while a reply goes out slowly. */

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"
#include "net/http_priv.h"

enum {
    TICK_MS = 200,
    CHUNK = 64 << 10, /* bytes handed to libwebsockets at once */
    LINGER_MS = 2000, /* for a peer to read the refusal of what it is still sending */
    STALL_MS = 2 * TICK_MS,
    HEADERS_MS = 5000, /* from the first line of a request to the end of its headers */
    BODY_STEP = 16 << 10,
    RAW_MAX = 600,
};

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    /* sorted by status */
    { 101, "Switching Protocols" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Content" },
    { 426, "Upgrade Required" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
};

const char *http_status_phrase(int status)
{
    for (size_t i = 0; i < COUNT_OF(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Status";
}

void http_conn_gone(struct http_conn *conn, bool quiet)
{
    struct http_request *request = conn->request;
    if (!request)
        return;
    conn->request = NULL;
    loop_timer_stop(conn->server->loop, &conn->timer);
    if (request->state == HTTP_PENDING && request->on_gone && !quiet)
        request->on_gone(request->gone_owner, request);
    http_request_destroy(request);
}

static bool peer_hung_up(const struct http_conn *conn)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    if (getsockopt(lws_get_socket_fd(conn->wsi), IPPROTO_TCP, TCP_INFO, &info, &len))
        return true;
    return info.tcpi_state != TCP_ESTABLISHED;
}

/* A reply that is not read. While bytes wait to be read from a peer that does not read itself,
 * the loop spins, so such a peer gets no patience. */
static bool has_stalled(struct http_conn *conn, int64_t now_ms)
{
    struct http_request *request = conn->request;
    int fd = lws_get_socket_fd(conn->wsi), unsent = 0, unread = 0;
    ioctl(fd, SIOCOUTQ, &unsent);
    ioctl(fd, FIONREAD, &unread);
    if (unsent != request->unsent)
        request->progress_at_ms = now_ms;
    request->unsent = unsent;
    int64_t still_ms = now_ms - request->progress_at_ms;
    bool spinning = unread > 0 || peer_hung_up(conn);
    return still_ms >= (spinning ? STALL_MS : (int64_t)conn->server->config.idle_s * 1000);
}

static void on_tick(void *owner)
{
    struct http_conn *conn = owner;
    const struct http_request *request = conn->request;
    int64_t now_ms = loop_now_ms(conn->server->loop);
    bool end = request->state == HTTP_PENDING ? peer_hung_up(conn) : has_stalled(conn, now_ms);
    if (end)
        http_conn_kill(conn);
    else
        loop_timer_start(conn->server->loop, &conn->timer, TICK_MS, on_tick, conn);
}

static void on_too_slow(void *owner)
{
    http_conn_kill(owner);
}

/* Answer on our own account, and let go of the connection. */
static void refuse(struct http_request *request, int status)
{
    const char *phrase = http_status_phrase(status);
    request->state = HTTP_PENDING;
    request->close_after = true;
    log_debug(NULL, "http refused path=%.*s status=%d",
              (int)num_min(60, (int64_t)request->path_len), request->path, status);
    json_t *body = json_pack("{s:s}", "error", phrase);
    http_reply_json(request, status, body);
    json_decref(body);
}

static void dispatch(struct http_conn *conn)
{
    const struct http_server *server = conn->server;
    struct http_request *request = conn->request;
    request->state = HTTP_PENDING;
    request->progress_at_ms = loop_now_ms(server->loop);
    lws_rx_flow_control(conn->wsi, 0);
    loop_timer_start(server->loop, &conn->timer, TICK_MS, on_tick, conn);
    server->events->on_request(server->owner, request);
}

static bool may_have_body(const struct http_request *request)
{
    return request->method == HTTP_POST || request->method == HTTP_PUT ||
           request->method == HTTP_PATCH;
}

/* What the headers say about the body: OK with `*len` (0: none), or the status to refuse with. */
static int read_length(struct http_request *request, size_t *len)
{
    const struct http_server *server = request->conn->server;
    struct slice coding = http_request_header(request, "transfer-encoding");
    struct slice length = http_request_header(request, "content-length");
    bool may_have = may_have_body(request);
    *len = 0;
    if (coding.ptr) {
        /* both at once is how requests are smuggled, RFC 9112 §6.3; without a length
         * libwebsockets hands on the bodies of these three methods only */
        if (length.ptr)
            return 400;
        if (!may_have)
            return 411;
        if (!slice_iis(coding, "chunked"))
            return 501;
        request->chunked = mem_new(struct http_chunked);
        request->close_after = true; /* libwebsockets cannot tell where the next one begins */
        *len = server->config.max_body;
        return 0;
    }
    if (!length.ptr) {
        request->close_after = may_have; /* libwebsockets goes on to wait for a body */
        return 0;
    }
    uint64_t bytes;
    enum err err = slice_to_u64(length, server->config.max_body, &bytes);
    if (err)
        return err == ERR_LIMIT ? 413 : 400;
    *len = (size_t)bytes; /* at most max_body */
    return 0;
}

/* RFC 9110 §10.1.1: curl waits a second for this before it sends a large body. */
static int invite_body(struct http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char out[LWS_PRE + sizeof text];
    if (!slice_iis(http_request_header(conn->request, "expect"), "100-continue"))
        return 0;
    memcpy(out + LWS_PRE, text, sizeof text);
    int n = lws_write(conn->wsi, (unsigned char *)out + LWS_PRE, sizeof text - 1,
                      LWS_WRITE_HTTP_HEADERS);
    return n < 0 ? -1 : 0;
}

/* RFC 9112 §9.6: who is asked to close says that it does. Clients that keep connections for later
 * would use this one again otherwise, and find it closed. */
static bool is_last(const struct http_request *request)
{
    struct slice rest = http_request_header(request, "connection");
    while (!slice_empty(rest))
        if (slice_iis(slice_trim(slice_cut(&rest, ',')), "close"))
            return true;
    return false;
}

int http_conn_begin(struct http_conn *conn)
{
    size_t len;
    if (conn->request)
        return -1;
    loop_timer_stop(conn->server->loop, &conn->timer);
    struct http_request *request = http_request_create(conn);
    if (!request)
        return -1;
    conn->request = request;
    int status = read_length(request, &len);
    request->close_after |= is_last(request);
    if (status) {
        request->unread = true;
        refuse(request, status);
        return 0;
    }
    if (!len) {
        dispatch(conn);
        return 0;
    }
    request->body_cap = len;
    loop_timer_start(conn->server->loop, &conn->timer, HTTP_REQUEST_S * 1000, on_too_slow, conn);
    return invite_body(conn);
}

/* Room for `more` bytes, growing as they come: a length that is only claimed costs nothing. */
static bool make_room(struct http_request *request, size_t more)
{
    size_t need = request->body_len + more;
    if (more > request->body_cap - request->body_len)
        return false;
    if (need > request->body_room) {
        size_t size = request->body_room * 2 > need ? request->body_room * 2 : need + BODY_STEP;
        request->body_room = size < request->body_cap ? size : request->body_cap;
        request->body = mem_resize(request->body, request->body_room);
    }
    return true;
}

static int on_chunks(struct http_conn *conn, struct slice bytes)
{
    struct http_request *request = conn->request;
    if (!request->body)
        request->body = mem_alloc(request->body_cap);
    enum err err = http_chunked_feed(request->chunked, bytes, request->body, request->body_cap,
                                     &request->body_len);
    request->unread = err != OK;
    if (err)
        refuse(request, err == ERR_LIMIT ? 413 : 400);
    else if (request->chunked->state == HTTP_CHUNKED_DONE)
        dispatch(conn);
    return 0;
}

int http_conn_body(struct http_conn *conn, struct slice bytes)
{
    struct http_request *request = conn->request;
    if (!request || request->state != HTTP_READING)
        return 0; /* refused already, or it is lingering */
    if (request->chunked)
        return on_chunks(conn, bytes);
    if (!make_room(request, bytes.len))
        return -1;
    if (bytes.len)
        memcpy(request->body + request->body_len, bytes.ptr, bytes.len);
    request->body_len += bytes.len;
    return 0;
}

int http_conn_body_end(struct http_conn *conn)
{
    const struct http_request *request = conn->request;
    if (request && request->state == HTTP_READING)
        dispatch(conn);
    return 0; /* while a reply is pending it comes again whenever the peer sends more */
}

enum err http_reply_header(struct http_request *request, const char *name, struct slice value)
{
    struct buf *buf = &request->headers;
    if (slice_index(value, '\r') != value.len || slice_index(value, '\n') != value.len)
        return ERR_INVALID;
    if (strlen(name) + value.len + 4 > buf->cap - buf->len)
        return ERR_LIMIT;
    buf_printf(buf, "%s: %.*s\r\n", name, SLICE_ARG(value));
    return OK;
}

/* Status line and headers up to the empty line. */
static void print_head(struct buf *out, struct http_request *request, int status,
                       const char *content_type, size_t body_len)
{
    time_t now = (time_t)(loop_wall_ms(request->conn->server->loop) / 1000);
    struct tm utc;
    char date[40];
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: tandem\r\n", status,
               http_status_phrase(status), date);
    if (content_type)
        buf_printf(out, "Content-Type: %s\r\n", content_type);
    if (status != 204 && status != 304) /* RFC 9110 §8.6 */
        buf_printf(out, "Content-Length: %zu\r\n", body_len);
    if (request->close_after)
        buf_text(out, "Connection: close\r\n");
    buf_put(out, buf_slice(&request->headers));
    buf_text(out, "\r\n");
}

/* The next request came before its time: what libwebsockets has read ahead it gets wrong. A body
 * among it begins with its own headers, and is looped over for ever. So peers that pipeline are
 * sent away after the first reply, as RFC 9112 §9.3.2 provides for. */
static bool is_pipelining(const struct http_conn *conn)
{
    int unread = 0;
    ioctl(lws_get_socket_fd(conn->wsi), FIONREAD, &unread);
    return unread > 0;
}

void http_reply(struct http_request *request, int status, const char *content_type,
                struct slice body)
{
    struct http_conn *conn = request->conn;
    BUG_IF(request->state != HTTP_PENDING); /* replied twice */
    if (!request->close_after && is_pipelining(conn))
        request->close_after = request->pipelined = true;
    enum { HEAD_MAX = HTTP_REPLY_HEADERS + 1024 };
    char head_mem[HEAD_MAX];
    struct buf head = BUF_ON(head_mem);
    print_head(&head, request, status, content_type, body.len);
    BUG_IF(head.overflow); /* a content type over 512 bytes */
    if (request->method == HTTP_HEAD || status == 204 || status == 304)
        body.len = 0;
    request->out_len = head.len + body.len;
    request->out = mem_alloc(LWS_PRE + request->out_len);
    memcpy(request->out + LWS_PRE, head.ptr, head.len);
    if (body.len)
        memcpy(request->out + LWS_PRE + head.len, body.ptr, body.len);
    request->state = HTTP_REPLYING;
    request->progress_at_ms = loop_now_ms(conn->server->loop);
    loop_timer_start(conn->server->loop, &conn->timer, TICK_MS, on_tick, conn);
    lws_rx_flow_control(conn->wsi, 1);
    lws_callback_on_writable(conn->wsi);
}

void http_reply_json(struct http_request *request, int status, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    BUG_IF(!text); /* not JSON: an object that contains itself */
    http_reply(request, status, "application/json", slice_of(text));
    free(text);
}

/* Shut our side and close a little later: closing with bytes unread sends a reset, which may
 * overtake the reply. A body still coming is read and thrown away. */
static int linger(struct http_conn *conn, bool read_on)
{
    conn->lingering = true;
    if (!read_on)
        lws_rx_flow_control(conn->wsi, 0);
    shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
    loop_timer_start(conn->server->loop, &conn->timer, LINGER_MS, on_too_slow, conn);
    return 0;
}

/* Out of turn, where libwebsockets knows of no request; then let go of the connection. */
static int write_raw(struct http_conn *conn, struct slice text)
{
    char out[LWS_PRE + RAW_MAX];
    if (text.len > RAW_MAX)
        return -1;
    memcpy(out + LWS_PRE, text.ptr, text.len);
    if (lws_write(conn->wsi, (unsigned char *)out + LWS_PRE, text.len, LWS_WRITE_RAW) < 0)
        return -1;
    return linger(conn, true);
}

/* GNU base64 breaks its text after 76 columns, and a header that holds it has a line behind it that
 * is none: libwebsockets would wait for its colon. */
static void on_headers_late(void *owner)
{
    static const enum lws_token_indexes lines[] = { WSI_TOKEN_GET_URI, WSI_TOKEN_POST_URI,
                                                    WSI_TOKEN_PUT_URI, WSI_TOKEN_PATCH_URI,
                                                    WSI_TOKEN_DELETE_URI };
    static const char body[] =
        "{\"error\":\"Bad Request\",\"message\":\"The headers of the request do not end. Is a "
        "header "
        "broken over two lines? curl -u sends credentials whole, as does base64 -w0.\"}";
    char text[RAW_MAX];
    struct http_conn *conn = owner;
    bool has_begun = false;
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        has_begun = has_begun || lws_hdr_total_length(conn->wsi, lines[i]) > 0;
    if (!has_begun || conn->request || conn->ws)
        return;
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 400 Bad Request\r\nServer: tandem\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s",
                       sizeof body - 1, body);
    if (len < 0 || write_raw(conn, slice_make(text, (size_t)len)))
        http_conn_kill(conn);
}

void http_conn_expect(struct http_conn *conn)
{
    loop_timer_start(conn->server->loop, &conn->timer, HEADERS_MS, on_headers_late, conn);
}

int http_conn_stray(struct http_conn *conn, struct slice bytes)
{
    static const char text[] = "HTTP/1.1 501 Not Implemented\r\nServer: tandem\r\n"
                               "Content-Type: application/json\r\nContent-Length: 27\r\n"
                               "Connection: close\r\n\r\n{\"error\":\"Not Implemented\"}";
    struct slice line = slice_cut(&bytes, '\n');
    if (conn->lingering)
        return 0;
    if (slice_find(line, SLICE(" HTTP/1.")) == line.len)
        return -1;
    return write_raw(conn, slice_make(text, sizeof text - 1));
}

/* A wsi keeps its header table between requests only when it has read bytes of the next one, and
 * this call touches its buffer only when there is a table. */
static bool has_read_ahead(struct lws *wsi)
{
    char probe[2] = "?";
    lws_hdr_custom_copy(wsi, probe, sizeof probe, "-", 1);
    return probe[0] != '?';
}

/* Ready for the next request. It may have come already: a quick peer has read the reply before we
 * are here. */
static int keep_alive(struct http_conn *conn)
{
    if (lws_http_transaction_completed(conn->wsi) || has_read_ahead(conn->wsi))
        return -1;
    return 0;
}

/* The whole reply is in the kernel. */
static int end_reply(struct http_conn *conn)
{
    const struct http_request *request = conn->request;
    bool unread = request->unread || request->pipelined, close_after = request->close_after;
    bool has_body = may_have_body(request) && !request->pipelined;
    loop_timer_stop(conn->server->loop, &conn->timer);
    http_request_destroy(conn->request);
    conn->request = NULL;
    if (!close_after)
        return keep_alive(conn);
    return unread ? linger(conn, has_body) : -1;
}

int http_conn_writable(struct http_conn *conn)
{
    struct http_request *request = conn->request;
    if (conn->lingering || !request || request->state != HTTP_REPLYING)
        return 0;
    size_t left = request->out_len - request->out_sent;
    if (!left)
        return end_reply(conn);
    size_t n = left < CHUNK ? left : CHUNK;
    unsigned char *from = (unsigned char *)request->out + LWS_PRE + request->out_sent;
    if (lws_write(conn->wsi, from, n, n == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    request->out_sent += n;
    request->progress_at_ms = loop_now_ms(conn->server->loop);
    if (n == left && !lws_partial_buffered(conn->wsi))
        return end_reply(conn);
    lws_callback_on_writable(conn->wsi);
    return 0;
}
