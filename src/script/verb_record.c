/* record, record_call, stop_record_call. */
#include <stdio.h>
#include <string.h>

#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"

static void set_results(struct script *script, const char *method, enum line_end end,
                        const json_t *result)
{
    char name[40];
    snprintf(name, sizeof name, "%s_url", method);
    script_set_text(script, name, param_text(result, "url", ""));
    snprintf(name, sizeof name, "%s_duration", method);
    script_set(script, name, json_real(param_number(result, "duration", 0)));
    script_result(script, method,
                  end == LINE_FAILED                                         ? "failed"
                  : strcmp(param_text(result, "state", ""), "no_input") == 0 ? "no_input"
                                                                             : "success");
}

static void on_recorded(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    script->state = NULL;
    set_results(script, "record", end, result);
    if (end != LINE_OVER)
        script_done(script);
}

static void cancel(struct script *script)
{
    line_op_cancel(script->state);
}

static bool is_known_format(struct script *script, const json_t *value)
{
    const char *format = param_text(value, "format", "wav");
    if (strcmp(format, "mp4") != 0)
        return true;
    script_warn(script, "relay_script_method_execute_failed: recordings are wav or mp3, not mp4");
    return false;
}

/* LaML's, as `source` and `transcribe` are: documents of SWML cannot have them. */
static bool trims(const json_t *value)
{
    return strcmp(param_text(value, "trim", ""), "trim-silence") == 0;
}

static enum verb_next record(struct script *script, const json_t *value)
{
    const struct line_record_config config = {
        .stereo = param_bool(value, "stereo", false),
        .beep = param_bool(value, "beep", false),
        .direction = param_text(value, "direction", "speak"),
        .format = param_text(value, "format", "wav"),
        /* an empty list of terminators is one */
        .terminators =
            json_object_get(value, "terminators") ? param_text(value, "terminators", "") : "#",
        .initial_ms = param_ms(value, "initial_timeout", 4),
        .end_silence_ms = param_ms(value, "end_silence_timeout", 5),
        .max_ms = param_ms(value, "max_length", 0),
        .sensitivity = param_number(value, "input_sensitivity", 44),
        .status_url = param_text(value, "status_url", NULL),
        .source = param_text(value, "source", NULL),
        .trims = trims(value),
        .transcribes = param_bool(value, "transcribe", false),
        .transcribe_url = param_text(value, "transcribe_callback", NULL),
    };
    if (!is_known_format(script, value)) {
        script_result(script, "record", "failed");
        return VERB_DONE;
    }
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    script->cancel = cancel;
    script->state = line_record(script->line, &config, on_recorded, script);
    return VERB_WAITS;
}

static void on_call_recorded(void *owner, enum line_end end, const json_t *result)
{
    if (end != LINE_OVER)
        set_results(owner, "record_call", end, result);
}

bool script_record_call(struct script *script, const json_t *value)
{
    const struct line_record_config config = {
        .stereo = param_bool(value, "stereo", false),
        .beep = param_bool(value, "beep", false),
        .direction = param_text(value, "direction", "both"),
        .format = param_text(value, "format", "wav"),
        .terminators = param_text(value, "terminators", ""),
        .initial_ms = param_ms(value, "initial_timeout", 0),
        .end_silence_ms = param_ms(value, "end_silence_timeout", 0),
        .max_ms = param_ms(value, "max_length", 0),
        .sensitivity = param_number(value, "input_sensitivity", 44),
        .control_id = param_text(value, "control_id", NULL),
        .status_url = param_text(value, "status_url", NULL),
        .status_method = param_text(value, "status_method", NULL),
        .laml_events = param_text(value, "laml_events", NULL),
        .source = param_text(value, "source", NULL),
        .trims = trims(value),
    };
    if (!is_known_format(script, value) || line_count(script->line, "record")) {
        script_result(script, "record_call", "failed");
        return false;
    }
    struct line_op *op = line_record(script->line, &config, on_call_recorded, script);
    script_set_text(script, "record_control_id", op->control_id);
    script_set_text(script, "record_call_url", line_record_url(op));
    script_result(script, "record_call", "success");
    return true;
}

static enum verb_next record_call(struct script *script, const json_t *value)
{
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    (void)script_record_call(script, value);
    return VERB_DONE;
}

static enum verb_next stop_record_call(struct script *script, const json_t *value)
{
    struct line_op *op = line_find(script->line, "record", param_text(value, "control_id", NULL));
    script_result(script, "stop_record_call", op ? "success" : "failed");
    line_op_stop(op);
    return VERB_DONE;
}

#define RECORD_PARAMS(directions)                                                              \
    { .name = "stereo", .types = VERB_BOOL },                                                  \
        { .name = "format", .types = VERB_TEXT, .words = "wav|mp3|mp4" },                      \
        { .name = "direction", .types = VERB_TEXT, .words = directions },                      \
        { .name = "terminators", .types = VERB_TEXT }, { .name = "beep", .types = VERB_BOOL }, \
        { .name = "input_sensitivity", .types = VERB_NUMBER, .min = 0, .max = 100 },           \
        { .name = "initial_timeout", .types = VERB_NUMBER, .min = 0, .max = 86400 },           \
        { .name = "end_silence_timeout", .types = VERB_NUMBER, .min = 0, .max = 86400 },       \
        { .name = "max_length", .types = VERB_NUMBER, .min = 0, .max = 86400 },                \
    {                                                                                          \
        .name = "status_url", .types = VERB_TEXT                                               \
    }

static const struct verb_param record_params[] = { RECORD_PARAMS("speak|listen|both"), { 0 } };
static const struct verb_param record_call_params[] = {
    { .name = "control_id", .types = VERB_TEXT },
    RECORD_PARAMS("speak|listen|both"),
    { 0 },
};
static const struct verb_param stop_params[] = { { .name = "control_id", .types = VERB_TEXT },
                                                 { 0 } };

const struct verb verb_record = { .name = "record",
                                  .params = record_params,
                                  .in_confirm = true,
                                  .run = record,
                                  .note = "wav and mp3; not mp4" };
const struct verb verb_record_call = { .name = "record_call",
                                       .params = record_call_params,
                                       .in_confirm = true,
                                       .run = record_call,
                                       .note = "wav and mp3; not mp4; one recording at a time" };
const struct verb verb_stop_record_call = { .name = "stop_record_call",
                                            .params = stop_params,
                                            .bare = "control_id",
                                            .in_confirm = true,
                                            .run = stop_record_call };
