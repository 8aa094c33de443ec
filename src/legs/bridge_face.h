#pragma once
/* The bridge face: pages on a WebSocket that speak JSON. One socket is one session; it places
 * calls, and once it registered with a user's token calls ring in it. Control thread. */

#include <jansson.h>

#include "call/call.h"
#include "legs/leg_env.h"
#include "net/ws_server.h"

struct bridge_face;

struct bridge_face *bridge_face_create(const struct leg_env *env);
/** Sockets must be closed before, or are abandoned. */
void bridge_face_destroy(struct bridge_face *face);

/** Decide on an upgrade that is meant for the bridge: Origin, limits. `needs_auth`: its listener
 * takes nothing before a token. */
void bridge_face_accept(struct bridge_face *face, const struct ws_request *request, bool needs_auth,
                        struct ws_answer *answer);
/** leg_kind.dial for targets of kind "user": every registered page rings. */
void bridge_face_dial(void *owner, struct call *call, const struct route_target *target,
                      struct cause *why);
/** Open sockets, as the reference's /health counts its sessions. */
size_t bridge_face_sockets(const struct bridge_face *face);
void bridge_face_add_registrations(const struct bridge_face *face, json_t *rows);
/** May a page of this Origin open a socket at this Host? Same host on any port, or a listed one. */
bool bridge_origin_allowed(struct slice origin, struct slice host, const char *const *listed,
                           size_t n_listed);
