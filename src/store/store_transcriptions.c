#include "store_transcriptions.h"

#include "base/num.h"
#include "store_table.h"

static const struct store_column transcription_columns[] = {
    { TEXT(transcription, id), .key = true }, { TEXT(transcription, project_id), .nullable = true },
    { TEXT(transcription, recording_id) },    { TEXT(transcription, status) },
    { TEXT(transcription, words) },           { NUMBER(transcription, duration_ms) },
    { NUMBER(transcription, created_ms) },    { NUMBER(transcription, updated_ms) },
};
TABLE(transcription, "transcriptions", NULL);

void store_transcription_add(struct store *store, const struct store_transcription *row,
                             struct store_reply reply)
{
    store_add_row(store, &store_transcription_table, row, reply);
}

void store_transcription_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_transcription_table, "WHERE id = $1", id, reply);
}

void store_transcription_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM transcriptions WHERE id = $1", id, reply);
}

void store_transcription_list(struct store *store, const struct store_transcription_filter *filter,
                              struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_transcription_table,
                     "WHERE project_id = $1 AND ($2 = '' OR recording_id = $2) AND "
                     "created_ms >= $3 AND ($4 = 0 OR created_ms < $4) "
                     "ORDER BY created_ms DESC, id LIMIT $5 OFFSET $6");
    store_job_text(job, filter->project_id);
    store_job_text(job, filter->recording_id);
    store_job_number(job, filter->from_ms);
    store_job_number(job, filter->before_ms);
    store_job_number(job, num_min(filter->limit, STORE_MAX_ROWS));
    store_job_number(job, filter->offset);
    store_post(job);
}
