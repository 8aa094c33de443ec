#pragma once
/* The three ways to speak to the cloud, each a table of operations: what is sent, where and how.
 * `seed`: POST /v2.0/subscription, then JSON over the WebSocket (section 1 of the protocol page).
 * `link`: Kandy Link's REST (section 4). `uc`: a token first, then link (section 5). An engine:
 * values in, a request out. Any thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"

enum kandy_op_kind {
    KANDY_OP_TOKEN,         /* where a token comes first */
    KANDY_OP_TOKEN_REFRESH, /* by `refresh_token` */
    KANDY_OP_SUBSCRIBE,
    KANDY_OP_REFRESH, /* the subscription */
    KANDY_OP_UNSUBSCRIBE,
    KANDY_OP_ICE_SERVERS,
    KANDY_OP_MAKE,
    KANDY_OP_RING, /* feedback: the called side rings */
    KANDY_OP_ANSWER,
    KANDY_OP_OFFER,   /* a later one: hold, resume */
    KANDY_OP_RESPOND, /* to theirs */
    KANDY_OP_TRANSFER,
    KANDY_OP_AUDIT,
    KANDY_OP_STATE,
    KANDY_OP_END,
    KANDY_OP_REJECT,
    KANDY_OP_FORWARD,
    KANDY_OP_FETCH, /* a description that lies at `path` */
    KANDY_OP_TEXT,  /* an instant message */
    KANDY_OP_PING,  /* keep-alive on the socket */
    KANDY_OP_CHECKED,
    KANDY_OP_COUNT
};

/** Who we are there. Texts are borrowed and never NULL. */
struct kandy_identity {
    const char *user;      /* of the account, as it was given */
    const char *auth_user; /* of Basic authentication; "": `user` */
    const char *domain;    /* added to a user without one, and to numbers; "": the user's own */
    const struct secret *password;
    const char *const *services;
    size_t n_services;
    const char *device; /* clientCorrelator */
    const char *agent;  /* X-Cpaas-Agent; "": none */
    int expires_s;
    bool force_logout;
};

/** What the account knows by now; "" for nothing. */
struct kandy_grant {
    const struct secret *token, *refresh_token;
    const char *subscription; /* path, or the seed's id */
};

struct kandy_op {
    enum kandy_op_kind kind;
    const char *id;      /* of a request over the socket */
    const char *session; /* the cloud's name of the call, or ours for the seed's call.make */
    const char *number;  /* MAKE, TRANSFER, FORWARD, TEXT: digits or an address */
    const char *from_name;
    const char *other;    /* TRANSFER: the session of the other call; NULL: blind */
    const char *path;     /* FETCH */
    unsigned again;       /* END, REJECT: how often it was tried before */
    const json_t *custom; /* MAKE: headers of the call, an object of text; may be NULL */
    struct slice sdp, text;
};

enum { KANDY_PATH_MAX = 2048, KANDY_FORM_MAX = 4096 };

/** Over the socket, or by HTTP. It holds secrets: kandy_request_clear() wipes them. */
struct kandy_request {
    enum kandy_op_kind kind;
    bool by_socket;
    const char *method;
    char path[KANDY_PATH_MAX]; /* with its query */
    char *body;                /* heap; NULL: none */
    bool is_form;              /* of the body: else JSON */
    bool is_basic;             /* Basic authentication */
    bool is_plain;             /* no Authorization, and no token in the path: the seed */
};

struct kandy_dialect {
    const char *name;
    bool has_token;     /* KANDY_OP_TOKEN comes first */
    bool calls_by_rest; /* their names are the cloud's, and it can be asked about them */
    /** False: this dialect has no such operation. */
    bool (*print)(const struct kandy_identity *who, const struct kandy_grant *grant,
                  const struct kandy_op *op, struct kandy_request *out);
    /** Path and query of the WebSocket for what subscribing gave. */
    void (*print_socket)(const struct kandy_grant *grant, const char *channel,
                         char out[KANDY_PATH_MAX]);
};

extern const struct kandy_dialect kandy_seed, kandy_link, kandy_uc;

void kandy_request_clear(struct kandy_request *request);

/* For the dialects' own files. */

struct buf;
/** Percent-encoding (RFC 3986 §2.1) of all but unreserved characters and those of `keep`. */
void kandy_put_escaped(struct buf *out, const char *text, const char *keep);
/** The body of `out` from `json`, which is given away. False when it cannot be printed. */
bool kandy_put_body(struct kandy_request *out, json_t *take_json);
json_t *kandy_services_json(const struct kandy_identity *who);
