/* Tokens of projects, and personal access tokens of users. The text leaves once, in the answer. */
#include "admin.h"

#include "api/pat.h"
#include "base/num.h"
#include "store/store_accounts.h"

enum { ACCESSES_SHOWN = 100 };

static json_t *row_json(const struct rest *rest, const void *of)
{
    const struct store_token *row = of;
    bool pat = row->user_id[0] != '\0';
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "token_id", row->id,
                     pat ? "user_id" : "project_id", pat ? row->user_id : row->project_id, "name",
                     row->name, "scopes", row->scopes, "state", pat_state(row, rest_now_ms(rest)),
                     "created_at", rest_time(row->created_ms), "expires_at",
                     rest_time(row->expires_ms), "used_at", rest_time(row->used_ms));
}

static json_t *token_json(const struct rest *rest, const void *of)
{
    const struct store_token *row = of;
    return row->user_id[0] ? NULL : row_json(rest, row);
}

static json_t *pat_json(const struct rest *rest, const void *of)
{
    const struct store_token *row = of;
    return row->user_id[0] ? row_json(rest, row) : NULL;
}

static void on_tokens(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_token, "token", token_json);
}

static void on_pats(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_token, "token", pat_json);
}

void admin_token_list(struct rest *rest)
{
    store_token_list(rest_store(rest), rest_param(rest, "project"), rest_then(rest, on_tokens));
}

void admin_pat_list(struct rest *rest)
{
    store_token_list(rest_store(rest), "", rest_then(rest, on_pats));
}

static bool are_scopes(struct slice value)
{
    static const char *const known[] = { "calling",    "chat",      "datasphere", "fax",
                                         "management", "messaging", "numbers",    "pubsub",
                                         "storage",    "tasking",   "video" };
    while (!slice_empty(value)) {
        struct slice scope = slice_trim(slice_cut(&value, ','));
        bool found = false;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            found = found || slice_is(scope, known[i]);
        if (!found)
            return false;
    }
    return true;
}

static void on_project(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "project"))
        return;
    const char *project_id = STORE_ROWS(answer, store_project)->id;
    struct pat token;
    struct store_token row = { .project_id = project_id,
                               .name = rest_given(rest, "name", ""),
                               .scopes = rest_given(rest, "scopes", "") };
    pat_make(&token, &row, rest_now_ms(rest), 0);
    rest->answer =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "token_id", token.id, "project_id", project_id,
                  "name", row.name, "scopes", row.scopes, "token", token.text);
    store_token_add(rest_store(rest), &row, rest_then(rest, rest_on_added));
    pat_clear(&token);
}

void admin_token_add(struct rest *rest)
{
    const char *project;
    const char *scopes;
    const char *name;
    const struct rest_field fields[] = {
        { .name = "project", .out = &project, .is_required = true },
        { .name = "scopes",
          .out = &scopes,
          .is_required = true,
          .check = are_scopes,
          .expected = "a list of calling, chat, datasphere, fax, management, messaging, numbers, "
                      "pubsub, storage, tasking and video" },
        { .name = "name", .out = &name },
    };
    if (rest_take(rest, fields, COUNT_OF(fields)))
        store_project_find(rest_store(rest), project, rest_then(rest, on_project));
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "user"))
        return;
    const struct store_user *user = STORE_ROWS(answer, store_user);
    int64_t days = PAT_DAYS;
    if (!rest_number(rest, "expires_days", 1, PAT_DAYS_MAX, &days))
        return;
    struct pat pat;
    struct store_token row = { .project_id = user->project_id,
                               .user_id = user->id,
                               .name = rest_given(rest, "name", ""),
                               .scopes = rest_given(rest, "scopes", "account") };
    pat_make(&pat, &row, rest_now_ms(rest), days);
    rest->answer =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "token_id", pat.id, "user_id", user->id, "scopes",
                  row.scopes, "access_token", pat.text, "expires_at", rest_time(row.expires_ms));
    store_token_add(rest_store(rest), &row, rest_then(rest, rest_on_added));
    pat_clear(&pat);
}

void admin_pat_add(struct rest *rest)
{
    const char *user;
    const char *name;
    const char *scopes;
    const struct rest_field fields[] = {
        { .name = "user", .out = &user, .is_required = true },
        { .name = "name", .out = &name },
        { .name = "scopes",
          .out = &scopes,
          .check = pat_are_scopes,
          .expected = "provisioning, account or domain" },
        { .name = "expires_days" },
    };
    if (rest_take(rest, fields, COUNT_OF(fields)))
        store_user_find(rest_store(rest), user, rest_then(rest, on_user));
}

static json_t *accesses_json(const struct store_answer *answer)
{
    const struct store_access *rows = STORE_ROWS(answer, store_access);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, json_pack("{s:o, s:s, s:I, s:s, s:s}", "at",
                                              rest_time(rows[i].at_ms), "action", rows[i].action,
                                              "status", (json_int_t)rows[i].status, "address",
                                              rows[i].address, "agent", rows[i].agent));
    return list;
}

static void on_accesses(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *body = rest->answer;
    if (!rest_has(rest, answer, "token"))
        return;
    rest->answer = NULL;
    json_object_set_new(body, "accesses", accesses_json(answer));
    rest_reply_take(rest, 200, body);
}

static void on_shown(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "token"))
        return;
    rest->answer = row_json(rest, STORE_ROWS(answer, store_token));
    store_access_list(rest_store(rest), rest_captured(rest, 0), NULL, ACCESSES_SHOWN,
                      rest_then(rest, on_accesses));
}

void admin_token_show(struct rest *rest)
{
    store_token_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_shown));
}

static void on_rotated(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "token"))
        rest_reply_prepared(rest, 200);
}

static void on_rotate(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "token"))
        return;
    struct store_token row = *STORE_ROWS(answer, store_token);
    struct pat pat;
    pat_renew(&pat, &row, rest_now_ms(rest));
    rest->answer = row_json(rest, &row);
    json_object_set_new(rest->answer, row.user_id[0] ? "access_token" : "token",
                        json_string(pat.text));
    store_token_rotate(rest_store(rest), &row, rest_then(rest, on_rotated));
    pat_clear(&pat);
}

void admin_token_rotate(struct rest *rest)
{
    if (rest_take(rest, NULL, 0))
        store_token_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_rotate));
}

/* The row stays, so that logs that name its id can still be understood. */
void admin_token_remove(struct rest *rest)
{
    store_token_revoke(rest_store(rest), rest_captured(rest, 0), rest_now_ms(rest),
                       rest_then(rest, rest_on_removed));
}
