#pragma once
/* A server transaction (RFC 3261 §17.2, RFC 6026): an incoming request that waits for its answer,
 * and then answers its repetitions. Control thread. */

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"
#include "sip_request.h"

struct sip_msg;
struct sip_txn;

/** The request; lives as long as the transaction: take a reference to keep it. */
struct sip_msg *sip_txn_msg(const struct sip_txn *txn);
/** What it came by. */
const struct sip_flow *sip_txn_flow(const struct sip_txn *txn);
/** The tag that our answers put into To, unless the request has one. */
struct slice sip_txn_tag(const struct sip_txn *txn);
/** Answer: 1xx any number of times, then one final answer, after which `txn` is not the caller's
 * any more (unless he watches it). A field that does not belong in SIP is left out. */
void sip_txn_reply(struct sip_txn *txn, const struct sip_reply *reply);
/** sip_txn_reply() with a status and nothing else. */
void sip_txn_reply_status(struct sip_txn *txn, int status);

/** For sessions, which have an interest in their INVITE beyond its answer. */
struct sip_txn_events {
    /** A CANCEL for it came (and was answered 200). */
    void (*on_cancel)(void *owner, struct sip_msg *cancel);
    /** It ends now: the pointer is void. */
    void (*on_gone)(void *owner);
};
/** `events` NULL: no more. */
void sip_txn_watch(struct sip_txn *txn, const struct sip_txn_events *events, void *owner);
/** Send the last response again: the 2xx until its ACK (RFC 3261 §13.3.1.4). */
void sip_txn_repeat(struct sip_txn *txn);
