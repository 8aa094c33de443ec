/* API tokens. The text leaves once, when it is made or rotated: only its hash is kept. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/store_accounts.h"
#include "store/store_programs.h"
#include "store/token.h"

static const char scope_words[] =
    " calling chat datasphere fax management messaging numbers pubsub storage tasking video ";

static bool is_scope(const char *word)
{
    char padded[40];
    return word && word[0] && snprintf(padded, sizeof padded, " %s ", word) < 40 &&
           strstr(scope_words, padded);
}

/* ["calling", "video"] as "calling,video"; false: noted what is wrong. */
static bool read_scopes(struct rest *rest, struct buf *out)
{
    const json_t *list = json_object_get(rest->body, "permissions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        if (!is_scope(word)) {
            sw_refuse(rest, "invalid_auth_token_permissions", "permissions",
                      "permissions must be among calling, chat, datasphere, fax, management, "
                      "messaging, numbers, pubsub, storage, tasking and video");
            return false;
        }
        if (strstr(buf_cstr(out), word) == NULL)
            buf_printf(out, "%s%s", out->len ? "," : "", word);
    }
    return true;
}

static json_t *scopes_json(const char *scopes)
{
    json_t *list = json_array();
    struct slice rest = slice_of(scopes);
    while (!slice_empty(rest)) {
        struct slice scope = slice_trim(slice_cut(&rest, ','));
        json_array_append_new(list, json_stringn(scope.ptr, scope.len));
    }
    return list;
}

static json_t *token_json(const struct store_token *row, const char *text)
{
    return json_pack("{s:s, s:s, s:o, s:s}", "id", row->id, "name", row->name, "permissions",
                     scopes_json(row->scopes), "token", text);
}

static void add(struct rest *rest, const char *project_id)
{
    char mem[SW_SCOPES], id[UUID_TEXT], text[TOKEN_TEXT], hash[TOKEN_HASH];
    struct buf scopes = BUF_ON(mem);
    if (!read_scopes(rest, &scopes))
        return;
    rand_uuid(id);
    token_make("PT", text);
    token_hash(slice_of(text), hash);
    struct store_token row = { .id = id,
                               .project_id = project_id,
                               .name = sw_text(rest->body, "name"),
                               .scopes = buf_cstr(&scopes),
                               .hash = hash,
                               .created_ms = rest_now_ms(rest) };
    rest->answer = token_json(&row, text);
    store_token_add(rest_store(rest), &row, rest_then(rest, sw_on_written));
    mem_wipe(text, sizeof text);
}

static void on_subproject(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_project *project = answer->err ? NULL : STORE_ROWS(answer, store_project);
    const char *wanted = sw_text(rest->body, "subproject_id");
    if (answer->err && answer->err != ERR_NOT_FOUND)
        sw_fail_store(rest, answer->err, NULL);
    else if (!project || strcmp(project->id, wanted) != 0 ||
             strcmp(project->parent_id, sw_of(rest)->project_id) != 0)
        sw_refuse(rest, "invalid_subproject_id", "subproject_id",
                  "subproject_id is no subproject of this project");
    else
        add(rest, wanted);
}

void sw_token_add(struct rest *rest)
{
    const char *subproject = sw_text(rest->body, "subproject_id");
    if (subproject[0])
        store_project_find(rest_store(rest), subproject, rest_then(rest, on_subproject));
    else
        add(rest, sw_of(rest)->project_id);
}

/* --- those that exist: of this project or of one below it --- */

static void change(struct rest *rest, const struct store_token *token)
{
    char mem[SW_SCOPES];
    struct buf scopes = BUF_ON(mem);
    struct store_token row = *token;
    if (json_object_get(rest->body, "permissions")) {
        if (!read_scopes(rest, &scopes))
            return;
        row.scopes = buf_cstr(&scopes);
    }
    if (sw_text(rest->body, "name")[0])
        row.name = sw_text(rest->body, "name");
    rest->answer = token_json(&row, "");
    store_token_change(rest_store(rest), &row, rest_then(rest, sw_on_written));
}

static void rotate(struct rest *rest, const struct store_token *token)
{
    char text[TOKEN_TEXT], hash[TOKEN_HASH];
    struct store_token row = *token;
    token_make("PT", text);
    token_hash(slice_of(text), hash);
    row.hash = hash;
    rest->answer = token_json(&row, text);
    store_token_change(rest_store(rest), &row, rest_then(rest, sw_on_written));
    mem_wipe(text, sizeof text);
}

static void remove_token(struct rest *rest, const struct store_token *token)
{
    store_token_revoke(rest_store(rest), token->id, rest_now_ms(rest),
                       rest_then(rest, sw_on_removed));
}

static const struct {
    rest_fn endpoint;
    void (*act)(struct rest *rest, const struct store_token *token);
} acts[] = {
    { sw_token_change, change },
    { sw_token_rotate, rotate },
    { sw_token_remove, remove_token },
};

static void act(struct rest *rest, const struct store_token *token)
{
    for (size_t i = 0; i < COUNT_OF(acts); i++)
        if (acts[i].endpoint == sw_of(rest)->endpoint->handle) {
            acts[i].act(rest, token);
            return;
        }
}

static void on_found(void *owner, const struct store_answer *answer);

/* The token is of another project: one below ours? Then it is looked for once more. */
static void on_owner(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_project *project = answer->err ? NULL : STORE_ROWS(answer, store_project);
    if (!project || strcmp(project->parent_id, sw_of(rest)->project_id) != 0) {
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "token");
        return;
    }
    snprintf(sw_of(rest)->target_id, SW_ID, "%s", project->id);
    store_token_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct sw *sw = sw_of(rest);
    const struct store_token *token = answer->err ? NULL : STORE_ROWS(answer, store_token);
    if (!token || token->revoked_ms || token->user_id[0])
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "token");
    else if (strcmp(token->project_id, sw->project_id) == 0 ||
             strcmp(token->project_id, sw->target_id) == 0)
        act(rest, token);
    else
        store_project_find(rest_store(rest), token->project_id, rest_then(rest, on_owner));
}

static void find(struct rest *rest)
{
    store_token_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_token_change(struct rest *rest)
{
    find(rest);
}

void sw_token_rotate(struct rest *rest)
{
    find(rest);
}

void sw_token_remove(struct rest *rest)
{
    find(rest);
}
