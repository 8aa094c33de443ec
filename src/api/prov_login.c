/* A personal access token for a session. */
#include "api/prov.h"
#include "api/rate_limit.h"
#include "base/mem.h"
#include "store/token.h"

static void on_session(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "session"))
        rest_reply_prepared(rest, 200);
}

/* One answer for all of them: nobody learns whether a token once was one. */
static void refuse(struct rest *rest)
{
    char address[REST_TEXT_MAX];
    char seconds[16];
    struct slice key = slice_of(prov_address(rest, address));
    int64_t now_ms = rest_now_ms(rest);
    if (rate_limit_take(rest->api->wrong_logins, key, now_ms)) {
        rest_fail(rest, 401, "unauthorized", NULL,
                  "expected Authorization: Bearer and a personal access token that is valid");
        return;
    }
    snprintf(seconds, sizeof seconds, "%u",
             rate_limit_wait_s(rest->api->wrong_logins, key, now_ms));
    rest_set_header(rest, "Retry-After", slice_of(seconds));
    rest_fail(rest, 429, "too_many_requests", NULL, "too many wrong tokens: try again in %s s",
              seconds);
}

static void open_session(struct rest *rest, const struct store_token *token)
{
    char text[TOKEN_TEXT];
    char hash[TOKEN_HASH];
    int64_t now_ms = rest_now_ms(rest);
    token_make("ST_", text);
    token_hash(slice_of(text), hash);
    struct store_session row = { .hash = hash,
                                 .user_id = token->user_id,
                                 .token_id = token->id,
                                 .created_ms = now_ms,
                                 .expires_ms = now_ms + rest->api->provisioning.session_ms };
    if (token->expires_ms && token->expires_ms < row.expires_ms)
        row.expires_ms = token->expires_ms;
    rest->answer = json_pack("{s:s, s:s, s:o}", "UserId", token->user_id, "SessionToken", text,
                             "ExpiresAt", rest_time(row.expires_ms));
    store_session_add(rest_store(rest), &row, rest_then(rest, on_session));
    mem_wipe(text, sizeof text);
}

static void on_token(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err && answer->err != ERR_NOT_FOUND) {
        rest_fail_store(rest, answer->err, "token");
        return;
    }
    if (answer->err) {
        refuse(rest);
        return;
    }
    const struct store_token *token = STORE_ROWS(answer, store_token);
    int64_t now_ms = rest_now_ms(rest);
    bool is_valid = !token->revoked_ms && (!token->expires_ms || token->expires_ms > now_ms) &&
                    token->user_id[0];
    prov_note(rest, token->id, "login", is_valid ? 200 : 401);
    if (is_valid)
        open_session(rest, token);
    else
        refuse(rest);
}

/* A missing token is looked for like any other, so that all refusals take the same time. */
void prov_login(struct rest *rest)
{
    char hash[TOKEN_HASH];
    token_hash(rest_bearer(rest), hash);
    store_token_find_hash(rest_store(rest), hash, rest_then(rest, on_token));
}

static void on_ended(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err && answer->err != ERR_NOT_FOUND)
        rest_fail_store(rest, answer->err, "session");
    else
        rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

void prov_logout(struct rest *rest)
{
    char hash[TOKEN_HASH];
    struct slice token = rest_header(rest, "X-Api-Key");
    token_hash(slice_trim(slice_empty(token) ? rest_bearer(rest) : token), hash);
    store_session_remove(rest_store(rest), hash, rest_then(rest, on_ended));
}
