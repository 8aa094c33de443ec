#pragma once
/* HTTP/1.1 (RFC 9112) for pages, REST and, through ws_server.h, every WebSocket: several listeners
 * in one server, libwebsockets underneath. Control thread only. Routing is the caller's. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct loop;
struct http_server;
struct http_listener;
struct http_request;

enum {
    HTTP_MAX_BODY = 1 << 20,      /* bytes of a request's body, unless configured: 413 */
    HTTP_MAX_PATH = 4096,         /* bytes of path and query together: 414 */
    HTTP_MAX_HEADERS = 16 << 10,  /* bytes of all header lines: the connection is dropped */
    HTTP_MAX_PARAMS = 64,         /* query parameters kept */
    HTTP_MAX_CONNECTIONS = 10000, /* unless configured; more are refused at accept */
    HTTP_IDLE_S = 20,             /* a request that trickles, a reader that stalls, keep-alive */
};

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_HEAD,
    HTTP_OPTIONS,
    HTTP_METHOD_COUNT
};

struct http_server_config { /* zero: the defaults above */
    size_t max_body;
    unsigned max_connections;
    unsigned idle_s;
};

struct http_server_events {
    /** A whole request, body included. Reply now or later, once; see http_request_on_gone(). */
    void (*on_request)(void *owner, struct http_request *request);
};

/** Nothing listens yet. `events` and `owner` are borrowed until destroy. */
struct http_server *http_server_create(struct loop *loop, const struct http_server_config *config,
                                       const struct http_server_events *events, void *owner);
/** Close the listeners and every connection, WebSockets with 1001 (each gets its on_close), then
 * call `on_done(owner)` from the loop (never from inside); destroy the server there or later. */
void http_server_stop(struct http_server *server, void (*on_done)(void *owner), void *owner);
/** Stops at once, with no callback at all, if http_server_stop() has not ended; may turn the loop.
 * Requests and WebSockets not yet closed are gone. NULL is fine. */
void http_server_destroy(struct http_server *server);

struct http_listener_config {
    const char *name;                 /* for logs: "web", "bridge"; copied */
    struct addr bind;                 /* port 0: any free one */
    bool tls;                         /* 1.2 or newer */
    const char *cert_file, *key_file; /* PEM files, or … */
    const char *cert_pem, *key_pem;   /* … PEM text, which wins */
    void *tag;                        /* the caller's, see http_listener_tag() */
};
/** Bind exactly `bind`. The listener belongs to the server. ERR_IO: cannot bind; ERR_INVALID:
 * certificate or key unusable. `fault` (may be NULL) says which and why. */
MUST_CHECK enum err http_server_listen(struct http_server *server,
                                       const struct http_listener_config *config,
                                       struct http_listener **out, struct fault *fault);
/** The address with the real port. */
const struct addr *http_listener_addr(const struct http_listener *listener);
const char *http_listener_name(const struct http_listener *listener);
bool http_listener_is_tls(const struct http_listener *listener);
void *http_listener_tag(const struct http_listener *listener);

/* What a request holds; slices live as long as the request. */
enum http_method http_request_method(const struct http_request *request);
const char *http_method_name(enum http_method method);
/** As it was sent, without the query: "/api/users/a%2Fb". Route on this one (http_path.h). */
struct slice http_request_raw_path(const struct http_request *request);
/** Percent-decoded. It may hold "..", so it is no file name. */
struct slice http_request_path(const struct http_request *request);
/** Behind the '?', as it was sent; empty when there is none. */
struct slice http_request_query(const struct http_request *request);
/** The first query parameter of that name, decoded; `ptr` is NULL when there is none. */
struct slice http_request_param(const struct http_request *request, const char *name);
/** By name, any case; `ptr` is NULL when it was not sent. */
struct slice http_request_header(const struct http_request *request, const char *name);
/** Whole; a chunked one decoded. Empty when there is none. */
struct slice http_request_body(const struct http_request *request);
const struct addr *http_request_peer(const struct http_request *request);
const struct http_listener *http_request_listener(const struct http_request *request);
bool http_request_is_tls(const struct http_request *request);

/** Who replies later sets this: called once if the client goes away before the reply, and the
 * request ends with it. Without it, the request may vanish after on_request returned. */
void http_request_on_gone(struct http_request *request,
                          void (*on_gone)(void *owner, struct http_request *request), void *owner);
/** A header for the reply, before http_reply(). Date, Server, Content-Length and Content-Type are
 * set anyway. CR and LF in a value are refused: ERR_INVALID; too many: ERR_LIMIT. */
MUST_CHECK enum err http_reply_header(struct http_request *request, const char *name,
                                      struct slice value);
/** Answer, and the request is no longer yours. `body` is copied; `content_type` may be NULL. HEAD
 * gets the length only. */
void http_reply(struct http_request *request, int status, const char *content_type,
                struct slice body);
/** As application/json; `body` stays the caller's. */
void http_reply_json(struct http_request *request, int status, const json_t *body);
