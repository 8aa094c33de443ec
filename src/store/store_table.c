#include "store_table.h"

void store_add_row(struct store *store, const struct store_table *table, const void *row,
                   struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_put(job, table, row, false);
    store_post(job);
}

void store_set_row(struct store *store, const struct store_table *table, const void *row,
                   struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_put(job, table, row, true);
    store_post(job);
}

void store_find_row(struct store *store, const struct store_table *table, const char *tail,
                    const char *key, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_ROW;
    store_job_select(job, table, tail);
    store_job_text(job, key);
    store_post(job);
}

void store_list_rows(struct store *store, const struct store_table *table, const char *tail,
                     struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, table, tail);
    store_post(job);
}

void store_change_row(struct store *store, const struct store_table *table, const void *row,
                      const char *columns, const char *also, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_change(job, table, row, columns, also);
    store_post(job);
}

void store_remove_row(struct store *store, const char *sql, const char *key,
                      struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, sql);
    store_job_text(job, key);
    store_post(job);
}
