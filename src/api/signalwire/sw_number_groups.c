/* Groups of phone numbers: a text that names one leaves by one of its numbers. Groups and
 * memberships are resources; a member whose number was given back is one no longer. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/hash.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/store_programs.h"

static const char group_type[] = "number_group", member_type[] = "number_group_member";
static const char *const kept[] = { "sticky_sender" };

/* The project's rows, and its numbers as on_numbers() left them in the body. */
struct view {
    struct rest *rest;
    const struct store_resource *rows;
    size_t n;
};

static const json_t *number_of(const struct view *view, const struct store_resource *member)
{
    return json_object_get(json_object_get(view->rest->body, "numbers"), member->name);
}

static bool is_member(const struct view *view, const struct store_resource *row,
                      const char *group_id)
{
    return strcmp(row->type, member_type) == 0 && strcmp(row->ref, group_id) == 0 &&
           number_of(view, row);
}

static const struct store_resource *find(const struct view *view, const char *type, const char *id)
{
    for (size_t i = 0; i < view->n; i++)
        if (strcmp(view->rows[i].type, type) == 0 && strcmp(view->rows[i].id, id) == 0)
            return &view->rows[i];
    return NULL;
}

static json_t *group_json(const struct view *view, const struct store_resource *row)
{
    json_int_t count = 0;
    json_t *body = json_loads(row->body, 0, NULL);
    for (size_t i = 0; i < view->n; i++)
        count += is_member(view, &view->rows[i], row->id);
    json_t *group =
        json_pack("{s:s, s:s, s:b, s:I}", "id", row->id, "name", row->name, "sticky_sender",
                  json_is_true(json_object_get(body, kept[0])), "phone_number_count", count);
    json_decref(body);
    return group;
}

static json_t *member_json(const struct view *view, const struct store_resource *row)
{
    static const char *const shown[] = { "id", "name", "number", "capabilities" };
    const json_t *number = number_of(view, row);
    json_t *cut = json_object();
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        json_object_set(cut, shown[i], json_object_get(number, shown[i]));
    if (!json_is_string(json_object_get(cut, "name")))
        json_object_set(cut, "name", json_object_get(cut, "number"));
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", row->id, "number_group_id", row->ref,
                     "phone_number", cut, "created_at", rest_time(row->created_ms), "updated_at",
                     rest_time(row->updated_ms));
}

/* --- groups --- */

static void list_groups(const struct view *view)
{
    const char *name = rest_param(view->rest, "filter_name");
    struct sw_page page;
    if (!sw_page_read(view->rest, &page))
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < view->n; i++)
        if (strcmp(view->rows[i].type, group_type) == 0 &&
            (!name || strstr(view->rows[i].name, name)))
            json_array_append_new(list, group_json(view, &view->rows[i]));
    sw_page_reply_all(view->rest, &page, list);
}

static void write_group(const struct view *view, struct store_resource *row)
{
    struct rest *rest = view->rest;
    char *body = sw_merge(rest, row->body, kept, COUNT_OF(kept));
    row->name = sw_text(rest->body, "name");
    row->body = body;
    row->updated_ms = rest_now_ms(rest);
    rest->answer = group_json(view, row);
    store_resource_set(rest_store(rest), row, rest_then(rest, sw_on_written));
    free(body);
}

static void add_group(const struct view *view)
{
    char id[UUID_TEXT];
    rand_uuid(id);
    struct store_resource row = { .id = id,
                                  .project_id = sw_of(view->rest)->project_id,
                                  .type = group_type,
                                  .body = "",
                                  .ref = "",
                                  .created_ms = rest_now_ms(view->rest) };
    write_group(view, &row);
}

static void act_on_group(const struct view *view, const struct store_resource *row)
{
    struct rest *rest = view->rest;
    struct store_resource changed = *row;
    if (rest->asked.method == HTTP_GET) {
        rest_reply_take(rest, 200, group_json(view, row));
    } else if (rest->asked.method == HTTP_PUT) {
        write_group(view, &changed);
    } else {
        for (size_t i = 0; i < view->n; i++)
            if (strcmp(view->rows[i].type, member_type) == 0 &&
                strcmp(view->rows[i].ref, row->id) == 0)
                store_resource_remove(rest_store(rest), view->rows[i].id, STORE_NOBODY);
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

/* --- who is in them --- */

static void list_members(const struct view *view, const struct store_resource *group)
{
    struct sw_page page;
    if (!sw_page_read(view->rest, &page))
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < view->n; i++)
        if (is_member(view, &view->rows[i], group->id))
            json_array_append_new(list, member_json(view, &view->rows[i]));
    sw_page_reply_all(view->rest, &page, list);
}

static void add_member(const struct view *view, const struct store_resource *group)
{
    struct rest *rest = view->rest;
    const char *wanted = sw_text(rest->body, "phone_number_id"), *number = NULL, *key;
    json_t *one;
    json_object_foreach(json_object_get(rest->body, "numbers"), key, one)
    {
        if (strcmp(sw_text(one, "id"), wanted) == 0)
            number = key;
    }
    if (!number) {
        sw_refuse(rest, "invalid_parameter", "phone_number_id",
                  "phone_number_id is no phone number of this project");
        return;
    }
    for (size_t i = 0; i < view->n; i++)
        if (is_member(view, &view->rows[i], group->id) && strcmp(view->rows[i].name, number) == 0) {
            sw_refuse(rest, "value_not_unique", "phone_number_id", "the number is in that group");
            return;
        }
    char id[UUID_TEXT];
    rand_uuid(id);
    const struct store_resource row = { .id = id,
                                        .project_id = sw_of(rest)->project_id,
                                        .type = member_type,
                                        .name = number,
                                        .body = "{}",
                                        .ref = group->id,
                                        .created_ms = rest_now_ms(rest),
                                        .updated_ms = rest_now_ms(rest) };
    rest->answer = member_json(view, &row);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
}

static void act_on_member(const struct view *view)
{
    struct rest *rest = view->rest;
    const struct store_resource *row = find(view, member_type, rest_captured(rest, 0));
    if (!row || !number_of(view, row))
        sw_fail_store(rest, ERR_NOT_FOUND, "id");
    else if (rest->asked.method == HTTP_GET)
        rest_reply_take(rest, 200, member_json(view, row));
    else
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
}

/* --- a text leaves by one of them --- */

/* One that is sticky has the same number for the same recipient, while it has the same numbers. */
static void lend_number(const struct view *view, const struct store_resource *group)
{
    struct rest *rest = view->rest;
    json_t *body = json_loads(group->body, 0, NULL), *numbers = json_array();
    bool is_sticky = json_is_true(json_object_get(body, kept[0]));
    for (size_t i = 0; i < view->n; i++)
        if (is_member(view, &view->rows[i], group->id))
            json_array_append_new(numbers, json_string(view->rows[i].name));
    size_t n = json_array_size(numbers);
    uint32_t at = is_sticky ? hash_crc32(slice_of(sw_text(rest->body, "To"))) : rand_u32();
    if (n) {
        json_object_set(rest->body, "From", json_array_get(numbers, at % n));
        sw_laml_message_add(rest);
    } else {
        sw_laml_refuse(rest, 422, "21703", "The number group has no phone numbers");
    }
    json_decref(numbers);
    json_decref(body);
}

/* --- the rows, once for all of them --- */

static void act_within(const struct view *view, const struct store_resource *group)
{
    struct rest *rest = view->rest;
    bool is_list = rest->asked.method == HTTP_GET;
    if (sw_of(rest)->endpoint->handle == sw_laml_message_add)
        lend_number(view, group);
    else if (strstr(sw_of(rest)->endpoint->path, "/number_group_memberships"))
        (is_list ? list_members : add_member)(view, group);
    else
        act_on_group(view, group);
}

static void act(const struct view *view)
{
    struct rest *rest = view->rest;
    const char *path = sw_of(rest)->endpoint->path;
    bool is_message = sw_of(rest)->endpoint->handle == sw_laml_message_add;
    bool is_list = rest->asked.method == HTTP_GET;
    if (!is_message && !strchr(path, ':')) {
        (is_list ? list_groups : add_group)(view);
        return;
    }
    if (strstr(path, "/number_group_memberships/:")) {
        act_on_member(view);
        return;
    }
    const struct store_resource *group =
        find(view, group_type,
             is_message ? sw_text(rest->body, "MessagingServiceSid") : rest_captured(rest, 0));
    if (group)
        act_within(view, group);
    else if (is_message)
        sw_laml_refuse(rest, 422, "21701", "MessagingServiceSid is no number group");
    else
        sw_fail_store(rest, ERR_NOT_FOUND, "id");
}

static void on_rows(void *owner, const struct store_answer *answer)
{
    struct view view = { .rest = owner, .n = answer->n };
    if (answer->err) {
        sw_fail_store(owner, answer->err, NULL);
        return;
    }
    view.rows = STORE_ROWS(answer, store_resource);
    act(&view);
}

static void on_numbers(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *own = json_object();
    if (answer->err) {
        json_decref(own);
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    const struct store_number *rows = STORE_ROWS(answer, store_number);
    for (size_t i = 0; i < answer->n; i++)
        if (strcmp(rows[i].project_id, sw_of(rest)->project_id) == 0)
            json_object_set_new(own, rows[i].number, sw_number_json(&rows[i]));
    json_object_set_new(rest->body, "numbers", own);
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL, rest_then(rest, on_rows));
}

void sw_number_groups(struct rest *rest)
{
    if (!rest->body)
        rest->body = json_object();
    store_number_list(rest_store(rest), rest_then(rest, on_numbers));
}
