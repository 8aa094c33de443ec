#include "rtc/dtls_tail.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "base/wire.h"

enum {
    HEADER_LEN = 13, /* type, version, epoch, sequence number, length */
    EXPLICIT_LEN = 8,
    TAG_LEN = 16,
    NONCE_LEN = DTLS_TAIL_IV + EXPLICIT_LEN,
    AAD_LEN = 13, /* epoch, sequence number, type, version, length (RFC 5246 §6.2.3.3) */
    PLAIN_MAX = 64,
    RANDOM_LEN = 32,
    TYPE_ALERT = 21,
    TYPE_HANDSHAKE = 22,
    VERSION = 0xfefd,
    EPOCH = 1,
    ALERT_LEN = 2,
    ALERT_WARNING = 1,
    ALERT_FATAL = 2,
    CLOSE_NOTIFY = 0,
    FINISHED = 20,
};
_Static_assert(DTLS_TAIL_GOODBYE_LEN == HEADER_LEN + EXPLICIT_LEN + ALERT_LEN + TAG_LEN,
               "a record");

/* Far above the few records that the handshake sent under this key. */
#define GOODBYE_NUMBER ((uint64_t)EPOCH << 48 | 1ULL << 40)

struct dtls_tail {
    struct dtls_tail_keys keys;
    size_t flight_len;
    uint8_t flight[];
};

struct record {
    uint8_t type;
    const uint8_t *number; /* epoch and sequence number: 8 bytes */
    struct slice body;
};

/* Keys (RFC 5246 §6.3) */

static void expand(struct ssl_st *ssl, const char *digest, uint8_t *out, size_t len)
{
    static const char label[] = "key expansion";
    enum { LABEL_LEN = sizeof label - 1 };
    uint8_t master[SSL_MAX_MASTER_KEY_LENGTH], seed[LABEL_LEN + 2 * RANDOM_LEN];
    size_t master_len = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof master);
    memcpy(seed, label, LABEL_LEN);
    SSL_get_server_random(ssl, seed + LABEL_LEN, RANDOM_LEN);
    SSL_get_client_random(ssl, seed + LABEL_LEN + RANDOM_LEN, RANDOM_LEN);
    char name[32];
    snprintf(name, sizeof name, "%s", digest);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, master_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    BUG_IF(!ctx || EVP_KDF_derive(ctx, out, len, params) != 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    mem_wipe(master, sizeof master);
}

bool dtls_tail_keys_of(struct dtls_tail_keys *out, struct ssl_st *ssl, bool is_client)
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
    int cipher = suite ? SSL_CIPHER_get_cipher_nid(suite) : NID_undef;
    if (cipher != NID_aes_128_gcm && cipher != NID_aes_256_gcm)
        return false;
    size_t key_len = cipher == NID_aes_128_gcm ? 16 : 32;
    uint8_t block[2 * (DTLS_TAIL_KEY_MAX + DTLS_TAIL_IV)];
    expand(ssl, EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(suite)), block,
           2 * (key_len + DTLS_TAIL_IV));
    /* the client's key, the server's, and their IVs */
    size_t tx = is_client ? 0 : 1;
    const uint8_t *ivs = block + 2 * key_len;
    *out = (struct dtls_tail_keys){ .key_len = key_len };
    memcpy(out->tx_key, block + tx * key_len, key_len);
    memcpy(out->rx_key, block + (1 - tx) * key_len, key_len);
    memcpy(out->tx_iv, ivs + tx * DTLS_TAIL_IV, DTLS_TAIL_IV);
    memcpy(out->rx_iv, ivs + (1 - tx) * DTLS_TAIL_IV, DTLS_TAIL_IV);
    mem_wipe(block, sizeof block);
    return true;
}

struct dtls_tail *dtls_tail_create(const struct dtls_tail_keys *keys, struct slice flight)
{
    struct dtls_tail *tail = mem_alloc(sizeof *tail + flight.len);
    tail->keys = *keys;
    tail->flight_len = flight.len;
    if (!slice_empty(flight))
        memcpy(tail->flight, flight.ptr, flight.len);
    return tail;
}

void dtls_tail_destroy(struct dtls_tail *tail)
{
    if (!tail)
        return;
    mem_wipe(&tail->keys, sizeof tail->keys);
    mem_free(tail);
}

struct slice dtls_tail_flight(const struct dtls_tail *tail)
{
    return slice_make(tail->flight, tail->flight_len);
}

/* Records (RFC 6347 §4.1, RFC 5288 §3) */

static void put_u16(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void make_aad(uint8_t aad[AAD_LEN], const uint8_t *number, uint8_t type, size_t len)
{
    memcpy(aad, number, EXPLICIT_LEN);
    aad[8] = type;
    put_u16(aad + 9, VERSION);
    put_u16(aad + 11, len);
}

static EVP_CIPHER_CTX *start(const struct dtls_tail_keys *keys, bool seal,
                             const uint8_t explicit[EXPLICIT_LEN], const uint8_t aad[AAD_LEN])
{
    uint8_t nonce[NONCE_LEN];
    int n;
    memcpy(nonce, seal ? keys->tx_iv : keys->rx_iv, DTLS_TAIL_IV);
    memcpy(nonce + DTLS_TAIL_IV, explicit, EXPLICIT_LEN);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *aes = keys->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
    BUG_IF(!ctx ||
           !EVP_CipherInit_ex(ctx, aes, NULL, seal ? keys->tx_key : keys->rx_key, nonce, seal) ||
           !EVP_CipherUpdate(ctx, NULL, &n, aad, AAD_LEN));
    return ctx;
}

/* `plain` has as many bytes as the body less what protects it. False: not made with these keys. */
static bool open_record(const struct dtls_tail *tail, const struct record *record, uint8_t *plain,
                        size_t len)
{
    const uint8_t *body = (const uint8_t *)record->body.ptr;
    uint8_t aad[AAD_LEN], tag[TAG_LEN];
    int n;
    make_aad(aad, record->number, record->type, len);
    memcpy(tag, body + EXPLICIT_LEN + len, TAG_LEN);
    EVP_CIPHER_CTX *ctx = start(&tail->keys, false, body, aad);
    bool good = EVP_CipherUpdate(ctx, plain, &n, body + EXPLICIT_LEN, (int)len) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) &&
                EVP_CipherFinal_ex(ctx, plain + len, &n) > 0;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

static bool cut_record(struct slice *datagram, struct record *out)
{
    struct wire w = wire_of(*datagram);
    out->type = wire_u8(&w);
    uint16_t version = wire_u16(&w);
    out->number = (const uint8_t *)wire_bytes(&w, EXPLICIT_LEN).ptr;
    out->body = wire_bytes(&w, wire_u16(&w));
    *datagram = w.rest;
    return !w.short_read && version == VERSION;
}

static enum dtls_tail_news judge(const struct dtls_tail *tail, const struct record *record)
{
    uint8_t plain[PLAIN_MAX];
    size_t around = EXPLICIT_LEN + TAG_LEN;
    bool ours = record->type == TYPE_ALERT || record->type == TYPE_HANDSHAKE;
    bool fits = record->body.len > around && record->body.len - around <= PLAIN_MAX;
    if (!ours || !fits || record->number[0] != 0 || record->number[1] != EPOCH)
        return DTLS_TAIL_NOTHING;
    size_t len = record->body.len - around;
    if (!open_record(tail, record, plain, len))
        return DTLS_TAIL_NOTHING;
    if (record->type == TYPE_HANDSHAKE)
        return plain[0] == FINISHED ? DTLS_TAIL_REPEATED : DTLS_TAIL_NOTHING;
    if (len != ALERT_LEN)
        return DTLS_TAIL_NOTHING;
    if (plain[1] == CLOSE_NOTIFY)
        return DTLS_TAIL_CLOSED;
    return plain[0] == ALERT_FATAL ? DTLS_TAIL_ABORTED : DTLS_TAIL_NOTHING;
}

enum dtls_tail_news dtls_tail_feed(const struct dtls_tail *tail, struct slice datagram)
{
    enum dtls_tail_news news = DTLS_TAIL_NOTHING;
    struct record record;
    while (!slice_empty(datagram) && cut_record(&datagram, &record)) {
        enum dtls_tail_news said = judge(tail, &record);
        news = said > news ? said : news;
    }
    return news;
}

void dtls_tail_goodbye(const struct dtls_tail *tail, uint8_t out[DTLS_TAIL_GOODBYE_LEN])
{
    static const uint8_t alert[ALERT_LEN] = { ALERT_WARNING, CLOSE_NOTIFY };
    uint8_t number[EXPLICIT_LEN], aad[AAD_LEN], *body = out + HEADER_LEN;
    int n;
    for (int i = 0; i < EXPLICIT_LEN; i++)
        number[i] = (uint8_t)(GOODBYE_NUMBER >> (56 - 8 * i));
    out[0] = TYPE_ALERT;
    put_u16(out + 1, VERSION);
    memcpy(out + 3, number, sizeof number);
    put_u16(out + 11, EXPLICIT_LEN + ALERT_LEN + TAG_LEN);
    memcpy(body, number, sizeof number); /* never used before with this key */
    make_aad(aad, number, TYPE_ALERT, ALERT_LEN);
    EVP_CIPHER_CTX *ctx = start(&tail->keys, true, number, aad);
    BUG_IF(
        !EVP_CipherUpdate(ctx, body + EXPLICIT_LEN, &n, alert, ALERT_LEN) ||
        !EVP_CipherFinal_ex(ctx, body + EXPLICIT_LEN + ALERT_LEN, &n) ||
        !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, body + EXPLICIT_LEN + ALERT_LEN));
    EVP_CIPHER_CTX_free(ctx);
}
