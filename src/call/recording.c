#include "call/recording.h"

#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "call/call_priv.h"
#include "media/media.h"

enum { RECORD_ID_FIRST = 0x40000000, PATH_MAX_LEN = 1200 };

/* One file. */
struct recording {
    struct list link;
    char id[UUID_TEXT];
    uint32_t number;
    const struct leg *leg; /* NULL once nothing is written any more */
    uint32_t leg_id;
    int64_t started_ms,
        duration_ms; /* wall clock; the duration is ours until the file's is known */
    enum { WRITING, COMPLETE, FAILED } state;
};

static struct recording *current(const struct call *call)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&call->recordings)
    {
        struct recording *recording = LIST_ITEM(link, struct recording, link);
        if (recording->leg)
            return recording;
    }
    return NULL;
}

const char *recording_id(const struct call *call)
{
    const struct recording *recording = current(call);
    return recording ? recording->id : NULL;
}

/* The caller's when there is a choice: in stereo he is on the left then. */
static struct leg *leg_to_record(const struct call *call)
{
    if (call->caller && call->caller->stream)
        return call->caller;
    return call->peer && call->peer->stream ? call->peer : NULL;
}

static void start(struct call *call, struct leg *leg)
{
    struct recording *recording = mem_new(struct recording);
    char path[PATH_MAX_LEN];
    rand_uuid(recording->id);
    recording->number = RECORD_ID_FIRST + ++call->n_recordings;
    recording->leg = leg;
    recording->leg_id = leg->id;
    recording->started_ms = loop_wall_ms(call_loop(call));
    list_append(&call->recordings, &recording->link);
    snprintf(path, sizeof path, "%s/%s.wav", call->calls->config.record_dir, recording->id);
    media_stream_record(leg->stream, recording->number, path, call->record_stereo);
    call_event(call, leg->id, "record", "started %s.wav", recording->id);
    log_info(&call->log, "recording started id=%s leg=%u", recording->id, leg->id);
}

enum err recording_start(struct call *call, bool stereo, struct fault *fault)
{
    struct leg *leg = leg_to_record(call);
    if (call->state != CALL_UP)
        return fault_set(fault, ERR_MISUSE, "", 0, "the call is not up");
    if (current(call))
        return fault_set(fault, ERR_EXISTS, "", 0, "the call is being recorded");
    if (!leg || !call->calls->config.record_dir)
        return fault_set(fault, ERR_UNSUPPORTED, "", 0,
                         "there is nothing to record, or nowhere to");
    call->is_recorded = true;
    call->record_stereo = stereo;
    start(call, leg);
    return OK;
}

/* Nothing more is written to it. */
static void finish(struct call *call, struct recording *recording)
{
    recording->leg = NULL;
    recording->duration_ms = loop_wall_ms(call_loop(call)) - recording->started_ms;
    if (recording->state == WRITING)
        recording->state = COMPLETE;
    call_event(call, recording->leg_id, "record", "stopped %s.wav", recording->id);
    log_info(&call->log, "recording stopped id=%s", recording->id);
}

bool recording_stop(struct call *call)
{
    struct recording *recording = current(call);
    call->is_recorded = false;
    if (!recording)
        return false;
    media_stream_record_stop(recording->leg->stream);
    finish(call, recording);
    return true;
}

void recording_leave(struct call *call, const struct leg *leg)
{
    struct recording *recording = current(call);
    if (!recording || recording->leg != leg)
        return;
    media_stream_record_stop(leg->stream);
    finish(call, recording);
}

void recording_go_on(struct call *call)
{
    struct leg *leg = leg_to_record(call);
    if (call->is_recorded && !current(call) && leg)
        start(call, leg);
}

void recording_done(struct call *call, const struct media_recorded *recorded)
{
    LIST_EACH(link, &call->recordings)
    {
        struct recording *recording = LIST_ITEM(link, struct recording, link);
        if (recording->number != recorded->record_id)
            continue;
        if (recording->leg) /* the disk, or another recording of the stream, ended it */
            finish(call, recording);
        recording->duration_ms = recorded->duration_ms;
        if (recorded->err)
            recording->state = FAILED;
    }
}

json_t *recordings_json(const struct call *call)
{
    static const char *const states[] = { "recording", "complete", "failed" };
    json_t *list = json_array();
    LIST_EACH(link, (struct list *)(uintptr_t)&call->recordings)
    {
        const struct recording *recording = LIST_ITEM(link, struct recording, link);
        int64_t now_ms = loop_wall_ms(call_loop(call));
        json_array_append_new(
            list, json_pack("{s:s, s:s+, s:i, s:I, s:I, s:s}", "id", recording->id, "file",
                            recording->id, ".wav", "leg", (int)recording->leg_id, "started_ms",
                            (json_int_t)recording->started_ms, "duration_ms",
                            (json_int_t)(recording->leg ? now_ms - recording->started_ms
                                                        : recording->duration_ms),
                            "state", states[recording->state]));
    }
    return list;
}

void recordings_clear(struct call *call)
{
    LIST_EACH(link, &call->recordings)
    mem_free(LIST_ITEM(link, struct recording, link));
}
