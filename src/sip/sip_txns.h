#pragma once
/* The table of transactions (RFC 3261 §17): matches what comes in with the transactions it belongs
 * to, makes server transactions for new requests, answers by itself what needs no state (400, 481,
 * 482, 503, 505). Between sip_transport and the users of transactions. Control thread. */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "sip_agent.h"
#include "sip_flow.h"

struct loop;
struct sip_fault;
struct sip_loss;
struct sip_msg;
struct sip_rate;
struct sip_transport;
struct sip_txn;
struct sip_txns;

enum {
    SIP_T1_MS = 500,
    SIP_T2_MS = 4000,
    SIP_T4_MS = 5000,
    SIP_TIMER_A_MS = SIP_T1_MS,      /* INVITE repeated, doubling */
    SIP_TIMER_B_MS = 64 * SIP_T1_MS, /* INVITE given up */
    SIP_TIMER_D_MS = 64 * SIP_T1_MS, /* repeated 3xx to 6xx are acknowledged that long */
    SIP_TIMER_E_MS = SIP_T1_MS,      /* another request repeated, doubling up to T2 */
    SIP_TIMER_F_MS = 64 * SIP_T1_MS, /* and given up */
    SIP_TIMER_G_MS = SIP_T1_MS,      /* 3xx to 6xx to INVITE repeated, doubling up to T2 */
    SIP_TIMER_H_MS = 64 * SIP_T1_MS, /* no ACK for it */
    SIP_TIMER_I_MS = SIP_T4_MS,      /* repeated ACKs are absorbed that long */
    SIP_TIMER_J_MS = 64 * SIP_T1_MS, /* repeated requests are answered that long */
    SIP_TIMER_K_MS = SIP_T4_MS,      /* repeated answers are absorbed that long */
    SIP_TIMER_L_MS = 64 * SIP_T1_MS, /* server: repeated INVITE after a 2xx (RFC 6026) */
    SIP_TIMER_M_MS = 64 * SIP_T1_MS, /* client: more 2xx, from other forks (RFC 6026) */
};

enum { SIP_RETRY_AFTER_S = 10, SIP_TAG_LEN = 12, SIP_BRANCH_LEN = 7 + 18 };

struct sip_txns_events {
    /** A new request; answer it with sip_txn_reply(), now or later. Never ACK or CANCEL. */
    void (*on_request)(void *owner, struct sip_txn *txn);
    /** An ACK of a 2xx. */
    void (*on_ack)(void *owner, struct sip_msg *ack, const struct sip_flow *flow);
};

struct sip_txns_config {
    size_t max_txns;
    size_t max_per_source; /* server transactions of one address; 0: half of max_txns */
    struct sip_rate *rate; /* borrowed; NULL: no limit */
    struct slice server;   /* Server header; copied */
};

struct sip_txns *sip_txns_create(struct loop *loop, struct sip_transport *transport,
                                 const struct sip_txns_config *config,
                                 struct sip_agent_stats *stats,
                                 const struct sip_txns_events *events, void *owner);
/** Transactions end without a word to anybody. */
void sip_txns_destroy(struct sip_txns *txns);

/* from the transport */
void sip_txns_feed(struct sip_txns *txns, struct sip_msg *msg, const struct sip_flow *flow);
void sip_txns_broken(struct sip_txns *txns, struct sip_msg *msg, const struct sip_fault *fault,
                     const struct sip_flow *flow);
void sip_txns_lost(struct sip_txns *txns, const struct sip_flow *flow, int error);
/** Requests that wait for an answer by that connection fail at once. */
void sip_txns_closed(struct sip_txns *txns, const struct sip_flow *flow,
                     const struct sip_loss *loss);

size_t sip_txns_count(const struct sip_txns *txns);
/** Nothing that still waits for an answer or an ACK: what remains only absorbs repetitions. */
bool sip_txns_are_quiet(const struct sip_txns *txns);
/** From here on new requests outside dialogs get 503. */
void sip_txns_close(struct sip_txns *txns);
