/* Whose phone a binding is, who rings first, by which way a phone is found again, and what outlives
 * a restart. Nothing is on the wire: bindings are put in. */
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
#include "legs/leg_users.h"
#include "legs/registrar_priv.h"
#include "sip/sip_agent.h"
#include "sip/sip_uri.h"
#include "store/store_accounts.h"

enum { HOUR_MS = 3600000 };

static struct leg_env env;
static struct config_user users[] = { { .name = (char[]){ "carol" } },
                                      { .name = (char[]){ "office" }, .is_pbx = true } };
static struct config config = { .users = users,
                                .n_users = COUNT_OF(users),
                                .sip_realm = (char[]){ "office" },
                                .sip_expires_s = 3600,
                                .sip_expires_max_s = 7200,
                                .sip_max_contacts = 8 };
static const struct sip_agent_events nobody_calls = { 0 };
static const struct sip_agent_config plain = { 0 };
static struct registrar *registrar;
static char told[200];

static void on_registered(void *owner, struct slice user)
{
    (void)owner;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%.*s ", SLICE_ARG(user));
}

static void add_device(const char *id, const char *sip_username, const char *platform)
{
    const struct store_device device = {
        .id = id, .user_id = "a1", .sip_username = sip_username, .platform = platform
    };
    store_device_add(env.store, &device, STORE_NOBODY);
}

static int setup(void **state)
{
    (void)state;
    told[0] = '\0';
    env.loop = loop_create_simulated();
    env.config = &config;
    struct store_config memory = { .loop = env.loop, .url = ":memory:" };
    if (store_open(&env.store, &memory, NULL))
        return -1;
    const struct store_project project = { .id = "p1", .name = "p", .signing_key = "k" };
    const struct store_user alice = { .id = "a1", .project_id = "p1", .name = "alice" };
    store_project_add(env.store, &project, STORE_NOBODY);
    store_user_add(env.store, &alice, STORE_NOBODY);
    add_device("d1", "u1", "script");
    add_device("d2", "u2", "script");
    env.agent = sip_agent_create(env.loop, &plain, &nobody_calls, NULL);
    env.users = leg_users_create(env.store);
    registrar = registrar_create(&env);
    loop_advance(env.loop, 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    registrar_destroy(registrar);
    leg_users_destroy(env.users);
    sip_agent_destroy(env.agent);
    store_close(env.store);
    loop_destroy(env.loop);
    return 0;
}

static struct sip_binding binding_of(const char *aor, const char *contact, unsigned q,
                                     enum sip_kind kind)
{
    return (struct sip_binding){
        .aor = slice_of(aor),
        .contact = slice_of(contact),
        .call_id = SLICE("c1"),
        .cseq = 1,
        .q = q,
        .flow = { .listener = 1, .kind = kind, .remote = addr_loopback4((uint16_t)(5000 + q)) },
        .expires_wall_ms = loop_wall_ms(env.loop) + HOUR_MS,
        .since_wall_ms = loop_wall_ms(env.loop),
    };
}

static void put(const char *aor, const char *contact, unsigned q)
{
    const struct sip_binding binding = binding_of(aor, contact, q, SIP_UDP);
    assert_int_equal(sip_registrar_load(registrar->rules, &binding), OK);
}

static void learn_devices(void)
{
    const struct store_device first = { .sip_username = "u1",
                                        .user_name = "alice",
                                        .platform = "" };
    const struct store_device second = { .sip_username = "u2",
                                         .user_name = "alice",
                                         .platform = "pbx" };
    registrar_learn_device(registrar, &first);
    registrar_learn_device(registrar, &second);
}

static void phones_of_all_accounts_ring_the_preferred_first(void **state)
{
    const struct sip_binding *list[4];
    (void)state;
    learn_devices();
    put("u1@office", "sip:low@x", 200);
    put("u2@office", "sip:high@x", 900);
    put("u1@office", "sip:middle@x", 500);
    put("carol@office", "sip:c@x", 1000);
    assert_int_equal(registrar_contacts_of(registrar, SLICE("alice"), list, 4), 3);
    assert_true(slice_is(list[0]->contact, "sip:high@x"));
    assert_true(slice_is(list[1]->contact, "sip:middle@x"));
    assert_true(slice_is(list[2]->contact, "sip:low@x"));
    assert_int_equal(registrar_contacts_of(registrar, SLICE("alice"), list, 2), 2);
    assert_int_equal(registrar_contacts_of(registrar, SLICE("bob"), list, 4), 0);
    /* nobody proved to be carol yet: whose phone that is is not known */
    assert_int_equal(registrar_contacts_of(registrar, SLICE("carol"), list, 4), 0);
    registrar_learn_config_user(registrar, SLICE("carol"));
    assert_int_equal(registrar_contacts_of(registrar, SLICE("carol"), list, 4), 1);
}

static void anybody_is_one_of_the_configuration_first(void **state)
{
    (void)state;
    assert_string_equal(registrar_anybody(registrar), "");
    learn_devices();
    put("u1@office", "sip:a@x", 1000);
    assert_string_equal(registrar_anybody(registrar), "alice");
    registrar_learn_config_user(registrar, SLICE("office"));
    put("office@office", "sip:pbx@x", 1000);
    assert_string_equal(registrar_anybody(registrar), "office");
}

static void who_is_a_pbx(void **state)
{
    (void)state;
    learn_devices();
    registrar_learn_config_user(registrar, SLICE("office"));
    registrar_learn_config_user(registrar, SLICE("carol"));
    assert_true(registrar_is_pbx(registrar, SLICE("office")));
    assert_true(registrar_is_pbx(registrar, SLICE("u2")));
    assert_false(registrar_is_pbx(registrar, SLICE("u1")));
    assert_false(registrar_is_pbx(registrar, SLICE("carol")));
    assert_false(registrar_is_pbx(registrar, SLICE("nobody")));
    assert_string_equal(registrar_user_of(registrar, SLICE("u1")), "alice");
    assert_string_equal(registrar_user_of(registrar, SLICE("nobody")), "");
    assert_true(registrar_has_user(registrar, SLICE("alice"))); /* of the store */
    assert_true(registrar_has_user(registrar, SLICE("carol")));
    assert_false(registrar_has_user(registrar, SLICE("u1"))); /* an account is no user */
}

static void a_phone_is_found_again_by_its_own_contact_only(void **state)
{
    struct sip_flow flow;
    (void)state;
    put("u1@office", "sip:abc@x;transport=ws", 700);
    assert_true(
        registrar_find_flow(registrar, SLICE("u1"), SLICE("sip:abc@x;transport=ws"), &flow));
    assert_int_equal(addr_port(&flow.remote), 5700);
    assert_false(
        registrar_find_flow(registrar, SLICE("u2"), SLICE("sip:abc@x;transport=ws"), &flow));
    assert_false(registrar_find_flow(registrar, SLICE("u1"), SLICE("sip:abd@x"), &flow));
    assert_false(registrar_find_flow(registrar, SLICE("u1"), SLICE("no uri"), &flow));
}

static void restart(void)
{
    registrar_destroy(registrar);
    registrar = registrar_create(&env);
    loop_advance(env.loop, 5);
}

static void datagrams_outlive_a_restart_connections_do_not(void **state)
{
    const struct sip_binding *list[4];
    struct sip_binding udp = binding_of("u1@office", "sip:udp@x", 500, SIP_UDP);
    const struct sip_binding tcp = binding_of("u1@office", "sip:tcp@x", 500, SIP_TCP);
    (void)state;
    udp.path[udp.n_paths++] = SLICE("<sip:edge@y;lr>");
    udp.path[udp.n_paths++] = SLICE("<sip:core@y;lr>");
    registrar_keep_binding(registrar, SIP_BINDING_ADDED, &udp);
    registrar_keep_binding(registrar, SIP_BINDING_ADDED, &tcp);
    restart();
    learn_devices();
    assert_int_equal(registrar_contacts_of(registrar, SLICE("alice"), list, 4), 1);
    assert_true(slice_is(list[0]->contact, "sip:udp@x"));
    assert_true(addr_eq(&list[0]->flow.remote, &udp.flow.remote));
    assert_int_equal(list[0]->q, 500);
    assert_int_equal(list[0]->n_paths, 2);
    assert_true(slice_is(list[0]->path[1], "<sip:core@y;lr>"));
    registrar_keep_binding(registrar, SIP_BINDING_EXPIRED, &udp);
    restart();
    assert_int_equal(sip_registrar_count(registrar->rules), 0);
}

static void rows_say_who_and_where(void **state)
{
    (void)state;
    learn_devices();
    put("u1@office", "sip:a@x", 700);
    json_t *rows = json_array();
    registrar_add_registrations(registrar, rows);
    assert_int_equal(json_array_size(rows), 1);
    const json_t *row = json_array_get(rows, 0);
    static const char *const texts[][2] = { { "kind", "phone" },         { "user", "alice" },
                                            { "contact", "sip:a@x" },    { "transport", "UDP" },
                                            { "state", "registered" },   { "aor", "u1@office" },
                                            { "from", "127.0.0.1:5700" } };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_string_equal(json_string_value(json_object_get(row, texts[i][0])), texts[i][1]);
    assert_in_range(json_integer_value(json_object_get(row, "expires_s")), 3590, 3600);
    json_decref(rows);
}

static void watchers_are_told_whose_phone_went(void **state)
{
    int someone;
    (void)state;
    learn_devices();
    put("u1@office", "sip:a@x", 700);
    registrar_watch(registrar, on_registered, &someone);
    sip_registrar_remove(registrar->rules, SLICE("u1@office"), SLICE_NONE);
    loop_advance(env.loop, 5);
    assert_string_equal(told, "alice ");
    registrar_watch(registrar, NULL, &someone);
    put("u1@office", "sip:a@x", 700);
    sip_registrar_remove(registrar->rules, SLICE("u1@office"), SLICE_NONE);
    assert_string_equal(told, "alice ");
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(phones_of_all_accounts_ring_the_preferred_first),
        EACH(anybody_is_one_of_the_configuration_first),
        EACH(who_is_a_pbx),
        EACH(a_phone_is_found_again_by_its_own_contact_only),
        EACH(datagrams_outlive_a_restart_connections_do_not),
        EACH(rows_say_who_and_where),
        EACH(watchers_are_told_whose_phone_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
