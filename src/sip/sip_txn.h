#pragma once
/* Server transactions as their users see them (RFC 3261 §17.2): an incoming request that waits for
 * its answer. Control thread. */

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_flow.h"
#include "sip_request.h"

struct sip_msg;
struct sip_txn;

/** The request; lives as long as the transaction: take a reference to keep it. */
const struct sip_msg *sip_txn_msg(const struct sip_txn *txn);
const struct sip_flow *sip_txn_flow(const struct sip_txn *txn);
/** Answer: 1xx any number of times, then one final answer, after which `txn` is not the caller's
 * any more. A value that does not belong in SIP makes it a 500. */
void sip_txn_reply(struct sip_txn *txn, const struct sip_reply *reply);
