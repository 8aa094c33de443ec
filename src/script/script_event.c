/* The one source of events: what happened to calls of scripts, for webhooks and RELAY. */
#include "base/loop.h"
#include "script/script_notify.h"

void scripts_tell(struct scripts *scripts, const struct call *call, const char *project_id,
                  const struct script_note *note, json_t *take_params)
{
    scripts_tell_of(scripts, call_id(call), project_id, note, take_params);
}

void scripts_tell_of(struct scripts *scripts, const char *call_id, const char *project_id,
                     const struct script_note *note, json_t *take_params)
{
    json_object_set_new(take_params, "call_id", json_string(call_id));
    json_object_set_new(take_params, "node_id", json_string(scripts->node_id));
    json_object_set_new(take_params, "segment_id", json_string(call_id));
    if (note->control_id && note->control_id[0])
        json_object_set_new(take_params, "control_id", json_string(note->control_id));
    const struct script_event event = {
        .type = note->type,
        .call_id = call_id,
        .project_id = project_id,
        .control_id = note->control_id ? note->control_id : "",
        .url = note->url && note->url[0] ? note->url : NULL,
        .method = note->method ? note->method : "POST",
        .params = take_params,
        .form = note->form,
    };
    notifier_add(scripts->notifier, &event, loop_wall_ms(scripts->config.loop));
    if (scripts->config.on_event)
        scripts->config.on_event(scripts->config.owner, &event);
    json_decref(take_params);
}

void scripts_post(struct scripts *scripts, const struct script_event *event)
{
    notifier_add(scripts->notifier, event, loop_wall_ms(scripts->config.loop));
}

void script_tell(struct script *script, const char *type, const char *control_id,
                 json_t *take_params)
{
    const struct script_note note = {
        .type = type,
        .control_id = control_id,
        .url = param_text(script->value, "status_url", NULL),
    };
    scripts_tell(script->scripts, script->call, script->project_id, &note, take_params);
}
