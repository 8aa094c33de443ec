/* join_conference: stay in a conference until it is over, or the far end hangs up. */
#include <string.h>

#include "base/mem.h"
#include "script/conference.h"
#include "script/conference_record.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_play.h"
#include "script/verb_rows.h"
#include "script/wait_script.h"

enum { MEMBERS_MAX = 100000 };

static void finish(struct script *script, const char *result)
{
    const json_t *branches = script_written(script, "join_conference", "result");
    struct fault fault = { 0 };
    script_result(script, "join_conference", result);
    script_set(script, "return_value", json_string(result));
    if (branches && script_branch(script, branches, &fault))
        script_fail(script, &fault);
}

struct stay {
    struct conference_member *member; /* NULL: it is over for this one */
    struct wait_script *wait;         /* until it starts */
    struct wait_script *announced;    /* the last announcement; may be NULL */
};

static void leave(struct script *script)
{
    struct stay *stay = script->state;
    wait_script_stop(stay->wait);
    wait_script_stop(stay->announced);
    conference_leave(stay->member);
    mem_free(stay);
}

static void on_over(void *owner)
{
    struct script *script = owner;
    ((struct stay *)script->state)->member = NULL;
    leave(script);
    script->state = NULL;
    script->cancel = NULL;
    finish(script, "completed");
    script_done(script);
}

static void on_started(void *owner)
{
    struct stay *stay = ((struct script *)owner)->state;
    if (!stay) /* it begins with this one */
        return;
    wait_script_stop(stay->wait);
    stay->wait = NULL;
}

/* It is heard beside the others; one that is still heard ends. */
static void on_announce(void *owner, const char *url, const char *method)
{
    struct stay *stay = ((struct script *)owner)->state;
    if (!stay)
        return;
    wait_script_stop(stay->announced);
    stay->announced = wait_script_announce(owner, url, method);
}

static bool beeps(const json_t *value, const char *when)
{
    const json_t *beep = json_object_get(value, "beep");
    const char *text = json_is_boolean(beep) ? json_is_true(beep) ? "true" : "false"
                                             : param_text(value, "beep", "true");
    return strcmp(text, "true") == 0 || strcmp(text, when) == 0;
}

/* Words of the two event types whose callbacks are forms. */
static bool is_form(const json_t *value, const char *param)
{
    const char *type = param_text(value, param, "relay");
    return strcmp(type, "laml") == 0 || strcmp(type, "cxml") == 0;
}

static enum verb_next run(struct script *script, const json_t *value)
{
    struct conference_member *member = NULL;
    const struct conference_record_config record = {
        .callback = param_text(value, "recording_status_callback", ""),
        .events = param_text(value, "recording_status_callback_event", ""),
        .method = param_text(value, "recording_status_callback_method", "POST"),
        .trims = strcmp(param_text(value, "trim", ""), "trim-silence") == 0,
        .is_form = is_form(value, "recording_status_callback_event_type"),
    };
    bool records = strcmp(param_text(value, "record", ""), "record-from-start") == 0;
    const struct conference_join join = {
        .name = param_text(value, "name", ""),
        .project_id = script->project_id,
        .line = script->line,
        .muted = param_bool(value, "muted", false),
        .beeps_on_enter = beeps(value, "onEnter"),
        .beeps_on_exit = beeps(value, "onExit"),
        .starts = param_bool(value, "start_on_enter", true),
        .ends_on_exit = param_bool(value, "end_on_exit", false),
        .max_members = (unsigned)param_number(value, "max_participants", MEMBERS_MAX),
        .coach = param_text(value, "coach", ""),
        .on_started = on_started,
        .on_announce = on_announce,
        .record = records ? &record : NULL,
        .callback = param_text(value, "status_callback", ""),
        .callback_events = param_text(value, "status_callback_event", "start end join leave"),
        .callback_method = param_text(value, "status_callback_method", "POST"),
        .is_form = is_form(value, "status_callback_event_type"),
    };
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (conference_enter(&member, script->scripts, &join, on_over, script)) {
        finish(script, "failed");
        return VERB_JUMPED;
    }
    struct stay *stay = mem_new(struct stay);
    const char *wait_url = param_text(value, "wait_url", "");
    stay->member = member;
    script->state = stay;
    script->cancel = leave;
    if (wait_url[0] && !conference_is_started(member))
        stay->wait = wait_script_start(script, wait_url, true);
    return VERB_WAITS;
}

static const char *const kept[] = { "result", NULL };
static const struct verb_param params[] = {
    { .name = "name", .types = VERB_TEXT, .required = true },
    { .name = "muted", .types = VERB_BOOL },
    { .name = "beep", .types = VERB_TEXT | VERB_BOOL, .words = "true|false|onEnter|onExit" },
    { .name = "start_on_enter", .types = VERB_BOOL },
    { .name = "end_on_exit", .types = VERB_BOOL },
    { .name = "wait_url", .types = VERB_TEXT },
    { .name = "max_participants", .types = VERB_NUMBER, .min = 2, .max = 100000 },
    { .name = "record", .types = VERB_TEXT, .words = "do-not-record|record-from-start" },
    { .name = "region", .types = VERB_TEXT, .words = "global|us|eu|ch" },
    { .name = "trim", .types = VERB_TEXT, .words = "do-not-trim|trim-silence" },
    { .name = "coach", .types = VERB_TEXT },
    { .name = "status_callback", .types = VERB_TEXT },
    { .name = "status_callback_event", .types = VERB_TEXT },
    { .name = "status_callback_event_type", .types = VERB_TEXT, .words = "cxml|laml|relay" },
    { .name = "status_callback_method", .types = VERB_TEXT, .words = "GET|POST" },
    { .name = "recording_status_callback", .types = VERB_TEXT },
    { .name = "recording_status_callback_event", .types = VERB_TEXT },
    { .name = "recording_status_callback_event_type",
      .types = VERB_TEXT,
      .words = "cxml|laml|relay" },
    { .name = "recording_status_callback_method", .types = VERB_TEXT, .words = "GET|POST" },
    { .name = "result", .types = VERB_RESULT },
    { .name = "stream", .types = VERB_OBJECT },
    { 0 },
};

const struct verb verb_join_conference = {
    .name = "join_conference",
    .params = params,
    .bare = "name",
    .kept = kept,
    .run = run,
    .note = "100 members at most; no stream; region is ignored",
};
