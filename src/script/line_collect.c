/* Collecting what a far end types or says. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/recognizer.h"
#include "media/transcriber.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { DIGITS_MAX = 256 };

struct collect {
    struct line_op op; /* first */
    struct line_collect_config config;
    char *terminators;
    char digits[DIGITS_MAX + 1];
    size_t n;
    char terminator;
    bool has_spoken; /* it began to */
    struct transcriber *transcriber;
    struct timer timer;
};

static struct loop *loop_of(const struct collect *collect)
{
    return collect->op.scripts->config.loop;
}

static void on_timer(void *owner);

static void wait_for(struct collect *collect, int64_t ms)
{
    if (ms > 0)
        loop_timer_start(loop_of(collect), &collect->timer, ms, on_timer, collect);
    else
        loop_timer_stop(loop_of(collect), &collect->timer);
}

static void tell(struct collect *collect, const json_t *result, bool is_final, const char *state)
{
    json_t *params = collect->config.secret ? json_object() : json_deep_copy(result);
    json_object_del(params, "type");
    line_op_tell(&collect->op, "calling.call.collect",
                 json_pack("{s:{s:s, s:o}, s:b, s:s}", "result", "type",
                           param_text(result, "type", ""), "params", params, "final", is_final,
                           "state", state));
}

/* An input is complete, or there was none. */
static void finish(struct collect *collect, enum line_end how, json_t *take_result)
{
    bool goes_on = collect->config.continuous && how == LINE_FINISHED &&
                   strcmp(param_text(take_result, "type", ""), "no_input") != 0;
    const char *state = goes_on ? "collecting" : how == LINE_FAILED ? "error" : "finished";
    tell(collect, take_result, true, state);
    if (goes_on) {
        mem_wipe(collect->digits, sizeof collect->digits);
        collect->n = 0;
        collect->terminator = '\0';
        collect->has_spoken = false;
        wait_for(collect, 0);
    } else {
        transcriber_destroy(collect->transcriber);
        collect->transcriber = NULL;
        wait_for(collect, 0);
        line_op_end(&collect->op, how, take_result);
    }
    json_decref(take_result);
}

static void finish_keys(struct collect *collect, enum line_end how)
{
    const char *type = collect->n || collect->terminator ? "digit" : "no_input";
    char terminator[2] = { collect->terminator, '\0' };
    finish(collect, how,
           json_pack("{s:s, s:s, s:s}", "type", type, "digits", collect->digits, "terminator",
                     terminator));
}

static void on_timer(void *owner)
{
    finish_keys(owner, LINE_FINISHED);
}

static bool has_input(const struct collect *collect)
{
    return collect->n || collect->has_spoken;
}

static void tell_begin(struct collect *collect)
{
    if (collect->config.on_input && collect->op.fn && !has_input(collect))
        collect->config.on_input(collect->op.owner);
}

static void tell_start_of_input(struct collect *collect)
{
    line_op_tell(&collect->op, "calling.call.collect",
                 json_pack("{s:{s:s}, s:b, s:s}", "result", "type", "start_of_input", "final", 0,
                           "state", "collecting"));
}

/* --- keys --- */

/* Who types is listened to no more. */
static void stop_listening(struct collect *collect)
{
    if (collect->config.continuous)
        return;
    transcriber_destroy(collect->transcriber);
    collect->transcriber = NULL;
}

static void on_key(struct line_op *op, char key)
{
    struct collect *collect = (struct collect *)op;
    if (!collect->config.max_digits)
        return;
    tell_begin(collect);
    stop_listening(collect);
    if (strchr(collect->terminators, key)) {
        collect->terminator = key;
        finish_keys(collect, LINE_FINISHED);
        return;
    }
    if (!has_input(collect))
        tell_start_of_input(collect);
    collect->digits[collect->n++] = key;
    if (collect->n >= collect->config.max_digits || collect->n == DIGITS_MAX)
        finish_keys(collect, LINE_FINISHED);
    else
        wait_for(collect, collect->config.digit_ms);
}

/* --- speech --- */

static void on_begin(void *owner, enum media_fork_track track)
{
    struct collect *collect = owner;
    (void)track;
    if (collect->n) /* keys come in between */
        return;
    tell_begin(collect);
    wait_for(collect, 0); /* an utterance has an end of its own */
    if (!has_input(collect))
        tell_start_of_input(collect);
    collect->has_spoken = true;
}

static json_t *speech_of(const struct transcriber_words *words)
{
    json_t *text = json_string(words->text);
    return json_pack("{s:s, s:o, s:f}", "type", "speech", "text", text ? text : json_string(""),
                     "confidence", words->confidence);
}

static void on_words(void *owner, const struct transcriber_words *words)
{
    struct collect *collect = owner;
    if (collect->n)
        return;
    if (!words->is_final) {
        json_t *result = speech_of(words);
        tell(collect, result, false, "collecting");
        json_decref(result);
    } else if (words->err) {
        log_warn(NULL, "script collect cannot understand speech reason=\"%s\"", words->text);
        finish(collect, LINE_FAILED, json_pack("{s:s}", "type", "error"));
    } else if (words->text[0]) {
        finish(collect, LINE_FINISHED, speech_of(words));
    } else {
        finish(collect, LINE_FINISHED, json_pack("{s:s}", "type", "no_match"));
    }
}

static const struct transcriber_events transcriber_events = { .on_begin = on_begin,
                                                              .on_words = on_words };

static void on_deaf(void *owner)
{
    finish(owner, LINE_FAILED, json_pack("{s:s}", "type", "error"));
}

static void start_listening(struct collect *collect)
{
    const struct scripts_config *scripts = &collect->op.scripts->config;
    const struct line_speech *speech = &collect->config.speech;
    const struct transcriber_config config = {
        .media = scripts->media,
        .stream = line_stream(collect->op.line),
        .recognizer = scripts->recognizer,
        .tracks = { [MEDIA_FORK_INBOUND] = true },
        .engine = speech->engine,
        .language = speech->language,
        .hints = speech->hints,
        .n_hints = speech->n_hints,
        .silence_ms = speech->end_silence_ms,
        .max_ms = speech->max_ms,
        .partial = speech->partial,
    };
    if (config.stream && recognizer_engine_name(config.recognizer)) {
        collect->transcriber = transcriber_create(&config, &transcriber_events, collect);
        return;
    }
    log_warn(NULL, "script collect wants speech but there is no speech engine");
    if (!collect->config.max_digits)
        loop_timer_start(loop_of(collect), &collect->timer, 0, on_deaf, collect);
}

/* --- the operation --- */

static void stop(struct line_op *op)
{
    finish_keys((struct collect *)op, LINE_STOPPED);
}

static void over(struct line_op *op)
{
    struct collect *collect = (struct collect *)op;
    transcriber_destroy(collect->transcriber);
    collect->transcriber = NULL;
}

static void destroy(struct line_op *op)
{
    struct collect *collect = (struct collect *)op;
    loop_timer_stop(loop_of(collect), &collect->timer);
    transcriber_destroy(collect->transcriber);
    mem_wipe(collect->digits, sizeof collect->digits); /* they may be a card's */
    mem_free(collect->terminators);
    mem_free(collect);
}

static const struct line_kind kind = {
    .name = "collect",
    .stop = stop,
    .destroy = destroy,
    .on_key = on_key,
    .on_over = over,
};

struct line_op *line_collect(struct line *line, const struct line_collect_config *config,
                             line_fn fn, void *owner)
{
    struct collect *collect = mem_new(struct collect);
    collect->config = *config;
    collect->terminators = slice_dup(slice_of(config->terminators ? config->terminators : ""));
    line_op_begin(&collect->op, line, &kind, config->control_id, config->status_url, fn, owner);
    if (!config->starts_later)
        wait_for(collect, config->initial_ms);
    if (config->speech.on)
        start_listening(collect);
    collect->config.speech = (struct line_speech){ 0 }; /* borrowed until here */
    return &collect->op;
}

size_t line_hints(const json_t *list, const char *out[LINE_HINTS_MAX])
{
    const json_t *one;
    size_t n = 0, i;
    json_array_foreach(list, i, one)
    {
        if (json_is_string(one) && n < LINE_HINTS_MAX)
            out[n++] = json_string_value(one);
    }
    return n;
}

void line_collect_start_timers(struct line_op *op)
{
    struct collect *collect = (struct collect *)op;
    if (!has_input(collect) && !timer_is_running(&collect->timer))
        wait_for(collect, collect->config.initial_ms);
}
