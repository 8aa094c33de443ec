#include "sip_stun.h"

#include "base/wire.h"

enum {
    HEADER_LEN = 20, /* RFC 8489 §5 */
    BINDING_REQUEST = 0x0001,
    BINDING_SUCCESS = 0x0101,
    XOR_MAPPED_ADDRESS = 0x0020,
    FAMILY_4 = 1,
    FAMILY_6 = 2,
};
static const uint32_t cookie = 0x2112a442;

static void put_u16(struct buf *out, unsigned value)
{
    buf_char(out, (char)(value >> 8 & 0xff));
    buf_char(out, (char)(value & 0xff));
}

static void put_xored(struct buf *out, const uint8_t *bytes, const char *key, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_char(out, (char)(bytes[i] ^ (uint8_t)key[i]));
}

bool sip_stun_answer(struct slice request, const struct addr *from, struct buf *out)
{
    struct wire w = wire_of(request);
    uint16_t type = wire_u16(&w);
    uint16_t len = wire_u16(&w);
    struct slice key = slice_sub(request, 4, HEADER_LEN - 4); /* the cookie, then the transaction */
    if (wire_u32(&w) != cookie || type != BINDING_REQUEST || request.len < HEADER_LEN ||
        len != request.len - HEADER_LEN || len % 4)
        return false;
    bool v6 = addr_is_v6(from);
    size_t size = v6 ? 16 : 4;
    put_u16(out, BINDING_SUCCESS);
    put_u16(out, (unsigned)(8 + size));
    buf_put(out, key);
    put_u16(out, XOR_MAPPED_ADDRESS);
    put_u16(out, (unsigned)(4 + size));
    put_u16(out, v6 ? FAMILY_6 : FAMILY_4);
    put_u16(out, addr_port(from) ^ cookie >> 16);
    if (v6)
        put_xored(out, from->in6.sin6_addr.s6_addr, key.ptr, size);
    else
        put_xored(out, (const uint8_t *)&from->in4.sin_addr, key.ptr, size);
    return !out->overflow;
}
