/* Faxes and conferences that are over are kept whole, listed by project within bounds, and removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/num.h"
#include "store_conferences.h"
#include "store_faxes.h"
#include "test_store.h"

static struct {
    struct loop *loop;
    struct store *store;
    enum err err;
    char ids[100], last[300];
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

static void note(const char *id)
{
    size_t len = strlen(f.ids);
    snprintf(f.ids + len, sizeof f.ids - len, "%s ", id);
}

static void on_faxes(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
    f.ids[0] = f.last[0] = '\0';
    for (size_t i = 0; i < answer->n; i++) {
        const struct store_fax *row = &STORE_ROWS(answer, store_fax)[i];
        note(row->id);
        snprintf(f.last, sizeof f.last, "%s %s>%s %s %s %s %s %s %s/%s %lld %lld", row->direction,
                 row->from, row->to, row->status, row->quality, row->remote_station, row->document,
                 row->media, row->error_code, row->error_message, (long long)row->pages,
                 (long long)row->duration_ms);
    }
}

static const struct store_reply faxes = { on_faxes, NULL };

static void keep(const char *id, const char *status, const char *to, int64_t created_ms)
{
    char media[20];
    snprintf(media, sizeof media, "%s.%s", id, created_ms == 20 ? "pdf" : "tif");
    const struct store_fax row = { .id = id,
                                   .project_id = "p1",
                                   .call_id = "c1",
                                   .direction = "outbound-api",
                                   .from = "+1555",
                                   .to = to,
                                   .status = status,
                                   .quality = "fine",
                                   .remote_station = "acme",
                                   .document = "s1:doc",
                                   .media = media,
                                   .error_code = "34004",
                                   .error_message = "gone",
                                   .pages = 3,
                                   .duration_ms = 1500,
                                   .created_ms = created_ms };
    store_fax_set(f.store, &row, STORE_NOBODY);
}

static const char *listed(const struct store_fax_filter *filter)
{
    store_fax_list(f.store, filter, faxes);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, OK);
    return f.ids;
}

static void faxes_are_kept_whole_and_listed(void **state)
{
    (void)state;
    keep("f1", "delivered", "+1", 10);
    keep("f2", "delivered", "+2", 20);
    keep("f3", "delivered", "+1", 30);
    const struct store_fax_filter all = { .project_id = "p1", .limit = 10 };
    assert_string_equal(listed(&all), "f3 f2 f1 ");
    assert_string_equal(f.last,
                        "outbound-api +1555>+1 delivered fine acme s1:doc f1.tif 34004/gone 3 "
                        "1500");
    assert_string_equal(listed(&(struct store_fax_filter){
                            .project_id = "p1", .to = "+1", .limit = 1, .offset = 1 }),
                        "f1 ");
    assert_string_equal(
        listed(&(struct store_fax_filter){
            .project_id = "p1", .from = "+1555", .from_ms = 15, .before_ms = 30, .limit = 9 }),
        "f2 ");
    assert_string_equal(listed(&(struct store_fax_filter){ .project_id = "p2", .limit = 10 }), "");
    store_fax_find_media(f.store, "f1", faxes);
    loop_advance(f.loop, 0);
    assert_string_equal(f.ids, "f1 ");
    store_fax_find_media(f.store, "f2", faxes);
    store_fax_purge(f.store, 20, STORE_NOBODY);
    loop_advance(f.loop, 0);
    assert_string_equal(f.ids, "f2 ");
    assert_string_equal(listed(&all), "f3 f2 ");
    store_fax_remove(f.store, "f3", STORE_NOBODY);
    store_fax_find(f.store, "f3", faxes);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

static void what_a_crash_left_open_has_failed(void **state)
{
    (void)state;
    keep("f1", "sending", "+1", 10);
    keep("f2", "received", "+1", 20);
    store_fax_fail_open(f.store, "34005", "the program ended", 99, STORE_NOBODY);
    store_fax_find(f.store, "f1", faxes);
    loop_advance(f.loop, 0);
    assert_non_null(strstr(f.last, " failed fine acme s1:doc f1.tif 34005/the program ended "));
    store_fax_find(f.store, "f2", faxes);
    loop_advance(f.loop, 0);
    assert_non_null(strstr(f.last, " received "));
}

static void on_conferences(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
    f.ids[0] = f.last[0] = '\0';
    for (size_t i = 0; i < answer->n; i++) {
        const struct store_conference *row = &STORE_ROWS(answer, store_conference)[i];
        note(row->id);
        snprintf(f.last, sizeof f.last, "%s %lld", row->name, (long long)row->ended_ms);
    }
}

static void conferences_are_kept_and_listed(void **state)
{
    const struct store_reply rows = { on_conferences, NULL };
    (void)state;
    for (int64_t i = 1; i <= 3; i++) {
        const char id[] = { (char)('0' + i), '\0' };
        const struct store_conference row = {
            .id = id, .project_id = "p1", .name = "room", .created_ms = i * 10, .ended_ms = i * 100
        };
        store_conference_set(f.store, &row, STORE_NOBODY);
    }
    store_conference_list(f.store, "p1", 0, 30, rows);
    loop_advance(f.loop, 0);
    assert_string_equal(f.ids, "2 1 ");
    assert_string_equal(f.last, "room 100");
    store_conference_list(f.store, "p2", 0, 0, rows);
    store_conference_purge(f.store, 20, STORE_NOBODY);
    loop_advance(f.loop, 0);
    assert_string_equal(f.ids, "");
    store_conference_find(f.store, "1", rows);
    loop_advance(f.loop, 0);
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(faxes_are_kept_whole_and_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_crash_left_open_has_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(conferences_are_kept_and_listed, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
