/* Their INVITE: provisional answers, the final one, the 2xx until its ACK (RFC 3261 §13.3). */
#include "base/num.h"
#include "sip_cause.h"
#include "sip_session_priv.h"

static void on_ringing(void *owner)
{
    struct sip_session *s = owner;
    if (!s->incoming)
        return;
    sip_txn_repeat(s->incoming);
    loop_timer_start(s->agent->loop, &s->repeat, SIP_SESSION_RINGING_MS, on_ringing, s);
}

static void let_go(struct sip_session *s)
{
    if (s->incoming)
        sip_txn_watch(s->incoming, NULL, NULL);
    s->incoming = NULL;
}

static void on_cancel(void *owner, struct sip_msg *cancel)
{
    struct sip_session *s = owner;
    const struct sip_session_events *events = s->events;
    char text[SIP_CAUSE_TEXT];
    struct sip_outcome outcome = { .status = 200, .text = "", .msg = cancel };
    sip_cause_read(cancel, &outcome, text);
    bool is_first = s->state == SIP_SESSION_INCOMING;
    sip_session_reject_incoming(s, 487);
    if (!is_first) { /* of a re-INVITE: the call goes on as it was */
        if (events && events->on_withdrawn)
            events->on_withdrawn(s->owner, s);
        return;
    }
    sip_session_finish(s);
    if (events && events->on_cancelled)
        events->on_cancelled(s->owner, s, &outcome);
    sip_session_settle(s);
}

static void on_incoming_gone(void *owner)
{
    struct sip_session *s = owner;
    s->incoming = NULL;
}

const struct sip_txn_events sip_session_incoming_events = {
    .on_cancel = on_cancel,
    .on_gone = on_incoming_gone,
};

static void on_accepted_cancel(void *owner, struct sip_msg *cancel)
{
    (void)owner;
    (void)cancel; /* too late: the answer is out, a BYE has to follow */
}

static void on_accepted_gone(void *owner)
{
    struct sip_session *s = owner;
    s->accepted = NULL;
}

static const struct sip_txn_events accepted_events = {
    .on_cancel = on_accepted_cancel,
    .on_gone = on_accepted_gone,
};

/* What refuses an INVITE before its owner sees it; the answer is sent then. */
static bool refuses_invite(struct sip_session *s, struct sip_txn *txn)
{
    int status = sip_session_take_replaces(s);
    if (sip_dialog_init_uas(&s->fork->dialog, s->invite, slice_of(s->local_tag), &s->flow))
        status = 400;
    if (status) {
        sip_session_reject_incoming(s, status);
        return true;
    }
    if (!sip_session_timer_refuses(s, txn))
        return false;
    let_go(s);
    return true;
}

static void refuse_busy(struct sip_agent *agent, struct sip_txn *txn)
{
    char seconds[16];
    struct buf text = BUF_ON(seconds);
    buf_printf(&text, "%d", SIP_RETRY_AFTER_S);
    struct sip_field retry = { SLICE("Retry-After"), buf_slice(&text) };
    struct sip_reply reply = { .status = 503, .fields = &retry, .n_fields = 1 };
    agent->stats.overload++;
    sip_txn_reply(txn, &reply);
}

void sip_session_create_incoming(struct sip_agent *agent, struct sip_txn *txn)
{
    if (agent->stats.sessions >= agent->max_sessions) {
        refuse_busy(agent, txn);
        return;
    }
    struct sip_session *s = sip_session_alloc(agent, false);
    static const struct sip_account nobody;
    s->invite = sip_msg_ref(sip_txn_msg(txn));
    s->flow = *sip_txn_flow(txn);
    s->call_id = slice_dup(sip_msg_call_id(s->invite));
    s->login = sip_login_create(&nobody);
    (void)slice_copy(sip_txn_tag(txn), s->local_tag, sizeof s->local_tag);
    map_put(agent->by_tag, slice_of(s->local_tag), s);
    s->fork = sip_session_add_fork(s);
    s->incoming = txn;
    sip_txn_watch(txn, &sip_session_incoming_events, s);
    if (refuses_invite(s, txn)) {
        s->detached = true;
        sip_session_free(s);
        return;
    }
    s->rel.is_required = sip_msg_lists(s->invite, SIP_H_REQUIRE, "100rel");
    sip_txn_reply_status(txn, 100);
    if (agent->events->on_invite)
        agent->events->on_invite(agent->owner, s, s->invite);
    if (s->events || s->detached || s->state != SIP_SESSION_INCOMING)
        return;
    s->detached = true;
    sip_session_drop_call(s, SLICE_NONE);
    sip_session_settle(s);
}

static void send_provisional(struct sip_session *s, const struct sip_reply *reply)
{
    sip_txn_reply(s->incoming, reply);
    if (!s->rel.is_required)
        loop_timer_start(s->agent->loop, &s->repeat, SIP_SESSION_RINGING_MS, on_ringing, s);
}

void sip_session_send_reply(struct sip_session *s, const struct sip_reply *reply)
{
    struct sip_txn *txn = s->incoming;
    struct sip_session_fields extra;
    struct sip_reply full = *reply;
    if (reply->status >= 300) {
        let_go(s);
        sip_txn_reply(txn, reply);
        sip_session_finish(s);
        sip_session_settle(s);
        return;
    }
    sip_session_fields(s, sip_txn_flow(txn), reply->fields, reply->n_fields, &extra);
    sip_session_note_body(s, &reply->body);
    if (reply->status >= 200)
        sip_session_timer_answer(s, s->invite, &extra);
    full.fields = extra.list;
    full.n_fields = extra.n;
    if (reply->status < 200) {
        send_provisional(s, &full);
        return;
    }
    let_go(s);
    sip_session_set_state(s, SIP_SESSION_ACCEPTED);
    sip_session_expect_ack(s, txn);
    sip_txn_reply(txn, &full);
}

enum err sip_session_progress(struct sip_session *s, const struct sip_reply *reply)
{
    if (s->state != SIP_SESSION_INCOMING || reply->status < 101 || reply->status > 199)
        return ERR_MISUSE;
    sip_rel_say(s, reply);
    return OK;
}

void sip_session_reject_incoming(struct sip_session *s, int status)
{
    struct sip_txn *txn = s->incoming;
    if (!txn)
        return;
    let_go(s);
    sip_txn_reply_status(txn, status);
}

void sip_session_reject_update(struct sip_session *s)
{
    struct sip_txn *txn = s->update;
    if (!txn)
        return;
    s->update = NULL;
    sip_txn_watch(txn, NULL, NULL);
    sip_txn_reply_status(txn, 487);
}

static void on_repeat(void *owner)
{
    struct sip_session *s = owner;
    if (!s->accepted)
        return;
    sip_txn_repeat(s->accepted);
    s->repeat_ms = num_min(s->repeat_ms * 2, SIP_T2_MS);
    loop_timer_start(s->agent->loop, &s->repeat, s->repeat_ms, on_repeat, s);
}

static void on_no_ack(void *owner)
{
    struct sip_session *s = owner;
    bool quiet = s->bye_wanted;
    sip_session_forget_ack(s);
    if (quiet) {
        s->bye_wanted = false;
        sip_session_say_bye(s, s->fork, slice_of(s->reason));
        sip_session_finish(s);
        sip_session_settle(s);
        return;
    }
    sip_session_end_by(s, ERR_TIMEOUT, 408, "the far end never acknowledged our answer");
}

void sip_session_expect_ack(struct sip_session *s, struct sip_txn *txn)
{
    struct loop *loop = s->agent->loop;
    sip_session_forget_ack(s);
    s->accepted = txn;
    s->accepted_cseq = sip_msg_cseq(sip_txn_msg(txn))->number;
    sip_txn_watch(txn, &accepted_events, s);
    s->repeat_ms = SIP_T1_MS;
    loop_timer_start(loop, &s->repeat, s->repeat_ms, on_repeat, s);
    loop_timer_start(loop, &s->no_ack, SIP_SESSION_GIVE_UP_MS, on_no_ack, s);
}

void sip_session_forget_ack(struct sip_session *s)
{
    loop_timer_stop(s->agent->loop, &s->repeat);
    loop_timer_stop(s->agent->loop, &s->no_ack);
    if (s->accepted)
        sip_txn_watch(s->accepted, NULL, NULL);
    s->accepted = NULL;
}

void sip_session_take_ack(struct sip_session *s, struct sip_msg *ack, const struct sip_flow *flow)
{
    if (!timer_is_running(&s->no_ack) || !s->fork || !sip_dialog_has(&s->fork->dialog, ack) ||
        sip_msg_cseq(ack)->number != s->accepted_cseq)
        return; /* a repetition */
    sip_session_forget_ack(s);
    s->flow = *flow;
    if (s->bye_wanted) {
        s->bye_wanted = false;
        sip_session_say_bye(s, s->fork, slice_of(s->reason));
        sip_session_finish(s);
        sip_session_settle(s);
        return;
    }
    if (s->state == SIP_SESSION_ACCEPTED)
        sip_session_set_state(s, SIP_SESSION_UP);
    if (s->events && s->events->on_ack)
        s->events->on_ack(s->owner, s, ack);
}

void sip_session_clear_uas(struct sip_session *s)
{
    sip_session_forget_ack(s);
    let_go(s);
    if (s->update)
        sip_txn_watch(s->update, NULL, NULL);
    s->update = NULL;
}
