#pragma once
/* Streams on a loop: TCP connections out and in, with TLS inside when a context is given; the owner
 * sees plaintext either way. Writes are queued up to a bound; connecting, handshakes and silence
 * have time limits. It frames nothing. The loop's thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct loop;
struct tcp;
struct tcp_listener;
struct tls;
struct tls_context;

enum {
    TCP_MAX_BACKLOG = 1 << 20, /* bytes waiting to be sent: then the reader is too slow */
    TCP_CONNECT_MS = 10000,    /* until it is open, TLS included, unless the config says other */
    TCP_LINGER_MS = 2000,      /* for the far end's end after ours */
    TCP_UNACKED_MS = 30000,    /* sent, but not acknowledged: the far end is gone */
    TCP_LISTEN_QUEUE = 512,
};

/** Why a connection ended. */
struct tcp_end {
    enum err err; /* OK: in order. ERR_REFUSED, ERR_TIMEOUT, ERR_AUTH (certificate), ERR_IO … */
    int error;    /* errno; 0: none */
    const char *text; /* a sentence with host, port, transport and cause; never NULL */
};

/** on_open may be NULL. The owner may destroy the connection inside any of them. */
struct tcp_events {
    /** Of connections that we open. */
    void (*on_open)(void *owner, struct tcp *tcp);
    void (*on_bytes)(void *owner, struct tcp *tcp, struct slice bytes);
    /** The last event, unless tcp_destroy() came first; never from inside an operation. `tcp` is
     * gone when it returns. */
    void (*on_close)(void *owner, struct tcp *tcp, const struct tcp_end *why);
};

struct tcp_config {
    struct addr remote;
    struct addr local;             /* the address to come from; any: the kernel's choice; unset: of
                                      the port as well, which is not known before it is open then */
    const struct tls_context *tls; /* NULL: plain; borrowed until return */
    struct slice tls_name;         /* tls_create(); empty: the numeric address */
    int64_t connect_ms;            /* 0: TCP_CONNECT_MS */
    int64_t idle_ms;               /* no byte from the far end for so long; 0: any time */
};

/** Begins to connect; what goes wrong comes by on_close. */
struct tcp *tcp_connect(struct loop *loop, const struct tcp_config *config,
                        const struct tcp_events *events, void *owner);
/** At once, without an event; what the kernel has is still sent. NULL is fine. */
void tcp_destroy(struct tcp *tcp);
/** Send what is queued, say the end, wait for the far end's (TCP_LINGER_MS), then on_close. Nothing
 * is given to on_bytes from here on. Twice is fine. */
void tcp_close(struct tcp *tcp);
/** Queue and send; before it is open, too. ERR_CLOSED: closing. ERR_LIMIT: TCP_MAX_BACKLOG, and
 * then it ends with that reason. */
MUST_CHECK enum err tcp_send(struct tcp *tcp, struct slice bytes);
void tcp_set_events(struct tcp *tcp, const struct tcp_events *events, void *owner);

bool tcp_is_open(const struct tcp *tcp);
size_t tcp_backlog(const struct tcp *tcp); /* bytes queued */
/** Ours. Before it is open: the any-address with the port, or unset: see tcp_config.local. */
const struct addr *tcp_local(const struct tcp *tcp);
const struct addr *tcp_remote(const struct tcp *tcp);
/** The TLS inside, for tls_describe() and its like; NULL when plain. */
const struct tls *tcp_tls(const struct tcp *tcp);

struct tcp_listener_events {
    /** Open, TLS included. tcp_set_events() inside makes it the owner's; else it is closed. */
    void (*on_accept)(void *owner, struct tcp *tcp);
};

struct tcp_listen_config {
    struct addr bind;              /* port 0: any free one. IPv6 takes no IPv4 */
    const struct tls_context *tls; /* NULL: plain; borrowed as long as the listener lives */
    size_t max, max_per_ip; /* connections at a time, those over it are closed; 0: no limit */
    int64_t idle_ms;        /* as in tcp_config */
};

/** ERR_IO with a sentence. */
MUST_CHECK enum err tcp_listen(struct tcp_listener **out, struct loop *loop,
                               const struct tcp_listen_config *config,
                               const struct tcp_listener_events *events, void *owner,
                               struct fault *fault);
/** Accepted connections live on. NULL is fine. */
void tcp_listener_destroy(struct tcp_listener *listener);
/** A new certificate for connections from here on. */
void tcp_listener_set_tls(struct tcp_listener *listener, const struct tls_context *tls);
const struct addr *tcp_listener_local(const struct tcp_listener *listener); /* the real port */
size_t tcp_listener_count(const struct tcp_listener *listener); /* connections, handshakes too */
