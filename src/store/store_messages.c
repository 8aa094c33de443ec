#include "store/store_messages.h"

#include "base/num.h"
#include "store_table.h"

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
    { TEXT(message, target) },
    { TEXT(message, status_url) },
    { TEXT(message, variables) },
    { TEXT(message, error_code) },
    { TEXT(message, error_message) },
    { TEXT(message, peer_id) },
    { TEXT(message, claim) },
    { NUMBER(message, sealed) },
    { NUMBER(message, segments) },
    { NUMBER(message, tries) },
    { NUMBER(message, next_ms) },
    { NUMBER(message, expires_ms) },
    { NUMBER(message, sent_ms) },
    { NUMBER(message, created_ms) },
    { NUMBER(message, updated_ms) },
};
TABLE(message, "messages", NULL);

static const struct store_column message_queue_columns[] = {
    { NUMBER(message_queue, n), .expr = "COUNT(*)" },
    { NUMBER(message_queue, next_ms), .expr = "COALESCE(MIN(next_ms), 0)" },
};
TABLE(message_queue, "messages", NULL);

static const struct store_column mfa_code_columns[] = {
    { TEXT(mfa_code, id), .key = true },
    { TEXT(mfa_code, project_id), .nullable = true },
    { TEXT(mfa_code, party) },
    { TEXT(mfa_code, channel) },
    { TEXT(mfa_code, salt) },
    { TEXT(mfa_code, hash) },
    { NUMBER(mfa_code, tries_left) },
    { NUMBER(mfa_code, expires_ms) },
    { NUMBER(mfa_code, created_ms) },
};
TABLE(mfa_code, "mfa_codes", NULL);

enum { LIST_LIMIT = 50, FORGET_MS = 24 * 3600 * 1000 };

void store_message_add(struct store *store, const struct store_message *row,
                       struct store_reply reply)
{
    store_add_row(store, &store_message_table, row, reply);
}

void store_message_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_message_table, "WHERE id = $1", id, reply);
}

void store_message_find_peer(struct store *store, const char *target, const char *peer_id,
                             struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_ROW;
    store_job_select(job, &store_message_table,
                     "WHERE peer_id = $1 AND target = $2 ORDER BY created_ms DESC LIMIT 1");
    store_job_text(job, peer_id);
    store_job_text(job, target);
    store_post(job);
}

void store_message_change(struct store *store, const struct store_message *row,
                          struct store_reply reply)
{
    store_change_row(store, &store_message_table, row,
                     "status body error_code error_message peer_id claim sealed tries next_ms "
                     "sent_ms updated_ms",
                     "", reply);
}

void store_message_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM messages WHERE id = $1", id, reply);
}

void store_message_claim(struct store *store, const char *claim, int64_t now_ms, size_t limit,
                         struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "UPDATE messages SET claim = $1, next_ms = 0, tries = tries + 1, "
                        "status = CASE WHEN direction = 'inbound' THEN status ELSE 'initiated' END "
                        "WHERE id IN (SELECT id FROM messages WHERE next_ms > 0 AND next_ms <= $2 "
                        "ORDER BY next_ms, created_ms, id LIMIT $3)");
    store_job_text(job, claim);
    store_job_number(job, now_ms);
    store_job_number(job, num_min((int64_t)limit, STORE_MAX_ROWS));
    store_job_select(job, &store_message_table, "WHERE claim = $1 ORDER BY created_ms, id");
    store_job_text(job, claim);
    store_post(job);
}

void store_message_wake(struct store *store, const char *target, int64_t now_ms,
                        struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "UPDATE messages SET next_ms = $2 WHERE target = $1 AND next_ms > $2");
    store_job_text(job, target);
    store_job_number(job, now_ms);
    store_post(job);
}

void store_message_claimed(struct store *store, struct store_reply reply)
{
    store_list_rows(store, &store_message_table, "WHERE claim <> '' ORDER BY created_ms, id",
                    reply);
}

void store_message_queue_find(struct store *store, struct store_reply reply)
{
    store_list_rows(store, &store_message_queue_table, "WHERE next_ms > 0", reply);
}

void store_message_list(struct store *store, const struct store_message_filter *filter,
                        struct store_reply reply)
{
    const char *const texts[] = { filter->project_id, filter->from, filter->to, filter->status };
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_message_table,
                     "WHERE ($1 = '' OR project_id = $1) AND ($2 = '' OR from_party = $2) AND "
                     "($3 = '' OR to_party = $3) AND ($4 = '' OR status = $4) AND "
                     "($5 = 0 OR created_ms >= $5) AND ($6 = 0 OR created_ms < $6) "
                     "ORDER BY created_ms DESC, id LIMIT $7 OFFSET $8");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        store_job_text(job, texts[i]);
    store_job_number(job, filter->from_ms);
    store_job_number(job, filter->before_ms);
    store_job_number(job, (int64_t)(filter->limit ? num_min((int64_t)filter->limit, STORE_MAX_ROWS)
                                                  : LIST_LIMIT));
    store_job_number(job, (int64_t)filter->offset);
    store_post(job);
}

void store_message_purge(struct store *store, int64_t before_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM messages WHERE next_ms = 0 AND claim = '' AND "
                        "created_ms < $1");
    store_job_number(job, before_ms);
    store_post(job);
}

void store_mfa_code_add(struct store *store, const struct store_mfa_code *row,
                        struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM mfa_codes WHERE expires_ms < $1");
    store_job_number(job, row->created_ms - FORGET_MS);
    store_job_put(job, &store_mfa_code_table, row, false);
    store_post(job);
}

void store_mfa_code_try(struct store *store, const char *id, const char *project_id, int64_t now_ms,
                        struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, "UPDATE mfa_codes SET tries_left = tries_left - 1 WHERE id = $1 AND "
                        "tries_left > 0 AND expires_ms > $2 AND ($3 = '' OR project_id = $3)");
    store_job_text(job, id);
    store_job_number(job, now_ms);
    store_job_text(job, project_id);
    store_job_select(job, &store_mfa_code_table, "WHERE id = $1");
    store_job_text(job, id);
    store_post(job);
}

void store_mfa_code_find(struct store *store, const char *party, const char *channel,
                         struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_ROW;
    store_job_select(job, &store_mfa_code_table,
                     "WHERE party = $1 AND channel = $2 ORDER BY created_ms DESC, id LIMIT 1");
    store_job_text(job, party);
    store_job_text(job, channel);
    store_post(job);
}

void store_mfa_code_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM mfa_codes WHERE id = $1", id, reply);
}
