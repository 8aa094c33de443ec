#pragma once
/* Making and hashing what people log in with. Any thread; owns nothing. */

#include <stddef.h>

#include "base/hash.h"
#include "base/slice.h"

enum {
    TOKEN_TEXT = 64,
    TOKEN_HASH = 65,
    TOKEN_PASSWORD = 26,
    TOKEN_HA1_MD5 = 33,
    TOKEN_HA1_SHA256 = 65
};

/** "PT" and 48 random letters and digits, terminated: 285 bits. `prefix` has at most 4 characters.
 */
void token_make(const char *prefix, char out[TOKEN_TEXT]);
/** The only form in which a token is stored: SHA-256 in hex. Tokens are long and random, so neither
 * salt nor stretching adds anything. */
void token_hash(struct slice token, char out[TOKEN_HASH]);
/** A SIP password: "p" and 24 hex digits, 96 bits, the form that provisioning clients know. */
void token_password(char out[TOKEN_PASSWORD]);
/** H(user ":" realm ":" password) of RFC 7616 §3.4.2, lower-case hex, both algorithms. */
void token_ha1(struct slice user, struct slice realm, struct slice password,
               char md5[TOKEN_HA1_MD5], char sha256[TOKEN_HA1_SHA256]);
/** Is `scope` one of the comma-separated `scopes`? */
bool token_has_scope(struct slice scopes, struct slice scope);
