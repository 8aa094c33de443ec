/* Recordings under the names of the compatibility API: begun, ended, listed, and the sound itself.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/signalwire/sw_laml.h"
#include "api/signalwire/sw_recordings.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/rand.h"
#include "script/conference.h"

static json_t *recording_json(const struct rest *rest, const struct store_recording *row)
{
    bool is_over = strcmp(row->status, "in-progress") != 0 && strcmp(row->status, "paused") != 0;
    int64_t end_ms = is_over ? row->created_ms + row->duration_ms : 0;
    json_t *recording = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "sid", row->id,
        "account_sid", sw_of(rest)->project_id, "api_version", "2010-04-01", "call_sid",
        sw_text_or_null(row->call_id), "conference_sid", sw_text_or_null(row->conference_id),
        "channel", "1", "channels", row->channels == 2 ? "2" : "1", "date_created",
        sw_laml_time(row->created_ms), "date_updated", sw_laml_time(row->updated_ms), "start_time",
        sw_laml_time(row->created_ms), "end_time", sw_laml_time(end_ms), "duration",
        (json_int_t)(row->duration_ms / 1000));
    json_t *more =
        json_pack("{s:n, s:s, s:s, s:s, s:n, s:o, s:{s:o}, s:n, s:s}", "price", "price_unit", "USD",
                  "source", row->source, "status", row->status, "error_code", "uri",
                  sw_laml_uri(rest, "Recordings/%s", row->id), "subresource_uris", "transcriptions",
                  sw_laml_uri(rest, "Recordings/%s/Transcriptions", row->id), "encryption_details",
                  "trim", row->trims ? "trim-silence" : "do-not-trim");
    json_object_update(recording, more);
    json_decref(more);
    return recording;
}

/* --- list --- */

static json_t *listed(const struct rest *rest, const void *of)
{
    return recording_json(rest, of);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_recording, listed, &page);
    if (list)
        sw_laml_page_reply(rest, &page, "recordings", list);
}

static void list(struct rest *rest, const char *call, const char *conference)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page) || !sw_laml_dates(rest, "DateCreated", &page))
        return;
    struct store_recording_filter filter = sw_recording_filter(rest, &page);
    filter.call_id = call;
    filter.conference_id = conference;
    store_recording_list(rest_store(rest), &filter, rest_then(rest, on_list));
}

static void list_of_call(struct rest *rest)
{
    list(rest, rest_captured(rest, 1), sw_laml_param(rest, "ConferenceSid"));
}

static void on_call(void *owner, const struct store_answer *answer)
{
    if (sw_call_record(owner, answer))
        list_of_call(owner);
}

/* Of the account, or of one call of it. */
void sw_laml_recording_list(struct rest *rest)
{
    if (rest->path.n < 2)
        list(rest, sw_laml_param(rest, "CallSid"), sw_laml_param(rest, "ConferenceSid"));
    else if (sw_call_live(rest, rest_captured(rest, 1)))
        list_of_call(rest);
    else
        store_call_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_call));
}

void sw_laml_list_of_conference(struct rest *rest)
{
    list(rest, "", rest_captured(rest, 1));
}

/* --- one of them --- */

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_recording *row = sw_found_recording(rest, answer);
    if (!row)
        return;
    if (sw_of(rest)->endpoint->handle == sw_laml_recording_show)
        rest_reply_take(rest, 200, recording_json(rest, row));
    else
        sw_recording_drop(rest, row);
}

void sw_laml_recording_show(struct rest *rest)
{
    if (sw_of(rest)->is_sound)
        sw_recording_send(rest, rest_captured(rest, 1));
    else
        store_recording_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_found));
}

void sw_laml_recording_remove(struct rest *rest)
{
    store_recording_find(rest_store(rest), rest_captured(rest, 1), rest_then(rest, on_found));
}

/* --- of a conference --- */

/* The row if it is that conference's; NULL: answered. */
static const struct store_recording *find_of_conference(struct rest *rest,
                                                        const struct store_answer *answer)
{
    const struct store_recording *row = sw_found_recording(rest, answer);
    if (!row || strcmp(row->conference_id, rest_captured(rest, 1)) == 0)
        return row;
    rest_fail(rest, 404, "not_found", NULL, "there is no such recording");
    return NULL;
}

static void on_conference_shown(void *owner, const struct store_answer *answer)
{
    const struct store_recording *row = find_of_conference(owner, answer);
    if (row)
        rest_reply_take(owner, 200, recording_json(owner, row));
}

void sw_laml_conference_recording_show(struct rest *rest)
{
    store_recording_find(rest_store(rest), rest_captured(rest, 2),
                         rest_then(rest, on_conference_shown));
}

static void on_conference_removed(void *owner, const struct store_answer *answer)
{
    const struct store_recording *row = find_of_conference(owner, answer);
    if (row)
        sw_recording_drop(owner, row);
}

void sw_laml_conference_recording_remove(struct rest *rest)
{
    store_recording_find(rest_store(rest), rest_captured(rest, 2),
                         rest_then(rest, on_conference_removed));
}

static void on_conference_changed(void *owner, const struct store_answer *answer)
{
    static const struct {
        const char *status, *behavior;
        enum conference_record_order order;
    } orders[] = { { "paused", "skip", CONFERENCE_RECORD_PAUSE },
                   { "paused", "silence", CONFERENCE_RECORD_SILENCE },
                   { "in-progress", "", CONFERENCE_RECORD_RESUME },
                   { "stopped", "", CONFERENCE_RECORD_STOP } };
    struct rest *rest = owner;
    const char *status = sw_text(rest->body, "Status");
    const char *behavior = sw_text(rest->body, "PauseBehavior");
    const struct store_recording *row =
        find_of_conference(rest, answer); /* NULL: the rest is gone */
    size_t i = 0;
    if (!row)
        return;
    if (!behavior[0])
        behavior = "silence";
    while (strcmp(orders[i].status, status) != 0 ||
           (orders[i].behavior[0] && strcmp(orders[i].behavior, behavior) != 0))
        i++; /* the body's table let only these words in */
    if (conference_order_record(rest->api->config.scripts, sw_of(rest)->project_id,
                                row->conference_id, row->id, orders[i].order)) {
        sw_laml_refuse(rest, 422, "21220", "Status: this recording is not in progress");
        return;
    }
    struct store_recording now = *row;
    now.status = status;
    now.updated_ms = rest_now_ms(rest);
    rest_reply_take(rest, 200, recording_json(rest, &now));
}

void sw_laml_conference_recording_change(struct rest *rest)
{
    store_recording_find(rest_store(rest), rest_captured(rest, 2),
                         rest_then(rest, on_conference_changed));
}

/* --- of a call that is up --- */

static const char *given(const json_t *body, const char *name)
{
    const char *text = sw_text(body, name);
    return text[0] ? text : NULL;
}

void sw_laml_recording_add(struct rest *rest)
{
    const json_t *body = rest->body;
    const char *track = sw_text(body, "RecordingTrack");
    bool is_dual = strcmp(sw_text(body, "RecordingChannels"), "dual") == 0;
    bool trims = strcmp(sw_text(body, "Trim"), "trim-silence") == 0;
    const char *direction = strcmp(track, "inbound") == 0    ? "speak"
                            : strcmp(track, "outbound") == 0 ? "listen"
                                                             : "both";
    char id[UUID_TEXT], events_mem[SW_LAML_EVENTS_MAX];
    struct buf events = BUF_ON(events_mem);
    if (!sw_laml_events(rest, "RecordingStatusCallbackEvent", " in-progress completed absent ",
                        "completed", &events))
        return;
    /* until it is stopped: neither keys nor silence end it */
    json_t *params = json_pack(
        "{s:{s:{s:s, s:b, s:s, s:s, s:i, s:i}}, s:s*, s:s*, s:s, s:b}", "record", "audio", "format",
        "wav", "stereo", is_dual, "direction", direction, "terminators", "", "initial_timeout", 0,
        "end_silence_timeout", 0, "status_url", given(body, "RecordingStatusCallback"),
        "status_method", given(body, "RecordingStatusCallbackMethod"), "laml_events",
        buf_cstr(&events), "laml_trim", trims);
    json_t *answer;
    bool is_done = sw_laml_command(rest, "calling.record", params, "recording", &answer);
    json_decref(params);
    if (!is_done)
        return;
    sw_recording_id(sw_text(answer, "url"), id);
    json_decref(answer);
    const struct store_recording row = { .id = id,
                                         .call_id = rest_captured(rest, 1),
                                         .conference_id = "",
                                         .source = "StartCallRecordingApi",
                                         .status = "in-progress",
                                         .channels = is_dual ? 2 : 1,
                                         .trims = trims,
                                         .created_ms = rest_now_ms(rest),
                                         .updated_ms = rest_now_ms(rest) };
    rest_reply_take(rest, 200, recording_json(rest, &row));
}

static void on_stopped(void *owner, const struct store_answer *answer)
{
    static const struct {
        const char *asked, *command;
    } moves[] = { { "stopped", "calling.record.stop" },
                  { "paused", "calling.record.pause" },
                  { "in-progress", "calling.record.resume" } };
    struct rest *rest = owner;
    const char *status = sw_text(rest->body, "Status");
    const char *behavior = sw_text(rest->body, "PauseBehavior");
    const struct store_recording *row =
        sw_found_recording(rest, answer); /* NULL: the rest is gone */
    json_t *said;
    if (!row)
        return;
    json_t *params = json_pack("{s:s*}", "behavior", behavior[0] ? behavior : NULL);
    size_t move = 0;
    while (strcmp(moves[move].asked, status) != 0)
        move++; /* the body's table let only these words in */
    bool is_done = sw_laml_command(rest, moves[move].command, params, "recording", &said);
    json_decref(params);
    if (!is_done)
        return;
    json_decref(said);
    struct store_recording now = *row;
    now.status = status;
    now.updated_ms = rest_now_ms(rest);
    rest_reply_take(rest, 200, recording_json(rest, &now));
}

static void on_current(void *owner, const struct store_answer *answer)
{
    if (!answer->err && !answer->n)
        rest_fail(owner, 404, "not_found", NULL, "no recording is being made");
    else
        on_stopped(owner, answer);
}

/* By its id, or by the name that Twilio's programs have for the one that is being made. */
void sw_laml_recording_change(struct rest *rest)
{
    if (strcmp(rest_captured(rest, 2), "Twilio.CURRENT") == 0) {
        const struct store_recording_filter filter = { .project_id = sw_of(rest)->project_id,
                                                       .call_id = rest_captured(rest, 1),
                                                       .is_unfinished = true,
                                                       .limit = 1 };
        store_recording_list(rest_store(rest), &filter, rest_then(rest, on_current));
        return;
    }
    store_recording_find(rest_store(rest), rest_captured(rest, 2), rest_then(rest, on_stopped));
}
