#pragma once
/* The server side of digest (RFC 3261 §22, RFC 8760) over sip_digest: challenges a request, looks
 * the user's HA1 up by a callback that may answer later, and says who it is. An unknown user costs
 * the same work and gets the same answer as a wrong password. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"
#include "sip_flow.h"
#include "sip_nonce.h"
#include "sip_request.h"

struct loop;
struct sip_auth;
struct sip_ban;
struct sip_msg;
struct sip_rate;
struct sip_auth_lookup; /* one question to the store */

/** Find the password of `user` in `realm` and call sip_auth_found() with it, now or later, once.
 * The slices live during the call. */
typedef void (*sip_auth_lookup_fn)(void *owner, struct slice user, struct slice realm,
                                   struct sip_auth_lookup *lookup);

/** Authorization: Bearer (RFC 8898), or Proxy-Authorization: whose token is it? Answer with
 * sip_auth_bearer_found(), now or later, once. */
typedef void (*sip_auth_bearer_fn)(void *owner, struct slice token, struct sip_auth_lookup *lookup);

/** `user` has proved himself: does the rest of the request fit him? Answer with sip_auth_vouched(),
 * now or later, once. */
typedef void (*sip_auth_vouch_fn)(void *owner, struct slice user, const struct sip_msg *request,
                                  struct sip_auth_lookup *lookup);

enum sip_auth_verdict {
    SIP_AUTH_PROVED,    /* `user` is who he says */
    SIP_AUTH_CHALLENGE, /* answer `status` with the given fields */
    SIP_AUTH_REFUSED /* too many questions under way, or the source is banned: 503, with `fields`;
                        nobody vouched: 403 */
};

enum { SIP_AUTH_CHALLENGES_MAX = 3, SIP_AUTH_LOOKUPS_MAX = 10000, SIP_AUTH_TIMEOUT_MS = 5000 };

/** Lives during the callback. */
struct sip_auth_result {
    enum sip_auth_verdict verdict;
    struct slice user, realm; /* what the request claims; empty without credentials */
    int status;               /* 401, 403, 407 or 503; 0 when proved */
    const struct sip_field *fields;
    size_t n_fields;
    bool wrong; /* credentials came and were wrong, not only absent or stale: worth a log line */
};
typedef void (*sip_auth_fn)(void *owner, const struct sip_auth_result *result);

struct sip_auth_config {
    struct slice realm;
    enum sip_digest_policy policy;
    bool proxy;                /* 407 and Proxy-Authenticate instead of 401 */
    sip_auth_bearer_fn bearer; /* NULL: tokens are not asked for nor taken */
    struct slice authz_server; /* URI, where tokens come from; may be empty */
    struct sip_ban *ban;       /* borrowed; NULL: nobody is banned */
    struct sip_rate *rate;     /* borrowed, told who proved himself; NULL: nobody asks */
};

struct sip_auth *sip_auth_create(struct loop *loop, const struct sip_auth_config *config,
                                 sip_auth_lookup_fn lookup, void *owner);
/** Questions under way are forgotten; answers to them are still taken by sip_auth_found(). */
void sip_auth_destroy(struct sip_auth *auth);
/** Tokens from here on, or with `bearer` NULL no more; its owner is that of the lookup. */
void sip_auth_set_bearer(struct sip_auth *auth, sip_auth_bearer_fn bearer,
                         struct slice authz_server);
/** Check `request`, which came by `flow`; `fn` is called once, perhaps from inside. `request` is
 * kept by reference until then. */
void sip_auth_check(struct sip_auth *auth, struct sip_msg *request, const struct sip_flow *flow,
                    sip_auth_fn fn, void *owner);
/** Forget the checks of `owner`: their `fn` will not be called. */
void sip_auth_cancel(struct sip_auth *auth, void *owner);
/** What is known of a user: the password, or the HA1 (hex) of one algorithm or both, for the realm
 * that was asked for. */
struct sip_auth_key {
    const struct secret *password, *ha1_md5, *ha1_sha256; /* NULL: not that */
};
/** The store's answer; frees `lookup`. `key` NULL: no such user. Borrowed during the call. */
void sip_auth_found(struct sip_auth_lookup *lookup, const struct sip_auth_key *key);
/** Ask this about everybody who proved himself; NULL: nothing more is asked. */
void sip_auth_set_vouch(struct sip_auth *auth, sip_auth_vouch_fn vouch);
/** Its answer; frees `lookup`. False: 403. */
void sip_auth_vouched(struct sip_auth_lookup *lookup, bool fits);
/** The same for a bearer token: it belongs to `user`; empty: to nobody, or not any more. */
void sip_auth_bearer_found(struct sip_auth_lookup *lookup, struct slice user);
