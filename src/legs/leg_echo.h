#pragma once
/* The built-in far ends: `echo` (a greeting, then one's own voice) and `milliwatt` (1004 Hz, 0
 * dBm0). They have no media of their own: they act on the stream of the leg that they are joined
 * to. */

#include "call/call.h"

struct builtins;
struct leg_env;

/** Renders the greeting on a worker thread; calls before it is ready get the echo alone. */
struct builtins *builtins_create(const struct leg_env *env);
void builtins_destroy(struct builtins *builtins);
/** leg_kind.dial for targets of kind "builtin"; `owner` is the builtins. */
void builtins_dial(void *owner, struct call *call, const struct route_target *target,
                   struct cause *why);
/** The names, for the router; NULL at the end. */
const char *builtins_name(size_t i);
