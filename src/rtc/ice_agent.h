#pragma once
/* A full ICE agent for one component (RFC 8445, trickle: RFC 8838, consent: RFC 7675): an engine,
 * told bytes and time, that holds no socket. It checks pairs of candidates in either role, settles
 * role conflicts, nominates (regular nomination) or lets the peer nominate, and asks for consent.
 * It reports as the lite agent does: `struct ice_events` of rtc/ice.h. Gathering is its owner's
 * work. One thread; callbacks come from inside feed, tick and the calls that add or set. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rtc/ice.h"
#include "rtc/rtc_candidate.h"

struct ice_agent;

enum ice_role { ICE_CONTROLLED, ICE_CONTROLLING };
enum {
    ICE_TAG_LEN = 6, /* how transaction ids of one owner begin, for whoever sorts responses */
    ICE_TA_MS = 50,  /* RFC 8445 §14.2: one new transaction in that time */
    ICE_LOCALS_MAX = 16,
    ICE_REMOTES_MAX = 40, /* signalled and peer-reflexive */
    ICE_AGENT_PAIRS_MAX = 100,
    ICE_NOMINATE_WAIT_MS = 500, /* how long a valid pair waits for a better one */
    ICE_PAC_MS = 39500,         /* RFC 8863 §4: patience without a valid pair */
};

struct ice_agent_config {
    enum ice_role role;
    struct slice ufrag, pwd; /* ours */
    const uint8_t *tag;      /* ICE_TAG_LEN bytes */
};
struct ice_agent *ice_agent_create(const struct ice_agent_config *config,
                                   const struct ice_events *events, void *owner);
/** As ice_close() and ice_destroy(). */
void ice_agent_close(struct ice_agent *agent);
void ice_agent_destroy(struct ice_agent *agent);

/** An address that datagrams leave from: a host or relayed candidate. Server-reflexive ones are
 * only told to the peer, their base does the work (§6.1.2.4). */
void ice_agent_add_local(struct ice_agent *agent, enum rtc_candidate_type type,
                         const struct addr *base, uint32_t priority);
/** The address is gone, the relay failed: what was sent from it takes the next best valid pair, or
 * has ICE_PAC_MS to find one. */
void ice_agent_remove_local(struct ice_agent *agent, const struct addr *base, int64_t now_ms);
/** The peer's credentials; other ones than before are its ICE restart: its candidates and every
 * pair start over, media goes on until a new pair is found. Lite: it cannot check. */
void ice_agent_set_remote(struct ice_agent *agent, struct slice ufrag, struct slice pwd, bool lite,
                          int64_t now_ms);
/** A candidate of the peer's: before its first credentials or after those that it belongs to. Past
 * ICE_REMOTES_MAX the least that nothing came from gives way. */
void ice_agent_add_remote(struct ice_agent *agent, const struct rtc_candidate *candidate);
/** Our ICE restart: new credentials of ours; the peer's come with ice_agent_set_remote(). */
void ice_agent_restart(struct ice_agent *agent, struct slice ufrag, struct slice pwd);

/** A STUN message and where it came and to where; errors as ice_feed(). */
MUST_CHECK enum err ice_agent_feed(struct ice_agent *agent, const struct ice_path *path,
                                   struct slice bytes, int64_t now_ms);
void ice_agent_tick(struct ice_agent *agent, int64_t now_ms);

/** Where to send; NULL while there is no valid pair. Borrowed until the next feed or tick. */
const struct ice_path *ice_agent_selected(const struct ice_agent *agent);
/** Has the peer proved, by a check or an answer, that it is at the other end? */
bool ice_agent_knows(const struct ice_agent *agent, const struct ice_path *path);
enum ice_role ice_agent_role(const struct ice_agent *agent);
