/* detect_machine. */
#include <string.h>

#include "script/line.h"
#include "script/script_priv.h"
#include "script/swml_check.h"
#include "script/verb_rows.h"

static void set_results(struct script *script, const json_t *result)
{
    script_result(script, "detect", param_text(result, "result", "error"));
    script_set(script, "detect_machine_beep", json_boolean(param_bool(result, "beep", false)));
    script_set(script, "detect_ms", json_integer((json_int_t)param_number(result, "ms", 0)));
}

static void on_detected(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    script->state = NULL;
    set_results(script, result);
    if (end != LINE_OVER)
        script_done(script);
}

static void on_detected_beside(void *owner, enum line_end end, const json_t *result)
{
    if (end != LINE_OVER)
        set_results(owner, result);
}

static void cancel(struct script *script)
{
    line_op_cancel(script->state);
}

static enum verb_next run(struct script *script, const json_t *value)
{
    enum { VOICE_MS = 1250, WORDS = 6, WORDS_MAX = 1000 };
    const char *detectors = param_text(value, "detectors", "amd,fax");
    double words = param_number(value, "machine_words_threshold", WORDS);
    const int64_t end_silence_ms = param_ms(value, "end_silence_timeout", 1);
    const struct line_detect_config config = {
        .machine = strstr(detectors, "amd") != NULL,
        .fax = strstr(detectors, "fax") != NULL,
        .tone = param_text(value, "tone", "CED"),
        .message_end = param_bool(value, "detect_message_end", false),
        .timeout_ms = param_ms(value, "timeout", 30),
        .greeting = { .initial_ms = param_ms(value, "initial_timeout", 4.5),
                      .end_silence_ms = end_silence_ms,
                      .ready_ms =
                          param_ms(value, "machine_ready_timeout", (double)end_silence_ms / 1000),
                      .voice_ms = param_ms(value, "machine_voice_threshold", VOICE_MS / 1000.0),
                      .words = words >= 1 && words <= WORDS_MAX ? (unsigned)words : WORDS },
        .status_url = param_text(value, "status_url", NULL),
    };
    if (!config.machine && !config.fax) {
        script_warn(script, "relay_script_method_execute_failed: detectors are amd and fax, not %s",
                    detectors);
        script_result(script, "detect", "error");
        return VERB_DONE;
    }
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (!param_bool(value, "wait", true)) {
        (void)line_detect(script->line, &config, on_detected_beside, script);
        script_result(script, "detect", "detecting");
        return VERB_DONE;
    }
    script->cancel = cancel;
    script->state = line_detect(script->line, &config, on_detected, script);
    return VERB_WAITS;
}

static const struct verb_param params[] = {
    { .name = "detect_message_end", .types = VERB_BOOL },
    { .name = "detectors", .types = VERB_TEXT },
    { .name = "end_silence_timeout", .types = VERB_NUMBER },
    { .name = "initial_timeout", .types = VERB_NUMBER },
    { .name = "machine_ready_timeout", .types = VERB_NUMBER },
    { .name = "machine_voice_threshold", .types = VERB_NUMBER },
    { .name = "machine_words_threshold", .types = VERB_NUMBER },
    { .name = "status_url", .types = VERB_TEXT },
    { .name = "timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "tone", .types = VERB_TEXT, .words = "CED|CNG" },
    { .name = "wait", .types = VERB_BOOL },
    { 0 },
};

const struct verb verb_detect_machine = { .name = "detect_machine", .params = params, .run = run };
