#pragma once
/* What the full agent's files share: ice_agent.c (life, requests, consent), ice_pairs.c (the
 * checklist) and ice_checks.c (our checks and their answers). */

#include "rtc/ice_agent.h"
#include "rtc/ice_request.h"

enum {
    ICE_CONSENTS_MAX = 8, /* asked within ICE_CONSENT_MS: one each 4 to 6 s */
};

enum ice_pair_state { /* RFC 8445 §6.1.2.6 */
                      ICE_PAIR_FROZEN,
                      ICE_PAIR_WAITING,
                      ICE_PAIR_IN_PROGRESS,
                      ICE_PAIR_SUCCEEDED,
                      ICE_PAIR_FAILED
};

struct ice_local {
    enum rtc_candidate_type type;
    struct addr base;
    uint32_t priority;
    char foundation[RTC_FOUNDATION_TEXT];
};
struct ice_remote {
    enum rtc_candidate_type type;
    struct addr addr;
    uint32_t priority;
    char foundation[RTC_FOUNDATION_MAX + 1];
};

struct ice_pair {
    struct ice_path path;
    size_t local, remote; /* indices */
    uint64_t priority;
    enum ice_pair_state state;
    uint64_t triggered; /* place in the triggered-check queue; 0: not in it */
    bool heard;         /* an authenticated check came along it */
    bool valid;         /* a check of ours was answered */
    bool use;           /* the outstanding check nominates (we control) */
    bool wanted;        /* the peer nominated it (it controls), at wanted_ms last */
    int64_t wanted_ms;
    bool nominated;
    bool reported; /* by on_pair() */
    /* the outstanding check */
    uint8_t id[STUN_ID_LEN];
    enum ice_role role;
    unsigned sent;
    int64_t next_ms, rto_ms;
};

struct ice_agent {
    const struct ice_events *events;
    void *owner;
    enum ice_role role;
    uint64_t tie_breaker;
    uint8_t tag[ICE_TAG_LEN];
    struct ice_keys keys;
    struct ice_credentials peer; /* ufrag "": not known yet */
    size_t n_locals, n_remotes, n_pairs;
    struct ice_local locals[ICE_LOCALS_MAX];
    struct ice_remote remotes[ICE_REMOTES_MAX];
    struct ice_pair pairs[ICE_AGENT_PAIRS_MAX];
    uint64_t last_triggered;
    unsigned n_peer_reflexive;
    int64_t peer_ms;    /* since when the peer is known */
    int64_t checked_ms; /* the last new transaction */
    int64_t valid_ms;   /* the first valid pair; 0: none */
    bool nominating;    /* a check of ours with USE-CANDIDATE is outstanding */
    /* where we send: a copy, for a restart drops the pairs but not the media */
    bool has_selected, selected_nominated;
    struct ice_path selected;
    uint64_t selected_priority;
    int64_t selected_ms; /* nominated by the peer then */
    /* consent for it */
    uint8_t consent_ids[ICE_CONSENTS_MAX][STUN_ID_LEN];
    size_t next_consent;
    int64_t consent_ms, ask_consent_ms;
    bool failed;
};

/* ice_pairs.c */
bool ice_same_path(const struct ice_path *a, const struct ice_path *b);
struct ice_pair *ice_pairs_find(struct ice_agent *agent, const struct ice_path *path);
/** Pair local candidate `local` with remote `remote`; NULL: not of one family, or no room. */
struct ice_pair *ice_pairs_add(struct ice_agent *agent, size_t local, size_t remote);
void ice_pairs_remove_local(struct ice_agent *agent, const struct addr *base);
void ice_pairs_remove_remote(struct ice_agent *agent, size_t remote);
/** Has anything come from this candidate? */
bool ice_pairs_heard(const struct ice_agent *agent, size_t remote);
/** Priorities again, after a change of role. */
void ice_pairs_rank(struct ice_agent *agent);
/** After a check succeeded: what stands for the same way is worth trying now (§7.2.5.3.3). */
void ice_pairs_unfreeze(struct ice_agent *agent, const struct ice_pair *like);
void ice_pairs_trigger(struct ice_agent *agent, struct ice_pair *pair);
/** The next one to check, or NULL: triggered ones first, then by priority (§6.1.4.2). */
struct ice_pair *ice_pairs_next(struct ice_agent *agent);
/** The valid pair of the highest priority, or NULL. */
struct ice_pair *ice_pairs_best(struct ice_agent *agent);
/** Is a better one than `pair` still being tried? */
bool ice_pairs_hope(const struct ice_agent *agent, const struct ice_pair *pair);
void ice_pairs_report(struct ice_agent *agent, struct ice_pair *pair);
/** Forget all of them and the peer's candidates; the selected path stays. */
void ice_pairs_clear(struct ice_agent *agent);

/* ice_checks.c */
void ice_checks_send(struct ice_agent *agent, struct ice_pair *pair, int64_t now_ms);
void ice_checks_tick(struct ice_agent *agent, int64_t now_ms);
MUST_CHECK enum err ice_checks_feed(struct ice_agent *agent, const struct stun_msg *msg,
                                    const struct ice_path *path, int64_t now_ms);
void ice_checks_ask_consent(struct ice_agent *agent, int64_t now_ms);

/* ice_agent.c */
void ice_agent_switch_role(struct ice_agent *agent, enum ice_role role);
/** A pair became valid or nominated: send there from now on, if it is better than what we have. */
void ice_agent_consider(struct ice_agent *agent, struct ice_pair *pair, int64_t now_ms);
