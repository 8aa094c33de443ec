#pragma once
/* Where a 3xx sends us (RFC 3261 §8.1.3.4): its Contacts in the order to try. Following them is the
 * caller's policy. Any thread; owns nothing. */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct sip_msg;

enum { SIP_TARGETS_MAX = 16 };

struct sip_target {
    struct slice uri; /* sip:, sips: or tel:, as written */
    unsigned q;       /* thousandths */
};

/** Best q first, equals as they stand; Contacts that are no URI to call or that came twice are left
 * out. Returns how many (≤ max). Slices of the message. */
size_t sip_redirect_targets(const struct sip_msg *response, struct sip_target *out, size_t max);
