#pragma once
/* Where an http_server listens: one bound address, plain or TLS. Control thread only. */

#include <stdbool.h>

#include "base/err.h"
#include "net/addr.h"

struct http_server;
struct http_listener;

struct http_listener_config {
    const char *name;                 /* for logs: "web", "bridge"; copied */
    struct addr bind;                 /* port 0: any free one */
    bool tls;                         /* 1.2 or newer */
    const char *cert_file, *key_file; /* PEM files, or … */
    const char *cert_pem, *key_pem;   /* … PEM text, which wins */
    void *tag;                        /* the caller's, see http_listener_tag() */
};
/** Bind exactly `bind` and nothing else. The listener belongs to the server. ERR_IO: cannot bind;
 * ERR_INVALID: certificate or key unusable. `fault` (may be NULL) says which and why. */
MUST_CHECK enum err http_server_listen(struct http_server *server,
                                       const struct http_listener_config *config,
                                       struct http_listener **out, struct fault *fault);
/** The address with the real port. */
const struct addr *http_listener_addr(const struct http_listener *listener);
const char *http_listener_name(const struct http_listener *listener);
void *http_listener_tag(const struct http_listener *listener);
