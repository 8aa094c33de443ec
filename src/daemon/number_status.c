/* The status callback of a phone number: its program is told how each call to it ended. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "call/call.h"
#include "daemon/daemon_priv.h"
#include "script/laml_form.h"
#include "script/script.h"

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* How well the caller was heard: 1 to 5; 0: not measured. */
static double caller_mos(const json_t *view)
{
    const json_t *legs = json_object_get(view, "legs"), *leg;
    size_t i;
    json_array_foreach(legs, i, leg)
    {
        const json_t *received = json_object_get(json_object_get(leg, "media"), "received");
        if (number_of(leg, "leg") == 1)
            return json_number_value(json_object_get(received, "mos"));
    }
    return 0;
}

static json_t *form_of(const struct daemon *daemon, const struct call *call, const char *project_id)
{
    char mos[16];
    json_t *view = call_json(call, true);
    const char *reason =
        json_string_value(json_object_get(json_object_get(view, "cause"), "token"));
    const struct laml_party party = { .call = call, .project_id = project_id };
    const struct laml_state ended = { .state = "ended",
                                      .reason = reason ? reason : "",
                                      .events = "completed",
                                      .now_ms = loop_wall_ms(daemon->env.loop),
                                      .wall_ms = number_of(view, "created_ms") };
    struct laml_progress progress = { .answered_ms = number_of(view, "answered_ms") };
    json_t *form = laml_form_of_state(&party, &ended, &progress);
    if (!number_of(view, "answered_ms")) /* the one other word there is for such a call */
        json_object_set_new(form, "CallStatus", json_string("failed"));
    snprintf(mos, sizeof mos, "%.2f", caller_mos(view));
    json_object_set_new(form, "AudioInMos", json_string(mos));
    json_decref(view);
    return form;
}

void daemon_tell_number(struct daemon *daemon, const struct call *call)
{
    const json_t *told = json_object_get(daemon->call_tellers, call_number(call));
    const char *project_id = json_string_value(json_object_get(told, "project"));
    if (!told)
        return;
    json_t *form = form_of(daemon, call, project_id), *params = json_object();
    const struct script_event event = {
        .type = "calling.call.state",
        .call_id = call_id(call),
        .project_id = project_id,
        .control_id = "",
        .url = json_string_value(json_object_get(told, "url")),
        .method = json_string_value(json_object_get(told, "method")),
        .params = params,
        .form = form,
    };
    scripts_post(daemon->scripts, &event);
    json_decref(form);
    json_decref(params);
}
