#pragma once
/* Our answers to digest challenges: one pair of digest clients (401 and 407 may both be asked) for
 * one account. Decides which challenges deserve an answer. Control thread. */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "sip_build.h"
#include "sip_flow.h"
#include "sip_request.h"

struct sip_login;

enum { SIP_LOGIN_TRIES = 2 }; /* challenges answered in a row; a stale nonce gets one more */

struct sip_login_tries { /* of one request */
    unsigned answered;
    bool stale;
};

/** Copies the account; its user may be empty: then every challenge is refused, in words. */
struct sip_login *sip_login_create(const struct sip_account *account);
void sip_login_destroy(struct sip_login *login);
/** A 401 or 407: true when the request should be sent again with sip_login_write(). `trusted`: it
 * came from the address that the request went to. */
bool sip_login_challenge(struct sip_login *login, const struct sip_msg *response, bool trusted,
                         struct sip_login_tries *tries);
/** Authorization and Proxy-Authorization, as far as anybody asked before. */
void sip_login_write(struct sip_login *login, struct sip_build *b, struct slice method,
                     struct slice uri, struct slice body);
/** Why the last challenge was not answered or did not help: a sentence with user and realm, never
 * the password. Returns `out`. */
const char *sip_login_explain(const struct sip_login *login, int status, char *out, size_t cap);
