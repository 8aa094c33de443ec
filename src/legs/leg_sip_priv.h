#pragma once
/* What leg_sip.c and leg_sip_parts.c share. */

#include "base/timer.h"
#include "legs/leg_media.h"
#include "legs/leg_sip.h"
#include "sip/sip_request.h"

struct sip_txn;

enum {
    LEG_SIP_FIELDS_MAX = 32,
    LEG_SIP_FIELDS_MORE = 2,
    LEG_SIP_ROUTES_MAX = 8,
    LEG_SIP_TARGETS_MAX = 16
};

enum leg_sip_t38 {
    LEG_SIP_T38_OFF,
    LEG_SIP_T38_WANTED, /* to be offered */
    LEG_SIP_T38_OFFERED,
    LEG_SIP_T38_ON /* agreed on: what is offered is T.38 again */
};

struct leg_sip {
    struct leg leg; /* first */
    const struct leg_env *env;
    struct sip_session *session;
    struct leg_media media;
    char *offer;          /* incoming: theirs, NULL for a late offer */
    char *sdp;            /* our last one */
    struct timer reoffer; /* another offer was under way: try again */
    unsigned early_fork;
    enum leg_sip_t38 t38;
    bool awaits_answer;  /* our 200 to their re-INVITE carried an offer */
    char *waiting_offer; /* theirs, with video: its answer waits for the other side's; else NULL */
    struct timer video_wait;
    struct leg_codecs retuned;   /* to offer next; n 0: what is in use */
    bool refers, refer_accepted; /* its far end's REFER is under way; 202 was sent */
    uint32_t refer_id;

    struct list texts, passed_texts; /* leg_sip_text.c: of its far end, and on their way to it */
    uint32_t last_text;
    char info_key; /* sent by INFO, not answered yet */
    unsigned info_ms;
    bool info_is_bare; /* it reads application/dtmf only */

    /* outgoing */
    struct sip_hop hops[SIP_HOPS_MAX]; /* RFC 3263: the next is tried when one fails */
    size_t n_hops, at_hop;
    struct sip_resolve_config where;
    bool is_typed; /* only hops that uri_addr_allowed() */
    struct sip_resolve *resolve;
    struct timer patience; /* nobody answered this hop yet */
    char *host, *request_uri, *from_uri, *from_name, *contact_user, *auth_user, *auth_realm, *peer;
    char *targets[LEG_SIP_TARGETS_MAX]; /* of 3xx answers, in the order to try; heap */
    size_t n_targets, at_target;
    unsigned n_followed;
    bool is_away;     /* redirected to somebody who has no right to our credentials */
    struct addr home; /* from where */
    char *identity_uri;
    bool is_asserted, is_private;
    struct sip_account auth;
    struct sip_field fields[LEG_SIP_FIELDS_MAX]; /* heap copies */
    size_t n_fields;
    struct slice routes[LEG_SIP_ROUTES_MAX]; /* heap copies */
    size_t n_routes;
    struct leg_codecs codecs, wanted;
    enum leg_sip_srtp srtp;
    bool downgraded; /* the far end refused SRTP, and it was optional */
    void (*on_over)(void *owner);
    void *owner;
};

static inline struct leg_sip *leg_sip_of(struct leg *leg)
{
    return (struct leg_sip *)leg; /* the leg is its first member */
}

/* leg_sip.c */
void leg_sip_fail(struct leg_sip *self, const char *token, const char *text);
MUST_CHECK enum err leg_sip_open_media(struct leg_sip *self, enum sip_kind kind,
                                       const struct addr *remote, struct fault *fault);
enum leg_media_kind leg_sip_media_kind(const struct leg_sip *self, enum sip_kind kind);
struct sip_body leg_sip_body(const struct leg_sip *self);
/** Their answer to our offer; false when it is of no use, which is logged and told in `fault` (may
 * be NULL). */
bool leg_sip_take_answer(struct leg_sip *self, const struct sip_msg *msg, struct fault *fault);
/* leg_sip_out.c */
void leg_sip_dial(struct leg *leg, const struct leg *peer);
void leg_sip_on_progress(void *owner, struct sip_session *session, const struct sip_msg *response,
                         unsigned fork);
void leg_sip_on_answer(void *owner, struct sip_session *session, const struct sip_msg *response);
void leg_sip_on_failed(void *owner, struct sip_session *session, const struct sip_outcome *outcome);
/** Call `request_uri` now, at `where`, or (NULL) by the hops that are known. */
void leg_sip_retry(struct leg_sip *self, const struct sip_resolve_config *where);
/* leg_sip_in.c */
void leg_sip_ring(struct leg *leg, int code, const struct leg_codecs *media);
void leg_sip_answer(struct leg *leg, const struct leg_codecs *prefer);
void leg_sip_on_ack(void *owner, struct sip_session *session, const struct sip_msg *ack);
void leg_sip_on_cancelled(void *owner, struct sip_session *session,
                          const struct sip_outcome *outcome);
/* leg_sip_hold.c */
void leg_sip_hold(struct leg *leg, bool on);
void leg_sip_on_reinvite(void *owner, struct sip_session *session, const struct sip_msg *request);
void leg_sip_retune(struct leg *leg, const struct leg_codecs *prefer);
MUST_CHECK enum err leg_sip_rehome(struct leg *leg, unsigned thread);
/** A struct rtp_event: what shares a port wants one of its own. */
void leg_sip_transport(struct leg *leg, const void *event);
/** Our answer to a re-INVITE. */
void leg_sip_answer_offer(struct leg_sip *self, struct slice offer);
/** re-INVITE with what is to be offered now, at once or when that is allowed. */
void leg_sip_reoffer(struct leg_sip *self);
void leg_sip_reoffer_later(struct leg_sip *self, int64_t in_ms);
void leg_sip_take_late_answer(struct leg_sip *self, const struct sip_msg *ack);
void leg_sip_on_reoffer(void *owner, struct sip_session *session,
                        const struct sip_outcome *outcome);
/* leg_sip_fax.c */
void leg_sip_fax(struct leg *leg, bool wants_t38);
/** Is their offer T.38 for a fax that runs? Then it is answered. */
bool leg_sip_takes_t38(struct leg_sip *self, struct slice offer);
/** What is offered while `t38` is not off. An error: it is off now, and nothing is offered. */
MUST_CHECK enum err leg_sip_offer_t38(struct leg_sip *self, struct buf *out);
void leg_sip_take_t38_answer(struct leg_sip *self, const struct sip_outcome *outcome);
/* leg_sip_video.c */
void leg_sip_video(struct leg *leg);
/** Does this offer wait, as its video is new to the call and the other far end is asked first? */
bool leg_sip_waits_for_video(struct leg_sip *self, struct slice offer);
/** Offer and answer are through; `had_video` is how it was before. */
void leg_sip_tell_video(struct leg_sip *self, bool had_video);
void leg_sip_video_clear(struct leg_sip *self);
/** The video that our offer has is wanted by nobody any more. */
bool leg_sip_video_is_late(const struct leg_sip *self);
/** sip_session_events.on_withdrawn */
void leg_sip_on_withdrawn(void *self, struct sip_session *session);
/* leg_sip_refer.c */
void leg_sip_on_refer(void *owner, struct sip_session *session,
                      const struct sip_referral *referral);
void leg_sip_on_referred(void *owner, struct sip_session *session,
                         const struct sip_refer_progress *progress);
void leg_sip_report(struct leg *leg, int status, const char *text);
MUST_CHECK enum err leg_sip_refer(struct leg *leg, const struct transfer_request *request,
                                  struct leg *replaces);
void leg_sip_moved(struct leg *leg);
/** What a far end of ours would dial to reach that URI: the user part at us, all of it elsewhere;
 * false for none. */
bool leg_sip_print_dialled(const struct leg_sip *self, struct slice target, struct buf *out);
/* leg_sip_redirect.c */
/** It failed: true when another target of a 3xx answer, this one or one of before, is tried. */
bool leg_sip_redirect(struct leg_sip *self, const struct sip_outcome *outcome);
bool leg_sip_redirect_next(struct leg_sip *self, const char *why);
void leg_sip_redirects_clear(struct leg_sip *self);
/* leg_sip_text.c */
/** A MESSAGE in its dialog: the other far end's answer is its answer. */
void leg_sip_take_text(struct leg_sip *self, struct sip_txn *txn);
MUST_CHECK enum err leg_sip_text(struct leg *leg, const struct leg_text *text);
void leg_sip_text_done(struct leg *leg, uint32_t id, int status);
void leg_sip_texts_clear(struct leg_sip *self);
/* leg_sip_parts.c */
extern const struct leg_ops leg_sip_ops;
struct leg_sip *leg_sip_make(const struct leg_env *env, bool incoming);
void leg_sip_free(struct leg_sip *self);
/** A key for the far end: by INFO where that is how it takes them, else in its media. */
void leg_sip_dtmf(struct leg *leg, char digit, unsigned duration_ms, bool relayed);
/** INFO with a key; everything else that is not ours to answer is refused. */
void leg_sip_on_request(void *owner, struct sip_session *session, struct sip_txn *txn);
/** The key and duration of application/dtmf-relay or application/dtmf; false when it is neither. */
bool leg_sip_parse_dtmf(struct slice type, struct slice body, char *digit, unsigned *duration_ms);
