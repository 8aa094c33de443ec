#include "store_programs.h"

#include "base/num.h"
#include "store_table.h"

enum { CODE_KEPT_MS = 24 * 3600 * 1000 };

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

static const struct store_column message_columns[] = {
    { TEXT(message, id), .key = true },
    { TEXT(message, project_id), .nullable = true },
    { TEXT(message, direction) },
    { NAMED(message, from, "from_party") },
    { NAMED(message, to, "to_party") },
    { TEXT(message, body) },
    { TEXT(message, media) },
    { TEXT(message, status) },
    { TEXT(message, kind) },
    { TEXT(message, source) },
    { TEXT(message, status_url) },
    { TEXT(message, variables) },
    { TEXT(message, error_code) },
    { TEXT(message, error_message) },
    { NUMBER(message, segments) },
    { NUMBER(message, tries) },
    { NUMBER(message, next_ms) },
    { NUMBER(message, created_ms) },
    { NUMBER(message, updated_ms) },
};
TABLE(message, "messages", NULL);

static const struct store_column code_columns[] = {
    { TEXT(code, id), .key = true },
    { TEXT(code, project_id), .nullable = true },
    { TEXT(code, party) },
    { TEXT(code, channel) },
    { TEXT(code, hash) },
    { NUMBER(code, tries_left) },
    { NUMBER(code, expires_ms) },
    { NUMBER(code, created_ms) },
};
TABLE(code, "codes", NULL);

void store_project_change(struct store *store, const struct store_project *row,
                          struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job,
                   "UPDATE projects SET name = $1, options = $2, updated_ms = $3 WHERE id = $4");
    store_job_text(job, row->name);
    store_job_text(job, row->options);
    store_job_number(job, row->updated_ms);
    store_job_text(job, row->id);
    store_post(job);
}

void store_project_set_key(struct store *store, const char *id, const char *signing_key,
                           int64_t now_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, "UPDATE projects SET signing_key = $1, updated_ms = $2 WHERE id = $3");
    store_job_text(job, signing_key);
    store_job_number(job, now_ms);
    store_job_text(job, id);
    store_post(job);
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
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, "UPDATE tokens SET name = $1, scopes = $2, hash = $3 WHERE id = $4 AND "
                        "revoked_ms = 0");
    store_job_text(job, row->name);
    store_job_text(job, row->scopes);
    store_job_text(job, row->hash);
    store_job_text(job, row->id);
    store_post(job);
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

static void list_page(struct store *store, const struct store_table *table,
                      const struct store_page *page, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, table,
                     "WHERE project_id = $1 AND created_ms >= $2 AND ($3 = 0 OR created_ms < $3) "
                     "ORDER BY created_ms DESC, id LIMIT $4 OFFSET $5");
    store_job_text(job, page->project_id);
    store_job_number(job, page->from_ms);
    store_job_number(job, page->before_ms);
    store_job_number(job, page->limit);
    store_job_number(job, page->offset);
    store_post(job);
}

void store_call_page(struct store *store, const struct store_page *page, struct store_reply reply)
{
    list_page(store, &store_call_table, page, reply);
}

void store_message_add(struct store *store, const struct store_message *row,
                       struct store_reply reply)
{
    store_add_row(store, &store_message_table, row, reply);
}

void store_message_change(struct store *store, const struct store_message *row,
                          struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, "UPDATE messages SET status = $1, error_code = $2, error_message = $3, "
                        "body = $4, tries = $5, next_ms = $6, updated_ms = $7 WHERE id = $8");
    store_job_text(job, row->status);
    store_job_text(job, row->error_code);
    store_job_text(job, row->error_message);
    store_job_text(job, row->body);
    store_job_number(job, row->tries);
    store_job_number(job, row->next_ms);
    store_job_number(job, row->updated_ms);
    store_job_text(job, row->id);
    store_post(job);
}

void store_message_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_message_table, "WHERE id = $1", id, reply);
}

void store_message_page(struct store *store, const struct store_page *page,
                        struct store_reply reply)
{
    list_page(store, &store_message_table, page, reply);
}

void store_message_due(struct store *store, int64_t now_ms, int64_t limit, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_message_table,
                     "WHERE next_ms > 0 AND next_ms <= $1 ORDER BY next_ms, created_ms LIMIT $2");
    store_job_number(job, now_ms);
    store_job_number(job, limit);
    store_post(job);
}

void store_code_add(struct store *store, const struct store_code *row, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM codes WHERE expires_ms < $1");
    store_job_number(job, row->created_ms - CODE_KEPT_MS);
    store_job_put(job, &store_code_table, row, false);
    store_post(job);
}

void store_code_try(struct store *store, const char *id, int64_t now_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, "UPDATE codes SET tries_left = tries_left - 1 WHERE id = $1 AND "
                        "tries_left > 0 AND expires_ms > $2");
    store_job_text(job, id);
    store_job_number(job, now_ms);
    store_job_select(job, &store_code_table, "WHERE id = $1");
    store_job_text(job, id);
    store_post(job);
}

void store_code_find_party(struct store *store, const char *party, struct store_reply reply)
{
    store_find_row(store, &store_code_table,
                   "WHERE party = $1 ORDER BY created_ms DESC, id LIMIT 1", party, reply);
}

void store_code_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM codes WHERE id = $1", id, reply);
}
