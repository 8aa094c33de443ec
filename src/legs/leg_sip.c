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

static void own_end(struct leg_sip *self, const char *token, const char *text)
{
    struct cause cause = cause_of_token(token, CAUSE_BY_SYSTEM, text);
    leg_fail(&self->leg, &cause);
}

/* What their offer asks for; toward a phone on a WebSocket, what every browser has. */
static enum leg_media_kind media_kind(const struct leg_sip *self, enum sip_kind kind)
{
    static const enum leg_media_kind by_transport[] = { [SDP_RTP_PLAIN] = LEG_MEDIA_RTP,
                                                        [SDP_RTP_SDES] = LEG_MEDIA_SDES,
                                                        [SDP_RTP_DTLS] = LEG_MEDIA_WEBRTC };
    enum sdp_transport transport;
    if (self->offer && !sdp_offer_transport(slice_of(self->offer), &transport))
        return by_transport[transport];
    if (kind == SIP_WS || kind == SIP_WSS)
        return LEG_MEDIA_WEBRTC;
    return self->srtp == LEG_SIP_SRTP_OFF || self->downgraded ? LEG_MEDIA_RTP : LEG_MEDIA_SDES;
}

/* Our media address as that far end should see it. */
static enum err open_media(struct leg_sip *self, enum sip_kind kind, const struct addr *remote,
                           struct fault *fault)
{
    struct addr shown;
    enum err err = sip_agent_address(self->env->agent, kind, remote, &shown);
    if (err)
        return fault_set(fault, err, "", 0, "no local address reaches the far end");
    return leg_media_open(&self->media, self->env, &self->leg, media_kind(self, kind), &shown,
                          remote, fault);
}

static struct sip_body sdp_body(const struct leg_sip *self)
{
    return (struct sip_body){ SLICE("application/sdp"), slice_of(self->sdp) };
}

/* ---- outgoing ---- */

enum { HOP_PATIENCE_MS = 4000 };

static const struct sip_hop *hop_of(const struct leg_sip *self)
{
    return &self->hops[self->at_hop];
}

static void try_hop(struct leg_sip *self);

/* Is there anybody else to ask: another address of this far end, or another far end? */
static bool has_other(const struct leg_sip *self)
{
    return self->at_hop + 1 < self->n_hops || call_has_next(self->leg.call);
}

/* This address is of no use; true when the next one is being asked. */
static bool next_hop(struct leg_sip *self, const char *why)
{
    if (self->at_hop + 1 >= self->n_hops)
        return false;
    char next[ADDR_TEXT];
    self->at_hop++;
    log_warn(&self->leg.log, "failover reason=\"%s\" next=%s", why,
             addr_print(&hop_of(self)->addr, next));
    leg_on_event(&self->leg, "sip", "%s: trying %s", why, next);
    sip_session_destroy(self->session); /* a late answer is acknowledged and ended there */
    self->session = NULL;
    try_hop(self);
    return true;
}

static void on_patience(void *owner)
{
    struct leg_sip *self = owner;
    if (!self->session || sip_session_state(self->session) != SIP_SESSION_CALLING)
        return;
    if (next_hop(self, "no answer at all"))
        return;
    own_end(self, "timeout", "The far end did not respond.");
}

static void send_invite(struct leg_sip *self)
{
    const struct sip_hop *hop = hop_of(self);
    struct sip_session_config config = {
        .request_uri = slice_of(self->request_uri),
        .hop = *hop,
        .routes = self->routes,
        .n_routes = self->n_routes,
        .from_uri = slice_of(self->from_uri),
        .from_name = slice_of(self->from_name),
        .contact_user = slice_of(self->contact_user),
        .fields = self->fields,
        .n_fields = self->n_fields,
        .body = sdp_body(self),
        .auth = self->auth,
    };
    char to[ADDR_TEXT];
    addr_print(&hop->addr, to);
    enum err err =
        sip_session_invite(&self->session, self->env->agent, &config, &leg_sip_events, self);
    if (err) {
        own_end(self, "server_error", "The INVITE could not be built from these values.");
        return;
    }
    log_info(&self->leg.log, "INVITE uri=%s to=%s/%s%s%s", self->request_uri,
             sip_kind_name(hop->kind), to, self->leg.via[0] ? " trunk=" : "", self->leg.via);
    leg_on_event(&self->leg, "sip", "INVITE %s to %s/%s", self->request_uri,
                 sip_kind_name(hop->kind), to);
    if (has_other(self))
        loop_timer_start(self->env->loop, &self->patience, HOP_PATIENCE_MS, on_patience, self);
    leg_on_trying(&self->leg);
}

static bool make_offer(struct leg_sip *self)
{
    struct fault fault;
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX], mem[LEG_SDP_MAX];
    if (self->leg.stream) { /* a second try */
        leg_media_set_kind(&self->media, media_kind(self, hop_of(self)->kind));
    } else if (open_media(self, hop_of(self)->kind, &hop_of(self)->addr, &fault)) {
        fault_print(&fault, text, sizeof text);
        own_end(self, "media_failed", text);
        return false;
    }
    struct buf sdp = BUF_ON(mem);
    struct leg_codecs codecs = leg_codecs_merge(&self->wanted, &self->codecs);
    if (leg_media_offer(&self->media, &codecs, &sdp)) {
        own_end(self, "server_error", "The offer could not be made.");
        return false;
    }
    self->sdp = slice_dup(buf_slice(&sdp));
    return true;
}

static void try_hop(struct leg_sip *self)
{
    if (self->sdp || make_offer(self))
        send_invite(self);
}

static void on_resolved(void *owner, const struct sip_hops *hops)
{
    struct leg_sip *self = owner;
    self->resolve = NULL;
    if (hops->err) {
        own_end(self, "service_unavailable", hops->text);
        return;
    }
    for (size_t i = 0; i < hops->n; i++)
        self->hops[self->n_hops++] = hops->list[i];
    try_hop(self);
}

static void dial(struct leg *leg, const struct leg *peer)
{
    struct leg_sip *self = leg_sip_of(leg);
    self->wanted = peer->offered;
    if (self->n_hops) {
        try_hop(self);
        return;
    }
    leg_on_trying(leg);
    self->resolve = sip_resolve_create(self->env->dns, &self->where, on_resolved, self);
}

static bool take_sdp(struct leg_sip *self, const struct sip_msg *msg)
{
    struct fault fault = { 0 };
    if (!leg_media_take_answer(&self->media, sip_msg_body(msg), &fault))
        return true;
    leg_on_event(&self->leg, "sdp", "%s", fault.text);
    log_warn(&self->leg.log, "answer unusable reason=\"%s\"", fault.text);
    return false;
}

static void on_progress(void *owner, struct sip_session *session, const struct sip_msg *response,
                        unsigned fork)
{
    struct leg_sip *self = owner;
    int status = (int)sip_msg_status(response);
    (void)session;
    leg_on_event(&self->leg, "sip", "%d %.*s", status, SLICE_ARG(sip_msg_reason(response)));
    /* media of the first fork only: a second one would fight over the same stream */
    if (sip_msg_body(response).len && (!self->early_fork || self->early_fork == fork)) {
        self->early_fork = fork;
        if (!self->media.described && take_sdp(self, response))
            leg_on_progress(&self->leg, status);
        return;
    }
    leg_on_ringing(&self->leg, status);
}

static void on_answer(void *owner, struct sip_session *session, const struct sip_msg *response)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "%u %.*s", sip_msg_status(response),
                 SLICE_ARG(sip_msg_reason(response)));
    bool has_sdp = sip_msg_body(response).len > 0;
    if ((has_sdp && !take_sdp(self, response)) || !self->media.described) {
        own_end(self, has_sdp ? "no_codec" : "bad_sdp",
                has_sdp ? NULL : "The far end answered without a session description.");
        return;
    }
    leg_on_answered(&self->leg);
}

/* What to say when nobody on the other side said it. */
static struct cause cause_of_outcome(const struct sip_outcome *outcome)
{
    if (outcome->err == OK)
        return cause_of_status(outcome->status, CAUSE_BY_REMOTE,
                               outcome->text && outcome->text[0] && !outcome->msg ? outcome->text
                                                                                  : NULL);
    if (outcome->err == ERR_REFUSED)
        return cause_of_token("connection_refused", CAUSE_BY_SYSTEM, outcome->text);
    return cause_of_status(outcome->status, CAUSE_BY_SYSTEM, outcome->text);
}

/* A person must be able to mend it: which trunk, realm and user; never the password. */
static void explain_auth(const struct leg_sip *self, const struct sip_outcome *outcome,
                         struct cause *cause)
{
    if (cause->code != 401 && cause->code != 407)
        return;
    snprintf(cause->text, sizeof cause->text, "%s%s%s. Check the user name, password and domain.",
             self->leg.via, self->leg.via[0] ? ": " : "",
             outcome->text && outcome->text[0] ? outcome->text : "authentication failed");
}

/* RFC 4568 has no way to offer both: when SRTP is refused and was optional, offer once more
 * without. */
static bool downgrade(struct leg_sip *self, int status)
{
    bool refused = status == 488 || status == 606 || status == 415;
    if (!refused || self->srtp != LEG_SIP_SRTP_OPTIONAL || self->downgraded ||
        self->leg.state >= LEG_RINGING)
        return false;
    self->downgraded = true;
    leg_on_event(&self->leg, "sip", "%d: SRTP refused, trying without", status);
    log_warn(&self->leg.log, "SRTP refused status=%d, trying plain RTP", status);
    sip_session_destroy(self->session);
    self->session = NULL;
    mem_free(self->sdp);
    self->sdp = NULL;
    try_hop(self);
    return true;
}

static void on_failed(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    (void)session;
    bool silent = outcome->err != OK || outcome->status == 503; /* RFC 3263 §4.3 */
    loop_timer_stop(self->env->loop, &self->patience);
    if (silent && self->leg.state < LEG_RINGING &&
        next_hop(self, outcome->text && outcome->text[0] ? outcome->text : "503"))
        return;
    if (downgrade(self, outcome->status))
        return;
    struct cause cause = cause_of_outcome(outcome);
    explain_auth(self, outcome, &cause);
    leg_on_event(&self->leg, "sip", "%d %s", outcome->status, outcome->text ? outcome->text : "");
    leg_on_ended(&self->leg, &cause);
}

/* ---- incoming ---- */

struct leg *leg_sip_create_incoming(const struct leg_env *env, struct sip_session *session,
                                    const struct sip_msg *invite)
{
    struct leg_sip *self = leg_sip_make(env, true);
    self->session = session;
    struct slice body = sip_msg_body(invite);
    self->offer = body.len ? slice_dup(body) : NULL;
    struct buf user;
    buf_init(&user, self->leg.party, sizeof self->leg.party);
    sip_unescape(sip_msg_from(invite)->uri.user, &user);
    (void)buf_cstr(&user);
    return &self->leg;
}

enum err leg_sip_read_offer(struct leg *leg, struct fault *fault)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (!self->offer) {
        leg->offered = self->env->sip_codecs;
        return OK;
    }
    enum err err = leg_media_offered(slice_of(self->offer), &leg->offered, fault);
    if (!err && !leg->offered.n)
        err = fault_set(fault, ERR_UNSUPPORTED, "", 0, "no audio codec that we know in the offer");
    return err;
}

/* The answer to their offer (or, for a late one, our offer), made once. */
static enum err make_answer(struct leg_sip *self, const struct leg_codecs *prefer)
{
    if (self->sdp)
        return OK;
    struct fault fault = { 0 };
    struct addr remote = sip_session_remote(self->session);
    const struct sip_flow *flow = sip_session_flow(self->session);
    enum err err = open_media(self, flow->kind, &remote, &fault);
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct leg_codecs codecs = leg_codecs_common(prefer, &self->leg.offered);
    if (!err && self->offer)
        err = leg_media_answer(&self->media, &codecs, slice_of(self->offer), &sdp, &fault);
    else if (!err)
        err = leg_media_offer(&self->media, &codecs, &sdp);
    if (err) {
        leg_on_event(&self->leg, "sdp", "%s", fault.text);
        own_end(self, "no_codec", fault.text[0] ? fault.text : NULL);
        return err;
    }
    self->sdp = slice_dup(buf_slice(&sdp));
    return OK;
}

static void ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct leg_sip *self = leg_sip_of(leg);
    struct sip_reply reply = { .status = code };
    if (media && self->offer) {
        if (make_answer(self, media))
            return;
        reply.status = code == 180 ? 180 : 183;
        reply.body = sdp_body(self);
        leg->state = LEG_EARLY;
    }
    if (!sip_session_progress(self->session, &reply))
        leg_on_event(leg, "sip", "%d sent%s", reply.status,
                     reply.body.bytes.len ? " with SDP" : "");
}

static void answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (make_answer(self, prefer))
        return;
    struct sip_reply reply = { .status = 200, .body = sdp_body(self) };
    if (sip_session_answer(self->session, &reply)) {
        own_end(self, "cancelled", NULL);
        return;
    }
    leg_on_event(leg, "sip", "200 sent");
}

static void on_ack(void *owner, struct sip_session *session, const struct sip_msg *ack)
{
    struct leg_sip *self = owner;
    (void)session;
    bool late = !self->offer && !self->media.described;
    if (late && (!sip_msg_body(ack).len || !take_sdp(self, ack)))
        own_end(self, "bad_sdp", "The ACK carried no usable answer to our offer.");
}

static void on_cancelled(void *owner, struct sip_session *session,
                         const struct sip_outcome *outcome)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "CANCEL or no ACK: %d", outcome->status);
    struct cause cause = cause_of_token("cancelled", CAUSE_BY_REMOTE, NULL);
    leg_on_ended(&self->leg, &cause);
}

/* ---- both ---- */

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

static void on_reinvite(void *owner, struct sip_session *session, const struct sip_msg *request)
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
    struct sip_reply yes = { .status = 200, .body = sdp_body(self) };
    (void)!sip_session_answer(session, &yes);
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
        struct sip_reply reply = { .status = ours ? (cause->code < 400 ? 480 : 503) : cause->code };
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
    .on_progress = on_progress,
    .on_answer = on_answer,
    .on_failed = on_failed,
    .on_ack = on_ack,
    .on_reinvite = on_reinvite,
    .on_request = leg_sip_on_request,
    .on_bye = on_bye,
    .on_cancelled = on_cancelled,
};

const struct leg_ops leg_sip_ops = {
    .kind = "sip",
    .dial = dial,
    .ring = ring,
    .answer = answer,
    .end = end,
    .destroy = destroy,
};
