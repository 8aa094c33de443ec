#pragma once
/* DTLS 1.2 for SRTP keys (RFC 6347, 5764) on OpenSSL: an engine that is given datagrams and returns
 * datagrams. It knows no addresses: whoever feeds it makes sure that they come from the pair that
 * ICE validated, so a stranger's ClientHello never gets here. Only the retransmission clock is
 * OpenSSL's own. One thread, context included. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "media/srtp.h"

struct dtls;
struct dtls_context;

enum { DTLS_MTU = 1200, DTLS_RETRANSMIT_MS = 100, DTLS_RETRANSMIT_MAX_MS = 3000 };

/** Our certificate and the settings that connections of one thread share. ERR_PARSE: not PEM, or
 * the key is not the certificate's. */
MUST_CHECK enum err dtls_context_create(struct dtls_context **out, struct slice cert_pem,
                                        struct slice key_pem, struct fault *fault);
/** After the connections made with it. */
void dtls_context_destroy(struct dtls_context *context);

enum dtls_role { DTLS_SERVER, DTLS_CLIENT };
struct dtls_config {
    enum dtls_role role;
    const enum srtp_profile *profiles; /* most liked first; NULL: AES-128-GCM, CM_80, AES-256-GCM,
 CM_32 */
    size_t n_profiles;
};
struct dtls_keys { /* borrowed until return */
    enum srtp_profile profile;
    struct slice tx_key, tx_salt, rx_key, rx_salt;
    const char *detail; /* "DTLSv1.2 AEAD_AES_128_GCM as server" */
};
struct dtls_events {
    /** A datagram to send, borrowed until return. */
    void (*on_send)(void *owner, struct slice datagram);
    /** The handshake is done and the peer's certificate is the signalled one. */
    void (*on_up)(void *owner, const struct dtls_keys *keys);
    /** ERR_AUTH: another certificate.  ERR_CLOSED: the peer said goodbye.  ERR_TIMEOUT,
     * ERR_UNSUPPORTED: as the text says. Once, and nothing comes after it. */
    void (*on_failed)(void *owner, enum err err, const char *text);
};

struct dtls *dtls_create(struct dtls_context *context, const struct dtls_config *config,
                         const struct dtls_events *events, void *owner);
/** Says nothing to the peer: dtls_close() does. */
void dtls_destroy(struct dtls *dtls);

/** The client's first flight; nothing for a server. */
void dtls_start(struct dtls *dtls);
void dtls_feed(struct dtls *dtls, struct slice datagram);
/** Retransmits when it is time to. */
void dtls_tick(struct dtls *dtls);
/** Milliseconds until dtls_tick() has something to do; -1: nothing is outstanding. */
int64_t dtls_next_wake_ms(const struct dtls *dtls);
/** What the peer's certificate must hash to ("sha-256", "AB:CD:…"). A handshake that is done before
 * waits for it. ERR_UNSUPPORTED: unknown hash.  ERR_PARSE: not a fingerprint of that hash. */
MUST_CHECK enum err dtls_set_fingerprint(struct dtls *dtls, const char *hash, struct slice text);
/** Send close_notify; nothing is reported after it. */
void dtls_close(struct dtls *dtls);
