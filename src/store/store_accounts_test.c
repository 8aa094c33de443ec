/* Sessions end with their token, logs stay bounded, settings and sealed texts find their rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "store_accounts.h"
#include "test_store.h"

static struct {
    struct loop *loop;
    struct store *store;
    enum err err;
    size_t n;
    int64_t number;
    char texts[3][200];
} f;

static int setup(void **state)
{
    (void)state;
    static const struct store_user alice = {
        .id = "u1", .project_id = "p1", .name = "alice", .created_ms = 1
    };
    static const struct store_device phone = {
        .id = "t1", .user_id = "u1", .sip_username = "s1", .realm = "tandem", .sip_password = "s1:a"
    };
    static const struct store_token pat = { .id = "k1",
                                            .project_id = "p1",
                                            .user_id = "u1",
                                            .scopes = "account",
                                            .hash = "h1",
                                            .expires_ms = 5000 };
    if (test_store_open(&f.loop, &f.store))
        return -1;
    store_user_add(f.store, &alice, STORE_NOBODY);
    store_device_add(f.store, &phone, STORE_NOBODY);
    store_token_add(f.store, &pat, STORE_NOBODY);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return test_store_close(f.loop, f.store);
}

static void keep(size_t i, const char *text)
{
    assert_true(slice_copy(slice_of(text), f.texts[i], sizeof f.texts[i]));
}

static void note(const struct store_answer *answer)
{
    f.err = answer->err;
    f.n = answer->n;
    memset(f.texts, 0, sizeof f.texts);
}

static void on_done(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
}

static void on_session(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    if (answer->err)
        return;
    const struct store_session *row = STORE_ROWS(answer, store_session);
    keep(0, row->user_name);
    keep(1, row->scopes);
    keep(2, row->project_id);
}

static enum err session(int64_t now_ms)
{
    store_session_check(f.store, "x1", now_ms, (struct store_reply){ on_session, &f });
    loop_advance(f.loop, 1);
    return f.err;
}

static void add_session(const char *hash, int64_t created_ms, int64_t expires_ms)
{
    struct store_session row = { .hash = hash, .user_id = "u1", .token_id = "k1" };
    row.created_ms = created_ms;
    row.expires_ms = expires_ms;
    store_session_add(f.store, &row, STORE_NOBODY);
}

static void test_sessions(void **state)
{
    (void)state;
    add_session("x1", 100, 4000);
    assert_int_equal(session(200), OK);
    assert_string_equal(f.texts[0], "alice");
    assert_string_equal(f.texts[1], "account");
    assert_string_equal(f.texts[2], "p1");
    assert_int_equal(session(4000), ERR_NOT_FOUND); /* its own end */
    add_session("x1b", 100, 9000);
    store_session_check(f.store, "x1b", 5000, (struct store_reply){ on_session, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.err, ERR_NOT_FOUND); /* its token's end */
    store_token_revoke(f.store, "k1", 300, STORE_NOBODY);
    assert_int_equal(session(301), ERR_NOT_FOUND);
}

static void test_sessions_are_bounded(void **state)
{
    (void)state;
    char hash[16];
    add_session("x1", 1, 4000);
    for (int i = 0; i < STORE_SESSIONS_PER_USER - 1; i++) {
        snprintf(hash, sizeof hash, "y%d", i);
        add_session(hash, 2 + i, 4000);
    }
    assert_int_equal(session(200), OK);
    add_session("z", 1000, 4000);
    assert_int_equal(session(200), ERR_NOT_FOUND); /* the oldest made room */
}

static void on_accesses(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    const struct store_access *rows = STORE_ROWS(answer, store_access);
    if (answer->n) {
        f.number = rows[0].status;
        keep(0, rows[0].action);
        keep(1, rows[0].user_id);
    }
}

static void test_access_log(void **state)
{
    (void)state;
    for (int i = 0; i < STORE_ACCESSES_PER_TOKEN + 5; i++)
        store_access_add(f.store,
                         &(struct store_access){ .token_id = "k1",
                                                 .action = i ? "GET /Devices" : "login",
                                                 .address = "192.0.2.1",
                                                 .at_ms = 100 + i,
                                                 .status = 200 + i },
                         STORE_NOBODY);
    store_access_list(f.store, NULL, "u1", 5000, (struct store_reply){ on_accesses, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, STORE_ACCESSES_PER_TOKEN);
    assert_int_equal(f.number, 200 + STORE_ACCESSES_PER_TOKEN + 4); /* newest first */
    assert_string_equal(f.texts[1], "u1");
    store_access_list(f.store, "k2", NULL, 10, (struct store_reply){ on_accesses, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 0);
}

static void on_events(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    const struct store_device_event *rows = STORE_ROWS(answer, store_device_event);
    for (size_t i = 0; i < answer->n && i < 3; i++)
        keep(i, rows[i].text);
}

static void test_device_events(void **state)
{
    (void)state;
    static const struct store_device_event events[] = {
        { .kind = "register", .text = "one", .at_ms = 10 },
        { .kind = "latency", .text = "", .at_ms = 15, .value = 20 },
        { .kind = "register", .text = "two", .at_ms = 20 },
    };
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        store_device_event_add(f.store, "s1", &events[i], STORE_NOBODY);
        store_device_event_add(f.store, "nobody", &events[i], STORE_NOBODY);
    }
    store_device_event_list(f.store, "t1", "register", 0, 0, 10,
                            (struct store_reply){ on_events, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 2);
    assert_string_equal(f.texts[0], "two");
    store_device_event_list(f.store, "t1", "register", 0, 20, 10,
                            (struct store_reply){ on_events, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 1);
    assert_string_equal(f.texts[0], "one");
}

static void on_cascade(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    if (answer->err)
        return;
    const struct store_cascade *row = STORE_ROWS(answer, store_cascade);
    keep(0, row->device);
    keep(1, row->user);
    keep(2, row->domain);
}

static void on_setting(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    if (!answer->err)
        keep(0, STORE_ROWS(answer, store_setting)->value);
}

static void test_settings(void **state)
{
    (void)state;
    store_settings_set(f.store, STORE_OF_USER, "u1", "{\"a\":1}", STORE_NOBODY);
    store_settings_set(f.store, STORE_OF_DOMAIN, "p1", "{\"b\":2}", STORE_NOBODY);
    store_cascade_find(f.store, "t1", (struct store_reply){ on_cascade, &f });
    loop_advance(f.loop, 1);
    assert_string_equal(f.texts[0], "");
    assert_string_equal(f.texts[1], "{\"a\":1}");
    assert_string_equal(f.texts[2], "{\"b\":2}");
    store_settings_find(f.store, STORE_OF_DOMAIN, "p1", (struct store_reply){ on_setting, &f });
    loop_advance(f.loop, 1);
    assert_string_equal(f.texts[0], "{\"b\":2}");
    store_settings_find(f.store, STORE_OF_DEVICE, "t9", (struct store_reply){ on_setting, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.err, ERR_NOT_FOUND);
    store_settings_set(f.store, STORE_OF_DEVICE, "t9", "{}", (struct store_reply){ on_done, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

static void on_sealed(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    const struct store_sealed *rows = STORE_ROWS(answer, store_sealed);
    if (answer->n) {
        keep(0, rows[0].place);
        keep(1, rows[0].id);
        keep(2, rows[0].text);
    }
}

static void test_sealed(void **state)
{
    (void)state;
    struct store_sealed row = { "devices", "t1", "s1:b" };
    store_sealed_set(f.store, &row, "s1:other", STORE_NOBODY); /* changed meanwhile: left alone */
    store_sealed_list(f.store, (struct store_reply){ on_sealed, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 1);
    assert_string_equal(f.texts[0], "devices");
    assert_string_equal(f.texts[1], "t1");
    assert_string_equal(f.texts[2], "s1:a");
    store_sealed_set(f.store, &row, "s1:a", STORE_NOBODY);
    store_sealed_list(f.store, (struct store_reply){ on_sealed, &f });
    loop_advance(f.loop, 1);
    assert_string_equal(f.texts[2], "s1:b");
}

static void on_device(void *owner, const struct store_answer *answer)
{
    (void)owner;
    note(answer);
    if (answer->err)
        return;
    const struct store_device *row = STORE_ROWS(answer, store_device);
    keep(0, row->description);
    keep(1, row->mode);
    keep(2, row->ha1_md5);
    f.number = row->disabled_ms;
}

static void test_devices(void **state)
{
    (void)state;
    store_device_find(f.store, "t1", (struct store_reply){ on_device, &f });
    loop_advance(f.loop, 1);
    assert_string_equal(f.texts[1], "Proxy"); /* unless told otherwise */
    struct store_device change = { .id = "t1",
                                   .description = "Hall",
                                   .platform = "webpage",
                                   .mode = "WebSocket",
                                   .disabled_ms = 7 };
    store_device_change(f.store, &change, STORE_NOBODY);
    struct store_device fresh = { .id = "t1", .ha1_md5 = "m", .sip_password = "s1:c" };
    store_device_rotate(f.store, &fresh, STORE_NOBODY);
    store_device_find(f.store, "t1", (struct store_reply){ on_device, &f });
    loop_advance(f.loop, 1);
    assert_string_equal(f.texts[0], "Hall");
    assert_string_equal(f.texts[1], "WebSocket");
    assert_string_equal(f.texts[2], "m");
    assert_int_equal(f.number, 7);
    change.id = "t9";
    store_device_change(f.store, &change, (struct store_reply){ on_done, &f });
    loop_advance(f.loop, 1);
    assert_int_equal(f.err, ERR_NOT_FOUND);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_sessions),   EACH(test_sessions_are_bounded),
        EACH(test_access_log), EACH(test_device_events),
        EACH(test_settings),   EACH(test_sealed),
        EACH(test_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
