#include "daemon/recording_mender.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "daemon/recording_files.h"
#include "store/store_recordings.h"
#include "store/store_rows.h"

/* Most of one round; the next follows at once. */
enum { ROWS_MAX = 1000 };

/* On a pool thread; it may outlive the daemon by a moment, so it knows only this. */
struct job {
    struct recording_mender *mender; /* NULL: it is gone */
    char *dir;
    int64_t before_ms;
    json_t *rows;
    size_t mended;
};
struct recording_mender {
    struct loop *loop;
    struct store *store;
    char *dir;
    int64_t before_ms;
    struct job *job;
};

static void ask(struct recording_mender *mender);

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

static int64_t number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static void work(void *arg)
{
    struct job *job = arg;
    job->mended = recording_files_mend(job->dir, job->before_ms, job->rows);
}

static void set_row(struct recording_mender *mender, const json_t *row)
{
    int64_t bytes = number_of(row, "bytes");
    const struct store_recording now = {
        .id = text_of(row, "id"),
        .project_id = text_of(row, "project_id"),
        .call_id = text_of(row, "call_id"),
        .conference_id = text_of(row, "conference_id"),
        .format = text_of(row, "format"),
        .track = text_of(row, "track"),
        .source = text_of(row, "source"),
        .status = bytes ? "completed" : "absent",
        .channels = number_of(row, "channels"),
        .bytes = bytes,
        .duration_ms = number_of(row, "duration_ms"),
        .created_ms = number_of(row, "created_ms"),
        .updated_ms = loop_wall_ms(mender->loop),
    };
    if (!bytes)
        log_warn(NULL, "recording lost id=%s: nothing of it was written before the end", now.id);
    store_recording_set(mender->store, &now, STORE_NOBODY);
}

static void done(void *arg)
{
    struct job *job = arg;
    struct recording_mender *mender = job->mender;
    size_t i, n = json_array_size(job->rows);
    json_t *row;
    if (job->mended)
        log_info(NULL, "recordings of an earlier run completed files=%zu", job->mended);
    json_array_foreach(job->rows, i, row) if (mender) set_row(mender, row);
    json_decref(job->rows);
    mem_free(job->dir);
    mem_free(job);
    if (!mender)
        return;
    mender->job = NULL;
    if (n == ROWS_MAX)
        ask(mender);
}

static json_t *row_json(const struct store_recording *row)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id", row->id, "project_id",
                     row->project_id, "call_id", row->call_id, "conference_id", row->conference_id,
                     "format", row->format, "track", row->track, "source", row->source, "channels",
                     (json_int_t)row->channels, "created_ms", (json_int_t)row->created_ms);
}

static void on_rows(void *owner, const struct store_answer *answer)
{
    struct recording_mender *mender = owner;
    const struct store_recording *rows = STORE_ROWS(answer, store_recording);
    if (answer->err) {
        log_warn(NULL, "unfinished recordings cannot be read: %s", err_name(answer->err));
        return;
    }
    struct job *job = mem_new(struct job);
    job->mender = mender;
    job->dir = slice_dup(slice_of(mender->dir));
    job->before_ms = mender->before_ms;
    job->rows = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(job->rows, row_json(&rows[i]));
    mender->job = job;
    worker_run(mender->loop, work, done, job);
}

static void ask(struct recording_mender *mender)
{
    const struct store_recording_filter filter = { .before_ms = mender->before_ms,
                                                   .is_unfinished = true,
                                                   .limit = ROWS_MAX };
    store_recording_list(mender->store, &filter, (struct store_reply){ on_rows, mender });
}

struct recording_mender *recording_mender_create(struct loop *loop, struct store *store,
                                                 const char *dir, int64_t before_ms)
{
    struct recording_mender *mender = mem_new(struct recording_mender);
    mender->loop = loop;
    mender->store = store;
    mender->dir = slice_dup(slice_of(dir));
    mender->before_ms = before_ms;
    ask(mender);
    return mender;
}

void recording_mender_destroy(struct recording_mender *mender)
{
    if (!mender)
        return;
    if (mender->job)
        mender->job->mender = NULL;
    mem_free(mender->dir);
    mem_free(mender);
}
