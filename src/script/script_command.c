/* Commands of the API on live calls: the same operations that steps of scripts use. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/leg.h"
#include "script/leg_connect.h"
#include "script/leg_script.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { RECORD_SILENCE_MS = 500 };

struct command {
    struct scripts *scripts;
    struct call *call;
    struct line *line;
    const json_t *params;
    const char *control_id;
    json_t **answer;
    struct fault *fault;
};

static enum err invalid(const struct command *command, const char *where, const char *text)
{
    return fault_set(command->fault, ERR_INVALID, where, 0, "%s", text);
}

static enum err take_id(const struct command *command, const char *kind)
{
    const struct line_op *op = line_find(command->line, kind, command->control_id);
    if (command->control_id[0] && op)
        return fault_set(command->fault, ERR_EXISTS, "control_id", 0,
                         "a %s with this control_id is under way", kind);
    return OK;
}

static enum err find_op(const struct command *command, const char *kind, struct line_op **out)
{
    *out = line_find(command->line, kind, command->control_id);
    return *out ? OK
                : fault_set(command->fault, ERR_NOT_FOUND, "control_id", 0,
                            "there is no %s with this control_id", kind);
}

static void answer_id(const struct command *command, const struct line_op *op)
{
    *command->answer = json_pack("{s:s}", "control_id", op->control_id);
}

/* --- play --- */

static enum err sound_of(const struct command *command, const json_t *one, struct sound_spec *out)
{
    const char *type = param_text(one, "type", "");
    const json_t *params = json_object_get(one, "params");
    char text[64];
    *out = (struct sound_spec){ 0 };
    if (json_is_string(one))
        return sound_spec_parse(json_string_value(one), out, command->fault);
    if (strcmp(type, "audio") == 0)
        return sound_spec_parse(param_text(params, "url", ""), out, command->fault);
    if (strcmp(type, "tts") == 0) {
        out->kind = SOUND_SAY;
        out->text = slice_dup(slice_of(param_text(params, "text", "")));
        return out->text[0] ? OK : invalid(command, "play", "tts needs text");
    }
    if (strcmp(type, "silence") == 0) {
        out->kind = SOUND_SILENCE;
        out->seconds = param_number(params, "duration", 0);
        return out->seconds > 0 ? OK : invalid(command, "play", "silence needs a duration above 0");
    }
    if (strcmp(type, "ringtone") != 0)
        return invalid(command, "play", "expected audio, tts, silence or ringtone");
    double seconds = param_number(params, "duration", 0);
    if (seconds > 0)
        snprintf(text, sizeof text, "ring:%.1f:%.8s", seconds, param_text(params, "name", ""));
    else
        snprintf(text, sizeof text, "ring:%.8s", param_text(params, "name", ""));
    return sound_spec_parse(text, out, command->fault);
}

static enum err play(const struct command *command)
{
    const json_t *list = json_object_get(command->params, "play"), *one;
    size_t count = json_array_size(list), n = 0, i;
    double volume = param_number(command->params, "volume", 0);
    double loops = param_number(command->params, "loop", 1);
    enum err err = take_id(command, "play");
    if (!err && (!count || count > LINE_SOUNDS_MAX))
        err = invalid(command, "play", "expected a list of what to play");
    if (!err && (volume < -40 || volume > 40))
        err = invalid(command, "volume", "expected -40 to 40");
    if (!err && (loops < 0 || loops > 1e6))
        err = invalid(command, "loop", "expected 0 (for ever) or more");
    if (err)
        return err;
    struct sound_spec *sounds = mem_array(count, sizeof *sounds);
    json_array_foreach(list, i, one)
    {
        err = err ? err : sound_of(command, one, &sounds[n]);
        n += !err;
    }
    if (err) {
        for (i = 0; i < count; i++)
            sound_spec_clear(&sounds[i]);
        mem_free(sounds);
        return err;
    }
    const struct line_play_config config = {
        .take_sounds = sounds,
        .n = n,
        .volume_db = volume,
        .loops = (unsigned)loops,
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    answer_id(command, line_play(command->line, &config, NULL, NULL));
    return OK;
}

static enum err play_pause(const struct command *command, bool on)
{
    struct line_op *op;
    enum err err = find_op(command, "play", &op);
    if (!err)
        line_play_pause(op, on);
    return err;
}

static enum err pause_play(const struct command *command)
{
    return play_pause(command, true);
}

static enum err resume_play(const struct command *command)
{
    return play_pause(command, false);
}

static enum err volume_of_play(const struct command *command)
{
    struct line_op *op;
    double volume = param_number(command->params, "volume", 1000);
    enum err err = find_op(command, "play", &op);
    if (!err && (volume < -40 || volume > 40))
        err = invalid(command, "volume", "expected -40 to 40");
    if (!err)
        line_play_volume(op, volume);
    return err;
}

static enum err stop(const struct command *command, const char *kind)
{
    struct line_op *op;
    enum err err = find_op(command, kind, &op);
    if (!err)
        line_op_stop(op);
    return err;
}

static enum err stop_play(const struct command *command)
{
    return stop(command, "play");
}

/* --- record --- */

static enum err record(const struct command *command)
{
    const json_t *audio = json_object_get(json_object_get(command->params, "record"), "audio");
    if (!audio) /* a page of the SDK shows it without the wrapper */
        audio = json_object_get(command->params, "audio");
    const char *format = param_text(audio, "format", "mp3");
    enum err err = take_id(command, "record");
    if (!err && line_count(command->line, "record"))
        err = fault_set(command->fault, ERR_MISUSE, "", 0, "the call is being recorded");
    if (!err && strcmp(format, "mp3") != 0 && strcmp(format, "wav") != 0)
        err = invalid(command, "record", "recordings are wav or mp3");
    if (err)
        return err;
    const struct line_record_config config = {
        .stereo = param_bool(audio, "stereo", false),
        .beep = param_bool(audio, "beep", false),
        .direction = param_text(audio, "direction", "speak"),
        .format = format,
        .terminators =
            json_object_get(audio, "terminators") ? param_text(audio, "terminators", "") : "#",
        .initial_ms = param_ms(audio, "initial_timeout", 4),
        .end_silence_ms = json_object_get(audio, "end_silence_timeout")
                              ? param_ms(audio, "end_silence_timeout", 0)
                              : RECORD_SILENCE_MS,
        .max_ms = param_ms(audio, "max_length", 0),
        .sensitivity = param_number(audio, "input_sensitivity", 44),
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    struct line_op *op = line_record(command->line, &config, NULL, NULL);
    *command->answer =
        json_pack("{s:s, s:s}", "control_id", op->control_id, "url", line_record_url(op));
    return OK;
}

static enum err stop_record(const struct command *command)
{
    return stop(command, "record");
}

/* --- collect --- */

static enum err collect(const struct command *command)
{
    const json_t *digits = json_object_get(command->params, "digits");
    double max = param_number(digits, "max", 0);
    enum err err = take_id(command, "collect");
    if (!err && json_object_get(command->params, "speech"))
        err = fault_set(command->fault, ERR_UNSUPPORTED, "speech", 0, "there is no speech engine");
    if (!err && !digits)
        err = invalid(command, "digits", "expected digits or speech");
    if (!err && (max < 1 || max > 256))
        err = invalid(command, "digits", "'max' is 1 to 256");
    if (err)
        return err;
    const struct line_collect_config config = {
        .max_digits = (unsigned)max,
        .terminators = param_text(digits, "terminators", ""),
        .digit_ms = param_ms(digits, "digit_timeout", 5),
        .initial_ms = param_ms(command->params, "initial_timeout", 4),
        .starts_later = json_is_false(json_object_get(command->params, "start_input_timers")),
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    answer_id(command, line_collect(command->line, &config, NULL, NULL));
    return OK;
}

static enum err stop_collect(const struct command *command)
{
    return stop(command, "collect");
}

static enum err start_input_timers(const struct command *command)
{
    struct line_op *op;
    enum err err = find_op(command, "collect", &op);
    if (!err)
        line_collect_start_timers(op);
    return err;
}

/* --- detect --- */

static enum err detect(const struct command *command)
{
    enum { WORDS = 6, WORDS_MAX = 1000 };
    const json_t *what = json_object_get(command->params, "detect");
    const json_t *params = json_object_get(what, "params");
    const char *type = param_text(what, "type", "");
    double words = param_number(params, "machine_words_threshold", WORDS);
    enum err err = take_id(command, "detect");
    if (!err && strcmp(type, "machine") != 0 && strcmp(type, "fax") != 0)
        err = invalid(command, "detect", "expected a type: machine or fax");
    if (err)
        return err;
    const double end_silence_s = param_number(params, "end_silence_timeout", 1);
    const struct line_detect_config config = {
        .machine = strcmp(type, "machine") == 0,
        .fax = strcmp(type, "fax") == 0,
        .tone = param_text(params, "tone", "CED"),
        .message_end = param_bool(params, "detect_message_end", true),
        .timeout_ms = param_ms(command->params, "timeout", 30),
        .greeting = { .initial_ms = param_ms(params, "initial_timeout", 4.5),
                      .end_silence_ms = param_ms(params, "end_silence_timeout", 1),
                      .ready_ms = param_ms(params, "machine_ready_timeout", end_silence_s),
                      .voice_ms = param_ms(params, "machine_voice_threshold", 1.25),
                      .words = words >= 1 && words <= WORDS_MAX ? (unsigned)words : WORDS },
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    answer_id(command, line_detect(command->line, &config, NULL, NULL));
    return OK;
}

static enum err stop_detect(const struct command *command)
{
    return stop(command, "detect");
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
    return invalid(command, "reason", "expected hangup, cancel, busy, noAnswer, decline or error");
}

static enum err send_digits(const struct command *command)
{
    const char *digits = param_text(command->params, "digits", "");
    if (!digits[0] || strspn(digits, "0123456789*#ABCDabcdWw,") != strlen(digits))
        return invalid(command, "digits", "expected 0-9 * # A-D, w and W");
    answer_id(command, line_send_digits(command->line, digits, NULL, NULL));
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
        return invalid(command, "dest", "expected a destination, a URL or a document");
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

static enum err user_event(const struct command *command)
{
    json_t *event = json_object_get(command->params, "event");
    const struct script_note note = { .type = "user_event" };
    if (!json_is_object(event))
        return invalid(command, "event", "expected an object");
    scripts_tell(command->scripts, command->call, line_project(command->line), &note,
                 json_pack("{s:O}", "event", event));
    return OK;
}

static const struct {
    const char *name;
    enum err (*run)(const struct command *command);
} commands[] = {
    { "calling.collect", collect },
    { "calling.collect.start_input_timers", start_input_timers },
    { "calling.collect.stop", stop_collect },
    { "calling.detect", detect },
    { "calling.detect.stop", stop_detect },
    { "calling.disconnect", disconnect },
    { "calling.end", end },
    { "calling.play", play },
    { "calling.play.pause", pause_play },
    { "calling.play.resume", resume_play },
    { "calling.play.stop", stop_play },
    { "calling.play.volume", volume_of_play },
    { "calling.record", record },
    { "calling.record.stop", stop_record },
    { "calling.send_digits", send_digits },
    { "calling.transfer", transfer },
    { "calling.user_event", user_event },
};

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
        enum err err = commands[i].run(&command);
        json_decref(unused);
        return err;
    }
    return fault_set(fault, ERR_UNSUPPORTED, "command", 0, "there is no command '%.60s'", name);
}
