#pragma once
/* The router: who calls, what was dialled and on which face become the far ends to try, in which
 * order. Routes are data; nothing here knows a protocol. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "call/causes.h"

struct router;

enum {
    ROUTE_TARGETS_MAX = 16,
    ROUTE_RULE_TARGETS = 8,
    ROUTE_TEXT_MAX = 160,
    ROUTE_NUMBER_MAX = 512, /* URLs of scripts are long */
    ROUTE_EMERGENCY_LEN = 24,
};

/** SRTP to a SIP address: never, first and then without when it is refused, or not without. */
enum route_srtp { ROUTE_SRTP_OFF, ROUTE_SRTP_OPTIONAL, ROUTE_SRTP_REQUIRED };
/** One far end: "trunk" default +1555…, "user" alice, "builtin" echo, "uri" sip:bob@example.com. */
struct route_target {
    char kind[16];
    char name[64];
    char number[ROUTE_NUMBER_MAX]; /* what to dial there; "" when the name says it all */
    char project_id[40];           /* of the number that leads here; "" none */
    char of_number[128];           /* that number, or address; "" none */
    enum route_srtp srtp;          /* of a "uri" */
    bool is_typed;                 /* a URI out of the caller's mouth: nobody vouches for it */
};

/** Targets of one step ring at once; the next step is tried when a step fails. */
struct route_plan {
    struct route_target targets[ROUTE_TARGETS_MAX];
    unsigned step[ROUTE_TARGETS_MAX]; /* ascending */
    size_t n;
    int64_t ring_timeout_ms; /* of each step; 0: the usual one */
    bool is_emergency;       /* no limit holds it up */
    bool is_granted;         /* the operator's route names the trunk that calls: it may cost */
    char why[200];           /* which rule decided, for the timeline and `tandem route` */
};

struct route_query {
    struct slice face;      /* "bridge", "sip" */
    struct slice from;      /* calling number or user */
    struct slice from_user; /* authenticated user; empty for none */
    struct slice trunk;     /* the trunk it came from; empty for none */
    struct slice dialled;   /* number, name or URI; empty: the default */
    const json_t *headers;  /* X- headers of the call: object of text; NULL: none */
    bool may_use_trunks;    /* the caller is allowed to cause cost */
};

/* A route as configuration gives it. */
struct route_rule {
    char name[64];    /* matched exactly against what was dialled; "" if pattern only */
    char pattern[64]; /* digits, X (0-9), Z (1-9), N (2-9), [..], a last . or * for the rest */
    char face[16];    /* "" any */
    char trunk[64];   /* came from this trunk; "" any */
    char user[64];    /* this user calls; "" any */
    char header[64];  /* has this header; "" any */
    char header_value[128]; /* with this value; "" any */
    struct route_target targets[ROUTE_RULE_TARGETS];
    unsigned step[ROUTE_RULE_TARGETS];
    size_t n_targets;
    bool by_weight; /* one after the other, drawn by `weight` instead of by `step` */
    uint16_t weight[ROUTE_RULE_TARGETS];
    int64_t ring_timeout_ms; /* of each step; 0: the usual one */
    /* Where a trunk's calls go that nothing else sends anywhere: looked at after the numbers. Its
     * users are told what was dialled, for PBXs go by that. */
    bool is_last;
};

struct router *router_create(void);
void router_destroy(struct router *router);
/** Copies the rule; the order of adding is the order of trying. */
void router_add_rule(struct router *router, const struct route_rule *rule);
/** Rules and emergency numbers. */
void router_clear_rules(struct router *router);
/** Looked for before everything else; with several targets for one number, in this order. */
void router_add_emergency(struct router *router, struct slice number,
                          const struct route_target *target);
/** The number, once dialled from anywhere, leads to `to`: "user:NAME", "trunk:NAME",
 * "builtin:echo". */
MUST_CHECK enum err router_set_number(struct router *router, struct slice number, struct slice to);
/** Whose it is: scripts run in that project, and are told the number. */
void router_set_number_owner(struct router *router, struct slice number, const char *project_id);
/** How its calls are encrypted, when it leads to a SIP address. */
void router_set_number_srtp(struct router *router, struct slice number, enum route_srtp srtp);
void router_clear_numbers(struct router *router);
/** Where an empty or unmatched destination goes: "" refuses. A trunk dials `number`. */
void router_set_default(struct router *router, const struct route_target *target);
/** Destinations that exist without configuration ("echo"). */
void router_add_builtin(struct router *router, const char *name);
/** A user that can be called by name. The check is a callback so that the store stays below. */
typedef bool (*router_user_fn)(void *owner, struct slice name);
void router_set_user_check(struct router *router, router_user_fn fn, void *owner);
void router_allow_uris(struct router *router, bool on);

/** ERR_NOT_FOUND or ERR_REFUSED with the cause filled. */
MUST_CHECK enum err router_find(const struct router *router, const struct route_query *query,
                                struct route_plan *plan, struct cause *cause);
/** Where the number, as it was set, leads: nothing else is looked at. */
bool router_find_number(const struct router *router, struct slice number, struct route_plan *plan);
/** "user:alice" into a target; ERR_PARSE. */
MUST_CHECK enum err route_target_parse(struct slice text, struct route_target *out);
/** "trunk:default/+1555…" for people, terminated and cut to `cap`; credentials in a URL are left
 * out. Returns `out`. */
const char *route_target_print(const struct route_target *target, char *out, size_t cap);
bool route_pattern_match(struct slice pattern, struct slice number);
