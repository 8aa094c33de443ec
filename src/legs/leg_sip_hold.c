/* Offers in the middle of a SIP call, theirs and ours: hold and resume (RFC 3264 §8.4), other
 * codecs, an offer that comes in our 200 (RFC 3261 §14.2). */
#include "base/loop.h"
#include "base/mem.h"
#include "legs/leg_media.h"
#include "legs/leg_sip_priv.h"
#include "media/codec.h"
#include "sip/sip_msg.h"

enum { REOFFER_RETRY_MS = 500 };

/* Hold or resume, which codecs it is now, and video or none. */
static void described_anew(struct leg_sip *self, bool had_video)
{
    leg_on_codecs(&self->leg);
    leg_on_hold(&self->leg, self->media.result.held);
    leg_sip_tell_video(self, had_video);
}

/* All is as before it; whose person asks is told why (RFC 3261 §20.43: 399 is any text). */
static void refuse_offer(struct leg_sip *self, const char *why)
{
    char mem[400];
    struct buf text = BUF_ON(mem);
    buf_printf(&text, "399 tandem \"%s\"", why);
    struct sip_field warning = { SLICE("Warning"), buf_slice(&text) };
    struct sip_reply no = { .status = 488,
                            .fields = &warning,
                            .n_fields = why == leg_policy_no_room };
    leg_on_event(&self->leg, "sip", "re-INVITE refused: %s", why);
    leg_media_offer_refused(&self->media);
    (void)!sip_session_reject(self->session, &no);
}

void leg_sip_answer_offer(struct leg_sip *self, struct slice offer)
{
    struct fault fault = { 0 };
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct leg *leg = &self->leg;
    bool had_video = self->media.has_video;
    const struct codec *before = leg->chosen.n ? leg->chosen.list[0] : NULL;
    const struct leg *other = leg->call ? call_other(leg->call, leg) : NULL;
    const struct leg_codecs *all = self->codecs.n ? &self->codecs : &self->env->sip_codecs;
    struct leg_codecs mine = leg_codecs_merge(&leg->chosen, all);
    struct leg_codecs theirs = other ? other->chosen : (struct leg_codecs){ 0 };
    struct leg_choice choice = { self->env, leg, &self->media.policy, &theirs, &mine };
    struct leg_codecs codecs = leg->state == LEG_UP ? leg_policy_reanswer(&choice) : mine;
    enum err err = offer.len ? leg_media_answer(&self->media, &codecs, offer, &sdp, &fault)
                             : leg_media_offer(&self->media, &codecs, &sdp);
    if (err) {
        bool is_full = err == ERR_UNSUPPORTED && codecs.n < mine.n;
        refuse_offer(self, is_full ? leg_policy_no_room : fault.text);
        return;
    }
    leg_on_event(leg, "sip", "re-INVITE answered");
    leg_policy_changed(&choice, before);
    self->t38 = LEG_SIP_T38_OFF;
    mem_free(self->sdp);
    self->sdp = slice_dup(buf_slice(&sdp));
    struct sip_reply yes = { .status = 200, .body = leg_sip_body(self) };
    (void)!sip_session_answer(self->session, &yes);
    self->awaits_answer = !offer.len;
    if (offer.len)
        described_anew(self, had_video);
}

void leg_sip_on_reinvite(void *owner, struct sip_session *session, const struct sip_msg *request)
{
    struct leg_sip *self = owner;
    struct slice offer = sip_msg_sdp(request);
    (void)session;
    if (!leg_sip_takes_t38(self, offer) && !leg_sip_waits_for_video(self, offer))
        leg_sip_answer_offer(self, offer);
}

void leg_sip_take_late_answer(struct leg_sip *self, const struct sip_msg *ack)
{
    bool had_video = self->media.has_video;
    self->awaits_answer = false;
    if (sip_msg_sdp(ack).len && leg_sip_take_answer(self, ack, NULL))
        described_anew(self, had_video); /* without one everything stays as it was */
    else
        leg_media_offer_refused(&self->media);
}

static enum err print_offer(struct leg_sip *self, struct buf *out)
{
    const struct leg_codecs *codecs = self->retuned.n ? &self->retuned : &self->leg.chosen;
    return self->t38 == LEG_SIP_T38_OFF ? leg_media_offer(&self->media, codecs, out)
                                        : leg_sip_offer_t38(self, out);
}

static void reoffer(void *owner)
{
    struct leg_sip *self = owner;
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    if (leg_is_over(&self->leg) || print_offer(self, &sdp))
        return;
    struct sip_body body = { SLICE("application/sdp"), buf_slice(&sdp) };
    enum err err = sip_session_reoffer(self->session, &body);
    if (err == ERR_AGAIN || err == ERR_MISUSE) { /* glare, or the ACK is still to come */
        leg_sip_reoffer_later(self, REOFFER_RETRY_MS);
        return;
    }
    if (self->t38 == LEG_SIP_T38_OFF)
        self->retuned.n = 0;
    else
        self->t38 = LEG_SIP_T38_OFFERED;
    leg_on_event(&self->leg, "sip", "re-INVITE sent%s%s", self->media.hold ? " (hold)" : "",
                 self->t38 == LEG_SIP_T38_OFF ? "" : " (T.38)");
}

void leg_sip_reoffer(struct leg_sip *self)
{
    reoffer(self);
}

void leg_sip_reoffer_later(struct leg_sip *self, int64_t in_ms)
{
    loop_timer_start(self->env->loop, &self->reoffer, in_ms, reoffer, self);
}

void leg_sip_hold(struct leg *leg, bool on)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (self->media.hold == on)
        return;
    self->media.hold = on;
    reoffer(self);
}

void leg_sip_retune(struct leg *leg, const struct leg_codecs *prefer)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (self->media.policy.prefer != LEG_PREFER_PASSTHROUGH)
        return; /* what is in use was chosen */
    struct leg_codecs known = leg_codecs_merge(&leg->chosen, &leg->offered);
    for (size_t i = 0; i < leg->chosen.n; i++)
        leg_codecs_add(&known, leg->chosen.list[i]);
    self->retuned = leg_codecs_merge(prefer, &known);
    leg_on_event(leg, "codec", "asking for %s", self->retuned.list[0]->name);
    reoffer(self);
}

enum err leg_sip_rehome(struct leg *leg, unsigned thread)
{
    struct leg_sip *self = leg_sip_of(leg);
    struct fault fault;
    enum err err =
        leg->state == LEG_UP ? leg_media_reopen(&self->media, thread, &fault) : ERR_MISUSE;
    if (!err)
        reoffer(self);
    return err;
}

/* As soon as an offer can be made. */
static void leave_shared(void *owner)
{
    struct leg_sip *self = owner;
    struct fault fault;
    if (leg_is_over(&self->leg) || !self->media.shares_port)
        return;
    if (self->leg.state < LEG_UP) {
        loop_timer_start(self->env->loop, &self->reoffer, REOFFER_RETRY_MS, leave_shared, self);
        return;
    }
    if (leg_media_leave_shared(&self->media, &fault)) {
        log_warn(&self->leg.log, "rtp: shared does not suit its far end, and it stays: %s",
                 fault.text);
        return;
    }
    reoffer(self);
}

void leg_sip_transport(struct leg *leg, const void *event)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (!self->media.shares_port) /* another kind's event */
        return;
    log_info(&leg->log, "rtp: shared does not suit its far end reason=\"%s\"",
             ((const struct rtp_event *)event)->why);
    leave_shared(self);
}

void leg_sip_on_reoffer(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "re-INVITE answered %d", outcome->status);
    if (self->t38 >= LEG_SIP_T38_OFFERED) {
        leg_sip_take_t38_answer(self, outcome);
        return;
    }
    bool had_video = self->media.has_video;
    bool is_late = leg_sip_video_is_late(self);
    if (outcome->status < 300 && outcome->msg && leg_sip_take_answer(self, outcome->msg, NULL))
        leg_on_codecs(&self->leg);
    else
        leg_media_offer_refused(&self->media);
    if (is_late && outcome->status < 300)
        leg_sip_reoffer(self);
    leg_sip_tell_video(self, had_video);
}
