#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/num.h"
#include "sip_flow.h"
#include "sip_rate.h"

struct fixture {
    struct loop *loop;
    struct sip_rate *rate;
    unsigned asked;
};

static struct addr at(const char *text)
{
    struct addr addr;
    BUG_IF(addr_parse(slice_of(text), 5060, &addr));
    return addr;
}

/* Our trunk is at 192.0.2.99. */
static bool is_known(void *owner, const struct sip_flow *flow)
{
    struct fixture *f = owner;
    struct addr trunk = at("192.0.2.99:5060");
    f->asked++;
    return addr_same_ip(&flow->remote, &trunk);
}

static int setup(void **state)
{
    static struct fixture f;
    struct sip_rate_config config = { .per_second = 20, .is_known = is_known, .owner = &f };
    f.loop = loop_create_simulated();
    f.rate = sip_rate_create(f.loop, &config);
    f.asked = 0;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sip_rate_destroy(f->rate);
    loop_destroy(f->loop);
    return 0;
}

/* How many of `n` at once end so. */
static unsigned ask(struct fixture *f, const char *from, unsigned n, enum sip_rate_verdict verdict)
{
    struct sip_flow flow = { .remote = at(from) };
    unsigned count = 0;
    while (n--)
        count += sip_rate_take(f->rate, &flow) == verdict;
    return count;
}

static void a_flood_is_told_to_wait_then_not_answered(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "192.0.2.1:5060", 100, SIP_RATE_PASS), 100); /* five seconds' worth */
    assert_int_equal(ask(f, "192.0.2.1:6000", 20, SIP_RATE_WAIT), 20);
    assert_int_equal(ask(f, "192.0.2.1:7000", 500, SIP_RATE_DROP), 500);
    assert_int_equal(ask(f, "192.0.2.2:5060", 100, SIP_RATE_PASS), 100); /* nobody else suffers */
    loop_advance(f->loop, 1000);
    assert_int_equal(ask(f, "192.0.2.1:5060", 20, SIP_RATE_PASS), 20); /* what it may have */
    assert_int_equal(ask(f, "192.0.2.1:5060", 20, SIP_RATE_WAIT), 20);
}

static void the_usual_rate_goes_on_for_ever(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 10000; i++) {
        assert_int_equal(ask(f, "192.0.2.1:5060", 1, SIP_RATE_PASS), 1);
        loop_advance(f->loop, 50);
    }
}

static void those_we_know_may_send_more(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "192.0.2.99:5060", 1100, SIP_RATE_PASS), 1100);
    assert_int_equal(f->asked, 1); /* not for every request of a flood */
    assert_int_equal(ask(f, "192.0.2.1:5060", 1100, SIP_RATE_PASS), 100);
    assert_int_equal(f->asked, 2);
    struct addr guest = at("192.0.2.3:5060");
    sip_rate_prove(f->rate, &guest); /* he has the password of one of us */
    assert_int_equal(ask(f, "192.0.2.3:5060", 1100, SIP_RATE_PASS), 1000);
}

static void an_operator_sees_and_lifts_it(void **state)
{
    struct fixture *f = *state;
    struct sip_rate_entry list[4];
    struct addr flooder = at("[2001:db8::1]:5060"), neighbour = at("[2001:db8::2]:9");
    assert_int_equal(ask(f, "192.0.2.1:5060", 50, SIP_RATE_PASS), 50);
    assert_int_equal(sip_rate_list(f->rate, list, COUNT_OF(list)), 0);
    assert_false(sip_rate_lift(f->rate, &flooder));
    ask(f, "[2001:db8::1]:5060", 107, SIP_RATE_PASS);
    assert_int_equal(sip_rate_list(f->rate, list, COUNT_OF(list)), 1);
    assert_int_equal(list[0].refused, 7);
    assert_true(list[0].shown_for_ms > 0);
    assert_true(sip_rate_lift(f->rate, &neighbour)); /* of the same /64 */
    assert_int_equal(sip_rate_list(f->rate, list, COUNT_OF(list)), 0);
    assert_int_equal(ask(f, "[2001:db8::1]:5060", 5000, SIP_RATE_PASS), 5000);
    loop_advance(f->loop, SIP_RATE_LIFTED_MS + 1);
    assert_int_equal(ask(f, "[2001:db8::1]:5060", 5000, SIP_RATE_PASS), 100);
    loop_advance(f->loop, SIP_RATE_SHOWN_MS);
    assert_int_equal(sip_rate_list(f->rate, list, COUNT_OF(list)), 0);
}

static void memory_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 3 * SIP_RATE_TABLE; i++) {
        char text[40];
        snprintf(text, sizeof text, "10.%u.%u.%u:5060", i >> 16, (i >> 8) & 255, i & 255);
        assert_int_equal(ask(f, text, 1, SIP_RATE_PASS), 1);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_flood_is_told_to_wait_then_not_answered),
        CASE(the_usual_rate_goes_on_for_ever),
        CASE(those_we_know_may_send_more),
        CASE(an_operator_sees_and_lifts_it),
        CASE(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
