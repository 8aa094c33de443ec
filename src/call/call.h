#pragma once
/* A call joins legs: it finds the far ends, rings them, links the media and ends everything once.
 * It owns its legs, the timeline and the record. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "call/leg.h"
#include "call/route.h"

struct call;
struct calls;
struct loop;
struct media;
struct router;
struct secret;
struct store;

enum call_state {
    CALL_NEW,     /* the caller's leg exists, the route is being looked for */
    CALL_DIALING, /* far ends are being tried */
    CALL_RINGING, /* at least one is alerted */
    CALL_EARLY,   /* one sends media before its answer */
    CALL_UP,      /* answered, media linked */
    CALL_DONE,    /* every leg is over */
};
const char *call_state_name(enum call_state state);

/** How a target becomes legs. A kind adds as many as it finds (a user's contacts) by
 * call_add_leg(). */
struct leg_kind {
    const char *target; /* the route_target.kind it serves; several rows may serve one */
    /** Legs added to the call's current step; none is fine, then `why` may say more than 480. */
    void (*dial)(void *owner, struct call *call, const struct route_target *target,
                 struct cause *why);
    void *owner;
};

/** Every timeline entry of every call, as it happens: webhooks, the trace and the dashboard read
 * it. */
typedef void (*calls_event_fn)(void *owner, const struct call *call, uint32_t leg, const char *kind,
                               const char *text);

struct calls_config {
    struct loop *loop;
    struct media *media; /* NULL in simulated tests: legs then have no streams */
    struct router *router;
    const struct leg_kind *kinds;
    size_t n_kinds;
    int64_t ring_timeout_ms;      /* a step that rings longer is over; 0: 60000 */
    size_t max_calls;             /* 0: 10000 */
    const char *record_dir;       /* of recordings, must exist; NULL: none are made */
    struct store *store;          /* where records go; NULL: nowhere */
    calls_event_fn on_event;      /* may be NULL */
    void (*on_idle)(void *owner); /* the last call is over; may be NULL */
    void *owner;
};

struct calls *calls_create(const struct calls_config *config);
/** Every call must be over. */
void calls_destroy(struct calls *calls);
/** End every call (cause "shutdown") and refuse new ones. */
void calls_end_all(struct calls *calls, const struct cause *cause);
size_t calls_count(const struct calls *calls); /* live ones */
uint64_t calls_total(const struct calls *calls);
struct call *calls_find(const struct calls *calls, struct slice id);
/** The table of live calls; the caller owns it. `calls ID` is call_json() with `full`. */
json_t *calls_json(const struct calls *calls);

typedef void (*calls_leg_fn)(void *owner, const struct call *call, const struct leg *leg);
/** Every leg of a call, of every live call. */
void call_each_leg(const struct call *call, calls_leg_fn fn, void *owner);
void calls_each_leg(const struct calls *calls, calls_leg_fn fn, void *owner);

struct call_request {         /* borrowed */
    struct slice face;        /* "bridge", "sip" */
    struct slice from;        /* number or URI user of the caller */
    struct slice from_name;   /* display name */
    struct slice from_user;   /* authenticated user, or empty */
    struct slice trunk;       /* trunk it came through, or empty */
    struct slice to;          /* what was dialled */
    struct slice project_id;  /* whose call it is; empty: of whose number was called, or nobody's */
    struct slice correlation; /* Call-ID or session id for the log */
    bool may_use_trunks;
    json_t *headers; /* X- headers to carry to the far end: object of text; may be NULL */
    struct slice referred_by, replaces; /* the same for Referred-By and Replaces; may be empty */
    struct slice diverted, history;     /* and for Diversion and History-Info */
    unsigned hops;                      /* Max-Forwards that it came with; 0: none */
    bool is_private;                    /* the caller wants to be nobody (RFC 3323) */
    /* For those who place calls themselves (scripts): */
    struct slice sip_user, sip_password; /* to log in with at a sip: address; or empty */
    const struct route_plan *plan;       /* whom to ring; NULL: the router decides by `to` */
    struct call *beside; /* its media will be linked to this call's; NULL: any thread */
};

/** Start a call for an incoming leg, which it takes; the leg's ops may run before this returns.
 *  A refused one (no route, overload) ends through ops->end like any other. */
struct call *call_create(struct calls *calls, const struct call_request *request,
                         struct leg *take_caller);
/** From leg_kind.dial: take an outgoing leg into the current step. */
void call_add_leg(struct call *call, struct leg *take);

/** From leg_kind.dial: ring that too, when all of the current step failed; before the next step of
 * the plan. */
void call_add_step(struct call *call, const struct route_target *target);

/** The leg's far end sends its caller elsewhere (a 3xx, call forwarding): `to` is routed as the
 * leg's user dials, and tried next. `reason`: why, when it said so. False: no route, not allowed,
 * or round and round. */
bool call_forward(struct leg *leg, struct slice to, struct slice reason);

/** One that a far end here sent on: whom the call was for, and why (a word of RFC 5806 §4.3). */
struct call_diversion {
    char who[LEG_PARTY_MAX], reason[24];
};
enum { CALL_DIVERSIONS_MAX = 5 };
/** In the order in which they happened. */
const struct call_diversion *call_diversions(const struct call *call, size_t *n);
/** Values of Diversion and History-Info that the call came with; "" none. */
const char *call_diverted(const struct call *call);
const char *call_history(const struct call *call);

/** Hang up from tandem's side (admin, script). */
void call_end(struct call *call, const struct cause *cause);

const char *call_id(const struct call *call);
/** Who answered, "human", "machine_start" …, for its view and its record; outlives it. */
void call_set_answered_by(struct call *call, const char *word);
/** "" for none. */
const char *call_project(const struct call *call);
enum call_state call_get_state(const struct call *call);
unsigned call_media_thread(const struct call *call);
struct loop *call_loop(const struct call *call);
const char *call_from(const struct call *call);
/** What far ends may see of the caller: "anonymous" when it wants to be nobody, or has no number.
 */
const char *call_shown_from(const struct call *call);
const char *call_shown_name(const struct call *call);
bool call_is_private(const struct call *call);
/** Max-Forwards for the next hop; 0: the call came from no network. ERR_LIMIT: it may go no
 * further.
 */
MUST_CHECK enum err call_next_hops(const struct call *call, unsigned *out);
const char *call_from_name(const struct call *call);
const char *call_to(const struct call *call);
/** The number of the store that was called; "" none. */
const char *call_number(const struct call *call);
const char *call_trunk(const struct call *call);
const json_t *call_headers(const struct call *call);
/** Values of Referred-By and Replaces that a transfer wants carried; "" none. */
const char *call_referred_by(const struct call *call);
const char *call_replaces(const struct call *call);
/** What a SIP address asks for, if it was given; borrowed. */
const char *call_sip_user(const struct call *call);
const struct secret *call_sip_password(const struct call *call);
struct leg *call_caller(const struct call *call);
/** Limits on numbers of calls do not hold for it. */
bool call_is_emergency(const struct call *call);
/** Are there far ends left to try when those that ring now fail? */
bool call_has_next(const struct call *call);
/** The answered far end, or NULL. */
struct leg *call_peer(const struct call *call);
/** The leg that talks to this one, or NULL. */
struct leg *call_other(const struct call *call, const struct leg *leg);
json_t *call_json(const struct call *call, bool full);
