#pragma once
/* Subscriptions that others have with us (RFC 6665, the notifier's side): SUBSCRIBE, its refreshes
 * and end, and the NOTIFYs, one after the other in their dialog. What there is to say about whom is
 * the owner's; who may ask was found out before. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct sip_agent;
struct sip_msg;
struct sip_notifier;
struct sip_txn;
struct sip_watch; /* one subscription */

enum {
    SIP_WATCH_EXPIRES_MIN_S = 60,
    SIP_WATCH_EXPIRES_MAX_S = 7200,
    SIP_WATCHES_MAX = 20000,
    SIP_WATCHES_PER_WATCHER = 500, /* a receptionist's panel */
    SIP_DOCUMENT_MAX = 16384,      /* bytes of a body */
};

struct sip_event_package {
    const char *event;  /* "presence" */
    const char *type;   /* of its documents: "application/pidf+xml" */
    uint32_t expires_s; /* when the watcher asks for nothing */
};

struct sip_notifier_events {
    /** The document that the next NOTIFY carries, always the full state; nothing written: none. */
    void (*on_print)(void *owner, const struct sip_watch *watch, struct buf *out);
};

/** `packages` lives as long as the notifier. SUBSCRIBE goes to the agent's owner first (who asks
 * for credentials), then to sip_notifier_take(). */
struct sip_notifier *sip_notifier_create(struct sip_agent *agent,
                                         const struct sip_event_package *packages,
                                         size_t n_packages,
                                         const struct sip_notifier_events *events, void *owner);
/** Subscriptions end unsaid. */
void sip_notifier_destroy(struct sip_notifier *notifier);

/** The package that a SUBSCRIBE asks for, or NULL. */
const struct sip_event_package *sip_notifier_package(const struct sip_notifier *notifier,
                                                     const struct sip_msg *subscribe);
/** A SUBSCRIBE of `watcher` (who was proved) about `resource`, new or in a subscription that there
 * is: answered here, 489, 423 and 481 included, and a NOTIFY follows. For one in a dialog
 * `resource` is not used. */
void sip_notifier_take(struct sip_notifier *notifier, struct sip_txn *txn, struct slice resource,
                       struct slice watcher);
/** Something about `resource` changed: whoever watches `event` of it is told at the end of this
 * turn, once. False: nobody does. */
bool sip_notifier_changed(struct sip_notifier *notifier, const char *event, struct slice resource);
/** Every subscription of `watcher`, or with "" every one, ends: NOTIFY terminated;reason=… */
void sip_notifier_end(struct sip_notifier *notifier, struct slice watcher, const char *reason);
size_t sip_notifier_count(const struct sip_notifier *notifier);

const struct sip_event_package *sip_watch_package(const struct sip_watch *watch);
struct slice sip_watch_resource(const struct sip_watch *watch);
/** The URI that was asked about: what documents call their entity. */
struct slice sip_watch_entity(const struct sip_watch *watch);
/** Of the document that is being printed: 0, 1, 2 … */
uint32_t sip_watch_version(const struct sip_watch *watch);
