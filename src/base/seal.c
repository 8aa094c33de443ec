#include "base/seal.h"

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"

enum { NONCE_LEN = 12, TAG_LEN = 16, ID_LEN = SEAL_KEY_ID - 1 };

/* s1: AES-256-GCM, 96 random bits of nonce, then the ciphertext, then the tag. A key seals far
 * fewer than the 2^32 texts up to which random nonces are safe (SP 800-38D, 8.3). */
#define PREFIX "s1:"

struct key {
    uint8_t bytes[SEAL_KEY_LEN];
    char id[SEAL_KEY_ID];
};

struct seal {
    struct key keys[SEAL_KEYS_MAX];
    size_t n;
};

struct seal *seal_create(void)
{
    return mem_new(struct seal);
}

void seal_destroy(struct seal *seal)
{
    if (!seal)
        return;
    mem_wipe(seal, sizeof *seal);
    mem_free(seal);
}

/* The id is a digest of the key, but not one that a key is derived with elsewhere. */
static void name_key(struct key *key)
{
    uint8_t digest[HASH_MAX];
    hash_hmac(HASH_SHA256, slice_make(key->bytes, SEAL_KEY_LEN), SLICE("key id"), digest);
    hex_print(digest, ID_LEN / 2, key->id);
    mem_wipe(digest, sizeof digest);
}

static const struct key *find_key(const struct seal *seal, struct slice id)
{
    for (size_t i = 0; i < seal->n; i++)
        if (slice_is(id, seal->keys[i].id))
            return &seal->keys[i];
    return NULL;
}

/* 64 hex digits are valid base64 too, of 48 bytes: the length tells them apart. */
static bool parse_key(struct slice text, struct key *key)
{
    size_t len = SEAL_KEY_LEN;
    enum err err = text.len == 2 * SEAL_KEY_LEN ? hex_parse(text, key->bytes, &len)
                                                : base64_parse(text, key->bytes, &len);
    if (err || len != SEAL_KEY_LEN)
        return false;
    name_key(key);
    return true;
}

static enum err add_key(struct seal *seal, struct slice word, const char *name, struct fault *fault)
{
    struct key key;
    enum err err = OK;
    if (!parse_key(word, &key))
        err = fault_set(fault, ERR_INVALID, name, 0,
                        "expected a key of 32 bytes: 64 hex digits or 44 characters of base64");
    else if (find_key(seal, slice_of(key.id)))
        err = fault_set(fault, ERR_INVALID, name, 0, "the same key stands there twice");
    else if (seal->n == SEAL_KEYS_MAX)
        err = fault_set(fault, ERR_LIMIT, name, 0, "more than %d keys", SEAL_KEYS_MAX);
    else
        seal->keys[seal->n++] = key;
    mem_wipe(&key, sizeof key);
    return err;
}

enum err seal_add_keys(struct seal *seal, struct slice text, const char *name, struct fault *fault)
{
    size_t before = seal->n;
    while (!slice_empty(text)) {
        struct slice part = slice_cut(&text, ',');
        for (struct slice word; !slice_empty(word = slice_word(&part));) {
            enum err err = add_key(seal, word, name, fault);
            if (err)
                return err;
        }
    }
    return seal->n > before ? OK : fault_set(fault, ERR_INVALID, name, 0, "there is no key in it");
}

enum err seal_renew(struct seal *seal)
{
    if (seal->n == SEAL_KEYS_MAX)
        return ERR_LIMIT;
    for (size_t i = seal->n++; i > 0; i--)
        seal->keys[i] = seal->keys[i - 1];
    rand_bytes(seal->keys[0].bytes, SEAL_KEY_LEN);
    name_key(&seal->keys[0]);
    return OK;
}

void seal_trim(struct seal *seal, size_t keep)
{
    while (seal->n > keep)
        mem_wipe(&seal->keys[--seal->n], sizeof seal->keys[0]);
}

size_t seal_keys(const struct seal *seal)
{
    return seal->n;
}

const char *seal_key_id(const struct seal *seal, size_t i)
{
    BUG_IF(i >= seal->n);
    return seal->keys[i].id;
}

void seal_print_keys(const struct seal *seal, size_t n, char out[SEAL_KEYS_TEXT])
{
    char *at = out;
    for (size_t i = 0; i < seal->n && i < n; i++) {
        hex_print(seal->keys[i].bytes, SEAL_KEY_LEN, at);
        at += 2 * SEAL_KEY_LEN;
        *at++ = '\n';
    }
    *at = '\0';
}

void seal_derive(const struct seal *seal, size_t i, struct slice purpose, uint8_t out[SEAL_KEY_LEN])
{
    uint8_t digest[HASH_MAX];
    BUG_IF(i >= seal->n);
    hash_hmac(HASH_SHA256, slice_make(seal->keys[i].bytes, SEAL_KEY_LEN), purpose, digest);
    memcpy(out, digest, SEAL_KEY_LEN);
    mem_wipe(digest, sizeof digest);
}

/* The id is bound as well, so that nobody can point a text at another key. */
static void bind_context(const struct key *key, struct slice context, EVP_CIPHER_CTX *ctx)
{
    const unsigned char *ptr = (const unsigned char *)context.ptr;
    int len;
    BUG_IF(EVP_CipherUpdate(ctx, NULL, &len, (const unsigned char *)key->id, ID_LEN) != 1);
    /* a few words of our own */
    BUG_IF(context.len && EVP_CipherUpdate(ctx, NULL, &len, ptr, (int)context.len) != 1);
}

/* `out` holds nonce, ciphertext and tag. */
static void encrypt(const struct key *key, struct slice plain, struct slice context, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len;
    rand_bytes(out, NONCE_LEN);
    BUG_IF(!ctx || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, out) != 1);
    bind_context(key, context, ctx);
    /* at most SEAL_PLAIN_MAX */
    BUG_IF(plain.len && EVP_EncryptUpdate(ctx, out + NONCE_LEN, &len,
                                          (const unsigned char *)plain.ptr, (int)plain.len) != 1);
    uint8_t *tag = out + NONCE_LEN + plain.len;
    BUG_IF(EVP_EncryptFinal_ex(ctx, tag, &len) != 1);
    BUG_IF(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag) != 1);
    EVP_CIPHER_CTX_free(ctx);
}

/* In place: the plain text then stands behind the nonce. */
static enum err decrypt(const struct key *key, uint8_t *bytes, size_t plain_len,
                        struct slice context)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *text = bytes + NONCE_LEN, *tag = text + plain_len;
    int len;
    BUG_IF(!ctx || EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, bytes) != 1);
    bind_context(key, context, ctx);
    /* at most SEAL_PLAIN_MAX */
    BUG_IF(plain_len && EVP_DecryptUpdate(ctx, text, &len, text, (int)plain_len) != 1);
    BUG_IF(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) != 1);
    enum err err = EVP_DecryptFinal_ex(ctx, tag, &len) == 1 ? OK : ERR_AUTH;
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

char *seal_text(const struct seal *seal, struct slice plain, struct slice context)
{
    BUG_IF(!seal->n || plain.len > SEAL_PLAIN_MAX);
    const struct key *key = &seal->keys[0];
    size_t len = NONCE_LEN + plain.len + TAG_LEN;
    size_t head = sizeof PREFIX - 1 + ID_LEN + 1, cap = head + (len + 2) / 3 * 4 + 1;
    uint8_t *bytes = mem_alloc(len);
    char *text = mem_alloc(cap);
    encrypt(key, plain, context, bytes);
    snprintf(text, cap, PREFIX "%s:", key->id);
    BUG_IF(!base64_print(bytes, len, text + head, cap - head));
    mem_free(bytes);
    return text;
}

static bool split(struct slice sealed, struct slice *id, struct slice *data)
{
    if (!slice_starts(sealed, SLICE(PREFIX)))
        return false;
    *data = slice_from(sealed, sizeof PREFIX - 1);
    *id = slice_cut(data, ':');
    return id->len == ID_LEN;
}

enum err seal_open(const struct seal *seal, struct slice sealed, struct slice context,
                   struct secret *out)
{
    struct slice id, data;
    if (!split(sealed, &id, &data) || data.len > (SEAL_PLAIN_MAX + NONCE_LEN + TAG_LEN + 2) / 3 * 4)
        return ERR_PARSE;
    const struct key *key = find_key(seal, id);
    if (!key)
        return ERR_NOT_FOUND;
    size_t len = data.len, cap = data.len + 1;
    uint8_t *bytes = mem_alloc(cap);
    enum err err = base64_parse(data, bytes, &len);
    if (!err && len < NONCE_LEN + TAG_LEN)
        err = ERR_PARSE;
    if (!err)
        err = decrypt(key, bytes, len - NONCE_LEN - TAG_LEN, context);
    if (!err)
        secret_set(out, slice_make(bytes + NONCE_LEN, len - NONCE_LEN - TAG_LEN));
    mem_wipe(bytes, cap);
    mem_free(bytes);
    return err;
}

bool seal_is_current(const struct seal *seal, struct slice sealed)
{
    struct slice id, data;
    return seal->n && split(sealed, &id, &data) && slice_is(id, seal->keys[0].id);
}
