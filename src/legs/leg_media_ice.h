#pragma once
/* The full ICE agent's half of leg_media: what it gathered, as SDP, and the far end's candidates.
 * Private to leg_media.c and leg_media_ice.c. Control thread. */

#include <stdbool.h>

#include "legs/leg_media.h"
#include "rtc/rtc_transport.h"

struct leg_ice *leg_ice_create(void);
void leg_ice_destroy(struct leg_ice *ice); /* NULL is fine */

/** The default candidate (RFC 8839 §4.2.1.2): relayed before reflexive before host, the likeliest
 * to work for who knows no ICE. Unset when nothing was gathered. */
struct addr leg_ice_default(const struct leg_ice *ice);
size_t leg_ice_count(const struct leg_ice *ice);
const struct rtc_event *leg_ice_at(const struct leg_ice *ice, size_t i);
/** Hand over the candidates of their description; those it had before are known already. */
void leg_ice_tell_remote(struct leg_ice *ice, struct media_stream *stream,
                         const struct sdp_result *result);
/** Does their offer begin another ICE session (RFC 8839 §4.4.1.1.1)? The first does not. */
bool leg_ice_restarts(const struct leg_ice *ice, struct slice offer);
