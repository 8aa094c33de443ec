#include "legs/leg_sip.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/leg_media.h"
#include "legs/leg_sip_priv.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"
#include "sip/sip_txn.h"

#define RETRY_AFTER "10" /* seconds (RFC 3261 §20.33): a call is over by then */

void leg_sip_fail(struct leg_sip *self, const char *token, const char *text)
{
    struct cause cause = cause_of_token(token, CAUSE_BY_SYSTEM, text);
    leg_fail(&self->leg, &cause);
}

/* What their offer asks for; toward a phone on a WebSocket, what every browser has. */
enum leg_media_kind leg_sip_media_kind(const struct leg_sip *self, enum sip_kind kind)
{
    static const enum leg_media_kind by_transport[] = { [SDP_RTP_PLAIN] = LEG_MEDIA_RTP,
                                                        [SDP_RTP_SDES] = LEG_MEDIA_SDES,
                                                        [SDP_RTP_DTLS] = LEG_MEDIA_WEBRTC };
    enum sdp_transport transport;
    if (self->offer && !sdp_offer_transport(slice_of(self->offer), &transport))
        return by_transport[transport];
    if (kind == SIP_WS || kind == SIP_WSS)
        return LEG_MEDIA_WEBRTC;
    bool is_plain = self->srtp == LEG_SIP_SRTP_OFF || self->srtp == LEG_SIP_SRTP_FORBIDDEN;
    return is_plain || self->downgraded ? LEG_MEDIA_RTP : LEG_MEDIA_SDES;
}

/* Our media address as that far end should see it. */
enum err leg_sip_open_media(struct leg_sip *self, enum sip_kind kind, const struct addr *remote,
                            struct fault *fault)
{
    struct addr shown;
    enum err err = sip_agent_address(self->env->agent, kind, remote, &shown);
    if (err)
        return fault_set(fault, err, "", 0, "no local address reaches the far end");
    return leg_media_open(&self->media, self->env, &self->leg, leg_sip_media_kind(self, kind),
                          &shown, remote, fault);
}

struct sip_body leg_sip_body(const struct leg_sip *self)
{
    return (struct sip_body){ SLICE("application/sdp"), slice_of(self->sdp) };
}

bool leg_sip_take_answer(struct leg_sip *self, const struct sip_msg *msg, struct fault *fault)
{
    struct fault own = { 0 };
    fault = fault ? fault : &own;
    if (!leg_media_take_answer(&self->media, sip_msg_sdp(msg), fault))
        return true;
    leg_on_event(&self->leg, "sdp", "%s", fault->text);
    log_warn(&self->leg.log, "answer unusable reason=\"%s\"", fault->text);
    return false;
}

static void on_bye(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "BYE received");
    struct cause cause = cause_of_token("hangup", CAUSE_BY_REMOTE, NULL);
    if (outcome->err)
        cause = cause_of_status(outcome->status, CAUSE_BY_SYSTEM, outcome->text);
    leg_on_ended(&self->leg, &cause);
}

static void end(struct leg *leg, const struct cause *cause)
{
    struct leg_sip *self = leg_sip_of(leg);
    loop_timer_stop(self->env->loop, &self->patience);
    sip_resolve_destroy(self->resolve);
    self->resolve = NULL;
    if (!self->session)
        return;
    char reason[80];
    if (leg->incoming && leg->state < LEG_UP) {
        /* a challenge of the other side is not the caller's to answer, and 2xx or 3xx is no refusal
         */
        bool ours = cause->code < 400 || cause->code == 401 || cause->code == 407;
        struct sip_field later = { SLICE("Retry-After"), SLICE(RETRY_AFTER) };
        bool full = slice_ends(slice_of(cause->token), SLICE("overload"));
        struct sip_reply reply = { .status = ours ? (cause->code < 400 ? 480 : 503) : cause->code,
                                   .fields = &later,
                                   .n_fields = full ? 1 : 0 };
        (void)!sip_session_reject(self->session, &reply);
        leg_on_event(leg, "sip", "%d sent", reply.status);
        return;
    }
    snprintf(reason, sizeof reason, "Q.850;cause=%d", cause_q850(cause));
    sip_session_bye(self->session, slice_of(reason));
    leg_on_event(leg, "sip", leg->state == LEG_UP ? "BYE sent" : "CANCEL sent");
}

static void destroy(struct leg *leg)
{
    struct leg_sip *self = leg_sip_of(leg);
    loop_timer_stop(self->env->loop, &self->patience);
    loop_timer_stop(self->env->loop, &self->reoffer);
    leg_sip_video_clear(self);
    sip_resolve_destroy(self->resolve);
    sip_session_destroy(self->session);
    leg_media_close(&self->media);
    if (self->on_over)
        self->on_over(self->owner);
    leg_sip_free(self);
}

void leg_sip_drop(struct leg *leg, int status, const char *reason)
{
    struct leg_sip *self = leg_sip_of(leg);
    struct sip_reply reply = { .status = status, .reason = slice_of(reason) };
    (void)!sip_session_reject(self->session, &reply);
    destroy(leg);
}

const struct sip_session_events leg_sip_events = {
    .on_progress = leg_sip_on_progress,
    .on_answer = leg_sip_on_answer,
    .on_failed = leg_sip_on_failed,
    .on_ack = leg_sip_on_ack,
    .on_reinvite = leg_sip_on_reinvite,
    .on_withdrawn = leg_sip_on_withdrawn,
    .on_reoffer = leg_sip_on_reoffer,
    .on_request = leg_sip_on_request,
    .on_refer = leg_sip_on_refer,
    .on_referred = leg_sip_on_referred,
    .on_bye = on_bye,
    .on_cancelled = leg_sip_on_cancelled,
};

const struct leg_ops leg_sip_ops = {
    .kind = "sip",
    .confirms = true,
    .dial = leg_sip_dial,
    .ring = leg_sip_ring,
    .answer = leg_sip_answer,
    .dtmf = leg_sip_dtmf,
    .text = leg_sip_text,
    .text_done = leg_sip_text_done,
    .hold = leg_sip_hold,
    .report = leg_sip_report,
    .refer = leg_sip_refer,
    .moved = leg_sip_moved,
    .retune = leg_sip_retune,
    .video = leg_sip_video,
    .fax = leg_sip_fax,
    .rehome = leg_sip_rehome,
    .transport = leg_sip_transport,
    .end = end,
    .destroy = destroy,
};
