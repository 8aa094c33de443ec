#pragma once
/* What a database must do to be a backend, and the table of those there are. A backend runs one
 * statement at a time on whichever single thread calls it; it knows neither rows nor replies. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/** One value in or out. `is_null` wins; then a text (`text.ptr` not NULL), else the integer. */
struct store_value {
    bool is_null;
    int64_t number;
    struct slice text;
};

/** A row of an answer; its texts live until it returns. Anything but OK ends the statement and is
 * returned by exec. */
typedef enum err (*store_row_fn)(void *owner, const struct store_value *values, size_t n);

/** One statement with its values as $1, $2 …; a value may be used more than once. */
struct store_stmt {
    const char *sql; /* the same text for the same statement, so that it is prepared once */
    const struct store_value *values;
    size_t n;
    store_row_fn on_row; /* NULL: rows do not matter */
    void *owner;
    int64_t changed; /* out: rows added, updated or removed by it (not by cascades) */
};

struct store_ops {
    const char *name;
    /** Is the URL of this backend's kind? "" is the default. */
    bool (*accepts)(struct slice url);
    /** Connect. `*db` is closed by close(). */
    enum err (*open)(void **db, struct slice url, const char *state_dir, struct fault *fault);
    void (*close)(void *db); /* NULL is fine */
    /** ERR_EXISTS: a unique value is taken; ERR_INVALID: refers to nobody or breaks a constraint;
     * ERR_LIMIT, ERR_IO. */
    enum err (*exec)(void *db, struct store_stmt *stmt);
    /** Several statements without values or rows: one step of the schema. */
    enum err (*script)(void *db, const char *sql);
    /** Does a table of that name exist? And any table at all, for NULL? */
    enum err (*has_table)(void *db, const char *name, bool *out);
    /** Why the last call failed, for people. */
    const char *(*error)(void *db);
};

extern const struct store_ops store_sqlite_ops, store_memory_ops;

extern const struct store_ops *const store_backends[];
extern const size_t n_store_backends;
/** NULL when nobody knows such URLs. */
const struct store_ops *store_backend_find(struct slice url);
