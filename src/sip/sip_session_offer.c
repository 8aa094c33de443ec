/* A new offer inside a call: re-INVITE and UPDATE from the far end, our own re-INVITE, and the two
 * meeting (RFC 3261 §14, RFC 3311 §5.2). */
#include "base/rand.h"
#include "sip_field.h"
#include "sip_session_priv.h"

static void reply_retry_after(struct sip_txn *txn)
{
    char seconds[16];
    struct buf text = BUF_ON(seconds);
    buf_printf(&text, "%u", rand_u32() % 11); /* 0 to 10: §14.2 */
    struct sip_field field = { SLICE("Retry-After"), buf_slice(&text) };
    struct sip_reply reply = { .status = 500, .fields = &field, .n_fields = 1 };
    sip_txn_reply(txn, &reply);
}

void sip_session_take_offer(struct sip_session *s, struct sip_txn *txn)
{
    struct sip_msg *request = sip_txn_msg(txn);
    bool is_up = s->state == SIP_SESSION_UP || s->state == SIP_SESSION_ACCEPTED;
    if (s->state == SIP_SESSION_DONE) {
        sip_txn_reply_status(txn, 481);
        return;
    }
    if (!is_up || s->incoming) {
        reply_retry_after(txn);
        return;
    }
    if (s->reoffer_state == SIP_REOFFER_OUT) {
        sip_txn_reply_status(txn, 491);
        return;
    }
    if (!s->events || !s->events->on_reinvite) {
        sip_txn_reply_status(txn, 488);
        return;
    }
    s->incoming = txn;
    sip_txn_watch(txn, &sip_session_incoming_events, s);
    if (sip_msg_method(request) == SIP_INVITE)
        sip_txn_reply_status(txn, 100);
    s->events->on_reinvite(s->owner, s, request);
}

enum err sip_session_answer_offer(struct sip_session *s, const struct sip_reply *reply)
{
    struct sip_txn *txn = s->incoming;
    struct sip_session_fields extra;
    struct sip_reply full = *reply;
    s->incoming = NULL;
    sip_txn_watch(txn, NULL, NULL);
    if (reply->status < 300) { /* a refused one refreshes no target: RFC 6141 §4 */
        sip_dialog_refresh(&s->fork->dialog, sip_txn_msg(txn), sip_txn_flow(txn));
        sip_session_fields(s, sip_txn_flow(txn), reply->fields, reply->n_fields, &extra);
        full.fields = extra.list;
        full.n_fields = extra.n;
        if (sip_msg_method(sip_txn_msg(txn)) == SIP_INVITE)
            sip_session_expect_ack(s, txn);
    }
    sip_txn_reply(txn, &full);
    return OK;
}

static void on_build(void *owner, struct sip_build *b, const struct sip_flow *flow)
{
    struct sip_session *s = owner;
    struct sip_session_fields extra;
    sip_dialog_write(&s->fork->dialog, b, ++s->fork->dialog.local_cseq, SLICE("INVITE"));
    sip_session_fields(s, flow, NULL, 0, &extra);
    sip_fields_write(b, extra.list, extra.n);
}

static void on_glare(void *owner);

static bool waits_for_glare(struct sip_session *s, unsigned status)
{
    if (status != 491 || s->glares == SIP_SESSION_GLARES_MAX)
        return false;
    s->glares++;
    /* §14.1: who made the Call-ID waits 2.1 to 4 s, the other at most 2 s, in units of 10 ms */
    int64_t wait_ms = s->is_uac ? 2100 + 10 * (rand_u32() % 191) : 10 * (rand_u32() % 201);
    s->reoffer_state = SIP_REOFFER_WAITS;
    loop_timer_start(s->agent->loop, &s->glare, wait_ms, on_glare, s);
    return true;
}

static void report(struct sip_session *s, const struct sip_outcome *outcome)
{
    const struct sip_session_events *events = s->events;
    s->reoffer_state = SIP_REOFFER_NONE;
    if (events && events->on_reoffer)
        events->on_reoffer(s->owner, s, outcome);
}

static void take_answer(struct sip_session *s, struct sip_msg *response,
                        const struct sip_flow *flow)
{
    char text[SIP_OUTCOME_TEXT];
    struct sip_fork *fork = s->fork;
    uint32_t cseq = sip_msg_cseq(response)->number;
    struct sip_msg *invite = sip_exchange_request(s->reoffering);
    bool is_repeated = s->reoffer_state != SIP_REOFFER_OUT;
    struct sip_outcome outcome = sip_exchange_outcome(s->reoffering, response, flow, text);
    if (is_repeated) {
        struct slice bytes = { fork->ack, fork->ack_len };
        if (bytes.len && fork->ack_cseq == cseq)
            (void)!sip_transport_send(s->agent->transport, &fork->ack_flow, bytes, true);
        return;
    }
    sip_dialog_refresh(&fork->dialog, response, flow);
    sip_body_clear(&s->ack_body);
    if (s->reoffer.type.len)
        sip_session_send_ack(s, fork, invite, NULL);
    sip_msg_ref(invite); /* the owner may end the call inside */
    report(s, &outcome);
    if (!s->unlinked && fork->ack_cseq != cseq)
        sip_session_send_ack(s, fork, invite, &s->ack_body);
    sip_msg_unref(invite);
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
    if (waits_for_glare(s, status))
        return;
    struct sip_outcome outcome = sip_exchange_outcome(s->reoffering, response, flow, text);
    report(s, &outcome);
    if (status == 481 || status == 408) /* §12.2.1.2: the dialog is gone over there */
        sip_session_end_by(s, ERR_CLOSED, (int)status,
                           "the far end does not know the call any more");
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    struct sip_session *s = owner;
    report(s, outcome);
    sip_session_end_by(s, outcome->err, outcome->status, outcome->text);
}

static const struct sip_exchange_events events = {
    .on_build = on_build,
    .on_response = on_response,
    .on_failed = on_failed,
};

static enum err send_offer(struct sip_session *s)
{
    struct sip_exchange_config config = { .method = SLICE("INVITE"),
                                          .uri = sip_dialog_uri(&s->fork->dialog),
                                          .hop = sip_dialog_hop(&s->fork->dialog),
                                          .login = s->login,
                                          .body = s->reoffer };
    sip_exchange_destroy(s->reoffering);
    s->reoffering = NULL;
    enum err err = sip_exchange_create(&s->reoffering, s->agent, &config, &events, s);
    s->reoffer_state = err ? SIP_REOFFER_NONE : SIP_REOFFER_OUT;
    return err;
}

static void on_glare(void *owner)
{
    struct sip_session *s = owner;
    if (s->incoming || s->accepted) { /* theirs came meanwhile: it goes first */
        loop_timer_start(s->agent->loop, &s->glare, SIP_T1_MS, on_glare, s);
        return;
    }
    enum err err = send_offer(s);
    struct sip_outcome outcome = { .status = 503, .err = err, .text = "cannot send a re-INVITE" };
    if (err)
        report(s, &outcome);
}

enum err sip_session_reoffer(struct sip_session *s, const struct sip_body *body)
{
    if (s->state == SIP_SESSION_ACCEPTED || s->incoming || s->accepted ||
        s->reoffer_state != SIP_REOFFER_NONE)
        return ERR_AGAIN;
    if (s->state != SIP_SESSION_UP)
        return ERR_MISUSE;
    sip_body_clear(&s->reoffer);
    s->reoffer = sip_body_copy(body);
    s->glares = 0;
    return send_offer(s);
}

void sip_session_clear_offer(struct sip_session *s)
{
    loop_timer_stop(s->agent->loop, &s->glare);
    sip_exchange_destroy(s->reoffering);
    s->reoffering = NULL;
    s->reoffer_state = SIP_REOFFER_NONE;
    sip_body_clear(&s->reoffer);
}
