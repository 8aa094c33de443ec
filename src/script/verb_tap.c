/* tap, stop_tap. */
#include <string.h>

#include "media/codecs.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"

enum { PTIME_MS = 20 };

static enum verb_next fail(struct script *script, const char *text)
{
    script_warn(script, "relay_script_method_execute_failed: tap: %s", text);
    script_result(script, "tap", "failed");
    return VERB_DONE;
}

/* rtp://192.0.2.7:4000, ws://…, wss://… */
static enum err place(const char *uri, struct line_tap_config *config)
{
    const struct slice text = slice_of(uri);
    if (slice_istarts(text, SLICE("ws://")) || slice_istarts(text, SLICE("wss://"))) {
        config->uri = uri;
        return OK;
    }
    if (!slice_istarts(text, SLICE("rtp://")) ||
        addr_parse(slice_from(text, strlen("rtp://")), 0, &config->remote))
        return ERR_INVALID;
    return addr_port(&config->remote) ? OK : ERR_INVALID;
}

static void tell_where(struct script *script, const struct line_tap_config *config,
                       const struct line_op *op)
{
    const struct addr *from = line_tap_source(op);
    char text[ADDR_TEXT];
    script_set_text(script, "tap_control_id", op->control_id);
    script_set_text(script, "tap_codec", config->codec->name);
    script_set(script, "tap_rate", json_integer(config->codec->clock_hz));
    if (!from)
        return;
    script_set_text(script, "tap_rtp_src_addr", addr_print_ip(from, text));
    script_set(script, "tap_rtp_src_port", json_integer(addr_port(from)));
    script_set(script, "tap_ptime", json_integer(config->ptime_ms));
}

static enum verb_next run(struct script *script, const json_t *value)
{
    const char *uri = param_text(value, "uri", "");
    const char *direction = param_text(value, "direction", "speak");
    const char *codec = param_text(value, "codec", "PCMU");
    struct line_tap_config config = {
        .codec = codecs_find(slice_of(codec), 8000, 1),
        .ptime_ms = (unsigned)param_number(value, "rtp_ptime", PTIME_MS),
        .heard = strcmp(direction, "listen") != 0,
        .sent = strcmp(direction, "speak") != 0,
        .control_id = param_text(value, "control_id", NULL),
        .status_url = param_text(value, "status_url", NULL),
    };
    struct line_op *op = NULL;
    struct fault fault = { 0 };
    script_set_text(script, "tap_uri", uri);
    if (place(uri, &config))
        return fail(script, "expected rtp://ADDRESS:PORT, ws:// or wss://");
    if (!config.codec || (config.uri && config.codec != &codec_pcmu))
        return fail(script, "the codec is PCMU or PCMA, and PCMU for a WebSocket");
    if (config.control_id && line_find(script->line, "tap", config.control_id))
        return fail(script, "this control_id is in use");
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    if (line_tap(script->line, &config, &op, &fault) != OK)
        return fail(script, fault.text);
    tell_where(script, &config, op);
    script_result(script, "tap", "success");
    return VERB_DONE;
}

static enum verb_next stop(struct script *script, const json_t *value)
{
    struct line_op *op = line_find(script->line, "tap", param_text(value, "control_id", NULL));
    script_result(script, "stop_tap", op ? "success" : "failed");
    line_op_stop(op);
    return VERB_DONE;
}

static const struct verb_param params[] = {
    { .name = "uri", .types = VERB_TEXT, .required = true },
    { .name = "control_id", .types = VERB_TEXT },
    { .name = "direction", .types = VERB_TEXT, .words = "speak|listen|both" },
    { .name = "codec", .types = VERB_TEXT, .words = "PCMU|PCMA" },
    { .name = "rtp_ptime", .types = VERB_NUMBER, .min = 10, .max = 120 },
    { .name = "status_url", .types = VERB_TEXT },
    { 0 },
};
static const struct verb_param stop_params[] = { { .name = "control_id", .types = VERB_TEXT },
                                                 { 0 } };

const struct verb verb_tap = {
    .name = "tap",
    .params = params,
    .bare = "uri",
    .in_confirm = true,
    .run = run,
    .note = "a WebSocket gets the frames of stream, in PCMU",
};
const struct verb verb_stop_tap = {
    .name = "stop_tap", .params = stop_params, .bare = "control_id", .in_confirm = true, .run = stop
};
