#pragma once
/* What trunks.c, trunk_call.c and trunks_view.c share. */

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "legs/trunks.h"
#include "sip/sip_register.h"
#include "sip/sip_request.h"
#include "sip/sip_resolve.h"

enum trunk_health { TRUNK_UNKNOWN, TRUNK_ALIVE, TRUNK_DEAD };

struct trunk {
    struct trunks *trunks;
    struct config_trunk *config; /* a copy of our own: calls outlive a reload */
    struct log_tag log;
    struct sip_hop hops[SIP_HOPS_MAX]; /* in the order in which to try them */
    size_t n_hops;
    uint32_t tls; /* whose certificate its hops must show: sip_tls.h */
    struct sip_resolve *query;
    struct timer resolve_timer, probe_timer;
    struct sip_register *registration;
    struct sip_request *probe;
    enum trunk_health health;
    char last_error[240];
    int64_t rtt_ms; /* of the last OPTIONS; -1: none */
    struct leg_codecs codecs;
    unsigned calls; /* outgoing ones; they hold a pointer to the password */
    bool retired;   /* removed by a reload, kept for its calls */
    uint64_t total_calls;
};

struct trunks {
    const struct leg_env *env;
    struct trunk **list;
    size_t n;
    struct trunk **retired;
    size_t n_retired;
};

static inline enum sip_kind trunk_kind(const struct config_trunk *config)
{
    static const enum sip_kind kinds[] = { SIP_UDP, SIP_TCP, SIP_TLS };
    return kinds[config->transport];
}

struct buf;

/* trunks.c */
/** A leg of the trunk is over; `owner` is the trunk. */
void trunk_on_call_over(void *owner);
/* trunk_call.c */
/** A call goes out: one more leg of `call`. `number` "" dials what the trunk is for. */
void trunk_dial(struct trunk *trunk, struct call *call, const struct route_target *target);
/** "sip:user@host"; without a user, "sip:host". */
void trunk_print_uri(struct buf *out, const char *user, const char *host);
struct sip_account trunk_account(const struct trunk *trunk);
struct sip_resolve_config trunk_where(const struct config_trunk *config);
