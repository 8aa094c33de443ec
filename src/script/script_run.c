/* The step machine: which step is next, and what leaving a section means. Methods do the rest. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "script/line.h"
#include "script/script_priv.h"

static struct loop *loop_of(const struct script *script)
{
    return script->scripts->config.loop;
}

struct script *script_create(const struct script_start *start)
{
    struct script *script = mem_new(struct script);
    script->scripts = start->scripts;
    script->host = start->host;
    script->host_owner = start->owner;
    script->call = start->call;
    script->line = start->line;
    snprintf(script->project_id, sizeof script->project_id, "%s",
             start->project_id ? start->project_id : "");
    log_tag_set(&script->log, "call=%.8s", call_id(start->call));
    script->vars = json_object();
    script->params = start->params ? json_deep_copy(start->params) : json_object();
    script->envs = start->envs ? json_deep_copy(start->envs) : json_object();
    script->call_info = script_describe_call(start->scripts, start->call, line_leg(start->line),
                                             script->project_id);
    list_append(&start->scripts->live, &script->in_live);
    return script;
}

static void release_frame(struct script_frame *frame)
{
    json_decref(frame->document);
    json_decref(frame->params);
    json_decref(frame->call_document);
    json_decref(frame->jumps);
    *frame = (struct script_frame){ 0 };
}

void script_clear_frames(struct script *script)
{
    while (script->n_frames)
        release_frame(&script->frames[--script->n_frames]);
}

/* What the step that waits had begun. */
static void drop_step(struct script *script)
{
    void (*cancel)(struct script *) = script->cancel;
    script->cancel = NULL;
    if (cancel)
        cancel(script);
    script->state = NULL;
    script->verb = NULL;
    loop_timer_stop(loop_of(script), &script->timer);
    json_decref(script->value);
    script->value = NULL;
}

void script_stop(struct script *script)
{
    if (script->over)
        return;
    script->over = true;
    drop_step(script);
    loop_timer_stop(loop_of(script), &script->next);
    loop_timer_stop(loop_of(script), &script->max_duration);
    script_clear_frames(script);
}

void script_destroy(struct script *script)
{
    if (!script)
        return;
    script_stop(script);
    list_remove(&script->in_live);
    json_decref(script->vars);
    json_decref(script->params);
    json_decref(script->envs);
    json_decref(script->call_info);
    mem_free(script);
}

static void run(struct script *script);

static void on_next(void *owner)
{
    run(owner);
}

static void go_on(struct script *script)
{
    if (!script->over)
        loop_timer_start(loop_of(script), &script->next, 0, on_next, script);
}

void script_done(struct script *script)
{
    if (script->over)
        return;
    script->cancel = NULL;
    drop_step(script);
    script->burst = 0; /* time passed */
    go_on(script);
}

static struct script_frame *top(struct script *script)
{
    return script->n_frames ? &script->frames[script->n_frames - 1] : NULL;
}

/* The innermost frame that is a section; NULL when none. */
static struct script_frame *section(struct script *script)
{
    size_t i = script->n_frames;
    while (i > 0 && script->frames[i - 1].kind != SCRIPT_SECTION)
        i--;
    return i ? &script->frames[i - 1] : NULL;
}

static bool has_room(struct script *script)
{
    if (script->n_frames < SCRIPT_FRAMES_MAX)
        return true;
    struct fault fault;
    fault_set(&fault, ERR_LIMIT, "", 0,
              "relay_script_nested_too_deep: more than %d sections within sections",
              SCRIPT_FRAMES_MAX);
    script_fail(script, &fault);
    return false;
}

void script_push_block(struct script *script, const json_t *steps)
{
    if (script->over || !json_array_size(steps) || !has_room(script))
        return;
    const struct script_frame *under = top(script);
    script->frames[script->n_frames++] = (struct script_frame){
        .kind = SCRIPT_BLOCK,
        .steps = steps,
        .document = under ? json_incref(under->document) : NULL,
    };
}

enum err script_push_section(struct script *script, json_t *document, const char *name,
                             const json_t *params, const json_t *call)
{
    const struct script_frame *under = section(script);
    json_t *from = document ? document : under ? under->document : NULL;
    const json_t *steps = json_object_get(json_object_get(from, "sections"), name);
    if (!steps)
        return ERR_NOT_FOUND;
    if (!has_room(script))
        return ERR_LIMIT;
    script->frames[script->n_frames++] = (struct script_frame){
        .kind = SCRIPT_SECTION,
        .steps = steps,
        .document = json_incref(from),
        .params = script->params,
        .call = call,
        .call_document = call && under ? json_incref(under->document) : NULL,
        .jumps = json_object(),
    };
    script->params = params ? json_deep_copy(params) : json_object();
    return OK;
}

void script_return(struct script *script, json_t *take_value)
{
    while (script->n_frames && top(script)->kind == SCRIPT_BLOCK)
        release_frame(&script->frames[--script->n_frames]);
    script_set(script, "return_value", take_value);
    if (!script->n_frames)
        return;
    struct script_frame left = script->frames[--script->n_frames];
    script->frames[script->n_frames] = (struct script_frame){ 0 };
    json_decref(script->params);
    script->params = json_incref(left.params);
    const json_t *on_return = json_object_get(left.call, "on_return");
    const json_t *result = json_object_get(left.call, "result");
    struct fault fault = { 0 };
    script_push_block(script, on_return);
    if (result && !script->over && script_branch(script, result, &fault))
        script_fail(script, &fault);
    release_frame(&left);
}

bool script_jump(struct script *script, const char *label)
{
    size_t at = 0;
    struct script_frame *frame = section(script);
    const json_t *step;
    size_t i;
    json_array_foreach(frame ? frame->steps : NULL, i, step)
    {
        const char *here = json_string_value(json_object_get(step, "label"));
        if (here && strcmp(here, label) == 0)
            at = i + 1;
    }
    if (!at)
        return false;
    while (top(script) != frame)
        release_frame(&script->frames[--script->n_frames]);
    frame->at = at;
    return true;
}

unsigned script_count_jump(struct script *script, const char *label)
{
    struct script_frame *frame = section(script);
    json_int_t count = frame ? json_integer_value(json_object_get(frame->jumps, label)) : 0;
    if (frame)
        json_object_set_new(frame->jumps, label, json_integer(count + 1));
    return (unsigned)count; /* at most 100, then it is no longer called */
}

void script_warn(struct script *script, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_warn(&script->log, "script %s", text);
    script_set_text(script, "script_error", text);
    script_tell(script, "calling.script.warning", "", json_pack("{s:s}", "error", text));
}

void script_fail(struct script *script, const struct fault *fault)
{
    if (script->over)
        return;
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX];
    fault_print(fault, text, sizeof text);
    script_warn(script, "%s", text);
    struct cause cause = cause_of_token("server_error", CAUSE_BY_SYSTEM, text);
    script->host->hang_up(script->host_owner, &cause);
}

static void report_unsupported(struct script *script, const struct verb *verb)
{
    script_warn(script, "relay_script_method_execute_failed: '%s' is not supported", verb->name);
    script_result(script, verb->name, "failed");
}

/* One step. False: the machine stands still. */
static bool step(struct script *script, const json_t *one)
{
    void *at = json_object_iter((json_t *)(uintptr_t)one);
    const struct verb *verb = at ? verb_find(json_object_iter_key(at)) : NULL;
    struct fault fault = { 0 };
    json_t *value = NULL;
    if (!verb)
        return true; /* the document was checked */
    if (++script->burst > SCRIPT_BURST_MAX) {
        fault_set(&fault, ERR_LIMIT, "", 0,
                  "relay_script_internal_error: %d steps without a pause: it would never end",
                  SCRIPT_BURST_MAX);
        script_fail(script, &fault);
        return false;
    }
    if (!verb->run) {
        report_unsupported(script, verb);
        return true;
    }
    struct expr_scope scope = script_scope(script);
    if (verb->keeps_all) {
        value = json_incref(json_object_iter_value(at));
    } else if (expr_tree(&scope, json_object_iter_value(at), verb->kept, &value, &fault)) {
        snprintf(fault.where, sizeof fault.where, "%s", verb->name);
        script_fail(script, &fault);
        return false;
    }
    log_debug(&script->log, "script step=%s", verb->name);
    script->verb = verb;
    script->value = value;
    enum verb_next next = verb->run(script, value);
    if (script->over || next == VERB_WAITS)
        return false;
    drop_step(script);
    return true;
}

static void finish(struct script *script)
{
    script->host->on_finished(script->host_owner);
}

static void run(struct script *script)
{
    script->running = true;
    while (!script->over && script->n_frames) {
        struct script_frame *frame = top(script);
        if (frame->at >= json_array_size(frame->steps)) {
            if (frame->kind == SCRIPT_SECTION)
                script_return(script, json_string(""));
            else
                release_frame(&script->frames[--script->n_frames]);
            continue;
        }
        if (!step(script, json_array_get(frame->steps, frame->at++)))
            break;
    }
    script->running = false;
    bool waits = script->verb != NULL;
    if (!script->over && !script->n_frames && !waits)
        finish(script); /* may end everything: the last thing done here */
}

void script_begin(struct script *script, json_t *take_document)
{
    drop_step(script);
    script_clear_frames(script);
    json_t *params = script->params;
    script->params = json_object();
    enum err err = script_push_section(script, take_document, "main", params, NULL);
    BUG_IF(err != OK); /* a checked document has a section main, and there is room */
    json_decref(params);
    json_decref(take_document);
    script->burst = 0;
    go_on(script);
}

void script_begin_steps(struct script *script, const json_t *steps)
{
    json_t *document = json_pack("{s:{s:O}}", "sections", "main", steps);
    script->in_confirm = true;
    script_begin(script, document);
}
