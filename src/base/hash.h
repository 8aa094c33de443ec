#pragma once
/* Digests, MACs and their text forms; the only user of libcrypto's hashes. Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512_256, HASH_SHA512 };
enum { HASH_MAX = 64, HASH_HEX_MAX = 2 * HASH_MAX + 1 };

size_t hash_len(enum hash_kind kind); /* bytes */
/** The digest of `parts[0..n)` one after the other; returns its length. */
size_t hash_parts(enum hash_kind kind, const struct slice *parts, size_t n, uint8_t out[HASH_MAX]);
size_t hash_bytes(enum hash_kind kind, struct slice data, uint8_t out[HASH_MAX]);
/** The digest as lower-case hex, terminated. */
void hash_hex(enum hash_kind kind, const struct slice *parts, size_t n, char out[HASH_HEX_MAX]);
size_t hash_hmac(enum hash_kind kind, struct slice key, struct slice data, uint8_t out[HASH_MAX]);

/** Equal, in time that depends on the lengths only. */
bool hash_same(struct slice a, struct slice b);
/** CRC-32 of ISO HDLC, as STUN's FINGERPRINT uses it (RFC 8489 §14.7, before the XOR). */
uint32_t hash_crc32(struct slice data);

/** Lower-case hex; `out` holds 2 × len + 1. */
void hex_print(const void *bytes, size_t len, char *out);
/** Hex of either case; `*len` is the room in `out` and then the bytes written. */
MUST_CHECK enum err hex_parse(struct slice text, uint8_t *out, size_t *len);
/** Base64 with padding (RFC 4648 §4), terminated; false when `cap` is too small. */
bool base64_print(const void *bytes, size_t len, char *out, size_t cap);
/** Either alphabet, padding optional, no spaces; `*len` as in hex_parse(). */
MUST_CHECK enum err base64_parse(struct slice text, uint8_t *out, size_t *len);
