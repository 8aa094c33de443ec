/* The project that asks and those below it: one level, as the interface has it. */
#include <stdio.h>
#include <string.h>

#include "api/project_key.h"
#include "api/signalwire/sw.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/store_programs.h"
#include "store/token.h"

static const char *const flags[] = { "protect_recordings", "protect_message_media",
                                     "protect_fax_media", "force_https_requests" };

static json_t *project_json(const struct store_project *row)
{
    json_t *options = json_loads(row->options, 0, NULL);
    int64_t updated_ms = row->updated_ms ? row->updated_ms : row->created_ms;
    json_t *project =
        json_pack("{s:s, s:s, s:o, s:b, s:s, s:o, s:o}", "id", row->id, "name", row->name,
                  "parent_project_id", sw_text_or_null(row->parent_id), "subproject",
                  row->parent_id[0] != '\0', "region_preference", "us", "created_at",
                  rest_time(row->created_ms), "updated_at", rest_time(updated_ms));
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        json_object_set_new(project, flags[i],
                            json_boolean(json_is_true(json_object_get(options, flags[i]))));
    json_decref(options);
    return project;
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_project *row = of;
    const char *name = rest_param(rest, "name");
    bool fits = !name || slice_find(slice_of(row->name), slice_of(name)) < strlen(row->name);
    return fits ? project_json(row) : NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_project, listed, &page);
    if (list)
        sw_page_reply_all(rest, &page, list);
}

void sw_project_list(struct rest *rest)
{
    store_project_list_tree(rest_store(rest), sw_of(rest)->project_id, rest_then(rest, on_list));
}

static char *options_of(const struct rest *rest, const char *before)
{
    json_t *options = json_loads(before, 0, NULL);
    if (!options)
        options = json_object();
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        json_t *given = json_object_get(rest->body, flags[i]);
        if (json_is_boolean(given))
            json_object_set(options, flags[i], given);
    }
    char *text = json_dumps(options, JSON_COMPACT);
    json_decref(options);
    return text;
}

static void on_parent(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    char id[UUID_TEXT], key[TOKEN_TEXT];
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    if (STORE_ROWS(answer, store_project)->parent_id[0]) {
        sw_refuse(rest, "nested_subprojects_not_allowed", NULL,
                  "a subproject has no subprojects of its own");
        return;
    }
    rand_uuid(id);
    char *sealed = project_key_make(rest->api, id, key);
    char *options = options_of(rest, "");
    struct store_project row = { .id = id,
                                 .name = sw_text(rest->body, "name"),
                                 .signing_key = sealed,
                                 .parent_id = sw_of(rest)->project_id,
                                 .options = options,
                                 .created_ms = rest_now_ms(rest),
                                 .updated_ms = rest_now_ms(rest) };
    rest->answer = project_json(&row);
    json_object_set_new(rest->answer, "signing_key", json_string(key));
    rest->changes = "projects";
    sw_of(rest)->noun = "name";
    store_project_add(rest_store(rest), &row, rest_then(rest, sw_on_written));
    mem_wipe(key, sizeof key);
    mem_free(sealed);
    free(options);
}

void sw_project_add(struct rest *rest)
{
    store_project_find(rest_store(rest), sw_of(rest)->project_id, rest_then(rest, on_parent));
}

/* --- one project --- */

static void show(struct rest *rest, const struct store_project *project)
{
    rest_reply_take(rest, 200, project_json(project));
}

static void change(struct rest *rest, const struct store_project *project)
{
    char *options = options_of(rest, project->options);
    struct store_project row = *project;
    if (sw_text(rest->body, "name")[0])
        row.name = sw_text(rest->body, "name");
    row.options = options;
    row.updated_ms = rest_now_ms(rest);
    rest->answer = project_json(&row);
    store_project_change(rest_store(rest), &row, rest_then(rest, sw_on_written));
    free(options);
}

static void rotate(struct rest *rest, const struct store_project *project)
{
    char key[TOKEN_TEXT];
    char *sealed = project_key_make(rest->api, project->id, key);
    struct store_project row = *project;
    row.updated_ms = rest_now_ms(rest);
    rest->answer = project_json(&row);
    rest->changes = "projects";
    sw_of(rest)->noun = "name";
    json_object_set_new(rest->answer, "signing_key", json_string(key));
    store_project_set_key(rest_store(rest), row.id, sealed, row.updated_ms,
                          rest_then(rest, sw_on_written));
    mem_wipe(key, sizeof key);
    mem_free(sealed);
}

static void on_numbers(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const char *id = sw_of(rest)->target_id;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    const struct store_number *rows = STORE_ROWS(answer, store_number);
    for (size_t i = 0; i < answer->n; i++)
        if (strcmp(rows[i].project_id, id) == 0) {
            sw_refuse(rest, "phone_numbers_must_be_removed", NULL,
                      "the project's phone numbers must be removed first");
            return;
        }
    rest->changes = "projects";
    sw_of(rest)->noun = "name";
    store_project_remove(rest_store(rest), id, rest_then(rest, sw_on_removed));
}

static void remove_project(struct rest *rest, const struct store_project *project)
{
    if (!project->parent_id[0]) {
        sw_refuse(rest, "only_subprojects_can_be_deleted", NULL, "only subprojects can be deleted");
        return;
    }
    snprintf(sw_of(rest)->target_id, SW_ID, "%s", project->id);
    store_number_list(rest_store(rest), rest_then(rest, on_numbers));
}

static const struct {
    rest_fn endpoint;
    void (*act)(struct rest *rest, const struct store_project *project);
} acts[] = {
    { sw_project_show, show },
    { sw_project_change, change },
    { sw_project_rotate, rotate },
    { sw_project_remove, remove_project },
};

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const char *own = sw_of(rest)->project_id;
    const struct store_project *project = answer->err ? NULL : STORE_ROWS(answer, store_project);
    if (!project || (strcmp(project->id, own) != 0 && strcmp(project->parent_id, own) != 0) ||
        strcmp(project->id, rest_captured(rest, 0)) != 0) { /* the store also finds by name */
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "project");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(acts); i++)
        if (acts[i].endpoint == sw_of(rest)->endpoint->handle) {
            acts[i].act(rest, project);
            return;
        }
}

static void find(struct rest *rest)
{
    store_project_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_project_show(struct rest *rest)
{
    find(rest);
}

void sw_project_change(struct rest *rest)
{
    find(rest);
}

void sw_project_rotate(struct rest *rest)
{
    find(rest);
}

void sw_project_remove(struct rest *rest)
{
    find(rest);
}
