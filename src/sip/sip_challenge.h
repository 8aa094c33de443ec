#pragma once
/* WWW-Authenticate, Proxy-Authenticate, Authorization and Proxy-Authorization as structs: RFC 3261
 * §20.7, RFC 7616 §3.3 and §3.4, RFC 8760. All fields are slices of the value, without their
 * quotes; empty when not there. Any thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sip_challenge {
    struct slice scheme; /* "Digest" */
    struct slice realm;
    struct slice domain;
    struct slice nonce;
    struct slice opaque;
    struct slice algorithm; /* empty means MD5 */
    struct slice qop;       /* "auth,auth-int"; empty means RFC 2069 */
    bool stale;
    bool userhash;
};

struct sip_credentials {
    struct slice scheme;
    struct slice username;
    struct slice realm;
    struct slice nonce;
    struct slice uri;
    struct slice response;
    struct slice algorithm;
    struct slice cnonce;
    struct slice opaque;
    struct slice qop;
    struct slice nc; /* eight hex digits; its value is nc_value */
    uint32_t nc_value;
    bool userhash;
};

/** The next challenge of a header value, which may hold several ("Digest …, Digest …"; RFC 7235).
 * ERR_NOT_FOUND at the end; ERR_PARSE when malformed. */
MUST_CHECK enum err sip_challenge_next(struct slice *rest, struct sip_challenge *out);
/** ERR_PARSE: malformed, or a Digest without username, realm, nonce, uri or response. Another
 * scheme than Digest parses with only `scheme` set. */
MUST_CHECK enum err sip_credentials_parse(struct slice value, struct sip_credentials *out);
