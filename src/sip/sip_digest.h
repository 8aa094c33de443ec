#pragma once
/* Digest authentication, the computing and the client's side: RFC 7616, RFC 8760, RFC 3261 §22; RFC
 * 2069 when a server sends no qop. Time and randomness come as arguments or from base/rand.
 * Passwords never reach a log. Control thread. The server's side is sip_nonce.h. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/slice.h"
#include "sip_challenge.h"
#include "sip_msg.h"

enum sip_digest_algorithm {
    SIP_DIGEST_MD5, /* weakest first */
    SIP_DIGEST_MD5_SESS,
    SIP_DIGEST_SHA256,
    SIP_DIGEST_SHA256_SESS,
    SIP_DIGEST_SHA512_256,
    SIP_DIGEST_SHA512_256_SESS,
    SIP_DIGEST_ALGORITHM_COUNT
};
enum sip_qop { SIP_QOP_NONE, SIP_QOP_AUTH, SIP_QOP_AUTH_INT };

/** Empty is MD5; ERR_UNSUPPORTED for any other unknown word. */
MUST_CHECK enum err sip_digest_algorithm_parse(struct slice text, enum sip_digest_algorithm *out);
const char *sip_digest_algorithm_name(enum sip_digest_algorithm algorithm); /* "SHA-256" */

/** All that goes into a response. HA1 is `ha1` when that is not empty (hex, and for -sess the one
 * before nonce and cnonce are mixed in), else made of username, realm and password. */
struct sip_digest_input {
    enum sip_digest_algorithm algorithm;
    enum sip_qop qop;
    struct slice username, realm, password, ha1;
    struct slice nonce, cnonce;
    struct slice nc; /* "00000001" */
    struct slice method, uri, body;
};
/** H(username:realm:password) in hex, terminated. */
void sip_digest_ha1(enum sip_digest_algorithm algorithm, struct slice username, struct slice realm,
                    struct slice password, char out[HASH_HEX_MAX]);
/** The response in hex, terminated. */
void sip_digest_response(const struct sip_digest_input *input, char out[HASH_HEX_MAX]);

/* The client: one per realm (a trunk). Keeps the last challenge and counts nc. */

struct sip_digest_client;

struct sip_digest_client_config {
    struct slice username;
    struct slice password;
    struct slice realm; /* answer only this realm; empty: any (the caller has checked who asks) */
    bool auth_int;      /* prefer auth-int over auth when both are offered */
};
/** Copies what it is given. */
struct sip_digest_client *sip_digest_client_create(const struct sip_digest_client_config *config);
void sip_digest_client_destroy(struct sip_digest_client *client);

enum sip_challenge_news {
    SIP_CHALLENGE_FIRST, /* there was none before, or of another realm: answer it */
    SIP_CHALLENGE_STALE, /* stale=true, or a new nonce: answer it once more */
    SIP_CHALLENGE_AGAIN, /* the very nonce that was answered: the password is wrong */
};
/**
 * Take the strongest challenge we can answer from a 401 (WWW-Authenticate) or 407
 * (Proxy-Authenticate). ERR_NOT_FOUND: no challenge in it.  ERR_UNSUPPORTED: no scheme, algorithm
 * or qop we know.  ERR_REFUSED: only realms that are not ours.
 */
MUST_CHECK enum err sip_digest_client_challenge(struct sip_digest_client *client,
                                                const struct sip_msg *response,
                                                enum sip_challenge_news *news);
/** Has a challenge, so that a request can carry credentials at once. */
bool sip_digest_client_is_ready(const struct sip_digest_client *client);
/** SIP_H_AUTHORIZATION or SIP_H_PROXY_AUTHORIZATION, as the last challenge asked. */
enum sip_header_id sip_digest_client_header(const struct sip_digest_client *client);
/** The realm that asked last; "" before. Borrowed until the next challenge. */
struct slice sip_digest_client_realm(const struct sip_digest_client *client);
/** Print the header's value for one request and count nc up. Not ready: ERR_MISUSE. */
MUST_CHECK enum err sip_digest_client_print(struct sip_digest_client *client, struct slice method,
                                            struct slice uri, struct slice body, struct buf *out);
/** Forget the challenge: a new registrar, another address. */
void sip_digest_client_reset(struct sip_digest_client *client);
