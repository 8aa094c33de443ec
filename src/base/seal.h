#pragma once
/* Secrets at rest: texts sealed with AES-256-GCM (NIST SP 800-38D) under a ring of keys. The first
 * key of the ring seals, every key of it opens, so that a key can be replaced while old texts are
 * still around. Where the keys are kept is the caller's business. Not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/slice.h"

struct seal;

enum {
    SEAL_KEY_LEN = 32,
    SEAL_KEYS_MAX = 8,
    SEAL_KEY_ID = 9,           /* 8 hex digits of the key's digest, terminated */
    SEAL_PLAIN_MAX = 64 << 10, /* bytes of one secret */
    SEAL_KEYS_TEXT = SEAL_KEYS_MAX * (2 * SEAL_KEY_LEN + 1) + 1,
};

struct seal *seal_create(void);
void seal_destroy(struct seal *seal); /* wipes the keys; NULL is fine */

/** Add the keys of `text` behind those there are: 32 bytes each as hex, base64 or url-safe base64
 * (a Fernet key), separated by commas or white space. `name` (a variable or a file) goes into the
 * fault, the key never does. ERR_INVALID: not such a key, none at all, or the same twice.
 * ERR_LIMIT.
 */
MUST_CHECK enum err seal_add_keys(struct seal *seal, struct slice text, const char *name,
                                  struct fault *fault);
/** A random key in front: from now on it seals. ERR_LIMIT: SEAL_KEYS_MAX. */
MUST_CHECK enum err seal_renew(struct seal *seal);
/** Forget every key but the first, or the first `keep`. */
void seal_trim(struct seal *seal, size_t keep);
size_t seal_keys(const struct seal *seal);
/** The id of key number `i`, 0 for the one that seals. Says nothing about the key. */
const char *seal_key_id(const struct seal *seal, size_t i);
/** The first `n` keys as hex, one a line, for a private file; the caller wipes `out`. */
void seal_print_keys(const struct seal *seal, size_t n, char out[SEAL_KEYS_TEXT]);

/** The sealed form of `plain`, "s1:KEYID:BASE64", on the heap; the caller frees it. `context` says
 * what the secret is for ("device:t01:password") and must be the same to open it: a sealed text
 * copied to another row does not open there. At most SEAL_PLAIN_MAX bytes, at least one key. */
char *seal_text(const struct seal *seal, struct slice plain, struct slice context);
/** The secret again. ERR_PARSE: no sealed text; ERR_NOT_FOUND: its key is not in the ring;
 * ERR_AUTH: altered, or sealed for another context. */
MUST_CHECK enum err seal_open(const struct seal *seal, struct slice sealed, struct slice context,
                              struct secret *out);
/** Was it sealed under the first key? If not, it wants sealing again. */
bool seal_is_current(const struct seal *seal, struct slice sealed);

/** A key for another purpose ("jwt"), derived from key number `i` (HMAC-SHA-256); wipe it. */
void seal_derive(const struct seal *seal, size_t i, struct slice purpose,
                 uint8_t out[SEAL_KEY_LEN]);
