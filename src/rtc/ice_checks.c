/* Our connectivity checks and their answers (RFC 8445 §7.2), and consent (RFC 7675). */
#include "base/num.h"
#include "base/rand.h"
#include "rtc/ice_agent_priv.h"

enum {
    RTO_MS = 500, /* RFC 8445 §14.3 */
    SENDS_MAX = 7,
    LAST_WAIT = 16,
    CHECK_LEN_MAX = 2 * ICE_UFRAG_MAX + 160,
    CONSENT_EACH_MS = 5000, /* RFC 7675 §5.1: times 0.8 to 1.2 */
};

/* Writing */

static void make_id(const struct ice_agent *agent, uint8_t id[STUN_ID_LEN])
{
    memcpy(id, agent->tag, ICE_TAG_LEN);
    rand_bytes(id + ICE_TAG_LEN, STUN_ID_LEN - ICE_TAG_LEN);
}

struct check {
    const uint8_t *id;
    const struct ice_path *path;
    uint32_t priority;
    enum ice_role role;
    bool use;
};

static void send_check(const struct ice_agent *agent, const struct check *check)
{
    char mem[CHECK_LEN_MAX], username[2 * ICE_UFRAG_MAX + 2];
    struct buf buf = BUF_ON(mem);
    snprintf(username, sizeof username, "%s:%s", agent->peer.ufrag, agent->keys.current.ufrag);
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, check->id);
    stun_put(&buf, STUN_USERNAME, slice_of(username));
    stun_put_u64(&buf, check->role == ICE_CONTROLLING ? STUN_ICE_CONTROLLING : STUN_ICE_CONTROLLED,
                 agent->tie_breaker);
    stun_put_u32(&buf, STUN_PRIORITY, check->priority);
    if (check->use)
        stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE);
    stun_put_integrity(&buf, secret_reveal(&agent->peer.pwd));
    stun_put_fingerprint(&buf);
    BUG_IF(buf.overflow); /* CHECK_LEN_MAX */
    agent->events->on_send(agent->owner, check->path, buf_slice(&buf));
}

/* What this candidate would be worth if the answer showed it as peer-reflexive (§7.1.1). */
static uint32_t reflexive_priority(const struct ice_local *local)
{
    uint32_t of_type = rtc_candidate_priority(RTC_CANDIDATE_PRFLX, 0, 1) & 0xff000000u;
    return of_type | (local->priority & 0x00ffffffu);
}

static void send_again(struct ice_agent *agent, struct ice_pair *pair, int64_t now_ms)
{
    const struct check check = { .id = pair->id,
                                 .path = &pair->path,
                                 .priority = reflexive_priority(&agent->locals[pair->local]),
                                 .role = pair->role,
                                 .use = pair->use };
    pair->sent++;
    pair->next_ms = now_ms + (pair->sent == SENDS_MAX ? LAST_WAIT * RTO_MS : pair->rto_ms);
    pair->rto_ms *= 2;
    send_check(agent, &check);
}

/* §14.3: the more are under way, the slower each. */
static int64_t first_rto(const struct ice_agent *agent)
{
    int64_t n = 0;
    for (size_t i = 0; i < agent->n_pairs; i++) {
        enum ice_pair_state state = agent->pairs[i].state;
        n += state == ICE_PAIR_WAITING || state == ICE_PAIR_IN_PROGRESS;
    }
    return num_max(RTO_MS, ICE_TA_MS * n);
}

void ice_checks_send(struct ice_agent *agent, struct ice_pair *pair, int64_t now_ms)
{
    make_id(agent, pair->id);
    pair->state = ICE_PAIR_IN_PROGRESS;
    pair->triggered = 0;
    pair->role = agent->role;
    pair->sent = 0;
    pair->rto_ms = first_rto(agent);
    agent->checked_ms = now_ms;
    send_again(agent, pair, now_ms);
}

static void check_failed(struct ice_agent *agent, struct ice_pair *pair)
{
    pair->state = ICE_PAIR_FAILED;
    pair->valid = false;
    if (pair->use)
        agent->nominating = false;
    pair->use = false;
}

void ice_checks_tick(struct ice_agent *agent, int64_t now_ms)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (pair->state != ICE_PAIR_IN_PROGRESS || now_ms < pair->next_ms)
            continue;
        /* once a pair is nominated the others are not pursued (§8.1.2) */
        if (pair->sent == SENDS_MAX || (agent->selected_nominated && !pair->wanted && !pair->use))
            check_failed(agent, pair);
        else
            send_again(agent, pair, now_ms);
    }
}

void ice_checks_ask_consent(struct ice_agent *agent, int64_t now_ms)
{
    uint32_t spread = rand_u32() % (CONSENT_EACH_MS * 4 / 10);
    agent->ask_consent_ms = now_ms + CONSENT_EACH_MS * 8 / 10 + spread;
    const struct ice_pair *pair = ice_pairs_find(agent, &agent->selected);
    if (!pair)
        return; /* a restart is under way: the new pair will have its own */
    uint8_t *id = agent->consent_ids[agent->next_consent++ % ICE_CONSENTS_MAX];
    make_id(agent, id);
    const struct check check = { .id = id,
                                 .path = &agent->selected,
                                 .priority = reflexive_priority(&agent->locals[pair->local]),
                                 .role = agent->role,
                                 .use = agent->role == ICE_CONTROLLING && pair->nominated };
    send_check(agent, &check);
}

/* Answers */

static bool is_consent(const struct ice_agent *agent, const struct stun_msg *msg)
{
    static const uint8_t none[STUN_ID_LEN];
    for (size_t i = 0; i < ICE_CONSENTS_MAX; i++) {
        const uint8_t *id = agent->consent_ids[i];
        if (memcmp(id, msg->id, STUN_ID_LEN) == 0 && memcmp(id, none, STUN_ID_LEN) != 0)
            return true;
    }
    return false;
}

static struct ice_pair *find_check(struct ice_agent *agent, const struct stun_msg *msg)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (pair->state == ICE_PAIR_IN_PROGRESS && memcmp(pair->id, msg->id, STUN_ID_LEN) == 0)
            return pair;
    }
    return NULL;
}

/* §7.2.5.1. The check goes out again in the role that is ours now. */
static void change_role(struct ice_agent *agent, struct ice_pair *pair)
{
    if (pair->role == agent->role) {
        ice_agent_switch_role(agent,
                              pair->role == ICE_CONTROLLING ? ICE_CONTROLLED : ICE_CONTROLLING);
        rand_bytes(&agent->tie_breaker, sizeof agent->tie_breaker);
    }
    if (pair->use)
        agent->nominating = false;
    pair->use = false;
    ice_pairs_trigger(agent, pair);
}

static void check_refused(struct ice_agent *agent, struct ice_pair *pair,
                          const struct stun_msg *msg)
{
    unsigned code = 0;
    struct slice reason;
    if (stun_find_error(msg, &code, &reason) && code == 487)
        change_role(agent, pair);
    else
        check_failed(agent, pair);
}

/* §7.2.5.3. What the answer shows as our address is either known or peer-reflexive: its base, so
 * this pair, is what is sent along in both cases. */
static void check_succeeded(struct ice_agent *agent, struct ice_pair *pair, int64_t now_ms)
{
    bool use = pair->use && pair->role == ICE_CONTROLLING;
    pair->state = ICE_PAIR_SUCCEEDED;
    pair->valid = true;
    pair->use = false;
    if (!agent->valid_ms)
        agent->valid_ms = now_ms;
    if (use)
        agent->nominating = false;
    if (use || (pair->wanted && agent->role == ICE_CONTROLLED))
        pair->nominated = true;
    ice_pairs_unfreeze(agent, pair);
    ice_pairs_report(agent, pair);
    ice_agent_consider(agent, pair, now_ms);
    if (ice_same_path(&pair->path, &agent->selected))
        agent->consent_ms = now_ms; /* only an answer is consent: RFC 7675 §5.1 */
}

enum err ice_checks_feed(struct ice_agent *agent, const struct stun_msg *msg,
                         const struct ice_path *path, int64_t now_ms)
{
    struct addr mapped;
    bool consent = is_consent(agent, msg);
    struct ice_pair *pair = find_check(agent, msg);
    if (!consent && !pair)
        return ERR_NOT_FOUND;
    if (stun_check_fingerprint(msg) == ERR_AUTH ||
        stun_check_integrity(msg, secret_reveal(&agent->peer.pwd)))
        return ERR_AUTH;
    if (consent) {
        if (msg->class == STUN_SUCCESS && ice_same_path(path, &agent->selected))
            agent->consent_ms = now_ms;
        return OK;
    }
    if (msg->class == STUN_ERROR)
        check_refused(agent, pair, msg);
    else if (!ice_same_path(path, &pair->path) ||
             !stun_find_addr(msg, STUN_XOR_MAPPED_ADDRESS, &mapped))
        check_failed(agent, pair); /* §7.2.5.2.1: it must come from where it was asked */
    else
        check_succeeded(agent, pair, now_ms);
    return OK;
}
