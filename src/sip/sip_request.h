#pragma once
/* Requests outside dialogs, sent (OPTIONS pings, REGISTER, MESSAGE) and the values that every
 * request and reply is described with. Digest challenges are answered here: at most twice, and only
 * when they come from the next hop's own address. Control thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"
#include "sip_flow.h"

struct sip_agent;
struct sip_msg;
struct sip_request;
struct sip_target; /* sip_redirect.h */

struct sip_field { /* a header that we add: no CR or LF in either, or it is left out */
    struct slice name, value;
};

struct sip_body {
    struct slice type; /* "application/sdp"; empty: no body */
    struct slice bytes;
};

/** Who we say we are. Borrowed during the call that takes it, then copied. */
struct sip_account {
    struct slice user; /* empty: challenges are not answered */
    const struct secret *password;
    struct slice realm; /* only a challenge for this realm is answered; empty: any */
};

/** How a request ended. Lives during the callback. `msg` is NULL when nobody answered: then
 * `status` is 408 or 503, `err` says why and `text` is a sentence with host, port, transport and
 * cause. */
struct sip_outcome {
    int status;
    enum err err; /* OK: the status came from the far end */
    const char *text;
    const struct sip_msg *msg;
    const struct sip_flow *flow; /* what the answer came by; NULL with `msg` */
    int64_t rtt_ms;              /* from the last request sent to its final answer */
    int q850;                    /* cause of a Q.850 Reason header (RFC 3326, 6432); 0: none */
    /* of an INVITE's 3xx: where else the far end says to call, best q first (RFC 3261 §8.1.3.4) */
    const struct sip_target *targets;
    size_t n_targets;
};

struct sip_reply {
    int status;
    struct slice reason; /* empty: the RFC's phrase */
    const struct sip_field *fields;
    size_t n_fields;
    struct sip_body body;
};

struct sip_request_config {
    struct slice method;      /* "OPTIONS" */
    struct slice request_uri; /* "sip:host" */
    struct sip_hop hop;
    struct slice from_uri, from_name;
    struct slice to_uri;       /* empty: the request URI */
    struct slice call_id;      /* empty: a fresh one */
    uint32_t cseq;             /* 0: 1 */
    struct slice contact_user; /* a Contact is sent when not empty, or when `contact` is set */
    struct slice contact;      /* the whole Contact value, instead */
    const struct slice *routes;
    size_t n_routes; /* URIs for Route, in order */
    const struct sip_field *fields;
    size_t n_fields;
    struct sip_body body;
    struct sip_account auth;
};

/** The final answer; the request is freed after it and must not be used again. */
typedef void (*sip_outcome_fn)(void *owner, const struct sip_outcome *outcome);

/** Send. ERR_LIMIT: too many transactions or too large. ERR_INVALID: a value has no place in SIP.
 * The result is what sip_request_destroy() takes and is valid until `fn` was called; `fn` is never
 * called from inside. */
MUST_CHECK enum err sip_request_create(struct sip_request **out, struct sip_agent *agent,
                                       const struct sip_request_config *config, sip_outcome_fn fn,
                                       void *owner);
/** Forget it: `fn` will not be called. The transaction ends by itself. */
void sip_request_destroy(struct sip_request *request);
/** The CSeq number used last (a challenge raises it). */
uint32_t sip_request_cseq(const struct sip_request *request);
