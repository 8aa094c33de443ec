#pragma once
/* The way to a cloud as kandy_io.h wants it: HTTPS requests, names resolved, a WebSocket. Control
 * thread. */

#include "legs/kandy/kandy_io.h"
#include "net/addr.h"

struct dns;
struct kandy_net;
struct loop;

struct kandy_net_config { /* texts are copied */
    struct loop *loop;
    struct dns *dns;
    const char *host;
    uint16_t port;       /* 0: 443 */
    const char *ca_file; /* "": the system's */
    bool verify;
};

/** ERR_INVALID: the CA file is no good; `fault` says why. */
MUST_CHECK enum err kandy_net_create(struct kandy_net **out, const struct kandy_net_config *config,
                                     struct fault *fault);
/** Every exchange is cancelled and every socket closed. NULL is fine. */
void kandy_net_destroy(struct kandy_net *net);
struct kandy_io *kandy_net_io(struct kandy_net *net);
/** Where the last socket went to; unset before. */
const struct addr *kandy_net_remote(const struct kandy_net *net);
