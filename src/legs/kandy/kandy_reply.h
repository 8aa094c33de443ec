#pragma once
/* What came back for a request: subscriptions and tokens, sessions, and every error of section 6 of
 * the protocol page with what it means to the PBX. An engine; any thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"

enum kandy_fault {
    KANDY_FINE,
    KANDY_AUTH,       /* user name or password */
    KANDY_LOCKED,     /* the account is locked or disabled: a person must act */
    KANDY_FORBIDDEN,  /* the service or device is not allowed */
    KANDY_BAD_NUMBER, /* a value was refused */
    KANDY_LOGINS,     /* too many at once */
    KANDY_LOGGED_OUT,
    KANDY_NO_SUBSCRIPTION, /* gone: subscribe anew */
    KANDY_NO_CALL,         /* the call is unknown there, or over */
    KANDY_GLARED,
    KANDY_TOKEN_OVER, /* a token expired */
    KANDY_NOT_HERE,   /* this server does not speak that dialect */
    KANDY_OVERLOAD,   /* 503: later */
    KANDY_SERVER,     /* any other failure of theirs */
    KANDY_NETWORK,    /* no answer, connection or certificate */
};

/** What one exchange came to; slices point into the answer. */
struct kandy_verdict {
    enum kandy_fault fault;
    int http;          /* status; 0: none came */
    int code;          /* statusCode of the body; -1: none */
    int sip;           /* status for the PBX */
    int64_t retry_ms;  /* -1: not said */
    const char *words; /* what it means: "the account is locked"; NULL when it is fine */
    char text[240];    /* as section 1.4 logs it: "401 - Invalid credentials" */
};

/** Of an HTTP answer; `retry_after` is its header, or empty. */
void kandy_verdict_read(struct kandy_verdict *out, int http, struct slice body,
                        struct slice retry_after, int64_t now_wall_ms);
/** Is another dialect spoken there? Section 0: 404 and 405 say so whatever the body, 401 and 403
 * never do, for to go on would be a second guess at the password. */
bool kandy_verdict_is_elsewhere(const struct kandy_verdict *verdict);
/** May the same request do well a moment later? */
bool kandy_verdict_may_pass(const struct kandy_verdict *verdict);
/** No HTTP answer came. */
void kandy_verdict_network(struct kandy_verdict *out, const char *text);
/** A refusal over the socket, with SIP's status if it said one. */
void kandy_verdict_refused(struct kandy_verdict *out, int status, struct slice reason);
const char *kandy_fault_name(enum kandy_fault fault);

enum { KANDY_ID_MAX = 512, KANDY_SERVICES_TEXT = 200 };

/** What subscribing, refreshing it or a token gave. Zero-initialise; kandy_granted_clear() wipes.
 */
struct kandy_granted {
    struct secret token, refresh_token;
    char subscription[KANDY_ID_MAX]; /* the seed's id, or link's path */
    char channel[KANDY_ID_MAX];      /* link: path of the WebSocket */
    int expires_s;                   /* 3600 unless said */
    bool has_turn;                   /* credentials for every configured TURN server */
    char turn_user[KANDY_ID_MAX];
    struct secret turn_password;
    bool lists_services;
    char services[KANDY_SERVICES_TEXT]; /* granted ones: "call IM" */
};

/** ERR_PARSE: nothing in it that subscribes. */
MUST_CHECK enum err kandy_granted_parse(struct kandy_granted *out, struct slice body);
/** Of a token request; the other fields stay. */
MUST_CHECK enum err kandy_granted_parse_token(struct kandy_granted *out, struct slice body);
void kandy_granted_clear(struct kandy_granted *granted);

/** sessionData of callStart's answer; false when it has none. */
bool kandy_reply_session(struct slice body, char out[KANDY_ID_MAX]);
/** state of GET session: "ANSWERED"; "" when it has none. */
void kandy_reply_state(struct slice body, char out[32]);
