#include "daemon/number_handlers.h"

#include <stdbool.h>
#include <string.h>

#include "base/num.h"
#include "base/slice.h"
#include "store/store_programs.h"

/* Where the parts of a web server stand. */
struct words {
    const char *url, *method, *fallback, *fallback_method;
};
/* What differs between calls and texts. */
struct side {
    const char *handler, *application_id, *resource_id; /* of the number's body */
    struct words own, application;
};
static const struct side calls = {
    .handler = "call_handler",
    .application_id = "call_laml_application_id",
    .resource_id = "calling_handler_resource_id",
    .own = { "call_request_url", "call_request_method", "call_fallback_url",
             "call_fallback_method" },
    .application = { "voice_url", "voice_method", "voice_fallback_url", "voice_fallback_method" },
};
static const struct side texts = {
    .handler = "message_handler",
    .application_id = "message_laml_application_id",
    .resource_id = "messaging_handler_resource_id",
    .own = { "message_request_url", "message_request_method", "message_fallback_url",
             "message_fallback_method" },
    .application = { "sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method" },
};
static const struct words webhook = { "primary_request_url", "primary_request_method",
                                      "fallback_request_url", "fallback_request_method" };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static const char *method_of(const json_t *object, const char *name)
{
    return text_of(object, name)[0] ? text_of(object, name) : "POST";
}

static json_t *nobody(const char *project)
{
    return json_pack("{s:s, s:s}", "project", project, "target", "");
}

static json_t *web_server(const char *project, const char *kind, const json_t *body,
                          const struct words *words)
{
    const char *url = text_of(body, words->url);
    if (!url[0])
        return nobody(project);
    return json_pack("{s:s, s:o, s:s, s:s, s:s}", "project", project, "target",
                     json_sprintf("%s:%s", kind, url), "method", method_of(body, words->method),
                     "fallback", text_of(body, words->fallback), "fallback_method",
                     method_of(body, words->fallback_method));
}

/* The resource if it is that project's, or NULL. */
static const json_t *find_own(const json_t *resources, const char *id, const char *project)
{
    const json_t *one = json_object_get(resources, id);
    return strcmp(text_of(one, "project"), project) == 0 ? one : NULL;
}

static json_t *leads_to(const char *project, const char *kind, const char *name)
{
    return json_pack("{s:s, s:o}", "project", project, "target", json_sprintf("%s:%s", kind, name));
}

/* Out to a SIP address, which programs write with its scheme or without. */
static json_t *gateway(const char *project, const json_t *body)
{
    const char *uri = text_of(body, "uri");
    bool is_whole =
        slice_istarts(slice_of(uri), SLICE("sip:")) || slice_istarts(slice_of(uri), SLICE("sips:"));
    return json_pack("{s:s, s:o, s:s}", "project", project, "target",
                     json_sprintf("uri:%s%s", is_whole ? "" : "sip:", uri), "srtp",
                     text_of(body, "encryption"));
}

static json_t *bound_to(const char *project, const char *id, const json_t *resources,
                        const struct side *side)
{
    const struct {
        const char *type, *kind;
        const struct words *words;
    } servers[] = {
        { "swml_webhook", "swml", &webhook },
        { "cxml_webhook", "laml", &webhook },
        { "cxml_application", "laml", &side->application },
    };
    const json_t *one = find_own(resources, id, project), *body = json_object_get(one, "body");
    const char *type = text_of(one, "type");
    for (size_t i = 0; i < COUNT_OF(servers); i++)
        if (strcmp(type, servers[i].type) == 0)
            return web_server(project, servers[i].kind, body, servers[i].words);
    if (strcmp(type, "swml_script") == 0 || strcmp(type, "cxml_script") == 0)
        return leads_to(project, "swml", id);
    if (strcmp(type, "sip_gateway") == 0 && side == &calls)
        return gateway(project, body);
    if (strcmp(type, "subscriber") == 0 && side == &calls)
        return leads_to(project, "user", text_of(body, "email"));
    return nobody(project);
}

static json_t *application_of(const char *project, const char *id, const json_t *resources,
                              const struct side *side)
{
    const json_t *one = find_own(resources, id, project);
    bool is_it = strcmp(text_of(one, "type"), "cxml_application") == 0;
    return is_it ? bound_to(project, id, resources, side) : nobody(project);
}

static json_t *handler_of(const struct store_number *row, const json_t *resources,
                          const struct side *side)
{
    json_t *body = json_loads(row->body, 0, NULL), *handler = NULL;
    const char *word = text_of(body, side->handler);
    const char *resource = text_of(body, side->resource_id);
    const char *application = text_of(body, side->application_id);
    if (strcmp(word, "laml_webhooks") == 0)
        handler = web_server(row->project_id, "laml", body, &side->own);
    else if (strcmp(word, "laml_application") == 0)
        handler = application_of(row->project_id, application, resources, side);
    else if ((!word[0] || strcmp(word, "resource") == 0) && resource[0])
        handler = bound_to(row->project_id, resource, resources, side);
    json_decref(body);
    return handler;
}

json_t *number_resource(const struct store_resource *row)
{
    return json_pack("{s:s, s:s, s:s, s:o*}", "type", row->type, "project", row->project_id, "name",
                     row->name, "body", json_loads(row->body, 0, NULL));
}

json_t *number_call_handler(const struct store_number *row, const json_t *resources)
{
    return handler_of(row, resources, &calls);
}

json_t *number_resource_handler(const char *id, const json_t *resources)
{
    const json_t *one = json_object_get(resources, id);
    return bound_to(text_of(one, "project"), id, resources, &calls);
}

static json_t *teller(const char *project, const json_t *body, const char *url, const char *method)
{
    if (!text_of(body, url)[0])
        return NULL;
    return json_pack("{s:s, s:s, s:s}", "project", project, "url", text_of(body, url), "method",
                     method_of(body, method));
}

static json_t *teller_of_resource(const char *project, const json_t *resource)
{
    static const struct {
        const char *type, *url, *method;
    } rows[] = { { "cxml_application", "status_callback", "status_callback_method" },
                 { "cxml_webhook", "status_callback_url", "status_callback_method" } };
    const json_t *body = json_object_get(resource, "body");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(text_of(resource, "type"), rows[i].type) == 0)
            return teller(project, body, rows[i].url, rows[i].method);
    return NULL;
}

json_t *number_call_teller(const struct store_number *row, const json_t *resources)
{
    const char *project = row->project_id;
    json_t *body = json_loads(row->body ? row->body : "", 0, NULL), *told;
    const char *word = text_of(body, calls.handler);
    if (strcmp(word, "laml_application") == 0)
        told = teller_of_resource(
            project, find_own(resources, text_of(body, calls.application_id), project));
    else if (!word[0] && text_of(body, calls.resource_id)[0])
        told = teller_of_resource(project,
                                  find_own(resources, text_of(body, calls.resource_id), project));
    else
        told = teller(project, body, "call_status_callback_url", "call_status_callback_method");
    json_decref(body);
    return told;
}

json_t *number_text_handler(const struct store_number *row, const json_t *resources)
{
    return handler_of(row, resources, &texts);
}
