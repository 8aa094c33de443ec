/* stream, stop_stream. */
#include <string.h>

#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"

static enum verb_next fail(struct script *script, const char *text)
{
    script_warn(script, "relay_script_method_execute_failed: stream: %s", text);
    script_result(script, "stream", "failed");
    return VERB_DONE;
}

static enum verb_next run(struct script *script, const json_t *value)
{
    const char *track = param_text(value, "track", "inbound_track");
    struct line_fork_config config = {
        .url = param_text(value, "url", ""),
        .token = param_text(value, "authorization_bearer_token", NULL),
        .name = param_text(value, "name", NULL),
        .custom = json_object_get(value, "custom_parameters"),
        .inbound = strcmp(track, "outbound_track") != 0,
        .outbound = strcmp(track, "inbound_track") != 0,
        .control_id = param_text(value, "control_id", NULL),
        .status_url = param_text(value, "status_url", NULL),
        .status_method = param_text(value, "status_url_method", NULL),
        .is_laml = param_bool(value, "laml", false),
    };
    struct line_op *op = NULL;
    struct fault fault = { 0 };
    if (!line_fork_codec(param_text(value, "codec", "PCMU"), &config.codec, &config.rate_hz))
        return fail(script, "codec is PCMU, L16 or L16@16000h (8000, 16000, 24000, 48000)");
    if (config.control_id && line_find(script->line, "stream", config.control_id))
        return fail(script, "this control_id is in use");
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (line_fork(script->line, &config, &op, &fault) != OK)
        return fail(script, fault.text);
    script_set_text(script, "stream_control_id", op->control_id);
    script_result(script, "stream", "success");
    return VERB_DONE;
}

static enum verb_next stop(struct script *script, const json_t *value)
{
    struct line_op *op = line_find(script->line, "stream", param_text(value, "control_id", NULL));
    script_result(script, "stop_stream", op ? "success" : "failed");
    if (op)
        line_op_stop(op);
    return VERB_DONE;
}

static const struct verb_param params[] = {
    { .name = "url", .types = VERB_TEXT, .required = true },
    { .name = "control_id", .types = VERB_TEXT },
    { .name = "name", .types = VERB_TEXT },
    { .name = "track", .types = VERB_TEXT, .words = "inbound_track|outbound_track|both_tracks" },
    { .name = "codec", .types = VERB_TEXT },
    { .name = "status_url", .types = VERB_TEXT },
    { .name = "status_url_method", .types = VERB_TEXT, .words = "GET|POST" },
    { .name = "authorization_bearer_token", .types = VERB_TEXT },
    { .name = "custom_parameters", .types = VERB_OBJECT },
    { 0 },
};
static const struct verb_param stop_params[] = { { .name = "control_id", .types = VERB_TEXT },
                                                 { 0 } };

const struct verb verb_stream = {
    .name = "stream",
    .params = params,
    .in_confirm = true,
    .run = run,
    .note = "frames as Media Streams has them; PCMU or L16; what comes back is played"
};
const struct verb verb_stop_stream = { .name = "stop_stream",
                                       .params = stop_params,
                                       .bare = "control_id",
                                       .in_confirm = true,
                                       .run = stop };
