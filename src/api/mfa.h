#pragma once
/* Codes that prove who holds a number: made here, sent by message or said in a call, tried a few
 * times. Only a keyed digest is kept (HMAC-SHA-256 under the key ring), compared in constant time.
 * Control thread. */

#include "api/rest.h"
#include "api/routes.h"
#include "store/store_messages.h"

enum { MFA_LEN_MIN = 4, MFA_LEN_MAX = 20, MFA_TEXT = MFA_LEN_MAX + 1 };

/** Of `len` digits, or of capital letters and digits, each as likely as any other; the caller wipes
 * it. */
void mfa_make(char out[MFA_TEXT], size_t len, bool with_letters);

struct mfa_order {
    const char *project_id, *party, *channel;
    const char *code;
    int64_t valid_ms, tries;
};
/** Keep it under a new id; `then` hears how that ended. `id` holds UUID_TEXT. */
void mfa_keep(struct rest *rest, const struct mfa_order *order, char *id, store_fn then);
/** Is `code` that of the row? */
bool mfa_is(const struct api *api, const struct store_mfa_code *row, const char *code);

/** May there be another for that number, of that asker (a project or an address)? Else it was
 * answered 429 with Retry-After. */
bool mfa_may_send(struct rest *rest, const char *party, const char *asker);

struct mfa_text {
    const char *project_id, *from, *to, *before, *after; /* around the code */
    const char *code;
    const char *keys; /* of an extension, pressed before it is said; NULL: none */
};
/** By message, sealed at rest; ERR as messages_add(). */
MUST_CHECK enum err mfa_send(struct rest *rest, const struct mfa_text *text, struct fault *fault);
/** In a call, digit by digit, twice; ERR as scripts_dial_out(). */
MUST_CHECK enum err mfa_say(struct rest *rest, const struct mfa_text *text, struct fault *fault);

/* mfa_app.c: a family of two paths for people without a token */
extern const struct api_route mfa_app_routes[2];
void mfa_app_guard(struct rest *rest);
json_t *mfa_app_error(const struct rest *rest, const struct rest_error *error);
void mfa_app_dress(struct rest *rest, int status);
