#pragma once
/* Digest authentication, the server's side: nonces that need no memory (time and a MAC under a key
 * made at start), challenges in the order that real clients can read, and verification with a
 * bounded table against replay. RFC 7616 §3.3, §5.5; RFC 8760 §2.4. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "sip_build.h"
#include "sip_challenge.h"
#include "sip_digest.h"

enum {
    SIP_NONCE_LIFE_MS = 300000, /* then stale=true */
    SIP_NONCE_TABLE = 8192,     /* nonces in use that are remembered */
};

/** `digest:` of a listener or user. */
enum sip_digest_policy { SIP_DIGEST_BOTH, SIP_DIGEST_ONLY_SHA256, SIP_DIGEST_ONLY_MD5 };
/** "both", "sha256", "md5"; ERR_INVALID otherwise. */
MUST_CHECK enum err sip_digest_policy_parse(struct slice text, enum sip_digest_policy *out);

struct sip_nonces;
struct sip_nonces *sip_nonces_create(void);
void sip_nonces_destroy(struct sip_nonces *nonces);

struct sip_challenge_config {
    struct slice realm;
    enum sip_digest_policy policy;
    bool websocket; /* "both" is SHA-256 first and MD5 last there, MD5 alone elsewhere */
    bool auth_int;  /* offer qop="auth,auth-int" instead of "auth" */
    bool stale;
};
/** Write one header (SIP_H_WWW_AUTHENTICATE or SIP_H_PROXY_AUTHENTICATE) a line and algorithm. */
void sip_nonces_challenge(struct sip_nonces *nonces, struct sip_build *b, enum sip_header_id id,
                          const struct sip_challenge_config *config, int64_t now_ms);

/** What the store knows of a user: one of them. `ha1` is hex and must be of the credentials'
 * algorithm. Both empty (no such user) takes the same time and is always SIP_VERDICT_WRONG. */
struct sip_digest_key {
    struct slice password;
    struct slice ha1;
};
enum sip_verdict {
    SIP_VERDICT_OK,
    SIP_VERDICT_WRONG,   /* challenge again, stale=false */
    SIP_VERDICT_STALE,   /* right password, old nonce: challenge with stale=true */
    SIP_VERDICT_REPLAY,  /* right password, nc did not grow: challenge with stale=true */
    SIP_VERDICT_FOREIGN, /* not our nonce, an algorithm or qop not offered: challenge, stale=false
                          */
};
/** Pick the Authorization (SIP_H_AUTHORIZATION or SIP_H_PROXY_AUTHORIZATION) for `realm` out of a
 * request. ERR_NOT_FOUND: none. ERR_PARSE: malformed (answer 400). */
MUST_CHECK enum err sip_credentials_find(const struct sip_msg *req, enum sip_header_id id,
                                         struct slice realm, struct sip_credentials *out);
/** Verify; constant-time compare. Only SIP_VERDICT_OK uses a table entry up, so strangers cannot
 * fill it. The digest's uri is hashed as sent and not compared with the Request-URI, which proxies
 * rewrite. */
enum sip_verdict sip_nonces_verify(struct sip_nonces *nonces,
                                   const struct sip_credentials *credentials,
                                   const struct sip_challenge_config *config,
                                   const struct sip_digest_key *key, struct slice method,
                                   struct slice body, int64_t now_ms);
