#include "script/leg_script.h"
#include "script/answered_by.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "media/media.h"
#include "script/laml_form.h"
#include "script/leg_connect.h"
#include "script/line.h"
#include "script/script_document.h"
#include "script/swml.h"
#include "script/verb_laml.h"

enum { FILE_MAX = SWML_MAX_BYTES };

struct leg_script {
    struct leg leg; /* first */
    struct scripts *scripts;
    struct script *script;
    struct line *line;
    char project_id[SCRIPT_ID_TEXT];
    /* where the document comes from, until it is there */
    char *source, *fallback;
    char *method, *fallback_method; /* NULL: as script_fetch says */
    bool is_laml;
    json_t *document, *envs, *params, *record;
    struct script_fetching *fetching;
    struct timer start;
    /* of a call that it places */
    char *send_digits, *status_url, *status_events, *status_method, *codecs;
    bool reports_laml;
    struct answered_by *answered_by; /* NULL: nobody asks */
    struct laml_progress progress;
    unsigned max_duration_s;
    struct timer ring_timer;
    bool reports;
};

static struct leg_script *self_of(struct leg *leg)
{
    return (struct leg_script *)leg;
}

static struct loop *loop_of(const struct leg_script *self)
{
    return self->scripts->config.loop;
}

/* --- what the script wants of its leg --- */

static void host_answer(void *owner)
{
    struct leg_script *self = owner;
    if (self->leg.incoming || self->leg.state >= LEG_UP || !self->leg.call)
        return;
    struct leg *far = line_leg(self->line);
    if (far)
        self->leg.chosen = far->offered; /* whatever it speaks */
    leg_on_answered(&self->leg);
}

static void host_ring(void *owner)
{
    struct leg_script *self = owner;
    if (!self->leg.incoming && self->leg.state < LEG_RINGING)
        leg_on_ringing(&self->leg, 180);
}

static void host_sound_early(void *owner)
{
    struct leg_script *self = owner;
    struct leg *far = line_leg(self->line);
    if (self->leg.incoming || self->leg.state >= LEG_EARLY || !far)
        return;
    self->leg.chosen = far->offered;
    leg_on_progress(&self->leg, 183);
}

static void host_hang_up(void *owner, const struct cause *cause)
{
    struct leg_script *self = owner;
    struct call *call = self->leg.call;
    if (!call)
        return;
    if (self->leg.state >= LEG_UP || self->leg.incoming)
        call_end(call, cause);
    else
        leg_fail(&self->leg, cause);
}

static void host_on_finished(void *owner)
{
    struct leg_script *self = owner;
    struct cause cause = self->leg.state >= LEG_UP || self->leg.incoming
                             ? cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL)
                             : cause_of_status(480, CAUSE_BY_SYSTEM, "The script ended.");
    host_hang_up(self, &cause);
}

static const struct script_host host = { .answer = host_answer,
                                         .ring = host_ring,
                                         .sound_early = host_sound_early,
                                         .hang_up = host_hang_up,
                                         .on_finished = host_on_finished };

void script_answer(struct script *script)
{
    script->host->answer(script->host_owner);
}

bool script_is_answered(const struct script *script)
{
    const struct leg *far = line_leg(script->line);
    return far && far->state == LEG_UP;
}

/* --- the document --- */

static void fail(struct leg_script *self, const struct fault *fault)
{
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX];
    fault_print(fault, text, sizeof text);
    leg_on_event(&self->leg, "script", "failed: %s", text);
    log_error(&self->leg.log, "script cannot run reason=\"%s\"", text);
    struct cause cause = cause_of_token("server_error", CAUSE_BY_SYSTEM, text);
    host_hang_up(self, &cause);
}

static void on_fetched(void *owner, json_t *take_document, const struct fault *fault)
{
    struct leg_script *self = owner;
    self->fetching = NULL;
    if (!take_document) {
        fail(self, fault);
        return;
    }
    leg_on_event(&self->leg, "script", "begins");
    script_begin(self->script, take_document);
}

static bool is_web(const char *source)
{
    return slice_istarts(slice_of(source), SLICE("http://")) ||
           slice_istarts(slice_of(source), SLICE("https://"));
}

static enum err load(struct leg_script *self, struct slice text, json_t **document,
                     struct fault *fault)
{
    json_t *warnings = json_array(), *one;
    size_t i;
    enum err err = script_document_load(text, "", document, warnings, fault);
    json_array_foreach(warnings, i, one)
        log_warn(&self->leg.log, "script document %s", json_string_value(one));
    json_decref(warnings);
    return err;
}

/* A stored script's name, or a file: a path, because no name has a slash. */
static enum err load_stored(struct leg_script *self, json_t **document, struct fault *fault)
{
    const struct scripts_config *config = &self->scripts->config;
    struct slice text = SLICE_NONE;
    const char *stored = config->find ? config->find(config->owner, slice_of(self->source)) : NULL;
    if (stored)
        return load(self, slice_of(stored), document, fault);
    if (!strchr(self->source, '/'))
        return fault_set(fault, ERR_NOT_FOUND, "", 0, "there is no script named '%s'",
                         self->source);
    enum err err = file_read(self->source, FILE_MAX, &text, fault);
    if (err)
        return err;
    err = load(self, text, document, fault);
    mem_free((char *)(uintptr_t)text.ptr);
    return err;
}

static void begin(void *owner)
{
    struct leg_script *self = owner;
    struct fault fault = { 0 };
    json_t *document = self->document;
    self->document = NULL;
    if (!document && is_web(self->source)) {
        const struct script_fetch fetch = {
            .url = self->source,
            .fallback_url = self->fallback,
            .method = self->method,
            .fallback_method = self->fallback_method,
            .take_body = self->is_laml ? NULL : script_body(self->script, NULL),
            .take_form = self->is_laml ? laml_form(self->script) : NULL,
        };
        self->fetching = script_fetch(self->script, &fetch, on_fetched, self);
    } else if (document || !load_stored(self, &document, &fault)) {
        on_fetched(self, document, NULL);
    } else {
        fail(self, &fault);
    }
}

static void attach(struct leg_script *self, struct leg *far)
{
    const struct line_config line = {
        .scripts = self->scripts, .call = self->leg.call, .far = far, .project_id = self->project_id
    };
    self->line = line_create(&line);
    const struct script_start start = { .scripts = self->scripts,
                                        .host = &host,
                                        .owner = self,
                                        .call = self->leg.call,
                                        .line = self->line,
                                        .project_id = self->project_id,
                                        .envs = self->envs,
                                        .params = self->params };
    self->script = script_create(&start);
}

/* --- leg ops --- */

static json_t *state_form(struct leg_script *self, const char *state, const char *reason)
{
    const struct laml_party party = { .call = self->leg.call,
                                      .project_id = self->project_id,
                                      .answered_by = answered_by_word(self->answered_by),
                                      .is_outbound = true };
    const struct laml_state what = { .state = state,
                                     .reason = reason,
                                     .events = self->status_events ? self->status_events : "",
                                     .now_ms = loop_now_ms(loop_of(self)),
                                     .wall_ms = loop_wall_ms(loop_of(self)) };
    return laml_form_of_state(&party, &what, &self->progress);
}

static void tell_state(struct leg_script *self, const char *state, const char *reason)
{
    struct call *call = self->leg.call;
    if (!self->reports || !call)
        return;
    /* everybody hears of every state, but the URL only of those it was given for */
    json_t *form = self->reports_laml ? state_form(self, state, reason) : NULL;
    bool is_wanted =
        self->reports_laml
            ? form != NULL
            : !self->status_events || slice_find(slice_of(self->status_events), slice_of(state)) <
                                          strlen(self->status_events);
    const struct script_note note = { .type = "calling.call.state",
                                      .url = is_wanted ? self->status_url : NULL,
                                      .method = self->status_method,
                                      .form = form };
    json_t *params = json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s}}}", "call_state", state,
                               "direction", "outbound", "device", "type", "phone", "params",
                               "from_number", call_from(call), "to_number", call_to(call));
    if (reason)
        json_object_set_new(params, "end_reason", json_string(reason));
    scripts_tell(self->scripts, call, self->project_id, &note, params);
    json_decref(form);
}

static void dial(struct leg *leg, const struct leg *peer)
{
    struct leg_script *self = self_of(leg);
    (void)peer;
    leg_on_trying(leg);
    if (!leg->call || !call_caller(leg->call))
        return;
    attach(self, call_caller(leg->call));
    begin(self);
}

static void on_start(void *owner)
{
    struct leg_script *self = owner;
    struct leg *far = self->leg.call ? call_peer(self->leg.call) : NULL;
    if (!far)
        return;
    attach(self, far);
    if (self->record)
        (void)script_record_call(self->script, self->record);
    if (self->send_digits)
        (void)line_send_digits(self->line, self->send_digits, NULL, NULL);
    if (self->answered_by)
        answered_by_start(self->answered_by, self->line, begin, self);
    else
        begin(self);
}

static void on_max_duration(void *owner)
{
    struct cause cause =
        cause_of_token("hangup", CAUSE_BY_SYSTEM, "The longest time allowed is over.");
    host_hang_up(owner, &cause);
}

static void on_answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct leg_script *self = self_of(leg);
    leg->chosen = *prefer;
    loop_timer_stop(loop_of(self), &self->ring_timer);
    tell_state(self, "answered", NULL);
    /* the call is joined first */
    loop_timer_start(loop_of(self), &self->start, 0, on_start, self);
    loop_timer_start(loop_of(self), &self->ring_timer, (int64_t)self->max_duration_s * 1000,
                     on_max_duration, self);
}

static void on_ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    (void)code;
    if (media)
        leg->state = LEG_EARLY;
    tell_state(self_of(leg), "ringing", NULL);
}

static void end(struct leg *leg, const struct cause *cause)
{
    struct leg_script *self = self_of(leg);
    loop_timer_stop(loop_of(self), &self->start);
    loop_timer_stop(loop_of(self), &self->ring_timer);
    script_fetch_cancel(self->fetching);
    self->fetching = NULL;
    tell_state(self, "ended", cause->token);
    if (self->script && !self->script->over) {
        script_laml_over(self->script);
        script_stop(self->script);
    }
    line_destroy(self->line);
    self->line = NULL;
    if (self->script)
        self->script->line = NULL;
}

/* The line listens to keys; while two far ends talk they are the other's. */
static void key(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    const struct script *script = self_of(leg)->script;
    struct leg *to = script && script->bridge ? connect_leg_far(script->bridge) : NULL;
    if (to)
        leg_send_key(to, digit, duration_ms, relayed);
}

static void hold(struct leg *leg, bool on)
{
    const struct script *script = self_of(leg)->script;
    struct leg *to = script && script->bridge ? connect_leg_far(script->bridge) : NULL;
    if (to && to->ops->hold)
        to->ops->hold(to, on);
}

static void destroy(struct leg *leg)
{
    struct leg_script *self = self_of(leg);
    struct cause cause = leg->cause;
    if (self->line || self->fetching || timer_is_running(&self->ring_timer))
        end(leg, &cause); /* it ended itself: nobody called ops->end */
    script_destroy(self->script);
    answered_by_destroy(self->answered_by);
    json_decref(self->document);
    json_decref(self->envs);
    json_decref(self->params);
    json_decref(self->record);
    mem_free(self->source);
    mem_free(self->fallback);
    mem_free(self->method);
    mem_free(self->fallback_method);
    mem_free(self->send_digits);
    mem_free(self->status_url);
    mem_free(self->status_events);
    mem_free(self->status_method);
    mem_free(self->codecs);
    mem_free(self);
}

static const struct leg_ops ops = {
    .kind = "script",
    .dial = dial,
    .ring = on_ring,
    .answer = on_answer,
    .end = end,
    .dtmf = key,
    .hold = hold,
    .destroy = destroy,
};

static char *dup_or_null(const char *text)
{
    return text ? slice_dup(slice_of(text)) : NULL;
}

static void set_how(struct leg_script *self, const struct script_source *source)
{
    self->fallback = slice_dup(source->fallback_url);
    self->method = dup_or_null(source->method);
    self->fallback_method = dup_or_null(source->fallback_method);
}

void leg_script_dial(struct scripts *scripts, struct call *call, const struct route_target *target,
                     struct cause *why)
{
    (void)why;
    const struct scripts_config *config = &scripts->config;
    struct script_source how = { 0 };
    struct leg_script *self = mem_new(struct leg_script);
    leg_init(&self->leg, &ops, false);
    self->scripts = scripts;
    if (target->of_number[0] && config->number_source)
        config->number_source(config->owner, target->of_number, &how);
    set_how(self, &how);
    self->is_laml = strcmp(target->kind, "laml") == 0;
    self->source = slice_dup(slice_of(target->number[0] ? target->number : target->name));
    snprintf(self->project_id, sizeof self->project_id, "%s", target->project_id);
    route_target_print(target, self->leg.party, sizeof self->leg.party);
    call_add_leg(call, &self->leg);
}

static void on_ring_timeout(void *owner)
{
    struct leg_script *self = owner;
    struct cause cause = cause_of_token("no_answer", CAUSE_BY_SYSTEM, NULL);
    if (self->leg.call)
        call_end(self->leg.call, &cause);
}

enum err leg_script_dial_out(struct scripts *scripts, const struct script_dial *dial,
                             json_t *take_document, const struct route_plan *plan,
                             struct call **out)
{
    enum { RING_S = 60, TALK_S = 14400 };
    struct leg_script *self = mem_new(struct leg_script);
    leg_init(&self->leg, &ops, true);
    self->scripts = scripts;
    self->reports = true;
    self->is_laml = dial->source.is_laml;
    self->source = slice_dup(dial->source.url);
    set_how(self, &dial->source);
    self->document = take_document;
    self->envs = dial->envs ? json_deep_copy(dial->envs) : NULL;
    self->params = dial->params ? json_deep_copy(dial->params) : NULL;
    self->record = dial->record ? json_deep_copy(dial->record) : NULL;
    self->send_digits = dup_or_null(dial->send_digits);
    self->reports_laml = dial->reports_laml;
    self->answered_by = dial->amd ? answered_by_create(dial->amd) : NULL;
    self->status_method = slice_dup(slice_of(dial->status_method ? dial->status_method : "POST"));
    self->status_url = dup_or_null(dial->status_url);
    self->status_events = dup_or_null(dial->status_events);
    self->max_duration_s = dial->max_duration_s ? dial->max_duration_s : TALK_S;
    (void)slice_copy(dial->project_id, self->project_id, sizeof self->project_id);
    snprintf(self->leg.party, sizeof self->leg.party, "script");
    const struct call_request request = {
        .face = SLICE("script"),
        .from = dial->from,
        .from_name = dial->from_name,
        .project_id = dial->project_id,
        .to = dial->to,
        .may_use_trunks = true,
        .headers = (json_t *)(uintptr_t)dial->headers,
        .plan = plan,
        .sip_user = slice_of(dial->username),
        .sip_password = slice_of(dial->password),
    };
    loop_timer_start(loop_of(self), &self->ring_timer,
                     (int64_t)(dial->timeout_s ? dial->timeout_s : RING_S) * 1000, on_ring_timeout,
                     self);
    *out = call_create(scripts->calls, &request, &self->leg);
    tell_state(self, "created", NULL);
    return OK;
}

struct script *leg_script_of(const struct scripts *scripts, struct slice id)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&scripts->live)
    {
        struct script *script = LIST_ITEM(link, struct script, in_live);
        if (!script->over && !script->in_confirm && slice_is(id, call_id(script->call)))
            return script;
    }
    return NULL;
}
