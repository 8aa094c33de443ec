/* Streams of a live call's audio to a program's WebSocket, under the names of the compatibility
 * API: begun and ended. What they are is the script floor's business. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "base/rand.h"

enum { PARAMETERS_MAX = 99 };

static json_t *stream_json(const struct rest *rest, const char *sid, const char *name,
                           const char *status)
{
    const char *call = rest_captured(rest, 1);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "sid", sid, "account_sid",
                     sw_of(rest)->project_id, "call_sid", call, "name", name, "status", status,
                     "date_updated", sw_laml_time(rest_now_ms(rest)), "uri",
                     sw_laml_uri(rest, "Calls/%s/Streams/%s", call, sid));
}

/* Parameter1.Name, Parameter1.Value … of the body; the caller's. */
static json_t *read_parameters(const json_t *body)
{
    json_t *parameters = json_object();
    char name[32], value[32];
    for (int i = 1; i <= PARAMETERS_MAX; i++) {
        snprintf(name, sizeof name, "Parameter%d.Name", i);
        snprintf(value, sizeof value, "Parameter%d.Value", i);
        if (sw_text(body, name)[0])
            json_object_set_new(parameters, sw_text(body, name), json_string(sw_text(body, value)));
    }
    return parameters;
}

void sw_laml_stream_add(struct rest *rest)
{
    const json_t *body = rest->body;
    const char *track = sw_text(body, "Track"), *name = sw_text(body, "Name");
    const char *token = sw_text(body, "AuthorizationBearerToken");
    const char *callback = sw_text(body, "StatusCallback");
    const char *method = sw_text(body, "StatusCallbackMethod");
    char sid[UUID_TEXT];
    json_t *answer;
    rand_uuid(sid);
    json_t *params = json_pack(
        "{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:b, s:o}", "control_id", sid, "url",
        sw_text(body, "Url"), "track", track[0] ? track : "both_tracks", "name",
        name[0] ? name : NULL, "authorization_bearer_token", token[0] ? token : NULL, "status_url",
        callback[0] ? callback : NULL, "status_url_method", method[0] ? method : NULL, "laml", true,
        "custom_parameters", read_parameters(body));
    bool is_done = sw_laml_command(rest, "calling.stream", params, "call", &answer);
    json_decref(params);
    if (!is_done)
        return;
    json_decref(answer);
    rest_reply_take(rest, 200, stream_json(rest, sid, name, "in-progress"));
}

/* By its id, or by the name that it was given. */
void sw_laml_stream_change(struct rest *rest)
{
    json_t *answer, *params = json_pack("{s:s}", "control_id", rest_captured(rest, 2));
    bool is_done = sw_laml_command(rest, "calling.stream.stop", params, "stream", &answer);
    json_decref(params);
    if (!is_done)
        return;
    json_t *stream =
        stream_json(rest, sw_text(answer, "control_id"), sw_text(answer, "name"), "stopped");
    json_decref(answer);
    rest_reply_take(rest, 200, stream);
}
