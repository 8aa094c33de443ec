#pragma once
/* The access tokens that people and programs are given: made at random, shown once, kept as a hash.
 * Any thread. */

#include "base/rand.h"
#include "base/slice.h"
#include "store/store_rows.h"
#include "store/token.h"

enum { PAT_DAYS = 100, PAT_DAYS_MAX = 3650 };

struct pat {
    char id[UUID_TEXT], text[TOKEN_TEXT], hash[TOKEN_HASH];
};

/** A new token of the user that `row` names, or of its project: fills in id, hash and times; the
 * row borrows them. `days` 0: for ever. */
void pat_make(struct pat *pat, struct store_token *row, int64_t now_ms, int64_t days);
/** Another text for the token of `row`, for as long as it was given for, from now on. */
void pat_renew(struct pat *pat, struct store_token *row, int64_t now_ms);
/** Wipes it. */
void pat_clear(struct pat *pat);
/** "valid", "expired" or "revoked". */
const char *pat_state(const struct store_token *row, int64_t now_ms);
/** provisioning: fetch what phones need; account: the user's own devices and tokens, too; domain:
 * the project's other users, too. */
bool pat_are_scopes(struct slice value);
