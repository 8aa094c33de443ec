/* Transfers on SIP legs: REFER from the far end and to it (RFC 3515), Replaces (RFC 3891). What a
 * transfer does is call/transfer.h's business. */
#include "base/buf.h"
#include "base/mem.h"
#include "call/transfer.h"
#include "config/config.h"
#include "legs/leg_sip_priv.h"
#include "legs/trace.h"
#include "legs/trunk_number.h"
#include "net/addr.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"
#include "sip/sip_refer.h"
#include "sip/sip_uri.h"

/* The leg that a session belongs to; NULL for none, which `session` may be. */
static struct leg *leg_sip_of_session(const struct sip_session *session)
{
    struct leg_sip *self = session ? sip_session_owner(session, &leg_sip_events) : NULL;
    return self ? &self->leg : NULL;
}

static void say_accepted(struct leg_sip *self)
{
    if (self->refer_accepted)
        return;
    self->refer_accepted = true;
    if (!sip_refer_accept(self->session, self->refer_id))
        leg_on_event(&self->leg, "sip", "202 sent");
}

void leg_sip_report(struct leg *leg, int status, const char *text)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (!self->refers || !self->session)
        return;
    say_accepted(self);
    /* the phrase is the RFC's: `text` is a sentence for people */
    if (!sip_refer_notify(self->session, self->refer_id, status, SLICE_NONE))
        leg_on_event(leg, "sip", "NOTIFY sent, %d %s", status, text);
    if (status >= 200)
        self->refers = false;
}

/* The names by which far ends of this leg know us. */
static bool is_us(const struct leg_sip *self, struct slice host)
{
    const struct config *config = self->env->config;
    const struct sip_flow *flow = sip_session_flow(self->session);
    const struct config_trunk *trunk = config_trunk_find(config, slice_of(self->leg.trunk));
    const struct sip_msg *invite = sip_session_invite_msg(self->session);
    const struct sip_uri *ours =
        self->leg.incoming ? sip_msg_uri(invite) : &sip_msg_from(invite)->uri;
    struct addr addr;
    if (slice_iis(host, config->sip_realm) || slice_iis(host, config->sip_domain) ||
        slice_ieq(host, ours->host) || (trunk && slice_iis(host, trunk->domain)) ||
        (trunk && slice_iis(host, trunk->host)))
        return true;
    return !sip_host_addr(host, 0, &addr) &&
           (addr_same_ip(&addr, &self->env->public_ip) || addr_same_ip(&addr, &flow->local));
}

/* A number with a NUL in it would lead to what stands before that. */
static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    return false;
}

bool leg_sip_print_dialled(const struct leg_sip *self, struct slice target, struct buf *out)
{
    struct sip_uri uri;
    if (sip_uri_parse(target, &uri) || !uri.user.len)
        return false;
    if (uri.scheme == SIP_URI_TEL || is_us(self, uri.host) || !self->env->config->allow_uris)
        sip_unescape(uri.user, out);
    else
        buf_put(out, target);
    return !out->overflow && !has_control(buf_slice(out));
}

static void reject(struct sip_session *session, uint32_t id, int status)
{
    struct sip_reply reply = { .status = status };
    (void)!sip_refer_reject(session, id, &reply);
}

static enum err start(struct leg_sip *self, const struct sip_referral *referral, struct cause *why)
{
    char mem[SIP_URI_MAX];
    struct buf dialled = BUF_ON(mem);
    struct leg *with = NULL;
    if (referral->has_replaces)
        with = leg_sip_of_session(sip_agent_find_session(self->env->agent, &referral->replaces));
    if (with)
        return transfer_attended(&self->leg, with, referral->referred_by, why);
    if (!leg_sip_print_dialled(self, referral->target, &dialled)) {
        *why = cause_of_status(400, CAUSE_BY_SYSTEM, "Refer-To names nobody to call.");
        return ERR_INVALID;
    }
    struct transfer_request request = { .by = &self->leg,
                                        .to = buf_slice(&dialled),
                                        .referred_by = referral->referred_by,
                                        .replaces = referral->replaces_value };
    return transfer_blind(&request, why);
}

void leg_sip_on_refer(void *owner, struct sip_session *session, const struct sip_referral *referral)
{
    struct leg_sip *self = owner;
    struct cause why;
    leg_on_event(&self->leg, "sip", "REFER to %.*s%s received", SLICE_ARG(referral->target),
                 referral->has_replaces ? " with Replaces" : "");
    if (self->refers || !slice_iis(referral->method, "INVITE")) {
        reject(session, referral->id, self->refers ? 491 : 603);
        return;
    }
    self->refers = true;
    self->refer_accepted = false;
    self->refer_id = referral->id;
    enum err err = start(self, referral, &why);
    if (!err) {
        say_accepted(self);
        return;
    }
    self->refers = false;
    leg_on_event(&self->leg, "sip", "REFER refused: %d %s", why.code, why.text);
    reject(session, referral->id, why.code);
}

static bool passes(const struct leg_sip *self, const struct leg *replaces)
{
    const struct config_trunk *trunk =
        config_trunk_find(self->env->config, slice_of(self->leg.trunk));
    if (!trunk || trunk->transfer != CONFIG_TRANSFER_PASS)
        return false;
    return !replaces ||
           (replaces->ops == self->leg.ops && slice_is(slice_of(replaces->trunk), self->leg.trunk));
}

enum err leg_sip_refer(struct leg *leg, const struct transfer_request *request,
                       struct leg *replaces)
{
    struct leg_sip *self = leg_sip_of(leg);
    char mem[SIP_URI_MAX];
    struct buf target = BUF_ON(mem);
    /* a script names an address and means its far end to go there, whatever the trunk's policy */
    bool is_uri =
        slice_istarts(request->to, SLICE("sip:")) || slice_istarts(request->to, SLICE("sips:"));
    if (!self->session || (!is_uri && !passes(self, replaces)))
        return ERR_UNSUPPORTED;
    const struct config_trunk *trunk = config_trunk_find(self->env->config, slice_of(leg->trunk));
    struct sip_refer_config config = { .referred_by = request->referred_by };
    if (replaces) {
        config.replaces = leg_sip_of(replaces)->session;
    } else if (is_uri) {
        config.target = request->to;
    } else {
        char *to = slice_dup(request->to);
        trunk_number_print_uri(trunk, to, &target);
        mem_free(to);
        config.target = buf_slice(&target);
    }
    enum err err = target.overflow ? ERR_LIMIT : sip_refer_send(self->session, &config);
    if (!err)
        leg_on_event(leg, "sip", "REFER sent%s", replaces ? " with Replaces" : "");
    return err;
}

void leg_sip_on_referred(void *owner, struct sip_session *session,
                         const struct sip_refer_progress *progress)
{
    struct leg_sip *self = owner;
    char text[80];
    (void)session;
    (void)slice_copy(slice_sub(progress->reason, 0, sizeof text - 1), text, sizeof text);
    int status = progress->is_refused ? 0 : progress->status;
    if (progress->is_over && !progress->is_refused && status < 200)
        status = 200; /* it took the REFER and will tell no more (RFC 3515 §2.4.7) */
    leg_on_event(&self->leg, "sip", "REFER: %d %s", progress->status, text);
    leg_on_referred(&self->leg, status, text, progress->is_over);
}

void leg_sip_moved(struct leg *leg)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (self->session)
        trace_bind(self->env->trace, sip_session_call_id(self->session), call_id(leg->call));
}

void leg_sip_take_over(struct leg *leg, const char *user, const char *trunk)
{
    struct leg_sip *self = leg_sip_of(leg);
    struct leg *old = leg_sip_of_session(sip_session_replaced(self->session));
    struct cause why;
    /* RFC 3891 §3 wants to know who asks: an account of ours, or the trunk whose call it is */
    bool may = user[0] || (old && slice_is(slice_of(old->trunk), trunk));
    (void)slice_copy(slice_of(user), leg->user, sizeof leg->user);
    (void)slice_copy(slice_of(trunk), leg->trunk, sizeof leg->trunk);
    leg->may_use_trunks = user[0] != '\0';
    if (!old || !may) {
        leg_sip_drop(leg, old ? 403 : 481, NULL);
        return;
    }
    if (transfer_replace(old, leg, &why)) {
        leg_sip_drop(leg, why.code, NULL);
        return;
    }
    if (leg->call)
        leg_sip_moved(leg);
}
