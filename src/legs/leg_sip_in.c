/* SIP legs that are called by their far end: its offer, our answers. */
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "legs/leg_media.h"
#include "legs/leg_sip_priv.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"

struct leg *leg_sip_create_incoming(const struct leg_env *env, struct sip_session *session,
                                    const struct sip_msg *invite)
{
    struct leg_sip *self = leg_sip_make(env, true);
    self->session = session;
    struct slice body = sip_msg_sdp(invite);
    self->offer = body.len ? slice_dup(body) : NULL;
    struct buf user;
    buf_init(&user, self->leg.party, sizeof self->leg.party);
    sip_unescape(sip_msg_from(invite)->uri.user, &user);
    (void)buf_cstr(&user);
    return &self->leg;
}

void leg_sip_set_policy(struct leg *leg, const struct leg_sip_policy *policy)
{
    struct leg_sip *self = leg_sip_of(leg);
    self->codecs = policy->codecs;
    self->media.policy = (struct leg_policy){ policy->codecs, policy->prefer };
    self->srtp = policy->srtp;
    self->media.dtmf = policy->dtmf;
    self->media.ptime_ms = policy->ptime_ms;
    self->media.shares_port = policy->shares_port;
    self->media.passes_video = !policy->no_video;
    if (policy->media_nets)
        leg_nets_fill(&self->media.nets, policy->media_nets);
}

/* Only what was agreed on with this caller. */
static enum err apply_policy(struct leg_sip *self, struct fault *fault)
{
    struct leg *leg = &self->leg;
    enum sdp_transport transport;
    bool is_known = !sdp_offer_transport(slice_of(self->offer), &transport);
    bool plain = is_known && transport == SDP_RTP_PLAIN;
    if (plain && self->srtp == LEG_SIP_SRTP_REQUIRED)
        return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                         "srtp: required, but it offers plain RTP");
    if (is_known && !plain && self->srtp == LEG_SIP_SRTP_FORBIDDEN)
        return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0, "srtp: forbidden, but it offers SRTP");
    struct leg_codecs offered = leg->offered;
    leg->offered.n = 0;
    for (size_t i = 0; i < offered.n; i++)
        if (!self->codecs.n || leg_codecs_have(&self->codecs, offered.list[i]))
            leg->offered.list[leg->offered.n++] = offered.list[i];
    if (!leg->offered.n)
        return fault_set(fault, ERR_UNSUPPORTED, "sdp", 0,
                         "no common codec: none of those it offers is allowed for this caller");
    return OK;
}

enum err leg_sip_read_offer(struct leg *leg, struct fault *fault)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (!self->offer) {
        leg->offered = self->codecs.n ? self->codecs : self->env->sip_codecs;
        return OK;
    }
    enum err err = leg_media_offered(slice_of(self->offer), &leg->offered, fault);
    if (self->media.passes_video)
        leg_media_note_video(&self->media, leg, slice_of(self->offer));
    return err ? err : apply_policy(self, fault);
}

/* The answer to their offer (or, for a late one, our offer), made once. */
static enum err make_answer(struct leg_sip *self, const struct leg_codecs *prefer)
{
    if (self->sdp)
        return OK;
    struct fault fault = { 0 };
    struct addr remote = sip_session_remote(self->session);
    const struct sip_flow *flow = sip_session_flow(self->session);
    enum err err = leg_sip_open_media(self, flow->kind, &remote, &fault);
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct leg_codecs codecs = leg_policy_answer(&(struct leg_choice){
        self->env, &self->leg, &self->media.policy, prefer, &self->leg.offered });
    if (!err && self->offer)
        err = leg_media_answer(&self->media, &codecs, slice_of(self->offer), &sdp, &fault);
    else if (!err)
        err = leg_media_offer(&self->media, &codecs, &sdp);
    if (err) {
        leg_on_event(&self->leg, "sdp", "%s", fault.text);
        leg_sip_fail(self, "no_codec", fault.text[0] ? fault.text : NULL);
        return err;
    }
    self->sdp = slice_dup(buf_slice(&sdp));
    return OK;
}

/* RFC 3261 §13.2.1: when the INVITE had no offer, the first reliable answer has ours; once. */
static bool must_offer(const struct leg_sip *self)
{
    return !self->offer && !self->sdp &&
           sip_msg_lists(sip_session_invite_msg(self->session), SIP_H_REQUIRE, "100rel");
}

void leg_sip_ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct leg_sip *self = leg_sip_of(leg);
    struct sip_reply reply = { .status = code };
    if ((media && self->offer) || must_offer(self)) {
        if (make_answer(self, media ? media : &leg->offered))
            return;
        reply.body = leg_sip_body(self);
    }
    if (media && reply.body.bytes.len) {
        reply.status = code == 180 ? 180 : 183;
        leg->state = LEG_EARLY;
    }
    if (!sip_session_progress(self->session, &reply))
        leg_on_event(leg, "sip", "%d sent%s", reply.status,
                     reply.body.bytes.len ? " with SDP" : "");
}

void leg_sip_answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (make_answer(self, prefer))
        return;
    struct sip_reply reply = { .status = 200 };
    if (self->offer || !self->media.described) /* else a PRACK answered our offer */
        reply.body = leg_sip_body(self);
    if (sip_session_answer(self->session, &reply)) {
        leg_sip_fail(self, "cancelled", NULL);
        return;
    }
    leg_on_event(leg, "sip", "200 sent");
}

void leg_sip_on_ack(void *owner, struct sip_session *session, const struct sip_msg *ack)
{
    struct leg_sip *self = owner;
    (void)session;
    if (self->awaits_answer) {
        leg_sip_take_late_answer(self, ack);
        return;
    }
    if (!self->offer && !self->media.described) {
        if (!sip_msg_sdp(ack).len || !leg_sip_take_answer(self, ack, NULL)) {
            leg_sip_fail(self, "bad_sdp", "The ACK carried no usable answer to our offer.");
            return;
        }
        leg_on_codecs(&self->leg);
    }
    leg_on_confirmed(&self->leg);
}

void leg_sip_on_cancelled(void *owner, struct sip_session *session,
                          const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "CANCEL or no ACK: %d", outcome->status);
    struct cause cause = cause_of_token("cancelled", CAUSE_BY_REMOTE, NULL);
    leg_on_ended(&self->leg, &cause);
}
