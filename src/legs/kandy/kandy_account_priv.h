#pragma once
/* What kandy_account.c (subscription and socket), kandy_events.c (what comes) and kandy_call.c
 * share.
 */

#include "base/map.h"
#include "base/timer.h"
#include "legs/kandy/kandy_account.h"

enum { KANDY_SEEN_MAX = 64, KANDY_HELD_MAX = 64, KANDY_EVENT_ID_MAX = 80, KANDY_REQUEST_ID = 48 };

struct kandy_account {
    struct kandy_account_config config;
    const struct kandy_account_events *events;
    void *owner;
    const struct kandy_dialect *dialect; /* in use */
    enum kandy_state state;
    bool stopped;
    struct kandy_granted granted, next; /* `next`: renewed, its socket is not open yet */
    struct kandy_exchange *exchange;    /* token, subscribe or refresh under way */
    struct kandy_socket *socket, *next_socket;
    bool is_open;                           /* the socket */
    bool renewing;                          /* a new subscription is on its way to its socket */
    struct timer retry, renew, token, ping; /* token: of uc, it expires by itself */
    unsigned reconnects, failures, renewals, overloads;
    json_t *ice_servers;
    struct list calls, errands;
    struct map *by_session; /* -> struct kandy_call */
    unsigned n_makes;       /* calls whose names are not known yet */
    struct list held;       /* of struct kandy_held: events for them, perhaps */
    size_t n_held;
    struct list owed; /* of struct kandy_owed: ends that the cloud may not know of */
    size_t n_owed;
    struct timer pay;
    char seen[KANDY_SEEN_MAX][KANDY_EVENT_ID_MAX]; /* ids of the newest events, a ring */
    size_t seen_at;
};

struct kandy_held {
    struct list link;
    struct kandy_event *event;
};

struct kandy_call {
    struct list link;
    struct kandy_account *account;
    const struct kandy_call_events *events; /* NULL: its owner is gone, its name is awaited */
    void *owner;
    char session[KANDY_ID_MAX];
    char request[KANDY_REQUEST_ID]; /* of call.make over the socket */
    bool incoming, answered, is_up, retried;
    bool making, resend;
    bool acked, resent;             /* by socket: our latest request was answered; was said twice */
    char *number, *from_name, *sdp; /* until it has a name; of the seed also our answer */
    json_t *custom;
    struct timer timer; /* audit, or patience while it waits to be sent again */
};

/* One request whose answer is awaited. Its call may go first. */
struct kandy_errand {
    struct list link;
    struct kandy_account *account;
    struct kandy_call *call; /* NULL: nobody's */
    struct kandy_exchange *exchange;
    enum kandy_op_kind kind;
    struct kandy_event *event; /* whose description is fetched; owned */
    unsigned again;            /* of the same, before it */
    char *session;             /* END, REJECT: of the call, which is gone; owned */
    kandy_sent_fn sent;        /* TEXT: who waits to hear of it; NULL: nobody any more */
    void *sent_owner;
};

/* kandy_account.c */
/** Subscribe anew now; a timer_fn. What works goes on until the new socket is open. */
void kandy_account_connect(void *owner);
/** Send a request about the subscription itself; the one under way is given up. */
void kandy_account_ask(struct kandy_account *account, enum kandy_op_kind kind, kandy_reply_fn fn);
void kandy_account_judge(const struct kandy_account *account, const struct kandy_reply *reply,
                         struct kandy_verdict *out);
void kandy_account_set_state(struct kandy_account *account, enum kandy_state state,
                             const char *text);
/** By socket or HTTP; the answer of HTTP comes to kandy_call.c. False: not in this dialect, or not
 * possible now. `call` may be NULL. */
bool kandy_account_send(struct kandy_account *account, struct kandy_call *call,
                        const struct kandy_op *op);
struct kandy_grant kandy_account_grant(const struct kandy_account *account);

/* kandy_fail.c */
/** 2 s, 4 s … a minute: the next wait in a row of failures. */
int64_t kandy_account_backoff_ms(struct kandy_account *account);
/** The subscription failed that was asked for: say so, and come again when it makes sense. What
 * still works goes on. */
void kandy_account_fail(struct kandy_account *account, const struct kandy_verdict *verdict);

/* kandy_renew.c */
/** Count from now: the subscription was just given. */
void kandy_renew_start(struct kandy_account *account);
/** Before its time: to see whether it still stands. */
void kandy_renew_now(struct kandy_account *account);
/** Of uc: its token ends on its own, 300 s before that it is changed. */
void kandy_renew_token(struct kandy_account *account, int expires_s);
/** Subscribe anew in `in_ms`; what works goes on meanwhile. */
void kandy_account_renew(struct kandy_account *account, int64_t in_ms);

/* kandy_events.c */
void kandy_account_on_text(struct kandy_account *account, struct slice text);
/** To its call, or held for one that has no name yet. `event` may be emptied. */
void kandy_account_deliver(struct kandy_account *account, struct kandy_event *event);
/** What was held for that session; then for nobody when no call waits for its name. */
void kandy_account_release(struct kandy_account *account, struct kandy_call *call);
void kandy_account_drop_held(struct kandy_account *account);
void kandy_errand_destroy(struct kandy_errand *errand);
struct kandy_errand *kandy_errand_create(struct kandy_account *account, struct kandy_call *call,
                                         enum kandy_op_kind kind);

/* kandy_call.c */
/** "req_1700000000000_x8Tz03ab" */
const char *kandy_make_id(const struct kandy_account *account, const char *prefix,
                          char out[KANDY_REQUEST_ID]);
/** A kandy_reply_fn; `owner` is the errand, which ends. */
void kandy_call_on_reply(void *owner, const struct kandy_reply *reply);
bool kandy_call_send_make(struct kandy_call *call);
/** There is no connection: a timer_fn. */
void kandy_call_fail_late(void *owner);
/** As if the cloud had said so. */
void kandy_call_tell(struct kandy_call *call, enum kandy_event_kind kind, const char *reason);
struct kandy_call *kandy_call_by_request(const struct kandy_account *account, struct slice id);

/* kandy_resync.c */
/** The socket is gone: what was asked by it, and not answered, is given up. */
void kandy_calls_lost(struct kandy_account *account);
/** The account is up again: calls that wait to be sent, and what became of the others. */
void kandy_calls_resume(struct kandy_account *account);
/** The answer to KANDY_OP_STATE. */
void kandy_call_on_state(struct kandy_call *call, const struct kandy_verdict *verdict,
                         struct slice body);
/** The seed's answer to a call goes out: it is said again when the socket goes before its answer
 * comes. */
void kandy_call_keep_answer(struct kandy_call *call, struct slice sdp);
/** Something came that shows that our latest request arrived. */
void kandy_call_acked(struct kandy_call *call);
/** A refusal of that status: is it only because we said it twice? */
bool kandy_call_is_doubled(struct kandy_call *call, int status);
/** The far side must hear KANDY_OP_END or KANDY_OP_REJECT of that session, as soon as it can.
 * `again`: how often it was tried; in the end it is left. */
void kandy_owe(struct kandy_account *account, const char *session, enum kandy_op_kind kind,
               unsigned again);
void kandy_drop_owed(struct kandy_account *account);
