#include "rtc/ice.h"

#include "base/mem.h"
#include "media/warm.h"
#include "rtc/ice_request.h"
#include "rtc/stun.h"

struct pair { /* one peer address that checks come from, and where they come to */
    struct ice_path path;
    uint32_t priority; /* the peer's candidate's */
    int64_t heard_ms;  /* the last authenticated check */
    bool nominated;
    int64_t nominated_ms; /* the last check with USE-CANDIDATE */
};

struct ice {
    const struct ice_events *events;
    void *owner;
    struct ice_keys keys;
    struct pair pairs[ICE_PAIRS_MAX];
    size_t n_pairs;
    struct pair *selected;
    unsigned n_candidates;
    bool expected; /* the peer should be checking, since expected_ms */
    int64_t expected_ms;
    bool failed;
};

struct ice *ice_create(struct slice local_ufrag, struct slice local_pwd,
                       const struct ice_events *events, void *owner)
{
    struct ice *ice = mem_new(struct ice);
    ice->events = events;
    ice->owner = owner;
    ice_credentials_set(&ice->keys.current, local_ufrag, local_pwd);
    return ice;
}

void ice_destroy(struct ice *ice)
{
    if (!ice)
        return;
    ice_keys_clear(&ice->keys);
    mem_free(ice);
}

void ice_restart(struct ice *ice, struct slice local_ufrag, struct slice local_pwd)
{
    ice_keys_renew(&ice->keys, local_ufrag, local_pwd);
}

void ice_set_remote(struct ice *ice, int64_t now_ms)
{
    ice->expected = true;
    ice->expected_ms = now_ms;
}

void ice_add_candidate(struct ice *ice)
{
    ice->n_candidates++;
}

const struct ice_path *ice_selected(const struct ice *ice)
{
    return ice->selected ? &ice->selected->path : NULL;
}

void ice_warm(const struct ice *ice)
{
    warm(&ice->pairs[0], sizeof ice->pairs[0]); /* most have one */
    warm(&ice->selected, sizeof ice->selected);
}

bool ice_check_ufrag(struct slice bytes, struct slice *local_ufrag)
{
    struct stun_msg msg;
    struct slice username;
    if (stun_parse(&msg, bytes) || msg.class != STUN_REQUEST || msg.method != STUN_BINDING ||
        !stun_find(&msg, STUN_USERNAME, &username))
        return false;
    *local_ufrag = slice_cut(&username, ':');
    return true;
}

static bool same_path(const struct ice_path *a, const struct ice_path *b)
{
    return addr_eq(&a->remote, &b->remote) && addr_eq(&a->local, &b->local);
}

static struct pair *find_pair(struct ice *ice, const struct ice_path *path)
{
    for (size_t i = 0; i < ice->n_pairs; i++) {
        if (same_path(&ice->pairs[i].path, path))
            return &ice->pairs[i];
    }
    return NULL;
}

/* Report the remote address of a pair that has just been dropped, unless another still has it. */
static void say_gone(const struct ice *ice, const struct addr *remote)
{
    for (size_t i = 0; i < ice->n_pairs; i++) {
        if (addr_eq(&ice->pairs[i].path.remote, remote))
            return;
    }
    ice->events->on_pair_gone(ice->owner, remote);
}

/* In a free place, else in that of the pair silent the longest; the selected one stays. */
static struct pair *add_pair(struct ice *ice, const struct ice_path *path)
{
    struct pair *oldest = NULL;
    if (ice->n_pairs < ICE_PAIRS_MAX) {
        oldest = &ice->pairs[ice->n_pairs++];
        *oldest = (struct pair){ .path = *path };
        return oldest;
    }
    for (size_t i = 0; i < ICE_PAIRS_MAX; i++) {
        struct pair *pair = &ice->pairs[i];
        if (pair != ice->selected && (!oldest || pair->heard_ms < oldest->heard_ms))
            oldest = pair;
    }
    BUG_IF(!oldest); /* there are more than one */
    struct addr gone = oldest->path.remote;
    *oldest = (struct pair){ .path = *path };
    say_gone(ice, &gone);
    return oldest;
}

static void select_pair(struct ice *ice, struct pair *pair)
{
    if (ice->selected == pair)
        return;
    ice->selected = pair;
    ice->events->on_selected(ice->owner, &pair->path);
}

/* The last nomination wins, as browsers mean it toward a lite agent. A peer that nominates
 * aggressively repeats USE-CANDIDATE on every pair: then, of the pairs nominated within
 * ICE_NOMINATION_MS, the one of the higher priority stays (RFC 8445 §8.1.1). */
static bool nomination_wins(const struct ice *ice, const struct pair *pair, int64_t now_ms)
{
    const struct pair *now = ice->selected;
    bool repeated = pair->nominated && now_ms - pair->nominated_ms < ICE_NOMINATION_MS;
    if (!now || !now->nominated || !repeated)
        return true;
    return now_ms - now->nominated_ms >= ICE_NOMINATION_MS || pair->priority > now->priority;
}

static void nominate(struct ice *ice, struct pair *pair, int64_t now_ms)
{
    bool wins = nomination_wins(ice, pair, now_ms);
    pair->nominated = true;
    pair->nominated_ms = now_ms;
    if (wins)
        select_pair(ice, pair);
}

/* An authenticated check: the address is valid, and perhaps it is the one to use. */
static void heard(struct ice *ice, const struct stun_msg *msg, const struct ice_path *path,
                  int64_t now_ms)
{
    struct pair *pair = find_pair(ice, path);
    struct slice flag;
    if (!pair)
        pair = add_pair(ice, path);
    if (!stun_find_u32(msg, STUN_PRIORITY, &pair->priority))
        pair->priority = 0;
    pair->heard_ms = now_ms;
    ice->events->on_pair(ice->owner, &path->remote);

    const struct pair *selected = ice->selected;
    if (stun_find(msg, STUN_USE_CANDIDATE, &flag))
        nominate(ice, pair, now_ms);
    else if (!selected || (!selected->nominated && pair->priority > selected->priority))
        select_pair(ice, pair);
}

/* Answer a genuine check; false when the answer is an error. A lite agent is controlled and cannot
 * be otherwise (RFC 8445 §6.1.1), so a peer that thinks it is controlled too has to change
 * (§7.3.1.1). */
static bool answer(const struct ice *ice, const struct stun_msg *msg,
                   const struct ice_credentials *c, const struct ice_path *path)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    uint16_t unknown[STUN_UNKNOWN_MAX];
    size_t n_unknown = stun_unknown(msg, unknown, STUN_UNKNOWN_MAX);
    struct slice role;
    bool conflict = stun_find(msg, STUN_ICE_CONTROLLED, &role);
    if (n_unknown)
        ice_answer_unknown(&buf, msg, c, unknown, n_unknown);
    else if (conflict)
        ice_answer_conflict(&buf, msg, c);
    else
        ice_answer_success(&buf, msg, c, &path->remote);
    ice->events->on_send(ice->owner, path, buf_slice(&buf));
    return !n_unknown && !conflict;
}

enum err ice_feed(struct ice *ice, const struct ice_path *path, struct slice bytes, int64_t now_ms)
{
    struct stun_msg msg;
    const struct ice_credentials *c = NULL;
    enum err err = stun_parse(&msg, bytes);
    if (err)
        return err;
    err = ice_request_check(&ice->keys, &msg, &c);
    if (err)
        return err;
    if (!answer(ice, &msg, c, path))
        return ERR_UNSUPPORTED;
    ice_keys_used(&ice->keys, c);
    if (!ice->failed) /* what was given up stays given up */
        heard(ice, &msg, path, now_ms);
    return OK;
}

static void fail(struct ice *ice, const char *text)
{
    ice->failed = true;
    ice->events->on_failed(ice->owner, ERR_TIMEOUT, text);
}

static void remove_pair(struct ice *ice, size_t i)
{
    struct pair *pair = &ice->pairs[i], *last = &ice->pairs[ice->n_pairs - 1];
    struct addr gone = pair->path.remote;
    if (ice->selected == pair)
        ice->selected = NULL;
    else if (ice->selected == last)
        ice->selected = pair;
    *pair = *last;
    ice->n_pairs--;
    say_gone(ice, &gone);
}

static struct pair *best_pair(struct ice *ice)
{
    struct pair *best = &ice->pairs[0];
    for (size_t i = 1; i < ice->n_pairs; i++) {
        const struct pair *pair = &ice->pairs[i];
        if (pair->nominated > best->nominated ||
            (pair->nominated == best->nominated && pair->priority > best->priority))
            best = &ice->pairs[i];
    }
    return best;
}

void ice_close(struct ice *ice)
{
    ice->failed = true;
    while (ice->n_pairs)
        remove_pair(ice, ice->n_pairs - 1);
}

/* Consent is per pair (RFC 7675 §5): one that is no longer checked may not be sent to. */
static void drop_silent(struct ice *ice, int64_t now_ms)
{
    for (size_t i = ice->n_pairs; i-- > 0;) {
        if (now_ms - ice->pairs[i].heard_ms >= ICE_CONSENT_MS)
            remove_pair(ice, i);
    }
    if (!ice->selected && ice->n_pairs)
        select_pair(ice, best_pair(ice));
}

void ice_tick(struct ice *ice, int64_t now_ms)
{
    char text[160];
    if (ice->failed)
        return;
    if (ice->n_pairs) {
        drop_silent(ice, now_ms);
        if (ice->n_pairs)
            return;
        snprintf(text, sizeof text, "consent lost: no ICE check for %d s, the peer is gone",
                 ICE_CONSENT_MS / 1000);
        fail(ice, text);
    } else if (ice->expected && now_ms - ice->expected_ms >= ICE_CONSENT_MS) {
        snprintf(text, sizeof text,
                 "no ICE check arrived in %d s (the peer sent %u candidates): it cannot reach "
                 "the candidate addresses that we announced",
                 ICE_CONSENT_MS / 1000, ice->n_candidates);
        fail(ice, text);
    }
}
