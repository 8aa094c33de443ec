#include "store_recordings.h"

#include "base/num.h"
#include "store_table.h"

static const struct store_column recording_columns[] = {
    { TEXT(recording, id), .key = true }, { TEXT(recording, project_id), .nullable = true },
    { TEXT(recording, call_id) },         { TEXT(recording, conference_id) },
    { TEXT(recording, format) },          { TEXT(recording, track) },
    { TEXT(recording, source) },          { TEXT(recording, status) },
    { NUMBER(recording, channels) },      { NUMBER(recording, bytes) },
    { NUMBER(recording, duration_ms) },   { NUMBER(recording, created_ms) },
    { NUMBER(recording, updated_ms) },    { NUMBER(recording, trims) },
};
TABLE(recording, "recordings", NULL);

void store_recording_set(struct store *store, const struct store_recording *row,
                         struct store_reply reply)
{
    store_set_row(store, &store_recording_table, row, reply);
}

void store_recording_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_recording_table, "WHERE id = $1", id, reply);
}

void store_recording_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM recordings WHERE id = $1", id, reply);
}

void store_recording_list(struct store *store, const struct store_recording_filter *filter,
                          struct store_reply reply)
{
    const char *const texts[] = { filter->project_id, filter->call_id, filter->conference_id };
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_recording_table,
                     "WHERE ($1 = '' OR project_id = $1) AND ($2 = '' OR call_id = $2) AND "
                     "($3 = '' OR conference_id = $3) AND created_ms >= $4 AND "
                     "($5 = 0 OR created_ms < $5) AND "
                     "($6 = 0 OR status IN ('in-progress', 'paused')) "
                     "ORDER BY created_ms DESC, id LIMIT $7 OFFSET $8");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        store_job_text(job, texts[i]);
    store_job_number(job, filter->from_ms);
    store_job_number(job, filter->before_ms);
    store_job_number(job, filter->is_unfinished);
    store_job_number(job, num_min(filter->limit, STORE_MAX_ROWS));
    store_job_number(job, filter->offset);
    store_post(job);
}
