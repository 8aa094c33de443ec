/* prompt: play something and collect keys or speech; either stops what plays. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
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
    static const struct {
        const char *type, *word, *value;
    } rows[] = { { "digit", "match_digits", "digits" },
                 { "no_input", "no_input", "digits" },
                 { "no_match", "no_match", "text" },
                 { "speech", "match_speech", "text" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].type, type) != 0)
            continue;
        script_result(script, "prompt", rows[i].word);
        script_set_text(script, "prompt_value", param_text(result, rows[i].value, ""));
        script_set_text(script, "prompt_value_raw", param_text(result, rows[i].value, ""));
    }
    script_set_text(script, "prompt_digit_terminator", param_text(result, "terminator", ""));
    script_set(script, "prompt_speech_confidence",
               json_real(param_number(result, "confidence", 0)));
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

/* The first key or sound: what plays stops. */
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

static bool has_any(const json_t *value, const char *const *names)
{
    for (; *names; names++)
        if (json_object_get(value, *names))
            return true;
    return false;
}

/* Any speech_* parameter but the engine asks for speech; keys count too only if one of theirs is
 * there as well. */
static void choose_input(const json_t *value, struct line_collect_config *collect)
{
    static const char *const of_speech[] = { "speech_timeout", "speech_end_timeout",
                                             "speech_language", "speech_hints", NULL };
    static const char *const of_keys[] = { "max_digits", "terminators", "digit_timeout", NULL };
    collect->max_digits = (unsigned)param_number(value, "max_digits", DIGITS_DEFAULT);
    if (!has_any(value, of_speech))
        return;
    if (!has_any(value, of_keys))
        collect->max_digits = 0;
    collect->speech.on = true;
    collect->speech.engine = param_text(value, "speech_engine", NULL);
    collect->speech.language = param_text(value, "speech_language", NULL);
    collect->speech.end_silence_ms = param_ms(value, "speech_end_timeout", 0);
    collect->speech.max_ms = param_ms(value, "speech_timeout", 0);
}

static enum verb_next prompt(struct script *script, const json_t *value)
{
    const char *hints[LINE_HINTS_MAX];
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
    struct line_collect_config collect = {
        .terminators = param_text(value, "terminators", ""),
        .digit_ms = param_ms(value, "digit_timeout", PATIENCE_S),
        .initial_ms = param_ms(value, "initial_timeout", PATIENCE_S),
        .starts_later = true,
        .on_input = on_input,
        .status_url = param_text(value, "status_url", NULL),
    };
    choose_input(value, &collect);
    collect.speech.hints = hints;
    collect.speech.n_hints = line_hints(json_object_get(value, "speech_hints"), hints);
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
                                  .run = prompt,
                                  .note = "keys, speech or both; speech_engine `pocketsphinx` "
                                          "or `http`, any other is the configured one" };
