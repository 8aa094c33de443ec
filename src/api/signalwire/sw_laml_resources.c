/* Applications and documents that are kept here (LamlBins): resources under the names of the
 * compatibility API. A document is also answered to whoever asks for its address. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "base/rand.h"
#include "script/laml.h"
#include "store/store_programs.h"

struct pair {
    const char *field, *key; /* of the body, of the answer */
};
static const struct pair application_pairs[] = {
    { "VoiceUrl", "voice_url" },
    { "VoiceMethod", "voice_method" },
    { "VoiceFallbackUrl", "voice_fallback_url" },
    { "VoiceFallbackMethod", "voice_fallback_method" },
    { "StatusCallback", "status_callback" },
    { "StatusCallbackMethod", "status_callback_method" },
    { "VoiceCallerIdLookup", "voice_caller_id_lookup" },
    { "SmsUrl", "sms_url" },
    { "SmsMethod", "sms_method" },
    { "SmsFallbackUrl", "sms_fallback_url" },
    { "SmsFallbackMethod", "sms_fallback_method" },
    { "SmsStatusCallback", "sms_status_callback" },
    { "SmsStatusCallbackMethod", "sms_status_callback_method" },
    { "MessageStatusCallback", "message_status_callback" },
};
static const struct pair bin_pairs[] = { { "Contents", "contents" } };
/* What differs between the types; the segment of the path tells which one it is. */
static const struct kind {
    const char *segment, *type, *plural, *name_field, *name_key, *filter;
    const struct pair *pairs;
    size_t n_pairs;
} kinds[] = {
    { "Applications", "cxml_application", "applications", "FriendlyName", "friendly_name",
      "FriendlyName", application_pairs, COUNT_OF(application_pairs) },
    { "LamlBins", "cxml_script", "laml_bins", "Name", "name", "Name", bin_pairs,
      COUNT_OF(bin_pairs) },
};
static const char bins_path[] = "/laml-bins/";

static const struct kind *kind_of(const struct rest *rest)
{
    return &kinds[strstr(sw_of(rest)->endpoint->path, kinds[0].segment) ? 0 : 1];
}

static json_t *resource_json(const struct rest *rest, const struct store_resource *row)
{
    const struct kind *kind = kind_of(rest);
    json_t *body = json_loads(row->body, 0, NULL), *value;
    json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o}", "sid", row->id, "account_sid",
                             row->project_id, "api_version", "2010-04-01", "date_created",
                             sw_laml_time(row->created_ms), "date_updated",
                             sw_laml_time(row->updated_ms), kind->name_key, row->name, "uri",
                             sw_laml_uri(rest, "%s/%s", kind->segment, row->id));
    for (size_t i = 0; i < kind->n_pairs; i++) {
        value = json_object_get(body, kind->pairs[i].key);
        json_object_set_new(json, kind->pairs[i].key, value ? json_incref(value) : json_null());
    }
    json_decref(body);
    if (kind == &kinds[1]) {
        char own[SW_URL_MAX], url[SW_URL_MAX + 80];
        sw_own_url(rest, own, sizeof own);
        snprintf(url, sizeof url, "%s%s%s", own, bins_path, row->id);
        json_object_set_new(json, "request_url", json_string(url));
        json_object_set_new(json, "num_requests", json_integer(0));
        json_object_set_new(json, "date_last_accessed", json_null());
    }
    return json;
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_resource *row = of;
    const char *name = sw_laml_param(rest, kind_of(rest)->filter);
    return !name[0] || strcmp(name, row->name) == 0 ? resource_json(rest, row) : NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_resource, listed, &page);
    if (list)
        sw_laml_page_reply(rest, &page, kind_of(rest)->plural, sw_page_cut(&page, list));
}

void sw_laml_resource_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, kind_of(rest)->type,
                        rest_then(rest, on_list));
}

static void write_resource(struct rest *rest, const struct store_resource *before)
{
    const struct kind *kind = kind_of(rest);
    struct store_resource row = *before;
    json_t *body = json_loads(before->body, 0, NULL), *given;
    const char *contents = sw_text(rest->body, "Contents"),
               *name = sw_text(rest->body, kind->name_field);
    struct fault fault = { 0 };
    json_t *document = NULL;
    if (contents[0] && laml_load(slice_of(contents), SLICE_NONE, &document, NULL, &fault)) {
        char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
        fault_print(&fault, text, sizeof text);
        json_decref(body);
        sw_laml_refuse(rest, 422, "20422", text);
        return;
    }
    json_decref(document);
    for (size_t i = 0; i < kind->n_pairs; i++)
        if ((given = json_object_get(rest->body, kind->pairs[i].field)) != NULL)
            json_object_set(body, kind->pairs[i].key, given);
    char *text = json_dumps(body, JSON_COMPACT);
    row.body = text;
    row.name = name[0] ? name : before->name;
    row.updated_ms = rest_now_ms(rest);
    rest->answer = resource_json(rest, &row);
    rest->changes = "resources";
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
    free(text);
    json_decref(body);
}

void sw_laml_resource_add(struct rest *rest)
{
    char id[UUID_TEXT];
    rand_uuid(id);
    const struct store_resource row = { .id = id,
                                        .project_id = sw_of(rest)->project_id,
                                        .type = kind_of(rest)->type,
                                        .name = "",
                                        .body = "{}",
                                        .created_ms = rest_now_ms(rest) };
    write_resource(rest, &row);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_resource *row = sw_found_resource(rest, answer, kind_of(rest)->type);
    if (!row)
        return;
    if (endpoint == sw_laml_resource_show) {
        rest_reply_take(rest, 200, resource_json(rest, row));
    } else if (endpoint == sw_laml_resource_change) {
        write_resource(rest, row);
    } else {
        rest->changes = "resources";
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    }
}

static void find(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_found));
}

void sw_laml_resource_show(struct rest *rest)
{
    find(rest);
}

void sw_laml_resource_change(struct rest *rest)
{
    find(rest);
}

void sw_laml_resource_remove(struct rest *rest)
{
    find(rest);
}

/* --- a document's own address --- */

static void on_bin(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (!row || strcmp(row->type, kinds[1].type) != 0) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such document");
        return;
    }
    json_t *body = json_loads(row->body, 0, NULL);
    rest_reply_text(rest, 200, "application/xml; charset=utf-8",
                    slice_of(sw_text(body, "contents")));
    json_decref(body);
}

void sw_laml_bin_serve(struct rest *rest)
{
    char id[SW_ID];
    if (slice_copy(slice_from(rest->asked.path, strlen(bins_path)), id, sizeof id))
        store_resource_find(rest_store(rest), id, rest_then(rest, on_bin));
    else
        rest_fail(rest, 404, "not_found", NULL, "there is no such document");
}
