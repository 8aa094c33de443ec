/* The EVP_MAC interface of OpenSSL 3 allocates for each message; SHA1_Update() on a copied state
 * does not, and nothing else in it can prepare an HMAC key once. It is deprecated, not weaker. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/mem.h"
#include "media/srtp_priv.h"
#include "media/warm.h"

struct hmac { /* SHA-1 with the padded key already taken in (RFC 2104 §4) */
    SHA_CTX inner, outer;
};

struct srtp_cipher {
    bool gcm;
    EVP_CIPHER_CTX *aes[SRTP_CHANNELS];
    struct hmac hmac[SRTP_CHANNELS];
};

static const EVP_CIPHER *algorithm(const struct srtp_profile_info *info)
{
    if (!srtp_is_gcm(info))
        return EVP_aes_128_ctr();
    return info->key_len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
}

static void hmac_prepare(struct hmac *hmac, const uint8_t key[SRTP_AUTH_KEY_LEN])
{
    uint8_t block[SHA_CBLOCK];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (i < SRTP_AUTH_KEY_LEN ? key[i] : 0) ^ 0x36;
    SHA1_Init(&hmac->inner);
    SHA1_Update(&hmac->inner, block, sizeof(block));
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA1_Init(&hmac->outer);
    SHA1_Update(&hmac->outer, block, sizeof(block));
    mem_wipe(block, sizeof(block));
}

static struct srtp_cipher *create(const struct srtp_profile_info *info,
                                  enum srtp_direction direction,
                                  const struct srtp_keys keys[SRTP_CHANNELS])
{
    struct srtp_cipher *cipher = mem_new(struct srtp_cipher);
    cipher->gcm = srtp_is_gcm(info);
    for (int i = 0; i < SRTP_CHANNELS; i++) {
        cipher->aes[i] = EVP_CIPHER_CTX_new();
        BUG_IF(!cipher->aes[i]);
        BUG_IF(!EVP_CipherInit_ex(cipher->aes[i], algorithm(info), NULL, keys[i].cipher, NULL,
                                  direction == SRTP_PROTECT));
        hmac_prepare(&cipher->hmac[i], keys[i].auth);
    }
    return cipher;
}

static void destroy(struct srtp_cipher *cipher)
{
    for (int i = 0; i < SRTP_CHANNELS; i++)
        EVP_CIPHER_CTX_free(cipher->aes[i]); /* wipes */
    mem_wipe(cipher, sizeof(*cipher));
    mem_free(cipher);
}

static void hmac_of(const struct hmac *hmac, const struct srtp_job *job,
                    uint8_t out[SHA_DIGEST_LENGTH])
{
    SHA_CTX sha = hmac->inner;
    SHA1_Update(&sha, job->head, job->head_len + job->body_len);
    SHA1_Update(&sha, job->extra, job->extra_len);
    SHA1_Final(out, &sha);
    sha = hmac->outer;
    SHA1_Update(&sha, out, SHA_DIGEST_LENGTH);
    SHA1_Final(out, &sha);
}

/* Packets are below 64 KiB, so their lengths fit an int. */
static void crypt_body(EVP_CIPHER_CTX *aes, struct srtp_job *job)
{
    uint8_t *body = job->head + job->head_len;
    int n;
    if (job->body_len > 0)
        BUG_IF(!EVP_CipherUpdate(aes, body, &n, body, (int)job->body_len));
}

static void gcm_start(EVP_CIPHER_CTX *aes, struct srtp_job *job)
{
    int n;
    BUG_IF(!EVP_CipherInit_ex(aes, NULL, NULL, NULL, job->iv, -1));
    BUG_IF(!EVP_CipherUpdate(aes, NULL, &n, job->head, (int)job->head_len));
    if (job->extra_len > 0)
        BUG_IF(!EVP_CipherUpdate(aes, NULL, &n, job->extra, (int)job->extra_len));
}

static void seal(struct srtp_cipher *cipher, enum srtp_channel channel, struct srtp_job *job)
{
    EVP_CIPHER_CTX *aes = cipher->aes[channel];
    if (cipher->gcm) {
        uint8_t none[1];
        int n;
        gcm_start(aes, job);
        crypt_body(aes, job);
        BUG_IF(!EVP_CipherFinal_ex(aes, none, &n));
        BUG_IF(!EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_GET_TAG, (int)job->tag_len, job->tag));
        return;
    }
    uint8_t mac[SHA_DIGEST_LENGTH];
    BUG_IF(!EVP_CipherInit_ex(aes, NULL, NULL, NULL, job->iv, -1));
    crypt_body(aes, job);
    hmac_of(&cipher->hmac[channel], job, mac);
    memcpy(job->tag, mac, job->tag_len);
}

static enum err open_sealed(struct srtp_cipher *cipher, enum srtp_channel channel,
                            struct srtp_job *job)
{
    EVP_CIPHER_CTX *aes = cipher->aes[channel];
    if (cipher->gcm) {
        uint8_t none[1];
        int n;
        gcm_start(aes, job);
        BUG_IF(!EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_SET_TAG, (int)job->tag_len, job->tag));
        crypt_body(aes, job);
        return EVP_CipherFinal_ex(aes, none, &n) > 0 ? OK : ERR_AUTH;
    }
    uint8_t mac[SHA_DIGEST_LENGTH];
    hmac_of(&cipher->hmac[channel], job, mac);
    if (CRYPTO_memcmp(mac, job->tag, job->tag_len) != 0)
        return ERR_AUTH;
    BUG_IF(!EVP_CipherInit_ex(aes, NULL, NULL, NULL, job->iv, -1));
    crypt_body(aes, job);
    return OK;
}

static void warm_up(const struct srtp_cipher *cipher, unsigned step)
{
    enum { CONTEXT_LEN = 192 }; /* about: what lies behind it is not ours to see */
    if (step == 0)
        warm(cipher, sizeof *cipher);
    else if (step == 1)
        warm(cipher->aes[SRTP_CHANNEL_RTP], CONTEXT_LEN);
}

static void keystream(const uint8_t *key, size_t key_len, const uint8_t iv[SRTP_CTR_IV],
                      uint8_t *out, size_t len)
{
    EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
    BUG_IF(!aes);
    const EVP_CIPHER *ctr = key_len == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
    int n;
    memset(out, 0, len);
    BUG_IF(!EVP_EncryptInit_ex(aes, ctr, NULL, key, iv));
    BUG_IF(!EVP_EncryptUpdate(aes, out, &n, out, (int)len));
    EVP_CIPHER_CTX_free(aes);
}

const struct srtp_cipher_ops srtp_openssl = {
    .name = "openssl",
    .create = create,
    .destroy = destroy,
    .seal = seal,
    .open = open_sealed,
    .warm = warm_up,
    .keystream = keystream,
};
