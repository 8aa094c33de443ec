/* Recording a far end to a file: WAV at once, the wanted channel and format made of it afterwards.
 */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/worker.h"
#include "call/leg.h"
#include "media/media.h"
#include "media/record_file.h"
#include "media/sound_file.h"
#include "script/laml_form.h"
#include "script/line.h"
#include "script/record_news.h"
#include "script/script_priv.h"

enum { POLL_MS = 200, BEEP_HZ = 1000, BEEP_MS = 300, BEEP_RATE_HZ = 8000, PATH_MAX_LEN = 1024 };
static const double beep_peak = 8000;

enum record_state { RECORD_BEEPS, RECORD_RUNS, RECORD_CLOSES, RECORD_CONVERTS };

struct record {
    struct line_op op; /* first */
    struct line_record_config config;
    char *terminators;
    char direction[8], format[8], status_method[8], laml_events[40], source[32];
    char *transcribe_url;
    enum record_state state;
    enum line_end how;
    char id[UUID_TEXT], path[PATH_MAX_LEN], url[PATH_MAX_LEN];
    uint32_t record_id;
    bool heard, no_input;
    bool is_paused;
    bool is_outbound; /* the far end is one that we called */
    int64_t began_ms, began_wall_ms, quiet_since_ms, duration_ms, bytes;
    struct timer timer, max;
    struct record_file *file; /* a worker has it */
};

static struct loop *loop_of(const struct record *record)
{
    return record->op.scripts->config.loop;
}

static json_t *describe(const struct record *record, const char *state)
{
    json_t *audio = json_pack("{s:s, s:s, s:b}", "format", record->format, "direction",
                              record->direction, "stereo", record->config.stereo);
    /* some pages nest url and its like in `record`, some do not: both (swml.md section 12) */
    json_t *inner = json_pack("{s:o, s:s, s:f, s:I, s:s}", "audio", audio, "url", record->url,
                              "duration", (double)record->duration_ms / 1000, "size",
                              (json_int_t)record->bytes, "format", record->format);
    return json_pack("{s:s, s:s, s:f, s:I, s:s, s:f, s:s*, s:s*, s:o}", "state", state, "url",
                     record->url, "duration", (double)record->duration_ms / 1000, "size",
                     (json_int_t)record->bytes, "recording_id", record->id, "start_time",
                     (double)record->began_wall_ms / 1000, "source",
                     record->source[0] ? record->source : NULL, "trim",
                     record->config.trims ? "trim-silence" : NULL, "record", inner);
}

static struct laml_party party_of(const struct record *record)
{
    return (struct laml_party){ .call = line_call(record->op.line),
                                .far = line_leg(record->op.line),
                                .project_id = line_project(record->op.line),
                                .is_outbound = record->is_outbound };
}

/* What LaML's forms have of the call; NULL: they are not wanted. */
static json_t *form_of(const struct record *record)
{
    const struct laml_party party = party_of(record);
    return record->laml_events[0] || record->config.transcribes ? laml_form_of(&party) : NULL;
}

static struct record_news news_of(const struct record *record)
{
    const struct line_op *op = &record->op;
    return (struct record_news){ .call_id = call_id(line_call(op->line)),
                                 .project_id = line_project(op->line),
                                 .control_id = op->control_id,
                                 .status_url = op->status_url,
                                 .status_method = record->status_method,
                                 .laml_events = record->laml_events,
                                 .transcribes = record->config.transcribes,
                                 .transcribe_url = record->transcribe_url };
}

static void tell(struct record *record, json_t *take_params)
{
    const struct record_news news = news_of(record);
    record_news_tell(record->op.scripts, &news, take_params, form_of(record));
}

static void end(struct record *record)
{
    const char *state = record->how == LINE_FAILED ? "error"
                        : record->no_input         ? "no_input"
                                                   : "finished";
    json_t *result = describe(record, state);
    tell(record, json_deep_copy(result));
    line_op_end(&record->op, record->how, result);
    json_decref(result);
}

static void on_converted(void *owner, const struct record_file_done *done)
{
    struct record *record = owner;
    record->file = NULL;
    if (done->err)
        record->how = LINE_FAILED;
    else if (done->duration_ms >= 0)
        record->duration_ms = done->duration_ms;
    record->bytes = done->bytes;
    end(record);
}

static void convert(struct record *record)
{
    const struct scripts *scripts = line_scripts(record->op.line);
    char to[PATH_MAX_LEN];
    snprintf(to, sizeof to, "%s/%s.%s", scripts->config.record_dir, record->id, record->format);
    const struct record_file_config config = {
        .from = record->path,
        .to = to,
        .channel = record->config.stereo || strcmp(record->direction, "both") == 0 ? RECORD_FILE_ALL
                   : strcmp(record->direction, "speak") == 0 ? RECORD_FILE_FIRST
                                                             : RECORD_FILE_SECOND,
        .is_mp3 = strcmp(record->format, "mp3") == 0,
        .trims = record->config.trims,
    };
    record->state = RECORD_CONVERTS;
    record->file = record_file_convert(loop_of(record), &config, on_converted, record);
}

/* Nothing more is to be recorded: the file is completed by its thread. */
static void close_file(struct record *record, enum line_end how)
{
    if (record->state == RECORD_CLOSES || record->state == RECORD_CONVERTS)
        return;
    record->how = how;
    loop_timer_stop(loop_of(record), &record->timer);
    loop_timer_stop(loop_of(record), &record->max);
    struct media_stream *stream = line_stream(record->op.line);
    if (record->state == RECORD_BEEPS || !stream) {
        record->duration_ms = loop_now_ms(loop_of(record)) - record->began_ms;
        end(record);
        return;
    }
    record->state = RECORD_CLOSES;
    media_stream_record_stop(stream);
}

static void on_recorded(struct line_op *op, uint32_t record_id, enum err err, int64_t duration_ms)
{
    struct record *record = (struct record *)op;
    if (record_id != record->record_id || record->state == RECORD_CONVERTS)
        return;
    record->duration_ms = duration_ms;
    if (record->state ==
        RECORD_RUNS) { /* somebody else took the stream's recorder, or the disk is full */
        loop_timer_stop(loop_of(record), &record->timer);
        loop_timer_stop(loop_of(record), &record->max);
        record->how = err ? LINE_FAILED : LINE_FINISHED;
    }
    if (err) {
        record->how = LINE_FAILED;
        end(record);
        return;
    }
    convert(record);
}

/* The level of the last second against the sensitivity: 0 to 100, the higher the fainter. */
static bool speaks(const struct record *record)
{
    struct media_stream *stream = line_stream(record->op.line);
    if (!stream)
        return true;
    int level = media_stream_stats(stream)->rx.level_dbov;
    return level > 0 || level > -(int)record->config.sensitivity; /* 1: not measured */
}

static void on_poll(void *owner)
{
    struct record *record = owner;
    int64_t now = loop_now_ms(loop_of(record));
    bool now_speaks = record->is_paused || speaks(record); /* a pause is nobody's silence */
    if (now_speaks || !record->quiet_since_ms)
        record->quiet_since_ms = now;
    record->heard |= now_speaks;
    if (!record->heard && record->config.initial_ms &&
        now - record->began_ms >= record->config.initial_ms) {
        record->no_input = true;
        close_file(record, LINE_FINISHED);
        return;
    }
    if (record->heard && record->config.end_silence_ms &&
        now - record->quiet_since_ms >= record->config.end_silence_ms) {
        close_file(record, LINE_FINISHED);
        return;
    }
    loop_timer_start(loop_of(record), &record->timer, POLL_MS, on_poll, record);
}

/* Card data are typed: nobody records them, whoever asks. */
static bool is_secret(const struct record *record)
{
    const struct leg *far = line_leg(record->op.line);
    return far && far->hides_keys;
}

static void on_max(void *owner)
{
    close_file(owner, LINE_FINISHED);
}

static void begin(void *owner)
{
    struct record *record = owner;
    struct media_stream *stream = line_stream(record->op.line);
    bool stereo = record->config.stereo || strcmp(record->direction, "both") != 0;
    record->state = RECORD_RUNS;
    record->began_ms = loop_now_ms(loop_of(record));
    record->began_wall_ms = loop_wall_ms(loop_of(record));
    if (stream)
        media_stream_record(stream, record->record_id, record->path, stereo);
    if (record->config.max_ms)
        loop_timer_start(loop_of(record), &record->max, record->config.max_ms, on_max, record);
    if (record->config.initial_ms || record->config.end_silence_ms)
        loop_timer_start(loop_of(record), &record->timer, POLL_MS, on_poll, record);
    tell(record, describe(record, "recording"));
    if (is_secret(record))
        (void)!line_record_pause(&record->op, LINE_RECORD_SILENCE);
}

static void beep(struct record *record)
{
    struct media_stream *stream = line_stream(record->op.line);
    size_t n = BEEP_RATE_HZ / 1000 * BEEP_MS;
    record->state = RECORD_BEEPS;
    if (stream) {
        int16_t *pcm = mem_array(n, sizeof *pcm);
        for (size_t i = 0; i < n; i++) /* 8 samples a turn: 0, 0.7, 1, 0.7, 0 … */
            pcm[i] = (int16_t)(beep_peak * (double[]){ 0, 0.7071, 1, 0.7071, 0, -0.7071, -1,
                                                       -0.7071 }[i % (BEEP_RATE_HZ / BEEP_HZ)]);
        media_stream_play(stream, 0, pcm, n, BEEP_RATE_HZ);
    }
    loop_timer_start(loop_of(record), &record->timer, BEEP_MS, begin, record);
}

static void on_key(struct line_op *op, char key)
{
    struct record *record = (struct record *)op;
    if (record->state == RECORD_RUNS && strchr(record->terminators, key))
        close_file(record, LINE_FINISHED);
}

static void stop(struct line_op *op)
{
    close_file((struct record *)op, LINE_STOPPED);
}

/* The stream completes its file when it goes, but reports no more. The owner hears what is known
 * now; everybody else when the file is there. */
static void over(struct line_op *op)
{
    struct record *record = (struct record *)op;
    loop_timer_stop(loop_of(record), &record->timer);
    loop_timer_stop(loop_of(record), &record->max);
    if (record->state == RECORD_BEEPS) {
        record->how = LINE_FAILED;
        end(record);
        return;
    }
    if (record->state == RECORD_RUNS)
        record->duration_ms = loop_now_ms(loop_of(record)) - record->began_ms;
    if (record->state != RECORD_CONVERTS)
        convert(record);
    const struct record_news news = news_of(record);
    json_t *result = describe(record, "finished");
    record_news_later(op->scripts, &news, record->file, json_deep_copy(result), form_of(record));
    record->file = NULL;
    line_op_end(op, LINE_OVER, result);
    json_decref(result);
}

static void destroy(struct line_op *op)
{
    struct record *record = (struct record *)op;
    loop_timer_stop(loop_of(record), &record->timer);
    loop_timer_stop(loop_of(record), &record->max);
    mem_free(record->terminators);
    mem_free(record->transcribe_url);
    mem_free(record);
}

static const struct line_kind kind = {
    .name = "record",
    .stop = stop,
    .destroy = destroy,
    .on_key = on_key,
    .on_recorded = on_recorded,
    .on_over = over,
};

struct line_op *line_record(struct line *line, const struct line_record_config *config, line_fn fn,
                            void *owner)
{
    struct scripts *scripts = line_scripts(line);
    struct record *record = mem_new(struct record);
    bool taken = line_count(line, "record") > 0;
    record->config = *config;
    record->terminators = slice_dup(slice_of(config->terminators ? config->terminators : ""));
    snprintf(record->direction, sizeof record->direction, "%s",
             config->direction ? config->direction : "both");
    snprintf(record->format, sizeof record->format, "%s", config->format ? config->format : "wav");
    snprintf(record->status_method, sizeof record->status_method, "%s",
             config->status_method ? config->status_method : "POST");
    snprintf(record->laml_events, sizeof record->laml_events, "%s",
             config->laml_events ? config->laml_events : "");
    snprintf(record->source, sizeof record->source, "%s", config->source ? config->source : "");
    record->transcribe_url = slice_dup(slice_of(config->transcribe_url));
    record->is_outbound = line_leg(line) && !line_leg(line)->incoming;
    rand_uuid(record->id);
    record->record_id = 1000 + rand_u32() % 1000000000;
    record->how = LINE_FINISHED;
    snprintf(record->path, sizeof record->path, "%s/%s.part.wav",
             scripts->config.record_dir ? scripts->config.record_dir : ".", record->id);
    snprintf(record->url, sizeof record->url, "%s/recordings/%s.%s", scripts->public_url,
             record->id, record->format);
    line_op_begin(&record->op, line, &kind, config->control_id, config->status_url, fn, owner);
    if (taken) {
        record->how = LINE_FAILED;
        log_warn(NULL, "script record refused: another recording of this call runs");
        loop_timer_start(loop_of(record), &record->timer, 0, on_max, record);
        record->state = RECORD_BEEPS;
    } else if (config->beep) {
        beep(record);
    } else {
        begin(record);
    }
    return &record->op;
}

const char *line_record_url(const struct line_op *op)
{
    return ((const struct record *)op)->url;
}

enum err line_record_pause(struct line_op *op, enum line_record_pause pause)
{
    static const enum media_record_pause media[] = { [LINE_RECORD_ON] = MEDIA_RECORD_ON,
                                                     [LINE_RECORD_SKIP] = MEDIA_RECORD_SKIP,
                                                     [LINE_RECORD_SILENCE] = MEDIA_RECORD_SILENCE };
    struct record *record = (struct record *)op;
    struct media_stream *stream = line_stream(op->line);
    bool on = pause != LINE_RECORD_ON;
    if (record->state != RECORD_RUNS || (!on && is_secret(record)))
        return ERR_MISUSE;
    if (record->is_paused == on)
        return OK;
    record->is_paused = on;
    if (stream)
        media_stream_record_pause(stream, media[pause]);
    json_t *params = describe(record, on ? "paused" : "recording");
    if (on)
        json_object_set_new(params, "pause_behavior",
                            json_string(pause == LINE_RECORD_SKIP ? "skip" : "silence"));
    tell(record, params);
    return OK;
}
