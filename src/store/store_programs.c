#include "store_programs.h"

#include "base/num.h"
#include "store_table.h"

static const struct store_column resource_columns[] = {
    { TEXT(resource, id), .key = true },
    { TEXT(resource, project_id) },
    { TEXT(resource, type) },
    { TEXT(resource, name) },
    { TEXT(resource, body) },
    { TEXT(resource, ref) },
    { NUMBER(resource, created_ms) },
    { NUMBER(resource, updated_ms) },
};
TABLE(resource, "resources", NULL);

void store_project_change(struct store *store, const struct store_project *row,
                          struct store_reply reply)
{
    store_change_row(store, &store_project_table, row, "name options updated_ms", "", reply);
}

void store_project_set_key(struct store *store, const char *id, const char *signing_key,
                           int64_t now_ms, struct store_reply reply)
{
    const struct store_project row = { .id = id, .signing_key = signing_key, .updated_ms = now_ms };
    store_change_row(store, &store_project_table, &row, "signing_key updated_ms", "", reply);
}

void store_project_list_tree(struct store *store, const char *id, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_project_table,
                     "WHERE id = $1 OR parent_id = $1 ORDER BY created_ms DESC, id");
    store_job_text(job, id);
    store_post(job);
}

void store_token_change(struct store *store, const struct store_token *row,
                        struct store_reply reply)
{
    store_change_row(store, &store_token_table, row, "name scopes hash", UNREVOKED, reply);
}

void store_resource_set(struct store *store, const struct store_resource *row,
                        struct store_reply reply)
{
    store_set_row(store, &store_resource_table, row, reply);
}

void store_resource_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_resource_table, "WHERE id = $1", id, reply);
}

void store_resource_list(struct store *store, const char *project_id, const char *type,
                         struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_resource_table,
                     "WHERE ($1 = '' OR project_id = $1) AND ($2 = '' OR type = $2) "
                     "ORDER BY created_ms DESC, id");
    store_job_text(job, project_id);
    store_job_text(job, type);
    store_post(job);
}

void store_resource_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM resources WHERE id = $1", id, reply);
}

void store_call_page(struct store *store, const struct store_page *page, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(
        job, &store_call_table,
        "WHERE project_id = $1 AND created_ms >= $2 AND ($3 = 0 OR created_ms < $3) AND "
        "($6 = '' OR from_party = $6) AND ($7 = '' OR to_party = $7) "
        "ORDER BY created_ms DESC, id LIMIT $4 OFFSET $5");
    store_job_text(job, page->project_id);
    store_job_number(job, page->from_ms);
    store_job_number(job, page->before_ms);
    store_job_number(job, page->limit);
    store_job_number(job, page->offset);
    store_job_text(job, page->from);
    store_job_text(job, page->to);
    store_post(job);
}

void store_call_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM calls WHERE id = $1", id, reply);
}
