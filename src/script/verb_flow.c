/* Where the script goes on: execute, transfer, return, goto, label. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "script/script_priv.h"
#include "script/swml.h"
#include "script/verb_rows.h"

enum { GOTO_MAX = 100 };

/* A goal on its way: a document to be fetched, then entered. */
struct goal {
    struct script_fetching *fetching;
    json_t *params;
    const json_t *call; /* the execute, kept alive by the frame's document; NULL: a transfer */
};

static void drop_goal(struct script *script)
{
    struct goal *goal = script->state;
    script_fetch_cancel(goal->fetching);
    json_decref(goal->params);
    mem_free(goal);
}

static void fail(struct script *script, enum err err, const char *code, const char *text)
{
    struct fault fault;
    fault_set(&fault, err, "", 0, "relay_script_%s: %s", code, text);
    script_fail(script, &fault);
}

/* Enter a section of a document, as a subroutine or for good. Takes nothing. */
static void enter(struct script *script, json_t *document, const char *section,
                  const json_t *params, const json_t *call)
{
    char text[120];
    json_t *held = json_incref(document);
    json_t *kept = params ? json_deep_copy(params) : NULL;
    if (!call && document)
        script_clear_frames(script);
    enum err err = script_push_section(script, document, section, kept, call);
    if (err == ERR_NOT_FOUND) {
        snprintf(text, sizeof text, "there is no section '%.60s'", section);
        fail(script, err, "method_execute_failed", text);
    }
    json_decref(kept);
    json_decref(held);
}

static void on_fetched(void *owner, json_t *take_document, const struct fault *fault)
{
    struct script *script = owner;
    struct goal *goal = script->state;
    goal->fetching = NULL;
    if (!take_document) {
        struct fault named;
        fault_set(&named, fault->code, fault->where, fault->line,
                  "relay_script_method_execute_failed: %s", fault->text);
        script_fail(script, &named);
        return;
    }
    enter(script, take_document, "main", goal->params, goal->call);
    json_decref(take_document);
    if (script->over)
        return;
    drop_goal(script);
    script_done(script);
}

/* What `dest` of a step names; a fallback is there when a request of the API put the step there. */
static enum verb_next fetch(struct script *script, const json_t *value, const json_t *call)
{
    struct goal *goal = mem_new(struct goal);
    const json_t *params = json_object_get(value, "params");
    const struct script_fetch what = { .url = param_text(value, "dest", ""),
                                       .fallback_url = param_text(value, "fallback_url", NULL),
                                       .take_body = script_body(script, params) };
    goal->params = params ? json_deep_copy(params) : NULL;
    goal->call = call;
    script->state = goal;
    script->cancel = drop_goal;
    goal->fetching = script_fetch(script, &what, on_fetched, script);
    return VERB_WAITS;
}

/* The step as it stands in the document: on_return and result must outlive this step. */
static const json_t *written(const struct script *script)
{
    const struct script_frame *frame = &script->frames[script->n_frames - 1];
    const json_t *step = json_array_get(frame->steps, frame->at - 1);
    return json_object_get(step, "execute");
}

/* A document within the document, or as text. */
static enum err inline_document(const json_t *dest, json_t **out, struct fault *fault)
{
    const struct swml_options options = { .flavour = SWML_CALLING };
    return json_is_string(dest)
               ? swml_load(slice_of(json_string_value(dest)), &options, out, NULL, fault)
               : swml_load_json(dest, &options, out, NULL, fault);
}

static bool is_url(const char *text)
{
    return slice_istarts(slice_of(text), SLICE("http://")) ||
           slice_istarts(slice_of(text), SLICE("https://"));
}

static enum verb_next go(struct script *script, const json_t *value, const json_t *call)
{
    const json_t *dest = json_object_get(value, "dest"), *params = json_object_get(value, "params");
    const char *text = json_string_value(dest);
    struct fault fault = { 0 };
    json_t *document = NULL;
    if (text && is_url(text))
        return fetch(script, value, call);
    if (text && !strchr(text, '\n') && text[0] != '{') {
        const struct script_frame *frame = &script->frames[script->n_frames - 1];
        json_t *current = json_incref(frame->document);
        enter(script, call ? NULL : current, text, params, call);
        json_decref(current);
        return VERB_JUMPED;
    }
    if (inline_document(dest, &document, &fault)) {
        script_fail(script, &fault);
        return VERB_JUMPED;
    }
    enter(script, document, "main", params, call);
    json_decref(document);
    return VERB_JUMPED;
}

static enum verb_next execute(struct script *script, const json_t *value)
{
    return go(script, value, written(script));
}

static enum verb_next transfer(struct script *script, const json_t *value)
{
    if (++script->transfers > SCRIPT_TRANSFERS_MAX) {
        fail(script, ERR_LIMIT, "too_many_transfers", "more than 32 transfers of one call");
        return VERB_JUMPED;
    }
    return go(script, value, NULL);
}

static enum verb_next leave(struct script *script, const json_t *value)
{
    script_return(script, json_deep_copy(value));
    return VERB_JUMPED;
}

static enum verb_next go_to(struct script *script, const json_t *value)
{
    const char *label = param_text(value, "label", "");
    const char *when = json_string_value(json_object_get(value, "when"));
    unsigned max = (unsigned)param_number(value, "max", GOTO_MAX); /* 1 to 100 by the table */
    struct expr_scope scope = script_scope(script);
    struct fault fault = { 0 };
    bool is_true = true;
    if (when && expr_is_true(&scope, slice_of(when), &is_true, &fault)) {
        script_fail(script, &fault);
        return VERB_JUMPED;
    }
    if (!is_true || script_count_jump(script, label) >= (max > GOTO_MAX ? GOTO_MAX : max))
        return VERB_DONE;
    if (!script_jump(script, label))
        fail(script, ERR_NOT_FOUND, "method_execute_failed", "goto: there is no such label here");
    return VERB_JUMPED;
}

static enum verb_next nothing(struct script *script, const json_t *value)
{
    (void)script, (void)value;
    return VERB_DONE;
}

static const char *const execute_kept[] = { "on_return", "result", NULL };
static const char *const goto_kept[] = { "when", NULL };

static const struct verb_param execute_params[] = {
    { .name = "dest", .types = VERB_TEXT | VERB_OBJECT, .required = true },
    { .name = "params", .types = VERB_OBJECT },
    { .name = "meta", .types = VERB_OBJECT },
    { .name = "on_return", .types = VERB_STEPS },
    { .name = "result", .types = VERB_RESULT },
    { 0 },
};
static const struct verb_param transfer_params[] = {
    { .name = "dest", .types = VERB_TEXT | VERB_OBJECT, .required = true },
    { .name = "params", .types = VERB_OBJECT },
    { .name = "meta", .types = VERB_OBJECT },
    { 0 },
};
static const struct verb_param goto_params[] = {
    { .name = "label", .types = VERB_TEXT, .required = true },
    { .name = "when", .types = VERB_TEXT | VERB_BOOL },
    { .name = "max", .types = VERB_NUMBER, .min = 1, .max = GOTO_MAX },
    { 0 },
};

const struct verb verb_execute = { .name = "execute",
                                   .params = execute_params,
                                   .bare = "dest",
                                   .kept = execute_kept,
                                   .run = execute };
const struct verb verb_transfer = {
    .name = "transfer", .params = transfer_params, .bare = "dest", .run = transfer
};
const struct verb verb_return = { .name = "return", .bare = VERB_ANY_VALUE, .run = leave };
const struct verb verb_goto = {
    .name = "goto", .params = goto_params, .bare = "label", .kept = goto_kept, .run = go_to
};
const struct verb verb_label = { .name = "label", .bare = VERB_ANY_VALUE, .run = nothing };
