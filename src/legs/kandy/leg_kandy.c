#include "legs/kandy/leg_kandy.h"

#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/kandy/kandy_number.h"
#include "legs/kandy/leg_kandy_priv.h"

enum {
    GATHER_IDEAL_MS = 500, /* section 1.6: then what counts is there, or it is waited for */
    GATHER_MAX_MS = 3000,
};

void leg_kandy_fail(struct leg_kandy *self, const char *token, const char *text)
{
    struct cause cause = cause_of_token(token, CAUSE_BY_SYSTEM, text);
    leg_fail(&self->leg, &cause);
}

void leg_kandy_ended(struct leg_kandy *self, const struct cause *cause, bool is_known)
{
    kandy_call_end(self->call, is_known);
    self->call = NULL;
    log_info(&self->leg.log, "[INFO] Call terminated");
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
        leg_kandy_fail(self, "media_failed", fault.text);
        return false;
    }
    return true;
}

/* "no common codec" and the like: what we said and what they did. */
static void bad_sdp(struct leg_kandy *self, const struct fault *fault)
{
    leg_on_event(&self->leg, "sdp", "%s", fault->text);
    leg_kandy_fail(self, fault->code == ERR_UNSUPPORTED ? "no_codec" : "bad_sdp", fault->text);
}

bool leg_kandy_take_answer(struct leg_kandy *self, struct slice sdp)
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
    leg_kandy_fail(self, "server_error", "The offer could not be made.");
    return false;
}

/* ---- calling ---- */

static void send_make(struct leg_kandy *self)
{
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    if (!make_offer(self, &self->wanted, &sdp))
        return;
    leg_on_event(&self->leg, "kandy", "call to %s", self->number);
    const struct kandy_dial dial = { .number = self->number,
                                     .from_name = self->from_name,
                                     .custom = call_headers(self->leg.call),
                                     .sdp = buf_slice(&sdp) };
    self->call = kandy_call_make(self->config.account, &dial, &leg_kandy_call_events, self);
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
        leg_kandy_fail(self, "service_unavailable", "The cloud cannot be reached.");
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
    struct leg_kandy *self = leg_kandy_of(leg);
    if (leg_media_on_transport(&self->media, event) && self->wish != WISH_NONE)
        act(self);
}

static void dial(struct leg *leg, const struct leg *peer)
{
    struct leg_kandy *self = leg_kandy_of(leg);
    if (leg_policy_offer(&(struct leg_choice){ self->config.env, leg, &self->media.policy,
                                               &peer->offered, &self->config.codecs },
                         &self->wanted)) {
        struct cause cause = cause_of_token("overload", CAUSE_BY_SYSTEM, leg_policy_no_room);
        leg_fail(leg, &cause);
        return;
    }
    self->began_ms = loop_now_ms(self->config.env->loop);
    if (!open_media(self, true))
        return;
    leg_on_trying(leg);
    act_when_gathered(self, WISH_DIAL);
}

/* ---- being called ---- */

static void ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct leg_kandy *self = leg_kandy_of(leg);
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
    struct leg_kandy *self = leg_kandy_of(leg);
    self->wanted = leg_policy_answer(
        &(struct leg_choice){ self->config.env, leg, &self->media.policy, prefer, &leg->offered });
    if (!leg->stream) {
        self->began_ms = loop_now_ms(self->config.env->loop);
        if (!open_media(self, !self->offer))
            return;
    }
    act_when_gathered(self, WISH_ANSWER);
}

/* ---- the leg ---- */

/* Only now is the call up for who made it (section 3.1, ACK). */
static void confirmed(struct leg *leg)
{
    struct leg_kandy *self = leg_kandy_of(leg);
    if (self->is_told || leg->state != LEG_UP)
        return;
    self->is_told = true;
    log_info(&leg->log, "[INFO] Call established");
}

static void end(struct leg *leg, const struct cause *cause)
{
    struct leg_kandy *self = leg_kandy_of(leg);
    (void)cause;
    self->wish = WISH_NONE;
    loop_timer_stop(self->config.env->loop, &self->gather);
    loop_timer_stop(self->config.env->loop, &self->reoffer);
    if (self->call) {
        leg_on_event(leg, "kandy", "%s", leg->incoming && leg->state < LEG_UP ? "rejected" : "end");
        log_info(&leg->log, "[INFO] Call terminated");
    }
    kandy_call_end(self->call, false);
    self->call = NULL;
}

static void destroy(struct leg *leg)
{
    struct leg_kandy *self = leg_kandy_of(leg);
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
    .confirmed = confirmed,
    .end = end,
    .hold = leg_kandy_hold,
    .transport = transport,
    .refer = leg_kandy_refer,
    .destroy = destroy,
};

bool leg_kandy_is(const struct leg *leg)
{
    return leg->ops == &ops;
}

static struct leg_kandy *make(const struct leg_kandy_config *config, bool incoming)
{
    struct leg_kandy *self = mem_new(struct leg_kandy);
    leg_init(&self->leg, &ops, incoming);
    self->config = *config;
    self->media.policy.prefer = leg_prefer_of(config->env->config, config->trunk->prefer);
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
    self->call = kandy_call_take(config->account, event, &leg_kandy_call_events, self);
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
