/* live_transcribe and transcribe: what both ends of a call say, as text. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "call/call.h"
#include "media/recognizer.h"
#include "media/transcriber.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { TEXT_MAX = 256 << 10 }; /* bytes of a whole conversation */

struct transcribe {
    struct line_op op; /* first */
    struct transcriber *transcriber;
    bool is_live; /* each utterance is told, not the whole at the end */
    bool has_failed;
    char *text;
    struct buf all;
};

/* the names of the page: remote is the far end of this call */
static const char *const directions[] = {
    [MEDIA_FORK_INBOUND] = "remote-caller", [MEDIA_FORK_OUTBOUND] = "local-caller"
};

static void tell_words(struct transcribe *transcribe, const struct transcriber_words *words)
{
    json_t *text = json_string(words->text);
    line_op_tell(&transcribe->op, "calling.call.live_transcribe",
                 json_pack("{s:s, s:s, s:o, s:f, s:b, s:f, s:f}", "state", "transcribing",
                           "direction", directions[words->track], "text",
                           text ? text : json_string(""), "confidence", words->confidence, "final",
                           words->is_final, "start_time", (double)words->began_ms / 1000,
                           "end_time", (double)words->over_ms / 1000));
}

static void on_words(void *owner, const struct transcriber_words *words)
{
    struct transcribe *transcribe = owner;
    if (words->err) {
        log_warn(NULL, "script transcription failed reason=\"%s\"", words->text);
        transcribe->has_failed = true;
        return;
    }
    if (!words->text[0])
        return;
    if (transcribe->is_live)
        tell_words(transcribe, words);
    else
        buf_printf(&transcribe->all, "%s%s", transcribe->all.len ? "\n" : "", words->text);
}

static const struct transcriber_events events = { .on_words = on_words };

static void finish(struct transcribe *transcribe, enum line_end how)
{
    const struct line_op *op = &transcribe->op;
    if (op->ended)
        return;
    transcriber_destroy(transcribe->transcriber);
    transcribe->transcriber = NULL;
    if (transcribe->is_live) {
        line_op_tell(&transcribe->op, "calling.call.live_transcribe",
                     json_pack("{s:s}", "state", "finished"));
    } else {
        bool is_failed = transcribe->has_failed && !transcribe->all.len;
        const char *id = call_id(line_call(op->line));
        transcribe->all.overflow = false; /* what fits is told */
        json_t *text = json_string(buf_cstr(&transcribe->all));
        line_op_tell(&transcribe->op,
                     is_failed ? "calling.transcript.failed" : "calling.transcript.completed",
                     json_pack("{s:s, s:s, s:o}", "id", op->control_id, "segment_id", id, "text",
                               text ? text : json_string("")));
    }
    line_op_end(&transcribe->op, how, NULL);
}

static void stop(struct line_op *op)
{
    finish((struct transcribe *)op, LINE_STOPPED);
}

static void over(struct line_op *op)
{
    finish((struct transcribe *)op, LINE_OVER);
}

static void destroy(struct line_op *op)
{
    struct transcribe *transcribe = (struct transcribe *)op;
    transcriber_destroy(transcribe->transcriber);
    if (transcribe->text)
        mem_wipe(transcribe->text, TEXT_MAX);
    mem_free(transcribe->text);
    mem_free(transcribe);
}

static const struct line_kind live_kind = {
    .name = "live_transcribe", .stop = stop, .destroy = destroy, .on_over = over
};
static const struct line_kind whole_kind = {
    .name = "transcribe", .stop = stop, .destroy = destroy, .on_over = over
};

enum err line_transcribe(struct line *line, const struct line_transcribe_config *config,
                         struct line_op **out, struct fault *fault)
{
    const struct scripts_config *scripts = &line_scripts(line)->config;
    const struct line_kind *kind = config->is_live ? &live_kind : &whole_kind;
    const struct transcriber_config transcriber = {
        .media = scripts->media,
        .stream = line_stream(line),
        .recognizer = scripts->recognizer,
        .tracks = { [MEDIA_FORK_INBOUND] = config->remote, [MEDIA_FORK_OUTBOUND] = config->local },
        .engine = config->engine,
        .language = config->language,
        .silence_ms = config->silence_ms,
        .max_ms = config->max_ms,
        .partial = config->partial,
    };
    if (line_count(line, kind->name))
        return fault_set(fault, ERR_EXISTS, "id", 0, "the call is being transcribed");
    if (!transcriber.stream)
        return fault_set(fault, ERR_MISUSE, "", 0, "this call has no audio");
    if (!recognizer_engine_name(transcriber.recognizer))
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "there is no speech engine");
    struct transcribe *transcribe = mem_new(struct transcribe);
    transcribe->is_live = config->is_live;
    if (!config->is_live) {
        transcribe->text = mem_alloc(TEXT_MAX);
        buf_init(&transcribe->all, transcribe->text, TEXT_MAX);
    }
    line_op_begin(&transcribe->op, line, kind, config->control_id, config->status_url, NULL, NULL);
    transcribe->transcriber = transcriber_create(&transcriber, &events, transcribe);
    *out = &transcribe->op;
    return OK;
}

enum err line_transcribe_live(struct line *line, const json_t *start, const char *control_id,
                              struct line_op **out, struct fault *fault)
{
    const json_t *direction = json_object_get(start, "direction"), *one;
    struct line_transcribe_config config = {
        .is_live = true,
        .engine = param_text(start, "speech_engine", NULL),
        .language = param_text(start, "lang", NULL),
        .silence_ms = (int64_t)param_number(start, "vad_silence_ms", 0),
        .max_ms = (int64_t)param_number(start, "speech_timeout", 0),
        .partial = param_bool(start, "live_events", false),
        .control_id = control_id,
        .status_url = param_text(start, "webhook", NULL),
    };
    size_t i;
    json_array_foreach(direction, i, one)
    {
        const char *word = json_string_value(one) ? json_string_value(one) : "";
        bool is_remote = strcmp(word, "remote-caller") == 0;
        if (!is_remote && strcmp(word, "local-caller") != 0)
            return fault_set(fault, ERR_INVALID, "direction", 0,
                             "expected remote-caller and local-caller, not '%.40s'", word);
        config.remote |= is_remote;
        config.local |= !is_remote;
    }
    if (!config.remote && !config.local)
        return fault_set(fault, ERR_INVALID, "direction", 0,
                         "expected a list of remote-caller and local-caller");
    if (config.silence_ms < 0 || config.max_ms < 0)
        return fault_set(fault, ERR_INVALID, "start", 0, "times are not negative");
    return line_transcribe(line, &config, out, fault);
}
