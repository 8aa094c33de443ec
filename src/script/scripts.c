/* The module: what lives, and the way in for faces and the API. */
#include "script/script.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "script/conference_record.h"
#include "script/leg_script.h"
#include "script/line.h"
#include "script/record_news.h"
#include "script/script_document.h"
#include "script/script_notify.h"
#include "script/swml.h"
#include "script/text_script.h"
#include "script/transcribing.h"

enum { ADDRESS_MAX = 160 };

struct scripts *scripts_create(const struct scripts_config *config)
{
    struct scripts *scripts = mem_new(struct scripts);
    scripts->config = *config;
    list_init(&scripts->live);
    list_init(&scripts->texts);
    scripts->lines = map_create();
    scripts->conferences = map_create();
    list_init(&scripts->conference_records);
    list_init(&scripts->record_news);
    list_init(&scripts->transcribing);
    list_init(&scripts->fax_jobs);
    scripts->queues = map_create();
    scripts->notifier = notifier_create(scripts);
    rand_uuid(scripts->node_id);
    return scripts;
}

void scripts_set_public_url(struct scripts *scripts, const char *url)
{
    (void)slice_copy(slice_of(url), scripts->public_url, sizeof scripts->public_url);
}

void scripts_set_calls(struct scripts *scripts, struct calls *calls, struct router *router)
{
    scripts->calls = calls;
    scripts->router = router;
}

void scripts_destroy(struct scripts *scripts)
{
    if (!scripts)
        return;
    text_scripts_clear(scripts);
    record_news_drop(scripts);
    transcribing_drop(scripts);
    line_faxes_drop(scripts);
    notifier_destroy(scripts->notifier);
    map_destroy(scripts->lines);
    conference_records_drop(scripts);
    map_destroy(scripts->conferences);
    map_destroy(scripts->queues);
    mem_free(scripts);
}

void scripts_dial(void *owner, struct call *call, const struct route_target *target,
                  struct cause *why)
{
    leg_script_dial(owner, call, target, why);
}

static enum err check_source(const struct script_source *source, json_t **document,
                             struct fault *fault)
{
    const struct swml_options options = { .flavour = SWML_CALLING };
    *document = NULL;
    if (source->document && !json_is_string(source->document))
        return swml_load_json(source->document, &options, document, NULL, fault);
    if (source->document) /* the document as a text within JSON */
        return script_document_load(slice_of(json_string_value(source->document)), "", document,
                                    NULL, fault);
    if (source->text.len)
        return script_document_load(source->text, "", document, NULL, fault);
    if (slice_istarts(source->url, SLICE("http://")) ||
        slice_istarts(source->url, SLICE("https://")))
        return OK;
    return fault_set(fault, ERR_INVALID, "url", 0,
                     "expected an http: or https: URL, or a document");
}

enum err script_source_check(const struct script_source *source, struct fault *fault)
{
    json_t *document;
    enum err err = check_source(source, &document, fault);
    if (!err)
        json_decref(document);
    return err;
}

enum err scripts_plan(struct scripts *scripts, struct slice project_id, struct slice to,
                      struct route_plan *plan, struct fault *fault)
{
    struct slice dialled = to;
    struct cause cause;
    char mem[ADDRESS_MAX];
    struct buf address = BUF_ON(mem);
    static const char *const users[] = { "verto:", "client:", "user:" };
    for (size_t i = 0; i < 3; i++)
        if (slice_istarts(dialled, slice_of(users[i])))
            dialled = slice_from(dialled, strlen(users[i]));
    if (slice_istarts(dialled, SLICE("sip:")) || slice_istarts(dialled, SLICE("sips:"))) {
        *plan = (struct route_plan){ .n = 1 };
        snprintf(plan->targets[0].kind, sizeof plan->targets[0].kind, "uri");
        if (!slice_copy(dialled, plan->targets[0].number, sizeof plan->targets[0].number))
            return fault_set(fault, ERR_LIMIT, "to", 0, "a destination of more than %d bytes",
                             ROUTE_NUMBER_MAX - 1);
        snprintf(plan->why, sizeof plan->why, "SIP URI of a script");
        return OK;
    }
    if (slice_starts(dialled, SLICE("/"))) { /* "/private/ann?channel=audio", within the project */
        buf_printf(&address, "/%.*s%.*s", SLICE_ARG(project_id),
                   SLICE_ARG(slice_sub(dialled, 0, slice_index(dialled, '?'))));
        dialled = buf_slice(&address);
    }
    const struct route_query query = { .face = SLICE("script"),
                                       .dialled = dialled,
                                       .may_use_trunks = true };
    enum err err = router_find(scripts->router, &query, plan, &cause);
    return err ? fault_set(fault, ERR_NOT_FOUND, "to", 0, "%s", cause.text) : OK;
}

enum err scripts_dial_out(struct scripts *scripts, const struct script_dial *dial,
                          struct call **out, struct fault *fault)
{
    json_t *document = NULL;
    struct route_plan plan;
    enum err err = check_source(&dial->source, &document, fault);
    if (!err)
        err = scripts_plan(scripts, dial->project_id, dial->to, &plan, fault);
    if (err) {
        json_decref(document);
        return err;
    }
    return leg_script_dial_out(scripts, dial, document, &plan, out);
}

/* One step, which does the fetching; the caller's. */
static json_t *fetching_document(const struct script_source *source)
{
    json_t *step = json_pack("{s:s%, s:s%, s:s*, s:s*}", source->is_laml ? "url" : "dest",
                             source->url.ptr, source->url.len, "fallback_url",
                             source->fallback_url.ptr ? source->fallback_url.ptr : "",
                             source->fallback_url.len, "method", source->method, "fallback_method",
                             source->fallback_method);
    if (source->is_laml)
        json_object_set_new(step, "after", json_string("redirect"));
    return json_pack("{s:{s:[{s:o}]}}", "sections", "main",
                     source->is_laml ? "laml_action" : "transfer", step);
}

enum err scripts_redirect(struct scripts *scripts, struct slice id,
                          const struct script_source *source, struct fault *fault)
{
    struct script *script = leg_script_of(scripts, id);
    json_t *document = NULL;
    if (!script)
        return fault_set(fault, ERR_NOT_FOUND, "id", 0, "no script runs on this call");
    enum err err = check_source(source, &document, fault);
    if (err)
        return err;
    script_begin(script, document ? document : fetching_document(source));
    return OK;
}
