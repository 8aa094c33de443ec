#pragma once
/* Server-reflexive addresses (RFC 8445 §5.1.1): each local address asks STUN servers where it is
 * seen from, and goes on asking, so that NATs keep the answer true while the peer makes up its
 * mind. An engine; one thread; callbacks come from inside feed and tick. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rtc/ice.h"
#include "rtc/ice_agent.h"

struct ice_gather;

enum {
    ICE_GATHER_MAX = 32,         /* questions: addresses times servers */
    ICE_GATHER_AGAIN_MS = 15000, /* RFC 8445 §11 */
};

struct ice_gather_events {
    /** A question to send, borrowed until return. */
    void (*on_send)(void *owner, const struct ice_path *path, struct slice bytes);
    /** The server sees `base` at `mapped`; again only when that changes. */
    void (*on_mapped)(void *owner, const struct addr *base, const struct addr *mapped);
};

/** Ids of its transactions begin with `tag`. */
struct ice_gather *ice_gather_create(const uint8_t tag[ICE_TAG_LEN],
                                     const struct ice_gather_events *events, void *owner);
void ice_gather_destroy(struct ice_gather *gather);
/** Past ICE_GATHER_MAX, and where the families differ, nothing happens. */
void ice_gather_add(struct ice_gather *gather, const struct addr *base, const struct addr *server);
/** An answer. ERR_NOT_FOUND: not to a question of ours. */
MUST_CHECK enum err ice_gather_feed(struct ice_gather *gather, struct slice bytes, int64_t now_ms);
void ice_gather_tick(struct ice_gather *gather, int64_t now_ms);
/** Every question was answered or given up. */
bool ice_gather_is_done(const struct ice_gather *gather);
