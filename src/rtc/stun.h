#pragma once
/* STUN messages (RFC 8489) as ICE (RFC 8445) and TURN (RFC 8656) use them: read without copying,
 * written into a `struct buf`. Any thread; keeps no state. Long-term credentials are the caller's
 * (the key is an argument). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

enum {
    STUN_HEADER_LEN = 20,
    STUN_ID_LEN = 12,
    STUN_LEN_MAX = 1600, /* the largest message whose integrity is checked */
    STUN_SEND_MAX = 548, /* room that every message we build fits in (RFC 8489 §6.1) */
    STUN_UNKNOWN_MAX = 16,
};

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };
enum stun_method {
    STUN_BINDING = 0x001,
    STUN_ALLOCATE = 0x003,
    STUN_REFRESH = 0x004,
    STUN_SEND = 0x006,
    STUN_DATA = 0x007,
    STUN_CREATE_PERMISSION = 0x008,
    STUN_CHANNEL_BIND = 0x009,
};
enum stun_attr_type { /* below 0x8000: must be understood (RFC 8489 §14) */
                      STUN_MAPPED_ADDRESS = 0x0001,
                      STUN_USERNAME = 0x0006,
                      STUN_MESSAGE_INTEGRITY = 0x0008,
                      STUN_ERROR_CODE = 0x0009,
                      STUN_UNKNOWN_ATTRIBUTES = 0x000a,
                      STUN_CHANNEL_NUMBER = 0x000c,
                      STUN_LIFETIME = 0x000d,
                      STUN_XOR_PEER_ADDRESS = 0x0012,
                      STUN_DATA_ATTR = 0x0013,
                      STUN_REALM = 0x0014,
                      STUN_NONCE = 0x0015,
                      STUN_XOR_RELAYED_ADDRESS = 0x0016,
                      STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
                      STUN_EVEN_PORT = 0x0018,
                      STUN_REQUESTED_TRANSPORT = 0x0019,
                      STUN_DONT_FRAGMENT = 0x001a,
                      STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c,
                      STUN_PASSWORD_ALGORITHM = 0x001d,
                      STUN_USERHASH = 0x001e,
                      STUN_XOR_MAPPED_ADDRESS = 0x0020,
                      STUN_RESERVATION_TOKEN = 0x0022,
                      STUN_PRIORITY = 0x0024,
                      STUN_USE_CANDIDATE = 0x0025,
                      STUN_SOFTWARE = 0x8022,
                      STUN_ALTERNATE_SERVER = 0x8023,
                      STUN_FINGERPRINT = 0x8028,
                      STUN_ICE_CONTROLLED = 0x8029,
                      STUN_ICE_CONTROLLING = 0x802a,
};

struct stun_msg { /* slices point into the bytes given to stun_parse() */
    uint16_t method;
    enum stun_class class;
    uint8_t id[STUN_ID_LEN];
    struct slice bytes;
    size_t attrs_end;      /* where the attributes that count end: at the first integrity */
    size_t integrity_at;   /* offset of MESSAGE-INTEGRITY's header; 0: none */
    size_t fingerprint_at; /* offset of FINGERPRINT's; 0: none */
};
struct stun_attr {
    uint16_t type;
    struct slice value; /* without padding */
};

/** The header looks like STUN: the first test of a demultiplexer (RFC 7983). */
bool stun_is(struct slice bytes);
/** One whole datagram. ERR_PARSE: not STUN, or attributes that do not fit. Nothing is verified. */
MUST_CHECK enum err stun_parse(struct stun_msg *out, struct slice bytes);
/** ERR_NOT_FOUND: there is none.  ERR_AUTH: wrong.  ERR_LIMIT: message over STUN_LEN_MAX. */
MUST_CHECK enum err stun_check_integrity(const struct stun_msg *msg, struct slice key);
/** ERR_NOT_FOUND: there is none.  ERR_AUTH: wrong. */
MUST_CHECK enum err stun_check_fingerprint(const struct stun_msg *msg);

/** Walk the attributes before the integrity (what follows it is not protected: RFC 8489 §14.5);
 * start with `*cursor` = 0; false at the end. */
bool stun_next(const struct stun_msg *msg, size_t *cursor, struct stun_attr *out);
/** The first of its type; false when there is none. */
bool stun_find(const struct stun_msg *msg, uint16_t type, struct slice *value);
bool stun_find_u32(const struct stun_msg *msg, uint16_t type, uint32_t *out);
bool stun_find_u64(const struct stun_msg *msg, uint16_t type, uint64_t *out);
/** An address, XORed when the type says so. */
bool stun_find_addr(const struct stun_msg *msg, uint16_t type, struct addr *out);
/** ERROR-CODE, 300 to 699. */
bool stun_find_error(const struct stun_msg *msg, unsigned *code, struct slice *reason);
/** Types that must be understood and are not in enum stun_attr_type; returns how many (≤ max). */
size_t stun_unknown(const struct stun_msg *msg, uint16_t *out, size_t max);

/** Start a message in an empty `buf`. `id`: STUN_ID_LEN bytes. */
void stun_begin(struct buf *buf, enum stun_class class, uint16_t method, const uint8_t *id);
void stun_put(struct buf *buf, uint16_t type, struct slice value);
void stun_put_u32(struct buf *buf, uint16_t type, uint32_t value);
void stun_put_u64(struct buf *buf, uint16_t type, uint64_t value);
void stun_put_addr(struct buf *buf, uint16_t type, const struct addr *addr);
void stun_put_error(struct buf *buf, unsigned code, const char *reason);
void stun_put_unknown(struct buf *buf, const uint16_t *types, size_t n);
/** The last two, in this order; HMAC-SHA1 over what stands there. */
void stun_put_integrity(struct buf *buf, struct slice key);
void stun_put_fingerprint(struct buf *buf);
