/* Recordings are kept whole, listed by project and call within bounds, and removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/num.h"
#include "store_recordings.h"
#include "test_store.h"

static struct {
    struct loop *loop;
    struct store *store;
    enum err err;
    size_t n;
    char ids[100], status[20];
    int64_t duration_ms, trims;
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
    f.n = answer->n;
    f.ids[0] = '\0';
    for (size_t i = 0; i < answer->n; i++) {
        const struct store_recording *row = &STORE_ROWS(answer, store_recording)[i];
        size_t len = strlen(f.ids);
        snprintf(f.ids + len, sizeof f.ids - len, "%s ", row->id);
        snprintf(f.status, sizeof f.status, "%s", row->status);
        f.duration_ms = row->duration_ms;
        f.trims = row->trims;
    }
}

static const struct store_reply rows = { on_rows, NULL };

static void keep(const char *id, const char *call_id, const char *status, int64_t created_ms)
{
    const struct store_recording row = { .id = id,
                                         .project_id = "p1",
                                         .call_id = call_id,
                                         .format = "wav",
                                         .track = "both",
                                         .source = "OutBoundApi",
                                         .status = status,
                                         .channels = 1,
                                         .duration_ms = 1500,
                                         .trims = 1,
                                         .created_ms = created_ms };
    store_recording_set(f.store, &row, STORE_NOBODY);
}

static const char *listed(const struct store_recording_filter *filter)
{
    store_recording_list(f.store, filter, rows);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, OK);
    return f.ids;
}

static void lists_are_filtered(void **state)
{
    (void)state;
    keep("r1", "c1", "completed", 10);
    keep("r2", "c1", "completed", 20);
    keep("r3", "c2", "completed", 30);
    assert_string_equal(listed(&(struct store_recording_filter){ .project_id = "p1", .limit = 10 }),
                        "r3 r2 r1 ");
    assert_string_equal(listed(&(struct store_recording_filter){
                            .project_id = "p1", .call_id = "c1", .limit = 1, .offset = 1 }),
                        "r1 ");
    assert_string_equal(listed(&(struct store_recording_filter){
                            .project_id = "p1", .from_ms = 15, .before_ms = 30, .limit = 9 }),
                        "r2 ");
    assert_string_equal(listed(&(struct store_recording_filter){ .project_id = "p2", .limit = 10 }),
                        "");
    keep("r4", "c2", "in-progress", 40);
    keep("r5", "c2", "paused", 50);
    keep("r6", "c3", "in-progress", 60);
    assert_string_equal(listed(&(struct store_recording_filter){
                            .is_unfinished = true, .before_ms = 60, .limit = 9 }),
                        "r5 r4 ");
}

static void a_row_is_replaced_and_removed(void **state)
{
    (void)state;
    keep("r1", "c1", "in-progress", 10);
    keep("r1", "c1", "completed", 10);
    store_recording_find(f.store, "r1", rows);
    loop_advance(f.loop, 0);
    assert_string_equal(f.status, "completed");
    assert_int_equal(f.duration_ms, 1500);
    assert_int_equal(f.trims, 1);
    store_recording_remove(f.store, "r1", STORE_NOBODY);
    store_recording_find(f.store, "r1", rows);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_are_filtered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_is_replaced_and_removed, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
