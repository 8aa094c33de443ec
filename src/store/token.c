#include "token.h"

#include "base/hash.h"
#include "base/num.h"
#include "base/rand.h"

enum { RANDOM_LEN = 48 };

void token_make(const char *prefix, char out[TOKEN_TEXT])
{
    char random[RANDOM_LEN + 1];
    rand_token(random, RANDOM_LEN);
    snprintf(out, TOKEN_TEXT, "%.4s%s", prefix, random);
}

/* HASH_HEX_MAX is sized for the longest digest; `out` for this one, with its terminator */
static void digest(enum hash_kind kind, const struct slice *parts, size_t n, char *out)
{
    char hex[HASH_HEX_MAX];
    hash_hex(kind, parts, n, hex);
    memcpy(out, hex, 2 * hash_len(kind) + 1);
}

void token_hash(struct slice token, char out[TOKEN_HASH])
{
    digest(HASH_SHA256, &token, 1, out);
}

void token_password(char out[TOKEN_PASSWORD])
{
    unsigned char random[(TOKEN_PASSWORD - 2) / 2];
    rand_bytes(random, sizeof random);
    out[0] = 'p';
    hex_print(random, sizeof random, out + 1);
}

void token_ha1(struct slice user, struct slice realm, struct slice password,
               char md5[TOKEN_HA1_MD5], char sha256[TOKEN_HA1_SHA256])
{
    const struct slice parts[] = { user, SLICE(":"), realm, SLICE(":"), password };
    digest(HASH_MD5, parts, COUNT_OF(parts), md5);
    digest(HASH_SHA256, parts, COUNT_OF(parts), sha256);
}

bool token_has_scope(struct slice scopes, struct slice scope)
{
    while (!slice_empty(scopes))
        if (slice_eq(slice_trim(slice_cut(&scopes, ',')), scope))
            return true;
    return false;
}
