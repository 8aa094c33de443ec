#include "net/addr.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"

struct addr addr_from_sockaddr(const struct sockaddr *sa)
{
    struct addr addr = { 0 };
    if (sa->sa_family == AF_INET) {
        memcpy(&addr.in4, sa, sizeof addr.in4);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            addr.in6 = in6;
            return addr;
        }
        addr.in4.sin_family = AF_INET;
        addr.in4.sin_port = in6.sin6_port;
        memcpy(&addr.in4.sin_addr, &in6.sin6_addr.s6_addr[12], 4);
    }
    return addr;
}

enum err addr_parse_ip(struct slice text, uint16_t port, struct addr *out)
{
    char ip[INET6_ADDRSTRLEN];
    if (!slice_copy(text, ip, sizeof ip))
        return ERR_PARSE;
    struct addr addr = { 0 };
    if (inet_pton(AF_INET, ip, &addr.in4.sin_addr) == 1) {
        addr.in4.sin_family = AF_INET;
        addr.in4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, ip, &addr.in6.sin6_addr) == 1) {
        addr.in6.sin6_family = AF_INET6;
        addr.in6.sin6_port = htons(port);
    } else {
        return ERR_PARSE;
    }
    *out = addr_from_sockaddr(&addr.sa);
    return OK;
}

enum err addr_parse(struct slice text, uint16_t default_port, struct addr *out)
{
    struct slice rest = text, host;
    bool has_port;
    if (text.len && text.ptr[0] == '[') {
        rest = slice_from(rest, 1);
        if (slice_index(rest, ']') == rest.len)
            return ERR_PARSE;
        host = slice_cut(&rest, ']');
        has_port = rest.len > 0;
        if (has_port && rest.ptr[0] != ':')
            return ERR_PARSE;
        rest = slice_from(rest, 1);
    } else {
        host = slice_cut(&rest, ':');
        has_port = host.len != text.len;
        if (slice_index(rest, ':') != rest.len) { /* a bare IPv6 address */
            host = text;
            has_port = false;
        }
    }
    uint32_t port = default_port;
    if (has_port && slice_to_u32(rest, UINT16_MAX, &port))
        return ERR_PARSE;
    return addr_parse_ip(host, (uint16_t)port, out); /* port ≤ UINT16_MAX was checked */
}

struct addr addr_any4(uint16_t port)
{
    struct addr addr = { 0 };
    addr.in4.sin_family = AF_INET;
    addr.in4.sin_port = htons(port);
    return addr;
}

struct addr addr_loopback4(uint16_t port)
{
    struct addr addr = addr_any4(port);
    addr.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

const char *addr_print_ip(const struct addr *addr, char out[ADDR_TEXT])
{
    const void *ip =
        addr_is_v6(addr) ? (const void *)&addr->in6.sin6_addr : (const void *)&addr->in4.sin_addr;
    if (!addr_is_set(addr) || !inet_ntop(addr->sa.sa_family, ip, out, ADDR_TEXT))
        snprintf(out, ADDR_TEXT, "-");
    return out;
}

const char *addr_print(const struct addr *addr, char out[ADDR_TEXT])
{
    char ip[ADDR_TEXT];
    addr_print_ip(addr, ip);
    int n = addr_is_v6(addr) ? snprintf(out, ADDR_TEXT, "[%.45s]:%u", ip, addr_port(addr))
                             : snprintf(out, ADDR_TEXT, "%.45s:%u", ip, addr_port(addr));
    (void)n; /* 45 + 8 characters at most */
    return out;
}

uint16_t addr_port(const struct addr *addr)
{
    return ntohs(addr_is_v6(addr) ? addr->in6.sin6_port : addr->in4.sin_port);
}

void addr_set_port(struct addr *addr, uint16_t port)
{
    if (addr_is_v6(addr))
        addr->in6.sin6_port = htons(port);
    else
        addr->in4.sin_port = htons(port);
}

socklen_t addr_len(const struct addr *addr)
{
    return addr_is_v6(addr) ? sizeof addr->in6 : sizeof addr->in4;
}

/* The address bytes: 4 or 16 of them. */
static struct slice ip_bytes(const struct addr *addr)
{
    if (addr_is_v6(addr))
        return slice_make(&addr->in6.sin6_addr, 16);
    return slice_make(&addr->in4.sin_addr, 4);
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
    return a->sa.sa_family == b->sa.sa_family && slice_eq(ip_bytes(a), ip_bytes(b));
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
    return addr_same_ip(a, b) && addr_port(a) == addr_port(b);
}

bool addr_is_any(const struct addr *addr)
{
    static const uint8_t zeros[16];
    struct slice ip = ip_bytes(addr);
    return memcmp(ip.ptr, zeros, ip.len) == 0;
}

static bool in_any(const struct addr *addr, const char *const *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct addr_block block;
        if (!addr_block_parse(slice_of(blocks[i]), &block) && addr_in_block(addr, &block))
            return true;
    }
    return false;
}

bool addr_is_loopback(const struct addr *addr)
{
    static const char *const blocks[] = { "127.0.0.0/8", "::1/128" };
    return in_any(addr, blocks, COUNT_OF(blocks));
}

bool addr_is_private(const struct addr *addr)
{
    static const char *const blocks[] = { "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16",
                                          "127.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16",
                                          "::1/128",     "fc00::/7",      "fe80::/10" };
    return in_any(addr, blocks, COUNT_OF(blocks));
}

enum err addr_block_parse(struct slice text, struct addr_block *out)
{
    struct slice rest = text;
    struct slice ip = slice_cut(&rest, '/');
    struct addr base;
    if (addr_parse_ip(ip, 0, &base))
        return ERR_PARSE;
    uint32_t bits = addr_is_v6(&base) ? 128 : 32;
    if (ip.len != text.len && slice_to_u32(rest, bits, &bits))
        return ERR_PARSE;
    *out = (struct addr_block){ base, bits };
    return OK;
}

bool addr_in_block(const struct addr *addr, const struct addr_block *block)
{
    if (addr->sa.sa_family != block->base.sa.sa_family)
        return false;
    struct slice a = ip_bytes(addr), b = ip_bytes(&block->base);
    unsigned whole = block->bits / 8, left = block->bits % 8;
    if (memcmp(a.ptr, b.ptr, whole) != 0)
        return false;
    if (!left)
        return true;
    unsigned mask = 0xffu << (8 - left) & 0xffu;
    return (((unsigned)(uint8_t)a.ptr[whole] ^ (uint8_t)b.ptr[whole]) & mask) == 0;
}

bool addr_in_blocks(const struct addr *addr, const struct addr_block *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (addr_in_block(addr, &blocks[i]))
            return true;
    return false;
}

size_t addr_local_list(struct addr *out, size_t max)
{
    struct ifaddrs *all;
    if (getifaddrs(&all))
        return 0;
    size_t n = 0;
    for (struct ifaddrs *at = all; at && n < max; at = at->ifa_next) {
        if (!at->ifa_addr || !(at->ifa_flags & IFF_UP))
            continue;
        if (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6)
            out[n++] = addr_from_sockaddr(at->ifa_addr);
    }
    freeifaddrs(all);
    return n;
}

static unsigned mask_bits(const struct sockaddr *mask, bool v6)
{
    const uint8_t *bytes =
        v6 ? (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr
           : (const uint8_t *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr;
    unsigned bits = 0;
    for (size_t i = 0; i < (v6 ? 16u : 4u); i++)
        bits += (unsigned)__builtin_popcount(bytes[i]);
    return bits;
}

size_t addr_local_nets(struct addr_block *out, size_t max)
{
    struct ifaddrs *all;
    if (getifaddrs(&all))
        return 0;
    size_t n = 0;
    for (struct ifaddrs *at = all; at && n < max; at = at->ifa_next) {
        if (!at->ifa_addr || !at->ifa_netmask || !(at->ifa_flags & IFF_UP) ||
            (at->ifa_flags & IFF_LOOPBACK))
            continue;
        bool v6 = at->ifa_addr->sa_family == AF_INET6;
        if (v6 || at->ifa_addr->sa_family == AF_INET)
            out[n++] = (struct addr_block){ addr_from_sockaddr(at->ifa_addr),
                                            mask_bits(at->ifa_netmask, v6) };
    }
    freeifaddrs(all);
    return n;
}

enum err addr_local_toward(const struct addr *remote, struct addr *out)
{
    int fd = socket(remote->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    struct sockaddr_storage local = { 0 };
    socklen_t len = sizeof local;
    /* connecting a datagram socket sends nothing; it only asks the routing table */
    bool ok = connect(fd, &remote->sa, addr_len(remote)) == 0 &&
              getsockname(fd, (struct sockaddr *)&local, &len) == 0;
    close(fd);
    if (!ok)
        return ERR_IO;
    *out = addr_from_sockaddr((const struct sockaddr *)&local);
    addr_set_port(out, 0);
    return OK;
}
