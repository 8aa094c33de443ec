#pragma once
/* Who is counted as one by the limits of a source: the address, or the IPv6 network (/64) that a
 * customer gets. Any thread; owns nothing. */

#include <string.h>

#include "base/slice.h"
#include "net/addr.h"

/** Without its port; of IPv6 the network. */
static inline struct addr sip_network_of(const struct addr *addr)
{
    struct addr network = *addr;
    addr_set_port(&network, 0);
    if (addr_is_v6(&network))
        memset(&network.in6.sin6_addr.s6_addr[8], 0, 8);
    return network;
}

/** Its bytes as a map's key; lives with `addr`. */
static inline struct slice sip_network_key(const struct addr *addr)
{
    return addr_is_v6(addr) ? slice_make(&addr->in6.sin6_addr, 16)
                            : slice_make(&addr->in4.sin_addr, 4);
}
