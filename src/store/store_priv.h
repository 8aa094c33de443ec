#pragma once
/* What the files of this folder share: a job (some statements and their answer) and the tables that
 * turn row structs into values and back. A job is built on control, run on the store's thread and
 * answered on control; it is never on two of them at once. */

#include "base/list.h"
#include "store/backends.h"
#include "store/store.h"

enum store_type { STORE_NUMBER, STORE_TEXT };

struct store_column {
    const char *name;
    size_t offset; /* of an int64_t or a const char * in the row's struct */
    enum store_type type;
    bool key;         /* part of the primary key */
    bool nullable;    /* "" is NULL in the database, because it points to another table */
    const char *expr; /* to be selected instead of the name; such a column is never written */
};

struct store_table {
    const char *name;
    const char *from; /* what to select from, when not just `name` */
    size_t row_size;
    const struct store_column *columns;
    size_t n_columns;
};

struct store_step {
    char *sql;
    bool is_shared;  /* the same text as the step before */
    size_t first, n; /* its values in the job's */
};

/** What has to come true for a job to be OK rather than ERR_NOT_FOUND. */
enum store_need { STORE_NEED_NOTHING, STORE_NEED_ROW, STORE_NEED_CHANGE };

struct store_job {
    struct list link; /* control: in flight */
    struct store *store;
    struct store_reply reply;
    enum store_need need;
    struct store_step *steps; /* all or none of them happen */
    size_t n_steps, cap_steps;
    struct store_value *values; /* texts are the job's own */
    size_t n_values, cap_values;
    enum err err; /* found while it was built: never runs */
    struct store_answer answer;
    char *rows;
    size_t cap_rows;
    char **texts; /* of the rows */
    size_t n_texts, cap_texts;
};

struct store_job *store_job_create(struct store *store, struct store_reply reply);
void store_job_destroy(struct store_job *job);
/** The next statement; its values follow in the order $1, $2 … `sql` is copied. */
void store_job_step(struct store_job *job, const char *sql);
/** The same statement once more, with other values. */
void store_job_again(struct store_job *job);
void store_job_text(struct store_job *job, const char *text); /* NULL is "" */
void store_job_key(struct store_job *job, const char *text);  /* NULL and "" are SQL's NULL */
void store_job_number(struct store_job *job, int64_t number);

/** A statement that adds the row, or, with `replace`, changes the one with its key. */
void store_job_put(struct store_job *job, const struct store_table *table, const void *row,
                   bool replace);
/** A statement that writes `columns` ("name options", as the table names them) of the row with the
 * same key; `also` narrows it further: "AND revoked_ms = 0", or "". */
void store_job_change(struct store_job *job, const struct store_table *table, const void *row,
                      const char *columns, const char *also);
/** A statement that reads rows, e.g. tail "WHERE id = $1"; they become the answer. */
void store_job_select(struct store_job *job, const struct store_table *table, const char *tail);

/** Store's thread: run all steps and fill the answer. */
void store_job_run(struct store_job *job, const struct store_ops *ops, void *db);
/** Control: hand it to the thread, which answers. Takes the job. */
void store_post(struct store_job *take);

/** store_schema.c: bring an open database up to the newest schema. */
MUST_CHECK enum err store_schema_migrate(const struct store_ops *ops, void *db, const char *name,
                                         struct fault *fault);
