#include "api/signalwire/sw_domains.h"

#include <stdio.h>
#include <string.h>

#include "api/device.h"
#include "api/signalwire/sw_fabric.h"
#include "base/num.h"
#include "base/rand.h"
#include "net/addr.h"
#include "store/store_programs.h"

static const char handler_id[] = "calling_handler_resource_id";
/* Fabric has them under names of its own, each bound to a resource. */
static const char domain_type[] = "domain_application", address_type[] = "sip_address";
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
    handler_id,
};
static const char *const lists[] = { "ip_auth", "codecs", "ciphers" };

static const char *text_or(const json_t *body, const char *name, const char *otherwise)
{
    const char *text = sw_text(body, name);
    return text[0] ? text : otherwise;
}

bool sw_is_label(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789-", value.ptr[i], 37))
            return false;
    return value.ptr[0] != '-' && value.ptr[value.len - 1] != '-';
}

bool sw_is_sip_user(struct slice value)
{
    return sw_is_party(value) && !memchr(value.ptr, '@', value.len);
}

static bool is_address(const struct rest *rest)
{
    return strstr(sw_of(rest)->endpoint->path, "/sip_addresses") != NULL;
}

static const char *type_of(const struct rest *rest)
{
    return is_address(rest) ? address_type : domain_type;
}

static json_t *list_or(const json_t *body, const char *name, const char *const *words, size_t n)
{
    const json_t *list = json_object_get(body, name);
    if (json_array_size(list))
        return json_deep_copy(list);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, json_string(words[i]));
    return all;
}

static json_t *address_json(const struct rest *rest, const struct store_resource *row,
                            const json_t *body)
{
    static const char *const codecs[] = { "PCMU", "PCMA" };
    static const char *const ciphers[] = { "AEAD_AES_256_GCM_8", "AES_256_CM_HMAC_SHA1_80",
                                           "AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32",
                                           "AES_CM_128_HMAC_SHA1_32" };
    const char *user = text_or(body, "user", "*"), *handler = sw_text(body, handler_id);
    const char *shown = strcmp(user, "*") == 0 ? row->name : user; /* any will do */
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:b, s:s}", "id", row->id, "type",
                  address_type, "resource_id", handler, "name", row->name, "display_name",
                  row->name, "context", "public", "uri",
                  json_sprintf("sip:%s@%s.%s", shown, row->name, device_domain(rest->api)), "user",
                  user, "encryption", text_or(body, "encryption", "optional"), "ip_auth_enabled",
                  json_is_true(json_object_get(body, "ip_auth_enabled")), handler_id, handler);
    json_object_set_new(json, "ip_auth", list_or(body, "ip_auth", NULL, 0));
    json_object_set_new(json, "codecs", list_or(body, "codecs", codecs, COUNT_OF(codecs)));
    json_object_set_new(json, "ciphers", list_or(body, "ciphers", ciphers, COUNT_OF(ciphers)));
    json_object_set_new(json, "created_at", rest_time(row->created_ms));
    json_object_set_new(json, "updated_at", rest_time(row->updated_ms));
    return json;
}

static json_t *domain_json(const struct rest *rest, const struct store_resource *row)
{
    json_t *body = json_loads(row->body, 0, NULL);
    const char *identifier = sw_text(body, "identifier");
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:s, s:b, s:s, s:o}", "id", row->id, "type", domain_type,
        "domain", json_sprintf("%s.%s", identifier, device_domain(rest->api)), "name", row->name,
        "identifier", identifier, "user", text_or(body, "user", "*"), "ip_auth_enabled",
        json_is_true(json_object_get(body, "ip_auth_enabled")), "encryption",
        text_or(body, "encryption", "optional"), handler_id,
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

static json_t *shown(const struct rest *rest, const struct store_resource *row)
{
    if (!is_address(rest))
        return domain_json(rest, row);
    json_t *body = json_loads(row->body, 0, NULL);
    json_t *json = address_json(rest, row, body);
    json_decref(body);
    return json;
}

static json_t *listed(const struct rest *rest, const void *row)
{
    const char *name = rest_param(rest, "filter_name");
    const char *domain = rest_param(rest, "filter_domain");
    json_t *one = shown(rest, row);
    if ((!name || strstr(sw_text(one, "name"), name)) &&
        (!domain || strstr(sw_text(one, "domain"), domain)))
        return one;
    json_decref(one);
    return NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_resource, listed, &page);
    if (!list)
        return;
    json_t *reply = sw_page_json(rest, &page, sw_page_cut(&page, list));
    if (is_address(rest))
        json_object_set_new(
            reply, "items_count",
            json_integer((json_int_t)json_array_size(json_object_get(reply, "data"))));
    rest_reply_take(rest, 200, reply);
}

void sw_domain_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type_of(rest),
                        rest_then(rest, on_list));
}

/* --- made and changed --- */

static void write_domain(struct rest *rest, const struct store_resource *before, const char *body)
{
    struct store_resource row = *before;
    row.body = body;
    row.updated_ms = rest_now_ms(rest);
    rest->changes = "resources";
    rest->answer = shown(rest, &row);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
}

void sw_check_handler(struct rest *rest, const json_t *body)
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

/* What an address has that a domain application has not. */
static void check_address(struct rest *rest, const json_t *body, const struct store_resource *rows,
                          size_t n)
{
    const char *handler = sw_text(body, handler_id);
    char target[SW_TARGET];
    bool is_open = !json_is_true(json_object_get(body, "ip_auth_enabled"));
    size_t i = 0;
    while (i < n && strcmp(rows[i].id, handler) != 0)
        i++;
    if (i == n || strcmp(rows[i].project_id, sw_of(rest)->project_id) != 0 ||
        !sw_resource_target(&rows[i], target))
        sw_wrong(rest, "invalid_parameter", handler_id,
                 "%s is no resource of this project that answers calls", handler_id);
    if (json_object_get(rest->body, "password") || json_object_get(rest->body, "context_id"))
        sw_wrong(rest, "invalid_parameter",
                 json_object_get(rest->body, "password") ? "password" : "context_id",
                 "An address has neither password nor context here: ip_auth says who may call");
    if (!is_open && !json_array_size(json_object_get(body, "ip_auth")))
        sw_wrong(rest, "missing_required_parameter", "ip_auth",
                 "ip_auth needs an address when ip_auth_enabled is true");
}

/* A domain is one project's; within it, each user of it is one application's. */
static bool is_taken(const struct store_resource *rows, size_t n, const char *project_id,
                     const char *id, const json_t *wanted)
{
    bool taken = false;
    for (size_t i = 0; i < n && !taken; i++) {
        if (strcmp(rows[i].type, domain_type) != 0 && strcmp(rows[i].type, address_type) != 0)
            continue;
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
                                  .type = type_of(rest),
                                  .body = "{}",
                                  .created_ms = rest_now_ms(rest) };
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    for (size_t i = 0; i < answer->n; i++)
        if (strcmp(rows[i].id, row.id) == 0)
            row = rows[i];
    if (!is_address(rest)) /* that is domain_applications' under /resources/ */
        json_object_del(rest->body, handler_id);
    else if (name[0]) /* it is both */
        json_object_set_new(rest->body, "identifier", json_string(name));
    char *text = sw_merge(rest, row.body, kept, COUNT_OF(kept));
    json_t *body = json_loads(text, 0, NULL);
    if (is_address(rest))
        check_address(rest, body, rows, answer->n);
    else
        sw_check_handler(rest, body);
    check_addresses(rest);
    if (is_taken(rows, answer->n, project_id, row.id, body))
        sw_wrong(rest, "value_not_unique", is_address(rest) ? "name" : "identifier", "%s is taken",
                 is_address(rest) ? "Name" : "Identifier");
    if (name[0])
        row.name = name;
    if (!sw_refused(rest))
        write_domain(rest, &row, text);
    json_decref(body);
    free(text);
}

static void write_checked(struct rest *rest)
{
    store_resource_list(rest_store(rest), NULL, NULL, rest_then(rest, on_all));
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
    const struct store_resource *row = sw_found_resource(rest, answer, type_of(rest));
    if (!row)
        return;
    if (endpoint == sw_domain_show) {
        rest_reply_take(rest, 200, shown(rest, row));
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
    if (!row || strcmp(row->type, domain_type) != 0 ||
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
