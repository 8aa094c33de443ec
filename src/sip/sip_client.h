#pragma once
/* A client transaction (RFC 3261 §17.1, RFC 6026): sends one request until it is answered or given
 * up, acknowledges final answers that are no 2xx. Control thread. */

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"
#include "sip_request.h"

struct sip_client;
struct sip_msg;
struct sip_txns;

struct sip_client_events {
    /** Every response that is no repetition; of INVITE also each further 2xx. */
    void (*on_response)(void *owner, struct sip_msg *response, const struct sip_flow *flow);
    /** Nobody answered: outcome->status is 408 or 503. */
    void (*on_failed)(void *owner, const struct sip_outcome *outcome);
    /** The last event, always: the pointer is void. */
    void (*on_gone)(void *owner);
};

/** A fresh branch, terminated: `out` holds SIP_BRANCH_LEN + 1. */
void sip_client_branch(char *out);
/** Send `bytes`, a whole request whose top Via holds a fresh branch. ERR_LIMIT: too many
 * transactions. ERR_INVALID: it is not SIP. A refusal to send comes by on_failed. */
MUST_CHECK enum err sip_client_create(struct sip_client **out, struct sip_txns *txns,
                                      const struct sip_flow *flow, struct slice bytes,
                                      const struct sip_client_events *events, void *owner);
/** No events any more; it runs out by itself. NULL is fine. */
void sip_client_forget(struct sip_client *client);
/** Send a CANCEL for it (RFC 3261 §9.1) with that Reason, if not empty. ERR_MISUSE unless it is an
 * INVITE that has a provisional response and no final one. */
MUST_CHECK enum err sip_client_cancel(struct sip_client *client, struct slice reason);
struct sip_msg *sip_client_request(const struct sip_client *client);
int64_t sip_client_sent_ms(const struct sip_client *client); /* the last time */
