/* Devices that changed in the store: who loses his registration, and who keeps it. What is
 * registered is a list of this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/registrar_priv.h"
#include "store/store_accounts.h"

static struct sip_binding bindings[8];
static size_t n_bindings;
static char removed[400];
static int walks;

const struct sip_binding *sip_registrar_next(const struct sip_registrar *of, size_t *cursor)
{
    (void)of;
    walks += *cursor == 0;
    return *cursor < n_bindings ? &bindings[(*cursor)++] : NULL;
}

size_t sip_registrar_count(const struct sip_registrar *of)
{
    (void)of;
    return n_bindings;
}

void sip_registrar_remove(struct sip_registrar *of, struct slice aor, struct slice contact)
{
    (void)of;
    snprintf(removed + strlen(removed), sizeof removed - strlen(removed), "%.*s %.*s\n",
             SLICE_ARG(aor), SLICE_ARG(contact));
}

static struct leg_env env;
static struct config_user carol = { .name = (char[]){ "carol" } };
static struct config config = { .users = &carol, .n_users = 1 };
static struct registrar registrar;

static void add_device(const char *id, const char *sip_username)
{
    const struct store_device device = {
        .id = id, .user_id = "a1", .sip_username = sip_username, .platform = "script"
    };
    store_device_add(env.store, &device, STORE_NOBODY);
}

static void add_binding(const char *aor, const char *contact)
{
    bindings[n_bindings++] =
        (struct sip_binding){ .aor = slice_of(aor), .contact = slice_of(contact) };
}

static int setup(void **state)
{
    (void)state;
    n_bindings = 0;
    walks = 0;
    removed[0] = '\0';
    env.loop = loop_create_simulated();
    env.config = &config;
    struct store_config memory = { .loop = env.loop, .url = ":memory:" };
    if (store_open(&env.store, &memory, NULL))
        return -1;
    const struct store_project project = { .id = "p1", .name = "p", .signing_key = "k" };
    const struct store_user alice = { .id = "a1", .project_id = "p1", .name = "alice" };
    store_project_add(env.store, &project, STORE_NOBODY);
    store_user_add(env.store, &alice, STORE_NOBODY);
    add_device("d1", "u1");
    add_device("d2", "u2");
    memset(&registrar, 0, sizeof registrar);
    registrar.env = &env;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(env.store);
    loop_destroy(env.loop);
    return 0;
}

static const char *reload(void)
{
    removed[0] = '\0';
    registrar_reload_devices(&registrar);
    loop_advance(env.loop, 5);
    return removed;
}

static void test_those_that_are_there_stay(void **state)
{
    (void)state;
    add_binding("u1@office", "sip:c1@x");
    add_binding("carol@office", "sip:c@y"); /* of the configuration: no row says anything of her */
    assert_string_equal(reload(), "");
}

static void test_removed_and_disabled_ones_go_at_once(void **state)
{
    const struct store_device disabled = { .id = "d2", .platform = "script", .disabled_ms = 1 };
    (void)state;
    add_binding("u1@office", "sip:c1@x");
    add_binding("u2@office", "sip:c2@x");
    add_binding("gone@office", "sip:c3@x");
    add_binding("gone@office", "sip:c4@x");
    assert_string_equal(reload(), "gone@office sip:c3@x\ngone@office sip:c4@x\n");
    n_bindings = 2;
    store_device_change(env.store, &disabled, STORE_NOBODY);
    assert_string_equal(reload(), "u2@office sip:c2@x\n");
    store_device_remove(env.store, "d1", STORE_NOBODY);
    n_bindings = 1;
    assert_string_equal(reload(), "u1@office sip:c1@x\n");
}

static void test_many_changes_are_few_lists(void **state)
{
    (void)state;
    assert_string_equal(reload(), "");
    assert_int_equal(walks, 0); /* nobody is registered: nothing is asked */
    add_binding("u1@office", "sip:c1@x");
    for (int i = 0; i < 20; i++)
        registrar_reload_devices(&registrar);
    loop_advance(env.loop, 20);
    assert_int_equal(walks, 2); /* the first, and once more for what came meanwhile */
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_those_that_are_there_stay),
        EACH(test_removed_and_disabled_ones_go_at_once),
        EACH(test_many_changes_are_few_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
