#pragma once
/* Socket addresses as values: IPv4 or IPv6 with a port. IPv4-mapped IPv6 is always turned into
 * IPv4, so that equal peers compare equal. Any thread; owns nothing; never resolves names. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct addr {
    union {
        struct sockaddr sa;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    };
};

enum { ADDR_TEXT = 56, ADDR_BLOCKS_MAX = 32 };

/** A numeric address without brackets or port; ERR_PARSE for anything else (names too). */
MUST_CHECK enum err addr_parse_ip(struct slice text, uint16_t port, struct addr *out);
/** "1.2.3.4:5060", "[::1]:5060", or without a port, which then is `default_port`. */
MUST_CHECK enum err addr_parse(struct slice text, uint16_t default_port, struct addr *out);
/** From the kernel: unmaps ::ffff:a.b.c.d. */
struct addr addr_from_sockaddr(const struct sockaddr *sa);
struct addr addr_any4(uint16_t port);
struct addr addr_loopback4(uint16_t port);

/** "1.2.3.4:5060" or "[::1]:5060", terminated. Returns `out`. */
const char *addr_print(const struct addr *addr, char out[ADDR_TEXT]);
/** "1.2.3.4" or "::1" (no brackets), terminated. Returns `out`. */
const char *addr_print_ip(const struct addr *addr, char out[ADDR_TEXT]);

uint16_t addr_port(const struct addr *addr);
void addr_set_port(struct addr *addr, uint16_t port);
socklen_t addr_len(const struct addr *addr);
static inline bool addr_is_set(const struct addr *addr)
{
    return addr->sa.sa_family != 0;
}
static inline bool addr_is_v6(const struct addr *addr)
{
    return addr->sa.sa_family == AF_INET6;
}
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *addr);
bool addr_is_loopback(const struct addr *addr);
bool addr_is_private(const struct addr *addr); /* RFC 1918, 4193, link-local, loopback, 100.64/10 */

/** A block of addresses: "10.0.0.0/8", "::1/128", or one address. */
struct addr_block {
    struct addr base;
    unsigned bits;
};
MUST_CHECK enum err addr_block_parse(struct slice text, struct addr_block *out);
bool addr_in_block(const struct addr *addr, const struct addr_block *block);
bool addr_in_blocks(const struct addr *addr, const struct addr_block *blocks, size_t n);

/** Every address of every interface that is up, loopback included, port 0; returns how many (≤
 * max). */
size_t addr_local_list(struct addr *out, size_t max);
/** The blocks of those interfaces (address and netmask), loopback left out; how many (≤ max). */
size_t addr_local_nets(struct addr_block *out, size_t max);
/** The address the kernel would send from toward `remote`; ERR_IO when there is no route. */
MUST_CHECK enum err addr_local_toward(const struct addr *remote, struct addr *out);
