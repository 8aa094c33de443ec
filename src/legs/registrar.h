#pragma once
/* Phones that register with us: the registrar's rules (sip/) joined to the accounts in the store
 * and in tandem.yaml, and calls to whoever is registered. Control thread. */

#include <jansson.h>

#include "call/call.h"
#include "legs/leg_env.h"

struct registrar;

/** Name of a target "user": whoever is registered, those of the configuration first. */
#define REGISTRAR_ANYBODY "*"

struct sip_auth;
struct sip_auth_lookup;
struct sip_binding;
struct sip_flow;
struct sip_msg;
struct sip_uri;

/** Access tokens beside passwords (RFC 8898), for REGISTER and INVITE of web phones. */
struct registrar_tokens {
    /** Whose is `token`? Answer with registrar_token_found(), now or later, once. */
    void (*find)(void *owner, struct slice token, struct sip_auth_lookup *lookup);
    /** The owner of SIP account `sip_username` proved himself: do the other headers of the request
     * fit him? Answer with sip_auth_vouched(), now or later, once. NULL: nothing is asked. */
    void (*vouch)(void *owner, struct slice sip_username, const struct sip_msg *request,
                  struct sip_auth_lookup *lookup);
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

/** Challenges requests to us (401) with the accounts that we have; borrowed. */
struct sip_auth *registrar_auth(struct registrar *registrar);
/** Challenges INVITEs (407) with the same accounts; borrowed. */
struct sip_auth *registrar_invite_auth(struct registrar *registrar);
/** The user that a SIP account (which was proved) belongs to; "" when unknown. */
const char *registrar_user_of(const struct registrar *registrar, struct slice sip_username);
/** Who is meant by REGISTRAR_ANYBODY now: the first user of the configuration that is registered,
 * else any who is; "" when nobody is. Valid until this turn ends. */
const char *registrar_anybody(const struct registrar *registrar);
/** leg_kind.dial for targets of kind "user": every registered contact rings. */
void registrar_dial(void *owner, struct call *call, const struct route_target *target,
                    struct cause *why);
/** The contacts of that user, of all his accounts, best q first; returns how many (≤ max). Borrowed
 * until this turn ends. */
size_t registrar_contacts_of(const struct registrar *registrar, struct slice user,
                             const struct sip_binding **out, size_t max);
enum { REGISTRAR_WATCHERS = 4 };
/** `fn` is told whose phones came or went; NULL: that owner is not any more. */
void registrar_watch(struct registrar *registrar, void (*fn)(void *owner, struct slice user),
                     void *owner);
/** leg_kind.dial for targets of kind "phone": the one whose GRUU (RFC 5627) is the number. */
void registrar_dial_phone(void *owner, struct call *call, const struct route_target *target,
                          struct cause *why);
/** It is a GRUU of ours, of a phone that is registered. */
bool registrar_is_phone(const struct registrar *registrar, const struct sip_uri *uri);
/** The SIP account is a PBX's: the number dialled stands in the Request-URI of calls to it, and
 * whom it calls for in the From of its own. */
bool registrar_is_pbx(const struct registrar *registrar, struct slice sip_username);
/** Rows of `tandem registrations`, appended. */
void registrar_add_registrations(const struct registrar *registrar, json_t *rows);
/** The flow by which the phone of that SIP user is registered whose Contact, or GRUU, is `contact`:
 * sip_agent_events.find_flow. */
bool registrar_find_flow(const struct registrar *registrar, struct slice sip_username,
                         struct slice contact, struct sip_flow *out);
/** A phone is registered that sends from that address, whatever the port. */
bool registrar_has_phone_at(const struct registrar *registrar, const struct addr *addr);
/** A connection ended: what can only be reached by it is not registered any more. */
void registrar_flow_closed(struct registrar *registrar, const struct sip_flow *flow);
/** Known users by name (config and store), for the router. Reload after the store changed. */
bool registrar_has_user(void *registrar, struct slice name);
void registrar_reload_users(struct registrar *registrar);
/** Devices changed in the store: those that are gone or disabled lose their bindings. */
void registrar_reload_devices(struct registrar *registrar);

/** Rows of `tandem bans`: addresses that sent wrong passwords, or too many requests (then
 * `failures` counts those refused) [{address, state ("banned", "limited", "watched"), failures,
 * seconds_left}]; the caller's. */
json_t *registrar_bans(const struct registrar *registrar);
size_t registrar_banned(const struct registrar *registrar); /* how many are banned now */
/** False: it was neither banned nor limited. */
bool registrar_lift_ban(struct registrar *registrar, const struct addr *addr);
