#pragma once
/* A session's inside, shared by sip_session.c (life and dispatch), sip_session_uac.c (our INVITE),
 * sip_session_uas.c (theirs), sip_session_offer.c (re-INVITE and UPDATE both ways),
 * sip_session_errand.c (BYE and other requests of ours in the dialog), sip_session_rel.c (RFC
 * 3262), sip_session_timer.c (RFC 4028) and sip_refer.c (RFC 3515). */

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "sip_agent_priv.h"
#include "sip_client.h"
#include "sip_dialog.h"
#include "sip_exchange.h"
#include "sip_login.h"
#include "sip_msg.h"
#include "sip_refer.h"
#include "sip_session.h"
#include "sip_transport.h"
#include "sip_txn.h"
#include "sip_txns.h"

enum {
    SIP_SESSION_FORKS_MAX = 16,
    SIP_SESSION_ERRANDS_MAX = 32,
    SIP_SESSION_FIELDS_MAX = 64,
    SIP_SESSION_RINGING_MS = 60000,          /* a provisional is repeated: §13.3.1.1 */
    SIP_SESSION_GIVE_UP_MS = 64 * SIP_T1_MS, /* after CANCEL; for the ACK of a 2xx */
    SIP_SESSION_GLARES_MAX = 5,
    SIP_SESSION_TIMER_TRIES = 2, /* 422 answered */
};

/** One dialog that our INVITE made, or the one of theirs. */
struct sip_fork {
    struct sip_dialog dialog;
    unsigned number; /* from 1 */
    bool answered;   /* a 2xx came */
    char *ack;       /* our ACK of it, for its repetitions; NULL: not sent yet */
    size_t ack_len;
    struct sip_flow ack_flow;
    uint32_t ack_cseq;
    uint32_t rseq;   /* the last reliable provisional (RFC 3262 §4); 0: none */
    bool has_agreed; /* offer and answer met before the call's answer: UPDATE may offer */
};

/** A request of ours in a dialog that runs beside the session's own state. */
struct sip_errand {
    struct list link;
    struct sip_session *session;
    struct sip_fork *fork;
    struct sip_exchange *exchange;
    char *method;
    struct sip_field *fields;
    size_t n_fields;
    sip_outcome_fn fn; /* NULL: nobody waits */
    void *owner;
};

/** Reliable provisional responses of ours (RFC 3262 §3): one at a time waits for its PRACK, what is
 * said meanwhile waits for it too. */
struct sip_said;
struct sip_rel {
    bool is_required; /* the caller demands them */
    bool waits;
    bool had_body; /* the one that waits: with it, offer and answer have met */
    uint32_t rseq; /* of the last one sent; 0: none yet */
    int64_t repeat_ms;
    struct timer repeat, give_up;
    struct sip_said *queued; /* NULL: nothing */
};

enum sip_reoffer_state {
    SIP_REOFFER_NONE,
    SIP_REOFFER_OUT,   /* our re-INVITE or UPDATE waits for its answer */
    SIP_REOFFER_WAITS, /* for the glare timer, or for a refresh before it */
};

/** Our re-INVITE or UPDATE: one at a time. */
struct sip_reoffer {
    enum sip_reoffer_state state;
    enum sip_method method; /* SIP_INVITE or SIP_UPDATE */
    bool is_refresh;        /* the session timer's: the owner hears nothing of it */
    int cancelled_as;       /* 408: it took too long; 487: it was taken back; 0: it was not */
    bool has_next;          /* the owner's, said while a refresh was out */
    enum sip_method next;
    struct sip_fork *fork;
    struct sip_exchange *exchange; /* kept after its 2xx, which may come again */
    struct sip_body body;          /* copies: what is out; what follows a refresh */
    struct sip_body next_body;
    unsigned glares;
    struct timer glare, give_up;
};

/** RFC 4028 in one session. */
struct sip_session_timer {
    uint32_t asked_s;   /* what we ask for; 0: nothing */
    uint32_t min_se_s;  /* that the far end told by 422; 0: it did not */
    uint32_t expires_s; /* agreed; 0: no timer */
    bool is_refresher;
    bool peer_knows; /* it lists "timer" in Supported */
    unsigned tries;
    struct timer refresh, expiry;
};

struct sip_subscription; /* sip_refer.c */

struct sip_session {
    struct list link; /* of the agent's */
    struct sip_agent *agent;
    const struct sip_session_events *events; /* NULL: nobody listens */
    void *owner;
    bool is_uac;
    bool detached; /* the owner is gone: frees itself when nothing is under way */
    bool unlinked; /* being freed */
    enum sip_session_state state;
    char local_tag[SIP_TAG_LEN + 1];
    char *call_id;
    struct sip_msg *invite; /* that opened it, as sent or received last */
    struct sip_flow flow;   /* the last message came by it */
    char *peer;             /* sip_session_set_peer(); NULL: unknown */
    struct sip_hop hop;     /* UAC: of the INVITE */
    struct sip_login *login;
    struct sip_fork *forks[SIP_SESSION_FORKS_MAX];
    size_t n_forks;
    struct sip_fork *fork; /* the dialog of the call; NULL before the answer */
    uint32_t cseq;         /* UAC: of the INVITE that was sent last */

    /* UAC, sip_session_uac.c */
    char *from, *to; /* header values of the INVITE */
    char *contact_user, *reason;
    char **routes;
    size_t n_routes;
    struct sip_field *fields;
    size_t n_fields;
    char *asserted; /* of P-Asserted-Identity or P-Preferred-Identity; NULL: none */
    bool is_asserted, is_private;
    struct sip_exchange *inviting;
    bool has_offer;     /* the INVITE had a body */
    bool cancel_wanted; /* and sent as soon as a provisional came */
    int failure_status; /* what on_failed says when the call ends by our wish; 0: what came */
    enum err failure_err;
    char failure_text[96];
    struct timer give_up;     /* the final answer; after CANCEL its own end */
    struct sip_body ack_body; /* copies */

    /* UAS and re-INVITE, sip_session_uas.c and sip_session_offer.c */
    struct sip_txn *incoming; /* their INVITE, re-INVITE or UPDATE that waits for our answer */
    struct sip_txn *accepted; /* whose 2xx waits for its ACK */
    uint32_t accepted_cseq;
    int64_t repeat_ms;
    struct timer repeat; /* the 2xx; before, the provisional */
    struct timer no_ack;
    bool bye_wanted; /* as soon as the ACK came: §15 */
    struct sip_rel rel;

    struct sip_txn *update;       /* an UPDATE with an offer before the answer */
    struct sip_fork *update_fork; /* its dialog */
    struct sip_reoffer reoffer;
    struct sip_session_timer timer;
    struct sip_body said; /* our last description, for a refresh by re-INVITE */
    bool peer_updates;    /* it lists UPDATE in Allow */

    struct list errands;
    struct list subscriptions; /* sip_refer.c */
    bool had_refer;
    char *replaces_tag;  /* UAS: our tag of the call that it replaces; NULL: none */
    struct timer linger; /* a dead INVITE's, whose other forks may still answer */
    bool lingers;
    int64_t answered_ms; /* UAC: when the first 2xx came */
};

/* sip_session.c */
struct sip_session *sip_session_alloc(struct sip_agent *agent, bool is_uac);
void sip_session_set_state(struct sip_session *session, enum sip_session_state state);
/** The state is DONE, no timer of the call runs; the session stays until its owner lets go. */
void sip_session_finish(struct sip_session *session);
/** Free it at the end of this turn if nothing is under way and nobody holds it. */
void sip_session_settle(struct sip_session *session);
struct sip_fork *sip_session_add_fork(struct sip_session *session);
/** Fields of our side in a dialog-forming message: Contact, Allow, Supported, then the caller's. */
struct sip_session_fields {
    struct sip_field list[SIP_SESSION_FIELDS_MAX];
    size_t n;
    char contact[512];
    char expires[40], min_se[16];
};
void sip_session_fields(const struct sip_session *session, const struct sip_flow *flow,
                        const struct sip_field *fields, size_t n_fields,
                        struct sip_session_fields *out);
/** A copy of a body, and its end. */
struct sip_body sip_body_copy(const struct sip_body *body);
void sip_body_clear(struct sip_body *body);
/** Where our next request in that dialog goes; looks for another way when a connection is gone. */
struct sip_hop sip_session_hop(struct sip_session *session, struct sip_fork *fork);
void sip_session_end_by(struct sip_session *session, enum err err, int status, const char *text);

/* sip_session_uac.c */
/** Say CANCEL, 480 or BYE, whichever ends the call in its state. */
void sip_session_drop_call(struct sip_session *session, struct slice reason);
/** The ACK of a 2xx to `invite`. */
void sip_session_send_ack(struct sip_session *session, struct sip_fork *fork,
                          const struct sip_msg *invite, const struct sip_body *body);
void sip_session_clear_uac(struct sip_session *session);

/* sip_session_uas.c */
void sip_session_take_ack(struct sip_session *session, struct sip_msg *ack,
                          const struct sip_flow *flow);
/** Repeat the 2xx of `txn` until its ACK. */
void sip_session_expect_ack(struct sip_session *session, struct sip_txn *txn);
void sip_session_forget_ack(struct sip_session *session);
void sip_session_reject_incoming(struct sip_session *session, int status);
void sip_session_reject_update(struct sip_session *session);
void sip_session_clear_uas(struct sip_session *session);
extern const struct sip_txn_events sip_session_incoming_events;
/** Send the answer to the first INVITE that waits (sip_session_rel.c calls when it may go). */
void sip_session_send_reply(struct sip_session *session, const struct sip_reply *reply);

/* sip_session_offer.c */
void sip_session_take_offer(struct sip_session *session, struct sip_txn *txn);
void sip_session_take_early_offer(struct sip_session *session, struct sip_fork *fork,
                                  struct sip_txn *txn);
enum err sip_session_answer_offer(struct sip_session *session, const struct sip_reply *reply);
/** ERR_AGAIN: another is under way. `body` may be empty for a refresh by UPDATE. */
enum err sip_session_send_refresh(struct sip_session *session, enum sip_method method,
                                  const struct sip_body *body);
void sip_session_clear_offer(struct sip_session *session);

/* sip_session_timer.c */
/** Add Session-Expires and Min-SE to our INVITE or UPDATE. */
void sip_session_timer_ask(const struct sip_session *session, struct sip_session_fields *out);
/** An INVITE or UPDATE of theirs: true when it was answered 422. */
bool sip_session_timer_refuses(struct sip_session *session, struct sip_txn *txn);
/** Add what our 2xx to `request` says, and start the timer anew. */
void sip_session_timer_answer(struct sip_session *session, const struct sip_msg *request,
                              struct sip_session_fields *out);
/** The far end's 2xx to our INVITE or UPDATE. */
void sip_session_timer_take(struct sip_session *session, const struct sip_msg *response);
/** A 422: true when the request should be sent again with what it asks for. */
bool sip_session_timer_retries(struct sip_session *session, const struct sip_msg *response);
/** How a refresh ended that was no 2xx. */
void sip_session_timer_refused(struct sip_session *session, const struct sip_outcome *outcome);
void sip_session_timer_clear(struct sip_session *session);

/* sip_refer.c */
/** Their INVITE's Replaces (RFC 3891 §3): 0, or the status that refuses it. */
int sip_session_take_replaces(struct sip_session *session);
/** A REFER, or a NOTIFY of our own one: true when it was taken. */
bool sip_refer_take(struct sip_session *session, struct sip_txn *txn);
/** The call ended: what waits for the owner is answered. */
void sip_refer_finish(struct sip_session *session);
void sip_refer_clear(struct sip_session *session);

/* sip_session_errand.c */
enum err sip_errand_create(struct sip_session *session, struct sip_fork *fork, struct slice method,
                           const struct sip_field *fields, size_t n_fields,
                           const struct sip_body *body, sip_outcome_fn fn, void *owner);
void sip_session_say_bye(struct sip_session *session, struct sip_fork *fork, struct slice reason);
/** Whether a message of the far end says that it takes UPDATE, and knows timers. */
void sip_session_learn(struct sip_session *session, const struct sip_msg *msg);
struct sip_fork *sip_session_find_fork(struct sip_session *session, const struct sip_msg *request);
/** Remember what we said last. */
void sip_session_note_body(struct sip_session *session, const struct sip_body *body);
void sip_session_clear_errands(struct sip_session *session);

/* sip_session_rel.c */
/** Say a provisional or final answer of the first INVITE, in its turn. */
void sip_rel_say(struct sip_session *session, const struct sip_reply *reply);
void sip_rel_take_prack(struct sip_session *session, struct sip_txn *txn);
void sip_rel_clear(struct sip_session *session);
/** UAC: send PRACK when `response` asks for it; false: it is a repetition or out of order. */
bool sip_rel_take_progress(struct sip_session *session, struct sip_fork *fork,
                           const struct sip_msg *response);

/* for sip_agent.c */
void sip_session_create_incoming(struct sip_agent *agent, struct sip_txn *txn);
/** A request with our tag in To. */
void sip_session_take_request(struct sip_session *session, struct sip_txn *txn);
void sip_session_free(struct sip_session *session);
