/* One call out through a SIP trunk: what is dialled, who calls, which policy. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/leg_media.h"
#include "legs/leg_sip.h"
#include "legs/leg_uri.h"
#include "legs/trunk_diversion.h"
#include "legs/trunk_number.h"
#include "legs/trunk_sip.h"
#include "legs/trunks_priv.h"
#include "sip/sip_uri.h"

static enum leg_sip_srtp srtp_of(const struct config_trunk *config)
{
    static const enum leg_sip_srtp rows[] = { [CONFIG_SRTP_OFF] = LEG_SIP_SRTP_OFF,
                                              [CONFIG_SRTP_OPTIONAL] = LEG_SIP_SRTP_OPTIONAL,
                                              [CONFIG_SRTP_REQUIRED] = LEG_SIP_SRTP_REQUIRED };
    return rows[config->srtp];
}

static enum leg_dtmf dtmf_of(const struct config_trunk *config)
{
    static const enum leg_dtmf rows[] = { [CONFIG_DTMF_AUTO] = LEG_DTMF_AUTO,
                                          [CONFIG_DTMF_RFC4733] = LEG_DTMF_EVENTS,
                                          [CONFIG_DTMF_INFO] = LEG_DTMF_INFO,
                                          [CONFIG_DTMF_INBAND] = LEG_DTMF_TONES };
    return rows[config->dtmf];
}

void trunk_sip_print_uri(const struct config_trunk *config, const char *user, const char *host,
                         struct buf *out)
{
    buf_text(out, trunk_number_scheme(config));
    if (user[0]) {
        uri_print_user(user, out);
        buf_char(out, '@');
    }
    sip_host_print(slice_of(host), out);
}

struct sip_account trunk_sip_account(const struct trunk_sip *self)
{
    return (struct sip_account){ .user = slice_of(self->trunk.config->auth_username),
                                 .realm = slice_of(self->trunk.config->realm),
                                 .password = &self->trunk.config->password };
}

struct sip_resolve_config trunk_sip_where(const struct config_trunk *config)
{
    return (struct sip_resolve_config){
        .host = slice_of(config->host),
        .port = config->port == CONFIG_AUTO ? 0 : (uint16_t)config->port,
        .kind = trunk_sip_transport(config),
    };
}

void trunk_sip_print_called(const struct trunk *trunk, const char *number, struct buf *out)
{
    trunk_number_print_uri(trunk->config, number, out);
}

void trunk_sip_policy(const struct trunk *trunk, struct leg_sip_policy *out)
{
    *out = (struct leg_sip_policy){ .prefer = leg_prefer_of(trunk->trunks->env->config,
                                                            trunk->config->prefer),
                                    .srtp = srtp_of(trunk->config),
                                    .dtmf = dtmf_of(trunk->config),
                                    .media_nets = &trunk->config->media_nets,
                                    .shares_port = trunk->config->rtp == CONFIG_RTP_SHARED,
                                    .no_video = !trunk->config->video,
                                    .ptime_ms = (unsigned)trunk->config->ptime_ms }; /* 10 to 60 */
    if (trunk->config->codecs.n) /* the global list is what we offer, not what we take */
        out->codecs = trunk->codecs;
}

/* The trunk's own, then the caller's. */
static size_t fill_fields(const struct trunk *trunk, const struct call *call,
                          struct sip_field fields[], size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < trunk->config->headers.n && n < max; i++)
        fields[n++] = (struct sip_field){ slice_of(trunk->config->headers.items[i].name),
                                          slice_of(trunk->config->headers.items[i].value) };
    return leg_sip_add_headers(call, fields, n, max);
}

void trunk_sip_dial(struct trunk *trunk, struct call *call, const struct route_target *target,
                    struct cause *why)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    if (!target->number[0] && !trunk->config->called[0]) {
        *why = cause_of_status(484, CAUSE_BY_SYSTEM, "There is no number to dial.");
        return;
    }
    const struct config_trunk *config = trunk->config;
    char uri_mem[600], from_mem[600], user_mem[320];
    struct buf uri = BUF_ON(uri_mem), from = BUF_ON(from_mem), user = BUF_ON(user_mem);
    struct sip_field fields[24 + TRUNK_DIVERSION_FIELDS];
    char diversion_mem[TRUNK_DIVERSION_TEXT];
    struct buf diversion = BUF_ON(diversion_mem);
    trunk_number_print(config, target->number[0] ? target->number : config->called, &user);
    trunk_sip_print_called(trunk, target->number, &uri);
    if (user.overflow || uri.overflow) {
        *why = cause_of_status(484, CAUSE_BY_SYSTEM, "The number is too long.");
        return;
    }
    const char *from_user = config->username[0] ? config->username : call_from(call);
    trunk_sip_print_uri(config, config->caller_id[0] ? config->caller_id : from_user,
                        config->domain, &from);
    char identity_mem[600];
    struct buf identity = BUF_ON(identity_mem);
    if (config->identity != CONFIG_IDENTITY_NONE && call_from(call)[0])
        trunk_sip_print_uri(config, config->caller_id[0] ? config->caller_id : call_from(call),
                            config->domain, &identity);
    size_t n_fields = trunk_diversion_fields(config, call, buf_slice(&uri), &diversion, fields);
    n_fields += fill_fields(trunk, call, fields + n_fields, COUNT_OF(fields) - n_fields);
    struct leg_sip_target sip = {
        .request_uri = buf_slice(&uri),
        .from_uri = buf_slice(&from),
        .from_name = slice_of(call_from_name(call)),
        .identity_uri = identity.overflow ? SLICE_NONE : buf_slice(&identity),
        .is_asserted = config->identity == CONFIG_IDENTITY_ASSERTED,
        .is_private = config->privacy || call_is_private(call),
        .contact_user = slice_of(config->username[0] ? config->username : "tandem"),
        .hops = self->hops,
        .n_hops = self->n_hops,
        .where = trunk_sip_where(config),
        .party = buf_slice(&user),
        .via = slice_of(config->name),
        .auth = trunk_sip_account(self),
        .fields = fields,
        .n_fields = n_fields,
        .codecs = trunk->codecs,
        .prefer = leg_prefer_of(trunk->trunks->env->config, config->prefer),
        .srtp = srtp_of(config),
        .dtmf = dtmf_of(config),
        .media_nets = &config->media_nets,
        .shares_port = config->rtp == CONFIG_RTP_SHARED,
        .no_video = !config->video,
        .ptime_ms = (unsigned)config->ptime_ms, /* 10 to 60: its row */
        .on_over = trunk_on_call_over,
        .owner = trunk,
    };
    sip.where.tls = self->tls;
    trunk_add_leg(trunk, call, leg_sip_create_outgoing(trunk->trunks->env, &sip));
}

enum err trunk_sip_send_text(struct trunk *trunk, const struct trunk_text *text, sip_outcome_fn fn,
                             void *owner, struct sip_request **out)
{
    struct trunk_sip *self = trunk_sip_of(trunk);
    const struct config_trunk *config = trunk->config;
    char uri_mem[600], from_mem[600], number[ROUTE_NUMBER_MAX], from[ROUTE_NUMBER_MAX];
    struct buf uri = BUF_ON(uri_mem), from_uri = BUF_ON(from_mem);
    if (!self->n_hops || !slice_copy(text->number, number, sizeof number) ||
        !slice_copy(text->from, from, sizeof from))
        return ERR_NOT_FOUND;
    trunk_sip_print_called(trunk, number, &uri);
    const char *shown = config->caller_id[0]  ? config->caller_id
                        : config->username[0] ? config->username
                                              : from;
    trunk_sip_print_uri(config, shown, config->domain, &from_uri);
    struct sip_request_config request = {
        .method = SLICE("MESSAGE"),
        .request_uri = buf_slice(&uri),
        .hop = self->hops[0],
        .from_uri = buf_slice(&from_uri),
        .from_name = text->from_name,
        .body = text->body,
        .auth = trunk_sip_account(self),
    };
    if (uri.overflow || from_uri.overflow)
        return ERR_LIMIT;
    return sip_request_create(out, trunk->trunks->env->agent, &request, fn, owner);
}
