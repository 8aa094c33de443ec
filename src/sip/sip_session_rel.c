/* Reliable provisional responses, both roles (RFC 3262). */
#include "base/num.h"
#include "base/rand.h"
#include "sip_field.h"
#include "sip_session_priv.h"

/* What the owner said while a provisional waited for its PRACK. */
struct sip_said {
    int status;
    char *reason;
    struct sip_field *fields;
    size_t n_fields;
    struct sip_body body;
};

static void said_destroy(struct sip_said *said)
{
    if (!said)
        return;
    mem_free(said->reason);
    mem_free(said->fields);
    sip_body_clear(&said->body);
    mem_free(said);
}

static void queue(struct sip_rel *rel, const struct sip_reply *reply)
{
    if (rel->queued && rel->queued->status >= 200)
        return; /* the call was answered: nothing comes after that */
    said_destroy(rel->queued);
    struct sip_said *said = mem_new(struct sip_said);
    said->status = reply->status;
    said->reason = slice_dup(reply->reason);
    said->fields = sip_fields_copy(reply->fields, reply->n_fields);
    said->n_fields = reply->n_fields;
    said->body = sip_body_copy(&reply->body);
    rel->queued = said;
}

static void on_repeat(void *owner)
{
    struct sip_session *s = owner;
    if (!s->incoming)
        return;
    sip_txn_repeat(s->incoming);
    s->rel.repeat_ms *= 2;
    loop_timer_start(s->agent->loop, &s->rel.repeat, s->rel.repeat_ms, on_repeat, s);
}

/* §3: no PRACK in 64*T1: the INVITE is refused */
static void on_give_up(void *owner)
{
    struct sip_session *s = owner;
    const struct sip_session_events *events = s->events;
    struct sip_outcome outcome = { .status = 504,
                                   .err = ERR_TIMEOUT,
                                   .text = "the caller never acknowledged a provisional answer" };
    sip_session_reject_incoming(s, 504);
    sip_session_finish(s);
    if (events && events->on_cancelled)
        events->on_cancelled(s->owner, s, &outcome);
    sip_session_settle(s);
}

static void send_reliable(struct sip_session *s, const struct sip_reply *reply)
{
    struct sip_rel *rel = &s->rel;
    struct sip_field fields[SIP_SESSION_FIELDS_MAX];
    struct sip_reply full = *reply;
    char number[16];
    struct buf text = BUF_ON(number);
    rel->rseq = rel->rseq ? rel->rseq + 1 : 1 + rand_u32() % 65536;
    buf_printf(&text, "%u", rel->rseq);
    fields[0] = (struct sip_field){ SLICE("Require"), SLICE("100rel") };
    fields[1] = (struct sip_field){ SLICE("RSeq"), buf_slice(&text) };
    full.n_fields = 2;
    for (size_t i = 0; i < reply->n_fields && full.n_fields < COUNT_OF(fields); i++)
        fields[full.n_fields++] = reply->fields[i];
    full.fields = fields;
    rel->waits = true;
    rel->had_body = reply->body.bytes.len > 0;
    rel->repeat_ms = SIP_T1_MS;
    loop_timer_start(s->agent->loop, &rel->repeat, rel->repeat_ms, on_repeat, s);
    loop_timer_start(s->agent->loop, &rel->give_up, SIP_SESSION_GIVE_UP_MS, on_give_up, s);
    sip_session_send_reply(s, &full);
}

void sip_rel_say(struct sip_session *s, const struct sip_reply *reply)
{
    if (s->rel.waits)
        queue(&s->rel, reply);
    else if (s->rel.is_required && reply->status < 200)
        send_reliable(s, reply);
    else
        sip_session_send_reply(s, reply);
}

static void say_queued(struct sip_session *s)
{
    struct sip_said *said = s->rel.queued;
    if (!said)
        return;
    s->rel.queued = NULL;
    struct sip_reply reply = { .status = said->status,
                               .reason = slice_of(said->reason),
                               .fields = said->fields,
                               .n_fields = said->n_fields,
                               .body = said->body };
    if (s->state == SIP_SESSION_INCOMING)
        sip_rel_say(s, &reply);
    said_destroy(said);
}

/* §5: then what a PRACK carries is another offer, to be answered in its 200; else it is the answer
 * to the offer that came in the provisional. */
static bool has_met(const struct sip_session *s)
{
    bool offered = sip_msg_body(s->invite).len > 0;
    return s->fork->has_agreed || (s->rel.had_body && offered);
}

void sip_rel_take_prack(struct sip_session *s, struct sip_txn *txn)
{
    struct sip_msg *prack = sip_txn_msg(txn);
    struct sip_rack rack;
    bool matches = s->rel.waits && sip_rack_parse(sip_msg_value(prack, SIP_H_RACK), &rack) == OK &&
                   rack.rseq == s->rel.rseq && rack.cseq.method == SIP_INVITE &&
                   rack.cseq.number == sip_msg_cseq(s->invite)->number;
    if (!matches) {
        sip_txn_reply_status(txn, 481);
        return;
    }
    bool is_offer = sip_msg_body(prack).len && has_met(s);
    s->rel.waits = false;
    loop_timer_stop(s->agent->loop, &s->rel.repeat);
    loop_timer_stop(s->agent->loop, &s->rel.give_up);
    if (s->rel.had_body)
        s->fork->has_agreed = true;
    if (is_offer) {
        sip_session_take_early_offer(s, s->fork, txn);
    } else {
        sip_txn_reply_status(txn, 200);
        if (sip_msg_body(prack).len > 0 && s->events && s->events->on_ack)
            s->events->on_ack(s->owner, s, prack);
    }
    say_queued(s);
}

void sip_rel_clear(struct sip_session *s)
{
    loop_timer_stop(s->agent->loop, &s->rel.repeat);
    loop_timer_stop(s->agent->loop, &s->rel.give_up);
    said_destroy(s->rel.queued);
    s->rel.queued = NULL;
    s->rel.waits = false;
}

bool sip_rel_take_progress(struct sip_session *s, struct sip_fork *fork,
                           const struct sip_msg *response)
{
    uint32_t rseq = 0;
    char text[48];
    struct buf out = BUF_ON(text);
    if (!sip_msg_lists(response, SIP_H_REQUIRE, "100rel") ||
        sip_rseq_parse(sip_msg_value(response, SIP_H_RSEQ), &rseq))
        return true;
    if (fork->rseq && rseq != fork->rseq + 1)
        return false; /* §4: a repetition, or one before it was lost and comes again */
    fork->rseq = rseq;
    if (s->has_offer && sip_msg_body(response).len)
        fork->has_agreed = true;
    buf_printf(&out, "%u %u INVITE", rseq, sip_msg_cseq(response)->number);
    struct sip_field rack = { SLICE("RAck"), buf_slice(&out) };
    enum err err = sip_errand_create(s, fork, SLICE("PRACK"), &rack, 1, NULL, NULL, NULL);
    if (err)
        log_warn(NULL, "sip prack not sent call-id=%s cause=%s", s->call_id, err_name(err));
    return true;
}
