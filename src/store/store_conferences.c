#include "store_conferences.h"

#include "base/num.h"
#include "store_table.h"

enum { LIST_MAX = 10000 };

static const struct store_column conference_columns[] = {
    { TEXT(conference, id), .key = true },
    { TEXT(conference, project_id), .nullable = true },
    { TEXT(conference, name) },
    { NUMBER(conference, created_ms) },
    { NUMBER(conference, ended_ms) },
};
TABLE(conference, "conferences", NULL);

void store_conference_set(struct store *store, const struct store_conference *row,
                          struct store_reply reply)
{
    store_set_row(store, &store_conference_table, row, reply);
}

void store_conference_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_conference_table, "WHERE id = $1", id, reply);
}

void store_conference_purge(struct store *store, int64_t before_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM conferences WHERE created_ms < $1");
    store_job_number(job, before_ms);
    store_post(job);
}

void store_conference_list(struct store *store, const char *project_id, int64_t from_ms,
                           int64_t before_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_conference_table,
                     "WHERE project_id = $1 AND created_ms >= $2 AND "
                     "($3 = 0 OR created_ms < $3) ORDER BY created_ms DESC, id LIMIT $4");
    store_job_text(job, project_id);
    store_job_number(job, from_ms);
    store_job_number(job, before_ms);
    store_job_number(job, LIST_MAX);
    store_post(job);
}
