#include "net/egress.h"

#include <string.h>

#include "base/num.h"

/* RFC 6890's registries and what came later: not globally reachable. */
static const char *const blocks4[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
};
/* Of IPv6 only global unicast, and not the parts of it that lead back to IPv4 or nowhere. */
static const char global6[] = "2000::/3";
static const char *const blocks6[] = { "2001::/32",     "2001:10::/28", "2001:20::/28",
                                       "2001:db8::/32", "2002::/16",    "3fff::/20" };

static bool is_in(const struct addr *addr, const char *text)
{
    struct addr_block block;
    return !addr_block_parse(slice_of(text), &block) && addr_in_block(addr, &block);
}

static bool is_public(const struct addr *addr)
{
    if (addr_is_v6(addr) && !is_in(addr, global6))
        return false;
    const char *const *blocks = addr_is_v6(addr) ? blocks6 : blocks4;
    size_t n = addr_is_v6(addr) ? COUNT_OF(blocks6) : COUNT_OF(blocks4);
    for (size_t i = 0; i < n; i++)
        if (is_in(addr, blocks[i]))
            return false;
    return true;
}

bool egress_allows(const void *owner, const struct addr *addr)
{
    const struct egress *egress = owner;
    return is_public(addr) || addr_in_blocks(addr, egress->allowed, egress->n);
}
