/* Users of the store: who exists, and the codecs of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "legs/leg_users.h"
#include "media/codecs.h"
#include "store/store_rows.h"

static struct loop *loop;
static struct store *store;
static struct leg_users *users;

static int setup(void **state)
{
    (void)state;
    loop = loop_create_simulated();
    struct store_config memory = { .loop = loop, .url = ":memory:" };
    if (store_open(&store, &memory, NULL))
        return -1;
    const struct store_project project = { .id = "p1", .name = "p", .signing_key = "k" };
    store_project_add(store, &project, STORE_NOBODY);
    users = leg_users_create(store);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    leg_users_destroy(users);
    store_close(store);
    loop_destroy(loop);
    return 0;
}

static const struct leg_user *known_by(const char *prefer, const char *codecs)
{
    const struct store_user row = {
        .id = "a1", .project_id = "p1", .name = "alice", .prefer = prefer, .codecs = codecs
    };
    store_user_remove(store, "a1", STORE_NOBODY);
    store_user_add(store, &row, STORE_NOBODY);
    leg_users_reload(users);
    loop_advance(loop, 5);
    const struct leg_user *user = leg_users_find(users, SLICE("alice"));
    assert_non_null(user);
    return user;
}

static void rows_become_policies(void **state)
{
    (void)state;
    assert_null(leg_users_find(users, SLICE("alice")));
    const struct leg_user *user = known_by("list", "opus, PCMA");
    assert_int_equal(user->prefer, CONFIG_PREFER_LIST);
    assert_int_equal(user->codecs.n, 2);
    assert_ptr_equal(user->codecs.list[0], &codec_opus);
    assert_ptr_equal(user->codecs.list[1], &codec_pcma);
    user = known_by("auto", "auto");
    assert_int_equal(user->prefer, CONFIG_PREFER_AUTO);
    assert_int_equal(user->codecs.n, 0);
    assert_null(leg_users_find(users, SLICE("alic")));
}

/* Who goes back to this version keeps his users. */
static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    const struct leg_user *user = known_by("cheapest", "EVS");
    assert_int_equal(user->prefer, CONFIG_PREFER_AUTO);
    assert_int_equal(user->codecs.n, 0);
}

static void one_that_was_removed_is_gone(void **state)
{
    (void)state;
    known_by("", "");
    store_user_remove(store, "a1", STORE_NOBODY);
    leg_users_reload(users);
    loop_advance(loop, 5);
    assert_null(leg_users_find(users, SLICE("alice")));
}

int main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(rows_become_policies),
        EACH(what_is_not_known_is_left_out),
        EACH(one_that_was_removed_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
