#pragma once
/* Where requests on behalf of programs may go: the public internet, and what the operator allowed.
 * Addresses are checked, not names, at the moment of connecting: after every look-up and redirect.
 * Not threaded. */

#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"

struct egress { /* zero: public addresses only */
    struct addr_block allowed[ADDR_BLOCKS_MAX];
    size_t n;
};

/** http_client_request.may_reach for a `const struct egress *`. Loopback, private, link-local
 * (cloud metadata among them), shared, documentation, benchmark, multicast and reserved addresses
 * (RFC 6890) are not public, neither are the same in IPv6 disguise (RFC 6052, 3056). */
bool egress_allows(const void *egress, const struct addr *addr);
