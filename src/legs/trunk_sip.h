#pragma once
/* SIP trunks: the kind's table, and what trunk_sip.c and trunk_sip_call.c share. */

#include "legs/trunks_priv.h"
#include "sip/sip_register.h"
#include "sip/sip_request.h"
#include "sip/sip_resolve.h"

struct trunk_sip {
    struct trunk trunk;                /* first */
    struct sip_hop hops[SIP_HOPS_MAX]; /* in the order in which to try them */
    size_t n_hops;
    uint32_t tls; /* whose certificate its hops must show: sip_tls.h */
    struct sip_resolve *query;
    struct timer resolve_timer, probe_timer;
    struct sip_register *registration;
    struct sip_request *probe;
    char line[17]; /* of our Contact: who calls that knows what we told this trunk alone */
};

extern const struct trunk_kind trunk_sip;

static inline struct trunk_sip *trunk_sip_of(struct trunk *trunk)
{
    return (struct trunk_sip *)trunk; /* the trunk is its first member */
}
static inline enum sip_kind trunk_sip_transport(const struct config_trunk *config)
{
    static const enum sip_kind kinds[] = { SIP_UDP, SIP_TCP, SIP_TLS };
    return kinds[config->transport];
}

struct buf;

/* trunk_sip_call.c */
/** A call goes out: one more leg of `call`. A target's number "" dials what the trunk is for. */
void trunk_sip_dial(struct trunk *trunk, struct call *call, const struct route_target *target,
                    struct cause *why);
/** As trunk_kind.send_text. */
MUST_CHECK enum err trunk_sip_send_text(struct trunk *trunk, const struct trunk_text *text,
                                        sip_outcome_fn fn, void *owner, struct sip_request **out);
/** As trunk_kind.print_called: "sip:+1555@carrier.example". */
void trunk_sip_print_called(const struct trunk *trunk, const char *number, struct buf *out);
/** As trunk_kind.policy. */
void trunk_sip_policy(const struct trunk *trunk, struct leg_sip_policy *out);
/** "sip:user@host", or sips: where the trunk wants it; without a user, "sip:host". */
void trunk_sip_print_uri(const struct config_trunk *config, const char *user, const char *host,
                         struct buf *out);
struct sip_account trunk_sip_account(const struct trunk_sip *self);
struct sip_resolve_config trunk_sip_where(const struct config_trunk *config);
