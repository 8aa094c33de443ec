#include "sip_session.h"

#include "base/num.h"
#include "base/rand.h"
#include "sip_cause.h"
#include "sip_field.h"
#include "sip_session_priv.h"

static const char *const state_names[] = {
    [SIP_SESSION_CALLING] = "calling",
    [SIP_SESSION_PROCEEDING] = "proceeding",
    [SIP_SESSION_CANCELLING] = "cancelling",
    [SIP_SESSION_INCOMING] = "incoming",
    [SIP_SESSION_ACCEPTED] = "accepted",
    [SIP_SESSION_UP] = "up",
    [SIP_SESSION_DONE] = "done",
};
_Static_assert(COUNT_OF(state_names) == SIP_SESSION_STATES, "a name for each state");

struct sip_session *sip_session_alloc(struct sip_agent *agent, bool is_uac)
{
    struct sip_session *s = mem_new(struct sip_session);
    s->agent = agent;
    s->is_uac = is_uac;
    s->state = is_uac ? SIP_SESSION_CALLING : SIP_SESSION_INCOMING;
    list_init(&s->errands);
    list_init(&s->subscriptions);
    s->timer.asked_s = agent->session_expires_s;
    list_append(&agent->sessions, &s->link);
    agent->stats.sessions++;
    return s;
}

void sip_session_set_state(struct sip_session *s, enum sip_session_state state)
{
    if (s->state == state)
        return;
    log_debug(NULL, "sip session call-id=%s from=%s to=%s", s->call_id, state_names[s->state],
              state_names[state]);
    s->state = state;
}

static void free_memory(void *arg)
{
    struct sip_session *s = arg;
    for (size_t i = 0; i < s->n_forks; i++) {
        sip_dialog_clear(&s->forks[i]->dialog);
        mem_free(s->forks[i]->ack);
        mem_free(s->forks[i]);
    }
    sip_login_destroy(s->login);
    sip_msg_unref(s->invite);
    sip_body_clear(&s->said);
    mem_free(s->replaces_tag);
    mem_free(s->peer);
    mem_free(s->call_id);
    mem_free(s);
}

void sip_session_free(struct sip_session *s)
{
    struct sip_agent *agent = s->agent;
    if (s->unlinked)
        return;
    s->unlinked = true;
    sip_session_clear_errands(s);
    sip_session_clear_offer(s);
    sip_session_clear_uac(s);
    sip_session_clear_uas(s);
    sip_rel_clear(s);
    sip_session_timer_clear(s);
    sip_refer_clear(s);
    loop_timer_stop(agent->loop, &s->linger);
    list_remove(&s->link);
    if (!s->lingers)
        agent->stats.sessions--;
    if (map_find(agent->by_tag, slice_of(s->local_tag)) == s)
        map_remove(agent->by_tag, slice_of(s->local_tag));
    loop_defer(agent->loop, free_memory, s);
}

static void on_linger_end(void *owner)
{
    struct sip_session *s = owner;
    s->answered_ms = 0;
    sip_session_settle(s);
}

/* RFC 6026, RFC 3261 §13.2.2.4: for timer M after the first 2xx other forks may answer, and each
 * wants its ACK and its BYE, though nobody here knows the call any more. */
static bool must_linger(struct sip_session *s)
{
    int64_t end_ms = s->answered_ms + SIP_TIMER_M_MS;
    int64_t left_ms = end_ms - loop_now_ms(s->agent->loop);
    if (!s->answered_ms || !s->inviting || left_ms <= 0)
        return false;
    if (!s->lingers) {
        s->lingers = true;
        s->agent->stats.sessions--;
    }
    loop_timer_start(s->agent->loop, &s->linger, left_ms, on_linger_end, s);
    return true;
}

void sip_session_settle(struct sip_session *s)
{
    bool is_over = s->detached && s->state == SIP_SESSION_DONE && list_empty(&s->errands);
    if (is_over && !s->unlinked && !must_linger(s))
        sip_session_free(s);
}

void sip_session_finish(struct sip_session *s)
{
    struct loop *loop = s->agent->loop;
    sip_session_set_state(s, SIP_SESSION_DONE);
    loop_timer_stop(loop, &s->give_up);
    sip_session_forget_ack(s);
    sip_session_clear_offer(s);
    sip_rel_clear(s);
    sip_session_timer_clear(s);
    sip_session_reject_update(s);
    sip_refer_finish(s);
}

void sip_session_take(struct sip_session *s, const struct sip_session_events *events, void *owner)
{
    s->events = events;
    s->owner = owner;
}

void sip_session_set_peer(struct sip_session *s, struct slice peer)
{
    mem_free(s->peer);
    s->peer = peer.len ? slice_dup(peer) : NULL;
}

/* A phone that we cannot dial (a browser, or one behind NAT) came back by itself and registered:
 * RFC 5626 §4.3 */
struct sip_hop sip_session_hop(struct sip_session *s, struct sip_fork *fork)
{
    const struct sip_agent *agent = s->agent;
    struct sip_flow *way = &fork->dialog.flow;
    struct sip_flow fresh = *way;
    bool is_lost = way->accepted && sip_transport_connect(agent->transport, &fresh) == ERR_CLOSED;
    if (is_lost && s->peer && agent->events->find_flow &&
        agent->events->find_flow(agent->owner, slice_of(s->peer), slice_of(fork->dialog.target),
                                 &fresh))
        *way = fresh;
    return sip_dialog_hop(&fork->dialog);
}

void sip_session_bye(struct sip_session *s, struct slice reason)
{
    s->events = NULL;
    sip_session_drop_call(s, reason);
    sip_session_settle(s);
}

void sip_session_destroy(struct sip_session *s)
{
    if (!s || s->detached)
        return;
    s->detached = true;
    s->events = NULL;
    LIST_EACH(link, &s->errands)
    LIST_ITEM(link, struct sip_errand, link)->fn = NULL;
    sip_session_drop_call(s, SLICE_NONE);
    sip_session_settle(s);
}

/* The call ends under its owner: the far end forgot it, or never acknowledged. */
void sip_session_end_by(struct sip_session *s, enum err err, int status, const char *text)
{
    const struct sip_session_events *events = s->events;
    struct sip_outcome outcome = { .status = status, .err = err, .text = text };
    if (s->state == SIP_SESSION_DONE)
        return;
    if (s->fork)
        sip_session_say_bye(s, s->fork, SLICE_NONE);
    sip_session_reject_incoming(s, 487);
    sip_session_finish(s);
    if (events && events->on_bye)
        events->on_bye(s->owner, s, &outcome);
    sip_session_settle(s);
}

struct sip_body sip_body_copy(const struct sip_body *body)
{
    return (struct sip_body){ { slice_dup(body->type), body->type.len },
                              { slice_dup(body->bytes), body->bytes.len } };
}

void sip_body_clear(struct sip_body *body)
{
    union {
        const char *in;
        char *out;
    } type = { .in = body->type.ptr }, bytes = { .in = body->bytes.ptr };
    mem_free(type.out);
    mem_free(bytes.out);
    *body = (struct sip_body){ 0 };
}

void sip_session_set_account(struct sip_session *s, const struct sip_account *account)
{
    sip_login_destroy(s->login);
    s->login = sip_login_create(account);
}

struct sip_fork *sip_session_add_fork(struct sip_session *s)
{
    struct sip_fork *fork = mem_new(struct sip_fork);
    BUG_IF(s->n_forks == SIP_SESSION_FORKS_MAX);
    s->forks[s->n_forks++] = fork;
    fork->number = (unsigned)s->n_forks;
    return fork;
}

static struct slice sip_session_contact_user(const struct sip_session *s)
{
    if (s->is_uac)
        return slice_of(s->contact_user);
    return sip_msg_uri(s->invite)->scheme == SIP_URI_OTHER ? SLICE_NONE
                                                           : sip_msg_uri(s->invite)->user;
}

void sip_session_fields(const struct sip_session *s, const struct sip_flow *flow,
                        const struct sip_field *fields, size_t n_fields,
                        struct sip_session_fields *out)
{
    struct buf contact = BUF_ON(out->contact);
    /* our first INVITE is being built: To is its Request-URI */
    bool is_secure = s->invite ? sip_msg_uri(s->invite)->scheme == SIP_URI_SIPS
                               : slice_istarts(slice_of(s->to), SLICE("<sips:"));
    void (*print)(const struct sip_agent *, const struct sip_flow *, struct slice, struct buf *) =
        is_secure ? sip_agent_print_secure_contact : sip_agent_print_contact;
    print(s->agent, flow, sip_session_contact_user(s), &contact);
    if (contact.overflow) {
        buf_reset(&contact);
        print(s->agent, flow, SLICE_NONE, &contact);
    }
    out->list[0] = (struct sip_field){ SLICE("Contact"), buf_slice(&contact) };
    out->list[1] = (struct sip_field){ SLICE("Allow"), slice_of(s->agent->allow) };
    out->list[2] = (struct sip_field){ SLICE("Supported"), SLICE(SIP_SUPPORTED) };
    out->n = 3;
    for (size_t i = 0; i < n_fields && out->n < SIP_SESSION_FIELDS_MAX; i++)
        out->list[out->n++] = fields[i];
}

/* What each method in a dialog does; any other is for the owner. */
static void take_bye(struct sip_session *s, struct sip_txn *txn)
{
    char text[SIP_CAUSE_TEXT];
    const struct sip_session_events *events = s->events;
    struct sip_outcome outcome = {
        .status = 200, .text = "", .msg = sip_txn_msg(txn), .flow = sip_txn_flow(txn)
    };
    sip_cause_read(outcome.msg, &outcome, text);
    bool was_up = s->state == SIP_SESSION_UP || s->state == SIP_SESSION_ACCEPTED;
    bool is_live = was_up || s->state == SIP_SESSION_INCOMING;
    bool crosses = s->state == SIP_SESSION_DONE; /* ours is on its way to them */
    sip_txn_reply_status(txn, is_live || crosses ? 200 : 481);
    if (!is_live)
        return;
    sip_session_reject_incoming(s, 487); /* RFC 3261 §15.1.2 */
    sip_session_forget_ack(s);
    sip_session_finish(s);
    if (was_up && events && events->on_bye)
        events->on_bye(s->owner, s, &outcome);
    else if (!was_up && events && events->on_cancelled)
        events->on_cancelled(s->owner, s, &outcome);
    sip_session_settle(s);
}

static void take_other(struct sip_session *s, struct sip_txn *txn)
{
    enum sip_method method = sip_msg_method(sip_txn_msg(txn));
    bool harmless = method == SIP_OPTIONS;
    if (s->state == SIP_SESSION_DONE)
        sip_txn_reply_status(txn, 481);
    else if (sip_refer_take(s, txn))
        return;
    else if (s->events && s->events->on_request)
        s->events->on_request(s->owner, s, txn);
    else
        sip_txn_reply_status(txn, harmless ? 200 : 405);
}

/* A refresh of target and timer, no offer (RFC 3311 §5.2, RFC 4028 §7.4) */
static void take_refresh(struct sip_session *s, struct sip_fork *fork, struct sip_txn *txn)
{
    struct sip_session_fields extra;
    struct sip_reply reply = { .status = 200, .fields = extra.list };
    if (s->state == SIP_SESSION_DONE) {
        sip_txn_reply_status(txn, 481);
        return;
    }
    if (sip_session_timer_refuses(s, txn))
        return;
    sip_dialog_refresh(&fork->dialog, sip_txn_msg(txn), sip_txn_flow(txn));
    sip_session_fields(s, sip_txn_flow(txn), NULL, 0, &extra);
    if (s->state == SIP_SESSION_UP || s->state == SIP_SESSION_ACCEPTED)
        sip_session_timer_answer(s, sip_txn_msg(txn), &extra);
    reply.n_fields = extra.n;
    sip_txn_reply(txn, &reply);
}

static void take_update(struct sip_session *s, struct sip_txn *txn)
{
    struct sip_fork *fork = sip_session_find_fork(s, sip_txn_msg(txn));
    bool is_early = s->state == SIP_SESSION_PROCEEDING || s->state == SIP_SESSION_INCOMING;
    if (sip_msg_body(sip_txn_msg(txn)).len == 0)
        take_refresh(s, fork, txn);
    else if (is_early)
        sip_session_take_early_offer(s, fork, txn);
    else
        sip_session_take_offer(s, txn);
}

static const struct {
    enum sip_method method;
    void (*take)(struct sip_session *session, struct sip_txn *txn);
} methods[] = {
    { SIP_BYE, take_bye },
    { SIP_INVITE, sip_session_take_offer },
    { SIP_PRACK, sip_rel_take_prack },
    { SIP_UPDATE, take_update },
};

struct sip_fork *sip_session_find_fork(struct sip_session *s, const struct sip_msg *request)
{
    for (size_t i = 0; i < s->n_forks; i++)
        if (sip_dialog_has(&s->forks[i]->dialog, request))
            return s->forks[i];
    return NULL;
}

void sip_session_take_request(struct sip_session *s, struct sip_txn *txn)
{
    struct sip_msg *request = sip_txn_msg(txn);
    struct sip_fork *fork = sip_session_find_fork(s, request);
    if (!fork || (s->fork && fork != s->fork)) {
        sip_txn_reply_status(txn, 481);
        return;
    }
    if (sip_dialog_take_request(&fork->dialog, request, sip_txn_flow(txn))) {
        sip_txn_reply_status(txn, 500); /* §12.2.2: its CSeq is not higher than the last */
        return;
    }
    s->flow = *sip_txn_flow(txn);
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (methods[i].method == sip_msg_method(request)) {
            methods[i].take(s, txn);
            return;
        }
    take_other(s, txn);
}

enum err sip_session_answer(struct sip_session *s, const struct sip_reply *reply)
{
    struct sip_reply ok = *reply;
    ok.status = reply->status ? reply->status : 200;
    if ((!s->incoming && !s->update) || ok.status < 200 || ok.status > 299)
        return ERR_MISUSE;
    if (s->state != SIP_SESSION_INCOMING || s->update)
        return sip_session_answer_offer(s, &ok);
    sip_rel_say(s, &ok);
    return OK;
}

enum err sip_session_reject(struct sip_session *s, const struct sip_reply *reply)
{
    if ((!s->incoming && !s->update) || reply->status < 300 || reply->status > 699)
        return ERR_MISUSE;
    if (s->state != SIP_SESSION_INCOMING || s->update)
        return sip_session_answer_offer(s, reply);
    sip_session_send_reply(s, reply);
    return OK;
}

enum err sip_session_request(struct sip_session *s, struct slice method,
                             const struct sip_field *fields, size_t n_fields,
                             const struct sip_body *body, sip_outcome_fn fn, void *owner)
{
    if (s->state != SIP_SESSION_UP && s->state != SIP_SESSION_ACCEPTED)
        return ERR_MISUSE;
    return sip_errand_create(s, s->fork, method, fields, n_fields, body, fn, owner);
}

enum sip_session_state sip_session_state(const struct sip_session *s)
{
    return s->state;
}

struct slice sip_session_call_id(const struct sip_session *s)
{
    return slice_of(s->call_id);
}

struct slice sip_session_local_tag(const struct sip_session *s)
{
    return slice_of(s->local_tag);
}

struct slice sip_session_remote_tag(const struct sip_session *s)
{
    return s->fork ? slice_of(s->fork->dialog.remote_tag) : SLICE_NONE;
}

struct sip_msg *sip_session_invite_msg(const struct sip_session *s)
{
    return s->invite;
}

const struct sip_flow *sip_session_flow(const struct sip_session *s)
{
    return &s->flow;
}

struct addr sip_session_remote(const struct sip_session *s)
{
    if (!s->fork)
        return s->is_uac ? s->hop.addr : s->flow.remote;
    return sip_dialog_hop(&s->fork->dialog).addr;
}

struct slice sip_session_target(const struct sip_session *s)
{
    return s->fork ? slice_of(s->fork->dialog.target) : SLICE_NONE;
}

struct sip_session *sip_session_replaced(const struct sip_session *s)
{
    return s->replaces_tag ? map_find(s->agent->by_tag, slice_of(s->replaces_tag)) : NULL;
}

/* RFC 3891 §3: the tags as the one who is asked to replace sees them: to-tag is its own */
void sip_session_print_replaces(const struct sip_session *s, struct buf *out)
{
    struct sip_replaces replaces = { .call_id = sip_session_call_id(s),
                                     .to_tag = sip_session_remote_tag(s),
                                     .from_tag = sip_session_local_tag(s) };
    if (s->fork)
        sip_replaces_print(&replaces, out);
}

void sip_session_note_body(struct sip_session *s, const struct sip_body *body)
{
    if (!body->bytes.len)
        return;
    struct sip_body copy = sip_body_copy(body);
    sip_body_clear(&s->said);
    s->said = copy;
}

void sip_session_learn(struct sip_session *s, const struct sip_msg *msg)
{
    if (sip_msg_count(msg, SIP_H_ALLOW))
        s->peer_updates = sip_msg_lists(msg, SIP_H_ALLOW, "UPDATE");
    if (sip_msg_count(msg, SIP_H_SUPPORTED) || sip_msg_lists(msg, SIP_H_REQUIRE, "timer"))
        s->timer.peer_knows = sip_msg_lists(msg, SIP_H_SUPPORTED, "timer") ||
                              sip_msg_lists(msg, SIP_H_REQUIRE, "timer");
}

void *sip_session_owner(const struct sip_session *s, const struct sip_session_events *events)
{
    return s->events == events ? s->owner : NULL;
}

bool sip_session_is_uac(const struct sip_session *s)
{
    return s->is_uac;
}
