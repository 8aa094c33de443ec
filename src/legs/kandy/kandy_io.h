#pragma once
/* How an account reaches the cloud: HTTP exchanges and one kind of socket. kandy_net.h does it for
 * real; tests have one that remembers. Control thread. */

#include "base/err.h"
#include "base/slice.h"
#include "legs/kandy/kandy_dialect.h"

struct kandy_io;
struct kandy_exchange;
struct kandy_socket;

/** What came; borrowed by the callback. `http` 0: nothing, and `text` says why. */
struct kandy_reply {
    int http;
    struct slice body, retry_after;
    const char *text;
};
typedef void (*kandy_reply_fn)(void *owner, const struct kandy_reply *reply);

struct kandy_socket_end {
    int http; /* of a refused upgrade, else 0 */
    int code; /* of the close frame; 1006 without one */
    const char *text;
};
/** The socket may be closed inside any of them. */
struct kandy_socket_events {
    void (*on_open)(void *owner, struct kandy_socket *socket);
    void (*on_text)(void *owner, struct kandy_socket *socket, struct slice text);
    /** The last one; the socket is still the owner's to close. */
    void (*on_close)(void *owner, struct kandy_socket *socket, const struct kandy_socket_end *end);
};

struct kandy_io_ops {
    /** `fn` is called once, later. The request is the caller's again on return. */
    struct kandy_exchange *(*send)(struct kandy_io *io, const struct kandy_identity *who,
                                   const struct kandy_request *request, kandy_reply_fn fn,
                                   void *owner);
    /** No callback comes any more. */
    void (*cancel)(struct kandy_exchange *exchange);
    struct kandy_socket *(*open)(struct kandy_io *io, const char *target,
                                 const struct kandy_socket_events *events, void *owner);
    MUST_CHECK enum err (*say)(struct kandy_socket *socket, struct slice text);
    /** Ends and frees it, without an event. NULL is fine. */
    void (*close)(struct kandy_socket *socket);
};
struct kandy_io {
    const struct kandy_io_ops *ops;
};
