/* Resources that answer calls: scripts that are kept here, and web servers that are asked for one.
 * A number is bound to one by its phone route. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/num.h"
#include "base/rand.h"
#include "script/script.h"
#include "store/store_programs.h"

enum { URL_MAX = 500 }; /* of what numbers lead to */

static const char *const script_kept[] = { "script_type", "status_callback_url", "contents" };
static const char *const webhook_kept[] = {
    "used_for",
    "primary_request_url",
    "primary_request_method",
    "fallback_request_url",
    "fallback_request_method",
    "status_callback_url",
    "status_callback_method",
};
/* What differs between the types; the segment of the path tells which one it is. */
static const struct {
    const char *segment, *type;
    const char *const *kept;
    size_t n_kept;
} types[] = {
    { "/swml_scripts", "swml_script", script_kept, COUNT_OF(script_kept) },
    { "/swml_webhooks", "swml_webhook", webhook_kept, COUNT_OF(webhook_kept) },
};

static size_t type_of(const struct rest *rest)
{
    size_t i = 0;
    while (i < COUNT_OF(types) && !strstr(sw_of(rest)->endpoint->path, types[i].segment))
        i++;
    return i; /* COUNT_OF(types): any */
}

static const char *text_or(const json_t *body, const char *name, const char *otherwise)
{
    const char *text = sw_text(body, name);
    return text[0] ? text : otherwise;
}

static json_t *script_json(const struct rest *rest, const struct store_resource *row,
                           const json_t *body)
{
    char own[SW_URL_MAX], url[SW_URL_MAX + 120];
    sw_own_url(rest, own, sizeof own);
    snprintf(url, sizeof url, "%s/api/fabric/resources/swml_scripts/%s", own, row->id);
    json_t *inner = json_pack("{s:s, s:s, s:s, s:s, s:O}", "id", row->id, "display_name", row->name,
                              "script_type", text_or(body, "script_type", "calling"), "request_url",
                              url, "contents", json_object_get(body, "contents"));
    if (sw_text(body, "status_callback_url")[0]) {
        json_object_set(inner, "status_callback_url", json_object_get(body, "status_callback_url"));
        json_object_set_new(inner, "status_callback_method", json_string("POST"));
    }
    return inner;
}

static json_t *webhook_json(const struct store_resource *row, const json_t *body)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s}", "id", row->id, "name",
                     row->name, "used_for", text_or(body, "used_for", "calling"),
                     "primary_request_url", sw_text(body, "primary_request_url"),
                     "primary_request_method", text_or(body, "primary_request_method", "POST"),
                     "fallback_request_url", sw_text_or_null(sw_text(body, "fallback_request_url")),
                     "fallback_request_method", text_or(body, "fallback_request_method", "POST"),
                     "status_callback_url", sw_text_or_null(sw_text(body, "status_callback_url")),
                     "status_callback_method", text_or(body, "status_callback_method", "POST"));
}

static json_t *resource_json(const struct rest *rest, const struct store_resource *row)
{
    json_t *body = json_loads(row->body, 0, NULL);
    bool is_script = strcmp(row->type, "swml_script") == 0;
    json_t *resource =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", row->id, "project_id", row->project_id,
                  "display_name", row->name, "type", row->type, "created_at",
                  rest_time(row->created_ms), "updated_at", rest_time(row->updated_ms));
    json_object_set_new(resource, row->type,
                        is_script ? script_json(rest, row, body) : webhook_json(row, body));
    json_decref(body);
    return resource;
}

static bool is_handler(const struct store_resource *row)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (strcmp(row->type, types[i].type) == 0)
            return true;
    return false; /* a SIP endpoint has paths of its own */
}

static json_t *listed(const struct rest *rest, const void *of)
{
    return is_handler(of) ? resource_json(rest, of) : NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_resource, listed, &page);
    if (list)
        sw_page_reply_all(rest, &page, list);
}

void sw_resource_list(struct rest *rest)
{
    size_t i = type_of(rest);
    store_resource_list(rest_store(rest), sw_of(rest)->project_id,
                        i < COUNT_OF(types) ? types[i].type : NULL, rest_then(rest, on_list));
}

/* A script that cannot run is refused before it is kept. */
static void check_contents(struct rest *rest)
{
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    struct fault fault = { 0 };
    const json_t *contents = json_object_get(rest->body, "contents");
    const struct script_source source = { .document = contents };
    bool is_calling = strcmp(text_or(rest->body, "script_type", "calling"), "calling") == 0;
    if (!contents || !is_calling || !script_source_check(&source, &fault))
        return;
    fault_print(&fault, text, sizeof text);
    sw_wrong(rest, "invalid_parameter", "contents", "%s", text);
}

static void write_resource(struct rest *rest, struct store_resource *row)
{
    size_t type = type_of(rest);
    char *text = sw_merge(rest, row->body, types[type].kept, types[type].n_kept);
    if (sw_text(rest->body, "name")[0])
        row->name = sw_text(rest->body, "name");
    row->body = text;
    row->updated_ms = rest_now_ms(rest);
    rest->answer = resource_json(rest, row);
    rest->changes = "resources";
    sw_of(rest)->noun = "name";
    store_resource_set(rest_store(rest), row, rest_then(rest, sw_on_written));
    free(text);
}

void sw_resource_add(struct rest *rest)
{
    char id[UUID_TEXT];
    check_contents(rest);
    if (sw_refused(rest))
        return;
    rand_uuid(id);
    struct store_resource row = { .id = id,
                                  .project_id = sw_of(rest)->project_id,
                                  .type = types[type_of(rest)].type,
                                  .name = "Untitled",
                                  .body = "{}",
                                  .created_ms = rest_now_ms(rest) };
    write_resource(rest, &row);
}

/* --- one of them --- */

static void route_to(struct rest *rest, const struct store_resource *row)
{
    char target[URL_MAX + 8];
    json_t *body = json_loads(row->body, 0, NULL);
    const char *url = sw_text(body, "primary_request_url");
    snprintf(target, sizeof target, "swml:%s", url[0] ? url : row->id);
    json_decref(body);
    sw_number_route(rest, target, row->id, row->name);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    size_t type = type_of(rest);
    const struct store_resource *row =
        sw_found_resource(rest, answer, type < COUNT_OF(types) ? types[type].type : NULL);
    if (!row)
        return;
    if (!is_handler(row)) {
        sw_fail_store(rest, ERR_NOT_FOUND, "id");
    } else if (endpoint == sw_resource_show) {
        rest_reply_take(rest, 200, resource_json(rest, row));
    } else if (endpoint == sw_resource_change) {
        struct store_resource changed = *row;
        write_resource(rest, &changed);
    } else if (endpoint == sw_resource_route) {
        route_to(rest, row);
    } else {
        rest->changes = "resources";
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

static void find(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_resource_show(struct rest *rest)
{
    find(rest);
}

void sw_resource_change(struct rest *rest)
{
    check_contents(rest);
    if (!sw_refused(rest))
        find(rest);
}

void sw_resource_remove(struct rest *rest)
{
    find(rest);
}

void sw_resource_route(struct rest *rest)
{
    find(rest);
}
