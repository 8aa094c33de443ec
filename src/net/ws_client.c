#include "net/ws_client.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/wire.h"
#include "net/tcp.h"
#include "net/ws_frame.h"

enum { HEAD_MAX = 16 << 10, CLOSE_MS = 3000, NONCE = 16, TEXT_MAX = 400, HTTPS = 443, HTTP = 80 };

enum state { CONNECTING, UPGRADING, OPEN, CLOSING, DONE };

struct ws_client {
    struct loop *loop;
    const struct ws_client_events *events;
    void *owner;
    struct tcp *tcp; /* NULL once it is closed */
    enum state state;
    char *request, *protocol; /* until it is open */
    char accept[32];          /* what the server must answer, RFC 6455 §4.2.2 */
    char *head;
    size_t head_len;
    struct ws_reader reader;
    struct timer timer;
    unsigned ping_s;
    bool heard; /* since the last ping */
    bool dying; /* destroyed inside a callback */
    int inside;
    struct ws_client_end end;
    char text[TEXT_MAX];
};

static void free_client(struct ws_client *client)
{
    loop_timer_stop(client->loop, &client->timer);
    tcp_destroy(client->tcp);
    ws_reader_clear(&client->reader);
    mem_free(client->request);
    mem_free(client->protocol);
    mem_free(client->head);
    mem_free(client);
}

static void report_end(void *arg)
{
    struct ws_client *client = arg;
    client->inside++;
    client->events->on_close(client->owner, client, &client->end);
    client->inside--;
    if (client->dying)
        free_client(client);
}

/* It is over; the owner hears of it from a timer, so never inside what it called. */
static void finish(struct ws_client *client, enum err err, int status, int code, const char *text)
{
    if (client->state == DONE)
        return;
    client->state = DONE;
    tcp_destroy(client->tcp);
    client->tcp = NULL;
    snprintf(client->text, sizeof client->text, "%s", text);
    client->end = (struct ws_client_end){ err, status, code, client->text };
    loop_timer_start(client->loop, &client->timer, 0, report_end, client);
}

static enum err send_frame(struct ws_client *client, enum ws_opcode opcode, struct slice data)
{
    uint8_t mask[4];
    size_t cap = data.len + WS_FRAME_HEAD;
    char *mem = mem_alloc(cap);
    struct buf out;
    buf_init(&out, mem, cap);
    rand_bytes(mask, sizeof mask);
    ws_frame_print(&out, opcode, data, mask);
    enum err err = tcp_send(client->tcp, buf_slice(&out));
    mem_wipe(mem, cap);
    mem_free(mem);
    return err;
}

static void send_close(struct ws_client *client, int code, struct slice reason)
{
    char mem[2 + WS_MAX_REASON];
    struct buf out = BUF_ON(mem);
    buf_u16(&out, (uint16_t)code); /* RFC 6455 §7.4: 1000 to 4999 */
    buf_put(&out, slice_sub(reason, 0, WS_MAX_REASON));
    (void)!send_frame(client, WS_CLOSE_FRAME, buf_slice(&out));
}

static void on_late_close(void *owner)
{
    struct ws_client *client = owner;
    finish(client, ERR_TIMEOUT, 0, WS_CLOSE_ABNORMAL, "no answer to our close");
}

void ws_client_close(struct ws_client *client, int code, struct slice reason)
{
    if (client->state == DONE || client->state == CLOSING)
        return;
    if (client->state != OPEN) {
        finish(client, ERR_CLOSED, 0, WS_CLOSE_ABNORMAL, "given up");
        return;
    }
    send_close(client, code, reason);
    client->state = CLOSING;
    loop_timer_start(client->loop, &client->timer, CLOSE_MS, on_late_close, client);
}

/* What came is against the rules: say so and go. */
static void fail(struct ws_client *client, enum err err, int code, const char *text)
{
    if (client->state == OPEN)
        send_close(client, code, slice_of(text));
    finish(client, err, 0, code, text);
}

static void on_ping_due(void *owner)
{
    struct ws_client *client = owner;
    if (!client->heard) {
        finish(client, ERR_TIMEOUT, 0, WS_CLOSE_ABNORMAL, "the server does not answer pings");
        return;
    }
    client->heard = false;
    (void)!send_frame(client, WS_PING, SLICE_NONE);
    loop_timer_start(client->loop, &client->timer, (int64_t)client->ping_s * 1000, on_ping_due,
                     client);
}

/* ---- the upgrade ---- */

static void make_request(struct ws_client *client, const struct ws_client_config *config)
{
    uint8_t nonce[NONCE];
    uint8_t digest[HASH_MAX];
    char key[32];
    rand_bytes(nonce, sizeof nonce);
    base64_print(nonce, sizeof nonce, key, sizeof key);
    const struct slice parts[] = { slice_of(key), SLICE("258EAFA5-E914-47DA-95CA-C5AB0DC85B11") };
    size_t len = hash_parts(HASH_SHA1, parts, 2, digest);
    base64_print(digest, len, client->accept, sizeof client->accept);

    client->request = mem_alloc(HEAD_MAX);
    struct buf out;
    buf_init(&out, client->request, HEAD_MAX);
    bool v6 = slice_index(config->host, ':') < config->host.len;
    buf_printf(&out, "GET %.*s HTTP/1.1\r\nHost: %s%.*s%s",
               SLICE_ARG(config->target.len ? config->target : SLICE("/")), v6 ? "[" : "",
               SLICE_ARG(config->host), v6 ? "]" : "");
    if (config->port && config->port != (config->tls ? HTTPS : HTTP))
        buf_printf(&out, ":%u", config->port);
    buf_printf(&out,
               "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
               "Sec-WebSocket-Version: 13\r\nUser-Agent: tandem/" TANDEM_VERSION "\r\n",
               key);
    if (config->protocol.len)
        buf_printf(&out, "Sec-WebSocket-Protocol: %.*s\r\n", SLICE_ARG(config->protocol));
    for (size_t i = 0; i < config->n_headers; i++)
        buf_printf(&out, "%.*s: %.*s\r\n", SLICE_ARG(config->headers[i].name),
                   SLICE_ARG(config->headers[i].value));
    buf_text(&out, "\r\n");
    if (buf_cstr(&out)[0] == '\0') { /* too long: nothing is sent, and it says why */
        mem_free(client->request);
        client->request = NULL;
    }
}

static struct slice find_header(struct slice head, const char *name)
{
    while (head.len) {
        struct slice line = slice_line(&head);
        if (slice_iis(slice_trim(slice_cut(&line, ':')), name))
            return slice_trim(line);
    }
    return SLICE_NONE;
}

static void refuse(struct ws_client *client, enum err err, int status, const char *what)
{
    char text[200];
    snprintf(text, sizeof text, "the WebSocket was refused: %s", what);
    finish(client, err, status, WS_CLOSE_ABNORMAL, text);
}

/* RFC 6455 §4.1, points 1 to 6 of "the client MUST validate". */
static bool check_head(struct ws_client *client, struct slice head)
{
    struct slice line = slice_line(&head);
    struct slice version = slice_cut(&line, ' ');
    struct slice code = slice_cut(&line, ' ');
    char text[160];
    uint32_t status;
    if (!slice_starts(version, SLICE("HTTP/1.")) || slice_to_u32(code, 999, &status)) {
        refuse(client, ERR_PARSE, 0, "that port does not speak HTTP/1.1");
        return false;
    }
    snprintf(text, sizeof text, "%u %.*s", status, SLICE_ARG(slice_sub(line, 0, 100)));
    bool accepted = slice_is(find_header(head, "sec-websocket-accept"), client->accept);
    if (status != 101)
        refuse(client, ERR_REFUSED, (int)status, text); /* at most 999 */
    else if (!accepted || !slice_iis(find_header(head, "upgrade"), "websocket"))
        refuse(client, ERR_PARSE, 0, "the answer to the upgrade is not RFC 6455's");
    else if (!slice_is(find_header(head, "sec-websocket-protocol"), client->protocol))
        refuse(client, ERR_UNSUPPORTED, 0, "another subprotocol was chosen");
    else if (find_header(head, "sec-websocket-extensions").len)
        refuse(client, ERR_UNSUPPORTED, 0, "an extension that was not asked for");
    else
        return true;
    return false;
}

static void read_frames(struct ws_client *client, struct slice bytes);

static void read_head(struct ws_client *client, struct slice bytes)
{
    if (!client->head)
        client->head = mem_alloc(HEAD_MAX);
    struct slice part = slice_sub(bytes, 0, HEAD_MAX - client->head_len);
    memcpy(client->head + client->head_len, part.ptr, part.len);
    client->head_len += part.len;
    struct slice all = slice_make(client->head, client->head_len);
    size_t end = slice_find(all, SLICE("\r\n\r\n"));
    if (end == all.len) {
        if (client->head_len == HEAD_MAX)
            refuse(client, ERR_LIMIT, 0, "the answer to the upgrade is too long");
        return;
    }
    if (!check_head(client, slice_sub(all, 0, end)))
        return;
    size_t used = end + 4 - (client->head_len - part.len); /* of `bytes`: the rest is frames */
    client->state = OPEN;
    client->heard = true;
    mem_free(client->head);
    client->head = NULL;
    loop_timer_start(client->loop, &client->timer, (int64_t)client->ping_s * 1000, on_ping_due,
                     client);
    client->events->on_open(client->owner, client);
    if (!client->dying && client->state != DONE)
        read_frames(client, slice_from(bytes, used));
}

/* ---- frames ---- */

static void on_close_frame(struct ws_client *client, struct slice data)
{
    struct wire w = wire_of(data);
    int code = data.len >= 2 ? wire_u16(&w) : WS_CLOSE_NO_STATUS;
    char text[200];
    snprintf(text, sizeof text, "closed with %d%s%.*s", code, w.rest.len ? " " : "",
             SLICE_ARG(slice_sub(w.rest, 0, WS_MAX_REASON)));
    if (client->state == OPEN)
        send_close(client, code == WS_CLOSE_NO_STATUS ? WS_CLOSE_NORMAL : code, SLICE_NONE);
    finish(client, OK, 0, code, text);
}

static void take_message(struct ws_client *client, const struct ws_incoming *message)
{
    switch (message->opcode) {
    case WS_TEXT:
        if (client->state == OPEN)
            client->events->on_text(client->owner, client, message->data);
        return;
    case WS_PING:
        (void)!send_frame(client, WS_PONG, message->data);
        return;
    case WS_CLOSE_FRAME:
        on_close_frame(client, message->data);
        return;
    case WS_BINARY:
        fail(client, ERR_UNSUPPORTED, WS_CLOSE_UNSUPPORTED, "a binary message");
        return;
    case WS_PONG:
    case WS_CONTINUATION:
        return;
    }
}

static void read_frames(struct ws_client *client, struct slice bytes)
{
    struct ws_incoming message;
    enum err err = ws_reader_feed(&client->reader, bytes);
    client->heard = true;
    while (!err && !client->dying && client->state != DONE) {
        err = ws_reader_next(&client->reader, &message);
        if (!err)
            take_message(client, &message);
    }
    if (client->dying || client->state == DONE || err == ERR_AGAIN)
        return;
    if (err == ERR_LIMIT)
        fail(client, err, WS_CLOSE_TOO_BIG, "a message is too long");
    else if (err)
        fail(client, err, WS_CLOSE_PROTOCOL, "bytes that are not RFC 6455's");
}

/* ---- the connection ---- */

static void on_tcp_open(void *owner, struct tcp *tcp)
{
    struct ws_client *client = owner;
    client->state = UPGRADING;
    (void)!tcp_send(tcp, slice_of(client->request));    /* an empty queue has room */
    mem_wipe(client->request, strlen(client->request)); /* it may hold a token */
    mem_free(client->request);
    client->request = NULL;
}

static void on_tcp_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    struct ws_client *client = owner;
    (void)tcp;
    client->inside++;
    if (client->state == UPGRADING)
        read_head(client, bytes);
    else
        read_frames(client, bytes);
    client->inside--;
    if (client->dying)
        free_client(client);
}

static void on_tcp_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    struct ws_client *client = owner;
    (void)tcp;
    client->tcp = NULL;
    finish(client, why->err ? why->err : ERR_CLOSED, 0, WS_CLOSE_ABNORMAL, why->text);
}

static const struct tcp_events tcp_events = { .on_open = on_tcp_open,
                                              .on_bytes = on_tcp_bytes,
                                              .on_close = on_tcp_close };

static void on_open_late(void *owner)
{
    struct ws_client *client = owner;
    finish(client, ERR_TIMEOUT, 0, WS_CLOSE_ABNORMAL, "WebSocket connection timeout");
}

struct ws_client *ws_client_connect(struct loop *loop, const struct ws_client_config *config,
                                    const struct ws_client_events *events, void *owner)
{
    struct ws_client *client = mem_new(struct ws_client);
    int open_ms = config->open_ms ? config->open_ms : WS_CLIENT_OPEN_MS;
    client->loop = loop;
    client->events = events;
    client->owner = owner;
    client->ping_s = config->ping_s ? config->ping_s : WS_PING_S;
    client->protocol = slice_dup(config->protocol);
    client->reader.max_message = config->max_message ? config->max_message : WS_MAX_MESSAGE;
    make_request(client, config);
    if (!client->request) {
        finish(client, ERR_LIMIT, 0, WS_CLOSE_ABNORMAL, "the upgrade request is too long");
        return client;
    }
    struct tcp_config tcp = { .remote = config->remote,
                              .tls = config->tls,
                              .tls_name = config->host,
                              .connect_ms = open_ms };
    client->tcp = tcp_connect(loop, &tcp, &tcp_events, client);
    loop_timer_start(loop, &client->timer, open_ms, on_open_late, client);
    return client;
}

void ws_client_destroy(struct ws_client *client)
{
    if (!client || client->dying)
        return;
    if (client->state == OPEN)
        send_close(client, WS_CLOSE_NORMAL, SLICE_NONE);
    client->dying = true;
    loop_timer_stop(client->loop, &client->timer);
    tcp_destroy(client->tcp); /* what the kernel has is still sent */
    client->tcp = NULL;
    if (!client->inside)
        free_client(client);
}

enum err ws_client_send(struct ws_client *client, struct slice text)
{
    if (client->state == CONNECTING || client->state == UPGRADING)
        return ERR_MISUSE;
    return client->state == OPEN ? send_frame(client, WS_TEXT, text) : ERR_CLOSED;
}

bool ws_client_is_open(const struct ws_client *client)
{
    return client->state == OPEN;
}
