#pragma once
/* One account at the cloud: it subscribes once for all its calls, keeps the WebSocket, renews
 * before anything expires, comes back after every loss, and gives each message to the call it is
 * for. It holds no socket and no clock of its own: kandy_io.h and the loop. Control thread. */

#include <jansson.h>

#include "base/list.h"
#include "base/log.h"
#include "legs/kandy/kandy_event.h"
#include "legs/kandy/kandy_io.h"
#include "legs/kandy/kandy_reply.h"

struct kandy_account;
struct loop;

enum kandy_state {
    KANDY_IDLE,
    KANDY_CONNECTING,
    KANDY_CONNECTED,
    KANDY_WAITING,     /* it failed and will be tried again */
    KANDY_AUTH_FAILED, /* tried again once in five minutes */
    KANDY_SHUT_OUT,    /* locked, disabled or not allowed: not tried again */
    KANDY_TAKEN,       /* another device took the channel: not tried again */
};
/** "connecting", "connected", "auth_failed" … */
const char *kandy_state_name(enum kandy_state state);

enum {
    KANDY_RECONNECT_MS = 3000, /* never under 2 s, section 4.3 */
    KANDY_RECONNECTS = 3,
    KANDY_AUTH_RETRY_MS = 300000, /* no guessing of passwords, section 6 */
    KANDY_RENEW_MIN_MS = 30000,
    KANDY_AUDIT_MS = 25000, /* section 4.5 */
    KANDY_AUDIT_RETRY_MS = 5000,
    KANDY_PING_MS = 30000,
};

struct kandy_account_events {
    void (*on_state)(void *owner, enum kandy_state state, const char *text);
    /** kandy_call_take() it, or it stays unanswered. */
    void (*on_incoming)(void *owner, const struct kandy_event *event);
    /** KANDY_TEXT, KANDY_MWI and KANDY_ICE_SERVERS. */
    void (*on_service)(void *owner, const struct kandy_event *event);
};

struct kandy_account_config {
    struct loop *loop;
    struct kandy_io *io; /* these three outlive the account */
    const struct kandy_identity *who;
    const struct log_tag *log;
    const struct kandy_dialect *dialect; /* NULL: auto, seed and then link */
};

struct kandy_account *kandy_account_create(const struct kandy_account_config *config,
                                           const struct kandy_account_events *events, void *owner);
void kandy_account_start(struct kandy_account *account);
/** Unsubscribe, and no further event but those of calls. Nobody waits for the answer. */
void kandy_account_stop(struct kandy_account *account);
/** Every call must be over. NULL is fine. */
void kandy_account_destroy(struct kandy_account *account);

enum kandy_state kandy_account_state(const struct kandy_account *account);
/** May calls be made now? */
bool kandy_account_is_up(const struct kandy_account *account);
const struct kandy_dialect *kandy_account_dialect(const struct kandy_account *account);
/** TURN credentials and services of the subscription; those of the last one while there is none. */
const struct kandy_granted *kandy_account_granted(const struct kandy_account *account);
/** [{urls, username, credential}] as the server listed them, or NULL. Borrowed. */
const json_t *kandy_account_ice_servers(const struct kandy_account *account);
typedef void (*kandy_sent_fn)(void *owner, const struct kandy_verdict *verdict);
/** Send an instant message; `fn` hears once, later, what became of it. ERR_UNSUPPORTED: the dialect
 * has none. */
MUST_CHECK enum err kandy_account_send_text(struct kandy_account *account, const char *to,
                                            struct slice text, kandy_sent_fn fn, void *owner);
/** That owner's fn is not called any more. */
void kandy_account_forget_text(struct kandy_account *account, const void *owner);

/* ---- calls ---- */

struct kandy_call;

/** The call may be ended inside any of them. */
struct kandy_call_events {
    /** RINGING, PROGRESS, ANSWER, UPDATE, GLARE, END, CANCEL, MOVED, MOVE_FAILED. */
    void (*on_event)(void *owner, const struct kandy_event *event);
    /** An operation of ours was refused. After MAKE the call is of no use. */
    void (*on_failed)(void *owner, enum kandy_op_kind kind, const struct kandy_verdict *verdict);
};

struct kandy_dial {                 /* borrowed */
    const char *number, *from_name; /* never NULL */
    const json_t *custom;           /* headers of the call, an object of text; or NULL */
    struct slice sdp;
};
struct kandy_call *kandy_call_make(struct kandy_account *account, const struct kandy_dial *dial,
                                   const struct kandy_call_events *events, void *owner);
/** An incoming one, inside on_incoming. */
struct kandy_call *kandy_call_take(struct kandy_account *account, const struct kandy_event *event,
                                   const struct kandy_call_events *events, void *owner);
/** RING, ANSWER, OFFER, RESPOND, TRANSFER, REJECT, FORWARD: `op` without id and session. False: the
 * dialect has no such thing. */
bool kandy_call_do(struct kandy_call *call, const struct kandy_op *op);
/** It is answered: from here on it is audited. */
void kandy_call_set_up(struct kandy_call *call);
/** Over: the far side is told unless it knows, and no event comes any more. NULL is fine. */
void kandy_call_end(struct kandy_call *call, bool is_known);
/** The cloud's name of it; "" before it has one. */
const char *kandy_call_session(const struct kandy_call *call);
