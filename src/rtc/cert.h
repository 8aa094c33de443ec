#pragma once
/* Self-made certificates and their fingerprints (RFC 8122 §5). Certificates travel as PEM text, so
 * that no OpenSSL type leaves rtc/. Any thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    CERT_DIGEST_MAX = 64,
    CERT_FINGERPRINT_TEXT = 3 * CERT_DIGEST_MAX, /* "AB:CD:…" and the terminator */
    CERT_ALT_NAMES_MAX = 64,
};

/**
 * A self-signed ECDSA P-256 certificate for a TLS or DTLS server and its key, as PEM text on the
 * heap: free both with mem_free(), the key after mem_wipe(). `alt_names` (may be NULL) ends in
 * NULL; a numeric address becomes an IP entry, anything else a DNS entry. ERR_INVALID: an empty or
 * over-long name, or more than CERT_ALT_NAMES_MAX of them.
 */
MUST_CHECK enum err cert_make_ecdsa(char **cert_pem, char **key_pem, const char *common_name,
                                    const char *const *alt_names, struct fault *fault);

/** The fingerprint of a certificate in PEM, "AB:CD:…"; `hash` is as in SDP, "sha-256".
 * ERR_PARSE: no certificate there.  ERR_UNSUPPORTED: an unknown hash. */
MUST_CHECK enum err cert_fingerprint(struct slice cert_pem, const char *hash,
                                     char out[CERT_FINGERPRINT_TEXT]);
/** The digest of a certificate in DER: `*len` bytes. ERR_UNSUPPORTED as above. */
MUST_CHECK enum err cert_digest(struct slice cert_der, const char *hash,
                                uint8_t out[CERT_DIGEST_MAX], size_t *len);
/** "AB:cd:…" as bytes. ERR_PARSE: not pairs of hex digits between colons. */
MUST_CHECK enum err cert_fingerprint_parse(struct slice text, uint8_t out[CERT_DIGEST_MAX],
                                           size_t *len);
/** Bytes as "AB:CD:…", terminated; at most CERT_DIGEST_MAX of them. */
void cert_fingerprint_print(const uint8_t *digest, size_t len, char out[CERT_FINGERPRINT_TEXT]);
