#pragma once
/* TLS for SIP (RFC 3261 §26, RFC 5922): our certificate, and whom we expect at the other end of
 * connections that we open. Certificates are verified unless their expectation says otherwise.
 * Control thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct sip_agent;
struct sip_tls;
struct tls_context;
struct tls_server_config;

enum { SIP_TLS_PEERS_MAX = 1024 };

/** The far end of a connection that we open. */
struct sip_tls_peer {
    struct slice name;   /* what its certificate must be for: the host as configured or dialled */
    const char *ca_file; /* PEM; NULL or "": the system's CAs. Read once */
    bool insecure;       /* any certificate will do */
};

/** The certificate of SIP_TLS listeners: before the first listens, and again when it was renewed
 * (connections that there are keep theirs). ERR_INVALID with a sentence. */
MUST_CHECK enum err sip_tls_use_certificate(struct sip_agent *agent,
                                            const struct tls_server_config *config,
                                            struct fault *fault);
/** A number for sip_hop.tls; equal peers get the same. It lives as long as the agent. ERR_INVALID:
 * the CA file, with a sentence. ERR_LIMIT: SIP_TLS_PEERS_MAX. */
MUST_CHECK enum err sip_tls_expect(struct sip_agent *agent, const struct sip_tls_peer *peer,
                                   uint32_t *out, struct fault *fault);

/* For sip_transport.c and sip_tcp.c. */
struct sip_tls *sip_tls_create(void);
void sip_tls_destroy(struct sip_tls *tls);                           /* NULL is fine */
const struct tls_context *sip_tls_server(const struct sip_tls *tls); /* NULL: no certificate yet */
/** How to connect to whom `number` stands for; an empty `*name`: its numeric address. NULL: the
 * system's CAs cannot be read, or there is no such number. */
const struct tls_context *sip_tls_client(struct sip_tls *tls, uint32_t number, struct slice *name);
