#include "store_priv.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

enum { SQL_MAX = 2048, FIRST = 16, CHANGE_MAX = 16 };

struct store_job *store_job_create(struct store *store, struct store_reply reply)
{
    struct store_job *job = mem_new(struct store_job);
    list_init(&job->link);
    job->store = store;
    job->reply = reply;
    return job;
}

static void free_value(struct store_value *value)
{
    if (!value->text.ptr)
        return;
    /* a copy made by store_job_text(); hashes of credentials may be among them */
    char *text = (char *)(uintptr_t)value->text.ptr;
    mem_wipe(text, value->text.len);
    mem_free(text);
}

void store_job_destroy(struct store_job *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < job->n_values; i++)
        free_value(&job->values[i]);
    for (size_t i = 0; i < job->n_steps; i++)
        if (!job->steps[i].is_shared)
            mem_free(job->steps[i].sql);
    for (size_t i = 0; i < job->n_texts; i++)
        mem_free(job->texts[i]);
    mem_free(job->values);
    mem_free(job->texts);
    mem_free(job->rows);
    mem_free(job->steps);
    mem_free(job);
}

/* Room for one more of `size` bytes behind the `n` there are. */
static void *grow(void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap ? 2 * *cap : FIRST;
    return mem_resize(items, *cap * size);
}

static void add_step(struct store_job *job, char *sql, bool is_shared)
{
    job->steps = grow(job->steps, job->n_steps, &job->cap_steps, sizeof *job->steps);
    job->steps[job->n_steps++] =
        (struct store_step){ .sql = sql, .is_shared = is_shared, .first = job->n_values };
}

void store_job_step(struct store_job *job, const char *sql)
{
    add_step(job, slice_dup(slice_of(sql)), false);
}

void store_job_again(struct store_job *job)
{
    add_step(job, job->steps[job->n_steps - 1].sql, true);
}

static void put_value(struct store_job *job, struct store_value value)
{
    job->values = grow(job->values, job->n_values, &job->cap_values, sizeof *job->values);
    job->values[job->n_values++] = value;
    job->steps[job->n_steps - 1].n++;
}

void store_job_text(struct store_job *job, const char *text)
{
    struct slice given = slice_of(text ? text : "");
    if (given.len > STORE_MAX_TEXT) {
        job->err = ERR_LIMIT;
        given = SLICE("");
    }
    put_value(job, (struct store_value){ .text = { slice_dup(given), given.len } });
}

void store_job_key(struct store_job *job, const char *text)
{
    if (text && text[0])
        store_job_text(job, text);
    else
        put_value(job, (struct store_value){ .is_null = true });
}

void store_job_number(struct store_job *job, int64_t number)
{
    put_value(job, (struct store_value){ .number = number });
}

static const void *field(const void *row, const struct store_column *column)
{
    return (const char *)row + column->offset;
}

static void put_column(struct store_job *job, const struct store_column *column, const void *row)
{
    if (column->type == STORE_NUMBER)
        store_job_number(job, *(const int64_t *)field(row, column));
    else if (column->nullable)
        store_job_key(job, *(const char *const *)field(row, column));
    else
        store_job_text(job, *(const char *const *)field(row, column));
}

/* the columns that are written, or only the keys among them, or all but the keys */
enum which { WRITTEN, KEYS, OTHERS };

static void put_names(struct buf *sql, const struct store_table *table, enum which which,
                      const char *format)
{
    bool first = true;
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct store_column *column = &table->columns[i];
        if (column->expr || (which != WRITTEN && column->key != (which == KEYS)))
            continue;
        if (!first)
            buf_text(sql, ", ");
        first = false;
        buf_text(sql, column->name);
        if (format) {
            buf_text(sql, format);
            buf_text(sql, column->name);
        }
    }
}

void store_job_put(struct store_job *job, const struct store_table *table, const void *row,
                   bool replace)
{
    char mem[SQL_MAX];
    struct buf sql = BUF_ON(mem);
    buf_printf(&sql, "INSERT INTO %s (", table->name);
    put_names(&sql, table, WRITTEN, NULL);
    buf_text(&sql, ") VALUES (");
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns; i++)
        if (!table->columns[i].expr) {
            n++;
            buf_printf(&sql, n > 1 ? ", $%zu" : "$%zu", n);
        }
    buf_char(&sql, ')');
    if (replace) {
        buf_text(&sql, " ON CONFLICT (");
        put_names(&sql, table, KEYS, NULL);
        buf_text(&sql, ") DO UPDATE SET ");
        put_names(&sql, table, OTHERS, " = excluded.");
    }
    BUG_IF(sql.overflow);
    store_job_step(job, buf_cstr(&sql));
    for (size_t i = 0; i < table->n_columns; i++)
        if (!table->columns[i].expr)
            put_column(job, &table->columns[i], row);
}

static const struct store_column *column_of(const struct store_table *table, struct slice name)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (slice_is(name, table->columns[i].name))
            return &table->columns[i];
    BUG_IF(true);
}

void store_job_change(struct store_job *job, const struct store_table *table, const void *row,
                      const char *columns, const char *also)
{
    char mem[SQL_MAX];
    struct buf sql = BUF_ON(mem);
    const struct store_column *bound[CHANGE_MAX];
    size_t n = 0;
    buf_printf(&sql, "UPDATE %s SET ", table->name);
    for (struct slice rest = slice_of(columns); !slice_empty(rest);) {
        BUG_IF(n == CHANGE_MAX);
        bound[n++] = column_of(table, slice_word(&rest));
        buf_printf(&sql, n > 1 ? ", %s = $%zu" : "%s = $%zu", bound[n - 1]->name, n);
    }
    const char *joint = " WHERE ";
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!table->columns[i].key)
            continue;
        BUG_IF(n == CHANGE_MAX);
        bound[n++] = &table->columns[i];
        buf_printf(&sql, "%s%s = $%zu", joint, table->columns[i].name, n);
        joint = " AND ";
    }
    buf_printf(&sql, " %s", also);
    BUG_IF(sql.overflow);
    store_job_step(job, buf_cstr(&sql));
    for (size_t i = 0; i < n; i++)
        put_column(job, bound[i], row);
}

void store_job_select(struct store_job *job, const struct store_table *table, const char *tail)
{
    char mem[SQL_MAX];
    struct buf sql = BUF_ON(mem);
    buf_text(&sql, "SELECT ");
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct store_column *column = &table->columns[i];
        buf_printf(&sql, i ? ", %s" : "%s", column->expr ? column->expr : column->name);
    }
    buf_printf(&sql, " FROM %s %s", table->from ? table->from : table->name, tail);
    BUG_IF(sql.overflow);
    store_job_step(job, buf_cstr(&sql));
    job->answer.table = table;
}

static char *keep_text(struct store_job *job, struct slice text)
{
    job->texts = grow(job->texts, job->n_texts, &job->cap_texts, sizeof *job->texts);
    return job->texts[job->n_texts++] = slice_dup(text);
}

static void *next_row(struct store_job *job)
{
    size_t size = job->answer.table->row_size;
    job->rows = grow(job->rows, job->answer.n, &job->cap_rows, size);
    return job->rows + job->answer.n++ * size;
}

static enum err read_row(void *owner, const struct store_value *values, size_t n)
{
    struct store_job *job = owner;
    const struct store_table *table = job->answer.table;
    if (!table || job->answer.n == STORE_MAX_ROWS)
        return OK;
    BUG_IF(n != table->n_columns);
    char *row = next_row(job);
    memset(row, 0, table->row_size);
    for (size_t i = 0; i < n; i++) {
        void *to = row + table->columns[i].offset;
        if (table->columns[i].type == STORE_NUMBER)
            *(int64_t *)to = values[i].number;
        else
            *(const char **)to = keep_text(job, values[i].text);
    }
    return OK;
}

static enum err run_sql(const struct store_ops *ops, void *db, const char *sql)
{
    struct store_stmt stmt = { .sql = sql };
    return ops->exec(db, &stmt);
}

static enum err run_steps(struct store_job *job, const struct store_ops *ops, void *db)
{
    for (size_t i = 0; i < job->n_steps; i++) {
        const struct store_step *step = &job->steps[i];
        struct store_stmt stmt = { .sql = step->sql,
                                   .values = step->n ? &job->values[step->first] : NULL,
                                   .n = step->n,
                                   .on_row = read_row,
                                   .owner = job };
        enum err err = ops->exec(db, &stmt);
        if (err)
            return err;
        job->answer.changed += stmt.changed;
    }
    return OK;
}

static enum err run_together(struct store_job *job, const struct store_ops *ops, void *db)
{
    enum err err = run_sql(ops, db, "BEGIN");
    if (err)
        return err;
    err = run_steps(job, ops, db);
    if (!err)
        err = run_sql(ops, db, "COMMIT");
    if (!err)
        return OK;
    if (err == ERR_IO)
        log_error(NULL, "store failed backend=%s reason=%s", ops->name, ops->error(db));
    enum err undone = run_sql(ops, db, "ROLLBACK");
    /* nothing is open when COMMIT itself rolled back, and then ROLLBACK says so */
    (void)undone;
    return err;
}

void store_job_run(struct store_job *job, const struct store_ops *ops, void *db)
{
    struct store_answer *answer = &job->answer;
    enum err err = job->err;
    if (!err && job->n_steps == 1) {
        err = run_steps(job, ops, db);
        if (err == ERR_IO)
            log_error(NULL, "store failed backend=%s reason=%s", ops->name, ops->error(db));
    } else if (!err && job->n_steps) {
        err = run_together(job, ops, db);
    }
    if (!err && ((job->need == STORE_NEED_ROW && answer->n == 0) ||
                 (job->need == STORE_NEED_CHANGE && answer->changed == 0)))
        err = ERR_NOT_FOUND;
    if (err) {
        answer->n = 0;
        answer->changed = 0;
    }
    answer->err = err;
    answer->rows = job->rows;
}
