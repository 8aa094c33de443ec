/* prompt: play something and collect keys; any key stops what plays. */
#include <string.h>

#include "base/mem.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_play.h"
#include "script/verb_rows.h"

enum { DIGITS_DEFAULT = 1, PATIENCE_S = 5 };

struct prompt {
    struct line_op *play, *collect;
};

static void drop(struct script *script)
{
    struct prompt *prompt = script->state;
    line_op_cancel(prompt->play);
    line_op_cancel(prompt->collect);
    mem_free(prompt);
}

static void on_played(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    struct prompt *prompt = script->state;
    (void)result;
    prompt->play = NULL;
    if (end != LINE_OVER && prompt->collect)
        line_collect_start_timers(prompt->collect);
}

static void set_results(struct script *script, const json_t *result)
{
    const char *type = param_text(result, "type", "");
    bool has_digits = strcmp(type, "digit") == 0;
    const char *digits = param_text(result, "digits", "");
    script_result(script, "prompt", has_digits ? "match_digits" : "no_input");
    script_set_text(script, "prompt_value", digits);
    script_set_text(script, "prompt_value_raw", digits);
    script_set_text(script, "prompt_digit_terminator", param_text(result, "terminator", ""));
}

static void on_collected(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    struct prompt *prompt = script->state;
    prompt->collect = NULL;
    if (end == LINE_OVER)
        return;
    if (end == LINE_FAILED)
        script_result(script, "prompt", "failed");
    else
        set_results(script, result);
    drop(script);
    script_done(script);
}

/* The first key: what plays stops. */
static void on_input(void *owner)
{
    struct script *script = owner;
    struct prompt *prompt = script->state;
    struct line_op *play = prompt->play;
    prompt->play = NULL;
    line_op_cancel(play);
}

static enum verb_next fail(struct script *script)
{
    script_result(script, "prompt", "failed");
    return VERB_DONE;
}

static enum verb_next prompt(struct script *script, const json_t *value)
{
    struct fault fault = { 0 };
    json_t *what = NULL;
    size_t n;
    if (script_expand_sounds(script, script_written(script, "prompt", "play"), &what, &fault)) {
        script_fail(script, &fault);
        return VERB_JUMPED;
    }
    struct sound_spec *sounds = script_sounds(script, what, &n);
    json_decref(what);
    if (!sounds)
        return fail(script);
    script_answer(script);
    const struct line_play_config play = {
        .take_sounds = sounds,
        .n = n,
        .volume_db = param_number(value, "volume", 0),
        .loops = 1,
    };
    const struct line_collect_config collect = {
        .max_digits = (unsigned)param_number(value, "max_digits", DIGITS_DEFAULT),
        .terminators = param_text(value, "terminators", ""),
        .digit_ms = param_ms(value, "digit_timeout", PATIENCE_S),
        .initial_ms = param_ms(value, "initial_timeout", PATIENCE_S),
        .starts_later = true,
        .on_input = on_input,
        .status_url = param_text(value, "status_url", NULL),
    };
    if (script->over) {
        for (size_t i = 0; i < n; i++)
            sound_spec_clear(&sounds[i]);
        mem_free(sounds);
        return VERB_JUMPED;
    }
    struct prompt *state = mem_new(struct prompt);
    script->state = state;
    script->cancel = drop;
    state->collect = line_collect(script->line, &collect, on_collected, script);
    state->play = line_play(script->line, &play, on_played, script);
    return VERB_WAITS;
}

static const char *const prompt_kept[] = { "play", NULL };
static const struct verb_param prompt_params[] = {
    { .name = "play", .types = VERB_TEXT | VERB_LIST, .required = true },
    { .name = "volume", .types = VERB_NUMBER, .min = -40, .max = 40 },
    { .name = "say_voice", .types = VERB_TEXT },
    { .name = "say_language", .types = VERB_TEXT },
    { .name = "say_gender", .types = VERB_TEXT },
    { .name = "max_digits", .types = VERB_NUMBER, .min = 0, .max = 256 },
    { .name = "terminators", .types = VERB_TEXT },
    { .name = "digit_timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "initial_timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "speech_timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "speech_end_timeout", .types = VERB_NUMBER, .min = 0, .max = 3600 },
    { .name = "speech_language", .types = VERB_TEXT },
    { .name = "speech_hints", .types = VERB_LIST },
    { .name = "speech_engine", .types = VERB_TEXT },
    { .name = "status_url", .types = VERB_TEXT },
    { 0 },
};

const struct verb verb_prompt = { .name = "prompt",
                                  .params = prompt_params,
                                  .kept = prompt_kept,
                                  .in_confirm = true,
                                  .run = prompt };
