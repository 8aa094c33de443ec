/* The user, his settings and those of the domain, his access tokens, his colleagues. */
#include "api/pat.h"
#include "api/prov.h"
#include "api/prov_object.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/token.h"

static json_t *user_json(const struct rest *rest, const void *of)
{
    const struct store_user *row = of;
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "UserId", row->id, "Name", row->name,
                     "DisplayName", row->display_name, "DomainId", row->project_id, "CreatedAt",
                     rest_time(row->created_ms));
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "user"))
        rest_reply_take(rest, 200, user_json(rest, STORE_ROWS(answer, store_user)));
}

void prov_user_show(struct rest *rest)
{
    store_user_find(rest_store(rest), prov_of(rest)->target_id, rest_then(rest, on_user));
}

static void on_renamed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "user"))
        prov_user_show(rest);
}

void prov_user_change(struct rest *rest)
{
    const json_t *name = json_object_get(rest->body, "DisplayName");
    if (!prov_may(rest, "account"))
        return;
    if (!json_is_string(name) || json_string_length(name) > REST_TEXT_MAX)
        rest_fail(rest, 422, "invalid", "DisplayName", "DisplayName: expected at most %d bytes",
                  REST_TEXT_MAX);
    else
        store_user_rename(rest_store(rest), prov_of(rest)->target_id, json_string_value(name),
                          rest_then(rest, on_renamed));
}

static void on_gone(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "id"))
        return;
    rest_tell_change(rest);
    rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

void prov_user_remove(struct rest *rest)
{
    if (!prov_may(rest, "account"))
        return;
    rest->changes = "users";
    store_user_remove(rest_store(rest), prov_of(rest)->target_id, rest_then(rest, on_gone));
}

static json_t *colleague_json(const struct rest *rest, const void *of)
{
    const struct store_user *row = of;
    return strcmp(row->project_id, prov_of(rest)->project_id) == 0 ? user_json(rest, row) : NULL;
}

static void on_users(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_user, "user", colleague_json);
}

void prov_user_list(struct rest *rest)
{
    if (prov_may(rest, "domain"))
        store_user_list(rest_store(rest), rest_then(rest, on_users));
}

/* Settings of one level: GET shows them, PUT merges. */
static void on_settings(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "user"))
        rest_reply_take(rest, 200, prov_settings_parse(STORE_ROWS(answer, store_setting)->value));
}

static void on_written(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "user"))
        rest_reply_prepared(rest, 200);
}

static void merge(struct rest *rest, const struct store_answer *answer, enum store_level level)
{
    struct fault fault = { 0 };
    if (!rest_has(rest, answer, "user"))
        return;
    const struct store_setting *row = STORE_ROWS(answer, store_setting);
    char *text = prov_settings_merge(row->value, rest->body, &fault);
    if (!text) {
        rest_fail(rest, 422, "invalid", fault.where, "%s: %s", fault.where, fault.text);
        return;
    }
    rest->answer = prov_settings_parse(text);
    store_settings_set(rest_store(rest), level, row->key, text, rest_then(rest, on_written));
    mem_free(text);
}

static void on_user_settings(void *owner, const struct store_answer *answer)
{
    merge(owner, answer, STORE_OF_USER);
}

static void on_domain_settings(void *owner, const struct store_answer *answer)
{
    merge(owner, answer, STORE_OF_DOMAIN);
}

void prov_settings_show(struct rest *rest)
{
    store_settings_find(rest_store(rest), STORE_OF_USER, prov_of(rest)->target_id,
                        rest_then(rest, on_settings));
}

void prov_settings_change(struct rest *rest)
{
    if (prov_may(rest, "account"))
        store_settings_find(rest_store(rest), STORE_OF_USER, prov_of(rest)->target_id,
                            rest_then(rest, on_user_settings));
}

void prov_domain_settings_show(struct rest *rest)
{
    store_settings_find(rest_store(rest), STORE_OF_DOMAIN, prov_of(rest)->project_id,
                        rest_then(rest, on_settings));
}

void prov_domain_settings_change(struct rest *rest)
{
    if (prov_may(rest, "domain"))
        store_settings_find(rest_store(rest), STORE_OF_DOMAIN, prov_of(rest)->project_id,
                            rest_then(rest, on_domain_settings));
}

static json_t *row_json(const struct rest *rest, const void *of)
{
    const struct store_token *row = of;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "PatId", row->id, "FriendlyName",
                     row->name, "Scopes", row->scopes, "State", pat_state(row, rest_now_ms(rest)),
                     "CreatedAt", rest_time(row->created_ms), "ExpiresAt",
                     rest_time(row->expires_ms), "UsedAt", rest_time(row->used_ms));
}

static void on_pats(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_token, "token", row_json);
}

void prov_pat_list(struct rest *rest)
{
    if (prov_may(rest, "account"))
        store_token_list_user(rest_store(rest), prov_of(rest)->target_id, rest_then(rest, on_pats));
}

static void on_pat_added(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "token"))
        rest_reply_prepared(rest, 201);
}

/* Nobody hands out more than he holds. */
static bool take_scopes(struct rest *rest, const char **out)
{
    const char *asked = json_string_value(json_object_get(rest->body, "scopes"));
    *out = asked ? asked : "account";
    if (!pat_are_scopes(slice_of(*out))) {
        rest_fail(rest, 422, "invalid", "scopes",
                  "scopes: expected provisioning, account or domain");
        return false;
    }
    return !token_has_scope(slice_of(*out), SLICE("domain")) || prov_may(rest, "domain");
}

void prov_pat_add(struct rest *rest)
{
    const char *name = json_string_value(json_object_get(rest->body, "friendlyName"));
    const char *scopes;
    int64_t days = PAT_DAYS;
    struct pat pat;
    if (!prov_may(rest, "account") || !take_scopes(rest, &scopes) ||
        !rest_number(rest, "expirationDays", 1, PAT_DAYS_MAX, &days))
        return;
    if (name && strlen(name) > REST_TEXT_MAX) {
        rest_fail(rest, 422, "invalid", "friendlyName", "friendlyName: expected at most %d bytes",
                  REST_TEXT_MAX);
        return;
    }
    struct store_token row = { .project_id = prov_of(rest)->project_id,
                               .user_id = prov_of(rest)->target_id,
                               .name = name ? name : "",
                               .scopes = scopes };
    pat_make(&pat, &row, rest_now_ms(rest), days);
    rest->answer = json_pack("{s:s, s:s, s:s, s:s, s:o}", "PatId", pat.id, "AccessToken", pat.text,
                             "FriendlyName", row.name, "Scopes", scopes, "ExpiresAt",
                             rest_time(row.expires_ms));
    store_token_add(rest_store(rest), &row, rest_then(rest, on_pat_added));
    pat_clear(&pat);
}

static void on_pat(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_token *row = answer->err ? NULL : STORE_ROWS(answer, store_token);
    if (answer->err && answer->err != ERR_NOT_FOUND)
        rest_fail_store(rest, answer->err, "token");
    else if (!row || strcmp(row->user_id, prov_of(rest)->target_id) != 0)
        rest_fail(rest, 404, "not_found", NULL, "there is no such access token");
    else
        store_token_revoke(rest_store(rest), row->id, rest_now_ms(rest), rest_then(rest, on_gone));
}

/* By its id in the path, in ?id= or in the body. */
void prov_pat_remove(struct rest *rest)
{
    const char *id = rest->path.n ? rest_captured(rest, 0) : rest_param(rest, "id");
    if (!prov_may(rest, "account"))
        return;
    if (!id)
        id = rest_given(rest, "PatId", "");
    store_token_find(rest_store(rest), id, rest_then(rest, on_pat));
}
