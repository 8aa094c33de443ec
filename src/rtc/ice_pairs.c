/* The checklist (RFC 8445 §6.1.2): pairs, their priorities, foundations and states. */
#include "base/num.h"
#include "rtc/ice_agent_priv.h"

/* §6.1.2.3 */
static uint64_t rank(const struct ice_agent *agent, const struct ice_pair *pair)
{
    uint64_t ours = agent->locals[pair->local].priority;
    uint64_t theirs = agent->remotes[pair->remote].priority;
    uint64_t g = agent->role == ICE_CONTROLLING ? ours : theirs;
    uint64_t d = agent->role == ICE_CONTROLLING ? theirs : ours;
    return ((g < d ? g : d) << 32) + 2 * (g > d ? g : d) + (g > d);
}

void ice_pairs_rank(struct ice_agent *agent)
{
    for (size_t i = 0; i < agent->n_pairs; i++)
        agent->pairs[i].priority = rank(agent, &agent->pairs[i]);
}

bool ice_same_path(const struct ice_path *a, const struct ice_path *b)
{
    return addr_eq(&a->remote, &b->remote) && addr_eq(&a->local, &b->local);
}

struct ice_pair *ice_pairs_find(struct ice_agent *agent, const struct ice_path *path)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        if (ice_same_path(&agent->pairs[i].path, path))
            return &agent->pairs[i];
    }
    return NULL;
}

/* Do both stand for the same way through the network (§5.1.1.3)? */
static bool same_foundation(const struct ice_agent *agent, const struct ice_pair *a,
                            const struct ice_pair *b)
{
    return slice_is(slice_of(agent->locals[a->local].foundation),
                    agent->locals[b->local].foundation) &&
           slice_is(slice_of(agent->remotes[a->remote].foundation),
                    agent->remotes[b->remote].foundation);
}

/* Frozen while another of the same foundation is under way (§6.1.2.6, RFC 8838 §12). */
static enum ice_pair_state first_state(const struct ice_agent *agent, const struct ice_pair *pair)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        const struct ice_pair *other = &agent->pairs[i];
        bool busy = other->state == ICE_PAIR_WAITING || other->state == ICE_PAIR_IN_PROGRESS;
        if (other != pair && busy && same_foundation(agent, other, pair))
            return ICE_PAIR_FROZEN;
    }
    return ICE_PAIR_WAITING;
}

static void report_gone(const struct ice_agent *agent, const struct addr *remote)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        if (agent->pairs[i].reported && addr_eq(&agent->pairs[i].path.remote, remote))
            return;
    }
    if (!agent->has_selected || !addr_eq(&agent->selected.remote, remote))
        agent->events->on_pair_gone(agent->owner, remote);
}

static void remove_pair(struct ice_agent *agent, size_t i)
{
    struct ice_pair gone = agent->pairs[i];
    agent->pairs[i] = agent->pairs[--agent->n_pairs];
    if (gone.use)
        agent->nominating = false;
    if (gone.reported)
        report_gone(agent, &gone.path.remote);
}

void ice_pairs_report(struct ice_agent *agent, struct ice_pair *pair)
{
    pair->reported = true;
    agent->events->on_pair(agent->owner, &pair->path.remote);
}

/* A free place, else that of the pair worth the least, if `priority` is worth more. */
static struct ice_pair *take_place(struct ice_agent *agent, uint64_t priority)
{
    struct ice_pair *least = NULL;
    if (agent->n_pairs < ICE_AGENT_PAIRS_MAX)
        return &agent->pairs[agent->n_pairs++];
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (!pair->valid && !pair->heard && (!least || pair->priority < least->priority))
            least = pair;
    }
    if (!least || least->priority >= priority)
        return NULL;
    return least;
}

struct ice_pair *ice_pairs_add(struct ice_agent *agent, size_t local, size_t remote)
{
    struct ice_pair fresh = { .path = { agent->locals[local].base, agent->remotes[remote].addr },
                              .local = local,
                              .remote = remote };
    if (addr_is_v6(&fresh.path.local) != addr_is_v6(&fresh.path.remote))
        return NULL;
    struct ice_pair *pair = ice_pairs_find(agent, &fresh.path);
    if (pair)
        return pair;
    fresh.priority = rank(agent, &fresh);
    fresh.state = first_state(agent, &fresh);
    pair = take_place(agent, fresh.priority);
    if (pair)
        *pair = fresh;
    return pair;
}

void ice_pairs_remove_local(struct ice_agent *agent, const struct addr *base)
{
    for (size_t i = agent->n_pairs; i-- > 0;) {
        if (addr_eq(&agent->pairs[i].path.local, base))
            remove_pair(agent, i);
    }
}

void ice_pairs_remove_remote(struct ice_agent *agent, size_t remote)
{
    for (size_t i = agent->n_pairs; i-- > 0;) {
        if (agent->pairs[i].remote == remote)
            remove_pair(agent, i);
    }
}

bool ice_pairs_heard(const struct ice_agent *agent, size_t remote)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        const struct ice_pair *pair = &agent->pairs[i];
        if (pair->remote == remote && (pair->heard || pair->valid))
            return true;
    }
    return false;
}

void ice_pairs_clear(struct ice_agent *agent)
{
    while (agent->n_pairs)
        remove_pair(agent, agent->n_pairs - 1);
    agent->n_remotes = 0;
}

void ice_pairs_unfreeze(struct ice_agent *agent, const struct ice_pair *like)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (pair->state == ICE_PAIR_FROZEN && same_foundation(agent, pair, like))
            pair->state = ICE_PAIR_WAITING;
    }
}

void ice_pairs_trigger(struct ice_agent *agent, struct ice_pair *pair)
{
    pair->state = ICE_PAIR_WAITING;
    if (!pair->triggered)
        pair->triggered = ++agent->last_triggered;
}

static struct ice_pair *next_triggered(struct ice_agent *agent)
{
    struct ice_pair *first = NULL;
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (pair->triggered && (!first || pair->triggered < first->triggered))
            first = pair;
    }
    return first;
}

static struct ice_pair *next_in(struct ice_agent *agent, enum ice_pair_state state)
{
    struct ice_pair *best = NULL;
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (pair->state != state || (best && pair->priority <= best->priority))
            continue;
        if (state == ICE_PAIR_FROZEN && first_state(agent, pair) == ICE_PAIR_FROZEN)
            continue;
        best = pair;
    }
    return best;
}

struct ice_pair *ice_pairs_next(struct ice_agent *agent)
{
    struct ice_pair *pair = next_triggered(agent);
    if (!pair && !agent->selected_nominated)
        pair = next_in(agent, ICE_PAIR_WAITING);
    if (!pair && !agent->selected_nominated)
        pair = next_in(agent, ICE_PAIR_FROZEN);
    return pair;
}

struct ice_pair *ice_pairs_best(struct ice_agent *agent)
{
    struct ice_pair *best = NULL;
    for (size_t i = 0; i < agent->n_pairs; i++) {
        struct ice_pair *pair = &agent->pairs[i];
        if (pair->valid && (!best || pair->priority > best->priority))
            best = pair;
    }
    return best;
}

bool ice_pairs_hope(const struct ice_agent *agent, const struct ice_pair *pair)
{
    for (size_t i = 0; i < agent->n_pairs; i++) {
        const struct ice_pair *other = &agent->pairs[i];
        bool open = other->state != ICE_PAIR_FAILED && other->state != ICE_PAIR_SUCCEEDED;
        if (other->priority > pair->priority && open)
            return true;
    }
    return false;
}
