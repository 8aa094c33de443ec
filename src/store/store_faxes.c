#include "store_faxes.h"

#include "base/num.h"
#include "store_table.h"

static const struct store_column fax_columns[] = {
    { TEXT(fax, id), .key = true },
    { TEXT(fax, project_id), .nullable = true },
    { TEXT(fax, call_id) },
    { TEXT(fax, direction) },
    { NAMED(fax, from, "from_party") },
    { NAMED(fax, to, "to_party") },
    { TEXT(fax, status) },
    { TEXT(fax, quality) },
    { TEXT(fax, remote_station) },
    { TEXT(fax, document) },
    { TEXT(fax, media) },
    { TEXT(fax, error_code) },
    { TEXT(fax, error_message) },
    { NUMBER(fax, pages) },
    { NUMBER(fax, duration_ms) },
    { NUMBER(fax, created_ms) },
    { NUMBER(fax, updated_ms) },
};
TABLE(fax, "faxes", NULL);

void store_fax_set(struct store *store, const struct store_fax *row, struct store_reply reply)
{
    store_set_row(store, &store_fax_table, row, reply);
}

void store_fax_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_fax_table, "WHERE id = $1", id, reply);
}

void store_fax_find_media(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_fax_table, "WHERE media IN ($1 || '.pdf', $1 || '.tif')", id,
                   reply);
}

void store_fax_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM faxes WHERE id = $1", id, reply);
}

void store_fax_fail_open(struct store *store, const char *error_code, const char *error_message,
                         int64_t now_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "UPDATE faxes SET status = 'failed', error_code = $1, error_message = $2, "
                        "updated_ms = $3 WHERE status IN ('queued', 'processing', 'sending', "
                        "'receiving')");
    store_job_text(job, error_code);
    store_job_text(job, error_message);
    store_job_number(job, now_ms);
    store_post(job);
}

void store_fax_purge(struct store *store, int64_t before_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM faxes WHERE created_ms < $1");
    store_job_number(job, before_ms);
    store_post(job);
}

void store_fax_list(struct store *store, const struct store_fax_filter *filter,
                    struct store_reply reply)
{
    const char *const texts[] = { filter->project_id, filter->from, filter->to };
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_fax_table,
                     "WHERE ($1 = '' OR project_id = $1) AND ($2 = '' OR from_party = $2) AND "
                     "($3 = '' OR to_party = $3) AND created_ms >= $4 AND "
                     "($5 = 0 OR created_ms < $5) ORDER BY created_ms DESC, id LIMIT $6 OFFSET $7");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        store_job_text(job, texts[i]);
    store_job_number(job, filter->from_ms);
    store_job_number(job, filter->before_ms);
    store_job_number(job, num_min(filter->limit, STORE_MAX_ROWS));
    store_job_number(job, filter->offset);
    store_post(job);
}
