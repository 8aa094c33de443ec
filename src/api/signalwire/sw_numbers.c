/* Phone numbers: those that lead somewhere here. What programs set is kept as it came; a script's
 * URL or a SIP endpoint is also where the number leads. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_fabric.h"
#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "store/store_programs.h"

enum { TARGET_MAX = SW_URL_MAX + 8 };

/* What a program may set, all of it text; the rest of the answer is ours. */
static const char *const settable[] = {
    "name",
    "call_handler",
    "call_receive_mode",
    "call_request_url",
    "call_request_method",
    "call_fallback_url",
    "call_fallback_method",
    "call_status_callback_url",
    "call_status_callback_method",
    "call_laml_application_id",
    "call_dialogflow_agent_id",
    "call_relay_topic",
    "call_relay_topic_status_callback_url",
    "call_relay_script_url",
    "call_relay_context",
    "call_relay_context_status_callback_url",
    "call_relay_application",
    "call_relay_connector_id",
    "call_sip_endpoint_id",
    "call_verto_resource",
    "call_video_room_id",
    "message_handler",
    "message_request_url",
    "message_request_method",
    "message_fallback_url",
    "message_fallback_method",
    "message_laml_application_id",
    "message_relay_topic",
    "message_relay_context",
};
static const char *const always_null[] = { "e911_address_id", "e911_status", "next_billed_at",
                                           "country_code" };

/* Numbers have no id of their own here: one is derived, always the same. */
static void id_of(const char *number, char out[SW_ID])
{
    sw_derived_id("phone_number", number, "", out);
}

json_t *sw_number_json(const struct store_number *row)
{
    char id[SW_ID];
    json_t *body = json_loads(row->body, 0, NULL);
    id_of(row->number, id);
    json_t *number = json_pack("{s:s, s:s, s:[s, s, s], s:s, s:o, s:o}", "id", id, "number",
                               row->number, "capabilities", "voice", "sms", "fax", "number_type",
                               "longcode", "created_at", rest_time(row->created_ms), "updated_at",
                               rest_time(row->updated_ms ? row->updated_ms : row->created_ms));
    for (size_t i = 0; i < COUNT_OF(settable); i++)
        json_object_set_new(number, settable[i], sw_text_or_null(sw_text(body, settable[i])));
    for (size_t i = 0; i < COUNT_OF(always_null); i++)
        json_object_set_new(number, always_null[i], json_null());
    if (!sw_text(body, "call_receive_mode")[0])
        json_object_set_new(number, "call_receive_mode", json_string("voice"));
    json_object_set_new(number, "calling_handler_resource_id",
                        sw_text_or_null(sw_text(body, "calling_handler_resource_id")));
    json_object_set_new(number, "messaging_handler_resource_id",
                        sw_text_or_null(sw_text(body, "messaging_handler_resource_id")));
    /* one that the operator bound to a script shows it */
    if (!sw_text(body, "call_handler")[0] && strncmp(row->to, "swml:http", 9) == 0) {
        json_object_set_new(number, "call_handler", json_string("relay_script"));
        json_object_set_new(number, "call_relay_script_url", json_string(row->to + 5));
    }
    json_decref(body);
    return number;
}

/* As the asker's API shows it. */
static json_t *shown(const struct rest *rest, const struct store_number *row)
{
    json_t *number = sw_number_json(row);
    return sw_of(rest)->is_laml ? sw_laml_number_json(rest, row, number) : number;
}

static bool begins(const char *text, const char *pattern)
{
    while (*text && *pattern && (*pattern == '*' || *pattern == *text))
        text++, pattern++;
    return !*pattern;
}

/* A part of it, in which '*' stands for any digit: "+1555*" or "5**99". */
static bool has(const char *text, const char *pattern)
{
    bool found = !pattern || begins(text, pattern);
    while (!found && *text)
        found = begins(++text, pattern);
    return found;
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_number *row = of;
    bool is_laml = sw_of(rest)->is_laml;
    if (strcmp(row->project_id, sw_of(rest)->project_id) != 0)
        return NULL;
    json_t *number = sw_number_json(row);
    bool fits =
        has(row->number, rest_param(rest, is_laml ? "PhoneNumber" : "filter_number")) &&
        has(sw_text(number, "name"), rest_param(rest, is_laml ? "FriendlyName" : "filter_name"));
    json_decref(number);
    return fits ? shown(rest, row) : NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_number, listed, &page);
    if (list && sw_of(rest)->is_laml)
        sw_laml_page_reply(rest, &page, "incoming_phone_numbers", sw_page_cut(&page, list));
    else if (list)
        sw_page_reply_all(rest, &page, list);
}

void sw_number_list(struct rest *rest)
{
    store_number_list(rest_store(rest), rest_then(rest, on_list));
}

static void write_number(struct rest *rest, const struct store_number *row)
{
    rest->changes = "numbers";
    sw_of(rest)->noun = "number";
    rest->answer = shown(rest, row);
    store_number_set(rest_store(rest), row, rest_then(rest, sw_on_written));
}

static void change(struct rest *rest, const struct store_number *row);

static void on_taken(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!answer->err) {
        sw_refuse(rest, "value_not_unique", "number", "Number is taken");
        return;
    }
    if (answer->err != ERR_NOT_FOUND) {
        sw_fail_store(rest, answer->err, "number");
        return;
    }
    const struct store_number row = { .number = sw_text(rest->body, "number"),
                                      .to = "",
                                      .project_id = sw_of(rest)->project_id,
                                      .created_ms = rest_now_ms(rest),
                                      .body = "{}",
                                      .updated_ms = rest_now_ms(rest) };
    change(rest, &row);
}

void sw_number_search(struct rest *rest)
{
    struct sw_page page;
    if (sw_page_read(rest, &page))
        sw_page_reply_all(rest, &page, json_array());
}

/* --- one of them --- */

static const struct store_number *find_own(const struct rest *rest,
                                           const struct store_answer *answer, const char *wanted)
{
    const struct store_number *rows = answer->err ? NULL : STORE_ROWS(answer, store_number);
    char id[SW_ID];
    for (size_t i = 0; i < answer->n; i++) {
        id_of(rows[i].number, id);
        if (strcmp(id, wanted) == 0 && strcmp(rows[i].project_id, sw_of(rest)->project_id) == 0)
            return &rows[i];
    }
    return NULL;
}

static json_t *merged(const struct rest *rest, const struct store_number *row)
{
    json_t *body = json_loads(row->body, 0, NULL);
    if (!body)
        body = json_object();
    for (size_t i = 0; i < COUNT_OF(settable); i++) {
        json_t *given = json_object_get(rest->body, settable[i]);
        if (json_is_string(given) || json_is_null(given))
            json_object_set(body, settable[i], given);
    }
    return body;
}

/* Where it leads now; false: refused. `endpoint` is the user of a SIP endpoint. */
static bool set_target(struct rest *rest, const json_t *body, const char *endpoint,
                       char out[TARGET_MAX])
{
    static const struct {
        const char *handler, *field, *kind, *label;
    } webs[] = {
        { "relay_script", "call_relay_script_url", "swml", "Call relay script url" },
        { "laml_webhooks", "call_request_url", "laml", "Call request url" },
    };
    const char *handler = sw_text(body, "call_handler");
    if (!json_object_get(rest->body, "call_handler") &&
        !json_object_get(rest->body, "call_relay_script_url") &&
        !json_object_get(rest->body, "call_request_url"))
        return true;
    for (size_t i = 0; i < COUNT_OF(webs); i++) {
        const char *url = sw_text(body, webs[i].field);
        if (strcmp(handler, webs[i].handler) != 0)
            continue;
        if (sw_is_web_url(slice_of(url))) {
            snprintf(out, TARGET_MAX, "%s:%s", webs[i].kind, url);
            return true;
        }
        char text[TARGET_MAX];
        snprintf(text, sizeof text, "%s must be an http: or https: URL", webs[i].label);
        sw_refuse(rest, "invalid_parameter", webs[i].field, text);
        return false;
    }
    if (strcmp(handler, "laml_application") == 0 && endpoint) {
        snprintf(out, TARGET_MAX, "laml:%s", endpoint);
        return true;
    }
    if (strcmp(handler, "relay_sip_endpoint") == 0 && endpoint) {
        snprintf(out, TARGET_MAX, "user:%s", endpoint);
        return true;
    }
    if (strcmp(handler, "laml_application") == 0)
        sw_refuse(rest, "invalid_parameter", "call_laml_application_id",
                  "Call laml application is none of this project, or has no voice url");
    else if (strcmp(handler, "relay_sip_endpoint") == 0)
        sw_refuse(rest, "invalid_parameter", "call_sip_endpoint_id",
                  "Call sip endpoint is none of this project");
    else
        sw_refuse(rest, "invalid_parameter", "call_handler",
                  "Call handler must be relay_script, laml_webhooks, laml_application or "
                  "relay_sip_endpoint here");
    return false;
}

static void change(struct rest *rest, const struct store_number *row)
{
    const char *resource = sw_text(rest->body, "target"); /* put there by on_endpoint() */
    char target[TARGET_MAX];
    struct store_number fresh = *row;
    json_t *body = merged(rest, row);
    snprintf(target, sizeof target, "%s", row->to);
    if (set_target(rest, body, resource[0] ? resource : NULL, target)) {
        char *text = json_dumps(body, JSON_COMPACT);
        fresh.body = text;
        fresh.to = target;
        fresh.updated_ms = rest_now_ms(rest);
        write_number(rest, &fresh);
        free(text);
    }
    json_decref(body);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const enum http_method method = rest->asked.method;
    const struct store_number *row =
        find_own(rest, answer, rest_captured(rest, sw_of(rest)->is_laml)); /* behind the account */
    if (!row) {
        sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "number");
    } else if (method == HTTP_GET) {
        rest_reply_take(rest, 200, shown(rest, row));
    } else if (method != HTTP_DELETE) {
        change(rest, row);
    } else {
        rest->changes = "numbers";
        store_number_remove(rest_store(rest), row->number, rest_then(rest, sw_on_removed));
    }
}

static void find(struct rest *rest)
{
    store_number_list(rest_store(rest), rest_then(rest, on_found));
}

void sw_number_show(struct rest *rest)
{
    find(rest);
}

void sw_number_remove(struct rest *rest)
{
    find(rest);
}

static void on_endpoint(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    json_t *body = row ? json_loads(row->body, 0, NULL) : NULL;
    const char *voice_url = sw_text(body, "voice_url");
    bool is_own = row && strcmp(row->project_id, sw_of(rest)->project_id) == 0;
    if (is_own && voice_url[0]) /* of an application: put where change() looks */
        json_object_set(rest->body, "target", json_object_get(body, "voice_url"));
    else if (is_own && strcmp(row->type, "cxml_application") != 0)
        json_object_set_new(rest->body, "target", json_string(row->name));
    json_decref(body);
    if (sw_text(rest->body, "number")[0])
        store_number_find(rest_store(rest), sw_text(rest->body, "number"),
                          rest_then(rest, on_taken));
    else
        find(rest);
}

/* The resource that the body names: a SIP endpoint or an application. */
static const char *resource_of(const struct rest *rest)
{
    const char *endpoint = sw_text(rest->body, "call_sip_endpoint_id");
    return endpoint[0] ? endpoint : sw_text(rest->body, "call_laml_application_id");
}

void sw_number_add(struct rest *rest)
{
    const char *resource = resource_of(rest);
    json_object_del(rest->body, "target"); /* ours */
    if (resource[0])
        store_resource_find(rest_store(rest), resource, rest_then(rest, on_endpoint));
    else
        store_number_find(rest_store(rest), sw_text(rest->body, "number"),
                          rest_then(rest, on_taken));
}

void sw_number_change(struct rest *rest)
{
    const char *endpoint = resource_of(rest);
    json_object_del(rest->body, "target"); /* ours */
    json_object_del(rest->body, "number"); /* it stays */
    if (endpoint[0])
        store_resource_find(rest_store(rest), endpoint, rest_then(rest, on_endpoint));
    else
        find(rest);
}

/* --- bound to a resource --- */

static void on_route(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_number *row = find_own(rest, answer, sw_text(rest->body, "phone_route_id"));
    json_t *address = rest->answer;
    const char *target = sw_text(rest->body, "target"); /* put there by sw_number_route() */
    json_t *resource = json_object_get(rest->body, "resource");
    if (!row) {
        rest->answer = NULL;
        json_decref(address);
        if (answer->err)
            sw_fail_store(rest, answer->err, NULL);
        else
            sw_refuse(rest, "invalid_parameter", "phone_route_id",
                      "phone_route_id is no phone number of this project");
        return;
    }
    json_t *body = merged(rest, row);
    struct store_number fresh = *row;
    if (strcmp(sw_text(rest->body, "handler"), "messaging") == 0) {
        json_object_set(body, "messaging_handler_resource_id", resource);
        json_object_del(body, "message_handler");
    } else {
        json_object_set(body, "calling_handler_resource_id", resource);
        json_object_del(body, "call_handler");
        fresh.to = target;
    }
    char *text = json_dumps(body, JSON_COMPACT);
    fresh.body = text;
    fresh.updated_ms = rest_now_ms(rest);
    rest->changes = "numbers";
    store_number_set(rest_store(rest), &fresh, rest_then(rest, sw_on_written));
    free(text);
    json_decref(body);
}

void sw_number_route(struct rest *rest, const char *target, const struct store_resource *row)
{
    rest->answer = sw_address_json(rest, row);
    json_object_set_new(rest->answer, "type", json_string("app")); /* the only one known there */
    json_object_set_new(rest->body, "target", json_string(target));
    json_object_set_new(rest->body, "resource", json_string(row->id));
    store_number_list(rest_store(rest), rest_then(rest, on_route));
}
