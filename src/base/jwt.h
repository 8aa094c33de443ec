#pragma once
/* JSON Web Tokens (RFC 7519) signed with a shared key: compact JWS (RFC 7515) with HS256 or HS512
 * and nothing else, so that no token chooses how it is checked (RFC 8725 §3.1). Any thread. */

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { JWT_MAX = 8192, JWT_KEY_ID_MAX = 32, JWT_KEY_MAX = 64 };
enum jwt_algorithm { JWT_HS256, JWT_HS512 };

/** `claims` (an object, borrowed) as a token on the heap, which the caller frees. `key_id` may be
 * NULL. ERR_LIMIT: over JWT_MAX. */
MUST_CHECK enum err jwt_print(char **out, const json_t *claims, enum jwt_algorithm algorithm,
                              const char *key_id, struct slice key);

/** The same under a header of one's own (an object, borrowed), to which only `alg` is added. */
MUST_CHECK enum err jwt_print_with(char **out, const json_t *header, const json_t *claims,
                                   enum jwt_algorithm algorithm, struct slice key);

struct jwt_check {
    enum jwt_algorithm algorithm; /* the only one that is taken */
    /** The key of that id ("" when the token names none) into `key`; its length, 0: no such key. */
    size_t (*find_key)(const void *owner, struct slice key_id, uint8_t key[JWT_KEY_MAX]);
    const void *owner;
    int64_t now_s;      /* since 1970 */
    const char *issuer; /* `iss` must be it; NULL: not looked at */
};

/** The claims of a token that is ours and valid now; the caller's. `exp` must be there. ERR_PARSE:
 * no token of this kind; ERR_AUTH: wrong algorithm, key, signature or issuer; ERR_TIMEOUT: expired
 * or not valid yet. */
MUST_CHECK enum err jwt_parse(json_t **out, struct slice token, const struct jwt_check *check);
/** The claims without any check of the signature, for tests and people; the caller's. */
MUST_CHECK enum err jwt_peek(json_t **out, struct slice token);
