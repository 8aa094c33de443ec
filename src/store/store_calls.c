/* What happened: the records of calls and their timelines. The verbs are in store_rows.h. */
#include "base/num.h"
#include "store_table.h"

enum { LIST_LIMIT = 100 };

static const struct store_column call_columns[] = {
    { TEXT(call, id), .key = true },
    { TEXT(call, project_id), .nullable = true },
    { TEXT(call, direction) },
    { TEXT(call, face) },
    { NAMED(call, from, "from_party") },
    { NAMED(call, to, "to_party") },
    { TEXT(call, trunk) },
    { NAMED(call, user, "user_name") },
    { TEXT(call, state) },
    { TEXT(call, codec_a) },
    { TEXT(call, codec_b) },
    { TEXT(call, cause) },
    { TEXT(call, cause_text) },
    { TEXT(call, ended_by) },
    { TEXT(call, correlation) },
    { TEXT(call, stats) },
    { NUMBER(call, code) },
    { NUMBER(call, created_ms) },
    { NUMBER(call, answered_ms) },
    { NUMBER(call, ended_ms) },
};
TABLE(call, "calls", NULL);

/* `seq` orders a call's events; it is counted where the row is added */
static const struct store_column event_columns[] = {
    { TEXT(event, call_id) }, { TEXT(event, kind) },  { TEXT(event, text) },
    { NUMBER(event, at_ms) }, { NUMBER(event, leg) },
};
TABLE(event, "events", NULL);

void store_call_set(struct store *store, const struct store_call *row, struct store_reply reply)
{
    store_set_row(store, &store_call_table, row, reply);
}

void store_call_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_call_table, "WHERE id = $1", id, reply);
}

void store_call_list(struct store *store, int64_t before_ms, size_t limit, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_call_table,
                     "WHERE $1 = 0 OR created_ms < $1 ORDER BY created_ms DESC, id LIMIT $2");
    store_job_number(job, before_ms);
    store_job_number(job, (int64_t)(limit ? num_min((int64_t)limit, STORE_MAX_ROWS) : LIST_LIMIT));
    store_post(job);
}

void store_call_purge(struct store *store, int64_t before_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM calls WHERE ended_ms > 0 AND ended_ms < $1");
    store_job_number(job, before_ms);
    store_post(job);
}

static const char add_event[] =
    "INSERT INTO events (call_id, seq, at_ms, leg, kind, text) VALUES ($1, "
    "(SELECT COALESCE(MAX(seq), 0) + 1 FROM events WHERE call_id = $1), $2, $3, $4, $5)";

void store_event_add(struct store *store, const struct store_event *rows, size_t n,
                     struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    for (size_t i = 0; i < n; i++) {
        if (i == 0)
            store_job_step(job, add_event);
        else
            store_job_again(job);
        store_job_text(job, rows[i].call_id);
        store_job_number(job, rows[i].at_ms);
        store_job_number(job, rows[i].leg);
        store_job_text(job, rows[i].kind);
        store_job_text(job, rows[i].text);
    }
    store_post(job);
}

void store_event_list(struct store *store, const char *call_id, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_event_table, "WHERE call_id = $1 ORDER BY seq");
    store_job_text(job, call_id);
    store_post(job);
}
