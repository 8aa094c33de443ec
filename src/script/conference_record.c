#include "script/conference_record.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "media/media_room.h"
#include "script/laml_form.h"
#include "script/script_priv.h"

enum { PATH_MAX_LEN = 1024, SETTLE_MS = 500, WAV_HEADER_LEN = 44 };

struct conference_record {
    struct list in_all;
    struct scripts *scripts;
    char project_id[SCRIPT_ID_TEXT], call_id[SCRIPT_ID_TEXT], conference_id[UUID_TEXT];
    char *name, *callback, *events, *method;
    bool is_form, runs;
    char id[UUID_TEXT], path[PATH_MAX_LEN];
    int64_t began_ms, ended_ms; /* wall time */
    struct timer settle;        /* until the recorder's thread has completed the file */
};

static long long size_of(const struct conference_record *record)
{
    struct stat info;
    return record->ended_ms && stat(record->path, &info) == 0 ? (long long)info.st_size : 0;
}

static json_t *describe(const struct conference_record *record, const char *status)
{
    const struct scripts *scripts = record->scripts;
    long long size = size_of(record);
    double seconds = (double)(record->ended_ms ? record->ended_ms - record->began_ms : 0) / 1000;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:f, s:I, s:f}", "name", record->name,
                     "conference_id", record->conference_id, "status", status, "recording_id",
                     record->id, "recording_url",
                     json_sprintf("%s/recordings/%s.wav", scripts->public_url, record->id),
                     "recording_duration", seconds, "recording_file_size", (json_int_t)size,
                     "recording_start_time", (double)record->began_ms / 1000);
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
    loop_timer_stop(record->scripts->config.loop, &record->settle);
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
    rand_uuid(record->id);
    const char *dir = scripts->config.record_dir ? scripts->config.record_dir : ".";
    snprintf(record->path, sizeof record->path, "%s/%s.wav", dir, record->id);
    list_append(&scripts->conference_records, &record->in_all);
    return record;
}

void conference_record_begin(struct conference_record *record, struct media_room *room)
{
    if (record->runs)
        return;
    record->runs = true;
    record->began_ms = loop_wall_ms(record->scripts->config.loop);
    media_room_record(room, record->path);
    tell(record, "in-progress", "record-start");
}

static void on_settled(void *owner)
{
    struct conference_record *record = owner;
    bool is_there = size_of(record) > WAV_HEADER_LEN;
    tell(record, is_there ? "completed" : "absent", "record-stop");
    destroy(record);
}

void conference_record_end_take(struct conference_record *take, struct media_room *room)
{
    if (!take)
        return;
    if (!take->runs) {
        destroy(take);
        return;
    }
    take->ended_ms = loop_wall_ms(take->scripts->config.loop);
    media_room_record_stop(room);
    loop_timer_start(take->scripts->config.loop, &take->settle, SETTLE_MS, on_settled, take);
}

void conference_records_drop(struct scripts *scripts)
{
    while (!list_empty(&scripts->conference_records)) {
        struct conference_record *record =
            LIST_ITEM(scripts->conference_records.next, struct conference_record, in_all);
        destroy(record);
    }
}
