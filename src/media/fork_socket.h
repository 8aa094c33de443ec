#pragma once
/* A stream's audio to a program's WebSocket, and back: a media_fork that speaks fork_msg over
 * ws_client. Control thread. */

#include "base/err.h"
#include "media/fork_msg.h"
#include "net/addr.h"

struct dns;
struct fork_socket;
struct loop;
struct media;
struct media_stream;

struct fork_socket_config { /* copied */
    struct loop *loop;
    struct media *media;
    struct media_stream *stream;
    struct dns *dns;
    const char *url;   /* ws:// or wss:// */
    const char *token; /* of Authorization: Bearer; NULL: none */
    bool (*may_reach)(const void *owner, const struct addr *addr); /* NULL: anywhere */
    const void *reach_owner;
    struct fork_names names;
};
/** It is over: closed by the program, never opened, the stream gone. Last, once; never from inside
 * a function. The owner still destroys it. */
struct fork_socket_events {
    void (*on_open)(void *owner);
    void (*on_over)(void *owner, enum err err, const char *text);
};

/** ERR_INVALID: the URL; `fault` says what. */
MUST_CHECK enum err fork_socket_create(struct fork_socket **out,
                                       const struct fork_socket_config *config,
                                       const struct fork_socket_events *events, void *owner,
                                       struct fault *fault);
/** Says stop and closes. NULL is fine. */
void fork_socket_destroy(struct fork_socket *socket);
/** The far end pressed a key: the program is told. */
void fork_socket_dtmf(struct fork_socket *socket, char digit);
