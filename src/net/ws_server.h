#pragma once
/* WebSockets (RFC 6455), server side, on the listeners of an http_server. Control thread only.
 * Messages are whole; pings, limits and closing are done here. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct http_server;
struct http_listener;
struct ws;
struct ws_request;

enum {
    WS_MAX_MESSAGE = 256 << 10, /* bytes received in one message, then 1009 */
    WS_MAX_BACKLOG = 4 << 20,   /* bytes waiting to be sent, then 1008: a slow reader */
    WS_PING_S = 20,             /* closed when no pong came until the next one is due */
    WS_MAX_REASON = 123,        /* bytes in a close frame, RFC 6455 §5.5.1 */
};

enum ws_close_code { /* RFC 6455 §7.4.1 */
                     WS_CLOSE_NORMAL = 1000,
                     WS_CLOSE_GOING_AWAY = 1001,
                     WS_CLOSE_PROTOCOL = 1002,
                     WS_CLOSE_UNSUPPORTED = 1003,
                     WS_CLOSE_NO_STATUS = 1005, /* the peer's close had none; never sent */
                     WS_CLOSE_ABNORMAL = 1006,  /* no close frame came; never sent */
                     WS_CLOSE_BAD_TEXT = 1007,
                     WS_CLOSE_POLICY = 1008,
                     WS_CLOSE_TOO_BIG = 1009,
                     WS_CLOSE_INTERNAL = 1011
};

/** One socket. Any may be NULL but on_close. The socket lives until on_close returns. */
struct ws_events {
    void (*on_open)(void *owner, struct ws *ws); /* ws_set_owner() may be called here */
    void (*on_text)(void *owner, struct ws *ws, struct slice text); /* valid UTF-8 */
    void (*on_binary)(void *owner, struct ws *ws, struct slice data);
    /** Exactly once after on_open, whoever closed; never from inside an operation. */
    void (*on_close)(void *owner, struct ws *ws, int code, struct slice reason);
};

/** What to do with an upgrade: `events` set accepts, else `status` (403 when 0) refuses. */
struct ws_answer {
    const struct ws_events *events;
    void *owner;           /* until ws_set_owner() */
    struct slice protocol; /* one of the offered, or empty for none; copied */
    int status;
};

struct ws_server_events {
    /** Fill `answer`; on_open follows later, or never when the peer goes away first. */
    void (*on_ws_request)(void *owner, const struct ws_request *request, struct ws_answer *answer);
};
/** Once, before the first listen; without it upgrades get 404. Borrowed until the server's destroy.
 */
void ws_server_attach(struct http_server *server, const struct ws_server_events *events,
                      void *owner);

/* The upgrade request; slices live until on_ws_request returns. */
struct slice ws_request_path(const struct ws_request *request); /* as http_request_path() */
struct slice ws_request_param(const struct ws_request *request, const char *name); /* decoded */
/** Origin, Host, Authorization, X-Forwarded-For…; `ptr` is NULL when it was not sent. */
struct slice ws_request_header(const struct ws_request *request, const char *name);
/** Was this subprotocol offered? Case matters (RFC 6455 §11.3.4). */
bool ws_request_offers(const struct ws_request *request, const char *protocol);
const struct addr *ws_request_peer(const struct ws_request *request);
const struct http_listener *ws_request_listener(const struct ws_request *request);
bool ws_request_is_tls(const struct ws_request *request);

void ws_set_owner(struct ws *ws, void *owner);
/** Queue one message; sent in order. ERR_CLOSED once closing; ERR_LIMIT over WS_MAX_BACKLOG, and
 * then the socket is being closed with 1008. */
MUST_CHECK enum err ws_send_text(struct ws *ws, struct slice text);
MUST_CHECK enum err ws_send_binary(struct ws *ws, struct slice data);
/** Send what is queued, then a close frame; on_close comes when the peer answered or 5 s passed.
 * Calling it twice is fine: the first code stands. A reason over WS_MAX_REASON is cut. */
void ws_close(struct ws *ws, int code, struct slice reason);
/** The owner goes away: no event comes any more, not even on_close, and `ws` is not the caller's
 * any longer. Closes with `code` as ws_close() does unless it is closing already. NULL is fine. */
void ws_abandon(struct ws *ws, int code);

const struct addr *ws_peer(const struct ws *ws);
struct slice ws_protocol(const struct ws *ws); /* the accepted one, empty for none */
const struct http_listener *ws_listener(const struct ws *ws);
bool ws_is_tls(const struct ws *ws);
