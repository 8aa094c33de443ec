#pragma once
/* One request of ours until its final answer, digest challenges answered on the way: a chain of
 * client transactions that its owner sees as one. For sessions, registrations and lone requests.
 * Control thread. */

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_build.h"
#include "sip_flow.h"
#include "sip_request.h"

struct sip_agent;
struct sip_exchange;
struct sip_login;

enum { SIP_OUTCOME_TEXT = 400 };

struct sip_exchange_config {
    struct slice method, uri;
    struct sip_hop hop;
    struct sip_login *login; /* borrowed as long as the exchange lives; NULL: none */
    struct sip_body body;
    unsigned hops; /* Max-Forwards; 0: SIP_MAX_FORWARDS */
};

/** Each is called last: the owner may destroy the exchange inside, but for on_build. */
struct sip_exchange_events {
    /** Write Route, From, To, Call-ID, CSeq, Contact and what else there is (not Via, Max-Forwards,
     * User-Agent, credentials, body). Once an attempt: the CSeq number grows. `flow`: what it goes
     * by. Also called from inside create. */
    void (*on_build)(void *owner, struct sip_build *b, const struct sip_flow *flow);
    /** Any response but a challenge that is answered. */
    void (*on_response)(void *owner, struct sip_msg *response, const struct sip_flow *flow);
    void (*on_failed)(void *owner, const struct sip_outcome *outcome);
};

/** ERR_NOT_FOUND: no listener for the hop; ERR_LIMIT, ERR_INVALID as sip_client_create(). */
MUST_CHECK enum err sip_exchange_create(struct sip_exchange **out, struct sip_agent *agent,
                                        const struct sip_exchange_config *config,
                                        const struct sip_exchange_events *events, void *owner);
/** No events any more; what is on the wire runs out by itself. NULL is fine. */
void sip_exchange_destroy(struct sip_exchange *exchange);
/** Inside on_response of a final refusal: send it once more, built anew. Any error as of create;
 * then nothing was sent. */
MUST_CHECK enum err sip_exchange_again(struct sip_exchange *exchange);
/** sip_client_cancel() of the attempt that is out. */
MUST_CHECK enum err sip_exchange_cancel(struct sip_exchange *exchange, struct slice reason);
/** The request as it was sent last, and what it went by. */
struct sip_msg *sip_exchange_request(const struct sip_exchange *exchange);
/** What a final response means to the owner's owner; `text` holds the sentence. */
struct sip_outcome sip_exchange_outcome(const struct sip_exchange *exchange,
                                        const struct sip_msg *response, const struct sip_flow *flow,
                                        char text[SIP_OUTCOME_TEXT]);
