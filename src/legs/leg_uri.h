#pragma once
/* sip: and sips: addresses as far ends: those of an operator's routes anywhere, those that a caller
 * typed (allow_uris) only out on the internet, or in uri_nets: nobody may use us to knock at doors
 * inside. Control thread. */

#include "call/call.h"
#include "legs/leg_env.h"
#include "net/addr.h"

struct buf;
struct sip_resolve_config; /* sip_resolve.h */
struct sip_uri;

/** leg_kind.dial for targets of kind "uri"; `owner` is the struct leg_env. */
void uris_dial(void *owner, struct call *call, const struct route_target *target,
               struct cause *why);
/** Where a URI leads (RFC 3263 §4); slices of it. False: not by a transport that we call by. */
bool uri_where(const struct sip_uri *uri, struct sip_resolve_config *where);
/** May a typed address lead there? */
bool uri_addr_allowed(const struct leg_env *env, const struct addr *addr);
/** Who calls, as a From: a SIP URI as given, but for what may not stand there (RFC 3261 §20.20), or
 * anything else as a user at `host`. */
void uri_print_caller(const char *caller, const char *host, struct buf *out);
/** The user part alone, escaped. */
void uri_print_user(const char *caller, struct buf *out);
