#pragma once
/* Phones that register with us: the registrar's rules (sip/) joined to the accounts in the store
 * and in tandem.yaml, and calls to whoever is registered. Control thread. */

#include <jansson.h>

#include "call/call.h"
#include "legs/leg_env.h"

struct registrar;
struct sip_auth;
struct sip_auth_lookup;
struct sip_flow;

/** Access tokens beside passwords (RFC 8898), for REGISTER and INVITE of web phones. */
struct registrar_tokens {
    /** Whose is `token`? Answer with registrar_token_found(), now or later, once. */
    void (*find)(void *owner, struct slice token, struct sip_auth_lookup *lookup);
    void *owner;
    struct slice authz_server; /* URI, where tokens come from; may be empty */
};

struct registrar *registrar_create(const struct leg_env *env);
void registrar_destroy(struct registrar *registrar);

/** Take tokens from here on; NULL: no more. The struct is copied. */
void registrar_set_tokens(struct registrar *registrar, const struct registrar_tokens *tokens);
/** It proves `sip_username` (the user part of what may be registered), an account of `user`. Both
 * empty: it is nobody's, or not any more. */
void registrar_token_found(struct registrar *registrar, struct sip_auth_lookup *lookup,
                           struct slice sip_username, struct slice user);

/** Challenges INVITEs (407) with the same accounts; borrowed. */
struct sip_auth *registrar_invite_auth(struct registrar *registrar);
/** The user that a SIP account (which was proved) belongs to; "" when unknown. */
const char *registrar_user_of(const struct registrar *registrar, struct slice sip_username);
/** leg_kind.dial for targets of kind "user": every registered contact rings. */
void registrar_dial(void *owner, struct call *call, const struct route_target *target,
                    struct cause *why);
/** Rows of `tandem registrations`, appended. */
void registrar_add_registrations(const struct registrar *registrar, json_t *rows);
/** The flow by which the phone of that SIP user is registered whose Contact, or GRUU, is `contact`:
 * sip_agent_events.find_flow. */
bool registrar_find_flow(const struct registrar *registrar, struct slice sip_username,
                         struct slice contact, struct sip_flow *out);
/** A connection ended: what can only be reached by it is not registered any more. */
void registrar_flow_closed(struct registrar *registrar, const struct sip_flow *flow);
/** Known users by name (config and store), for the router. Reload after the store changed. */
bool registrar_has_user(void *registrar, struct slice name);
void registrar_reload_users(struct registrar *registrar);
