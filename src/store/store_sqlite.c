#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"

enum { PATH_MAX_LEN = 1024, BUSY_MS = 3000, COLUMNS_MAX = 64 };

struct sqlite {
    sqlite3 *db;
    struct map *statements; /* SQL text -> sqlite3_stmt, prepared once */
};

static bool accepts_file(struct slice url)
{
    return slice_empty(url) || slice_starts(url, SLICE("sqlite:"));
}

static bool accepts_memory(struct slice url)
{
    return slice_is(url, ":memory:");
}

static void close_db(void *db)
{
    struct sqlite *s = db;
    if (!s)
        return;
    size_t cursor = 0;
    void *stmt;
    while (map_next(s->statements, &cursor, NULL, &stmt))
        sqlite3_finalize(stmt);
    map_destroy(s->statements);
    sqlite3_close(s->db);
    mem_free(s);
}

/* WAL: readers such as sqlite3(1) never stop the writer. NORMAL loses at most the last records when
 * the machine (not the program) dies, and spares a disk flush a call. */
static const char pragmas[] = "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = NORMAL;"
                              "PRAGMA foreign_keys = ON;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA secure_delete = ON;";

static enum err connect_to(void **out, const char *path, struct fault *fault)
{
    struct sqlite *s = mem_new(struct sqlite);
    s->statements = map_create();
    int rc = sqlite3_open_v2(
        path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(s->db, 1);
        sqlite3_busy_timeout(s->db, BUSY_MS);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        rc = sqlite3_exec(s->db, pragmas, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        enum err err = fault_set(fault, ERR_IO, path, 0, "cannot open the database: %s",
                                 s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
        close_db(s);
        return err;
    }
    *out = s;
    return OK;
}

static enum err open_file(void **db, struct slice url, const char *state_dir, struct fault *fault)
{
    char path[PATH_MAX_LEN];
    struct buf buf = BUF_ON(path);
    if (slice_empty(url))
        buf_printf(&buf, "%s/tandem.db", state_dir ? state_dir : ".");
    else
        buf_put(&buf, slice_from(url, SLICE("sqlite:").len));
    const char *name = buf_cstr(&buf);
    if (buf.overflow || !name[0])
        return fault_set(fault, ERR_LIMIT, "store.url", 0,
                         "the path of the database is empty or too long");
    /* made here, because it holds credentials: SQLite would make it readable for everybody, and its
     * -wal and -shm files take the mode of this one */
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fault_set(fault, ERR_IO, name, 0, "cannot open the database: %s", strerror(errno));
    close(fd);
    return connect_to(db, name, fault);
}

static enum err open_memory(void **db, struct slice url, const char *state_dir, struct fault *fault)
{
    (void)url;
    (void)state_dir;
    return connect_to(db, ":memory:", fault);
}

static enum err code_of(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return ERR_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_CHECK:
        return ERR_INVALID;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    default:
        return ERR_IO;
    }
}

static enum err prepare(struct sqlite *s, const char *sql, sqlite3_stmt **out)
{
    *out = map_find(s->statements, slice_of(sql));
    if (*out)
        return OK;
    int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (rc != SQLITE_OK)
        return code_of(rc);
    map_put(s->statements, slice_of(sql), *out);
    return OK;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct store_value *value)
{
    if (value->is_null)
        return sqlite3_bind_null(stmt, at);
    if (value->text.ptr)
        return sqlite3_bind_text64(stmt, at, value->text.ptr, value->text.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    return sqlite3_bind_int64(stmt, at, value->number);
}

/* $1 is a name to SQLite, so the place of a value is looked up */
static int bind(sqlite3_stmt *stmt, const struct store_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "$%zu", i + 1);
        int at = sqlite3_bind_parameter_index(stmt, name);
        int rc = at ? bind_one(stmt, at, &values[i]) : SQLITE_RANGE;
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

static struct store_value column(sqlite3_stmt *stmt, int i)
{
    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_NULL:
        return (struct store_value){ .is_null = true };
    case SQLITE_INTEGER:
        return (struct store_value){ .number = sqlite3_column_int64(stmt, i) };
    default:
        break;
    }
    const char *text = (const char *)sqlite3_column_text(stmt, i);
    /* never negative */
    size_t len = (size_t)sqlite3_column_bytes(stmt, i);
    return (struct store_value){ .text = slice_make(text ? text : "", len) };
}

static enum err hand_row(sqlite3_stmt *stmt, store_row_fn on_row, void *owner)
{
    struct store_value values[COLUMNS_MAX];
    int n = sqlite3_column_count(stmt);
    BUG_IF(n > COLUMNS_MAX);
    for (int i = 0; i < n; i++)
        values[i] = column(stmt, i);
    /* 0 to COLUMNS_MAX */
    return on_row(owner, values, (size_t)n);
}

static enum err exec(void *db, struct store_stmt *q)
{
    struct sqlite *s = db;
    sqlite3_stmt *stmt;
    enum err err = prepare(s, q->sql, &stmt);
    if (err)
        return err;
    int before = sqlite3_total_changes(s->db);
    int rc = bind(stmt, q->values, q->n);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    while (rc == SQLITE_ROW && !err) {
        err = q->on_row ? hand_row(stmt, q->on_row, q->owner) : OK;
        if (!err)
            rc = sqlite3_step(stmt);
    }
    if (!err && rc != SQLITE_DONE)
        err = code_of(rc);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    /* sqlite3_changes() keeps the figure of an earlier statement when this one changed nothing */
    q->changed = sqlite3_total_changes(s->db) != before ? sqlite3_changes(s->db) : 0;
    return err;
}

static enum err script(void *db, const char *sql)
{
    struct sqlite *s = db;
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : code_of(rc);
}

static enum err note_row(void *owner, const struct store_value *values, size_t n)
{
    (void)values;
    (void)n;
    *(bool *)owner = true;
    return OK;
}

static enum err has_table(void *db, const char *name, bool *out)
{
    bool found = false;
    struct store_value value = { .text = slice_of(name ? name : "") };
    struct store_stmt stmt = {
        .sql = name ? "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1"
                    : "SELECT 1 FROM sqlite_master LIMIT 1",
        .values = &value,
        .n = name ? 1 : 0,
        .on_row = note_row,
        .owner = &found,
    };
    enum err err = exec(db, &stmt);
    if (!err)
        *out = found;
    return err;
}

static const char *error(void *db)
{
    const struct sqlite *s = db;
    return sqlite3_errmsg(s->db);
}

const struct store_ops store_sqlite_ops = {
    .name = "sqlite",
    .accepts = accepts_file,
    .open = open_file,
    .close = close_db,
    .exec = exec,
    .script = script,
    .has_table = has_table,
    .error = error,
};

const struct store_ops store_memory_ops = {
    .name = "memory",
    .accepts = accepts_memory,
    .open = open_memory,
    .close = close_db,
    .exec = exec,
    .script = script,
    .has_table = has_table,
    .error = error,
};
