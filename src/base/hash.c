#include "hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "err.h"

static const EVP_MD *digest_of(enum hash_kind kind)
{
    switch (kind) {
    case HASH_MD5:
        return EVP_md5();
    case HASH_SHA1:
        return EVP_sha1();
    case HASH_SHA256:
        return EVP_sha256();
    case HASH_SHA512_256:
        return EVP_sha512_256();
    case HASH_SHA512:
        return EVP_sha512();
    }
    return NULL;
}

size_t hash_len(enum hash_kind kind)
{
    return (size_t)EVP_MD_get_size(digest_of(kind));
}

size_t hash_parts(enum hash_kind kind, const struct slice *parts, size_t n, uint8_t out[HASH_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned len = 0;
    BUG_IF(!ctx || EVP_DigestInit_ex(ctx, digest_of(kind), NULL) != 1);
    for (size_t i = 0; i < n; i++)
        BUG_IF(EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) != 1);
    BUG_IF(EVP_DigestFinal_ex(ctx, out, &len) != 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

size_t hash_bytes(enum hash_kind kind, struct slice data, uint8_t out[HASH_MAX])
{
    return hash_parts(kind, &data, 1, out);
}

void hash_hex(enum hash_kind kind, const struct slice *parts, size_t n, char out[HASH_HEX_MAX])
{
    uint8_t digest[HASH_MAX];
    hex_print(digest, hash_parts(kind, parts, n, digest), out);
}

size_t hash_hmac(enum hash_kind kind, struct slice key, struct slice data, uint8_t out[HASH_MAX])
{
    unsigned len = 0;
    static const unsigned char none;
    const void *key_ptr = key.len ? (const void *)key.ptr : &none;
    BUG_IF(!HMAC(digest_of(kind), key_ptr, (int)key.len, (const unsigned char *)data.ptr, data.len,
                 out, &len));
    return len;
}

bool hash_same(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

uint32_t hash_crc32(struct slice data)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < data.len; i++) {
        crc ^= (uint8_t)data.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

void hex_print(const void *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err hex_parse(struct slice text, uint8_t *out, size_t *len)
{
    if (text.len % 2)
        return ERR_PARSE;
    if (text.len / 2 > *len)
        return ERR_LIMIT;
    for (size_t i = 0; i < text.len; i += 2) {
        int hi = hex_digit(text.ptr[i]), lo = hex_digit(text.ptr[i + 1]);
        if (hi < 0 || lo < 0)
            return ERR_PARSE;
        out[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    *len = text.len / 2;
    return OK;
}

bool base64_print(const void *bytes, size_t len, char *out, size_t cap)
{
    if (cap == 0 || len > (cap - 1) / 4 * 3)
        return false;
    out[0] = '\0';
    EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    return true;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return -1;
}

enum err base64_parse(struct slice text, uint8_t *out, size_t *len)
{
    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    if (text.len % 4 == 1)
        return ERR_PARSE;
    size_t need = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (need > *len)
        return ERR_LIMIT;
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0)
            return ERR_PARSE;
        acc = acc << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[done++] = (uint8_t)(acc >> bits & 0xff);
        }
    }
    *len = done;
    return OK;
}
