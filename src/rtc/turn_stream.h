#pragma once
/* A TCP or TLS connection to a TURN server on a media thread's loop, cut into messages. That thread
 * only, but for what is said of `struct turn_tls`. */

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct loop;
struct turn_stream;
struct turn_tls; /* whom to trust: counted, any thread */

enum {
    TURN_STREAM_WAITING_MAX = 256 * 1024
}; /* bytes that the network does not take: then it drops */

/** TLS 1.2 or later, peers verified against `ca_file` (PEM) or, if NULL, the system's authorities.
 * ERR_INVALID: the file is of no use. */
MUST_CHECK enum err turn_tls_create(struct turn_tls **out, const char *ca_file);
struct turn_tls *turn_tls_ref(struct turn_tls *tls);
void turn_tls_unref(struct turn_tls *tls); /* NULL is fine */

struct turn_stream_events {
    void (*on_open)(void *owner);
    /** One message, borrowed until return (turn_frames.h). */
    void (*on_message)(void *owner, struct slice message);
    /** Not connected, not trusted, or over. Once; nothing comes after it. */
    void (*on_closed)(void *owner, enum err err, const char *text);
};
/** Connect. `tls`: NULL for TCP; `host`: whose certificate it must be. on_closed() may come before
 * anything else, but never from inside. */
struct turn_stream *turn_stream_create(struct loop *loop, const struct addr *server,
                                       struct turn_tls *tls, const char *host,
                                       const struct turn_stream_events *events, void *owner);
void turn_stream_destroy(struct turn_stream *stream); /* what was sent still goes out */
/** Copied before return; dropped when not open or over TURN_STREAM_WAITING_MAX. */
void turn_stream_send(struct turn_stream *stream, struct slice bytes);
