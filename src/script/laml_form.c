#include "script/laml_form.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/web_url.h"
#include "script/line.h"
#include "script/script_priv.h"

const char *laml_status_of(const char *token)
{
    static const struct {
        const char *token, *status;
    } rows[] = {
        { "busy", "busy" },           { "busy_everywhere", "busy" },
        { "no_answer", "no-answer" }, { "timeout", "no-answer" },
        { "declined", "busy" },       { "unavailable", "no-answer" },
        { "cancelled", "canceled" },  { "not_confirmed", "no-answer" },
        { "hangup", "canceled" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].token, token) == 0)
            return rows[i].status;
    return "failed";
}

static const char *call_status(const struct laml_party *party)
{
    if (!party->far)
        return "completed";
    if (party->far->state == LEG_UP)
        return "in-progress";
    return party->is_outbound && party->far->state < LEG_RINGING ? "queued" : "ringing";
}

static void put(json_t *form, const char *name, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(form, name, value ? value : json_string(""));
}

/* X- headers of the INVITE as SipHeader_X-Name. */
static void put_headers(json_t *form, const struct call *call)
{
    enum { HEADERS_MAX = 40 };
    const char *name;
    json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)call_headers(call), name, value)
    {
        char field[120];
        bool fits = slice_istarts(slice_of(name), SLICE("X-")) && strlen(name) < 100;
        if (!fits || !json_is_string(value) || n++ == HEADERS_MAX)
            continue;
        snprintf(field, sizeof field, "SipHeader_%s", name);
        put(form, field, json_string_value(value));
    }
}

json_t *laml_form_of(const struct laml_party *party)
{
    const struct call *call = party->call;
    json_t *form = json_object();
    put(form, "CallSid", call_id(call));
    put(form, "AccountSid", party->project_id);
    put(form, "ApiVersion", "2010-04-01");
    put(form, "From", call_from(call));
    put(form, "To", call_to(call));
    put(form, "Caller", call_from(call));
    put(form, "Called", call_to(call));
    put(form, "Direction", party->is_outbound ? "outbound-api" : "inbound");
    put(form, "CallStatus", call_status(party));
    if (call_from_name(call)[0])
        put(form, "CallerName", call_from_name(call));
    if (party->answered_by && party->answered_by[0])
        put(form, "AnsweredBy", party->answered_by);
    put_headers(form, call);
    return form;
}

json_t *laml_form(const struct script *script)
{
    const struct leg *far = script->line ? line_leg(script->line) : NULL;
    const char *direction = param_text(script->call_info, "direction", "inbound");
    const struct laml_party party = { .call = script->call,
                                      .far = far,
                                      .project_id = script->project_id,
                                      .answered_by =
                                          script->line ? line_answered_by(script->line) : "",
                                      .is_outbound = strcmp(direction, "outbound") == 0 };
    return laml_form_of(&party);
}

json_t *laml_form_of_called(const struct script *script, const struct call *call,
                            const struct leg *far)
{
    const struct laml_party party = { .call = call, .far = far, .project_id = script->project_id };
    json_t *form = laml_form_of(&party);
    put(form, "Direction", "outbound-dial");
    put(form, "ParentCallSid", call_id(script->call));
    return form;
}

static bool is_word(const char *words, const char *word)
{
    struct slice rest = slice_of(words);
    while (rest.len)
        if (slice_is(slice_word(&rest), word))
            return true;
    return false;
}

static void put_timestamp(json_t *form, int64_t wall_ms)
{
    time_t wall = (time_t)(wall_ms / 1000);
    struct tm utc = { 0 };
    char text[40];
    (void)gmtime_r(&wall, &utc);
    (void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &utc);
    put(form, "Timestamp", text);
}

static void put_moment(json_t *form, unsigned sequence, int64_t wall_ms)
{
    char text[16];
    put_timestamp(form, wall_ms);
    snprintf(text, sizeof text, "%u", sequence);
    put(form, "SequenceNumber", text);
}

json_t *laml_form_of_stream(const struct laml_party *party, const struct laml_stream *stream)
{
    json_t *form = laml_form_of(party);
    put(form, "StreamSid", stream->id);
    put(form, "StreamName", stream->name ? stream->name : "");
    put(form, "StreamEvent", stream->event);
    if (stream->error)
        put(form, "StreamError", stream->error);
    put_timestamp(form, stream->wall_ms);
    return form;
}

json_t *laml_form_of_state(const struct laml_party *party, const struct laml_state *state,
                           struct laml_progress *progress)
{
    static const struct {
        const char *state, *event, *status;
    } rows[] = { { "created", "initiated", "initiated" },
                 { "ringing", "ringing", "ringing" },
                 { "answered", "answered", "in-progress" },
                 { "ended", "completed", "completed" } };
    size_t i = 0;
    char seconds[24];
    while (i < COUNT_OF(rows) - 1 && strcmp(rows[i].state, state->state) != 0)
        i++;
    unsigned sequence = progress->sequence++;
    if (strcmp(state->state, "answered") == 0)
        progress->answered_ms = state->now_ms;
    if (!is_word(state->events, rows[i].event))
        return NULL;
    json_t *form = laml_form_of(party);
    bool is_end = strcmp(rows[i].event, "completed") == 0, was_up = progress->answered_ms != 0;
    put(form, "CallStatus", is_end && !was_up ? laml_status_of(state->reason) : rows[i].status);
    put(form, "CallbackSource", "call-progress-events");
    put_moment(form, sequence, state->wall_ms);
    if (!is_end)
        return form;
    snprintf(seconds, sizeof seconds, "%" PRId64,
             was_up ? (state->now_ms - progress->answered_ms + 999) / 1000 : 0);
    put(form, "CallDuration", seconds);
    return form;
}

/* --- conferences --- */

json_t *laml_form_of_conference(const char *project_id, const char *call_id, const json_t *params,
                                unsigned sequence, int64_t wall_ms)
{
    static const struct {
        const char *field, *param;
    } flags[] = { { "Muted", "muted" },
                  { "Hold", "hold" },
                  { "Coaching", "coaching" },
                  { "StartConferenceOnEnter", "start_on_join" },
                  { "EndConferenceOnExit", "end_on_leave" } };
    json_t *form = json_object();
    const char *event = param_text(params, "status", "");
    bool is_of_one = slice_starts(slice_of(event), SLICE("participant-"));
    put(form, "AccountSid", project_id);
    put(form, "ConferenceSid", param_text(params, "conference_id", ""));
    put(form, "FriendlyName", param_text(params, "name", ""));
    put(form, "StatusCallbackEvent", event);
    put_moment(form, sequence, wall_ms);
    if (is_of_one)
        put(form, "CallSid", call_id);
    else if (strcmp(event, "conference-end") == 0)
        put(form, "CallSidEndingConference", call_id);
    for (size_t i = 0; i < COUNT_OF(flags) && is_of_one; i++)
        put(form, flags[i].field, param_bool(params, flags[i].param, false) ? "true" : "false");
    return form;
}

/* --- recordings --- */

void laml_form_put_recording(json_t *form, const char *url, double duration_s)
{
    struct slice bare = slice_of(url);
    size_t slash = bare.len, dot = bare.len;
    char seconds[16];
    while (slash > 0 && url[slash - 1] != '/')
        slash--;
    if (!slash)
        return;
    while (dot > slash && url[dot - 1] != '.')
        dot--;
    if (dot > slash)
        bare.len = dot - 1;
    snprintf(seconds, sizeof seconds, "%.0f", duration_s < 1e6 ? duration_s : 1e6);
    json_object_set_new(form, "RecordingUrl", json_stringn(bare.ptr, bare.len));
    json_object_set_new(form, "RecordingSid", json_stringn(url + slash, bare.len - slash));
    put(form, "RecordingDuration", seconds);
}

const char *laml_recording_status(const char *state)
{
    static const char *const rows[][2] = { { "recording", "in-progress" },
                                           { "paused", "paused" },
                                           { "no_input", "absent" },
                                           { "error", "absent" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i][0], state) == 0)
            return rows[i][1];
    return "completed";
}

bool laml_form_put_record(json_t *form, const json_t *params, const char *control_id,
                          const char *events)
{
    const char *status = laml_recording_status(param_text(params, "state", ""));
    const json_t *audio = json_object_get(json_object_get(params, "record"), "audio");
    bool is_dial = strcmp(control_id, "OutBoundApi") == 0;
    if (!is_word(events, status))
        return false;
    laml_form_put_recording(form, param_text(params, "url", ""),
                            param_number(params, "duration", 0));
    put(form, "RecordingStatus", status);
    put(form, "RecordingChannels", param_bool(audio, "stereo", false) ? "2" : "1");
    put(form, "RecordingSource", is_dial ? "OutBoundApi" : "StartCallRecordingApi");
    return true;
}

json_t *laml_form_of_text(const json_t *message, const char *project_id)
{
    static const char *const names[][2] = {
        { "MessageSid", "message_id" },
        { "SmsSid", "message_id" },
        { "From", "from" },
        { "To", "to" },
        { "Body", "body" },
    };
    char name[32], number[24];
    const json_t *media = json_object_get(message, "media");
    json_t *form = json_pack("{s:s, s:s, s:s, s:s}", "AccountSid", project_id, "ApiVersion",
                             "2010-04-01", "MessageStatus", "received", "SmsStatus", "received");
    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_object_set_new(form, names[i][0], json_string(param_text(message, names[i][1], "")));
    snprintf(number, sizeof number, "%zu", json_array_size(media));
    json_object_set_new(form, "NumMedia", json_string(number));
    snprintf(number, sizeof number, "%lld",
             (long long)json_integer_value(json_object_get(message, "segments")));
    json_object_set_new(form, "NumSegments", json_string(number));
    for (size_t i = 0; i < json_array_size(media); i++) {
        snprintf(name, sizeof name, "MediaUrl%u", (unsigned)i); /* at most 8 */
        json_object_set(form, name, json_object_get(json_array_get(media, i), "url"));
    }
    return form;
}

char *laml_form_print(const json_t *form)
{
    const char *name;
    json_t *value;
    size_t cap = 1;
    json_object_foreach((json_t *)(uintptr_t)form, name, value) cap +=
        3 * (strlen(name) + json_string_length(value)) + 2;
    struct buf out;
    buf_init(&out, mem_alloc(cap), cap);
    json_object_foreach((json_t *)(uintptr_t)form, name, value)
    {
        if (out.len)
            buf_char(&out, '&');
        web_form_put(&out, slice_of(name));
        buf_char(&out, '=');
        web_form_put(&out, slice_make(json_string_value(value), json_string_length(value)));
    }
    (void)buf_cstr(&out);
    return out.ptr;
}

bool laml_form_sign(struct slice key, struct slice url, const json_t *form,
                    char out[WEB_SIGNATURE_MAX])
{
    struct web_signature_field fields[WEB_SIGNATURE_FIELDS_MAX];
    const char *name;
    json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)form, name, value)
    {
        if (n == COUNT_OF(fields))
            return false;
        fields[n++] =
            (struct web_signature_field){ slice_of(name), slice_make(json_string_value(value),
                                                                     json_string_length(value)) };
    }
    return web_signature_form(key, url, fields, n, out);
}
