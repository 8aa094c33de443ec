/* Commands of the API on live calls: the same operations that steps of scripts use. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/leg.h"
#include "media/media.h"
#include "script/leg_connect.h"
#include "script/leg_script.h"
#include "script/line.h"
#include "script/script_command_priv.h"
#include "script/script_priv.h"

enum err command_invalid(const struct command *command, const char *where, const char *text)
{
    return fault_set(command->fault, ERR_INVALID, where, 0, "%s", text);
}

enum err command_take_id(const struct command *command, const char *kind)
{
    const struct line_op *op = line_find(command->line, kind, command->control_id);
    if (command->control_id[0] && op)
        return fault_set(command->fault, ERR_EXISTS, "control_id", 0,
                         "a %s with this control_id is under way", kind);
    return OK;
}

enum err command_find(const struct command *command, const char *kind, struct line_op **out)
{
    *out = line_find(command->line, kind, command->control_id);
    return *out ? OK
                : fault_set(command->fault, ERR_NOT_FOUND, "control_id", 0,
                            "there is no %s with this control_id", kind);
}

void command_answer_id(const struct command *command, const struct line_op *op)
{
    *command->answer = json_pack("{s:s, s:s*}", "control_id", op->control_id, "name", op->name);
}

enum err command_stop(const struct command *command, const char *kind)
{
    struct line_op *op;
    enum err err = command_find(command, kind, &op);
    if (!err) {
        command_answer_id(command, op);
        line_op_stop(op);
    }
    return err;
}

/* --- the call --- */

static enum err end(const struct command *command)
{
    static const struct {
        const char *reason, *token;
    } rows[] = {
        { "hangup", "hangup" },      { "cancel", "cancelled" }, { "busy", "busy" },
        { "noAnswer", "no_answer" }, { "decline", "declined" }, { "error", "server_error" }
    };
    const char *reason = param_text(command->params, "reason", "hangup");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(reason, rows[i].reason) == 0) {
            struct cause cause = cause_of_token(rows[i].token, CAUSE_BY_SYSTEM, NULL);
            call_end(command->call, &cause);
            return OK;
        }
    return command_invalid(command, "reason",
                           "expected hangup, cancel, busy, noAnswer, decline or error");
}

static enum err send_digits(const struct command *command)
{
    const char *digits = param_text(command->params, "digits", "");
    if (!digits[0] || strspn(digits, "0123456789*#ABCDabcdWw,") != strlen(digits))
        return command_invalid(command, "digits", "expected 0-9 * # A-D, w and W");
    command_answer_id(command, line_send_digits(command->line, digits, NULL, NULL));
    return OK;
}

static enum err transfer(const struct command *command)
{
    const json_t *dest = json_object_get(command->params, "dest");
    const char *text = json_string_value(dest);
    struct slice target = slice_of(text);
    struct script_source source = { 0 };
    bool is_url =
        slice_istarts(target, SLICE("http://")) || slice_istarts(target, SLICE("https://"));
    json_t *document = NULL;
    if (is_url)
        source.url = target;
    else if (text && !slice_starts(target, SLICE("{")) && !strchr(text, '\n'))
        source.document = document =
            json_pack("{s:{s:[{s:{s:s}}]}}", "sections", "main", "connect", "to", text);
    else
        source.document = dest;
    if (!dest)
        return command_invalid(command, "dest", "expected a destination, a URL or a document");
    enum err err = scripts_redirect(command->scripts, slice_of(call_id(command->call)), &source,
                                    command->fault);
    json_decref(document);
    return err;
}

/* The two that talk part; the script goes on with its step behind connect. */
static enum err disconnect(const struct command *command)
{
    struct script *script = leg_script_of(command->scripts, slice_of(call_id(command->call)));
    struct call *other = script && script->bridge ? connect_leg_call(script->bridge) : NULL;
    if (!other)
        return fault_set(command->fault, ERR_MISUSE, "id", 0, "the call is connected to nobody");
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL);
    call_end(other, &cause);
    return OK;
}

/* The far end is told that it waits, and hears no more than what is played to it. */
static enum err hold(const struct command *command, bool on)
{
    struct leg *far = line_leg(command->line);
    if (!far || far->state != LEG_UP || !far->ops->hold)
        return fault_set(command->fault, ERR_MISUSE, "id", 0, "this far end cannot be held");
    struct media_stream *other = line_other_stream(command->line);
    if (other)
        media_stream_mute(other, false, on);
    far->held = on;
    far->ops->hold(far, on);
    return OK;
}

static enum err hold_it(const struct command *command)
{
    return hold(command, true);
}

static enum err unhold_it(const struct command *command)
{
    return hold(command, false);
}

static enum err refer(const struct command *command)
{
    const json_t *device = json_object_get(command->params, "device");
    const json_t *params = json_object_get(device, "params");
    const char *to = param_text(params, "to", "");
    const struct slice uri = slice_of(to);
    if (strcmp(param_text(device, "type", "sip"), "sip") != 0)
        return command_invalid(command, "device", "expected a device of type sip");
    if ((!slice_istarts(uri, SLICE("sip:")) && !slice_istarts(uri, SLICE("sips:"))) ||
        strpbrk(to, "<> \r\n"))
        return command_invalid(command, "device", "'to' is a sip: URI");
    command_answer_id(
        command,
        line_refer(command->line, to, param_text(command->params, "status_url", NULL), NULL, NULL));
    return OK;
}

static enum err denoise(const struct command *command, bool on)
{
    enum err err = line_denoise(command->line, on);
    if (!err)
        return OK;
    return fault_set(command->fault, ERR_MISUSE, "id", 0, "%s",
                     err == ERR_LIMIT ? "there is no room to decode one more call"
                                      : "the call has no audio");
}

static enum err denoise_it(const struct command *command)
{
    return denoise(command, true);
}

static enum err leave_noise(const struct command *command)
{
    return denoise(command, false);
}

static enum err user_event(const struct command *command)
{
    json_t *event = json_object_get(command->params, "event");
    const struct script_note note = { .type = "user_event" };
    if (!json_is_object(event))
        return command_invalid(command, "event", "expected an object");
    scripts_tell(command->scripts, command->call, line_project(command->line), &note,
                 json_pack("{s:O}", "event", event));
    return OK;
}

/* clang-format off */
static const struct {
    const char *name;
    command_fn run;
    const char *stops; /* without `run`: the kind that it stops */
} commands[] = {
    { "calling.collect", command_collect, NULL },
    { "calling.collect.start_input_timers", command_start_input_timers, NULL },
    { "calling.collect.stop", NULL, "collect" },
    { "calling.denoise", denoise_it, NULL },
    { "calling.denoise.stop", leave_noise, NULL },
    { "calling.detect", command_detect, NULL },
    { "calling.detect.stop", NULL, "detect" },
    { "calling.disconnect", disconnect, NULL },
    { "calling.end", end, NULL },
    { "calling.hold", hold_it, NULL },
    { "calling.live_transcribe", command_live_transcribe, NULL },
    { "calling.play", command_play, NULL },
    { "calling.play.pause", command_play_pause, NULL },
    { "calling.play.resume", command_play_resume, NULL },
    { "calling.play.stop", NULL, "play" },
    { "calling.play.volume", command_play_volume, NULL },
    { "calling.receive_fax.stop", NULL, "receive_fax" },
    { "calling.record", command_record, NULL },
    { "calling.record.pause", command_record_pause, NULL },
    { "calling.record.resume", command_record_resume, NULL },
    { "calling.record.stop", NULL, "record" },
    { "calling.refer", refer, NULL },
    { "calling.send_digits", send_digits, NULL },
    { "calling.send_fax.stop", NULL, "send_fax" },
    { "calling.stream", command_stream, NULL },
    { "calling.stream.stop", NULL, "stream" },
    { "calling.tap", command_tap, NULL },
    { "calling.tap.stop", NULL, "tap" },
    { "calling.transcribe", command_transcribe, NULL },
    { "calling.transcribe.stop", NULL, "transcribe" },
    { "calling.transfer", transfer, NULL },
    { "calling.unhold", unhold_it, NULL },
    { "calling.user_event", user_event, NULL },
};
/* clang-format on */

/* A call without a script gets a line when it is first needed. */
static struct line *line_of(struct scripts *scripts, struct call *call)
{
    struct line *line = map_find(scripts->lines, slice_of(call_id(call)));
    struct leg *far = call_caller(call);
    if (far && !far->stream) /* our own side: a script that dialled */
        far = call_peer(call);
    if (line || !far || far->watch)
        return line;
    const struct line_config config = {
        .scripts = scripts, .call = call, .far = far, .is_loose = true
    };
    return line_create(&config);
}

enum err scripts_command(struct scripts *scripts, struct slice id, const char *name,
                         const json_t *params, json_t **answer, struct fault *fault)
{
    json_t *unused = NULL;
    struct command command = { .scripts = scripts,
                               .call = calls_find(scripts->calls, id),
                               .params = params,
                               .control_id = param_text(params, "control_id", ""),
                               .answer = answer ? answer : &unused,
                               .fault = fault };
    if (!command.call)
        return fault_set(fault, ERR_NOT_FOUND, "id", 0, "there is no such live call");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        command.line = line_of(scripts, command.call);
        if (!command.line && commands[i].run != end)
            return fault_set(fault, ERR_MISUSE, "id", 0, "the call is not up");
        enum err err =
            commands[i].run ? commands[i].run(&command) : command_stop(&command, commands[i].stops);
        json_decref(unused);
        return err;
    }
    return fault_set(fault, ERR_UNSUPPORTED, "command", 0, "there is no command '%.60s'", name);
}
