#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/num.h"
#include "sip_ban.h"

struct fixture {
    struct loop *loop;
    struct sip_ban *ban;
};

static int setup(void **state)
{
    static struct fixture f;
    struct sip_ban_config config = { .failures = 3 };
    f.loop = loop_create_simulated();
    f.ban = sip_ban_create(f.loop, &config);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sip_ban_destroy(f->ban);
    loop_destroy(f->loop);
    return 0;
}

static struct addr at(const char *text)
{
    struct addr addr;
    BUG_IF(addr_parse(slice_of(text), 5060, &addr));
    return addr;
}

static bool guess(struct fixture *f, const char *from)
{
    struct addr addr = at(from);
    return sip_ban_fail(f->ban, &addr);
}

static bool is_banned(struct fixture *f, const char *from)
{
    struct addr addr = at(from);
    return sip_ban_left_ms(f->ban, &addr) > 0;
}

static void guessing_bans_for_a_while_from_any_port(void **state)
{
    struct fixture *f = *state;
    assert_false(guess(f, "192.0.2.1:5060"));
    assert_false(guess(f, "192.0.2.1:5061"));
    assert_false(is_banned(f, "192.0.2.1:5060"));
    assert_true(guess(f, "192.0.2.1:5062"));
    assert_true(is_banned(f, "192.0.2.1:9"));
    assert_false(is_banned(f, "192.0.2.2:5060"));
    assert_false(guess(f, "192.0.2.1:5060")); /* nothing new, and no longer */
    loop_advance(f->loop, SIP_BAN_MS - 1);
    assert_true(is_banned(f, "192.0.2.1:5060"));
    loop_advance(f->loop, 1);
    assert_false(is_banned(f, "192.0.2.1:5060"));
    assert_false(guess(f, "192.0.2.1:5060")); /* it starts anew */
}

static void slow_mistakes_and_right_passwords_do_not_ban(void **state)
{
    struct fixture *f = *state;
    struct addr office = at("192.0.2.7:5060");
    for (int i = 0; i < 10; i++) {
        guess(f, "192.0.2.7:5060");
        guess(f, "192.0.2.7:5060");
        sip_ban_forgive(f->ban, &office);
    }
    for (int i = 0; i < 10; i++) {
        guess(f, "192.0.2.8:5060");
        guess(f, "192.0.2.8:5060");
        loop_advance(f->loop, SIP_BAN_WINDOW_MS + 1);
    }
    assert_false(is_banned(f, "192.0.2.7:5060"));
    assert_false(is_banned(f, "192.0.2.8:5060"));
}

static void a_ban_is_not_forgiven_by_a_lucky_guess(void **state)
{
    struct fixture *f = *state;
    struct addr guesser = at("192.0.2.1:5060");
    for (int i = 0; i < 3; i++)
        guess(f, "192.0.2.1:5060");
    sip_ban_forgive(f->ban, &guesser);
    assert_true(is_banned(f, "192.0.2.1:5060"));
}

static void an_ipv6_network_is_one_customer(void **state)
{
    struct fixture *f = *state;
    guess(f, "[2001:db8:1:2::1]:5060");
    guess(f, "[2001:db8:1:2::2]:5060");
    assert_true(guess(f, "[2001:db8:1:2:9::3]:5060"));
    assert_true(is_banned(f, "[2001:db8:1:2::77]:5060"));
    assert_false(is_banned(f, "[2001:db8:1:3::1]:5060"));
}

static void an_operator_sees_and_lifts_them(void **state)
{
    struct fixture *f = *state;
    struct sip_ban_entry list[4];
    struct addr banned = at("192.0.2.1:0"), other = at("192.0.2.2:0");
    guess(f, "192.0.2.2:5060");
    for (int i = 0; i < 3; i++)
        guess(f, "192.0.2.1:5060");
    loop_advance(f->loop, 1000);
    assert_int_equal(sip_ban_list(f->ban, list, COUNT_OF(list)), 2);
    assert_true(addr_eq(&list[0].addr, &banned));
    assert_int_equal(list[0].banned_for_ms, SIP_BAN_MS - 1000);
    assert_int_equal(list[0].failures, 3);
    assert_int_equal(list[1].banned_for_ms, 0);
    assert_false(sip_ban_lift(f->ban, &other));
    assert_true(sip_ban_lift(f->ban, &banned));
    assert_false(is_banned(f, "192.0.2.1:5060"));
    assert_int_equal(sip_ban_list(f->ban, list, COUNT_OF(list)), 1);
}

static void memory_is_bounded_and_bans_stay(void **state)
{
    struct fixture *f = *state;
    char text[32];
    for (int i = 0; i < 3; i++)
        guess(f, "192.0.2.1:5060");
    for (int i = 0; i < 3 * SIP_BAN_TABLE; i++) {
        snprintf(text, sizeof text, "10.%d.%d.1:5060", i >> 8, i & 255);
        guess(f, text);
    }
    assert_true(is_banned(f, "192.0.2.1:5060"));
    assert_int_equal(sip_ban_list(f->ban, NULL, 0), SIP_BAN_TABLE);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(guessing_bans_for_a_while_from_any_port),
        WITH(slow_mistakes_and_right_passwords_do_not_ban),
        WITH(a_ban_is_not_forgiven_by_a_lucky_guess),
        WITH(an_ipv6_network_is_one_customer),
        WITH(an_operator_sees_and_lifts_them),
        WITH(memory_is_bounded_and_bans_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
