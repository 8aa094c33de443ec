/* A message is claimed by one, its changes are kept, lists are filtered; codes run out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/num.h"
#include "store_messages.h"
#include "test_store.h"

static struct {
    struct loop *loop;
    struct store *store;
    enum err err;
    size_t n;
    char ids[100], status[20], body[40], claim[20];
    int64_t tries, next_ms, waiting;
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

static void on_messages(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
    f.n = answer->n;
    f.ids[0] = '\0';
    for (size_t i = 0; i < answer->n; i++) {
        const struct store_message *row = &STORE_ROWS(answer, store_message)[i];
        size_t len = strlen(f.ids);
        snprintf(f.ids + len, sizeof f.ids - len, "%s ", row->id);
        snprintf(f.status, sizeof f.status, "%s", row->status);
        snprintf(f.body, sizeof f.body, "%s", row->body);
        snprintf(f.claim, sizeof f.claim, "%s", row->claim);
        f.tries = row->tries;
        f.next_ms = row->next_ms;
    }
}

static void on_queue(void *owner, const struct store_answer *answer)
{
    (void)owner;
    const struct store_message_queue *row = STORE_ROWS(answer, store_message_queue);
    f.waiting = row->n;
    f.next_ms = row->next_ms;
}

static void on_code(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
    f.tries = answer->n ? STORE_ROWS(answer, store_mfa_code)->tries_left : -1;
}

static void on_done(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
}

static const struct store_reply messages = { on_messages, NULL }, code = { on_code, NULL },
                                done = { on_done, NULL };

static void add(const char *id, int64_t next_ms, int64_t created_ms)
{
    struct store_message row = { .id = id,
                                 .project_id = "p1",
                                 .from = "+1555",
                                 .to = "+1666",
                                 .body = "hello",
                                 .status = "queued",
                                 .next_ms = next_ms,
                                 .created_ms = created_ms };
    store_message_add(f.store, &row, STORE_NOBODY);
}

static void wait(void)
{
    loop_advance(f.loop, 0);
}

static void test_one_claims(void **state)
{
    (void)state;
    add("m2", 200, 2);
    add("m1", 100, 1);
    add("m3", 900, 3);
    store_message_claim(f.store, "c1", 500, 10, messages);
    wait();
    assert_string_equal(f.ids, "m1 m2 ");
    assert_int_equal(f.tries, 1);
    assert_string_equal(f.claim, "c1");
    store_message_claim(f.store, "c2", 500, 10, messages);
    wait();
    assert_int_equal(f.n, 0);
    store_message_queue_find(f.store, (struct store_reply){ on_queue, NULL });
    wait();
    assert_int_equal(f.waiting, 1);
    assert_int_equal(f.next_ms, 900);
    store_message_claimed(f.store, messages);
    wait();
    assert_string_equal(f.ids, "m1 m2 ");
    store_message_claim(f.store, "c3", 900, 0, messages);
    wait();
    assert_int_equal(f.n, 0);
}

static void test_change_and_find(void **state)
{
    (void)state;
    add("m1", 100, 1);
    struct store_message row = { .id = "m1",
                                 .status = "sent",
                                 .body = "",
                                 .peer_id = "x7",
                                 .tries = 2,
                                 .sent_ms = 50,
                                 .updated_ms = 60 };
    store_message_change(f.store, &row, done);
    wait();
    assert_int_equal(f.err, OK);
    store_message_find_peer(f.store, "", "x7", messages);
    wait();
    assert_string_equal(f.ids, "m1 ");
    assert_string_equal(f.status, "sent");
    assert_string_equal(f.body, "");
    assert_int_equal(f.next_ms, 0);
    row.id = "m9";
    store_message_change(f.store, &row, done);
    wait();
    assert_int_equal(f.err, ERR_NOT_FOUND);
    store_message_find(f.store, "m9", messages);
    wait();
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

static void test_lists(void **state)
{
    (void)state;
    add("m1", 0, 10);
    add("m2", 0, 20);
    add("m3", 5, 30);
    store_message_list(f.store, &(struct store_message_filter){ .project_id = "p1", .limit = 2 },
                       messages);
    wait();
    assert_string_equal(f.ids, "m3 m2 ");
    store_message_list(f.store, &(struct store_message_filter){ .offset = 2 }, messages);
    wait();
    assert_string_equal(f.ids, "m1 ");
    store_message_list(f.store, &(struct store_message_filter){ .project_id = "p2" }, messages);
    wait();
    assert_int_equal(f.n, 0);
    store_message_list(f.store, &(struct store_message_filter){ .from_ms = 20, .before_ms = 30 },
                       messages);
    wait();
    assert_string_equal(f.ids, "m2 ");
    store_message_list(f.store, &(struct store_message_filter){ .to = "+1777" }, messages);
    wait();
    assert_int_equal(f.n, 0);
    store_message_purge(f.store, 1000, STORE_NOBODY);
    store_message_list(f.store, &(struct store_message_filter){ 0 }, messages);
    wait();
    assert_string_equal(f.ids, "m3 "); /* it still waits */
}

static void test_codes_run_out(void **state)
{
    (void)state;
    struct store_mfa_code row = { .id = "c1",
                                  .project_id = "p1",
                                  .party = "+1666",
                                  .channel = "sms",
                                  .salt = "s",
                                  .hash = "h",
                                  .tries_left = 2,
                                  .expires_ms = 100 };
    store_mfa_code_add(f.store, &row, done);
    store_mfa_code_try(f.store, "c1", "p2", 50, code);
    wait();
    assert_int_equal(f.err, ERR_NOT_FOUND); /* another project's */
    store_mfa_code_try(f.store, "c1", "p1", 100, code);
    wait();
    assert_int_equal(f.err, ERR_NOT_FOUND); /* expired */
    for (int left = 1; left >= 0; left--) {
        store_mfa_code_try(f.store, "c1", "p1", 50, code);
        wait();
        assert_int_equal(f.err, OK);
        assert_int_equal(f.tries, left);
    }
    store_mfa_code_try(f.store, "c1", "p1", 50, code);
    wait();
    assert_int_equal(f.err, ERR_NOT_FOUND);
    store_mfa_code_find(f.store, "+1666", "sms", code);
    wait();
    assert_int_equal(f.tries, 0);
    store_mfa_code_remove(f.store, "c1", done);
    wait();
    assert_int_equal(f.err, OK);
    store_mfa_code_remove(f.store, "c1", done);
    wait();
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_claims, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change_and_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_codes_run_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
