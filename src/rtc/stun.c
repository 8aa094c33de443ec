#include "rtc/stun.h"

#include "base/hash.h"
#include "base/num.h"
#include "base/wire.h"

enum {
    MAGIC_COOKIE = 0x2112a442,
    ATTR_HEADER_LEN = 4,
    INTEGRITY_LEN = 20,
    FINGERPRINT_LEN = 4,
    OPTIONAL_FROM = 0x8000,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2,
    FINGERPRINT_XOR = 0x5354554e, /* RFC 8489 §14.7 */
};

/* Sorted: what stun_unknown() takes as understood. */
static const uint16_t understood[] = {
    STUN_MAPPED_ADDRESS,
    STUN_USERNAME,
    STUN_MESSAGE_INTEGRITY,
    STUN_ERROR_CODE,
    STUN_UNKNOWN_ATTRIBUTES,
    STUN_CHANNEL_NUMBER,
    STUN_LIFETIME,
    STUN_XOR_PEER_ADDRESS,
    STUN_DATA_ATTR,
    STUN_REALM,
    STUN_NONCE,
    STUN_XOR_RELAYED_ADDRESS,
    STUN_REQUESTED_ADDRESS_FAMILY,
    STUN_EVEN_PORT,
    STUN_REQUESTED_TRANSPORT,
    STUN_DONT_FRAGMENT,
    STUN_MESSAGE_INTEGRITY_SHA256,
    STUN_PASSWORD_ALGORITHM,
    STUN_USERHASH,
    STUN_XOR_MAPPED_ADDRESS,
    STUN_RESERVATION_TOKEN,
    STUN_PRIORITY,
    STUN_USE_CANDIDATE,
};

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

bool stun_is(struct slice bytes)
{
    struct wire w = wire_of(bytes);
    uint16_t type = wire_u16(&w);
    uint16_t len = wire_u16(&w);
    uint32_t cookie = wire_u32(&w);
    return !w.short_read && type < 0x4000 && cookie == MAGIC_COOKIE && len % 4 == 0 &&
           bytes.len >= STUN_HEADER_LEN && len == bytes.len - STUN_HEADER_LEN;
}

/* The type's bits interleave method and class (RFC 8489 §5, figure 3). */
static uint16_t type_pack(enum stun_class class, uint16_t method)
{
    unsigned c = class, m = method;
    return (uint16_t)((m & 0xf80u) << 2 | (m & 0x70u) << 1 | (m & 0xfu) | (c & 2u) << 7 |
                      (c & 1u) << 4);
}

static void type_unpack(uint16_t type, struct stun_msg *msg)
{
    msg->class = (enum stun_class)((type >> 7 & 2u) | (type >> 4 & 1u)); /* 0 to 3: every value */
    msg->method = (uint16_t)((type >> 2 & 0xf80u) | (type >> 1 & 0x70u) | (type & 0xfu));
}

/* The attribute at `*at`; false when it does not fit in the message. Padding is not looked at. */
static bool read_attr(struct slice bytes, size_t *at, struct stun_attr *out)
{
    struct wire w = wire_of(slice_from(bytes, *at));
    out->type = wire_u16(&w);
    uint16_t len = wire_u16(&w);
    out->value = wire_bytes(&w, len);
    wire_skip(&w, padded(len) - len);
    *at += ATTR_HEADER_LEN + padded(len);
    return !w.short_read;
}

/* Note where integrity and fingerprint stand; false when one is malformed or stands wrongly. */
static bool note_attr(struct stun_msg *msg, size_t at, const struct stun_attr *attr)
{
    if (msg->fingerprint_at)
        return false; /* the fingerprint is the last attribute: RFC 8489 §14.7 */
    bool before = msg->attrs_end == msg->bytes.len;
    switch (attr->type) {
    case STUN_MESSAGE_INTEGRITY:
        if (attr->value.len != INTEGRITY_LEN)
            return false;
        if (before)
            msg->integrity_at = at;
        break;
    case STUN_MESSAGE_INTEGRITY_SHA256:
        break;
    case STUN_FINGERPRINT:
        if (attr->value.len != FINGERPRINT_LEN)
            return false;
        msg->fingerprint_at = at;
        break;
    default:
        return true;
    }
    if (before)
        msg->attrs_end = at;
    return true;
}

enum err stun_parse(struct stun_msg *out, struct slice bytes)
{
    if (!stun_is(bytes))
        return ERR_PARSE;
    struct stun_msg msg = { .bytes = bytes, .attrs_end = bytes.len };
    struct wire w = wire_of(bytes);
    type_unpack(wire_u16(&w), &msg);
    wire_skip(&w, 6);
    memcpy(msg.id, wire_bytes(&w, STUN_ID_LEN).ptr, STUN_ID_LEN); /* stun_is() saw them */
    for (size_t at = STUN_HEADER_LEN; at < bytes.len;) {
        size_t from = at;
        struct stun_attr attr;
        if (!read_attr(bytes, &at, &attr) || !note_attr(&msg, from, &attr))
            return ERR_PARSE;
    }
    *out = msg;
    return OK;
}

/* HMAC-SHA1 over the first `len` bytes with the header's length made to include the integrity
 * attribute itself (RFC 8489 §14.5). */
static void integrity_of(struct slice bytes, size_t len, struct slice key, uint8_t out[HASH_MAX])
{
    char copy[STUN_LEN_MAX];
    size_t counted = len - STUN_HEADER_LEN + ATTR_HEADER_LEN + INTEGRITY_LEN;
    memcpy(copy, bytes.ptr, len);
    copy[2] = (char)(counted >> 8 & 0xff);
    copy[3] = (char)(counted & 0xff);
    hash_hmac(HASH_SHA1, key, slice_make(copy, len), out);
}

enum err stun_check_integrity(const struct stun_msg *msg, struct slice key)
{
    if (!msg->integrity_at)
        return ERR_NOT_FOUND;
    if (msg->integrity_at > STUN_LEN_MAX)
        return ERR_LIMIT;
    uint8_t want[HASH_MAX];
    integrity_of(msg->bytes, msg->integrity_at, key, want);
    struct slice got = slice_sub(msg->bytes, msg->integrity_at + ATTR_HEADER_LEN, INTEGRITY_LEN);
    return hash_same(got, slice_make(want, INTEGRITY_LEN)) ? OK : ERR_AUTH;
}

enum err stun_check_fingerprint(const struct stun_msg *msg)
{
    if (!msg->fingerprint_at)
        return ERR_NOT_FOUND;
    struct wire w = wire_of(slice_from(msg->bytes, msg->fingerprint_at + ATTR_HEADER_LEN));
    uint32_t want = hash_crc32(slice_sub(msg->bytes, 0, msg->fingerprint_at)) ^ FINGERPRINT_XOR;
    return wire_u32(&w) == want ? OK : ERR_AUTH;
}

bool stun_next(const struct stun_msg *msg, size_t *cursor, struct stun_attr *out)
{
    size_t at = *cursor ? *cursor : STUN_HEADER_LEN;
    if (at >= msg->attrs_end || !read_attr(msg->bytes, &at, out))
        return false;
    *cursor = at;
    return true;
}

bool stun_find(const struct stun_msg *msg, uint16_t type, struct slice *value)
{
    struct stun_attr attr;
    for (size_t cursor = 0; stun_next(msg, &cursor, &attr);) {
        if (attr.type == type) {
            *value = attr.value;
            return true;
        }
    }
    return false;
}

bool stun_find_u32(const struct stun_msg *msg, uint16_t type, uint32_t *out)
{
    struct slice value;
    if (!stun_find(msg, type, &value) || value.len != 4)
        return false;
    struct wire w = wire_of(value);
    *out = wire_u32(&w);
    return true;
}

bool stun_find_u64(const struct stun_msg *msg, uint16_t type, uint64_t *out)
{
    struct slice value;
    if (!stun_find(msg, type, &value) || value.len != 8)
        return false;
    struct wire w = wire_of(value);
    *out = wire_u64(&w);
    return true;
}

static bool is_xored(uint16_t type)
{
    return type == STUN_XOR_MAPPED_ADDRESS || type == STUN_XOR_PEER_ADDRESS ||
           type == STUN_XOR_RELAYED_ADDRESS;
}

/* Port and address XORed with cookie and transaction id (RFC 8489 §14.2): its own inverse. `key` is
 * the 16 bytes of the header from the cookie on. */
static void xor_addr(uint8_t *port, uint8_t *ip, size_t ip_len, const char *key)
{
    for (size_t i = 0; i < 2; i++)
        port[i] ^= (uint8_t)key[i];
    for (size_t i = 0; i < ip_len; i++)
        ip[i] ^= (uint8_t)key[i];
}

bool stun_find_addr(const struct stun_msg *msg, uint16_t type, struct addr *out)
{
    struct slice value;
    if (!stun_find(msg, type, &value) || value.len < 4)
        return false;
    uint8_t family = (uint8_t)value.ptr[1], port[2], ip[16];
    size_t ip_len = family == FAMILY_V4 ? 4 : 16;
    if ((family != FAMILY_V4 && family != FAMILY_V6) || value.len != 4 + ip_len)
        return false;
    memcpy(port, value.ptr + 2, 2);
    memcpy(ip, value.ptr + 4, ip_len);
    if (is_xored(type))
        xor_addr(port, ip, ip_len, msg->bytes.ptr + 4);
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    memcpy(family == FAMILY_V4 ? &in4.sin_port : &in6.sin6_port, port, 2);
    if (family == FAMILY_V4)
        memcpy(&in4.sin_addr, ip, 4);
    else
        memcpy(&in6.sin6_addr, ip, 16);
    *out = family == FAMILY_V4 ? (struct addr){ .in4 = in4 } : (struct addr){ .in6 = in6 };
    return true;
}

bool stun_find_error(const struct stun_msg *msg, unsigned *code, struct slice *reason)
{
    struct slice value;
    if (!stun_find(msg, STUN_ERROR_CODE, &value) || value.len < 4)
        return false;
    unsigned hundreds = (uint8_t)value.ptr[2] & 7u, rest = (uint8_t)value.ptr[3];
    if (hundreds < 3 || hundreds > 6 || rest > 99)
        return false;
    *code = hundreds * 100 + rest;
    *reason = slice_from(value, 4);
    return true;
}

static bool is_understood(uint16_t type)
{
    for (size_t i = 0; i < COUNT_OF(understood); i++) {
        if (understood[i] == type)
            return true;
    }
    return false;
}

size_t stun_unknown(const struct stun_msg *msg, uint16_t *out, size_t max)
{
    size_t n = 0;
    struct stun_attr attr;
    for (size_t cursor = 0; n < max && stun_next(msg, &cursor, &attr);) {
        if (attr.type < OPTIONAL_FROM && !is_understood(attr.type))
            out[n++] = attr.type;
    }
    return n;
}

/* Make the header's length cover what stands in the buffer. */
static void set_len(struct buf *buf)
{
    if (buf->overflow)
        return;
    size_t len = buf->len - STUN_HEADER_LEN;
    buf->ptr[2] = (char)(len >> 8 & 0xff);
    buf->ptr[3] = (char)(len & 0xff);
}

void stun_begin(struct buf *buf, enum stun_class class, uint16_t method, const uint8_t *id)
{
    buf_u16(buf, type_pack(class, method));
    buf_u16(buf, 0);
    buf_u32(buf, MAGIC_COOKIE);
    buf_put(buf, slice_make(id, STUN_ID_LEN));
}

void stun_put(struct buf *buf, uint16_t type, struct slice value)
{
    BUG_IF(value.len > UINT16_MAX);
    buf_u16(buf, type);
    buf_u16(buf, (uint16_t)value.len);
    buf_put(buf, value);
    buf_put(buf, slice_make("\0\0\0", padded(value.len) - value.len));
    set_len(buf);
}

void stun_put_u32(struct buf *buf, uint16_t type, uint32_t value)
{
    char bytes[4];
    struct buf b = BUF_ON(bytes);
    buf_u32(&b, value);
    stun_put(buf, type, buf_slice(&b));
}

void stun_put_u64(struct buf *buf, uint16_t type, uint64_t value)
{
    char bytes[8];
    struct buf b = BUF_ON(bytes);
    buf_u64(&b, value);
    stun_put(buf, type, buf_slice(&b));
}

void stun_put_addr(struct buf *buf, uint16_t type, const struct addr *addr)
{
    bool v6 = addr_is_v6(addr);
    size_t ip_len = v6 ? 16 : 4;
    uint8_t bytes[20] = { 0, v6 ? FAMILY_V6 : FAMILY_V4 };
    memcpy(bytes + 2, v6 ? &addr->in6.sin6_port : &addr->in4.sin_port, 2);
    if (v6)
        memcpy(bytes + 4, &addr->in6.sin6_addr, 16);
    else
        memcpy(bytes + 4, &addr->in4.sin_addr, 4);
    if (is_xored(type) && !buf->overflow)
        xor_addr(bytes + 2, bytes + 4, ip_len, buf->ptr + 4);
    stun_put(buf, type, slice_make(bytes, 4 + ip_len));
}

void stun_put_error(struct buf *buf, unsigned code, const char *reason)
{
    char bytes[128];
    struct buf b = BUF_ON(bytes);
    buf_u16(&b, 0);
    buf_u8(&b, (uint8_t)(code / 100 & 7));
    buf_u8(&b, (uint8_t)(code % 100));
    buf_text(&b, reason);
    BUG_IF(b.overflow);
    stun_put(buf, STUN_ERROR_CODE, buf_slice(&b));
}

void stun_put_unknown(struct buf *buf, const uint16_t *types, size_t n)
{
    char bytes[2 * STUN_UNKNOWN_MAX];
    struct buf b = BUF_ON(bytes);
    for (size_t i = 0; i < n; i++)
        buf_u16(&b, types[i]);
    BUG_IF(b.overflow);
    stun_put(buf, STUN_UNKNOWN_ATTRIBUTES, buf_slice(&b));
}

void stun_put_integrity(struct buf *buf, struct slice key)
{
    uint8_t mac[HASH_MAX];
    if (buf->overflow)
        return;
    BUG_IF(buf->len > STUN_LEN_MAX);
    integrity_of(buf_slice(buf), buf->len, key, mac);
    stun_put(buf, STUN_MESSAGE_INTEGRITY, slice_make(mac, INTEGRITY_LEN));
}

void stun_put_fingerprint(struct buf *buf)
{
    enum { ALL_LEN = ATTR_HEADER_LEN + FINGERPRINT_LEN };
    if (buf->overflow)
        return;
    size_t at = buf->len;
    stun_put_u32(buf, STUN_FINGERPRINT, 0); /* the CRC covers the final length */
    if (buf->overflow)
        return;
    uint32_t crc = hash_crc32(slice_make(buf->ptr, at)) ^ FINGERPRINT_XOR;
    buf->len -= FINGERPRINT_LEN;
    buf_u32(buf, crc);
    BUG_IF(buf->len != at + ALL_LEN);
}
