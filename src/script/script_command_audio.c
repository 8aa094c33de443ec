/* Commands of the API: what is played, recorded, collected and detected. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/recognizer.h"
#include "script/line.h"
#include "script/script_command_priv.h"
#include "script/script_priv.h"

enum { RECORD_SILENCE_MS = 500 };

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
        return out->text[0] ? OK : command_invalid(command, "play", "tts needs text");
    }
    if (strcmp(type, "silence") == 0) {
        out->kind = SOUND_SILENCE;
        out->seconds = param_number(params, "duration", 0);
        return out->seconds > 0
                   ? OK
                   : command_invalid(command, "play", "silence needs a duration above 0");
    }
    if (strcmp(type, "ringtone") != 0)
        return command_invalid(command, "play", "expected audio, tts, silence or ringtone");
    double seconds = param_number(params, "duration", 0);
    if (seconds > 0)
        snprintf(text, sizeof text, "ring:%.1f:%.8s", seconds, param_text(params, "name", ""));
    else
        snprintf(text, sizeof text, "ring:%.8s", param_text(params, "name", ""));
    return sound_spec_parse(text, out, command->fault);
}

static bool play_direction(const struct command *command, enum line_play_direction *out)
{
    static const char *const words[] = {
        [LINE_PLAY_LISTEN] = "listen", [LINE_PLAY_SPEAK] = "speak", [LINE_PLAY_BOTH] = "both"
    };
    const char *word = param_text(command->params, "direction", "listen");
    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (strcmp(word, words[i]) == 0) {
            *out = (enum line_play_direction)i; /* below the table's length */
            return true;
        }
    return false;
}

static size_t read_sounds(const struct command *command, const json_t *list,
                          struct sound_spec *sounds, enum err *err)
{
    size_t n = 0, i;
    const json_t *one;
    *err = OK;
    json_array_foreach(list, i, one)
    {
        *err = *err ? *err : sound_of(command, one, &sounds[n]);
        n += !*err;
    }
    for (i = 0; *err && i < json_array_size(list); i++) /* the bad one may hold something, too */
        sound_spec_clear(&sounds[i]);
    return n;
}

enum err command_play(const struct command *command)
{
    const json_t *list = json_object_get(command->params, "play");
    size_t count = json_array_size(list);
    double volume = param_number(command->params, "volume", 0);
    double loops = param_number(command->params, "loop", 1);
    enum line_play_direction direction = LINE_PLAY_LISTEN;
    enum err err = command_take_id(command, "play");
    if (!err && (!count || count > LINE_SOUNDS_MAX))
        err = command_invalid(command, "play", "expected a list of what to play");
    if (!err && (volume < -40 || volume > 40))
        err = command_invalid(command, "volume", "expected -40 to 40");
    if (!err && !play_direction(command, &direction))
        err = command_invalid(command, "direction", "expected listen, speak or both");
    if (!err && direction != LINE_PLAY_LISTEN && !line_other_stream(command->line))
        err = fault_set(command->fault, ERR_MISUSE, "direction", 0,
                        "the call is connected to nobody who could hear it");
    if (!err && (loops < 0 || loops > 1e6))
        err = command_invalid(command, "loop", "expected 0 (for ever) or more");
    if (err)
        return err;
    struct sound_spec *sounds = mem_array(count, sizeof *sounds);
    size_t n = read_sounds(command, list, sounds, &err);
    if (err) {
        mem_free(sounds);
        return err;
    }
    const struct line_play_config config = {
        .take_sounds = sounds,
        .n = n,
        .direction = direction,
        .volume_db = volume,
        .loops = (unsigned)loops,
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    command_answer_id(command, line_play(command->line, &config, NULL, NULL));
    return OK;
}

static enum err pause_play(const struct command *command, bool on)
{
    struct line_op *op;
    enum err err = command_find(command, "play", &op);
    if (!err)
        line_play_pause(op, on);
    return err;
}

enum err command_play_pause(const struct command *command)
{
    return pause_play(command, true);
}

enum err command_play_resume(const struct command *command)
{
    return pause_play(command, false);
}

enum err command_play_volume(const struct command *command)
{
    struct line_op *op;
    double volume = param_number(command->params, "volume", 1000);
    enum err err = command_find(command, "play", &op);
    if (!err && (volume < -40 || volume > 40))
        err = command_invalid(command, "volume", "expected -40 to 40");
    if (!err)
        line_play_volume(op, volume);
    return err;
}

/* --- record --- */

enum err command_record(const struct command *command)
{
    const json_t *audio = json_object_get(json_object_get(command->params, "record"), "audio");
    if (!audio) /* a page of the SDK shows it without the wrapper */
        audio = json_object_get(command->params, "audio");
    const char *format = param_text(audio, "format", "mp3");
    enum err err = command_take_id(command, "record");
    if (!err && line_count(command->line, "record"))
        err = fault_set(command->fault, ERR_MISUSE, "", 0, "the call is being recorded");
    if (!err && strcmp(format, "mp3") != 0 && strcmp(format, "wav") != 0)
        err = command_invalid(command, "record", "recordings are wav or mp3");
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
        .status_method = param_text(command->params, "status_method", NULL),
        .laml_events = param_text(command->params, "laml_events", NULL),
        .trims = param_bool(command->params, "laml_trim", false),
    };
    struct line_op *op = line_record(command->line, &config, NULL, NULL);
    *command->answer =
        json_pack("{s:s, s:s}", "control_id", op->control_id, "url", line_record_url(op));
    return OK;
}

enum err command_record_pause(const struct command *command)
{
    const char *behavior = param_text(command->params, "behavior", "skip");
    bool skips = strcmp(behavior, "skip") == 0;
    struct line_op *op;
    enum err err = command_find(command, "record", &op);
    if (!err && !skips && strcmp(behavior, "silence") != 0)
        err = command_invalid(command, "behavior", "expected skip or silence");
    if (err)
        return err;
    err = line_record_pause(op, skips ? LINE_RECORD_SKIP : LINE_RECORD_SILENCE);
    return err ? fault_set(command->fault, err, "control_id", 0, "it does not record now") : OK;
}

enum err command_record_resume(const struct command *command)
{
    struct line_op *op;
    enum err err = command_find(command, "record", &op);
    if (!err && line_record_pause(op, LINE_RECORD_ON))
        err = fault_set(command->fault, ERR_MISUSE, "control_id", 0, "it does not record now");
    return err;
}

/* --- collect --- */

static void take_speech(const struct command *command, const json_t *speech,
                        const char *hints[LINE_HINTS_MAX], struct line_speech *out)
{
    *out = (struct line_speech){
        .on = speech != NULL,
        .engine = param_text(speech, "engine", NULL),
        .language = param_text(speech, "language", NULL),
        .hints = hints,
        .n_hints = line_hints(json_object_get(speech, "hints"), hints),
        .end_silence_ms = param_ms(speech, "end_silence_timeout", 1),
        .max_ms = param_ms(speech, "speech_timeout", 60),
        .partial = param_bool(command->params, "partial_results", false),
    };
}

enum err command_collect(const struct command *command)
{
    const json_t *digits = json_object_get(command->params, "digits");
    const json_t *speech = json_object_get(command->params, "speech");
    const char *hints[LINE_HINTS_MAX];
    double max = param_number(digits, "max", 0);
    enum err err = command_take_id(command, "collect");
    if (!err && speech && !recognizer_engine_name(command->scripts->config.recognizer))
        err = fault_set(command->fault, ERR_UNSUPPORTED, "speech", 0, "there is no speech engine");
    if (!err && !digits && !speech)
        err = command_invalid(command, "digits", "expected digits or speech");
    if (!err && digits && (max < 1 || max > 256))
        err = command_invalid(command, "digits", "'max' is 1 to 256");
    if (err)
        return err;
    struct line_collect_config config = {
        .max_digits = (unsigned)max,
        .continuous = param_bool(command->params, "continuous", false),
        .terminators = param_text(digits, "terminators", ""),
        .digit_ms = param_ms(digits, "digit_timeout", 5),
        .initial_ms = param_ms(command->params, "initial_timeout", 4),
        .starts_later = json_is_false(json_object_get(command->params, "start_input_timers")),
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    take_speech(command, speech, hints, &config.speech);
    command_answer_id(command, line_collect(command->line, &config, NULL, NULL));
    return OK;
}

enum err command_start_input_timers(const struct command *command)
{
    struct line_op *op;
    enum err err = command_find(command, "collect", &op);
    if (!err)
        line_collect_start_timers(op);
    return err;
}

/* --- detect --- */

enum err command_detect(const struct command *command)
{
    enum { WORDS = 6, WORDS_MAX = 1000 };
    const json_t *what = json_object_get(command->params, "detect");
    const json_t *params = json_object_get(what, "params");
    const char *type = param_text(what, "type", "");
    double words = param_number(params, "machine_words_threshold", WORDS);
    enum err err = command_take_id(command, "detect");
    const char *digits = param_text(params, "digits", "0123456789#*");
    const bool is_digit = strcmp(type, "digit") == 0;
    if (!err && strcmp(type, "machine") != 0 && strcmp(type, "fax") != 0 && !is_digit)
        err = command_invalid(command, "detect", "expected a type: machine, fax or digit");
    if (!err && is_digit && (!digits[0] || strspn(digits, "0123456789*#ABCD") != strlen(digits)))
        err = command_invalid(command, "detect", "'digits' are of 0-9 * # A-D");
    if (err)
        return err;
    const double end_silence_s = param_number(params, "end_silence_timeout", 1);
    const struct line_detect_config config = {
        .machine = strcmp(type, "machine") == 0,
        .fax = strcmp(type, "fax") == 0,
        .digits = is_digit ? digits : NULL,
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
    command_answer_id(command, line_detect(command->line, &config, NULL, NULL));
    return OK;
}
