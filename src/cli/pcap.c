#include "pcap.h"

#include <string.h>

#include "base/buf.h"
#include "base/num.h"

enum {
    PCAP_MAGIC = 0xa1b2c3d4u, /* microseconds */
    LINKTYPE_RAW = 101,       /* begins with the IP header of either version */
    IP4_LEN = 20,
    IP6_LEN = 40,
    UDP_LEN = 8,
    HEADERS_MAX = IP6_LEN + UDP_LEN,
    PROTOCOL_UDP = 17,
    TTL = 64,
};

static void put_u32(FILE *out, uint32_t v)
{
    fwrite(&v, sizeof v, 1, out); /* our own byte order: the magic number tells which */
}

void pcap_begin(FILE *out)
{
    static const uint16_t version[] = { 2, 4 };
    put_u32(out, PCAP_MAGIC);
    fwrite(version, sizeof version, 1, out);
    put_u32(out, 0); /* UTC */
    put_u32(out, 0);
    put_u32(out, 65535);
    put_u32(out, LINKTYPE_RAW);
}

/* RFC 1071: the sum of 16-bit words, an odd last byte padded with zero. */
static uint32_t sum_up(uint32_t sum, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i += 2) {
        uint32_t high = (unsigned char)bytes.ptr[i];
        uint32_t low = i + 1 < bytes.len ? (unsigned char)bytes.ptr[i + 1] : 0;
        sum += high << 8 | low;
    }
    return sum;
}

static uint16_t checksum(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static struct slice ip_of(const struct addr *addr)
{
    return addr_is_v6(addr) ? slice_make(&addr->in6.sin6_addr, 16)
                            : slice_make(&addr->in4.sin_addr, 4);
}

/* RFC 791 §3.1, RFC 8200 §3 */
static void put_ip(struct buf *out, const struct addr *from, const struct addr *to, size_t udp_len)
{
    if (addr_is_v6(from)) {
        buf_u32(out, 6u << 28);
        buf_u16(out, (uint16_t)udp_len);
        buf_u8(out, PROTOCOL_UDP);
        buf_u8(out, TTL);
    } else {
        buf_u16(out, 0x4500);
        buf_u16(out, (uint16_t)(IP4_LEN + udp_len));
        buf_u32(out, 0);
        buf_u8(out, TTL);
        buf_u8(out, PROTOCOL_UDP);
        buf_u16(out, 0);
    }
    buf_put(out, ip_of(from));
    buf_put(out, ip_of(to));
}

static void set_u16(struct buf *out, size_t at, uint16_t v)
{
    out->ptr[at] = (char)(v >> 8);
    out->ptr[at + 1] = (char)v;
}

/* RFC 768, with the pseudo header of either version */
static void put_udp(struct buf *out, const struct addr *from, const struct addr *to,
                    struct slice payload)
{
    size_t at = out->len;
    uint16_t len = (uint16_t)(UDP_LEN + payload.len);
    buf_u16(out, addr_port(from));
    buf_u16(out, addr_port(to));
    buf_u16(out, len);
    buf_u16(out, 0);
    uint32_t sum = sum_up(sum_up(PROTOCOL_UDP + (uint32_t)len, ip_of(from)), ip_of(to));
    sum = sum_up(sum_up(sum, slice_make(out->ptr + at, UDP_LEN)), payload);
    uint16_t check = checksum(sum);
    set_u16(out, at + 6, check ? check : 0xffff); /* 0 would mean none */
}

void pcap_put(FILE *out, int64_t at_ms, const struct addr *from, const struct addr *to,
              struct slice payload)
{
    char mem[HEADERS_MAX];
    struct buf headers = BUF_ON(mem);
    struct slice sent = slice_sub(payload, 0, PCAP_PAYLOAD_MAX);
    put_ip(&headers, from, to, UDP_LEN + sent.len);
    if (!addr_is_v6(from))
        set_u16(&headers, 10, checksum(sum_up(0, buf_slice(&headers))));
    put_udp(&headers, from, to, sent);
    put_u32(out, (uint32_t)(at_ms / 1000));
    put_u32(out, (uint32_t)(at_ms % 1000 * 1000));
    put_u32(out, (uint32_t)(headers.len + sent.len));
    put_u32(out, (uint32_t)(headers.len + payload.len));
    fwrite(headers.ptr, headers.len, 1, out);
    fwrite(sent.ptr, 1, sent.len, out);
}
