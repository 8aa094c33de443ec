#include "script/answered_by.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "script/laml_form.h"
#include "script/line.h"
#include "script/script_priv.h"

struct answered_by {
    struct line_detect_config config;
    char *url, *method; /* "": nobody is told */
    bool is_async;
    struct line *line; /* while it is listened to */
    const char *word;
    void (*fn)(void *owner); /* who waits; NULL: nobody */
    void *owner;
};

struct answered_by *answered_by_create(const struct script_amd *amd)
{
    struct answered_by *answered = mem_new(struct answered_by);
    answered->config = (struct line_detect_config){
        .machine = true,
        .message_end = amd->message_end,
        .timeout_ms = amd->timeout_ms,
        .greeting = { .initial_ms = amd->silence_ms,
                      .end_silence_ms = amd->speech_end_ms,
                      .voice_ms = amd->speech_ms,
                      .words = amd->words },
    };
    answered->is_async = amd->is_async;
    answered->url = slice_dup(slice_of(amd->url ? amd->url : ""));
    answered->method = slice_dup(slice_of(amd->method ? amd->method : "POST"));
    answered->word = "";
    return answered;
}

void answered_by_destroy(struct answered_by *answered)
{
    if (!answered)
        return;
    mem_free(answered->url);
    mem_free(answered->method);
    mem_free(answered);
}

const char *answered_by_word(const struct answered_by *answered)
{
    return answered ? answered->word : "";
}

static const char *word_of(const struct answered_by *answered, const json_t *result)
{
    const char *who = param_text(result, "result", "unknown");
    bool timed_out = (int64_t)param_number(result, "ms", 0) >= answered->config.timeout_ms;
    if (strcmp(who, "machine") != 0)
        return strcmp(who, "human") == 0 ? "human" : "unknown";
    if (!answered->config.message_end)
        return "machine_start";
    return param_bool(result, "beep", false) ? "machine_end_beep"
           : timed_out                       ? "machine_end_other"
                                             : "machine_end_silence";
}

static void tell(const struct answered_by *answered, double ms)
{
    const struct line *line = answered->line;
    const struct laml_party party = { .call = line_call(line),
                                      .far = line_leg(line),
                                      .project_id = line_project(line),
                                      .answered_by = answered->word,
                                      .is_outbound = true };
    char duration[24];
    json_t *form = laml_form_of(&party);
    snprintf(duration, sizeof duration, "%.0f", ms);
    json_object_set_new(form, "MachineDetectionDuration", json_string(duration));
    const struct script_event event = { .type = "laml",
                                        .call_id = call_id(party.call),
                                        .project_id = party.project_id,
                                        .url = answered->url,
                                        .method = answered->method,
                                        .form = form };
    scripts_post(line_scripts(line), &event);
    json_decref(form);
}

static void on_detected(void *owner, enum line_end end, const json_t *result)
{
    struct answered_by *answered = owner;
    void (*fn)(void *) = answered->fn;
    answered->fn = NULL;
    if (end == LINE_OVER)
        return;
    answered->word = word_of(answered, result);
    line_set_answered_by(answered->line, answered->word);
    if (answered->is_async && answered->url[0])
        tell(answered, param_number(result, "ms", 0));
    if (fn)
        fn(answered->owner);
}

void answered_by_start(struct answered_by *answered, struct line *line, void (*fn)(void *owner),
                       void *owner)
{
    answered->line = line;
    answered->owner = owner;
    answered->fn = answered->is_async ? NULL : fn;
    (void)line_detect(line, &answered->config, on_detected, answered);
    if (answered->is_async)
        fn(owner);
}
