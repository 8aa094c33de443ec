/* Offers in the middle of a SIP call: hold and resume, theirs and ours (RFC 3264 §8). */
#include "base/loop.h"
#include "base/mem.h"
#include "legs/leg_media.h"
#include "legs/leg_sip_priv.h"
#include "sip/sip_msg.h"

enum { REOFFER_RETRY_MS = 500 };

void leg_sip_on_reinvite(void *owner, struct sip_session *session, const struct sip_msg *request)
{
    struct leg_sip *self = owner;
    struct slice offer = sip_msg_body(request);
    struct fault fault = { 0 };
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct leg_codecs codecs = leg_codecs_merge(&self->leg.chosen, &self->media.caps);
    enum err err = offer.len ? leg_media_answer(&self->media, &codecs, offer, &sdp, &fault)
                             : leg_media_offer(&self->media, &codecs, &sdp);
    leg_on_event(&self->leg, "sip", "re-INVITE%s%s", err ? " refused: " : " answered", fault.text);
    if (err) {
        struct sip_reply no = { .status = 488 };
        (void)!sip_session_reject(session, &no);
        return;
    }
    mem_free(self->sdp);
    self->sdp = slice_dup(buf_slice(&sdp));
    struct sip_reply yes = { .status = 200, .body = leg_sip_body(self) };
    (void)!sip_session_answer(session, &yes);
    if (offer.len)
        leg_on_hold(&self->leg, self->media.result.held);
}

static void reoffer(void *owner)
{
    struct leg_sip *self = owner;
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    if (leg_is_over(&self->leg) || leg_media_offer(&self->media, &self->leg.chosen, &sdp))
        return;
    struct sip_body body = { SLICE("application/sdp"), buf_slice(&sdp) };
    enum err err = sip_session_reoffer(self->session, &body);
    if (err == ERR_AGAIN || err == ERR_MISUSE) { /* glare, or the ACK is still to come */
        loop_timer_start(self->env->loop, &self->reoffer, REOFFER_RETRY_MS, reoffer, self);
        return;
    }
    leg_on_event(&self->leg, "sip", "re-INVITE sent%s", self->media.hold ? " (hold)" : "");
}

void leg_sip_hold(struct leg *leg, bool on)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (self->media.hold == on)
        return;
    self->media.hold = on;
    reoffer(self);
}

void leg_sip_on_reoffer(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "re-INVITE answered %d", outcome->status);
    if (outcome->status < 300 && outcome->msg)
        (void)leg_sip_take_answer(self, outcome->msg,
                                  NULL); /* the old description stays otherwise */
}
