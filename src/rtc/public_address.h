#pragma once
/* Where the internet sees us: STUN servers (RFC 8489, RFC 5389) are asked all at once, the first
 * answer counts, and they are asked again from time to time, because addresses change. Control
 * thread; one UDP socket of its own. */

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct dns;
struct loop;
struct public_address;

enum {
    PUBLIC_ADDRESS_SERVERS_MAX = 8,
    PUBLIC_ADDRESS_PORT = 3478,
    PUBLIC_ADDRESS_TEXT = 300,
};

struct public_address_events {
    /** Found, or another one than before. `server` as it was configured. */
    void (*on_found)(void *owner, const struct addr *address, const char *server);
    /** Nobody answered; what was found before may still be true. `text` says what each server did.
     */
    void (*on_lost)(void *owner, const char *text);
};

struct public_address_config {
    struct loop *loop;
    struct dns *dns;
    char *const *servers; /* "host" or "host:port"; copied; past the maximum they are left out */
    size_t n_servers;
    int64_t rto_ms;   /* RFC 8489 §6.2.1; 0: 500 */
    int64_t again_ms; /* from one answer to the next question; 0: 60000 */
};

/** Asks at once; callbacks come from the loop. ERR_IO: no socket. */
MUST_CHECK enum err public_address_create(struct public_address **out,
                                          const struct public_address_config *config,
                                          const struct public_address_events *events, void *owner,
                                          struct fault *fault);
/** NULL is fine; nothing comes after it. */
void public_address_destroy(struct public_address *self);
