#pragma once
/* An INVITE session: what a leg holds for one SIP call, either way (RFC 3261 §13 to 15). It owns
 * the transactions and dialogs of that call: forks, ACKs, the 200's retransmissions, CANCEL races,
 * digest, re-INVITE glare. It knows bodies only as bytes. Control thread.
 *
 * on_failed, on_bye and on_cancelled are final: the session is over and no other event follows; the
 * owner then calls sip_session_destroy(). The owner may destroy in any state and inside any event:
 * a live session then says CANCEL, BYE or 487 by itself and lingers unseen until that is done. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"
#include "sip_identity.h"
#include "sip_request.h"

struct sip_agent;
struct sip_msg;
struct sip_refer_progress; /* sip_refer.h, like the next */
struct sip_referral;
struct sip_session;
struct sip_txn; /* an incoming request that waits for sip_txn_reply() (sip_txn.h) */

enum sip_session_state {
    SIP_SESSION_CALLING,    /* our INVITE is out, nothing came yet */
    SIP_SESSION_PROCEEDING, /* a provisional response came */
    SIP_SESSION_CANCELLING, /* we gave up: CANCEL is out or waits for a 1xx */
    SIP_SESSION_INCOMING,   /* their INVITE waits for our answer */
    SIP_SESSION_ACCEPTED,   /* we sent the 200, the ACK did not come yet */
    SIP_SESSION_UP,
    SIP_SESSION_DONE,
    SIP_SESSION_STATES
};

enum { SIP_SESSION_TIMEOUT_MS = 180000 }; /* no final answer: CANCEL (RFC 3261 §13.3.1.1) */

/** An outgoing call. Everything is copied. */
struct sip_session_config {
    struct slice request_uri; /* "sip:+15551234567@example.com" */
    struct sip_hop hop;       /* where the INVITE goes (names are resolved above) */
    const struct slice *routes;
    size_t n_routes; /* URIs of a preloaded route set, in order */
    struct slice from_uri, from_name;
    struct slice to_uri, to_name;   /* empty: the request URI */
    struct slice contact_user;      /* empty: the user of from_uri */
    struct slice call_id_prefix;    /* "<prefix>-<random>"; empty: random */
    const struct sip_field *fields; /* extra headers */
    size_t n_fields;
    struct sip_body body; /* empty: a late offer */
    struct sip_account auth;
    int64_t timeout_ms;           /* for the final answer; 0: SIP_SESSION_TIMEOUT_MS */
    struct sip_identity identity; /* P-Asserted-Identity and Privacy; zero: neither */
    unsigned hops; /* Max-Forwards: of a call passed on, one less than it came with; 0: 70 */
};

/** Any slot may be NULL. Messages and texts are borrowed during the call. */
struct sip_session_events {
    /** UAC: 101 to 199. `fork` numbers the early dialogs from 1; 0: a response without a To tag. */
    void (*on_progress)(void *owner, struct sip_session *session, const struct sip_msg *response,
                        unsigned fork);
    /** UAC: 2xx, already acknowledged (see sip_session_ack() for late offers). */
    void (*on_answer)(void *owner, struct sip_session *session, const struct sip_msg *response);
    /** Final. UAC: no call. outcome->status 487 after sip_session_cancel(). */
    void (*on_failed)(void *owner, struct sip_session *session, const struct sip_outcome *outcome);
    /** UAS: the ACK of our 200, or of our 200 to a re-INVITE; its body answers a late offer. Also a
     * PRACK that has a body. */
    void (*on_ack)(void *owner, struct sip_session *session, const struct sip_msg *ack);
    /** The far end offers again (re-INVITE, or UPDATE with a body). Answer now or later with
     * sip_session_answer() or sip_session_reject(). NULL: 488. */
    void (*on_reinvite)(void *owner, struct sip_session *session, const struct sip_msg *request);
    /** They cancelled that re-INVITE (487 was sent): all is as before it, RFC 3261 §14.2. */
    void (*on_withdrawn)(void *owner, struct sip_session *session);
    /** Our sip_session_reoffer() or sip_session_update() ended; `outcome->status` 200 to 299: the
     * body is the answer. Glare (491) was retried before (RFC 3261 §14.1). */
    void (*on_reoffer)(void *owner, struct sip_session *session, const struct sip_outcome *outcome);
    /** INFO, MESSAGE, NOTIFY, REFER, UPDATE without a body … in the dialog: keep `txn`, answer it
     * with sip_txn_reply(), once. NULL: 405, but 200 for UPDATE and OPTIONS. */
    void (*on_request)(void *owner, struct sip_session *session, struct sip_txn *txn);
    /** REFER: the far end wants us to call somebody (RFC 3515). Then sip_refer_accept() or
     * sip_refer_reject(), now or later. NULL: it goes to on_request. */
    void (*on_refer)(void *owner, struct sip_session *session, const struct sip_referral *referral);
    /** What became of our sip_refer_send(), until `progress->is_over`. */
    void (*on_referred)(void *owner, struct sip_session *session,
                        const struct sip_refer_progress *progress);
    /** Final. The far end's BYE (answered 200 already), or the call ended under us: by a
     * 200 that was never acknowledged, a session timer that expired (RFC 4028; 408, "session timer
     * expired") or a dialog that the far end forgot: then `outcome->msg` is
     * NULL and `outcome->err` says why. `outcome->status` is the Reason header's SIP cause, else
     * 200; `outcome->text` is its text, "" when there is none. */
    void (*on_bye)(void *owner, struct sip_session *session, const struct sip_outcome *outcome);
    /** Final. UAS: the caller gave up (487 was sent). outcome->text: of its Reason header. */
    void (*on_cancelled)(void *owner, struct sip_session *session,
                         const struct sip_outcome *outcome);
};

/** Call. ERR_INVALID: a URI or header does not belong in SIP; ERR_LIMIT: too large or too many.
 * A failure to send comes by on_failed, never from inside. */
MUST_CHECK enum err sip_session_invite(struct sip_session **out, struct sip_agent *agent,
                                       const struct sip_session_config *config,
                                       const struct sip_session_events *events, void *owner);
/** UAS, inside on_invite: take the session over. */
void sip_session_take(struct sip_session *session, const struct sip_session_events *events,
                      void *owner);
/** UAS, once taken: who we say we are when the far end challenges our BYE or re-INVITE. */
void sip_session_set_account(struct sip_session *session, const struct sip_account *account);
/** Whose phone the far end is (proved, or registered): when its connection drops, our requests go
 * by the one that sip_agent_events.find_flow() knows. */
void sip_session_set_peer(struct sip_session *session, struct slice peer);
/** Whose session it is, when those are its events; else NULL. */
void *sip_session_owner(const struct sip_session *session, const struct sip_session_events *events);
/** NULL is fine. See the top. */
void sip_session_destroy(struct sip_session *session);

/* UAS. ERR_MISUSE in any other state. 100 Trying is sent by the stack. */
/** 101 to 199, repeated each minute (RFC 3261 §13.3.1.1); reliable when the caller demands it
 * (RFC 3262): then what follows waits for its PRACK. */
MUST_CHECK enum err sip_session_progress(struct sip_session *session,
                                         const struct sip_reply *reply);
/** 200 to the INVITE or to the re-INVITE that waits. `status` 0 is 200. */
MUST_CHECK enum err sip_session_answer(struct sip_session *session, const struct sip_reply *reply);
/** 300 to 699 to the INVITE (over without a final event) or to the re-INVITE (the call goes on). */
MUST_CHECK enum err sip_session_reject(struct sip_session *session, const struct sip_reply *reply);

/* UAC. */
/** Give up; on_failed(487) follows in any case, on_answer never. `reason` is a Reason header's
 * value
 * ("SIP;cause=200;text=\"Call completed elsewhere\""), may be empty. */
MUST_CHECK enum err sip_session_cancel(struct sip_session *session, struct slice reason);

/* Both, once it is up. */
/** Hang up; no event follows. Allowed in every state: CANCEL, 480 or BYE, whichever is right. */
void sip_session_bye(struct sip_session *session, struct slice reason);
/** re-INVITE with this body; on_reoffer follows. ERR_AGAIN: an offer is under way either way. */
MUST_CHECK enum err sip_session_reoffer(struct sip_session *session, const struct sip_body *body);
/** Take that re-INVITE back, where the far end has shown that it has it: on_reoffer follows as
 * ever, with 487, or with the answer that was under way. */
void sip_session_cancel_reoffer(struct sip_session *session);
/** UPDATE (RFC 3311) with this offer, also before the answer; on_reoffer follows. ERR_AGAIN as
 * above; ERR_UNSUPPORTED: the far end does not list UPDATE in Allow; ERR_MISUSE: no dialog yet. */
MUST_CHECK enum err sip_session_update(struct sip_session *session, const struct sip_body *body);
/** Inside on_answer or on_reoffer after an offerless INVITE: the body that the ACK carries. */
void sip_session_ack(struct sip_session *session, const struct sip_body *body);
/** INFO, MESSAGE, NOTIFY, REFER, UPDATE, OPTIONS in the dialog. `fn` may be NULL; it is not called
 * after sip_session_destroy(). */
MUST_CHECK enum err sip_session_request(struct sip_session *session, struct slice method,
                                        const struct sip_field *fields, size_t n_fields,
                                        const struct sip_body *body, sip_outcome_fn fn,
                                        void *owner);

enum sip_session_state sip_session_state(const struct sip_session *session);
struct slice sip_session_call_id(const struct sip_session *session); /* lives with the session */
struct slice sip_session_local_tag(const struct sip_session *session);
/** Of the dialog (the first fork that answered); empty before. */
struct slice sip_session_remote_tag(const struct sip_session *session);
/** The INVITE that opened the call, ours or theirs. Lives with the session. */
struct sip_msg *sip_session_invite_msg(const struct sip_session *session);
/** What the last message of the far end came by; unset when none came. */
const struct sip_flow *sip_session_flow(const struct sip_session *session);
/** Where our messages of this call go now: for the Contact policy and for local_nets in SDP. */
struct addr sip_session_remote(const struct sip_session *session);
bool sip_session_is_uac(const struct sip_session *session);
/** UAS: the call that this one asks to take the place of (RFC 3891), or NULL. Who may do that is
 * the owner's question; then answer this one and hang up that one. */
struct sip_session *sip_session_replaced(const struct sip_session *session);
/** "call-id;to-tag=…;from-tag=…": a Replaces value by which the far end's other party names this
 * call: for Refer-To of an attended transfer, and for an INVITE of ours. */
void sip_session_print_replaces(const struct sip_session *session, struct buf *out);
/** The Contact of the far end; empty before there is a dialog. */
struct slice sip_session_target(const struct sip_session *session);
