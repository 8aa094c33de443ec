/* What happens during a call through the cloud: offers of both sides, transfers, the end. */
#include <stdio.h>

#include "base/loop.h"
#include "call/transfer.h"
#include "config/config.h"
#include "legs/kandy/kandy_number.h"
#include "legs/kandy/leg_kandy_priv.h"

enum { GLARE_MS = 1000 };

static void reoffer(void *owner)
{
    struct leg_kandy *self = owner;
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct kandy_op op = { .kind = KANDY_OP_OFFER };
    if (leg_is_over(&self->leg) || !self->call || self->offering)
        return;
    if (leg_media_offer(&self->media, self->media.described ? &self->leg.chosen : &self->wanted,
                        &sdp))
        return;
    op.sdp = buf_slice(&sdp);
    self->offered_hold = self->media.hold;
    self->offering = kandy_call_do(self->call, &op);
    if (self->offering)
        leg_on_event(&self->leg, "kandy", "offer sent%s", self->media.hold ? " (hold)" : "");
}

void leg_kandy_hold(struct leg *leg, bool on)
{
    struct leg_kandy *self = leg_kandy_of(leg);
    bool can = kandy_account_dialect(self->config.account)->calls_by_rest;
    if (self->media.hold == on || !can || !self->media.described)
        return; /* the seed has no hold: its far end hears what the PBX plays */
    self->media.hold = on;
    reoffer(self);
}

enum err leg_kandy_refer(struct leg *leg, const struct transfer_request *request,
                         struct leg *replaces)
{
    struct leg_kandy *self = leg_kandy_of(leg);
    const struct config_trunk *trunk = self->config.trunk;
    char number[ROUTE_TEXT_MAX] = "";
    struct buf to = BUF_ON(number);
    bool same = replaces && replaces->ops == leg->ops && leg_kandy_of(replaces)->call &&
                leg_kandy_of(replaces)->config.account == self->config.account;
    if (!self->call || self->transferring || trunk->transfer != CONFIG_TRANSFER_PASS ||
        (replaces && !same))
        return ERR_UNSUPPORTED;
    kandy_number_dial((enum kandy_rules)trunk->numbers,
                      same
                          ? slice_of(leg_kandy_of(replaces)->number ? leg_kandy_of(replaces)->number
                                                                    : replaces->party)
                          : request->to,
                      trunk->tollfree_as_dialled, &to);
    struct kandy_op op = { .kind = KANDY_OP_TRANSFER,
                           .number = buf_cstr(&to),
                           .other =
                               same ? kandy_call_session(leg_kandy_of(replaces)->call) : NULL };
    if (!kandy_call_do(self->call, &op))
        return ERR_UNSUPPORTED;
    self->transferring = true;
    leg_on_event(leg, "kandy", "transfer to %s", number);
    return OK;
}

bool leg_kandy_forward(struct leg *leg, const struct kandy_account *account, const char *number)
{
    struct leg_kandy *self = leg_kandy_of(leg);
    struct kandy_op op = { .kind = KANDY_OP_FORWARD, .number = number };
    if (!leg_kandy_is(leg) || !leg->incoming || leg->state >= LEG_UP || !self->call ||
        self->config.account != account || !kandy_call_do(self->call, &op))
        return false;
    leg_on_event(leg, "kandy", "forwarded to %s", number);
    kandy_call_end(self->call, true); /* it is the cloud's again */
    self->call = NULL;
    return true;
}

static void on_update(struct leg_kandy *self, const struct kandy_event *event)
{
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct fault fault = { 0 };
    struct kandy_op op = { .kind = KANDY_OP_RESPOND };
    if (!self->media.described)
        return;
    self->late = event->sdp.len == 0;
    enum err err =
        self->late ? leg_media_offer(&self->media, &self->leg.chosen, &sdp)
                   : leg_media_answer(&self->media, &self->config.codecs, event->sdp, &sdp, &fault);
    leg_on_event(&self->leg, "kandy", "new offer %s%s", err ? "not taken: " : "answered",
                 err ? fault.text : "");
    if (err)
        return; /* what was agreed stays */
    op.sdp = buf_slice(&sdp);
    (void)kandy_call_do(self->call, &op);
    if (!self->late)
        leg_on_hold(&self->leg, self->media.result.held);
}

/* The call stands there; what was on its way to us when the connection went is lost. */
static void on_stands(struct leg_kandy *self)
{
    struct leg *leg = &self->leg;
    bool is_lost = self->offering || self->late || (!leg->incoming && leg->state < LEG_UP);
    if (!is_lost)
        return;
    leg_on_event(leg, "kandy", "an answer was lost: asked for anew");
    self->offering = false;
    reoffer(self);
    if (!self->offering && leg->state < LEG_UP)
        leg_kandy_fail(self, "service_unavailable", "The cloud's answer was lost.");
}

/* ---- what comes ---- */

static void on_progress(struct leg_kandy *self, const struct kandy_event *event)
{
    if (self->leg.state < LEG_EARLY && leg_kandy_take_answer(self, event->sdp))
        leg_on_progress(&self->leg, 183);
}

static void on_answer(struct leg_kandy *self, const struct kandy_event *event)
{
    struct leg *leg = &self->leg;
    bool first = !leg->incoming && leg->state < LEG_UP;
    bool changed = self->offering && self->offered_hold != self->media.hold;
    if (event->sdp.len && (first || self->offering || self->late) &&
        !leg_kandy_take_answer(self, event->sdp))
        return;
    self->offering = self->late = false;
    if (changed) /* held or resumed while the answer was on its way */
        reoffer(self);
    if (!first)
        return;
    if (!self->media.described && event->status) {
        leg_kandy_fail(self, "bad_sdp", "The cloud answered without a description.");
        return;
    }
    if (!self->media.described) {
        leg_on_event(leg, "kandy", "answered, and its description is to come");
        return;
    }
    kandy_call_set_up(self->call);
    leg_on_answered(leg);
}

static void on_end(struct leg_kandy *self, const struct kandy_event *event)
{
    char text[160];
    bool up = self->leg.state >= LEG_UP;
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(slice_sub(event->reason, 0, 150)));
    struct cause cause = up ? cause_of_token("hangup", CAUSE_BY_REMOTE, NULL)
                            : cause_of_status(event->status ? event->status : 480, CAUSE_BY_REMOTE,
                                              text[0] ? text : NULL);
    if (self->leg.incoming && !up)
        cause = cause_of_token("cancelled", CAUSE_BY_REMOTE, NULL);
    leg_on_event(&self->leg, "kandy", "ended there %d %s", event->status, text);
    if (self->transferring)
        leg_on_referred(&self->leg, 200, "", true);
    if (self->leg.call)
        leg_kandy_ended(self, &cause, true);
}

static void on_moved(struct leg_kandy *self, bool ok)
{
    if (!self->transferring)
        return;
    self->transferring = false;
    leg_on_event(&self->leg, "kandy", "transfer %s", ok ? "done" : "failed");
    leg_on_referred(&self->leg, ok ? 200 : 603, "", true);
}

static void on_event(void *owner, const struct kandy_event *event)
{
    struct leg_kandy *self = owner;
    struct leg *leg = &self->leg;
    if (!leg->call)
        return;
    switch (event->kind) {
    case KANDY_RINGING:
        if (!leg->incoming)
            leg_on_ringing(leg, 180);
        return;
    case KANDY_PROGRESS:
        on_progress(self, event);
        return;
    case KANDY_ANSWER:
        on_answer(self, event);
        return;
    case KANDY_UPDATE:
        on_update(self, event);
        return;
    case KANDY_STANDS:
        on_stands(self);
        return;
    case KANDY_GLARE:
        self->offering = false;
        loop_timer_start(self->config.env->loop, &self->reoffer,
                         event->retry_ms >= 0 ? event->retry_ms : GLARE_MS, reoffer, self);
        return;
    case KANDY_CANCEL: /* echoed to who took the call as well (section 4.4) */
        if (leg->incoming && leg->state < LEG_UP && self->wish != WISH_ANSWER)
            on_end(self, event);
        return;
    case KANDY_END:
        on_end(self, event);
        return;
    case KANDY_MOVED:
    case KANDY_MOVE_FAILED:
        on_moved(self, event->kind == KANDY_MOVED);
        return;
    case KANDY_IGNORED:
    case KANDY_INCOMING:
    case KANDY_GONE:
    case KANDY_OVERRIDDEN:
    case KANDY_ICE_SERVERS:
    case KANDY_TEXT:
    case KANDY_MWI:
    case KANDY_CHECK:
    case KANDY_REFUSED:
        return;
    }
}

static void on_failed(void *owner, enum kandy_op_kind kind, const struct kandy_verdict *verdict)
{
    struct leg_kandy *self = owner;
    struct leg *leg = &self->leg;
    char text[320];
    if (!leg->call)
        return;
    snprintf(text, sizeof text, "%s: %s%s%s", self->leg.via, verdict->text,
             verdict->words ? ", " : "", verdict->words ? verdict->words : "");
    leg_on_event(leg, "kandy", "refused: %s", text);
    if (verdict->fault == KANDY_GLARED && kind == KANDY_OP_OFFER) {
        self->offering = false;
        loop_timer_start(self->config.env->loop, &self->reoffer,
                         verdict->retry_ms >= 0 ? verdict->retry_ms : GLARE_MS, reoffer, self);
        return;
    }
    bool over = kind == KANDY_OP_MAKE || kind == KANDY_OP_ANSWER || verdict->fault == KANDY_NO_CALL;
    if (kind == KANDY_OP_TRANSFER)
        on_moved(self, false);
    if (kind == KANDY_OP_OFFER)
        self->offering = false;
    if (kind == KANDY_OP_OFFER && leg->state < LEG_UP) /* its answer was lost, and this one too */
        over = true;
    if (!over)
        return;
    bool later = verdict->fault == KANDY_OVERLOAD || verdict->fault == KANDY_SERVER;
    struct cause cause = later && verdict->sip == 503 /* then with Retry-After */
                             ? cause_of_token("far_overload", CAUSE_BY_REMOTE, text)
                             : cause_of_status(verdict->sip, CAUSE_BY_REMOTE, text);
    if (leg->state >= LEG_UP)
        cause = cause_of_token("hangup", CAUSE_BY_REMOTE, text);
    /* an answer that got no answer may have arrived */
    leg_kandy_ended(self, &cause, kind == KANDY_OP_MAKE || verdict->fault == KANDY_NO_CALL);
}

const struct kandy_call_events leg_kandy_call_events = { on_event, on_failed };
