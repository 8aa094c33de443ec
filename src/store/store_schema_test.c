/* What store_open() makes of the files it finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "backends.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/num.h"
#include "store_rows.h"

static char dir[64], path[96];
static struct loop *loop;

static void remove_files(void)
{
    static const char *const names[] = { "tandem.db", "tandem.db-wal", "tandem.db-shm" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/%s", dir, names[i]);
        unlink(name);
    }
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tandem-schema-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/tandem.db", dir);
    loop = loop_create_simulated();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_destroy(loop);
    remove_files();
    return rmdir(dir);
}

static enum err open_store(struct store **store, const char *url, struct fault *fault)
{
    struct store_config config = { .loop = loop, .url = url, .state_dir = dir };
    return store_open(store, &config, fault);
}

static void refused(const char *url, enum err err, const char *text)
{
    struct store *store = NULL;
    struct fault fault = { 0 };
    assert_int_equal(open_store(&store, url, &fault), err);
    if (!strstr(fault.text, text))
        fail_msg("expected \"%s\" in: %s", text, fault.text);
}

static void run_sql(const char *sql)
{
    void *db;
    struct fault fault;
    assert_int_equal(store_sqlite_ops.open(&db, SLICE(""), dir, &fault), OK);
    assert_int_equal(store_sqlite_ops.script(db, sql), OK);
    store_sqlite_ops.close(db);
}

static void on_row(void *owner, const struct store_answer *answer)
{
    assert_int_equal(answer->err, OK);
    const struct store_project *project = STORE_ROWS(answer, store_project);
    assert_string_equal(project->name, "acme");
    *(bool *)owner = true;
}

static void test_rows_outlive_the_program(void **state)
{
    (void)state;
    struct store *store;
    struct store_project acme = { .id = "p1", .name = "acme", .signing_key = "key" };
    bool found = false;
    assert_int_equal(open_store(&store, "", NULL), OK);
    store_project_add(store, &acme, STORE_NOBODY);
    store_close(store); /* finishes what was asked */
    assert_int_equal(open_store(&store, NULL, NULL), OK);
    store_project_find(store, "p1", (struct store_reply){ on_row, &found });
    loop_advance(loop, 0);
    assert_true(found);
    assert_string_equal(store_backend(store), "sqlite");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600); /* it holds credentials */
    store_close(store);
}

static void test_a_newer_schema(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(open_store(&store, "", NULL), OK);
    store_close(store);
    run_sql("INSERT INTO schema_versions VALUES (999)");
    refused("", ERR_UNSUPPORTED, "written by a newer tandem (schema 999");
}

static void test_other_files(void **state)
{
    (void)state;
    run_sql("CREATE TABLE theirs (x TEXT)");
    refused("", ERR_UNSUPPORTED, "tables of another program");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", file);
    fclose(file);
    refused("", ERR_IO, "not a database");
    refused("sqlite:/nowhere/x.db", ERR_IO, "No such file or directory");
    refused("sqlite:", ERR_LIMIT, "empty or too long");
    refused("mysql://x", ERR_UNSUPPORTED, "expected nothing, sqlite:PATH or :memory:");
}

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_outlive_the_program, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_newer_schema, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_files, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
