/* 3xx answers (RFC 3261 §8.1.3.4): a trunk's Contacts are tried in order, a phone's is a call
 * forwarded in the name of its user. */
#include "base/buf.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/leg_sip_priv.h"
#include "legs/leg_uri.h"
#include "legs/trunk_number.h"
#include "sip/sip_hdr.h"
#include "sip/sip_msg.h"
#include "sip/sip_param.h"
#include "sip/sip_redirect.h"
#include "sip/sip_uri.h"

enum { FOLLOWED_MAX = 5 };

void leg_sip_redirects_clear(struct leg_sip *self)
{
    for (size_t i = 0; i < self->n_targets; i++)
        mem_free(self->targets[i]);
    self->n_targets = 0;
}

static bool is_known(const struct leg_sip *self, const struct sip_uri *uri)
{
    struct sip_uri other;
    for (size_t i = 0; i < self->n_targets; i++)
        if (!sip_uri_parse(slice_of(self->targets[i]), &other) && sip_uri_eq(uri, &other))
            return true;
    return !sip_uri_parse(slice_of(self->request_uri), &other) && sip_uri_eq(uri, &other);
}

/* A telephone number is one of the trunk's own. */
static bool print_target(const struct leg_sip *self, struct slice target, struct buf *out)
{
    const struct config_trunk *trunk =
        config_trunk_find(self->env->config, slice_of(self->leg.trunk));
    struct sip_uri uri;
    if (sip_uri_parse(target, &uri) || uri.scheme == SIP_URI_OTHER)
        return false;
    if (uri.scheme != SIP_URI_TEL) {
        uri.headers = SLICE_NONE; /* not theirs to write into our INVITE */
        sip_uri_print(&uri, out);
        return !out->overflow;
    }
    char number[SIP_NUMBER_MAX];
    if (!trunk || !sip_uri_number(&uri, number))
        return false;
    buf_text(out, trunk_number_scheme(trunk));
    sip_escape_user(slice_of(number), out);
    buf_char(out, '@');
    sip_host_print(slice_of(trunk->domain), out);
    return !out->overflow;
}

static void add_target(struct leg_sip *self, struct slice target)
{
    char mem[SIP_URI_MAX];
    struct buf text = BUF_ON(mem);
    struct sip_uri uri;
    if (self->n_targets == LEG_SIP_TARGETS_MAX || !print_target(self, target, &text) ||
        sip_uri_parse(buf_slice(&text), &uri) || is_known(self, &uri))
        return;
    if (slice_istarts(slice_of(self->request_uri), SLICE("sips:")) && uri.scheme != SIP_URI_SIPS) {
        /* RFC 3261 §8.1.3.4 wants to be asked first, and nobody here can be */
        leg_on_event(&self->leg, "sip", "not redirected to %.*s: it is no sips: address",
                     SLICE_ARG(uri.text));
        return;
    }
    self->targets[self->n_targets++] = slice_dup(buf_slice(&text));
}

static bool follows(const struct leg_sip *self)
{
    const struct config_trunk *trunk =
        config_trunk_find(self->env->config, slice_of(self->leg.trunk));
    return trunk ? trunk->follow_redirects : !self->leg.trunk[0];
}

/* Where the new URI leads: the trunk's own servers under its name, anything else is looked up. */
static bool go(struct leg_sip *self, const char *target)
{
    const struct config_trunk *trunk =
        config_trunk_find(self->env->config, slice_of(self->leg.trunk));
    struct sip_uri uri;
    struct sip_resolve_config where = { 0 };
    if (sip_uri_parse(slice_of(target), &uri) || !uri_where(&uri, &where))
        return false;
    bool is_own = trunk && !uri.port &&
                  (slice_iis(uri.host, trunk->domain) || slice_iis(uri.host, trunk->host));
    if (!self->is_away)
        self->home = self->hops[self->at_hop].addr;
    sip_session_destroy(self->session);
    self->session = NULL;
    mem_free(self->request_uri);
    self->request_uri = slice_dup(slice_of(target));
    if (is_own && !self->is_away) {
        leg_sip_retry(self, NULL);
        return true;
    }
    if (is_own || (trunk && where.any_kind)) {
        where.tls = self->where.tls;
        where.any_kind = false;
        where.kind = self->where.kind;
    }
    leg_sip_retry(self, &where);
    return true;
}

bool leg_sip_redirect_next(struct leg_sip *self, const char *why)
{
    while (self->at_target < self->n_targets && self->n_followed < FOLLOWED_MAX) {
        const char *target = self->targets[self->at_target++];
        self->n_followed++;
        leg_on_event(&self->leg, "sip", "%s: redirected to %s", why, target);
        log_info(&self->leg.log, "redirected reason=\"%s\"", why);
        if (go(self, target))
            return true;
    }
    return false;
}

/* Phones say why in a Diversion of their own (RFC 5806 §4.3). */
static struct slice reason_of(const struct sip_outcome *outcome)
{
    struct sip_name_addr by;
    struct slice reason = SLICE_NONE;
    if (outcome->msg &&
        sip_name_addr_parse(sip_msg_value(outcome->msg, SIP_H_DIVERSION), &by) == OK &&
        sip_param_find(by.params, "reason", &reason))
        reason = slice_unquote(reason);
    return sip_is_token(reason) ? reason : SLICE_NONE;
}

/* The phone's user decided where its calls go: routed as he would dial, with his rights. */
static bool forward(struct leg_sip *self, const struct sip_outcome *outcome)
{
    char mem[SIP_URI_MAX];
    for (size_t i = 0; i < outcome->n_targets; i++) {
        struct buf dialled = BUF_ON(mem);
        if (leg_sip_print_dialled(self, outcome->targets[i].uri, &dialled) &&
            call_forward(&self->leg, buf_slice(&dialled), reason_of(outcome)))
            return true;
    }
    return false;
}

bool leg_sip_redirect(struct leg_sip *self, const struct sip_outcome *outcome)
{
    char why[16];
    if (outcome->status < 300 || outcome->status > 399)
        return outcome->status < 600 && leg_sip_redirect_next(self, "refused");
    if (self->leg.user[0]) {
        (void)forward(self, outcome); /* the leg is over in any case */
        return false;
    }
    if (!follows(self))
        return false;
    for (size_t i = 0; i < outcome->n_targets; i++)
        add_target(self, outcome->targets[i].uri);
    struct buf text = BUF_ON(why);
    buf_printf(&text, "%d", outcome->status);
    return leg_sip_redirect_next(self, buf_cstr(&text));
}
