#include "api/signalwire/sw_domains.h"

#include <stdio.h>
#include <string.h>

#include "api/device.h"
#include "base/num.h"
#include "base/rand.h"
#include "net/addr.h"
#include "store/store_programs.h"

static const char type[] = "domain_application", handler_id[] = "calling_handler_resource_id";
/* Kept as they come; what of it is text and answered with null when it is not there. */
enum { N_TEXTS = 14 };
static const char *const kept[] = {
    "call_handler",
    "call_relay_topic",
    "call_relay_topic_status_callback_url",
    "call_relay_context",
    "call_relay_context_status_callback_url",
    "call_request_url",
    "call_request_method",
    "call_fallback_url",
    "call_fallback_method",
    "call_status_callback_url",
    "call_status_callback_method",
    "call_laml_application_id",
    "call_video_room_id",
    "call_relay_script_url",
    "identifier",
    "user",
    "ip_auth_enabled",
    "ip_auth",
    "encryption",
    "codecs",
    "ciphers",
};
static const char *const lists[] = { "ip_auth", "codecs", "ciphers" };

static const char *text_or(const json_t *body, const char *name, const char *otherwise)
{
    const char *text = sw_text(body, name);
    return text[0] ? text : otherwise;
}

static json_t *domain_json(const struct rest *rest, const struct store_resource *row)
{
    json_t *body = json_loads(row->body, 0, NULL);
    const char *identifier = sw_text(body, "identifier");
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:b, s:s, s:o}", "id", row->id, "type", type,
                  "domain", json_sprintf("%s.%s", identifier, device_domain(rest->api)), "name",
                  row->name, "identifier", identifier, "user", text_or(body, "user", "*"),
                  "ip_auth_enabled", json_is_true(json_object_get(body, "ip_auth_enabled")),
                  "encryption", text_or(body, "encryption", "optional"), handler_id,
                  sw_text_or_null(sw_text(body, handler_id)));
    for (size_t i = 0; i < N_TEXTS; i++)
        json_object_set_new(json, kept[i], sw_text_or_null(sw_text(body, kept[i])));
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        json_t *list = json_object_get(body, lists[i]);
        json_object_set_new(json, lists[i], json_is_array(list) ? json_incref(list) : json_array());
    }
    json_decref(body);
    return json;
}

static json_t *listed(const struct rest *rest, const void *row)
{
    const char *name = rest_param(rest, "filter_name");
    const char *domain = rest_param(rest, "filter_domain");
    json_t *one = domain_json(rest, row);
    if ((!name || strstr(sw_text(one, "name"), name)) &&
        (!domain || strstr(sw_text(one, "domain"), domain)))
        return one;
    json_decref(one);
    return NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    sw_page_reply_resources(owner, answer, listed);
}

void sw_domain_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type, rest_then(rest, on_list));
}

/* --- made and changed --- */

static void write_domain(struct rest *rest, const struct store_resource *before, const char *body)
{
    struct store_resource row = *before;
    row.body = body;
    row.updated_ms = rest_now_ms(rest);
    rest->changes = "resources";
    rest->answer = domain_json(rest, &row);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
}

static void check_handler(struct rest *rest, const json_t *body)
{
    static const struct {
        const char *handler, *field;
    } needed[] = {
        { "relay_script", "call_relay_script_url" },
        { "laml_webhooks", "call_request_url" },
        { "laml_application", "call_laml_application_id" },
    };
    const char *handler = sw_text(body, "call_handler");
    size_t i = 0;
    while (i < COUNT_OF(needed) && strcmp(handler, needed[i].handler) != 0)
        i++;
    if (handler[0] && i == COUNT_OF(needed))
        sw_wrong(rest, "invalid_parameter", "call_handler",
                 "Call handler must be relay_script, laml_webhooks or laml_application here");
    else if (handler[0] && !sw_text(body, needed[i].field)[0])
        sw_wrong(rest, "missing_required_parameter", needed[i].field, "%s is required for %s",
                 needed[i].field, handler);
}

static void check_addresses(struct rest *rest)
{
    const json_t *list = json_object_get(rest->body, "ip_auth");
    struct addr_block block;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || addr_block_parse(slice_of(text), &block))
            sw_wrong(rest, "invalid_parameter", "ip_auth",
                     "ip_auth: number %zu is no address or network", i + 1);
    }
}

/* A domain is one project's; within it, each user of it is one application's. */
static bool is_taken(const struct store_resource *rows, size_t n, const char *project_id,
                     const char *id, const json_t *wanted)
{
    bool taken = false;
    for (size_t i = 0; i < n && !taken; i++) {
        json_t *body = json_loads(rows[i].body, 0, NULL);
        bool is_same = strcmp(sw_text(body, "identifier"), sw_text(wanted, "identifier")) == 0;
        bool is_mine = strcmp(rows[i].project_id, project_id) == 0;
        taken = is_same && strcmp(rows[i].id, id) != 0 &&
                (!is_mine || strcmp(text_or(body, "user", "*"), text_or(wanted, "user", "*")) == 0);
        json_decref(body);
    }
    return taken;
}

/* `answer`: everybody's, the one that is changed among them. */
static void on_all(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *rows = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    const char *project_id = sw_of(rest)->project_id, *name = sw_text(rest->body, "name");
    struct store_resource row = { .id = sw_of(rest)->target_id,
                                  .project_id = project_id,
                                  .type = type,
                                  .body = "{}",
                                  .created_ms = rest_now_ms(rest) };
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    for (size_t i = 0; i < answer->n; i++)
        if (strcmp(rows[i].id, row.id) == 0)
            row = rows[i];
    char *text = sw_merge(rest, row.body, kept, COUNT_OF(kept));
    json_t *body = json_loads(text, 0, NULL);
    check_handler(rest, body);
    check_addresses(rest);
    if (is_taken(rows, answer->n, project_id, row.id, body))
        sw_wrong(rest, "value_not_unique", "identifier", "Identifier is taken");
    if (name[0])
        row.name = name;
    if (!sw_refused(rest))
        write_domain(rest, &row, text);
    json_decref(body);
    free(text);
}

static void write_checked(struct rest *rest)
{
    store_resource_list(rest_store(rest), NULL, type, rest_then(rest, on_all));
}

void sw_domain_add(struct rest *rest)
{
    rand_uuid(sw_of(rest)->target_id);
    write_checked(rest);
}

/* --- one of them --- */

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_resource *row = sw_found_resource(rest, answer, type);
    if (!row)
        return;
    if (endpoint == sw_domain_show) {
        rest_reply_take(rest, 200, domain_json(rest, row));
    } else if (endpoint == sw_domain_change) {
        snprintf(sw_of(rest)->target_id, SW_ID, "%s", row->id);
        write_checked(rest);
    } else {
        rest->changes = "resources";
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

static void find(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_domain_show(struct rest *rest)
{
    find(rest);
}

void sw_domain_change(struct rest *rest)
{
    find(rest);
}

void sw_domain_remove(struct rest *rest)
{
    find(rest);
}

/* --- answered by a resource --- */

static void on_domain(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (!row || strcmp(row->type, type) != 0 ||
        strcmp(row->project_id, sw_of(rest)->project_id) != 0) {
        sw_refuse(rest, "invalid_parameter", "domain_application_id",
                  "domain_application_id is no domain application of this project");
        return;
    }
    json_t *body = json_loads(row->body, 0, NULL);
    json_object_set_new(body, handler_id, json_string(sw_of(rest)->target_id));
    json_object_del(body, "call_handler");
    char *text = json_dumps(body, JSON_COMPACT);
    write_domain(rest, row, text);
    json_decref(body);
    free(text);
}

void sw_domain_route(struct rest *rest, const struct store_resource *row)
{
    snprintf(sw_of(rest)->target_id, SW_ID, "%s", row->id);
    store_resource_find(rest_store(rest), sw_text(rest->body, "domain_application_id"),
                        rest_then(rest, on_domain));
}
