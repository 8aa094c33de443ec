/* Resources that answer calls: scripts that are kept here, and web servers that are asked for one.
 * A number is bound to one by its phone route. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_domains.h"
#include "api/signalwire/sw_fabric.h"
#include "base/num.h"
#include "base/rand.h"
#include "script/laml.h"
#include "script/script.h"
#include "store/store_programs.h"

static const char *const script_kept[] = { "script_type", "status_callback_url",
                                           "status_callback_method", "contents" };
static const char *const webhook_kept[] = {
    "used_for",
    "primary_request_url",
    "primary_request_method",
    "fallback_request_url",
    "fallback_request_method",
    "status_callback_url",
    "status_callback_method",
};
/* Each URL before its method. */
static const char *const application_kept[] = {
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "status_callback",
    "status_callback_method",
    "sms_url",
    "sms_method",
    "sms_fallback_url",
    "sms_fallback_method",
    "sms_status_callback",
    "sms_status_callback_method",
};

static const char *const gateway_kept[] = { "uri", "encryption", "ciphers", "codecs" };
static const char *const relay_kept[] = { "topic", "call_status_callback_url" };

static const char *text_or(const json_t *body, const char *name, const char *otherwise)
{
    const char *text = sw_text(body, name);
    return text[0] ? text : otherwise;
}

static json_t *script_json(const struct rest *rest, const struct store_resource *row,
                           const json_t *body)
{
    bool is_laml = strcmp(row->type, "cxml_script") == 0;
    char own[SW_URL_MAX], url[SW_URL_MAX + 120];
    sw_own_url(rest, own, sizeof own);
    snprintf(url, sizeof url, "%s%s%s", own,
             is_laml ? "/laml-bins/" : "/api/fabric/resources/swml_scripts/", row->id);
    json_t *inner = json_pack("{s:s, s:s, s:s, s:s, s:O}", "id", row->id, "display_name", row->name,
                              "script_type", text_or(body, "script_type", "calling"), "request_url",
                              url, "contents", json_object_get(body, "contents"));
    if (sw_text(body, "status_callback_url")[0]) {
        json_object_set(inner, "status_callback_url", json_object_get(body, "status_callback_url"));
        json_object_set_new(inner, "status_callback_method",
                            json_string(text_or(body, "status_callback_method", "POST")));
    }
    if (is_laml) {
        json_object_set_new(inner, "request_count", json_integer(0));
        json_object_set_new(inner, "last_accessed_at", json_null());
    }
    return inner;
}

static json_t *webhook_json(const struct rest *rest, const struct store_resource *row,
                            const json_t *body)
{
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s}", "id", row->id, "name",
                     row->name, "used_for", text_or(body, "used_for", "calling"),
                     "primary_request_url", sw_text(body, "primary_request_url"),
                     "primary_request_method", text_or(body, "primary_request_method", "POST"),
                     "fallback_request_url", sw_text_or_null(sw_text(body, "fallback_request_url")),
                     "fallback_request_method", text_or(body, "fallback_request_method", "POST"),
                     "status_callback_url", sw_text_or_null(sw_text(body, "status_callback_url")),
                     "status_callback_method", text_or(body, "status_callback_method", "POST"));
}

static json_t *application_json(const struct rest *rest, const struct store_resource *row,
                                const json_t *body)
{
    (void)rest;
    json_t *inner = json_pack("{s:s, s:s, s:s}", "id", row->id, "project_id", row->project_id,
                              "friendly_name", row->name);
    for (size_t i = 0; i < COUNT_OF(application_kept); i += 2) {
        const char *url = application_kept[i], *method = application_kept[i + 1];
        json_object_set_new(inner, url, sw_text_or_null(sw_text(body, url)));
        json_object_set_new(inner, method, json_string(text_or(body, method, "POST")));
    }
    return inner;
}

static json_t *list_or_none(const json_t *body, const char *name)
{
    json_t *list = json_object_get(body, name);
    return json_is_array(list) ? json_incref(list) : json_array();
}

static json_t *gateway_json(const struct rest *rest, const struct store_resource *row,
                            const json_t *body)
{
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", row->id, "uri", sw_text(body, "uri"),
                     "name", row->name, "encryption", text_or(body, "encryption", "default"),
                     "ciphers", list_or_none(body, "ciphers"), "codecs",
                     list_or_none(body, "codecs"));
}

static json_t *relay_json(const struct rest *rest, const struct store_resource *row,
                          const json_t *body)
{
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:o}", "id", row->id, "name", row->name, "topic",
                     sw_text(body, "topic"), "call_status_callback_url",
                     sw_text_or_null(sw_text(body, "call_status_callback_url")));
}

static json_t *endpoint_json(const struct rest *rest, const struct store_resource *row,
                             const json_t *body)
{
    (void)rest;
    return sw_endpoint_inner(row, body);
}

/* What differs between the types; the segment of the path tells which one it is. */
static const struct kind {
    const char *segment, *type, *name; /* the last: the field that it comes in */
    const char *const *kept;
    size_t n_kept;
    json_t *(*print)(const struct rest *rest, const struct store_resource *row, const json_t *body);
    const char *target, *url; /* where a number leads that it answers; NULL: nowhere, to the id */
} kinds[] = {
    { "/cxml_applications", "cxml_application", "display_name", application_kept,
      COUNT_OF(application_kept), application_json, "laml", "voice_url" },
    { "/cxml_scripts", "cxml_script", "display_name", script_kept, COUNT_OF(script_kept),
      script_json, "swml", NULL },
    { "/cxml_webhooks", "cxml_webhook", "name", webhook_kept, COUNT_OF(webhook_kept), webhook_json,
      "laml", "primary_request_url" },
    { "/relay_applications", "relay_application", "name", relay_kept, COUNT_OF(relay_kept),
      relay_json, NULL, NULL },
    { "resources/sip_endpoints", "sip_endpoint", "username", NULL, 0, endpoint_json, NULL, NULL },
    { "/sip_gateways", "sip_gateway", "name", gateway_kept, COUNT_OF(gateway_kept), gateway_json,
      "uri", "uri" },
    { "/swml_scripts", "swml_script", "name", script_kept, COUNT_OF(script_kept), script_json,
      "swml", NULL },
    { "/swml_webhooks", "swml_webhook", "name", webhook_kept, COUNT_OF(webhook_kept), webhook_json,
      "swml", "primary_request_url" },
};

/* Without a type: the path is any resource's. */
static const struct kind *kind_of(const struct rest *rest)
{
    static const struct kind any = { .segment = "", .name = "" };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strstr(sw_of(rest)->endpoint->path, kinds[i].segment))
            return &kinds[i];
    return &any;
}

static const struct kind *kind_of_row(const struct store_resource *row)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(row->type, kinds[i].type) == 0)
            return &kinds[i];
    return NULL; /* it has paths of its own */
}

json_t *sw_resource_frame(const struct store_resource *row, json_t *take_inner)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", row->id, "project_id",
                     row->project_id, "display_name", row->name, "type", row->type, "created_at",
                     rest_time(row->created_ms), "updated_at", rest_time(row->updated_ms),
                     row->type, take_inner);
}

/* NULL: it has paths of its own. */
static json_t *resource_json(const struct rest *rest, const struct store_resource *row)
{
    const struct kind *kind = kind_of_row(row);
    json_t *body = kind ? json_loads(row->body, 0, NULL) : NULL;
    json_t *resource = kind ? sw_resource_frame(row, kind->print(rest, row, body)) : NULL;
    json_decref(body);
    if (strcmp(kind_of(rest)->segment, "/cxml_scripts") == 0) { /* the only one, and only there */
        json_object_set(resource, "name", json_object_get(resource, "display_name"));
        json_object_del(resource, "display_name");
    }
    return resource;
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_resource *row = of;
    if (strcmp(row->type, "subscriber") == 0)
        return sw_subscriber_json(row);
    return resource_json(rest, row);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    sw_page_reply_resources(owner, answer, listed);
}

void sw_resource_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, kind_of(rest)->type,
                        rest_then(rest, on_list));
}

/* A script that cannot run is refused before it is kept. */
static void check_contents(struct rest *rest)
{
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    struct fault fault = { 0 };
    const json_t *contents = json_object_get(rest->body, "contents");
    const struct script_source source = { .document = contents };
    bool is_laml = strcmp(kind_of(rest)->segment, "/cxml_scripts") == 0;
    bool is_calling = strcmp(text_or(rest->body, "script_type", "calling"), "calling") == 0;
    json_t *document = NULL;
    if (!contents || !is_calling)
        return;
    if (is_laml ? !laml_load(slice_of(sw_text(rest->body, "contents")), SLICE_NONE, &document, NULL,
                             &fault)
                : !script_source_check(&source, &fault)) {
        json_decref(document);
        return;
    }
    fault_print(&fault, text, sizeof text);
    sw_wrong(rest, "invalid_parameter", "contents", "%s", text);
}

static void write_resource(struct rest *rest, struct store_resource *row)
{
    const struct kind *kind = kind_of(rest);
    char *text = sw_merge(rest, row->body, kind->kept, kind->n_kept);
    if (sw_text(rest->body, kind->name)[0])
        row->name = sw_text(rest->body, kind->name);
    row->body = text;
    row->updated_ms = rest_now_ms(rest);
    rest->answer = resource_json(rest, row);
    rest->changes = "resources";
    sw_of(rest)->noun = "name";
    store_resource_set(rest_store(rest), row, rest_then(rest, sw_on_written));
    free(text);
}

static void on_others(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct kind *kind = kind_of(rest);
    char id[UUID_TEXT];
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    rand_uuid(id);
    const char *name = text_or(rest->body, kind->name, "Untitled");
    char *body = sw_address_body(answer, name);
    struct store_resource row = { .id = id,
                                  .project_id = sw_of(rest)->project_id,
                                  .type = kind->type,
                                  .name = name,
                                  .body = body,
                                  .created_ms = rest_now_ms(rest) };
    write_resource(rest, &row);
    free(body);
}

void sw_resource_add(struct rest *rest)
{
    check_contents(rest);
    if (!sw_refused(rest)) /* its address is to be like no other's */
        store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL,
                            rest_then(rest, on_others));
}

/* --- one of them --- */

bool sw_resource_target(const struct store_resource *row, char out[SW_TARGET])
{
    const struct kind *kind = kind_of_row(row);
    bool is_person = strcmp(row->type, "subscriber") == 0, is_it = is_person;
    json_t *body = json_loads(row->body, 0, NULL);
    const char *url = kind && kind->url ? sw_text(body, kind->url) : "";
    bool is_whole =
        slice_istarts(slice_of(url), SLICE("sip:")) || slice_istarts(slice_of(url), SLICE("sips:"));
    if (is_person) {
        snprintf(out, SW_TARGET, "user:%s", sw_text(body, "email"));
    } else if (kind && kind->target) {
        is_it = true;
        snprintf(out, SW_TARGET, "%s:%s%s", kind->target,
                 kind->print == gateway_json && !is_whole ? "sip:" : "", url[0] ? url : row->id);
    }
    json_decref(body);
    return is_it;
}

/* What a number, a domain or an endpoint leads to answers calls by itself. */
static void route_to(struct rest *rest, const struct store_resource *row)
{
    const char *path = sw_of(rest)->endpoint->path;
    char target[SW_TARGET];
    if (!sw_resource_target(row, target))
        sw_refuse(rest, "invalid_parameter", "id", "a resource of that type answers no calls here");
    else if (strstr(path, "/domain_applications"))
        sw_domain_route(rest, row);
    else if (strstr(path, "/sip_endpoints"))
        sw_endpoint_route(rest, row);
    else
        sw_number_route(rest, target, row);
}

static void act(struct rest *rest, const struct store_resource *row)
{
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    struct store_resource changed = *row;
    if (endpoint == sw_resource_route) {
        route_to(rest, row);
    } else if (endpoint == sw_resource_show) {
        rest_reply_take(rest, 200, listed(rest, row));
    } else if (endpoint == sw_resource_change) {
        write_resource(rest, &changed);
    } else {
        rest->changes = "resources";
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = sw_found_resource(rest, answer, kind_of(rest)->type);
    if (!row)
        return;
    bool is_person = strcmp(row->type, "subscriber") == 0;
    bool is_removed = sw_of(rest)->endpoint->handle == sw_resource_remove;
    if (is_person && is_removed)
        sw_subscriber_remove(rest); /* with his phones */
    else if (is_removed && strcmp(row->type, "sip_endpoint") == 0)
        sw_endpoint_remove(rest); /* with its account */
    else if (is_person || kind_of_row(row))
        act(rest, row);
    else
        sw_fail_store(rest, ERR_NOT_FOUND, "id");
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
