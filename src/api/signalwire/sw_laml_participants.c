/* Somebody is called, and is in a conference once he answers. The vendor's description does not
 * have it; programs written for Twilio's library ask for it. */
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/buf.h"
#include "base/num.h"
#include "call/call.h"
#include "script/script.h"

static const struct {
    const char *field, *param; /* of the body, of join_conference */
} pairs[] = {
    { "Muted", "muted" },
    { "Beep", "beep" },
    { "StartConferenceOnEnter", "start_on_enter" },
    { "EndConferenceOnExit", "end_on_exit" },
    { "WaitUrl", "wait_url" },
    { "MaxParticipants", "max_participants" },
    { "CallSidToCoach", "coach" },
    { "ConferenceRecord", "record" },
    { "ConferenceTrim", "trim" },
    { "ConferenceStatusCallback", "status_callback" },
    { "ConferenceStatusCallbackMethod", "status_callback_method" },
    { "ConferenceRecordingStatusCallback", "recording_status_callback" },
    { "ConferenceRecordingStatusCallbackMethod", "recording_status_callback_method" },
};

/* One step: he stays until the conference is over. The caller's. */
static json_t *document_of(const json_t *body, const char *conference, const char *events)
{
    json_t *join = json_pack("{s:s, s:s, s:s}", "name", conference, "status_callback_event_type",
                             "laml", "recording_status_callback_event_type", "laml");
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (json_object_get(body, pairs[i].field))
            json_object_set(join, pairs[i].param, json_object_get(body, pairs[i].field));
    if (events[0])
        json_object_set_new(join, "status_callback_event", json_string(events));
    return json_pack("{s:s, s:{s:[{s:o}]}}", "version", "1.0.0", "sections", "main",
                     "join_conference", join);
}

static void reply(struct rest *rest, const char *conference_id, const struct call *call)
{
    const json_t *body = rest->body, *starts = json_object_get(body, "StartConferenceOnEnter");
    json_t *member = json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:I}", "call_id", call_id(call),
                               "coach", sw_text(body, "CallSidToCoach"), "muted",
                               json_is_true(json_object_get(body, "Muted")), "held", 0, "starts",
                               !starts || json_is_true(starts), "ends_on_exit",
                               json_is_true(json_object_get(body, "EndConferenceOnExit")),
                               "joined_ms", (json_int_t)rest_now_ms(rest));
    json_t *participant = sw_laml_participant_json(rest, conference_id, member);
    json_object_set_new(participant, "status", json_string("queued"));
    json_decref(member);
    rest_reply_take(rest, 201, participant);
}

static void place(struct rest *rest, const char *conference_id, const char *name)
{
    char events_mem[SW_LAML_EVENTS_MAX], room_mem[SW_LAML_EVENTS_MAX];
    struct buf events = BUF_ON(events_mem), room_events = BUF_ON(room_mem);
    const json_t *body = rest->body;
    struct script_dial dial = sw_laml_dial(rest);
    struct fault fault = { 0 };
    struct call *call;
    if (!sw_laml_events(rest, "StatusCallbackEvent", " initiated ringing answered completed ",
                        "completed", &events) ||
        !sw_laml_events(rest, "ConferenceStatusCallbackEvent",
                        " start end join leave mute hold speaker ", "", &room_events))
        return;
    json_t *document = document_of(body, name, buf_cstr(&room_events));
    dial.source.document = document;
    dial.status_events = buf_cstr(&events);
    enum err err = scripts_dial_out(rest->api->config.scripts, &dial, &call, &fault);
    json_decref(document);
    if (err)
        sw_laml_refuse_script(rest, err, &fault);
    else
        reply(rest, conference_id, call);
}

/* The path has its id, or its name, and then it need not be there yet. */
void sw_laml_participant_add(struct rest *rest)
{
    static const size_t uuid_len = 36;
    const char *asked = rest_captured(rest, 1);
    if (!rest->api->config.scripts) {
        rest_fail(rest, 503, "unsupported", NULL, "calls cannot be placed here");
        return;
    }
    json_t *all = sw_laml_own_conferences(rest), *one;
    const json_t *live = sw_laml_find_conference(rest, all);
    size_t i;
    json_array_foreach(all, i, one)
    {
        if (!live && strcmp(sw_text(one, "name"), asked) == 0)
            live = one;
    }
    if (live)
        place(rest, sw_text(live, "id"), sw_text(live, "name"));
    else if (strlen(asked) == uuid_len && asked[8] == '-')
        rest_fail(rest, 404, "not_found", NULL, "there is no such conference");
    else
        place(rest, "", asked);
    json_decref(all);
}
