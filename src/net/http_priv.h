#pragma once
/* What the HTTP and WebSocket server's files share: the server, its listeners, one connection.
 *
 * libwebsockets gives one callback for everything; http_server.c turns it into the http_conn_*
 * (http_request.c) and ws_conn_* (ws_server.c) functions below. Those that return int give 0 to go
 * on and -1 to have libwebsockets close the connection. */

#include <libwebsockets.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "net/http_chunked.h"
#include "net/http_server.h"
#include "net/ws_server.h"

/* bytes of a subprotocol's name that libwebsockets can compare, with a terminator */
enum { HTTP_WS_PROTOCOL = 64 };

enum http_server_state {
    HTTP_SERVER_UP,
    HTTP_SERVER_CLOSING,
    HTTP_SERVER_ENDING,
    HTTP_SERVER_DOWN
};

struct http_server {
    struct loop *loop;
    const struct http_server_events *events;
    void *owner;
    const struct ws_server_events *ws_events;
    void *ws_owner;
    struct http_server_config config;
    lws_retry_bo_t ping; /* referred to by every vhost, as are these two: */
    struct lws_protocols protocols[2];
    /* the one WebSocket subprotocol that libwebsockets knows: what the upgrade at hand gets */
    char ws_protocol[HTTP_WS_PROTOCOL];
    struct lws_context *context;
    struct lws_vhost *plain; /* the first vhost: a Host header moves every connection to it */
    struct list listeners, conns;
    unsigned n_conns;
    enum http_server_state state;
    struct timer stop_timer;
    int64_t stop_at_ms;
    int turns; /* of the loop since the last connection went */
    void (*on_done)(void *owner);
    void *done_owner;
};

struct http_listener {
    struct list link;
    struct http_server *server;
    char *name;
    struct addr addr;
    bool tls;
    void *tag;
    struct lws_vhost *vhost; /* its own for TLS, the server's plain one otherwise */
    int fd;
    uv_poll_t poll;
    bool polling;
};

enum http_request_state {
    HTTP_READING,  /* the body */
    HTTP_PENDING,  /* the owner has it */
    HTTP_REPLYING, /* it was answered; the bytes go out */
};

enum { HTTP_REPLY_HEADERS = 4096 };

/* A header or parameter that somebody asked for, kept so that its slice lives long enough. */
struct http_found {
    struct list link;
    char *name, *value; /* value NULL: not sent */
    size_t value_len;
};

struct http_request {
    struct http_conn *conn;
    enum http_request_state state;
    enum http_method method;
    char *path;
    size_t path_len;
    struct list *found; /* of struct http_found; behind a pointer because lookups take it const */
    char *body;
    size_t body_len, body_room, body_cap; /* body_cap: as much as may come */
    struct http_chunked *chunked;         /* NULL unless the body comes so */
    bool unread;    /* bytes of the body may still come when we have replied */
    bool pipelined; /* the next one came before this was answered */
    bool close_after;
    void (*on_gone)(void *owner, struct http_request *request);
    void *gone_owner;
    struct buf headers; /* for the reply */
    char headers_mem[HTTP_REPLY_HEADERS];
    char *out; /* the reply, behind LWS_PRE bytes */
    size_t out_len, out_sent;
    int64_t progress_at_ms; /* when bytes last left */
    int unsent;             /* in the kernel then */
};

/* One TCP connection; dies with its wsi. */
struct http_conn {
    struct list link;
    struct http_server *server;
    struct http_listener *listener;
    struct addr peer;
    struct lws *wsi;              /* NULL before it is adopted and once it is closed */
    struct http_request *request; /* the one in progress */
    struct ws *ws;                /* after an accepted upgrade */
    struct timer timer;
    bool lingering; /* replied and shut down; what still comes is thrown away */
};

int http_server_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t len);
/** tls: LWS calls http_listener_load() with `user` while it makes the vhost. */
struct lws_vhost *http_server_add_vhost(struct http_server *server, const char *name, bool tls,
                                        void *user);
/** Put certificate, key and limits into an SSL_CTX; 0 or -1. */
int http_listener_load(void *user, void *ssl_ctx);
void http_listener_close(struct http_listener *listener);
void http_listener_destroy(struct http_listener *listener);

/** Close at once, from the loop's next turn on; WebSockets without a close frame. */
void http_conn_kill(struct http_conn *conn);

/** A request is to begin, and its headers are to end, or it is answered 400. */
void http_conn_expect(struct http_conn *conn);
int http_conn_begin(struct http_conn *conn);
int http_conn_body(struct http_conn *conn, struct slice bytes);
int http_conn_body_end(struct http_conn *conn);
int http_conn_writable(struct http_conn *conn);
/** A request by a method that libwebsockets has not heard of: 501 (RFC 9110 §9.1). What is no
 * request at all is closed. */
int http_conn_stray(struct http_conn *conn, struct slice bytes);
/** The request in progress is gone; its owner hears of it unless `quiet`. */
void http_conn_gone(struct http_conn *conn, bool quiet);

int ws_conn_confirm(struct http_conn *conn, const char *upgrade);
int ws_conn_headers(struct http_conn *conn, struct lws_process_html_args *args);
int ws_conn_open(struct http_conn *conn);
int ws_conn_received(struct http_conn *conn, struct slice bytes);
void ws_conn_peer_close(struct http_conn *conn, struct slice payload);
int ws_conn_writable(struct http_conn *conn);
void ws_conn_closed(struct http_conn *conn, struct lws *wsi);
/** Free it without a word. */
void ws_conn_drop(struct http_conn *conn);

/** The request in a connection's header table; NULL when its method is none of ours. */
struct http_request *http_request_create(struct http_conn *conn);
void http_request_destroy(struct http_request *request);
/** 1xx to 5xx as a phrase. */
const char *http_status_phrase(int status);
