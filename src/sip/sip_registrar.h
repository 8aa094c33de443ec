#pragma once
/* A registrar's rules (RFC 3261 §10.3, RFC 3327 Path, RFC 5626 outbound, RFC 5627 GRUU): address of
 * record -> bindings in memory, ended by timers. Who may register is asked (sip_auth.h), where
 * bindings are kept beyond a restart is the owner's business (events out, sip_registrar_load in).
 * Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"

struct loop;
struct sip_auth;
struct sip_registrar;
struct sip_txn;
struct sip_uri;

enum {
    SIP_BINDING_EXPIRES_S = 3600, /* when the phone asks for nothing */
    SIP_BINDING_EXPIRES_MIN_S = 60,
    SIP_BINDING_EXPIRES_MAX_S = 7200,
    SIP_BINDINGS_PER_AOR = 10,
    SIP_REGISTRAR_AORS_MAX = 100000,
    SIP_PATHS_MAX = 4,
};

/** One contact of one user: a copy that lives in the registrar. */
struct sip_binding {
    struct slice aor;     /* "alice@example.com": user as decoded, host in lower case */
    struct slice contact; /* the URI as the phone wrote it: the request URI of calls to it */
    struct slice call_id;
    uint32_t cseq;
    unsigned q;                       /* thousandths, 0 to 1000 */
    struct slice path[SIP_PATHS_MAX]; /* URIs: the Route set, in order */
    size_t n_paths;
    struct slice instance; /* +sip.instance without quotes; empty: none */
    uint32_t reg_id;       /* 0: none */
    struct slice user_agent;
    struct sip_flow flow;    /* what it came by: calls go back that way (NAT) */
    int64_t expires_wall_ms; /* loop_wall_ms() */
    int64_t since_wall_ms;   /* first seen */
    uint64_t number;         /* given by the registrar, never twice */
};

enum sip_binding_change {
    SIP_BINDING_ADDED,
    SIP_BINDING_REFRESHED,
    SIP_BINDING_REMOVED, /* by the phone, or its WebSocket closed */
    SIP_BINDING_EXPIRED,
};

struct sip_registrar_config {
    /** May `aor` be registered by `user` (whom the digest proved)? Default: the user part is it. */
    bool (*may_register)(void *owner, struct slice user, struct slice aor);
    struct sip_auth *auth;                            /* borrowed; NULL: nobody is asked (tests) */
    uint32_t expires_s, expires_min_s, expires_max_s; /* 0: the constants above */
    size_t max_contacts; /* per AOR; the one refreshed longest ago makes room; 0:
                            SIP_BINDINGS_PER_AOR */
};

struct sip_registrar_events {
    /** `binding` lives during the call; after REMOVED and EXPIRED it is gone. */
    void (*on_change)(void *owner, enum sip_binding_change change,
                      const struct sip_binding *binding);
};

struct sip_registrar *sip_registrar_create(struct loop *loop,
                                           const struct sip_registrar_config *config,
                                           const struct sip_registrar_events *events, void *owner);
/** Bindings vanish without events. */
void sip_registrar_destroy(struct sip_registrar *registrar);

/** A REGISTER: sip_agent_handle(agent, SLICE("REGISTER"), sip_registrar_handle, registrar). */
void sip_registrar_handle(void *registrar, struct sip_txn *txn);

/** The live bindings of "user@host", best q first, then newest; returns how many there are. `out`
 * is borrowed until this turn ends. */
size_t sip_registrar_lookup(const struct sip_registrar *registrar, struct slice aor,
                            const struct sip_binding **out, size_t max);
/** The live bindings that a GRUU of ours names (RFC 5627: `;gr=urn:uuid:…` or a temporary one),
 * best first; 0: none. */
size_t sip_registrar_find_gruu(const struct sip_registrar *registrar, const struct sip_uri *uri,
                               const struct sip_binding **out, size_t max);
/** Every binding, for listings: start with `*cursor` = 0; NULL at the end. Nothing may change on
 * the way. */
const struct sip_binding *sip_registrar_next(const struct sip_registrar *registrar, size_t *cursor);
size_t sip_registrar_count(const struct sip_registrar *registrar); /* bindings */
/** Put a binding kept from before the start; no event. ERR_LIMIT; ERR_TIMEOUT: expired. */
MUST_CHECK enum err sip_registrar_load(struct sip_registrar *registrar,
                                       const struct sip_binding *binding);
/** A connection ended (sip_agent_events.on_flow_closed). Bindings that came by a WebSocket go with
 * it, for nothing else leads there (RFC 7118 §5); those by TCP and TLS stay until they expire: the
 * phone may be reached at its Contact. */
void sip_registrar_flow_closed(struct sip_registrar *registrar, const struct sip_flow *flow);
/** Drop one contact, or with an empty `contact` all of the AOR (an administrator did it). */
void sip_registrar_remove(struct sip_registrar *registrar, struct slice aor, struct slice contact);
