#include "base/buf.h"
#include "base/embed.h"
#include "base/log.h"
#include "store_priv.h"

/* the files of src/store/schema in the order of their numbers, by tools/embed */
extern const struct embed store_schema[];
extern const size_t n_store_schema;

static enum err note_version(void *owner, const struct store_value *values, size_t n)
{
    if (n == 1 && !values[0].is_null)
        *(int64_t *)owner = values[0].number;
    return OK;
}

static enum err read_version(const struct store_ops *ops, void *db, const char *name,
                             int64_t *version, struct fault *fault)
{
    bool ours = false;
    bool any = false;
    enum err err = ops->has_table(db, "schema_versions", &ours);
    if (!err && !ours)
        err = ops->has_table(db, NULL, &any);
    if (!err && any)
        return fault_set(fault, ERR_UNSUPPORTED, name, 0,
                         "this database holds tables of another program");
    struct store_stmt stmt = { .sql = "SELECT MAX(version) FROM schema_versions",
                               .on_row = note_version,
                               .owner = version };
    if (!err && ours)
        err = ops->exec(db, &stmt);
    else if (!err)
        err = ops->script(db, "CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)");
    if (err)
        return fault_set(fault, ERR_IO, name, 0, "cannot read the database: %s", ops->error(db));
    return OK;
}

/* One file and its number happen together or not at all. */
static enum err apply(const struct store_ops *ops, void *db, const struct embed *file,
                      int64_t version)
{
    char insert[80];
    struct buf sql = BUF_ON(insert);
    buf_printf(&sql, "INSERT INTO schema_versions VALUES (%lld)", (long long)version);
    enum err err = ops->script(db, "BEGIN");
    if (!err)
        err = ops->script(db, (const char *)file->data);
    if (!err)
        err = ops->script(db, buf_cstr(&sql));
    if (!err)
        err = ops->script(db, "COMMIT");
    return err;
}

enum err store_schema_migrate(const struct store_ops *ops, void *db, const char *name,
                              struct fault *fault)
{
    int64_t version = 0;
    /* a handful of files */
    int64_t newest = (int64_t)n_store_schema;
    enum err err = read_version(ops, db, name, &version, fault);
    if (err)
        return err;
    if (version > newest)
        return fault_set(fault, ERR_UNSUPPORTED, name, 0,
                         "the database was written by a newer tandem (schema %lld, this program "
                         "knows %lld): install that version or use another state directory",
                         (long long)version, (long long)newest);
    for (; version < newest; version++) {
        const struct embed *file = &store_schema[version];
        err = apply(ops, db, file, version + 1);
        if (err)
            return fault_set(fault, ERR_IO, file->name, 0, "cannot update the database: %s",
                             ops->error(db));
        log_info(NULL, "schema updated backend=%s file=%s", ops->name, file->name);
    }
    return OK;
}
