#pragma once
/* The keep-alive of phones on UDP (RFC 5626 §3.5.2, §8): a STUN Binding request on the SIP port,
 * answered with the address that it came from. No other STUN is spoken here; browsers' is rtc/'s.
 * Any thread; owns nothing. */

#include <stdbool.h>

#include "base/buf.h"
#include "net/addr.h"

/** A Binding request: fills `out` with the answer. False: it is something else, or malformed. */
bool sip_stun_answer(struct slice request, const struct addr *from, struct buf *out);
