/* live_transcribe, transcribe, transcribe_stop. */
#include <string.h>

#include "script/line.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

static void fail(struct script *script, const char *method, const struct fault *fault)
{
    script_warn(script, "relay_script_method_execute_failed: %s: %s", method, fault->text);
    script_result(script, method, "failed");
}

static enum verb_next run_live(struct script *script, const json_t *value)
{
    const json_t *action = json_object_get(value, "action");
    const json_t *start = json_object_get(action, "start");
    const char *word = json_string_value(action);
    struct line_op *op = line_find(script->line, "live_transcribe", NULL);
    struct fault fault = { 0 };
    if (word && strcmp(word, "stop") == 0) {
        line_op_stop(op);
        script_result(script, "live_transcribe", op ? "success" : "failed");
        return VERB_DONE;
    }
    if (!start) {
        fault_set(&fault, ERR_UNSUPPORTED, "", 0,
                  "action is start or stop; there are no summaries");
        fail(script, "live_transcribe", &fault);
        return VERB_DONE;
    }
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (line_transcribe_live(script->line, start, NULL, &op, &fault))
        fail(script, "live_transcribe", &fault);
    else
        script_result(script, "live_transcribe", "success");
    return VERB_DONE;
}

static enum verb_next run(struct script *script, const json_t *value)
{
    struct line_op *op = NULL;
    struct fault fault = { 0 };
    const struct line_transcribe_config config = {
        .remote = true,
        .local = true,
        .status_url = param_text(value, "status_url", NULL),
    };
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (line_transcribe(script->line, &config, &op, &fault)) {
        fail(script, "transcribe", &fault);
        return VERB_DONE;
    }
    script_set_text(script, "transcribe_control_id", op->control_id);
    script_result(script, "transcribe", "success");
    return VERB_DONE;
}

static enum verb_next run_stop(struct script *script, const json_t *value)
{
    struct line_op *op = line_find(script->line, "transcribe", NULL);
    (void)value;
    script_result(script, "transcribe_stop", op ? "success" : "failed");
    line_op_stop(op);
    return VERB_DONE;
}

static const struct verb_param live_params[] = {
    { .name = "action", .types = VERB_TEXT | VERB_OBJECT, .required = true },
    { 0 },
};
static const struct verb_param params[] = { { .name = "status_url", .types = VERB_TEXT }, { 0 } };
static const struct verb_param no_params[] = { { 0 } };

const struct verb verb_live_transcribe = {
    .name = "live_transcribe",
    .params = live_params,
    .run = run_live,
    .note = "start and stop; events `calling.call.live_transcribe`; no summaries"
};
const struct verb verb_transcribe = { .name = "transcribe", .params = params, .run = run };
const struct verb verb_transcribe_stop = { .name = "transcribe_stop",
                                           .params = no_params,
                                           .run = run_stop };
