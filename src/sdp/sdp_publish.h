#pragma once
/* A description of ours goes out: its o= line. Private to sdp/. */

#include "base/buf.h"
#include "base/err.h"
#include "sdp/sdp_offer.h"

/** `body` is everything behind the o= line. The version grows when it is another than the last one
 * that was sent (RFC 3264 §8). ERR_LIMIT: either overflowed. */
MUST_CHECK enum err sdp_publish(struct sdp_session_state *state, const char *address,
                                struct buf *body, struct buf *out);
