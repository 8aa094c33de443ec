#pragma once
/* One ICE agent for one component (RFC 8445): an engine, told bytes and time, that holds no socket.
 * Today it is the lite agent (§2.5): it answers connectivity checks, learns the peer's addresses
 * from them and lets the peer nominate. One thread; callbacks come from inside feed and tick. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct ice;

enum {
    ICE_PAIRS_MAX = 32,
    ICE_CONSENT_MS = 30000, /* RFC 7675 §5.1: without a check this long, consent is gone */
    ICE_NOMINATION_MS = 3000,
};

/* The two ends of a pair. A peer with one socket may try several addresses of ours, so answers and
 * media leave from the one that it wrote to: another would be a stranger's there. */
struct ice_path {
    struct addr local; /* unset: the one that the kernel chooses */
    struct addr remote;
};

struct ice_events {
    /** A datagram to send, borrowed until return. */
    void (*on_send)(void *owner, const struct ice_path *path, struct slice bytes);
    /** An authenticated check came from `remote`: it is the peer's now. Again at every check. */
    void (*on_pair)(void *owner, const struct addr *remote);
    /** `remote` was reported, and no pair uses it any more. */
    void (*on_pair_gone)(void *owner, const struct addr *remote);
    /** Where to send from now on: the nominated pair, until then the best valid one. */
    void (*on_selected)(void *owner, const struct ice_path *path);
    /** ERR_TIMEOUT: no check came, or consent was lost. Once. */
    void (*on_failed)(void *owner, enum err err, const char *text);
};

struct ice *ice_create(struct slice local_ufrag, struct slice local_pwd,
                       const struct ice_events *events, void *owner);
/** Give up every pair, reporting it gone; before ice_destroy(), which reports nothing. */
void ice_close(struct ice *ice);
void ice_destroy(struct ice *ice);

/** New credentials (RFC 8445 §9); the old ones are good until the new ones are used. */
void ice_restart(struct ice *ice, struct slice local_ufrag, struct slice local_pwd);
/** The peer is known now and will check: from here on its silence is a failure. */
void ice_set_remote(struct ice *ice, int64_t now_ms);
/** A candidate of the peer's: a lite agent has no use for it but to say so when nothing came. */
void ice_add_candidate(struct ice *ice);

/** A STUN message. ERR_PARSE: malformed.  ERR_NOT_FOUND: not for our ufrag.  ERR_AUTH: wrong
 * password or fingerprint.  ERR_UNSUPPORTED: not a binding request, or refused with an error. */
MUST_CHECK enum err ice_feed(struct ice *ice, const struct ice_path *path, struct slice bytes,
                             int64_t now_ms);
void ice_tick(struct ice *ice, int64_t now_ms);

/** Where to send; NULL while there is no valid pair. Borrowed until the next feed or tick. */
const struct ice_path *ice_selected(const struct ice *ice);
/** Begin to load what ice_selected() reads (media/warm.h). */
void ice_warm(const struct ice *ice);
/** The local part of a check's USERNAME (RFC 8445 §7.2.2); false when this is no check. */
bool ice_check_ufrag(struct slice bytes, struct slice *local_ufrag);
