/* A new offer inside a call: re-INVITE and UPDATE from the far end, our own ones, and the two
 * meeting (RFC 3261 §14, RFC 3311 §5.2). */
#include "base/rand.h"
#include "sip_field.h"
#include "sip_session_priv.h"

static bool is_in_call(const struct sip_session *s)
{
    return s->state == SIP_SESSION_UP || s->state == SIP_SESSION_ACCEPTED;
}

static void reply_retry_after(struct sip_txn *txn)
{
    char seconds[16];
    struct buf text = BUF_ON(seconds);
    buf_printf(&text, "%u", rand_u32() % 11); /* 0 to 10: §14.2 */
    struct sip_field field = { SLICE("Retry-After"), buf_slice(&text) };
    struct sip_reply reply = { .status = 500, .fields = &field, .n_fields = 1 };
    sip_txn_reply(txn, &reply);
}

/* True when the offer cannot be taken now; it was answered then. */
static bool refuses_offer(struct sip_session *s, struct sip_txn *txn)
{
    if (s->reoffer.state == SIP_REOFFER_OUT && s->reoffer.body.bytes.len) {
        sip_txn_reply_status(txn, 491);
        return true;
    }
    if (!s->events || !s->events->on_reinvite) {
        sip_txn_reply_status(txn, 488);
        return true;
    }
    return sip_session_timer_refuses(s, txn);
}

void sip_session_take_offer(struct sip_session *s, struct sip_txn *txn)
{
    struct sip_msg *request = sip_txn_msg(txn);
    if (s->state == SIP_SESSION_DONE) {
        sip_txn_reply_status(txn, 481);
        return;
    }
    if (!is_in_call(s) || s->incoming) {
        reply_retry_after(txn);
        return;
    }
    if (refuses_offer(s, txn))
        return;
    s->incoming = txn;
    sip_txn_watch(txn, &sip_session_incoming_events, s);
    if (sip_msg_method(request) == SIP_INVITE)
        sip_txn_reply_status(txn, 100);
    s->events->on_reinvite(s->owner, s, request);
}

static void on_update_cancel(void *owner, struct sip_msg *cancel)
{
    (void)owner;
    (void)cancel; /* §9.1: only INVITE is cancelled */
}

static void on_update_gone(void *owner)
{
    struct sip_session *s = owner;
    s->update = NULL;
}

static const struct sip_txn_events update_events = {
    .on_cancel = on_update_cancel,
    .on_gone = on_update_gone,
};

/* RFC 3311 §5.2: before the first offer is answered there is nothing to change */
void sip_session_take_early_offer(struct sip_session *s, struct sip_fork *fork, struct sip_txn *txn)
{
    if (!fork->has_agreed || s->update) {
        reply_retry_after(txn);
        return;
    }
    if (refuses_offer(s, txn))
        return;
    s->update = txn;
    s->update_fork = fork;
    sip_txn_watch(txn, &update_events, s);
    s->events->on_reinvite(s->owner, s, sip_txn_msg(txn));
}

enum err sip_session_answer_offer(struct sip_session *s, const struct sip_reply *reply)
{
    bool is_early = s->update != NULL;
    struct sip_txn *txn = is_early ? s->update : s->incoming;
    struct sip_fork *fork = is_early ? s->update_fork : s->fork;
    struct sip_session_fields extra;
    struct sip_reply full = *reply;
    if (is_early)
        s->update = NULL;
    else
        s->incoming = NULL;
    sip_txn_watch(txn, NULL, NULL);
    if (reply->status < 300) { /* a refused one refreshes no target: RFC 6141 §4 */
        sip_dialog_refresh(&fork->dialog, sip_txn_msg(txn), sip_txn_flow(txn));
        sip_session_note_body(s, &reply->body);
        sip_session_fields(s, sip_txn_flow(txn), reply->fields, reply->n_fields, &extra);
        if (!is_early)
            sip_session_timer_answer(s, sip_txn_msg(txn), &extra);
        full.fields = extra.list;
        full.n_fields = extra.n;
        if (sip_msg_method(sip_txn_msg(txn)) == SIP_INVITE)
            sip_session_expect_ack(s, txn);
    }
    sip_txn_reply(txn, &full);
    return OK;
}

/* ---- ours ---- */

static void on_build(void *owner, struct sip_build *b, const struct sip_flow *flow)
{
    struct sip_session *s = owner;
    struct sip_reoffer *r = &s->reoffer;
    struct sip_session_fields extra;
    sip_dialog_write(&r->fork->dialog, b, ++r->fork->dialog.local_cseq,
                     slice_of(sip_method_name(r->method)));
    sip_session_fields(s, flow, NULL, 0, &extra);
    if (is_in_call(s))
        sip_session_timer_ask(s, &extra);
    sip_fields_write(b, extra.list, extra.n);
}

static void on_glare(void *owner);

static bool waits_for_glare(struct sip_session *s, unsigned status)
{
    if (status != 491 || s->reoffer.glares == SIP_SESSION_GLARES_MAX)
        return false;
    s->reoffer.glares++;
    /* §14.1: who made the Call-ID waits 2.1 to 4 s, the other at most 2 s, in units of 10 ms */
    int64_t wait_ms = s->is_uac ? 2100 + 10 * (rand_u32() % 191) : 10 * (rand_u32() % 201);
    s->reoffer.state = SIP_REOFFER_WAITS;
    loop_timer_start(s->agent->loop, &s->reoffer.glare, wait_ms, on_glare, s);
    return true;
}

/* The refresh is over: what the owner wanted meanwhile goes now. */
static void send_next(struct sip_session *s)
{
    struct sip_reoffer *r = &s->reoffer;
    if (!r->has_next)
        return;
    r->has_next = false;
    sip_body_clear(&r->body);
    r->body = r->next_body;
    r->next_body = (struct sip_body){ 0 };
    r->method = r->next;
    r->is_refresh = false;
    r->state = SIP_REOFFER_WAITS;
    loop_timer_start(s->agent->loop, &r->glare, 0, on_glare, s);
}

static void report(struct sip_session *s, const struct sip_outcome *outcome)
{
    const struct sip_session_events *events = s->events;
    bool is_refresh = s->reoffer.is_refresh;
    loop_timer_stop(s->agent->loop, &s->reoffer.give_up);
    s->reoffer.state = SIP_REOFFER_NONE;
    if (outcome->status < 300) {
        sip_session_note_body(s, &s->reoffer.body);
        if (is_in_call(s))
            sip_session_timer_take(s, outcome->msg);
    } else if (is_refresh) {
        sip_session_timer_refused(s, outcome);
    }
    if (is_refresh)
        send_next(s);
    else if (events && events->on_reoffer)
        events->on_reoffer(s->owner, s, outcome);
}

static void take_invite_answer(struct sip_session *s, struct sip_fork *fork,
                               const struct sip_outcome *outcome)
{
    struct sip_msg *invite = sip_exchange_request(s->reoffer.exchange);
    uint32_t cseq = sip_msg_cseq(invite)->number;
    sip_body_clear(&s->ack_body);
    if (s->reoffer.body.type.len)
        sip_session_send_ack(s, fork, invite, NULL);
    sip_msg_ref(invite); /* the owner may end the call inside */
    report(s, outcome);
    if (!s->unlinked && fork->ack_cseq != cseq) {
        sip_session_send_ack(s, fork, invite, &s->ack_body);
        sip_session_note_body(s, &s->ack_body);
    }
    sip_msg_unref(invite);
}

static void take_answer(struct sip_session *s, struct sip_msg *response,
                        const struct sip_flow *flow)
{
    char text[SIP_OUTCOME_TEXT];
    struct sip_fork *fork = s->reoffer.fork;
    struct sip_outcome outcome = sip_exchange_outcome(s->reoffer.exchange, response, flow, text);
    if (s->reoffer.state != SIP_REOFFER_OUT) { /* it came again */
        struct slice bytes = { fork->ack, fork->ack_len };
        if (bytes.len && fork->ack_cseq == sip_msg_cseq(response)->number)
            (void)!sip_transport_send(s->agent->transport, &fork->ack_flow, bytes, true);
        return;
    }
    sip_dialog_refresh(&fork->dialog, response, flow);
    if (s->reoffer.method == SIP_INVITE)
        take_invite_answer(s, fork, &outcome);
    else
        report(s, &outcome);
}

static void send_again(struct sip_session *s)
{
    enum err err = sip_exchange_again(s->reoffer.exchange);
    struct sip_outcome outcome = { .status = 503, .err = err, .text = "cannot send it again" };
    if (err)
        report(s, &outcome);
}

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_session *s = owner;
    char text[SIP_OUTCOME_TEXT];
    unsigned status = sip_msg_status(response);
    s->flow = *flow;
    if (status < 200)
        return;
    if (status < 300) {
        take_answer(s, response, flow);
        return;
    }
    if (sip_session_timer_retries(s, response)) {
        send_again(s);
        return;
    }
    if (waits_for_glare(s, status))
        return;
    struct sip_outcome outcome = sip_exchange_outcome(s->reoffer.exchange, response, flow, text);
    if (s->reoffer.cancelled_as)
        outcome.status = s->reoffer.cancelled_as;
    if (s->reoffer.cancelled_as == 408) {
        outcome.err = ERR_TIMEOUT;
        outcome.text = "the far end did not answer the new offer in time";
    }
    bool is_gone = status == 481 || status == 408; /* §12.2.1.2: the dialog is gone over there */
    report(s, &outcome);
    if (is_gone && is_in_call(s))
        sip_session_end_by(s, ERR_CLOSED, (int)status,
                           "the far end does not know the call any more");
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    struct sip_session *s = owner;
    /* a refresh by a connection that broke may come through by the next one */
    bool may_recover = s->reoffer.is_refresh && outcome->err != ERR_TIMEOUT;
    report(s, outcome);
    if (!may_recover && is_in_call(s))
        sip_session_end_by(s, outcome->err, outcome->status, outcome->text);
}

static const struct sip_exchange_events events = {
    .on_build = on_build,
    .on_response = on_response,
    .on_failed = on_failed,
};

static void on_give_up(void *owner);

static bool cancel_offer(struct sip_session *s, int status)
{
    struct sip_reoffer *r = &s->reoffer;
    if (r->cancelled_as || sip_exchange_cancel(r->exchange, SLICE_NONE))
        return false;
    r->cancelled_as = status;
    loop_timer_start(s->agent->loop, &r->give_up, SIP_SESSION_GIVE_UP_MS, on_give_up, s);
    return true;
}

/* A provisional answer stopped timer B: nothing else would end a re-INVITE that nobody answers. It
 * is cancelled, and when not even that is answered the far end is gone. */
static void on_give_up(void *owner)
{
    struct sip_session *s = owner;
    struct sip_reoffer *r = &s->reoffer;
    struct sip_outcome outcome = { .status = 408,
                                   .err = ERR_TIMEOUT,
                                   .text = "the far end did not answer the new offer in time" };
    if (cancel_offer(s, 408))
        return;
    sip_exchange_destroy(r->exchange);
    r->exchange = NULL;
    report(s, &outcome);
    sip_session_end_by(s, ERR_TIMEOUT, 408, outcome.text);
}

static enum err send_offer(struct sip_session *s)
{
    struct sip_reoffer *r = &s->reoffer;
    struct sip_exchange_config config = { .method = slice_of(sip_method_name(r->method)),
                                          .uri = sip_dialog_uri(&r->fork->dialog),
                                          .hop = sip_session_hop(s, r->fork),
                                          .login = s->login,
                                          .body = r->body };
    sip_exchange_destroy(r->exchange);
    r->exchange = NULL;
    r->cancelled_as = 0;
    enum err err = sip_exchange_create(&r->exchange, s->agent, &config, &events, s);
    r->state = err ? SIP_REOFFER_NONE : SIP_REOFFER_OUT;
    if (!err && r->method == SIP_INVITE) /* later than timer B, which tells more */
        loop_timer_start(s->agent->loop, &r->give_up, SIP_SESSION_GIVE_UP_MS + SIP_T1_MS,
                         on_give_up, s);
    return err;
}

static void on_glare(void *owner)
{
    struct sip_session *s = owner;
    if (s->incoming || s->accepted || s->update) { /* theirs came meanwhile: it goes first */
        loop_timer_start(s->agent->loop, &s->reoffer.glare, SIP_T1_MS, on_glare, s);
        return;
    }
    enum err err = send_offer(s);
    struct sip_outcome outcome = { .status = 503, .err = err, .text = "cannot send a new offer" };
    if (err)
        report(s, &outcome);
}

static enum err start_offer(struct sip_session *s, struct sip_fork *fork, enum sip_method method,
                            const struct sip_body *body, bool is_refresh)
{
    struct sip_body copy = sip_body_copy(body); /* it may be the one that is cleared */
    sip_body_clear(&s->reoffer.body);
    s->reoffer.body = copy;
    s->reoffer.method = method;
    s->reoffer.is_refresh = is_refresh;
    s->reoffer.fork = fork;
    s->reoffer.glares = 0;
    return send_offer(s);
}

enum err sip_session_send_refresh(struct sip_session *s, enum sip_method method,
                                  const struct sip_body *body)
{
    if (s->incoming || s->accepted || s->reoffer.state != SIP_REOFFER_NONE)
        return ERR_AGAIN;
    return start_offer(s, s->fork, method, body, true);
}

/* In the call: also what has to wait until a refresh of ours is over. */
static enum err offer_in_call(struct sip_session *s, enum sip_method method,
                              const struct sip_body *body)
{
    struct sip_reoffer *r = &s->reoffer;
    if (s->state == SIP_SESSION_ACCEPTED || s->incoming || s->accepted || r->has_next)
        return ERR_AGAIN;
    if (r->state != SIP_REOFFER_NONE && !r->is_refresh)
        return ERR_AGAIN;
    if (r->state == SIP_REOFFER_NONE)
        return start_offer(s, s->fork, method, body, false);
    r->has_next = true;
    r->next = method;
    r->next_body = sip_body_copy(body);
    return OK;
}

enum err sip_session_reoffer(struct sip_session *s, const struct sip_body *body)
{
    return is_in_call(s) ? offer_in_call(s, SIP_INVITE, body) : ERR_MISUSE;
}

void sip_session_cancel_reoffer(struct sip_session *s)
{
    const struct sip_reoffer *r = &s->reoffer;
    if (r->state == SIP_REOFFER_OUT && r->method == SIP_INVITE && !r->is_refresh)
        (void)cancel_offer(s, 487);
}

/* The early dialog that an UPDATE goes to: ours as the called one, or the fork that told last. */
static struct sip_fork *early_fork(struct sip_session *s)
{
    if (s->state == SIP_SESSION_INCOMING)
        return s->fork;
    for (size_t i = s->n_forks; s->state == SIP_SESSION_PROCEEDING && i-- > 0;)
        if (s->forks[i]->dialog.call_id && s->forks[i]->has_agreed)
            return s->forks[i];
    return NULL;
}

enum err sip_session_update(struct sip_session *s, const struct sip_body *body)
{
    bool is_up = is_in_call(s);
    struct sip_fork *fork = is_up ? s->fork : early_fork(s);
    if (!fork)
        return ERR_MISUSE;
    if (!s->peer_updates)
        return ERR_UNSUPPORTED;
    if (is_up)
        return offer_in_call(s, SIP_UPDATE, body);
    if (!fork->has_agreed)
        return ERR_MISUSE;
    if (s->update || s->reoffer.state != SIP_REOFFER_NONE)
        return ERR_AGAIN;
    return start_offer(s, fork, SIP_UPDATE, body, false);
}

void sip_session_clear_offer(struct sip_session *s)
{
    struct sip_reoffer *r = &s->reoffer;
    loop_timer_stop(s->agent->loop, &r->glare);
    loop_timer_stop(s->agent->loop, &r->give_up);
    sip_exchange_destroy(r->exchange);
    r->exchange = NULL;
    r->state = SIP_REOFFER_NONE;
    r->has_next = false;
    sip_body_clear(&r->body);
    sip_body_clear(&r->next_body);
}
