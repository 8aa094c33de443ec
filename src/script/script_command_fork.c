/* Commands of the API: a call's audio to programs elsewhere. */
#include <string.h>

#include "media/codecs.h"
#include "script/line.h"
#include "script/script_command_priv.h"
#include "script/script_priv.h"

enum { PTIME_MS = 20, OPUS_HZ = 48000, NARROW_HZ = 8000, OPUS_CHANNELS = 2 };

enum err command_stream(const struct command *command)
{
    const json_t *params = command->params;
    const char *track = param_text(params, "track", "inbound_track");
    const bool is_in = strcmp(track, "inbound_track") == 0,
               is_out = strcmp(track, "outbound_track") == 0,
               is_both = strcmp(track, "both_tracks") == 0;
    struct line_fork_config config = {
        .url = param_text(params, "url", ""),
        .token = param_text(params, "authorization_bearer_token", NULL),
        .name = param_text(params, "name", NULL),
        .custom = json_object_get(params, "custom_parameters"),
        .inbound = !is_out,
        .outbound = !is_in,
        .control_id = command->control_id,
        .status_url = param_text(params, "status_url", NULL),
        .status_method = param_text(params, "status_url_method", NULL),
        .is_laml = param_bool(params, "laml", false),
    };
    struct line_op *op = NULL;
    if (config.is_laml)
        config.stream_id = command->control_id;
    enum err err = command_take_id(command, "stream");
    if (!err && !is_in && !is_out && !is_both)
        err = command_invalid(command, "track",
                              "expected inbound_track, outbound_track or both_tracks");
    if (!err &&
        !line_fork_codec(param_text(params, "codec", "PCMU"), &config.codec, &config.rate_hz))
        err = command_invalid(command, "codec",
                              "expected PCMU, L16 or L16@16000h (8000, 16000, 24000, 48000)");
    if (!err && config.custom && !json_is_object(config.custom))
        err = command_invalid(command, "custom_parameters", "expected an object");
    if (!err)
        err = line_fork(command->line, &config, &op, command->fault);
    if (!err)
        command_answer_id(command, op);
    return err;
}

static enum err read_codec(const struct command *command, const json_t *params,
                           struct line_tap_config *config)
{
    const struct slice name = slice_of(param_text(params, "codec", "PCMU"));
    const bool is_opus = slice_iis(name, "OPUS");
    config->codec =
        is_opus ? codecs_find(name, OPUS_HZ, OPUS_CHANNELS) : codecs_find(name, NARROW_HZ, 1);
    if (!config->codec || config->codec == &codec_g722)
        return command_invalid(command, "device", "the codec is PCMU, PCMA or OPUS");
    if (config->uri && config->codec != &codec_pcmu)
        return command_invalid(command, "device", "the codec of a WebSocket is PCMU");
    return OK;
}

static enum err read_device(const struct command *command, struct line_tap_config *config)
{
    const json_t *device = json_object_get(command->params, "device");
    const json_t *params = json_object_get(device, "params");
    const char *type = param_text(device, "type", "");
    const double port = param_number(params, "port", 0);
    config->ptime_ms = (unsigned)param_number(params, "ptime", PTIME_MS);
    if (strcmp(type, "ws") == 0) {
        config->uri = param_text(params, "uri", "");
    } else if (strcmp(type, "rtp") != 0) {
        return command_invalid(command, "device", "expected a device of type rtp or ws");
    } else if (port < 1 || port > UINT16_MAX) {
        return command_invalid(command, "device", "'port' is 1 to 65535");
    } else if (addr_parse_ip(slice_of(param_text(params, "addr", "")), (uint16_t)port,
                             &config->remote)) { /* a port, as was checked */
        return command_invalid(command, "device", "'addr' is an IP address");
    }
    return read_codec(command, params, config);
}

enum err command_tap(const struct command *command)
{
    const json_t *tap = json_object_get(command->params, "tap");
    const char *direction = param_text(json_object_get(tap, "params"), "direction", "speak");
    const bool is_speak = strcmp(direction, "speak") == 0,
               is_listen = strcmp(direction, "listen") == 0,
               is_both = strcmp(direction, "both") == 0;
    struct line_tap_config config = {
        .heard = !is_listen,
        .sent = !is_speak,
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    struct line_op *op = NULL;
    enum err err = command_take_id(command, "tap");
    if (!err && strcmp(param_text(tap, "type", "audio"), "audio") != 0)
        err = command_invalid(command, "tap", "expected a tap of type audio");
    if (!err && !is_speak && !is_listen && !is_both)
        err = command_invalid(command, "tap", "'direction' is speak, listen or both");
    if (!err)
        err = read_device(command, &config);
    if (!err)
        err = line_tap(command->line, &config, &op, command->fault);
    if (!err)
        command_answer_id(command, op);
    return err;
}
