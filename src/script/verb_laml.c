/* laml_action: what LaML does behind a verb: tell the customer's server the outcome with a form,
 * and run the document that it answers instead of the current one. Documents of SWML cannot have
 * it. */
#include "script/verb_laml.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "script/laml_form.h"
#include "script/line.h"
#include "script/script_notify.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

/* Documents that send each other on without end must not keep two servers busy. */
enum { REDIRECTS_MAX = 100, REDIRECTS_MS = 10000 };

static const char *text_of(const struct script *script, const char *name)
{
    const char *text = json_string_value(script_get(script, name));
    return text ? text : "";
}

static bool is_result(const struct script *script, const char *name, const char *word)
{
    return strcmp(text_of(script, name), word) == 0;
}

static void put(json_t *form, const char *name, const char *text)
{
    json_object_set_new(form, name, json_string(text));
}

static void put_recording(const struct script *script, const char *prefix, json_t *form)
{
    char url[40], duration[40];
    snprintf(url, sizeof url, "%s_url", prefix);
    snprintf(duration, sizeof duration, "%s_duration", prefix);
    laml_form_put_recording(form, text_of(script, url),
                            json_number_value(script_get(script, duration)));
}

/* --- what each verb tells --- */

static void tell_gather(const struct script *script, const json_t *value, json_t *form)
{
    char confidence[16];
    (void)value;
    if (is_result(script, "prompt_result", "match_speech")) {
        put(form, "SpeechResult", text_of(script, "prompt_value"));
        snprintf(confidence, sizeof confidence, "%.3f",
                 json_number_value(script_get(script, "prompt_speech_confidence")));
        put(form, "Confidence", confidence);
        return;
    }
    put(form, "Digits", text_of(script, "prompt_value"));
    if (text_of(script, "prompt_digit_terminator")[0])
        put(form, "FinishedOnKey", text_of(script, "prompt_digit_terminator"));
}

static void tell_record(const struct script *script, const json_t *value, json_t *form)
{
    (void)value;
    put_recording(script, "record", form);
    if (script->over || !line_leg(script->line))
        put(form, "Digits", "hangup");
}

static void tell_dial(const struct script *script, const json_t *value, json_t *form)
{
    bool connected = is_result(script, "connect_result", "connected");
    char seconds[24];
    put(form, "DialCallStatus",
        connected ? "completed" : laml_status_of(text_of(script, "connect_failed_reason")));
    if (script->peer.call_id[0])
        put(form, "DialCallSid", script->peer.call_id);
    if (connected) {
        int64_t ms = (script->peer.left_ms ? script->peer.left_ms
                                           : loop_now_ms(script->scripts->config.loop)) -
                     script->peer.joined_ms;
        snprintf(seconds, sizeof seconds, "%lld", (long long)((ms + 500) / 1000));
        put(form, "DialCallDuration", seconds);
    }
    put(form, "DialBridged", connected ? "true" : "false");
    if (param_bool(value, "records", false))
        put_recording(script, "record_call", form);
}

static void tell_conference(const struct script *script, const json_t *value, json_t *form)
{
    (void)value;
    put(form, "DialCallStatus",
        is_result(script, "join_conference_result", "failed") ? "failed" : "completed");
}

static void tell_queue(const struct script *script, const json_t *value, json_t *form)
{
    tell_dial(script, value, form);
    put(form, "QueueResult",
        is_result(script, "connect_result", "connected") ? "bridged" : "queue-not-found");
}

static void tell_enqueue(const struct script *script, const json_t *value, json_t *form)
{
    static const struct {
        const char *ours, *theirs;
    } rows[] = { { "connected", "bridged" },
                 { "entering", "hangup" },
                 { "timeout", "leave" },
                 { "failed", "queue-full" } };
    const char *result = "error";
    (void)value;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (is_result(script, "queue_result", rows[i].ours))
            result = rows[i].theirs;
    put(form, "QueueResult", result);
}

static void tell_refer(const struct script *script, const json_t *value, json_t *form)
{
    (void)value;
    put(form, "ReferCallStatus",
        is_result(script, "sip_refer_result", "success") ? "completed" : "failed");
}

static void tell_message(const struct script *script, const json_t *value, json_t *form)
{
    (void)value;
    bool failed = is_result(script, "send_sms_result", "failed");
    if (!failed) {
        put(form, "MessageSid", text_of(script, "send_sms_message_id"));
        put(form, "SmsSid", text_of(script, "send_sms_message_id"));
    }
    put(form, "MessageStatus", failed ? "failed" : "queued");
    put(form, "SmsStatus", failed ? "failed" : "queued");
}

static const struct outcome {
    const char *after;
    void (*tell)(const struct script *script, const json_t *value, json_t *form);
    bool at_end;        /* told too when the call ends meanwhile */
    const char *result; /* the variable and its value without which there is nothing to tell */
    const char *word;
} outcomes[] = {
    { .after = "connect", .tell = tell_dial },
    { .after = "conference", .tell = tell_conference, .at_end = true },
    { .after = "dial", .tell = tell_dial, .at_end = true },
    { .after = "enqueue", .tell = tell_enqueue, .at_end = true },
    { .after = "gather", .tell = tell_gather },
    { .after = "message", .tell = tell_message },
    { .after = "queue", .tell = tell_queue, .at_end = true },
    { .after = "record", .tell = tell_record, .at_end = true, "record_result", "success" },
    { .after = "redirect" },
    { .after = "refer", .tell = tell_refer },
};

static const struct outcome *outcome_of(const json_t *value)
{
    const char *after = param_text(value, "after", "");
    for (size_t i = 0; i < COUNT_OF(outcomes); i++)
        if (strcmp(outcomes[i].after, after) == 0)
            return &outcomes[i];
    return NULL;
}

/* Is there an outcome that its action is to hear of? Without, the next verb follows. */
static bool has_outcome(const struct script *script, const json_t *value,
                        const struct outcome *outcome)
{
    bool is_gather = strcmp(outcome->after, "gather") == 0;
    if (is_gather && !param_bool(value, "always", false))
        return text_of(script, "prompt_value")[0] != '\0';
    return !outcome->result || is_result(script, outcome->result, outcome->word);
}

static json_t *form_of(const struct script *script, const json_t *value,
                       const struct outcome *outcome)
{
    json_t *form = laml_form(script);
    if (outcome->tell)
        outcome->tell(script, value, form);
    return form;
}

/* Posted behind what else the call has to tell; nobody waits for the answer. */
static void post(struct script *script, const char *url, const char *method, json_t *take_form)
{
    const struct script_event event = { .type = "laml",
                                        .call_id = call_id(script->call),
                                        .project_id = script->project_id,
                                        .url = url,
                                        .method = method,
                                        .form = take_form };
    notifier_add(script->scripts->notifier, &event, loop_wall_ms(script->scripts->config.loop));
    json_decref(take_form);
}

static void tell_recording(struct script *script, const json_t *value)
{
    const char *url = param_text(value, "callback", NULL);
    bool is_dial = strcmp(param_text(value, "after", ""), "dial") == 0;
    if (!url || (is_dial && !param_bool(value, "records", false)))
        return;
    json_t *form = laml_form(script);
    put_recording(script, is_dial ? "record_call" : "record", form);
    bool is_there = json_object_get(form, "RecordingUrl") != NULL;
    put(form, "RecordingStatus", is_there ? "completed" : "absent");
    put(form, "RecordingSource", is_dial ? "DialVerb" : "RecordVerb");
    put(form, "RecordingChannels", "1");
    post(script, url, param_text(value, "callback_method", "POST"), form);
}

/* --- the next document --- */

static void on_fetched(void *owner, json_t *take_document, const struct fault *fault)
{
    struct script *script = owner;
    script->state = NULL;
    script->cancel = NULL;
    if (take_document)
        script_begin(script, take_document);
    else
        script_fail(script, fault);
}

static void cancel(struct script *script)
{
    script_fetch_cancel(script->state);
}

static bool too_many(struct script *script)
{
    int64_t now = loop_now_ms(script->scripts->config.loop);
    if (now - script->redirects_since_ms > REDIRECTS_MS) {
        script->redirects_since_ms = now;
        script->redirects = 0;
    }
    return ++script->redirects > REDIRECTS_MAX;
}

static enum verb_next run(struct script *script, const json_t *value)
{
    const struct outcome *outcome = outcome_of(value);
    const char *url = param_text(value, "url", NULL);
    tell_recording(script, value);
    if (!url || !outcome || !has_outcome(script, value, outcome))
        return VERB_DONE;
    if (too_many(script)) {
        struct fault fault;
        fault_set(&fault, ERR_LIMIT, "", 0, "more than %d documents within %d seconds",
                  REDIRECTS_MAX, REDIRECTS_MS / 1000);
        script_fail(script, &fault);
        return VERB_JUMPED;
    }
    const struct script_fetch fetch = { .url = url,
                                        .method = param_text(value, "method", "POST"),
                                        .fallback_url = param_text(value, "fallback_url", NULL),
                                        .fallback_method =
                                            param_text(value, "fallback_method", NULL),
                                        .take_form = form_of(script, value, outcome) };
    script->state = script_fetch(script, &fetch, on_fetched, script);
    script->cancel = cancel;
    return VERB_WAITS;
}

void script_laml_over(struct script *script)
{
    const struct script_frame *frame =
        script->n_frames && script->verb ? &script->frames[script->n_frames - 1] : NULL;
    const json_t *next = frame ? json_array_get(frame->steps, frame->at) : NULL;
    if (json_object_get(next, "stop_record_call")) /* of a Dial */
        next = json_array_get(frame->steps, frame->at + 1);
    const json_t *value = json_object_get(next, "laml_action");
    const struct outcome *outcome = value ? outcome_of(value) : NULL;
    const char *url = param_text(value, "url", NULL);
    if (!outcome || !outcome->at_end)
        return;
    tell_recording(script, value);
    if (url && has_outcome(script, value, outcome))
        post(script, url, param_text(value, "method", "POST"), form_of(script, value, outcome));
}

static enum err check(const json_t *value, struct swml_place *place)
{
    (void)value;
    return swml_fail(place, "method_undefined", "there is no method 'laml_action'");
}

const struct verb verb_laml_action = { .name = "laml_action",
                                       .bare = VERB_ANY_VALUE,
                                       .keeps_all = true,
                                       .in_confirm = true,
                                       .check = check,
                                       .run = run,
                                       .note = "of LaML documents only (docs/laml.md)" };
