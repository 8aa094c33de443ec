/* Transcriptions are kept, listed by project and recording within bounds, and removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "store_transcriptions.h"
#include "test_store.h"

static struct {
    struct loop *loop;
    struct store *store;
    enum err err;
    char said[200]; /* "id=words " … */
} f;

static int setup(void **state)
{
    (void)state;
    return test_store_open(&f.loop, &f.store);
}

static int teardown(void **state)
{
    (void)state;
    return test_store_close(f.loop, f.store);
}

static void on_rows(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
    f.said[0] = '\0';
    for (size_t i = 0; i < answer->n; i++) {
        const struct store_transcription *row = &STORE_ROWS(answer, store_transcription)[i];
        size_t len = strlen(f.said);
        snprintf(f.said + len, sizeof f.said - len, "%s=%s ", row->id, row->words);
    }
}

static const struct store_reply rows = { on_rows, NULL };

static void keep(const char *id, const char *recording_id, int64_t created_ms)
{
    const struct store_transcription row = { .id = id,
                                             .project_id = "p1",
                                             .recording_id = recording_id,
                                             .status = "completed",
                                             .words = "it's \"fine\"",
                                             .duration_ms = 1500,
                                             .created_ms = created_ms,
                                             .updated_ms = created_ms };
    store_transcription_add(f.store, &row, STORE_NOBODY);
}

static const char *listed(const struct store_transcription_filter *filter)
{
    store_transcription_list(f.store, filter, rows);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, OK);
    return f.said;
}

static void lists_are_filtered(void **state)
{
    struct store_transcription_filter all = { .project_id = "p1", .limit = 10 };
    (void)state;
    keep("t1", "r1", 10);
    keep("t2", "r1", 20);
    keep("t3", "r2", 30);
    assert_string_equal(listed(&all), "t3=it's \"fine\" t2=it's \"fine\" t1=it's \"fine\" ");
    all.recording_id = "r1";
    all.from_ms = 15;
    assert_string_equal(listed(&all), "t2=it's \"fine\" ");
    all.from_ms = 0;
    all.before_ms = 20;
    assert_string_equal(listed(&all), "t1=it's \"fine\" ");
    all.project_id = "p2";
    assert_string_equal(listed(&all), "");
}

static void one_is_removed(void **state)
{
    (void)state;
    keep("t1", "r1", 10);
    store_transcription_find(f.store, "t1", rows);
    loop_advance(f.loop, 0);
    assert_string_equal(f.said, "t1=it's \"fine\" ");
    store_transcription_remove(f.store, "t1", STORE_NOBODY);
    store_transcription_find(f.store, "t1", rows);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_are_filtered, setup, teardown),
        cmocka_unit_test_setup_teardown(one_is_removed, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
