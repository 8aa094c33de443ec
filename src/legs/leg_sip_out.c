/* SIP legs that call: addresses to try, the INVITE, what comes back. */
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/leg_media.h"
#include "legs/leg_sip_priv.h"
#include "legs/leg_uri.h"
#include "legs/trace.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"

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
    leg_sip_fail(self, "timeout", "The far end did not respond.");
}

/* The trunk's and the caller's headers, then what a transfer wants carried. */
static size_t add_fields(const struct leg_sip *self, struct sip_field fields[])
{
    const struct call *call = self->leg.call;
    const struct sip_field more[] = { { SLICE("Referred-By"), slice_of(call_referred_by(call)) },
                                      { SLICE("Replaces"), slice_of(call_replaces(call)) } };
    _Static_assert(COUNT_OF(more) == LEG_SIP_FIELDS_MORE, "room for them");
    size_t n = self->n_fields;
    memcpy(fields, self->fields, n * sizeof *fields);
    for (size_t i = 0; i < COUNT_OF(more); i++)
        if (more[i].value.len)
            fields[n++] = more[i];
    return n;
}

static void send_invite(struct leg_sip *self)
{
    static const struct sip_account nobody;
    struct sip_field fields[LEG_SIP_FIELDS_MAX + LEG_SIP_FIELDS_MORE];
    const struct sip_hop *hop = hop_of(self);
    struct sip_session_config config = {
        .request_uri = slice_of(self->request_uri),
        .hop = *hop,
        .routes = self->routes,
        .n_routes = self->n_routes,
        .from_uri = slice_of(self->from_uri),
        .from_name = slice_of(self->from_name),
        .contact_user = slice_of(self->contact_user),
        .fields = fields,
        .n_fields = add_fields(self, fields),
        .body = leg_sip_body(self),
        .auth = self->is_away ? nobody : self->auth,
        .identity = { .uri = slice_of(self->identity_uri),
                      .is_preferred = !self->is_asserted,
                      .is_private = self->is_private },
    };
    if (call_next_hops(self->leg.call, &config.hops)) {
        leg_sip_fail(self, "too_many_hops", NULL);
        return;
    }
    char to[ADDR_TEXT];
    addr_print(&hop->addr, to);
    enum err err =
        sip_session_invite(&self->session, self->env->agent, &config, &leg_sip_events, self);
    if (err) {
        leg_sip_fail(self, "server_error", "The INVITE could not be built from these values.");
        return;
    }
    sip_session_set_peer(self->session, slice_of(self->peer));
    trace_bind(self->env->trace, sip_session_call_id(self->session), call_id(self->leg.call));
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
        leg_media_describe_anew(&self->media, leg_sip_media_kind(self, hop_of(self)->kind));
    } else if (leg_sip_open_media(self, hop_of(self)->kind, &hop_of(self)->addr, &fault)) {
        fault_print(&fault, text, sizeof text);
        leg_sip_fail(self, "media_failed", text);
        return false;
    }
    struct buf sdp = BUF_ON(mem);
    struct leg_codecs codecs;
    if (leg_policy_offer(&(struct leg_choice){ self->env, &self->leg, &self->media.policy,
                                               &self->wanted, &self->codecs },
                         &codecs)) {
        leg_sip_fail(self, "overload", leg_policy_no_room);
        return false;
    }
    if (leg_media_offer(&self->media, &codecs, &sdp)) {
        leg_sip_fail(self, "server_error", "The offer could not be made.");
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
        if (!leg_sip_redirect_next(self, "not found"))
            leg_sip_fail(self, "service_unavailable", hops->text);
        return;
    }
    for (size_t i = 0; i < hops->n; i++)
        if (!self->is_typed || uri_addr_allowed(self->env, &hops->list[i].addr))
            self->hops[self->n_hops++] = hops->list[i];
    /* redirected: who is there now is nobody whose challenges we answer (CVE-2021-41158) */
    self->is_away =
        self->n_followed && self->n_hops && !addr_same_ip(&self->hops[0].addr, &self->home);
    if (self->n_hops)
        try_hop(self);
    else
        leg_sip_fail(self, "forbidden", "That address lies in a network that may not be called.");
}

void leg_sip_retry(struct leg_sip *self, const struct sip_resolve_config *where)
{
    self->at_hop = 0;
    if (!where) {
        try_hop(self);
        return;
    }
    self->n_hops = 0;
    self->resolve = sip_resolve_create(self->env->dns, where, on_resolved, self);
}

void leg_sip_dial(struct leg *leg, const struct leg *peer)
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

void leg_sip_on_progress(void *owner, struct sip_session *session, const struct sip_msg *response,
                         unsigned fork)
{
    struct leg_sip *self = owner;
    int status = (int)sip_msg_status(response);
    (void)session;
    leg_on_event(&self->leg, "sip", "%d %.*s", status, SLICE_ARG(sip_msg_reason(response)));
    /* media of the first fork only: a second one would fight over the same stream */
    if (sip_msg_sdp(response).len && (!self->early_fork || self->early_fork == fork)) {
        self->early_fork = fork;
        if (!self->media.described && leg_sip_take_answer(self, response, NULL))
            leg_on_progress(&self->leg, status);
        return;
    }
    leg_on_ringing(&self->leg, status);
}

void leg_sip_on_answer(void *owner, struct sip_session *session, const struct sip_msg *response)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "%u %.*s", sip_msg_status(response),
                 SLICE_ARG(sip_msg_reason(response)));
    struct fault fault = { .text = "The far end answered without a session description." };
    bool has_sdp = sip_msg_sdp(response).len > 0;
    if ((has_sdp && !leg_sip_take_answer(self, response, &fault)) || !self->media.described) {
        leg_sip_fail(self, has_sdp ? "no_codec" : "bad_sdp", fault.text);
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

void leg_sip_on_failed(void *owner, struct sip_session *session, const struct sip_outcome *outcome)
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
    if (leg_sip_redirect(self, outcome))
        return;
    struct cause cause = cause_of_outcome(outcome);
    explain_auth(self, outcome, &cause);
    leg_on_event(&self->leg, "sip", "%d %s", outcome->status, outcome->text ? outcome->text : "");
    leg_on_ended(&self->leg, &cause);
}
