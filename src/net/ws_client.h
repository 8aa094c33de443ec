#pragma once
/* WebSockets (RFC 6455) that we open: one connection on the loop, over TCP or TLS. Messages are
 * whole; pings, limits and closing are done here. No extensions. libwebsockets could do it, but
 * looks names up while everything waits, binds the trusted CAs to its vhosts, and ends only after
 * turns of the loop that nobody can count. Control thread. */

#include "base/err.h"
#include "base/slice.h"
#include "net/http_client.h"
#include "net/ws_server.h"

struct loop;
struct tls_context;
struct ws_client;

enum { WS_CLIENT_OPEN_MS = 10000 /* TCP, TLS and upgrade together, unless given */ };

/** Why it ended, or never opened. */
struct ws_client_end {
    enum err err;     /* OK: closed by a close frame. ERR_REFUSED: connection, or the upgrade got
                         `status`. ERR_TIMEOUT, ERR_AUTH (certificate), ERR_CLOSED, ERR_PARSE … */
    int status;       /* of HTTP when the upgrade was refused, else 0 */
    int code;         /* of the close frame, as enum ws_close_code; 1006 without one */
    const char *text; /* for people, never NULL */
};

/** The owner may destroy the client inside any of them. */
struct ws_client_events {
    void (*on_open)(void *owner, struct ws_client *client);
    void (*on_text)(void *owner, struct ws_client *client, struct slice text); /* valid UTF-8 */
    /** The last event, once; never from inside an operation. The client is still the owner's. */
    void (*on_close)(void *owner, struct ws_client *client, const struct ws_client_end *end);
};

struct ws_client_config { /* borrowed until return */
    struct addr remote;
    const struct tls_context *tls; /* NULL: plain */
    struct slice host;             /* name in the certificate and the Host header */
    uint16_t port;                 /* shown in Host when it is not the scheme's own; 0: not */
    struct slice target;           /* path and query; "" is "/" */
    struct slice protocol;         /* subprotocol that must be agreed; empty: none */
    const struct http_header *headers;
    size_t n_headers;
    int open_ms;
    unsigned ping_s;    /* 0: WS_PING_S; closed when nothing came until the next one is due */
    size_t max_message; /* 0: WS_MAX_MESSAGE */
};

/** Never NULL; what goes wrong comes by on_close. */
struct ws_client *ws_client_connect(struct loop *loop, const struct ws_client_config *config,
                                    const struct ws_client_events *events, void *owner);
/** Without a further event. An open one says 1000 first. NULL is fine. */
void ws_client_destroy(struct ws_client *client);
/** ERR_MISUSE: not open. ERR_CLOSED: closing. ERR_LIMIT: the server reads too slowly. */
MUST_CHECK enum err ws_client_send(struct ws_client *client, struct slice text);
/** A close frame; on_close follows. Twice is fine. */
void ws_client_close(struct ws_client *client, int code, struct slice reason);
bool ws_client_is_open(const struct ws_client *client);
