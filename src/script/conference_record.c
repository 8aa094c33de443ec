#include "script/conference_record.h"

#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "media/media_room.h"
#include "media/record_file.h"
#include "script/laml_form.h"
#include "script/script_priv.h"

enum { PATH_MAX_LEN = 1024 };

struct conference_record {
    struct list in_all;
    struct scripts *scripts;
    char project_id[SCRIPT_ID_TEXT], call_id[SCRIPT_ID_TEXT], conference_id[UUID_TEXT];
    char *name, *callback, *events, *method;
    bool is_form, trims;
    enum conference_record_state state;
    char id[UUID_TEXT], path[PATH_MAX_LEN];
    int64_t began_ms; /* wall time */
    struct record_file_done made;
    struct record_file *file; /* being made */
};

static json_t *describe(const struct conference_record *record, const char *status)
{
    const struct scripts *scripts = record->scripts;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:f, s:I, s:f, s:s*}", "name", record->name, "conference_id",
        record->conference_id, "status", status, "recording_id", record->id, "recording_url",
        json_sprintf("%s/recordings/%s.wav", scripts->public_url, record->id), "recording_duration",
        (double)record->made.duration_ms / 1000, "recording_file_size",
        (json_int_t)record->made.bytes, "recording_start_time", (double)record->began_ms / 1000,
        "trim", record->trims ? "trim-silence" : NULL);
}

/* The fields of LaML's recordingStatusCallback. */
static json_t *form_of(const struct conference_record *record, const char *word)
{
    json_t *params = describe(record, "");
    json_t *form = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "AccountSid", record->project_id,
                             "ConferenceSid", record->conference_id, "FriendlyName", record->name,
                             "RecordingStatus", word, "RecordingChannels", "1", "RecordingSource",
                             "Conference");
    laml_form_put_recording(form, param_text(params, "recording_url", ""),
                            param_number(params, "recording_duration", 0));
    json_decref(params);
    return form;
}

static void tell(const struct conference_record *record, const char *word, const char *status)
{
    bool is_wanted = strstr(record->events, word) != NULL;
    json_t *form = record->is_form ? form_of(record, word) : NULL;
    const struct script_note note = { .type = "calling.conference",
                                      .url = is_wanted ? record->callback : NULL,
                                      .method = record->method,
                                      .form = form };
    scripts_tell_of(record->scripts, record->call_id, record->project_id, &note,
                    describe(record, status));
    json_decref(form);
}

static void destroy(struct conference_record *record)
{
    if (record->file)
        record_file_drop(record->file);
    list_remove(&record->in_all);
    mem_free(record->name);
    mem_free(record->callback);
    mem_free(record->events);
    mem_free(record->method);
    mem_free(record);
}

struct conference_record *conference_record_create(struct scripts *scripts,
                                                   const struct conference_record_config *config,
                                                   const struct conference_record_of *of)
{
    struct conference_record *record = mem_new(struct conference_record);
    record->scripts = scripts;
    snprintf(record->project_id, sizeof record->project_id, "%s", of->project_id);
    snprintf(record->call_id, sizeof record->call_id, "%s", of->call_id);
    snprintf(record->conference_id, sizeof record->conference_id, "%s", of->conference_id);
    record->name = slice_dup(slice_of(of->name));
    record->callback = slice_dup(slice_of(config->callback));
    record->events = slice_dup(slice_of(config->events[0] ? config->events : "completed"));
    record->method = slice_dup(slice_of(config->method));
    record->is_form = config->is_form;
    record->trims = config->trims;
    rand_uuid(record->id);
    const char *dir = scripts->config.record_dir ? scripts->config.record_dir : ".";
    snprintf(record->path, sizeof record->path, "%s/%s.part.wav", dir, record->id);
    list_append(&scripts->conference_records, &record->in_all);
    return record;
}

void conference_record_begin(struct conference_record *record, struct media_room *room)
{
    if (record->state != CONFERENCE_RECORD_WAITS)
        return;
    record->state = CONFERENCE_RECORD_RUNS;
    record->began_ms = loop_wall_ms(record->scripts->config.loop);
    media_room_record(room, record->path);
    tell(record, "in-progress", "record-start");
}

const char *conference_record_id(const struct conference_record *record)
{
    return record->id;
}

enum conference_record_state conference_record_state(const struct conference_record *record)
{
    return record->state;
}

enum err conference_record_pause(struct conference_record *record, struct media_room *room,
                                 enum media_record_pause pause)
{
    bool is_on = pause != MEDIA_RECORD_ON;
    enum conference_record_state wanted = is_on ? CONFERENCE_RECORD_PAUSED : CONFERENCE_RECORD_RUNS;
    if (record->state == CONFERENCE_RECORD_WAITS)
        return ERR_MISUSE;
    if (record->state == wanted)
        return OK;
    record->state = wanted;
    media_room_record_pause(room, pause);
    tell(record, is_on ? "paused" : "in-progress", is_on ? "record-pause" : "record-resume");
    return OK;
}

static void on_made(void *owner, const struct record_file_done *done)
{
    struct conference_record *record = owner;
    bool is_there = !done->err && done->duration_ms > 0;
    record->file = NULL;
    if (is_there)
        record->made = *done;
    tell(record, is_there ? "completed" : "absent", "record-stop");
    destroy(record);
}

void conference_record_end_take(struct conference_record *take, struct media_room *room)
{
    char to[PATH_MAX_LEN];
    if (!take)
        return;
    if (take->state == CONFERENCE_RECORD_WAITS) {
        destroy(take);
        return;
    }
    const char *dir = take->scripts->config.record_dir;
    snprintf(to, sizeof to, "%s/%s.wav", dir ? dir : ".", take->id);
    const struct record_file_config file = { .from = take->path, .to = to, .trims = take->trims };
    media_room_record_stop(room);
    take->file = record_file_convert(take->scripts->config.loop, &file, on_made, take);
}

void conference_records_drop(struct scripts *scripts)
{
    while (!list_empty(&scripts->conference_records)) {
        struct conference_record *record =
            LIST_ITEM(scripts->conference_records.next, struct conference_record, in_all);
        destroy(record);
    }
}
