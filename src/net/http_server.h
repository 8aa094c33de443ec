#pragma once
/* HTTP/1.1 (RFC 9112) for pages, REST and, through ws_server.h, every WebSocket: several listeners
 * in one server, libwebsockets underneath. Control thread only. Routing is the caller's. */

#include <stdbool.h>
#include <stddef.h>

#include "net/http_listener.h"
#include "net/http_request.h"

struct loop;
struct http_server;

enum {
    HTTP_MAX_BODY = 1 << 20,      /* bytes of a request's body, unless configured: 413 */
    HTTP_MAX_HEADERS = 16 << 10,  /* bytes of request line and headers: the connection is dropped */
    HTTP_MAX_CONNECTIONS = 10000, /* unless configured; more are closed at accept */
    HTTP_IDLE_S = 20,             /* silence between requests, a body or a reader that stalls */
    HTTP_REQUEST_S = 120,         /* a body that trickles */
};

struct http_server_config { /* zero: the defaults above and in ws_server.h */
    size_t max_body;
    unsigned max_connections;
    unsigned idle_s;
    unsigned ws_ping_s;
};

struct http_server_events {
    /** A whole request, body included. Reply now or later, once; see http_request_on_gone(). */
    void (*on_request)(void *owner, struct http_request *request);
};

/** Nothing listens yet. `config` may be NULL; `events` and `owner` are borrowed until destroy. */
struct http_server *http_server_create(struct loop *loop, const struct http_server_config *config,
                                       const struct http_server_events *events, void *owner);
/** Close the listeners and every connection, WebSockets with 1001 (each gets its on_close; up to
 * 5 s for a peer that does not answer), then call `on_done(owner)` from the loop, never from
 * inside. Pending requests are gone. */
void http_server_stop(struct http_server *server, void (*on_done)(void *owner), void *owner);
/** After on_done, or without a stop where no loop runs: then it turns the loop itself until the
 * sockets are closed, and calls nobody. NULL is fine. */
void http_server_destroy(struct http_server *server);
/** Connections open now: a gauge. */
unsigned http_server_connections(const struct http_server *server);
