#include "script/text_script.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "script/laml.h"
#include "script/laml_form.h"
#include "script/script_priv.h"
#include "script/swml.h"

enum {
    STEPS_MAX = 100,
    REQUESTS_MAX = 10,
    FRAMES_MAX = 16,
    TIMEOUT_MS = 5000,
    ANSWER_MAX = 1 << 20
};

struct frame {
    json_t *document, *steps; /* held */
    size_t at;
    bool is_section;
};
struct text_script {
    struct scripts *scripts;
    struct list link;
    json_t *message, *vars;
    char project_id[SCRIPT_ID_TEXT], *url, *method, *fallback, *fallback_method;
    char *failed_url; /* what the fallback is asked instead of; NULL: nothing failed */
    unsigned error_code;
    bool is_laml;
    struct frame frames[FRAMES_MAX];
    size_t n_frames;
    unsigned steps, requests;
    struct http_client_call *call;
    bool saves; /* of the request under way */
    struct timer next;
};

static void pop(struct text_script *script)
{
    const struct frame *frame = &script->frames[--script->n_frames];
    json_decref(frame->steps);
    json_decref(frame->document);
}

static void destroy(struct text_script *script)
{
    if (script->call)
        http_client_cancel(script->call);
    loop_timer_stop(script->scripts->config.loop, &script->next);
    while (script->n_frames)
        pop(script);
    list_remove(&script->link);
    json_decref(script->message);
    json_decref(script->vars);
    mem_free(script->url);
    mem_free(script->method);
    mem_free(script->fallback);
    mem_free(script->fallback_method);
    mem_free(script->failed_url);
    mem_free(script);
}

void text_scripts_clear(struct scripts *scripts)
{
    LIST_EACH(link, &scripts->texts)
    {
        destroy(LIST_ITEM(link, struct text_script, link));
    }
}

static void warn(const struct text_script *script, const char *text)
{
    log_warn(NULL, "text script id=%s: %s", param_text(script->message, "message_id", ""), text);
}

/* --- the machine --- */

static void run(void *owner);

static void go_on(struct text_script *script)
{
    loop_timer_start(script->scripts->config.loop, &script->next, 0, run, script);
}

static void set(struct text_script *script, const char *name, const char *text)
{
    json_object_set_new(script->vars, name, json_string(text));
}

static void push(struct text_script *script, json_t *document, json_t *steps, bool is_section)
{
    if (script->n_frames == FRAMES_MAX) {
        warn(script, "swml_nested_too_deep");
        return;
    }
    script->frames[script->n_frames++] =
        (struct frame){ json_incref(document), json_incref(steps), 0, is_section };
}

static bool push_section(struct text_script *script, json_t *document, const char *name)
{
    json_t *steps = json_object_get(json_object_get(document, "sections"), name);
    if (steps)
        push(script, document, steps, true);
    return steps != NULL;
}

/* Run that instead of everything else; it takes the document. */
static void begin(struct text_script *script, json_t *take_document)
{
    while (script->n_frames)
        pop(script);
    if (!push_section(script, take_document, "main"))
        warn(script, "swml_missing_entry_point");
    json_decref(take_document);
    go_on(script);
}

/* --- documents --- */

static void fetch(struct text_script *script);

static json_t *load(const struct text_script *script, struct slice text)
{
    const struct swml_options options = { .flavour = SWML_MESSAGING };
    struct fault fault = { 0 };
    char words[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    json_t *document = NULL;
    enum err err = OK;
    if (slice_empty(slice_trim(text))) /* nothing is to be done */
        return json_pack("{s:{s:[]}}", "sections", "main");
    if (laml_is(text))
        err = laml_load(text, slice_of(script->url), &document, NULL, &fault);
    else
        err = swml_load(text, &options, &document, NULL, &fault);
    if (!err)
        return document;
    fault_print(&fault, words, sizeof words);
    warn(script, words);
    return NULL;
}

static void on_document(void *owner, const struct http_client_answer *answer)
{
    struct text_script *script = owner;
    bool is_good = !answer->err && answer->status >= 200 && answer->status < 300;
    json_t *document = is_good ? load(script, answer->body) : NULL;
    script->call = NULL;
    if (document) {
        begin(script, document);
    } else if (script->fallback) {
        mem_free(script->method);
        script->error_code = script_error_code(answer);
        script->failed_url = script->url;
        script->url = script->fallback;
        script->method = script->fallback_method;
        script->fallback = script->fallback_method = NULL;
        fetch(script);
    } else {
        warn(script, answer->err ? answer->text : "the web server has no document for it");
        destroy(script);
    }
}

static void send(struct text_script *script, const struct script_request *request,
                 http_client_fn fn)
{
    struct fault fault = { 0 };
    script->call = scripts_send(script->scripts, request, fn, script, &fault);
    if (script->call)
        return;
    warn(script, fault.text);
    set(script, "request_result", "failed");
    go_on(script);
}

static void fetch(struct text_script *script)
{
    bool is_get = strcasecmp(script->method, "GET") == 0;
    json_t *form = script->is_laml ? laml_form_of_text(script->message, script->project_id) : NULL;
    if (form && script->failed_url)
        script_put_error(form, script->error_code, script->failed_url);
    json_t *json = form ? NULL
                        : json_pack("{s:O, s:{}, s:O}", "message", script->message, "params",
                                    "vars", script->vars);
    char *body = form ? laml_form_print(form) : json_dumps(json, JSON_COMPACT);
    char *url =
        is_get && form ? script_url_with(script->url, body) : slice_dup(slice_of(script->url));
    const struct script_request request = {
        .http = { .method = is_get ? "GET" : "POST",
                  .url = url,
                  .content_type = is_get ? NULL
                                  : form ? "application/x-www-form-urlencoded"
                                         : "application/json",
                  .body = is_get ? SLICE_NONE : slice_of(body),
                  .timeout_ms = TIMEOUT_MS,
                  .max_body = ANSWER_MAX },
        .project_id = script->project_id,
        .is_signed = true,
        .is_laml = script->is_laml,
        .form = is_get ? NULL : form,
    };
    send(script, &request, on_document);
    mem_free(url);
    free(body); /* of mem_alloc() or jansson: the same heap */
    json_decref(form);
    json_decref(json);
}

static void fetch_from(struct text_script *script, const char *url, const char *method)
{
    char *next = slice_dup(slice_of(url));
    mem_free(script->url);
    mem_free(script->method);
    mem_free(script->fallback);
    mem_free(script->fallback_method);
    script->url = next;
    script->method = slice_dup(slice_of(method));
    mem_free(script->failed_url);
    script->fallback = script->fallback_method = script->failed_url = NULL;
    if (++script->requests > REQUESTS_MAX) {
        warn(script, "swml_limit_exceeded: too many requests");
        destroy(script);
        return;
    }
    fetch(script);
}

/* --- steps: each goes on by itself, now or later --- */

static void reply_with(struct text_script *script, const json_t *given, const char *to,
                       const char *from)
{
    const struct scripts_config *config = &script->scripts->config;
    struct fault fault = { 0 };
    char id[UUID_TEXT] = "";
    json_t *media = json_object_get(given, "media");
    const char *body =
        json_is_string(given) ? json_string_value(given) : param_text(given, "body", "");
    json_t *params =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "to_number", to, "from_number", from, "body", body,
                  "direction", "outbound-reply", "status_callback",
                  param_text(given, "status_url", param_text(given, "status_callback", "")));
    if (json_is_array(media))
        json_object_set(params, "media", media);
    enum err err = config->send_sms
                       ? config->send_sms(config->owner, script->project_id, params, id, &fault)
                       : ERR_UNSUPPORTED;
    json_decref(params);
    set(script, "reply_result", err ? "failed" : "queued");
    set(script, "reply_message_id", err ? "" : id);
    if (err)
        warn(script, fault.text);
    go_on(script);
}

/* The text of `reply: {switch: {variable, transform, case, default}}`, and the steps of `switch`.
 */
static json_t *chosen(const struct text_script *script, const json_t *choice)
{
    const struct expr_scope scope = { .vars = script->vars, .call = script->message };
    const char *transform = param_text(choice, "transform", "");
    const char *key, *variable = param_text(choice, "variable", "");
    json_t *value, *found = NULL;
    const json_t *named = expr_find(&scope, slice_of(variable)); /* a name, or what it stood for */
    char *printed = named ? expr_print(named) : NULL;
    struct slice text = slice_of(printed ? printed : variable);
    bool folds = strstr(transform, "case") != NULL; /* lowercase or uppercase */
    if (strstr(transform, "trim"))
        text = slice_trim(text);
    json_object_foreach(json_object_get(choice, "case"), key, value)
    {
        if (!found && (folds ? slice_iis(text, key) : slice_is(text, key)))
            found = value;
    }
    mem_free(printed);
    return found ? found : json_object_get(choice, "default");
}

static void reply(struct text_script *script, const json_t *value)
{
    const json_t *choice = json_object_get(value, "switch");
    const json_t *given = choice ? chosen(script, choice) : value;
    const char *from = param_text(script->message, "from", ""),
               *to = param_text(script->message, "to", "");
    if (given)
        reply_with(script, given, param_text(given, "to", from), param_text(given, "from", to));
    else
        go_on(script);
}

static void send_sms(struct text_script *script, const json_t *value)
{
    reply_with(script, value, param_text(value, "to_number", ""),
               param_text(value, "from_number", ""));
}

static void skip(struct text_script *script, const json_t *value)
{
    (void)value;
    go_on(script);
}

static void jump(struct text_script *script, const json_t *value)
{
    struct frame *frame = &script->frames[script->n_frames - 1];
    const char *label =
        json_is_string(value) ? json_string_value(value) : param_text(value, "label", "");
    for (size_t i = 0; i < json_array_size(frame->steps); i++)
        if (strcmp(param_text(json_array_get(frame->steps, i), "label", "\n"), label) == 0)
            frame->at = i + 1;
    go_on(script);
}

static void branch(struct text_script *script, const json_t *value)
{
    json_t *steps = chosen(script, value);
    if (json_is_array(steps))
        push(script, script->frames[script->n_frames - 1].document, steps, false);
    go_on(script);
}

static void execute(struct text_script *script, const json_t *value)
{
    const char *name =
        json_is_string(value) ? json_string_value(value) : param_text(value, "dest", "");
    if (!push_section(script, script->frames[script->n_frames - 1].document, name))
        warn(script, "swml_section_not_found");
    go_on(script);
}

static void transfer(struct text_script *script, const json_t *value)
{
    const char *dest = json_is_string(value)
                           ? json_string_value(value)
                           : param_text(value, "dest", param_text(value, "url", ""));
    fetch_from(script, dest, param_text(value, "method", "POST"));
}

static void leave(struct text_script *script, const json_t *value)
{
    bool is_left = false;
    (void)value;
    while (script->n_frames && !is_left) {
        is_left = script->frames[script->n_frames - 1].is_section;
        pop(script);
    }
    go_on(script);
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct text_script *script = owner;
    bool is_good = !answer->err && answer->status >= 200 && answer->status < 300;
    struct slice body = answer->err ? SLICE_NONE : answer->body;
    json_t *text = json_stringn(body.ptr ? body.ptr : "", body.len);
    json_t *parsed = script->saves ? json_loadb(body.ptr ? body.ptr : "", body.len, 0, NULL) : NULL;
    script->call = NULL;
    set(script, "request_result",
        is_good                      ? "success"
        : answer->err == ERR_TIMEOUT ? "timeout"
                                     : "failed");
    json_object_set_new(script->vars, "request_response_code", json_integer(answer->status));
    json_object_set_new(script->vars, "request_response_body", text ? text : json_string(""));
    if (parsed)
        json_object_set_new(script->vars, "request_response", parsed);
    go_on(script);
}

static void request(struct text_script *script, const json_t *value)
{
    const json_t *given = json_object_get(value, "body");
    if (++script->requests > REQUESTS_MAX) {
        set(script, "request_result", "limit_exceeded");
        go_on(script);
        return;
    }
    char *body = json_is_string(given) ? slice_dup(slice_of(json_string_value(given)))
                 : given               ? json_dumps(given, JSON_COMPACT | JSON_ENCODE_ANY)
                                       : NULL;
    script->saves = param_bool(value, "save_variables", false);
    const struct script_request what = {
        .http = { .method = param_text(value, "method", "POST"),
                  .url = param_text(value, "url", ""),
                  .content_type = body ? "application/json" : NULL,
                  .body = slice_of(body),
                  .timeout_ms = TIMEOUT_MS,
                  .max_body = ANSWER_MAX,
                  .follow = true },
        .project_id = script->project_id,
    };
    send(script, &what, on_answer);
    free(body);
}

/* LaML's Redirect; what its other verbs would tell their server has no place here. */
static void laml_action(struct text_script *script, const json_t *value)
{
    if (strcmp(param_text(value, "after", ""), "redirect") == 0)
        fetch_from(script, param_text(value, "url", ""), param_text(value, "method", "POST"));
    else
        go_on(script);
}

static const struct {
    const char *name;
    void (*act)(struct text_script *script, const json_t *value);
} steps[] = {
    { "execute", execute },         { "goto", jump },         { "label", skip },
    { "laml_action", laml_action }, { "receive", skip },      { "reply", reply },
    { "request", request },         { "return", leave },      { "send_sms", send_sms },
    { "switch", branch },           { "transfer", transfer },
};

static void act(struct text_script *script, const json_t *step)
{
    void *at = json_object_iter((json_t *)(uintptr_t)step);
    const struct expr_scope scope = { .vars = script->vars,
                                      .call = script->message,
                                      .now_ms = loop_wall_ms(script->scripts->config.loop) };
    const char *name = at ? json_object_iter_key(at) : "";
    const char *const kept[] = { "case", "default", NULL };
    struct fault fault = { 0 };
    json_t *value = NULL;
    if (at && expr_tree(&scope, json_object_iter_value(at), kept, &value, &fault))
        warn(script, fault.text);
    for (size_t i = 0; value && i < COUNT_OF(steps); i++)
        if (strcmp(steps[i].name, name) == 0) {
            steps[i].act(script, value);
            json_decref(value);
            return;
        }
    if (value)
        warn(script, "swml_unsupported_method");
    json_decref(value);
    go_on(script);
}

static void run(void *owner)
{
    struct text_script *script = owner;
    while (script->n_frames) {
        struct frame *frame = &script->frames[script->n_frames - 1];
        if (frame->at < json_array_size(frame->steps)) {
            if (++script->steps > STEPS_MAX) {
                warn(script, "swml_limit_exceeded: more than 100 steps");
                break;
            }
            act(script, json_array_get(frame->steps, frame->at++));
            return; /* it goes on by itself */
        }
        pop(script);
    }
    destroy(script);
}

void text_script_run(struct scripts *scripts, const struct text_script_start *start)
{
    struct text_script *script = mem_new(struct text_script);
    script->scripts = scripts;
    list_append(&scripts->texts, &script->link);
    script->message = json_deep_copy(start->message);
    script->vars = json_pack("{s:O}", "message", script->message);
    snprintf(script->project_id, sizeof script->project_id, "%s", start->project_id);
    script->url = slice_dup(slice_of(start->url));
    script->method = slice_dup(slice_of(start->method ? start->method : "POST"));
    script->fallback =
        start->fallback && start->fallback[0] ? slice_dup(slice_of(start->fallback)) : NULL;
    script->fallback_method =
        slice_dup(slice_of(start->fallback_method ? start->fallback_method : "POST"));
    script->is_laml = start->is_laml;
    if (start->url) {
        fetch(script);
        return;
    }
    json_t *document = load(script, start->text);
    if (document)
        begin(script, document);
    else
        destroy(script);
}
