/* Calls: placed, listed, redirected and ended, under the names of the compatibility API. What runs
 * on them is the scripts' business, documents of LaML included. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/buf.h"
#include "base/num.h"
#include "call/call.h"
#include "script/script.h"
#include "store/store_programs.h"

/* how many records are looked through for a status, which no index knows */
enum { LIST_MAX = 10000, TEXT_MAX = FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16 };

/* --- what is shown --- */

static const char *live_status(const char *state)
{
    static const struct {
        const char *state, *status;
    } rows[] = { { "ringing", "ringing" }, { "early", "ringing" }, { "up", "in-progress" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].state, state) == 0)
            return rows[i].status;
    return "queued";
}

static json_t *print_call(const struct rest *rest, const struct store_call *row, const char *status)
{
    static const char *const unknown[] = {
        "parent_call_sid",      "phone_number_sid",     "price",          "forwarded_from",
        "caller_name",          "annotation",           "group_sid",      "audio_in_mos",
        "sip_result_code",      "audio_rtt_avg",        "audio_rtt_min",  "audio_rtt_max",
        "audio_out_jitter_min", "audio_out_jitter_max", "audio_out_lost", "audio_out_jitter_avg",
    };
    bool is_out = strcmp(row->face, "script") == 0 || strcmp(row->direction, "out") == 0;
    int64_t until_ms = row->ended_ms ? row->ended_ms : rest_now_ms(rest);
    int64_t seconds = row->answered_ms ? (until_ms - row->answered_ms) / 1000 : 0;
    json_t *call = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "sid", row->id,
                             "account_sid", sw_of(rest)->project_id, "date_created",
                             sw_laml_time(row->created_ms), "date_updated",
                             sw_laml_time(row->ended_ms ? row->ended_ms : row->created_ms), "to",
                             row->to, "formatted_to", row->to, "to_formatted", row->to, "from",
                             row->from, "formatted_from", row->from, "from_formatted", row->from);
    json_t *more =
        json_pack("{s:s, s:o, s:o, s:I, s:s, s:s, s:s, s:o, s:{s:n, s:o}}", "status", status,
                  "start_time", sw_laml_time(row->answered_ms), "end_time",
                  sw_laml_time(row->ended_ms), "duration", (json_int_t)seconds, "price_unit", "USD",
                  "direction", is_out ? "outbound" : "inbound", "api_version", "2010-04-01", "uri",
                  sw_laml_uri(rest, "Calls/%s", row->id), "subresource_uris", "notifications",
                  "recordings", sw_laml_uri(rest, "Calls/%s/Recordings", row->id));
    json_object_update(call, more);
    json_decref(more);
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        json_object_set_new(call, unknown[i], json_null());
    return call;
}

/* The interface has two words: what of a machine was awaited is no matter of the call. */
static void put_answered_by(json_t *call, const json_t *of)
{
    const char *word = sw_text(of, "answered_by");
    if (strcmp(word, "human") == 0 || slice_starts(slice_of(word), SLICE("machine")))
        json_object_set_new(call, "answered_by", json_string(word[0] == 'h' ? "human" : "machine"));
    else
        json_object_set_new(call, "answered_by", json_null());
}

static json_t *view_json(const struct rest *rest, const json_t *view)
{
    struct store_call row;
    sw_call_row(view, &row);
    json_t *call = print_call(rest, &row, live_status(sw_text(view, "state")));
    put_answered_by(call, view);
    return call;
}

static json_t *record_json(const struct rest *rest, const struct store_call *row)
{
    json_t *call = print_call(rest, row, sw_call_status(row));
    json_t *kept = row->stats[0] ? json_loads(row->stats, 0, NULL) : NULL;
    put_answered_by(call, kept);
    json_decref(kept);
    return call;
}

static void reply_live(struct rest *rest, const struct call *call)
{
    json_t *view = call_json(call, false);
    json_t *body = view_json(rest, view);
    json_decref(view);
    rest_reply_take(rest, 200, body);
}

bool sw_laml_command(struct rest *rest, const char *name, const json_t *params, const char *what,
                     json_t **out)
{
    const struct call *call = sw_call_live(rest, rest_captured(rest, 1));
    struct fault fault = { 0 };
    *out = NULL;
    enum err err = call ? scripts_command(rest->api->config.scripts, slice_of(call_id(call)), name,
                                          params, out, &fault)
                        : ERR_NOT_FOUND;
    if (!err)
        return true;
    if (err == ERR_NOT_FOUND)
        rest_fail(rest, 404, "not_found", NULL, "there is no such %s", what);
    else
        sw_laml_refuse(rest, 422, "21220", fault.text);
    return false;
}

/* --- list --- */

static bool is_wanted(const struct rest *rest, const json_t *call)
{
    static const struct {
        const char *param, *key;
    } filters[] = { { "From", "from" },
                    { "To", "to" },
                    { "Status", "status" },
                    { "ParentCallSid", "parent_call_sid" } };
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        const char *asked = sw_laml_param(rest, filters[i].param);
        if (asked[0] && strcmp(asked, sw_text(call, filters[i].key)) != 0)
            return false;
    }
    return true;
}

static void put_wanted(const struct rest *rest, json_t *list, json_t *take_call)
{
    if (is_wanted(rest, take_call))
        json_array_append(list, take_call);
    json_decref(take_call);
}

/* The page, and what bounds it; false: answered. */
static bool read_page(struct rest *rest, struct sw_page *page)
{
    return sw_page_read(rest, page) && sw_laml_dates(rest, "StartTime", page);
}

static void on_records(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    if (!read_page(rest, &page))
        return;
    json_t *list = json_array(), *live = sw_call_views(rest, &page), *view;
    const struct store_call *rows = STORE_ROWS(answer, store_call);
    size_t i;
    json_array_foreach(live, i, view) put_wanted(rest, list, view_json(rest, view));
    json_decref(live);
    for (i = 0; i < answer->n; i++)
        put_wanted(rest, list, record_json(rest, &rows[i]));
    sw_laml_page_reply(rest, &page, "calls", sw_page_cut(&page, list));
}

void sw_laml_call_list(struct rest *rest)
{
    struct sw_page page;
    if (!read_page(rest, &page))
        return;
    const struct store_page asked = {
        .project_id = sw_of(rest)->project_id,
        .from = sw_laml_param(rest, "From"),
        .to = sw_laml_param(rest, "To"),
        .from_ms = page.from_ms,
        .before_ms = page.before_ms ? num_min(page.before_ms, page.until_ms) : page.until_ms,
        .limit = LIST_MAX,
    };
    store_call_page(rest_store(rest), &asked, rest_then(rest, on_records));
}

/* --- one of them --- */

static void on_record(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_call *row = sw_call_record(rest, answer);
    if (!row)
        return;
    if (endpoint == sw_laml_call_show)
        rest_reply_take(rest, 200, record_json(rest, row));
    else if (endpoint == sw_laml_call_remove)
        store_call_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    else
        sw_laml_refuse(rest, 422, "21220", "Call is not in-progress. Cannot redirect or end it.");
}

static void find_record(struct rest *rest)
{
    store_call_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_record));
}

void sw_laml_call_show(struct rest *rest)
{
    const struct call *call = sw_call_live(rest, rest_captured(rest, 1));
    if (call)
        reply_live(rest, call);
    else
        find_record(rest);
}

void sw_laml_call_remove(struct rest *rest)
{
    if (sw_call_live(rest, rest_captured(rest, 1)))
        sw_laml_refuse(rest, 422, "20009", "Cannot delete an object that is not finished");
    else
        find_record(rest);
}

/* The document's source as the body has it; false: none. */
static bool read_source(const struct rest *rest, struct script_source *out)
{
    const json_t *body = rest->body;
    const char *text = sw_text(body, "Twiml");
    const char *method = sw_text(body, "Method"), *other = sw_text(body, "FallbackMethod");
    if (!text[0])
        text = sw_text(body, "Laml");
    *out = (struct script_source){ .url = slice_of(sw_text(body, "Url")),
                                   .is_laml = true,
                                   .text = slice_of(text),
                                   .fallback_url = slice_of(sw_text(body, "FallbackUrl")),
                                   .method = method[0] ? method : NULL,
                                   .fallback_method = other[0] ? other : "POST" };
    return out->url.len || out->text.len;
}

void sw_laml_refuse_script(struct rest *rest, enum err err, const struct fault *fault)
{
    char text[TEXT_MAX];
    fault_print(fault, text, sizeof text);
    if (err == ERR_NOT_FOUND || strcmp(fault->where, "to") == 0)
        sw_laml_refuse(rest, 422, "21217", text);
    else
        sw_laml_refuse(rest, 422, "20422", text);
}

static void end_call(struct rest *rest, struct call *call, const char *status)
{
    bool is_up = call_get_state(call) == CALL_UP;
    if (strcmp(status, "canceled") == 0 && is_up) {
        sw_laml_refuse(rest, 422, "21220", "Cannot cancel a call that is in progress");
        return;
    }
    json_t *view = call_json(call, false);
    json_t *body = view_json(rest, view);
    struct cause cause =
        cause_of_token(is_up ? "hangup" : "cancelled", CAUSE_BY_SYSTEM, "A program ended it.");
    json_object_set_new(body, "status", json_string(is_up ? "completed" : "canceled"));
    json_object_set_new(body, "end_time", sw_laml_time(rest_now_ms(rest)));
    json_decref(view);
    call_end(call, &cause);
    rest_reply_take(rest, 200, body);
}

void sw_laml_call_change(struct rest *rest)
{
    struct call *call = sw_call_live(rest, rest_captured(rest, 1));
    const char *status = sw_text(rest->body, "Status");
    struct script_source source;
    struct fault fault = { 0 };
    bool has_source = read_source(rest, &source);
    if (!call) {
        find_record(rest);
    } else if (status[0]) {
        end_call(rest, call, status);
    } else if (!has_source) {
        sw_laml_refuse(rest, 422, "21205", "One of Url, Laml and Status is required");
    } else if (call_get_state(call) != CALL_UP) {
        sw_laml_refuse(rest, 422, "21220", "Call is not in-progress. Cannot redirect.");
    } else {
        enum err err =
            scripts_redirect(rest->api->config.scripts, slice_of(call_id(call)), &source, &fault);
        if (err)
            sw_laml_refuse_script(rest, err, &fault);
        else
            reply_live(rest, call);
    }
}

/* --- a new one --- */

/* What Record and its like make of record_call; NULL: nothing is recorded. The caller's. */
static json_t *recording_of(const json_t *body, const char *events)
{
    static const struct {
        const char *track, *direction;
    } tracks[] = { { "inbound", "speak" }, { "outbound", "listen" } };
    const char *direction = "both", *track = sw_text(body, "RecordingTrack");
    if (!json_is_true(json_object_get(body, "Record")))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(tracks); i++)
        if (strcmp(tracks[i].track, track) == 0)
            direction = tracks[i].direction;
    return json_pack("{s:b, s:s, s:s, s:s*, s:s*, s:s, s:s*}", "stereo",
                     strcmp(sw_text(body, "RecordingChannels"), "dual") == 0, "direction",
                     direction, "control_id", "OutBoundApi", "status_url",
                     sw_or_null(sw_text(body, "RecordingStatusCallback")), "status_method",
                     sw_or_null(sw_text(body, "RecordingStatusCallbackMethod")), "laml_events",
                     events, "trim", sw_or_null(sw_text(body, "Trim")));
}

static int64_t number_or(const json_t *body, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(body, name);
    return value ? json_integer_value(value) : otherwise;
}

/* Times in milliseconds but for the first; false: who answers is of no account. */
static bool read_amd(const json_t *body, struct script_amd *out)
{
    const char *detection = sw_text(body, "MachineDetection");
    *out = (struct script_amd){
        .message_end = strcmp(detection, "DetectMessageEnd") == 0,
        .is_async = json_is_true(json_object_get(body, "AsyncAmd")),
        .url = sw_or_null(sw_text(body, "AsyncAmdStatusCallback")),
        .method = sw_or_null(sw_text(body, "AsyncAmdStatusCallbackMethod")),
        .timeout_ms = number_or(body, "MachineDetectionTimeout", 30) * 1000,
        .speech_ms = number_or(body, "MachineDetectionSpeechThreshold", 2400),
        .speech_end_ms = number_or(body, "MachineDetectionSpeechEndThreshold", 1200),
        .silence_ms = number_or(body, "MachineDetectionSilenceTimeout", 5000),
        .words = (unsigned)number_or(body, "MachineWordsThreshold", 6), /* 1 to 100 */
    };
    return out->message_end || strcmp(detection, "Enable") == 0;
}

struct script_dial sw_laml_dial(const struct rest *rest)
{
    const json_t *body = rest->body;
    const char *caller_id = sw_text(body, "CallerId");
    return (struct script_dial){
        .project_id = slice_of(sw_of(rest)->project_id),
        .from = slice_of(caller_id[0] ? caller_id : sw_text(body, "From")),
        .to = slice_of(sw_text(body, "To")),
        .username = sw_or_null(sw_text(body, "SipAuthUsername")),
        .password = sw_or_null(sw_text(body, "SipAuthPassword")),
        .timeout_s = (unsigned)json_integer_value(json_object_get(body, "Timeout")), /* 0 to 600 */
        .status_url = sw_or_null(sw_text(body, "StatusCallback")),
        .status_method = sw_or_null(sw_text(body, "StatusCallbackMethod")),
        .reports_laml = true,
    };
}

static void place(struct rest *rest)
{
    char events_mem[SW_LAML_EVENTS_MAX], recording_mem[SW_LAML_EVENTS_MAX];
    struct buf events = BUF_ON(events_mem), recording_events = BUF_ON(recording_mem);
    const json_t *body = rest->body;
    struct script_dial dial = sw_laml_dial(rest);
    dial.send_digits = sw_or_null(sw_text(body, "SendDigits"));
    struct fault fault = { 0 };
    struct call *call;
    if (!read_source(rest, &dial.source)) {
        sw_laml_refuse(rest, 422, "21205", "One of Url, ApplicationSid and Laml is required");
        return;
    }
    if (!sw_laml_events(rest, "StatusCallbackEvent",
                        " initiated ringing answered completed ringing_forwarded ringing_queued ",
                        "completed", &events) ||
        !sw_laml_events(rest, "RecordingStatusCallbackEvent", " in-progress completed absent ",
                        "completed", &recording_events))
        return;
    json_t *record = recording_of(body, buf_cstr(&recording_events));
    struct script_amd amd;
    dial.amd = read_amd(body, &amd) ? &amd : NULL;
    dial.status_events = buf_cstr(&events);
    dial.record = record;
    enum err err = scripts_dial_out(rest->api->config.scripts, &dial, &call, &fault);
    json_decref(record);
    if (err)
        sw_laml_refuse_script(rest, err, &fault);
    else
        reply_live(rest, call);
}

/* An application lends its address, and its callback where the request names none. */
static void on_application(void *owner, const struct store_answer *answer)
{
    static const struct {
        const char *field, *key;
    } lent[] = {
        { "Url", "voice_url" },
        { "Method", "voice_method" },
        { "FallbackUrl", "voice_fallback_url" },
        { "FallbackMethod", "voice_fallback_method" },
        { "StatusCallback", "status_callback" },
        { "StatusCallbackMethod", "status_callback_method" },
    };
    struct rest *rest = owner;
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (!row || strcmp(row->project_id, sw_of(rest)->project_id) != 0 ||
        strcmp(row->type, "cxml_application") != 0) {
        sw_laml_refuse(rest, 422, "21218", "ApplicationSid is no application of this account");
        return;
    }
    json_t *application = json_loads(row->body, 0, NULL);
    for (size_t i = 0; i < COUNT_OF(lent); i++)
        if (!sw_text(rest->body, lent[i].field)[0] && sw_text(application, lent[i].key)[0])
            json_object_set(rest->body, lent[i].field, json_object_get(application, lent[i].key));
    json_decref(application);
    place(rest);
}

void sw_laml_call_add(struct rest *rest)
{
    const char *application = sw_text(rest->body, "ApplicationSid");
    struct script_source source;
    if (!rest->api->config.scripts)
        rest_fail(rest, 503, "unsupported", NULL, "calls cannot be placed here");
    else if (application[0] && !read_source(rest, &source))
        store_resource_find(rest_store(rest), application, rest_then(rest, on_application));
    else
        place(rest);
}
