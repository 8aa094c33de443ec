#include "rtc/ice_agent.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "rtc/ice_agent_priv.h"

struct ice_agent *ice_agent_create(const struct ice_agent_config *config,
                                   const struct ice_events *events, void *owner)
{
    struct ice_agent *agent = mem_new(struct ice_agent);
    agent->events = events;
    agent->owner = owner;
    agent->role = config->role;
    memcpy(agent->tag, config->tag, ICE_TAG_LEN);
    rand_bytes(&agent->tie_breaker, sizeof agent->tie_breaker);
    ice_credentials_set(&agent->keys.current, config->ufrag, config->pwd);
    return agent;
}

void ice_agent_destroy(struct ice_agent *agent)
{
    if (!agent)
        return;
    ice_keys_clear(&agent->keys);
    secret_clear(&agent->peer.pwd);
    mem_free(agent);
}

static void deselect(struct ice_agent *agent)
{
    struct addr gone = agent->selected.remote;
    bool paired = false;
    for (size_t i = 0; i < agent->n_pairs; i++)
        paired |= agent->pairs[i].reported && addr_eq(&agent->pairs[i].path.remote, &gone);
    if (agent->has_selected && !paired)
        agent->events->on_pair_gone(agent->owner, &gone);
    agent->has_selected = agent->selected_nominated = false;
}

void ice_agent_close(struct ice_agent *agent)
{
    agent->failed = true;
    agent->has_selected = agent->has_selected && !ice_pairs_find(agent, &agent->selected);
    if (agent->has_selected)
        deselect(agent);
    ice_pairs_clear(agent);
}

const struct ice_path *ice_agent_selected(const struct ice_agent *agent)
{
    return agent->has_selected ? &agent->selected : NULL;
}

bool ice_agent_knows(const struct ice_agent *agent, const struct ice_path *path)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        if (ice_same_path(&agent->pairs[i].path, path))
            return agent->pairs[i].reported;
    }
    return agent->has_selected && ice_same_path(path, &agent->selected);
}

enum ice_role ice_agent_role(const struct ice_agent *agent)
{
    return agent->role;
}

void ice_agent_switch_role(struct ice_agent *agent, enum ice_role role)
{
    agent->role = role;
    agent->nominating = false;
    for (size_t i = 0; i < agent->n_pairs; i++)
        agent->pairs[i].use = false;
    ice_pairs_rank(agent);
}

/* Candidates */

static size_t find_local(const struct ice_agent *agent, const struct addr *base)
{
    size_t i = 0;
    while (i < agent->n_locals && !addr_eq(&agent->locals[i].base, base))
        i++;
    return i;
}

void ice_agent_add_local(struct ice_agent *agent, enum rtc_candidate_type type,
                         const struct addr *base, uint32_t priority)
{
    size_t at = agent->n_locals;
    if (at == ICE_LOCALS_MAX || find_local(agent, base) < at)
        return;
    agent->locals[at] = (struct ice_local){ .type = type, .base = *base, .priority = priority };
    rtc_candidate_foundation(type, base, agent->locals[at].foundation);
    agent->n_locals++;
    for (size_t i = 0; i < agent->n_remotes; i++)
        ice_pairs_add(agent, at, i);
}

static struct ice_remote *find_remote(struct ice_agent *agent, const struct addr *addr)
{
    for (size_t i = 0; i < agent->n_remotes; i++) {
        if (addr_eq(&agent->remotes[i].addr, addr))
            return &agent->remotes[i];
    }
    return NULL;
}

/* A free place, else that of the candidate worth the least that nothing came from; NULL: all are
 * worth `priority` or more. */
static struct ice_remote *take_remote(struct ice_agent *agent, uint64_t priority)
{
    size_t least = ICE_REMOTES_MAX;
    if (agent->n_remotes < ICE_REMOTES_MAX)
        return &agent->remotes[agent->n_remotes++];
    for (size_t i = 0; i < ICE_REMOTES_MAX; i++) {
        bool less = agent->remotes[i].priority < priority &&
                    (least == ICE_REMOTES_MAX ||
                     agent->remotes[i].priority < agent->remotes[least].priority);
        if (less && !ice_pairs_heard(agent, i))
            least = i;
    }
    if (least == ICE_REMOTES_MAX)
        return NULL;
    ice_pairs_remove_remote(agent, least);
    return &agent->remotes[least];
}

static void pair_remote(struct ice_agent *agent, size_t remote)
{
    for (size_t i = 0; i < agent->n_locals; i++) {
        if (addr_is_set(&agent->locals[i].base))
            ice_pairs_add(agent, i, remote);
    }
}

void ice_agent_add_remote(struct ice_agent *agent, const struct rtc_candidate *candidate)
{
    struct ice_remote *known = find_remote(agent, &candidate->addr);
    bool usable = addr_is_set(&candidate->addr) && addr_port(&candidate->addr) &&
                  !addr_is_any(&candidate->addr);
    if (!usable)
        return;
    struct ice_remote *remote = known ? known : take_remote(agent, candidate->priority);
    if (!remote)
        return;
    size_t at = (size_t)(remote - agent->remotes);
    remote->type = candidate->type;
    remote->addr = candidate->addr;
    remote->priority = candidate->priority;
    if (!slice_copy(slice_of(candidate->foundation), remote->foundation,
                    sizeof remote->foundation) ||
        !candidate->foundation[0])
        snprintf(remote->foundation, sizeof remote->foundation, "?%zu", at);
    if (known)
        ice_pairs_rank(agent); /* it was peer-reflexive; now its own priority counts */
    else
        pair_remote(agent, at);
}

/* §7.3.1.3: an address that only a check has told. */
static struct ice_remote *add_reflexive(struct ice_agent *agent, const struct addr *addr,
                                        uint32_t priority)
{
    struct ice_remote *remote = take_remote(agent, UINT64_MAX); /* it is there, others may not be */
    if (!remote)
        return NULL;
    *remote =
        (struct ice_remote){ .type = RTC_CANDIDATE_PRFLX, .addr = *addr, .priority = priority };
    snprintf(remote->foundation, sizeof remote->foundation, "?p%u", agent->n_peer_reflexive++);
    return remote;
}

void ice_agent_set_remote(struct ice_agent *agent, struct slice ufrag, struct slice pwd, bool lite,
                          int64_t now_ms)
{
    bool known = agent->peer.ufrag[0] != '\0';
    if (known && slice_is(ufrag, agent->peer.ufrag) && secret_is(&agent->peer.pwd, pwd))
        return;
    if (known) {
        ice_pairs_clear(agent);
        agent->selected_nominated = agent->nominating = false;
        agent->valid_ms = 0;
        agent->selected_priority = 0;
    }
    secret_clear(&agent->peer.pwd);
    ice_credentials_set(&agent->peer, ufrag, pwd);
    agent->peer_ms = agent->consent_ms = now_ms;
    agent->failed = false;
    if (lite && agent->role == ICE_CONTROLLED)
        ice_agent_switch_role(agent, ICE_CONTROLLING); /* RFC 8445 §6.1.1 */
}

void ice_agent_restart(struct ice_agent *agent, struct slice ufrag, struct slice pwd)
{
    ice_keys_renew(&agent->keys, ufrag, pwd);
}

/* Where to send */

static void select_pair(struct ice_agent *agent, const struct ice_pair *pair, int64_t now_ms)
{
    bool same = agent->has_selected && ice_same_path(&agent->selected, &pair->path);
    agent->has_selected = true;
    agent->selected = pair->path;
    agent->selected_priority = pair->priority;
    agent->selected_nominated = pair->nominated;
    agent->selected_ms = pair->wanted_ms;
    if (same)
        return;
    agent->consent_ms = now_ms;
    agent->ask_consent_ms = now_ms + 1000; /* soon, then at its own pace */
    agent->events->on_selected(agent->owner, &agent->selected);
}

/* Nominated beats not nominated, then the later nomination beats the earlier unless both are being
 * repeated (ICE_NOMINATION_MS, as in the lite agent), then the priority decides. */
void ice_agent_consider(struct ice_agent *agent, struct ice_pair *pair, int64_t now_ms)
{
    bool better = pair->priority > agent->selected_priority;
    bool fresh = pair->wanted && pair->wanted_ms - agent->selected_ms >= ICE_NOMINATION_MS;
    if (!agent->has_selected || (pair->nominated && !agent->selected_nominated) ||
        (pair->nominated == agent->selected_nominated && (better || (pair->nominated && fresh))))
        select_pair(agent, pair, now_ms);
}

/* Its place stays taken: pairs know candidates by their place. */
void ice_agent_remove_local(struct ice_agent *agent, const struct addr *base, int64_t now_ms)
{
    struct addr gone = *base;
    size_t at = find_local(agent, &gone);
    if (at == agent->n_locals)
        return;
    agent->locals[at].base = (struct addr){ 0 };
    ice_pairs_remove_local(agent, &gone);
    if (!agent->has_selected || !addr_eq(&agent->selected.local, &gone))
        return;
    deselect(agent);
    agent->peer_ms = now_ms;
    struct ice_pair *next = ice_pairs_best(agent);
    if (next)
        ice_agent_consider(agent, next, now_ms);
}

/* Checks of the peer's (§7.3.1) */

/* §7.3.1.1: true when the roles are settled and the check counts. */
static bool settle_roles(struct ice_agent *agent, const struct stun_msg *msg)
{
    uint64_t theirs = 0;
    bool both_control =
        agent->role == ICE_CONTROLLING && stun_find_u64(msg, STUN_ICE_CONTROLLING, &theirs);
    bool both_obey =
        agent->role == ICE_CONTROLLED && stun_find_u64(msg, STUN_ICE_CONTROLLED, &theirs);
    bool win = agent->tie_breaker >= theirs;
    if (!both_control && !both_obey)
        return true;
    if (both_control == win)
        return false; /* the peer changes */
    ice_agent_switch_role(agent, both_control ? ICE_CONTROLLED : ICE_CONTROLLING);
    return true;
}

static struct ice_pair *pair_of(struct ice_agent *agent, const struct stun_msg *msg,
                                const struct ice_path *path)
{
    struct ice_pair *pair = ice_pairs_find(agent, path);
    uint32_t priority = 0;
    size_t local = find_local(agent, &path->local);
    if (pair || local == agent->n_locals)
        return pair;
    stun_find_u32(msg, STUN_PRIORITY, &priority);
    struct ice_remote *remote = find_remote(agent, &path->remote);
    if (!remote)
        remote = add_reflexive(agent, &path->remote, priority);
    return remote ? ice_pairs_add(agent, local, (size_t)(remote - agent->remotes)) : NULL;
}

static void heard(struct ice_agent *agent, const struct stun_msg *msg, const struct ice_path *path,
                  int64_t now_ms)
{
    struct slice flag;
    struct ice_pair *pair = pair_of(agent, msg, path);
    if (!pair)
        return;
    pair->heard = true;
    ice_pairs_report(agent, pair);
    if (stun_find(msg, STUN_USE_CANDIDATE, &flag) && agent->role == ICE_CONTROLLED) {
        pair->wanted = true;
        pair->wanted_ms = now_ms;
        pair->nominated |= pair->valid;
    }
    if (pair->valid)
        ice_agent_consider(agent, pair, now_ms);
    else if (pair->state != ICE_PAIR_IN_PROGRESS || pair->sent > 1)
        ice_pairs_trigger(agent, pair); /* §7.3.1.4 */
}

static enum err feed_request(struct ice_agent *agent, const struct stun_msg *msg,
                             const struct ice_path *path, int64_t now_ms)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    const struct ice_credentials *c = NULL;
    enum err err = ice_request_check(&agent->keys, msg, &c);
    if (err)
        return err;
    uint16_t unknown[STUN_UNKNOWN_MAX];
    size_t n_unknown = stun_unknown(msg, unknown, STUN_UNKNOWN_MAX);
    bool good = !n_unknown && settle_roles(agent, msg);
    if (n_unknown)
        ice_answer_unknown(&buf, msg, c, unknown, n_unknown);
    else if (!good)
        ice_answer_conflict(&buf, msg, c);
    else
        ice_answer_success(&buf, msg, c, &path->remote);
    agent->events->on_send(agent->owner, path, buf_slice(&buf));
    if (!good)
        return ERR_UNSUPPORTED;
    ice_keys_used(&agent->keys, c);
    if (!agent->failed && c == &agent->keys.current)
        heard(agent, msg, path, now_ms);
    return OK;
}

/* Time */

static void fail(struct ice_agent *agent, const char *text)
{
    agent->failed = true;
    agent->events->on_failed(agent->owner, ERR_TIMEOUT, text);
}

static void fail_unconnected(struct ice_agent *agent)
{
    char text[160];
    unsigned heard_from = 0;
    for (size_t i = 0; i < agent->n_pairs; i++)
        heard_from += agent->pairs[i].heard;
    snprintf(text, sizeof text,
             "no ICE pair works: %zu of our addresses, %zu of the peer's, %u of %zu pairs heard "
             "its checks; a TURN server that both can reach would help",
             agent->n_locals, agent->n_remotes, heard_from, agent->n_pairs);
    fail(agent, text);
}

/* §8.1.1: the best valid pair, once no better one is being tried or that has taken too long. */
static bool nominate(struct ice_agent *agent, int64_t now_ms)
{
    if (agent->role != ICE_CONTROLLING || agent->selected_nominated || agent->nominating)
        return false;
    struct ice_pair *best = ice_pairs_best(agent);
    bool patient = now_ms - agent->valid_ms < ICE_NOMINATE_WAIT_MS;
    if (!best || (patient && ice_pairs_hope(agent, best)))
        return false;
    agent->nominating = best->use = true;
    ice_checks_send(agent, best, now_ms);
    return true;
}

static void pump(struct ice_agent *agent, int64_t now_ms)
{
    if (agent->failed || !agent->peer.ufrag[0] || now_ms - agent->checked_ms < ICE_TA_MS)
        return;
    if (nominate(agent, now_ms))
        return;
    struct ice_pair *pair = ice_pairs_next(agent);
    if (pair)
        ice_checks_send(agent, pair, now_ms);
}

static void tick_consent(struct ice_agent *agent, int64_t now_ms)
{
    char text[160];
    if (now_ms - agent->consent_ms >= ICE_CONSENT_MS) {
        snprintf(text, sizeof text,
                 "consent lost: no ICE answer for %d s on the pair in use, the peer is gone",
                 ICE_CONSENT_MS / 1000);
        ice_agent_close(agent);
        fail(agent, text);
    } else if (now_ms >= agent->ask_consent_ms) {
        ice_checks_ask_consent(agent, now_ms);
    }
}

void ice_agent_tick(struct ice_agent *agent, int64_t now_ms)
{
    if (agent->failed || !agent->peer.ufrag[0])
        return;
    ice_checks_tick(agent, now_ms);
    if (agent->has_selected)
        tick_consent(agent, now_ms);
    else if (now_ms - agent->peer_ms >= ICE_PAC_MS)
        fail_unconnected(agent);
    pump(agent, now_ms);
}

enum err ice_agent_feed(struct ice_agent *agent, const struct ice_path *path, struct slice bytes,
                        int64_t now_ms)
{
    struct stun_msg msg;
    enum err err = stun_parse(&msg, bytes);
    if (err)
        return err;
    if (msg.method != STUN_BINDING)
        return ERR_UNSUPPORTED;
    if (msg.class == STUN_SUCCESS || msg.class == STUN_ERROR)
        err = ice_checks_feed(agent, &msg, path, now_ms);
    else
        err = feed_request(agent, &msg, path, now_ms);
    pump(agent, now_ms);
    return err;
}
