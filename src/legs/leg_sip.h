#pragma once
/* The SIP leg: our side of one SIP session, whichever transport it came by and whoever is at the
 * other end (trunk, phone, PBX). Where calls may come from is sip_face.h's business. Control
 * thread. */

#include "call/call.h"
#include "legs/leg_env.h"
#include "legs/leg_media.h"
#include "sip/sip_resolve.h"
#include "sip/sip_session.h"

struct sip_msg;

/** An incoming leg on a session that was just taken: `leg_sip_events` with the leg as owner. */
struct leg *leg_sip_create_incoming(const struct leg_env *env, struct sip_session *session,
                                    const struct sip_msg *invite);
extern const struct sip_session_events leg_sip_events;
/* SRTP: we offer none, first and then without when it is refused, or not without; not even when
 * the caller offers it. */
enum leg_sip_srtp {
    LEG_SIP_SRTP_OFF,
    LEG_SIP_SRTP_OPTIONAL,
    LEG_SIP_SRTP_REQUIRED,
    LEG_SIP_SRTP_FORBIDDEN
};
/* What was agreed on with whoever calls: a trunk's. Zeros: nothing. */
struct leg_sip_policy {
    struct leg_codecs codecs; /* no others; none: any */
    enum leg_prefer prefer;
    enum leg_sip_srtp srtp;
    enum leg_dtmf dtmf;
    unsigned ptime_ms;                    /* 0: 20 */
    bool shares_port;                     /* rtp: shared */
    bool no_video;                        /* it carries voice alone */
    const struct config_list *media_nets; /* borrowed; NULL: none */
};
/** Before leg_sip_read_offer(). */
void leg_sip_set_policy(struct leg *leg, const struct leg_sip_policy *policy);
/** Codecs are read from the offer. ERR_PARSE, ERR_UNSUPPORTED (no audio): answer 488. A message
 * without a body is a late offer and fine. */
MUST_CHECK enum err leg_sip_read_offer(struct leg *leg, struct fault *fault);
/** An incoming leg whose INVITE has Replaces, of that user or trunk ("" for not): it takes the
 * place of the leg that is named, or is refused and freed. */
void leg_sip_take_over(struct leg *leg, const char *user, const char *trunk);
/** The caller gave up or a refusal came before the leg joined a call: frees it. */
void leg_sip_drop(struct leg *leg, int status, const char *reason);

/** Where an outgoing leg goes. Everything is copied but `password`, which must outlive the leg. */
struct leg_sip_target {
    struct slice request_uri, from_uri, from_name, contact_user;
    const struct sip_hop *hops; /* in order; none: `where` is resolved first */
    size_t n_hops;
    struct sip_resolve_config where;
    bool is_typed;           /* a stranger's address: not to where uri_addr_allowed() says no */
    struct slice party, via; /* for people: who is called, through whom */
    struct slice peer;       /* SIP user name of a phone that registers with us; empty: no such */
    struct sip_account auth;
    const struct sip_field *fields;
    size_t n_fields;
    const struct slice *routes;
    size_t n_routes;
    struct leg_codecs codecs;
    enum leg_prefer prefer;
    enum leg_sip_srtp srtp;
    enum leg_dtmf dtmf;
    unsigned ptime_ms;                    /* 0: 20 */
    bool shares_port;                     /* rtp: shared */
    bool no_video;                        /* it carries voice alone */
    const struct config_list *media_nets; /* NULL: none */
    struct slice identity_uri; /* of the caller: P-Asserted- or P-Preferred-Identity; or empty */
    bool is_asserted, is_private;
    /** Told once when the leg is over; may be NULL. */
    void (*on_over)(void *owner);
    void *owner;
};
struct leg *leg_sip_create_outgoing(const struct leg_env *env, const struct leg_sip_target *target);
/** The call's X- headers (call_headers()) behind the `n` fields that are there; returns how many
 * there are then. */
size_t leg_sip_add_headers(const struct call *call, struct sip_field *fields, size_t n, size_t max);
