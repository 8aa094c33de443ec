#pragma once
/* Web phones that fetched their account by provisioning, at SIP: the access token that came with it
 * (SipJwt, RFC 8898), and the headers by which they name their session, X-Siperb-Sid and
 * X-Siperb-Uid. Control thread. */

#include <stdbool.h>

#include "base/slice.h"
#include "legs/leg_env.h"

struct registrar;
struct web_accounts;

/** Who issues the tokens, and what their key is derived for (base/seal.h). */
#define WEB_ACCOUNTS_ISSUER "tandem"
#define WEB_ACCOUNTS_KEY "sip jwt"

/** From here on `registrar`, borrowed, asks us. */
struct web_accounts *web_accounts_create(const struct leg_env *env, struct registrar *registrar);
/** Before the registrar; NULL is fine. */
void web_accounts_destroy(struct web_accounts *accounts);
/** Is it a header of ours, which must not travel on to another party? */
bool web_accounts_is_own(struct slice header_name);
