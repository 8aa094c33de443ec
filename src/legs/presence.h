#pragma once
/* Who is there, who talks, who has messages: SUBSCRIBE of phones about users (presence RFC 3856,
 * dialog RFC 4235 for busy lamps, message-summary RFC 3842, reg RFC 3680). Control thread. */

#include "base/slice.h"
#include "legs/leg_env.h"

struct call;
struct presence;
struct registrar;

struct presence *presence_create(const struct leg_env *env, struct registrar *registrar);
/** We go: subscriptions end, so that phones ask again (RFC 6665 §4.1.3 "deactivated"). */
void presence_stop(struct presence *presence);
/** Before the registrar, whose credentials it asks for. */
void presence_destroy(struct presence *presence);
/** calls_config.on_event: what the user's phones do in calls. NULL is fine. */
void presence_call_event(struct presence *presence, const struct call *call, uint32_t leg,
                         const char *kind);
/** Messages in that user's mailbox; phones show a lamp. Those that did not subscribe are told, too.
 */
void presence_set_messages(struct presence *presence, struct slice user, unsigned fresh,
                           unsigned old);
size_t presence_watches(const struct presence *presence); /* subscriptions now */
