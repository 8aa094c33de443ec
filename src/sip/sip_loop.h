#pragma once
/* Requests of ours that come back to us: RFC 5393's loop detection for a back-to-back user agent.
 * Our branches carry a keyed hash of the Request-URI. A request whose Vias hold one of ours for the
 * very Request-URI that it has now would be sent the same way again: a loop. With another
 * Request-URI it is a spiral, which Max-Forwards bounds. Any thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sip_msg;

enum { SIP_LOOP_KEY = 16 };

/** A fresh branch for a request to `uri`, terminated: `out` holds SIP_BRANCH_LEN + 1. */
void sip_loop_branch(const uint8_t key[SIP_LOOP_KEY], struct slice uri, char *out);
/** Whether `request` went out from here with the Request-URI that it has. */
bool sip_loop_found(const uint8_t key[SIP_LOOP_KEY], const struct sip_msg *request);
