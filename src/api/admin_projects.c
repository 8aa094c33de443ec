#include "admin.h"

#include "api/project_key.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/token.h"

static json_t *row_json(const struct rest *rest, const void *of)
{
    const struct store_project *row = of;
    (void)rest;
    return json_pack("{s:s, s:s, s:o}", "project_id", row->id, "name", row->name, "created_at",
                     rest_time(row->created_ms));
}

static void on_list(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_project, "project", row_json);
}

void admin_project_list(struct rest *rest)
{
    store_project_list(rest_store(rest), rest_then(rest, on_list));
}

void admin_project_add(struct rest *rest)
{
    const char *name;
    const struct rest_field fields[] = { { .name = "name", .out = &name, .is_required = true } };
    if (!rest_take(rest, fields, COUNT_OF(fields)))
        return;
    char id[UUID_TEXT];
    char key[TOKEN_TEXT];
    rand_uuid(id);
    char *sealed = project_key_make(rest->api, id, key);
    struct store_project row = {
        .id = id, .name = name, .signing_key = sealed, .created_ms = rest_now_ms(rest)
    };
    rest->answer = json_pack("{s:s, s:s, s:s}", "project_id", id, "name", name, "signing_key", key);
    rest->changes = "projects";
    store_project_add(rest_store(rest), &row, rest_then(rest, rest_on_added));
    mem_wipe(key, sizeof key);
    mem_free(sealed);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "project"))
        return;
    rest->changes = "projects";
    store_project_remove(rest_store(rest), STORE_ROWS(answer, store_project)->id,
                         rest_then(rest, rest_on_removed));
}

void admin_project_remove(struct rest *rest)
{
    store_project_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}
