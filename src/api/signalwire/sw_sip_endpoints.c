/* SIP endpoints: accounts that phones register with. Each is a user of the project with one device,
 * under the name and password that the program gives, and a resource that keeps the rest. Those of
 * a subscriber are devices of his. */
#include <stdio.h>
#include <string.h>

#include "api/device.h"
#include "api/signalwire/sw_domains.h"
#include "api/signalwire/sw_fabric.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/store_accounts.h"
#include "store/store_programs.h"

static const char type[] = "sip_endpoint";
/* Kept as they come, all but the password, which is the device's; the last ones are no texts or
 * have a default. */
enum { N_OTHERS = 4 };
static const char *const kept[] = {
    "caller_id",
    "call_handler",
    "calling_handler_resource_id",
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
    "call_relay_context",
    "call_relay_context_status_callback_url",
    "call_relay_application",
    "call_video_room_id",
    "call_relay_script_url",
    "encryption",
    "send_as",
    "ciphers",
    "codecs",
};
static const char *const lists[] = { "ciphers", "codecs" };

static bool is_subscribers(const struct rest *rest)
{
    return strstr(sw_of(rest)->endpoint->path, "/subscribers/") != NULL;
}

static bool is_fabrics(const struct rest *rest)
{
    return strstr(sw_of(rest)->endpoint->path, "/fabric/") != NULL;
}

/* Fabric has words of its own for who handles the calls of an endpoint. */
static bool is_fabric_word(const char *word)
{
    static const char *const words[] = { "default", "passthrough", "block-pstn", "resource" };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/* Fabric shows less of one; of a subscriber's, not even who handles its calls. */
static json_t *cut(json_t *take_endpoint, bool has_handler)
{
    static const char *const shown[] = { "id",         "username",
                                         "caller_id",  "send_as",
                                         "ciphers",    "codecs",
                                         "encryption", "calling_handler_resource_id" };
    json_t *endpoint = json_object();
    for (size_t i = 0; i < COUNT_OF(shown) - !has_handler; i++)
        json_object_set(endpoint, shown[i], json_object_get(take_endpoint, shown[i]));
    if (json_is_null(json_object_get(endpoint, "caller_id")))
        json_object_set_new(endpoint, "caller_id", json_string(""));
    json_decref(take_endpoint);
    return endpoint;
}

static json_t *whole_json(const struct store_resource *row, const json_t *body)
{
    const char *encryption = sw_text(body, "encryption");
    const char *send_as = sw_text(body, "send_as");
    json_t *endpoint =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", type, "id", row->id, "username", row->name,
                  "encryption", encryption[0] ? encryption : "default", "send_as",
                  send_as[0] ? send_as : "random");
    for (size_t i = 0; i < COUNT_OF(kept) - N_OTHERS; i++)
        json_object_set_new(endpoint, kept[i], sw_text_or_null(sw_text(body, kept[i])));
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        json_t *list = json_object_get(body, lists[i]);
        json_object_set_new(endpoint, lists[i],
                            json_is_array(list) ? json_incref(list) : json_array());
    }
    return endpoint;
}

json_t *sw_endpoint_inner(const struct store_resource *row, const json_t *body)
{
    const char *word = sw_text(body, "call_handler");
    json_t *endpoint = cut(whole_json(row, body), true);
    bool has_resource = json_is_string(json_object_get(endpoint, "calling_handler_resource_id"));
    if (!is_fabric_word(word))
        word = has_resource ? "resource" : "default";
    json_object_set_new(endpoint, "call_handler", json_string(word));
    return endpoint;
}

static json_t *endpoint_json(const struct rest *rest, const struct store_resource *row)
{
    json_t *body = json_loads(row->body, 0, NULL), *endpoint;
    if (is_subscribers(rest))
        endpoint = cut(whole_json(row, body), false);
    else if (is_fabrics(rest))
        endpoint = sw_resource_frame(row, sw_endpoint_inner(row, body));
    else
        endpoint = whole_json(row, body);
    if (!is_fabrics(rest) && is_fabric_word(sw_text(body, "call_handler")))
        json_object_set_new(endpoint, "call_handler", json_null());
    json_decref(body);
    return endpoint;
}

/* "" when it is nobody's but the program's. */
static bool is_of(const struct store_resource *row, const char *subscriber_id)
{
    json_t *body = json_loads(row->body, 0, NULL);
    bool is_it = strcmp(sw_text(body, "subscriber_id"), subscriber_id) == 0;
    json_decref(body);
    return is_it;
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_resource *row = of;
    const char *name = rest_param(rest, "filter_username");
    const char *caller_id = rest_param(rest, "filter_caller_id");
    if (is_subscribers(rest) && !is_of(row, rest_captured(rest, 0)))
        return NULL;
    json_t *one = endpoint_json(rest, row);
    if ((!name || strstr(row->name, name)) &&
        (!caller_id || strstr(sw_text(one, "caller_id"), caller_id)))
        return one;
    json_decref(one);
    return NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    sw_page_reply_resources(owner, answer, listed);
}

static void list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type, rest_then(rest, on_list));
}

static void on_lister(void *owner, const struct store_answer *answer)
{
    if (sw_found_resource(owner, answer, "subscriber"))
        list(owner);
}

void sw_endpoint_list(struct rest *rest)
{
    if (is_subscribers(rest))
        store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_lister));
    else
        list(rest);
}

/* --- a new one: user, device, resource, in this order --- */

static void on_device(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    char before[2 * SW_ID] = "";
    if (answer->err) {
        if (!is_subscribers(rest))
            store_user_remove(rest_store(rest), sw_of(rest)->target_id, STORE_NOBODY);
        json_decref(rest->answer);
        rest->answer = NULL;
        sw_fail_store(rest, answer->err, "username");
        return;
    }
    if (is_subscribers(rest))
        snprintf(before, sizeof before, "{\"subscriber_id\":\"%s\"}", rest_captured(rest, 0));
    char *body = sw_merge(rest, before, kept, COUNT_OF(kept));
    const struct store_resource row = { .id = sw_of(rest)->target_id,
                                        .project_id = sw_of(rest)->project_id,
                                        .type = type,
                                        .name = sw_text(rest->body, "username"),
                                        .body = body,
                                        .ref = sw_text(rest->answer, "device"),
                                        .created_ms = rest_now_ms(rest),
                                        .updated_ms = rest_now_ms(rest) };
    json_t *answered = endpoint_json(rest, &row);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
    json_decref(rest->answer);
    rest->answer = answered;
    free(body);
}

static void add_device(struct rest *rest, const char *user_id)
{
    const char *username = sw_text(rest->body, "username");
    struct device_account account = { 0 };
    device_account_init(&account, rest->api);
    snprintf(account.username, sizeof account.username, "%s", username);
    snprintf(account.contact, sizeof account.contact, "%s", username);
    device_account_set_password(&account, rest->api, slice_of(sw_text(rest->body, "password")));
    struct store_device row = { .user_id = user_id,
                                .description = "SIP endpoint",
                                .platform = "script",
                                .created_ms = rest_now_ms(rest) };
    device_account_fill(&account, rest->api, &row);
    rest->answer = json_pack("{s:s}", "device", account.id);
    store_device_add(rest_store(rest), &row, rest_then(rest, on_device));
    device_account_clear(&account);
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err)
        sw_fail_store(rest, answer->err, "username");
    else
        add_device(rest, sw_of(rest)->target_id);
}

static void on_subscriber(void *owner, const struct store_answer *answer)
{
    const struct store_resource *row = sw_found_resource(owner, answer, "subscriber");
    if (row)
        add_device(owner, row->id); /* who is a user under the same id */
}

void sw_endpoint_add(struct rest *rest)
{
    struct sw *sw = sw_of(rest);
    if (!is_fabrics(rest))
        sw_check_handler(rest, rest->body);
    if (sw_refused(rest))
        return;
    rest->changes = "subscribers"; /* a user and a resource */
    sw->noun = "username";
    rand_uuid(sw->target_id);
    if (is_subscribers(rest)) {
        store_resource_find(rest_store(rest), rest_captured(rest, 0),
                            rest_then(rest, on_subscriber));
        return;
    }
    const struct store_user row = { .id = sw->target_id,
                                    .project_id = sw->project_id,
                                    .name = sw_text(rest->body, "username"),
                                    .display_name = sw_text(rest->body, "username"),
                                    .created_ms = rest_now_ms(rest) };
    store_user_add(rest_store(rest), &row, rest_then(rest, on_user));
}

/* --- those that exist --- */

static void on_device_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct device_account account = { 0 };
    if (answer->err) {
        json_decref(rest->answer);
        rest->answer = NULL;
        sw_fail_store(rest, answer->err, "id");
        return;
    }
    struct store_device row = *STORE_ROWS(answer, store_device);
    device_account_renew(&account, rest->api, &row);
    device_account_set_password(&account, rest->api, slice_of(sw_text(rest->body, "password")));
    device_account_fill(&account, rest->api, &row);
    row.rotated_ms = rest_now_ms(rest);
    store_device_rotate(rest_store(rest), &row, rest_then(rest, sw_on_written));
    device_account_clear(&account);
}

static void change(struct rest *rest, const struct store_resource *found)
{
    char *body = sw_merge(rest, found->body, kept, COUNT_OF(kept));
    struct store_resource row = *found;
    const char *username = sw_text(rest->body, "username");
    bool has_password = sw_text(rest->body, "password")[0] != '\0';
    json_t *whole = json_loads(body, 0, NULL);
    if (!is_fabrics(rest) && sw_text(rest->body, "call_handler")[0])
        sw_check_handler(rest, whole);
    json_decref(whole);
    row.body = body;
    row.updated_ms = rest_now_ms(rest);
    if (sw_refused(rest)) {
        free(body);
        return;
    }
    if (username[0] && strcmp(username, row.name) != 0) {
        sw_refuse(rest, "invalid_parameter", "username", "Username cannot be changed");
    } else {
        rest->answer = endpoint_json(rest, &row);
        store_resource_set(rest_store(rest), &row,
                           has_password ? STORE_NOBODY : rest_then(rest, sw_on_written));
        if (has_password)
            store_device_find(rest_store(rest), row.ref, rest_then(rest, on_device_found));
    }
    free(body);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_resource *row = sw_found_resource(rest, answer, type);
    if (!row)
        return;
    if (is_subscribers(rest) && !is_of(row, rest_captured(rest, 0))) {
        sw_fail_store(rest, ERR_NOT_FOUND, "id");
        return;
    }
    rest->changes = "subscribers"; /* a user and a resource */
    sw_of(rest)->noun = "id";
    if (endpoint == sw_endpoint_show) {
        rest_reply_take(rest, 200, endpoint_json(rest, row));
    } else if (endpoint == sw_endpoint_change) {
        change(rest, row);
    } else {
        if (is_of(row, ""))
            store_user_remove(rest_store(rest), row->id, STORE_NOBODY); /* and his device */
        else
            store_device_remove(rest_store(rest), row->ref, STORE_NOBODY);
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

static void find(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, is_subscribers(rest)),
                        rest_then(rest, on_found));
}

void sw_endpoint_show(struct rest *rest)
{
    find(rest);
}

void sw_endpoint_change(struct rest *rest)
{
    find(rest);
}

void sw_endpoint_remove(struct rest *rest)
{
    find(rest);
}

/* --- their calls are handled by a resource --- */

static void on_routed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *found = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    json_t *address = rest->answer;
    if (!found || strcmp(found->type, type) != 0 ||
        strcmp(found->project_id, sw_of(rest)->project_id) != 0) {
        rest->answer = NULL;
        json_decref(address);
        sw_refuse(rest, "invalid_parameter", "sip_endpoint_id",
                  "sip_endpoint_id is no SIP endpoint of this project");
        return;
    }
    struct store_resource row = *found;
    json_t *body = json_loads(row.body, 0, NULL);
    json_object_set_new(body, "call_handler", json_string("resource"));
    json_object_set_new(body, "calling_handler_resource_id", json_string(sw_of(rest)->target_id));
    char *text = json_dumps(body, JSON_COMPACT);
    row.body = text;
    row.updated_ms = rest_now_ms(rest);
    rest->changes = "resources";
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
    json_decref(body);
    free(text);
}

void sw_endpoint_route(struct rest *rest, const struct store_resource *row)
{
    static const char *const shown[] = { "id", "name", "cover_url", "preview_url", "channels" };
    json_t *address = sw_address_json(rest, row);
    rest->answer = json_pack("{s:s}", "type", "call");
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        json_object_set(rest->answer, shown[i], json_object_get(address, shown[i]));
    json_decref(address);
    snprintf(sw_of(rest)->target_id, SW_ID, "%s", row->id);
    store_resource_find(rest_store(rest), sw_text(rest->body, "sip_endpoint_id"),
                        rest_then(rest, on_routed));
}
