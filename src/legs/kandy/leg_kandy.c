#include "legs/kandy/leg_kandy.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "call/transfer.h"
#include "config/config.h"
#include "legs/kandy/kandy_number.h"
#include "media/media.h"

enum {
    GATHER_IDEAL_MS = 500, /* section 1.6: then what counts is there, or it is waited for */
    GATHER_MAX_MS = 3000,
    GLARE_MS = 1000,
};

/* What the description that is being gathered for will be. */
enum wish { WISH_NONE, WISH_DIAL, WISH_ANSWER };

struct leg_kandy {
    struct leg leg; /* first */
    struct leg_kandy_config config;
    struct kandy_call *call;
    struct leg_media media;
    char *number, *from_name;
    char *offer; /* incoming: theirs; NULL: slow start */
    struct leg_codecs wanted;
    enum wish wish;
    bool offering; /* our new offer is not answered */
    bool late;     /* our answer was an offer: theirs comes */
    bool transferring;
    struct timer gather, reoffer;
    int64_t began_ms;
};

static struct leg_kandy *self_of(struct leg *leg)
{
    return (struct leg_kandy *)leg; /* its first member */
}

static void fail(struct leg_kandy *self, const char *token, const char *text)
{
    struct cause cause = cause_of_token(token, CAUSE_BY_SYSTEM, text);
    leg_fail(&self->leg, &cause);
}

static void ended(struct leg_kandy *self, const struct cause *cause)
{
    kandy_call_end(self->call, true);
    self->call = NULL;
    log_info(&self->leg.log, "Call terminated");
    leg_on_ended(&self->leg, cause);
}

/* ---- media ---- */

static bool open_media(struct leg_kandy *self, bool controlling)
{
    struct rtc_ice_server servers[RTC_ICE_SERVERS_MAX];
    const struct config_trunk *trunk = self->config.trunk;
    struct fault fault = { 0 };
    struct rtc_ice_config ice = {
        .controlling = controlling,
        .policy = trunk->relay_only ? RTC_ICE_RELAY : RTC_ICE_ALL,
        .servers = servers,
        .n_servers = kandy_ice_fill(self->config.ice, servers),
        .bind = self->config.bind,
        .ca_file = trunk->tls_ca_file[0] ? trunk->tls_ca_file : NULL,
    };
    static const enum leg_dtmf dtmf[] = { [CONFIG_DTMF_AUTO] = LEG_DTMF_TONES_IF_NEEDED,
                                          [CONFIG_DTMF_RFC4733] = LEG_DTMF_EVENTS,
                                          [CONFIG_DTMF_INFO] = LEG_DTMF_TONES_IF_NEEDED,
                                          [CONFIG_DTMF_INBAND] = LEG_DTMF_TONES };
    self->media.dtmf = dtmf[trunk->dtmf];
    if (leg_media_open_ice(&self->media, self->config.env, &self->leg, &ice, &fault)) {
        fail(self, "media_failed", fault.text);
        return false;
    }
    return true;
}

/* "no common codec" and the like: what we said and what they did. */
static void bad_sdp(struct leg_kandy *self, const struct fault *fault)
{
    leg_on_event(&self->leg, "sdp", "%s", fault->text);
    fail(self, fault->code == ERR_UNSUPPORTED ? "no_codec" : "bad_sdp", fault->text);
}

static bool take_answer(struct leg_kandy *self, struct slice sdp)
{
    struct fault fault = { 0 };
    if (!leg_media_take_answer(&self->media, sdp, &fault))
        return true;
    bad_sdp(self, &fault);
    return false;
}

static bool make_offer(struct leg_kandy *self, const struct leg_codecs *codecs, struct buf *sdp)
{
    if (!leg_media_offer(&self->media, codecs, sdp))
        return true;
    fail(self, "server_error", "The offer could not be made.");
    return false;
}

/* ---- calling ---- */

static const struct kandy_call_events call_events;

static void send_make(struct leg_kandy *self)
{
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    if (!make_offer(self, &self->wanted, &sdp))
        return;
    leg_on_event(&self->leg, "kandy", "call to %s", self->number);
    self->call = kandy_call_make(self->config.account, self->number, self->from_name,
                                 buf_slice(&sdp), &call_events, self);
}

static void send_answer(struct leg_kandy *self)
{
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct fault fault = { 0 };
    struct kandy_op op = { .kind = KANDY_OP_ANSWER };
    if (self->offer &&
        leg_media_answer(&self->media, &self->wanted, slice_of(self->offer), &sdp, &fault)) {
        bad_sdp(self, &fault);
        return;
    }
    if (!self->offer && !make_offer(self, &self->wanted, &sdp))
        return;
    self->late = !self->offer;
    op.sdp = buf_slice(&sdp);
    if (!kandy_call_do(self->call, &op)) {
        fail(self, "service_unavailable", "The cloud cannot be reached.");
        return;
    }
    leg_on_event(&self->leg, "kandy", "answered");
    log_info(&self->leg.log, "[INFO] Call established");
    kandy_call_set_up(self->call);
}

static void act(struct leg_kandy *self)
{
    enum wish wish = self->wish;
    self->wish = WISH_NONE;
    loop_timer_stop(self->config.env->loop, &self->gather);
    leg_media_stop_gathering(&self->media);
    if (wish == WISH_DIAL)
        send_make(self);
    else if (wish == WISH_ANSWER)
        send_answer(self);
}

/* What would be missed by going on: a relay that is still being allocated. */
static void on_gather_time(void *owner)
{
    struct leg_kandy *self = owner;
    int64_t waited_ms = loop_now_ms(self->config.env->loop) - self->began_ms;
    bool enough = !kandy_ice_has_turn(self->config.ice) || waited_ms >= GATHER_MAX_MS;
    if (enough)
        act(self);
    else
        loop_timer_start(self->config.env->loop, &self->gather, GATHER_MAX_MS - waited_ms,
                         on_gather_time, self);
}

static void act_when_gathered(struct leg_kandy *self, enum wish wish)
{
    self->wish = wish;
    int64_t waited_ms = loop_now_ms(self->config.env->loop) - self->began_ms;
    if (leg_media_is_gathered(&self->media))
        act(self);
    else
        loop_timer_start(self->config.env->loop, &self->gather,
                         waited_ms < GATHER_IDEAL_MS ? GATHER_IDEAL_MS - waited_ms : 0,
                         on_gather_time, self);
}

static void transport(struct leg *leg, const void *event)
{
    struct leg_kandy *self = self_of(leg);
    if (leg_media_on_transport(&self->media, event) && self->wish != WISH_NONE)
        act(self);
}

static void dial(struct leg *leg, const struct leg *peer)
{
    struct leg_kandy *self = self_of(leg);
    self->wanted = leg_codecs_common(&peer->offered, &self->config.codecs);
    self->wanted = leg_codecs_merge(&self->wanted, &self->config.codecs);
    self->began_ms = loop_now_ms(self->config.env->loop);
    if (!open_media(self, true))
        return;
    leg_on_trying(leg);
    act_when_gathered(self, WISH_DIAL);
}

/* ---- being called ---- */

static void ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct leg_kandy *self = self_of(leg);
    struct kandy_op op = { .kind = KANDY_OP_RING };
    (void)code, (void)media; /* early media has no way to who calls */
    if (leg->state >= LEG_RINGING)
        return;
    leg->state = LEG_RINGING;
    if (kandy_call_do(self->call, &op))
        leg_on_event(leg, "kandy", "ringing");
    if (leg->stream || !open_media(self, false))
        return;
    self->began_ms = loop_now_ms(self->config.env->loop);
}

static void answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct leg_kandy *self = self_of(leg);
    self->wanted = leg_codecs_common(prefer, &leg->offered);
    if (!leg->stream) {
        self->began_ms = loop_now_ms(self->config.env->loop);
        if (!open_media(self, !self->offer))
            return;
    }
    act_when_gathered(self, WISH_ANSWER);
}

/* ---- during the call ---- */

static void reoffer(void *owner)
{
    struct leg_kandy *self = owner;
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct kandy_op op = { .kind = KANDY_OP_OFFER };
    if (leg_is_over(&self->leg) || !self->call || self->offering)
        return;
    if (leg_media_offer(&self->media, &self->leg.chosen, &sdp))
        return;
    op.sdp = buf_slice(&sdp);
    self->offering = kandy_call_do(self->call, &op);
    if (self->offering)
        leg_on_event(&self->leg, "kandy", "offer sent%s", self->media.hold ? " (hold)" : "");
}

static void hold(struct leg *leg, bool on)
{
    struct leg_kandy *self = self_of(leg);
    bool can = kandy_account_dialect(self->config.account)->calls_by_rest;
    if (self->media.hold == on || !can || !self->media.described)
        return; /* the seed has no hold: its far end hears what the PBX plays */
    self->media.hold = on;
    reoffer(self);
}

static enum err refer(struct leg *leg, const struct transfer_request *request, struct leg *replaces)
{
    struct leg_kandy *self = self_of(leg);
    const struct config_trunk *trunk = self->config.trunk;
    char number[ROUTE_TEXT_MAX] = "";
    struct buf to = BUF_ON(number);
    bool same = replaces && replaces->ops == leg->ops &&
                self_of(replaces)->config.account == self->config.account;
    if (!self->call || self->transferring || trunk->transfer != CONFIG_TRANSFER_PASS ||
        (replaces && !same))
        return ERR_UNSUPPORTED;
    kandy_number_dial(
        (enum kandy_rules)trunk->numbers,
        same ? slice_of(self_of(replaces)->number ? self_of(replaces)->number : replaces->party)
             : request->to,
        trunk->tollfree_as_dialled, &to);
    struct kandy_op op = { .kind = KANDY_OP_TRANSFER,
                           .number = buf_cstr(&to),
                           .other = same ? kandy_call_session(self_of(replaces)->call) : NULL };
    if (!kandy_call_do(self->call, &op))
        return ERR_UNSUPPORTED;
    self->transferring = true;
    leg_on_event(leg, "kandy", "transfer to %s", number);
    return OK;
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

/* ---- what comes ---- */

static void on_progress(struct leg_kandy *self, const struct kandy_event *event)
{
    if (self->leg.state < LEG_EARLY && take_answer(self, event->sdp))
        leg_on_progress(&self->leg, 183);
}

static void on_answer(struct leg_kandy *self, const struct kandy_event *event)
{
    struct leg *leg = &self->leg;
    bool first = !leg->incoming && leg->state < LEG_UP;
    if (event->sdp.len && (first || self->offering || self->late) && !take_answer(self, event->sdp))
        return;
    self->offering = self->late = false;
    if (!first)
        return;
    if (!self->media.described) {
        fail(self, "bad_sdp", "The cloud answered without a description.");
        return;
    }
    kandy_call_set_up(self->call);
    leg_on_answered(leg);
    if (leg->call)
        log_info(&leg->log, "[INFO] Call established");
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
        ended(self, &cause);
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
    if (!over)
        return;
    struct cause cause = cause_of_status(verdict->sip, CAUSE_BY_REMOTE, text);
    if (leg->state >= LEG_UP)
        cause = cause_of_token("hangup", CAUSE_BY_REMOTE, text);
    ended(self, &cause);
}

static const struct kandy_call_events call_events = { on_event, on_failed };

/* ---- the leg ---- */

static void end(struct leg *leg, const struct cause *cause)
{
    struct leg_kandy *self = self_of(leg);
    (void)cause;
    self->wish = WISH_NONE;
    loop_timer_stop(self->config.env->loop, &self->gather);
    loop_timer_stop(self->config.env->loop, &self->reoffer);
    if (self->call) {
        leg_on_event(leg, "kandy", "%s", leg->incoming && leg->state < LEG_UP ? "rejected" : "end");
        log_info(&leg->log, "Call terminated");
    }
    kandy_call_end(self->call, false);
    self->call = NULL;
}

static void destroy(struct leg *leg)
{
    struct leg_kandy *self = self_of(leg);
    loop_timer_stop(self->config.env->loop, &self->gather);
    loop_timer_stop(self->config.env->loop, &self->reoffer);
    kandy_call_end(self->call, true);
    leg_media_close(&self->media);
    if (self->config.on_over)
        self->config.on_over(self->config.owner);
    mem_free(self->number);
    mem_free(self->from_name);
    mem_free(self->offer);
    mem_free(self);
}

static const struct leg_ops ops = {
    .kind = "kandy",
    .dial = dial,
    .ring = ring,
    .answer = answer,
    .end = end,
    .hold = hold,
    .transport = transport,
    .refer = refer,
    .destroy = destroy,
};

static struct leg_kandy *make(const struct leg_kandy_config *config, bool incoming)
{
    struct leg_kandy *self = mem_new(struct leg_kandy);
    leg_init(&self->leg, &ops, incoming);
    self->config = *config;
    snprintf(self->leg.via, sizeof self->leg.via, "%s", config->trunk->name);
    snprintf(self->leg.trunk, sizeof self->leg.trunk, "%s", config->trunk->name);
    return self;
}

struct leg *leg_kandy_create_outgoing(const struct leg_kandy_config *config, const char *number,
                                      const char *from_name)
{
    struct leg_kandy *self = make(config, false);
    self->number = slice_dup(slice_of(number));
    self->from_name = slice_dup(slice_of(from_name));
    snprintf(self->leg.party, sizeof self->leg.party, "%s", number);
    return &self->leg;
}

enum err leg_kandy_create_incoming(struct leg **out, const struct leg_kandy_config *config,
                                   const struct kandy_event *event, struct fault *fault)
{
    struct leg_codecs theirs = config->codecs;
    enum err err = event->sdp.len ? leg_media_offered(event->sdp, &theirs, fault) : OK;
    struct leg_kandy *self = make(config, true);
    self->offer = event->sdp.len ? slice_dup(event->sdp) : NULL;
    self->call = kandy_call_take(config->account, event, &call_events, self);
    if (err) {
        kandy_call_end(self->call, false);
        self->call = NULL;
        self->config.on_over = NULL;
        destroy(&self->leg);
        return err;
    }
    self->leg.offered = leg_codecs_common(&theirs, &config->codecs);
    struct buf party;
    buf_init(&party, self->leg.party, sizeof self->leg.party);
    kandy_number_caller((enum kandy_rules)config->trunk->numbers, event->from, &party);
    (void)buf_cstr(&party);
    *out = &self->leg;
    return OK;
}
