/* Which servers are used, whose credentials they get, and when a relay is worth waiting for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/num.h"
#include "legs/kandy/kandy_ice.h"
#include "legs/kandy/kandy_reply.h"
#include "net/dns.h"

struct scene {
    struct loop *loop;
    struct dns *dns;
    struct log_tag log;
    struct kandy_ice *ice;
    struct rtc_ice_server got[RTC_ICE_SERVERS_MAX];
};

static int setup(void **state)
{
    static struct scene s;
    struct dns_config dns = { .servers = { addr_loopback4(9) }, .n_servers = 1 };
    s = (struct scene){ .loop = loop_create() };
    assert_int_equal(dns_create(&s.dns, s.loop, &dns), OK);
    s.ice = kandy_ice_create(s.loop, s.dns, &s.log);
    log_set_level(LOG_ERROR);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    kandy_ice_destroy(s->ice);
    dns_destroy(s->dns);
    loop_turn(s->loop, 1);
    loop_destroy(s->loop);
    return 0;
}

static void test_configured_take_the_credentials_of_the_subscription(void **state)
{
    struct scene *s = *state;
    static char turn[] = "turns:127.0.0.1:443?transport=tcp";
    static char stun[] = "stun:127.0.0.1:3478?transport=udp"; /* not in RFC 7064, and taken */
    static char bad[] = "stuns:127.0.0.1";
    char *items[] = { turn, stun, bad };
    const struct config_list list = { items, COUNT_OF(items) };
    struct kandy_granted granted = { .has_turn = true, .turn_user = "t" };
    secret_set(&granted.turn_password, SLICE("s"));
    kandy_ice_set(s->ice, &list, NULL, &granted);
    assert_int_equal(kandy_ice_fill(s->ice, s->got), 2);
    assert_int_equal(s->got[0].uri.transport, ICE_URI_TLS);
    assert_string_equal(s->got[0].username, "t");
    assert_string_equal(s->got[0].password, "s");
    assert_int_equal(addr_port(&s->got[1].addr), 3478);
    assert_true(kandy_ice_has_turn(s->ice));
    /* without credentials a TURN server is of no use */
    struct kandy_granted none = { 0 };
    kandy_ice_set(s->ice, &list, NULL, &none);
    assert_int_equal(kandy_ice_fill(s->ice, s->got), 1);
    assert_false(kandy_ice_has_turn(s->ice));
    kandy_granted_clear(&granted);
}

static void test_what_the_cloud_lists_wins(void **state)
{
    struct scene *s = *state;
    static char own[] = "stun:127.0.0.9";
    char *items[] = { own };
    const struct config_list list = { items, 1 };
    struct kandy_granted granted = { 0 };
    json_t *listed =
        json_loads("[{\"urls\":[\"turn:127.0.0.1\",\"stun:127.0.0.2\"],\"username\":"
                   "\"a\",\"credential\":\"b\"},{\"urls\":\"stun:127.0.0.3:99\"},7,{}]",
                   0, NULL);
    assert_non_null(listed);
    kandy_ice_set(s->ice, &list, listed, &granted);
    json_decref(listed);
    assert_int_equal(kandy_ice_fill(s->ice, s->got), 3);
    assert_string_equal(s->got[0].username, "a");
    assert_int_equal(addr_port(&s->got[2].addr), 99);
    kandy_ice_set(s->ice, &list, NULL, &granted);
    assert_int_equal(kandy_ice_fill(s->ice, s->got), 1);
}

/* A name that is not known yet is left out, and no call waits for it. */
static void test_names_that_are_not_resolved(void **state)
{
    struct scene *s = *state;
    static char name[] = "turn:turn.example.com";
    char *items[] = { name };
    const struct config_list list = { items, 1 };
    struct kandy_granted granted = { .has_turn = true, .turn_user = "t" };
    kandy_ice_set(s->ice, &list, NULL, &granted);
    assert_int_equal(kandy_ice_fill(s->ice, s->got), 0);
    assert_false(kandy_ice_has_turn(s->ice));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_configured_take_the_credentials_of_the_subscription),
        TEST(test_what_the_cloud_lists_wins),
        TEST(test_names_that_are_not_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
