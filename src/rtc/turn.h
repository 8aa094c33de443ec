#pragma once
/* One allocation on a TURN server, the client's side (RFC 8656): an engine that is given the
 * server's messages and the time, and returns messages for the server. Long-term credentials with
 * MD5 (RFC 8489 §9.2). Relayed addresses are IPv4 and UDP. One thread; callbacks come from inside
 * start, feed, tick and send. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct turn;

enum {
    TURN_PEERS_MAX = 64,
    TURN_TEXT_MAX = 512,     /* user name, realm and nonce, each (RFC 8489 §14) */
    TURN_HEAD_MAX = 48,      /* what stands before the payload toward a peer */
    TURN_REFRESH_MS = 60000, /* that long before the end of an allocation it is renewed */
    TURN_PERMIT_MS = 240000, /* permissions hold 300 s (§9), channels 600 s (§12) */
};

struct turn_config {
    struct slice username, password;
    bool stream; /* the way to the server is TCP or TLS: it loses nothing and needs padding */
};
struct turn_events {
    /** For the server, borrowed until return. */
    void (*on_send)(void *owner, struct slice message);
    /** `mapped` is where the server sees us: a server-reflexive address when that is UDP. Once. */
    void (*on_allocated)(void *owner, const struct addr *relayed, const struct addr *mapped);
    /** A datagram from a peer: inside the message that is being fed. */
    void (*on_data)(void *owner, const struct addr *peer, struct slice payload);
    /** ERR_AUTH, ERR_REFUSED, ERR_TIMEOUT, as the text says. Once; there is no relay any more. */
    void (*on_failed)(void *owner, enum err err, const char *text);
};

/** ERR_LIMIT: user name over TURN_TEXT_MAX. */
MUST_CHECK enum err turn_create(struct turn **out, const struct turn_config *config,
                                const struct turn_events *events, void *owner);
void turn_destroy(struct turn *turn);

/** Ask for the allocation: the way to the server is open. */
void turn_start(struct turn *turn, int64_t now_ms);
/** One message from the server. ERR_PARSE: malformed.  ERR_NOT_FOUND: nothing that we wait for.
 * ERR_AUTH: not signed as it must be. */
MUST_CHECK enum err turn_feed(struct turn *turn, struct slice message, int64_t now_ms);
void turn_tick(struct turn *turn, int64_t now_ms);
/** Give the allocation back (§7.1): nothing is reported after it. */
void turn_close(struct turn *turn);

/** Send to a peer; what comes before its permission is granted waits, the newest one only. */
void turn_send(struct turn *turn, const struct addr *peer, struct slice payload, int64_t now_ms);
/** From now on this peer's payloads have 4 bytes of overhead instead of 36 (§12). */
void turn_bind(struct turn *turn, const struct addr *peer, int64_t now_ms);
/** For media: write what stands before a payload of `len` bytes into `head`, and its length; 0: not
 * permitted, drop it. `*pad` bytes of zero belong behind the payload. */
size_t turn_head(struct turn *turn, const struct addr *peer, size_t len,
                 uint8_t head[TURN_HEAD_MAX], size_t *pad);
