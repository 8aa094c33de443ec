/* The store contract, run over every backend, threaded and on simulated time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "store_rows.h"
#include "store_table.h"

struct fixture {
    struct loop *loop;
    struct store *store;
    char dir[64];
    /* the last answer */
    int answers;
    enum err err;
    size_t n;
    int64_t changed;
    char text[4000]; /* a row a line, the fields that matter */
};

struct variant {
    const char *url;
    bool simulated;
};
static const struct variant variants[] = {
    { "", false }, { "", true }, { ":memory:", false }, { ":memory:", true }
};

static void open_store(struct fixture *f, const struct variant *variant)
{
    struct fault fault;
    struct store_config config = { .loop = f->loop, .url = variant->url, .state_dir = f->dir };
    assert_int_equal(store_open(&f->store, &config, &fault), OK);
}

static struct fixture *setup(const struct variant *variant)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = variant->simulated ? loop_create_simulated() : loop_create();
    snprintf(f->dir, sizeof f->dir, "/tmp/tandem-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    open_store(f, variant);
    return f;
}

static void remove_dir(const char *dir)
{
    static const char *const names[] = { "tandem.db", "tandem.db-wal", "tandem.db-shm" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static void teardown(struct fixture *f)
{
    store_close(f->store);
    loop_destroy(f->loop);
    remove_dir(f->dir);
    mem_free(f);
}

static void each_variant(void (*test)(struct fixture *f))
{
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        struct fixture *f = setup(&variants[i]);
        test(f);
        teardown(f);
    }
}

static void put_row(struct buf *out, const struct store_table *table, const char *row)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct store_column *column = &table->columns[i];
        const void *at = row + column->offset;
        if (column->type == STORE_NUMBER)
            buf_printf(out, "%s=%lld ", column->name, (long long)*(const int64_t *)at);
        else
            buf_printf(out, "%s=%s ", column->name, *(const char *const *)at);
    }
    buf_char(out, '\n');
}

static void on_answer(void *owner, const struct store_answer *answer)
{
    struct fixture *f = owner;
    struct buf out = BUF_ON(f->text);
    f->answers++;
    f->err = answer->err;
    f->n = answer->n;
    f->changed = answer->changed;
    for (size_t i = 0; i < answer->n; i++)
        put_row(&out, answer->table, (const char *)answer->rows + i * answer->table->row_size);
    buf_cstr(&out);
    assert_false(out.overflow);
}

static struct store_reply reply(struct fixture *f)
{
    return (struct store_reply){ on_answer, f };
}

static void turn(struct fixture *f)
{
    if (loop_is_simulated(f->loop))
        loop_advance(f->loop, 0);
    else
        loop_turn(f->loop, 100);
}

/* what the last request was answered */
static enum err wait(struct fixture *f)
{
    f->answers = 0;
    for (int i = 0; i < 100000 && store_in_flight(f->store); i++)
        turn(f);
    assert_int_equal(store_in_flight(f->store), 0);
    assert_int_not_equal(f->answers, 0);
    return f->err;
}

static void has(const struct fixture *f, const char *what)
{
    if (!strstr(f->text, what))
        fail_msg("expected \"%s\" in:\n%s", what, f->text);
}

static const struct store_project acme = {
    .id = "p1", .name = "acme", .signing_key = "key1", .created_ms = 1000
};
static const struct store_user alice = {
    "u1", "p1", "alice", "Alice A.", 2000, "list", "PCMA,PCMU"
};
static const struct store_device phone = {
    .id = "t1",
    .user_id = "u1",
    .description = "Desk",
    .platform = "script",
    .sip_username = "s1",
    .realm = "tandem",
    .ha1_md5 = "aa",
    .ha1_sha256 = "bb",
    .contact = "c1",
    .created_ms = 3000,
};

static void add_people(struct fixture *f)
{
    store_project_add(f->store, &acme, reply(f));
    store_user_add(f->store, &alice, reply(f));
    store_device_add(f->store, &phone, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->answers, 3);
}

static void check_people(struct fixture *f)
{
    add_people(f);
    store_project_find(f->store, "acme", reply(f));
    assert_int_equal(wait(f), OK);
    assert_string_equal(f->text, "id=p1 name=acme signing_key=key1 created_ms=1000 parent_id= "
                                 "options= updated_ms=0 \n");
    store_user_find(f->store, "u1", reply(f));
    assert_int_equal(wait(f), OK);
    assert_string_equal(f->text,
                        "id=u1 project_id=p1 name=alice display_name=Alice A. created_ms=2000 "
                        "prefer=list codecs=PCMA,PCMU \n");
    store_user_find(f->store, "alice", reply(f));
    assert_int_equal(wait(f), OK);
    store_device_find_sip(f->store, "s1", reply(f));
    assert_int_equal(wait(f), OK);
    has(f, "ha1_md5=aa ha1_sha256=bb contact=c1 user_name=alice created_ms=3000");
    const struct store_user changed = { .id = "u1", .display_name = "A.", .codecs = "opus" };
    store_user_change(f->store, &changed, reply(f));
    store_user_find(f->store, "u1", reply(f));
    assert_int_equal(wait(f), OK);
    has(f, "name=alice display_name=A. created_ms=2000 prefer= codecs=opus");
    store_user_find(f->store, "nobody", reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
    assert_int_equal(f->n, 0);
}

static void test_people(void **state)
{
    (void)state;
    each_variant(check_people);
}

static void check_refusals(struct fixture *f)
{
    add_people(f);
    store_user_add(f->store, &alice, reply(f));
    assert_int_equal(wait(f), ERR_EXISTS);
    struct store_user twin = alice;
    twin.id = "u2";
    store_user_add(f->store, &twin, reply(f));
    assert_int_equal(wait(f), ERR_EXISTS);
    twin.name = "bob";
    twin.project_id = "p9";
    store_user_add(f->store, &twin, reply(f));
    assert_int_equal(wait(f), ERR_INVALID);
    twin.project_id = NULL;
    store_user_add(f->store, &twin, reply(f));
    assert_int_equal(wait(f), OK);
    struct store_device other = phone;
    other.id = "t2";
    store_device_add(f->store, &other, reply(f));
    assert_int_equal(wait(f), ERR_EXISTS);
    other.sip_username = "s2";
    other.user_id = "";
    store_device_add(f->store, &other, reply(f));
    assert_int_equal(wait(f), ERR_INVALID);
    store_user_remove(f->store, "u9", reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
}

static void test_refusals(void **state)
{
    (void)state;
    each_variant(check_refusals);
}

static void check_cascade(struct fixture *f)
{
    add_people(f);
    struct store_token pat = { .id = "k1", .user_id = "u1", .hash = "h1" };
    struct store_binding binding = {
        .aor = "alice", .contact = "sip:a@b", .device_id = "t1", .expires_ms = 9000
    };
    store_token_add(f->store, &pat, reply(f));
    store_binding_set(f->store, &binding, reply(f));
    assert_int_equal(wait(f), OK);
    store_project_remove(f->store, "p1", reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->changed, 1);
    store_device_list(f->store, NULL, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 0);
    store_token_list(f->store, NULL, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 0);
    store_binding_list(f->store, 0, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 0);
}

static void test_removing_takes_along(void **state)
{
    (void)state;
    each_variant(check_cascade);
}

static void check_tokens(struct fixture *f)
{
    store_project_add(f->store, &acme, reply(f));
    struct store_token token = { .id = "k1",
                                 .project_id = "p1",
                                 .name = "ci",
                                 .scopes = "calling,messaging",
                                 .hash = "h1",
                                 .created_ms = 100000,
                                 .expires_ms = 500000 };
    store_token_add(f->store, &token, reply(f));
    assert_int_equal(wait(f), OK);
    store_token_check(f->store, "h1", 200000, reply(f));
    assert_int_equal(wait(f), OK);
    has(f, "scopes=calling,messaging");
    has(f, "used_ms=200000");
    store_token_check(f->store, "h1", 200001, reply(f));
    assert_int_equal(wait(f), OK);
    has(f, "used_ms=200000"); /* not written for every request */
    store_token_check(f->store, "h2", 200000, reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
    store_token_check(f->store, "h1", 500000, reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
    store_token_revoke(f->store, "k1", 300000, reply(f));
    assert_int_equal(wait(f), OK);
    store_token_check(f->store, "h1", 300001, reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
    store_token_revoke(f->store, "k1", 300002, reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
    store_token_list(f->store, "p1", reply(f));
    assert_int_equal(wait(f), OK);
    has(f, "revoked_ms=300000");
    store_token_list(f->store, "p2", reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 0);
}

static void test_tokens(void **state)
{
    (void)state;
    each_variant(check_tokens);
}

static void check_numbers(struct fixture *f)
{
    struct store_number number = { .number = "+1555", .to = "user:alice", .created_ms = 5 };
    store_number_set(f->store, &number, reply(f));
    assert_int_equal(wait(f), OK);
    number.to = "builtin:echo";
    store_number_set(f->store, &number, reply(f));
    assert_int_equal(wait(f), OK);
    store_number_list(f->store, reply(f));
    assert_int_equal(wait(f), OK);
    assert_string_equal(f->text, "number=+1555 leads_to=builtin:echo project_id= created_ms=5 "
                                 "body= updated_ms=0 \n");
    store_number_remove(f->store, "+1555", reply(f));
    assert_int_equal(wait(f), OK);
    store_number_find(f->store, "+1555", reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
}

static void test_numbers(void **state)
{
    (void)state;
    each_variant(check_numbers);
}

static void check_bindings(struct fixture *f)
{
    struct store_binding a = { .aor = "alice", .contact = "sip:a@1", .cseq = 1, .expires_ms = 100 };
    struct store_binding b = { .aor = "alice", .contact = "sip:a@2", .cseq = 7, .expires_ms = 200 };
    store_binding_set(f->store, &a, reply(f));
    store_binding_set(f->store, &b, reply(f));
    a.cseq = 2;
    a.expires_ms = 300;
    store_binding_set(f->store, &a, reply(f));
    assert_int_equal(wait(f), OK);
    store_binding_list(f->store, 200, reply(f)); /* b is over now */
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 1);
    has(f, "contact=sip:a@1");
    has(f, "cseq=2");
    store_binding_remove(f->store, "alice", "sip:a@1", reply(f));
    assert_int_equal(wait(f), OK);
    store_binding_remove(f->store, "alice", "sip:a@1", reply(f));
    assert_int_equal(wait(f), ERR_NOT_FOUND);
}

static void test_bindings(void **state)
{
    (void)state;
    each_variant(check_bindings);
}

static void check_calls(struct fixture *f)
{
    struct store_call call = { .id = "c1",
                               .direction = "out",
                               .from = "alice",
                               .to = "+1555",
                               .trunk = "default",
                               .stats = "{}",
                               .created_ms = 1000 };
    store_call_set(f->store, &call, reply(f));
    call.id = "c2";
    call.created_ms = 2000;
    call.ended_ms = 3000;
    call.cause = "busy";
    call.code = 486;
    store_call_set(f->store, &call, reply(f));
    assert_int_equal(wait(f), OK);
    store_call_list(f->store, 0, 0, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 2);
    assert_true(strncmp(f->text, "id=c2", 5) == 0); /* newest first */
    store_call_list(f->store, 2000, 10, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 1);
    has(f, "id=c1");
    struct store_event events[] = { { "c2", "sip", "INVITE it's \"quoted\"", 2001, 2 },
                                    { "c2", "sip", "486 Busy Here", 2001, 2 } };
    store_event_add(f->store, events, COUNT_OF(events), reply(f));
    store_event_add(f->store, events, 1, reply(f));
    assert_int_equal(wait(f), OK);
    store_event_list(f->store, "c2", reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 3);
    const char *first = strstr(f->text, "it's \"quoted\"");
    assert_non_null(first);
    assert_true(first < strstr(f->text, "486 Busy Here"));
    store_call_purge(f->store, 3001, reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->changed, 1);
    store_event_list(f->store, "c2", reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 0);
}

static void test_calls(void **state)
{
    (void)state;
    each_variant(check_calls);
}

static void check_all_or_none(struct fixture *f)
{
    struct store_call call = { .id = "c1" };
    store_call_set(f->store, &call, reply(f));
    struct store_event events[] = { { "c1", "a", "one", 1, 0 }, { "c9", "a", "two", 2, 0 } };
    store_event_add(f->store, events, COUNT_OF(events), reply(f));
    assert_int_equal(wait(f), ERR_INVALID);
    store_event_list(f->store, "c1", reply(f));
    assert_int_equal(wait(f), OK);
    assert_int_equal(f->n, 0);
}

static void test_all_or_none(void **state)
{
    (void)state;
    each_variant(check_all_or_none);
}

static void check_limits(struct fixture *f)
{
    size_t len = STORE_MAX_TEXT + 1;
    char *huge = mem_alloc(len + 1);
    memset(huge, 'x', len);
    struct store_setting setting = { "k", huge };
    store_setting_set(f->store, &setting, reply(f));
    assert_int_equal(wait(f), ERR_LIMIT);
    huge[STORE_MAX_TEXT] = '\0';
    store_setting_set(f->store, &setting, reply(f));
    assert_int_equal(wait(f), OK);
    mem_free(huge);
    log_set_level(LOG_ERROR); /* the one too many has nobody to tell */
    for (size_t i = 0; i < STORE_MAX_IN_FLIGHT + 10; i++)
        store_setting_set(f->store, &(struct store_setting){ "k", "v" }, reply(f));
    wait(f);
    assert_int_equal(f->answers, STORE_MAX_IN_FLIGHT + 10);
    log_set_level(LOG_INFO);
}

static void test_limits(void **state)
{
    (void)state;
    each_variant(check_limits);
}

static void check_forget(struct fixture *f)
{
    store_project_list(f->store, reply(f));
    store_forget(f->store, f);
    for (int i = 0; i < 100000 && store_in_flight(f->store); i++)
        turn(f);
    assert_int_equal(f->answers, 0);
    /* and closing with requests under way tells nobody, which teardown() sees to be clean */
    store_project_add(f->store, &acme, reply(f));
}

static void test_forget(void **state)
{
    (void)state;
    each_variant(check_forget);
}

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_removing_takes_along),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
