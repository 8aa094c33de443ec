/* Loss in bursts and alone, as RFC 3611 counts it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/rtp_bursts.h"

static void come(struct rtp_bursts *bursts, unsigned n)
{
    while (n-- > 0)
        rtp_bursts_feed(bursts, 0);
}

static void nothing_lost(void **state)
{
    struct rtp_bursts bursts = { 0 };
    (void)state;
    come(&bursts, 100);
    struct rtp_bursts_result result = rtp_bursts_read(&bursts, 20);
    assert_int_equal(result.burst_density, 0);
    assert_int_equal(result.gap_density, 0);
    assert_int_equal(result.burst_ms, 0);
    assert_int_equal(result.gap_ms, 2000);
}

/* One in 51 is missing: no burst, a gap with 2 % of loss. */
static void alone(void **state)
{
    struct rtp_bursts bursts = { 0 };
    (void)state;
    for (int i = 0; i < 20; i++) {
        rtp_bursts_feed(&bursts, 1);
        come(&bursts, 49);
    }
    struct rtp_bursts_result result = rtp_bursts_read(&bursts, 20);
    assert_int_equal(result.burst_ms, 0);
    assert_int_equal(result.burst_density, 0);
    assert_in_range(result.gap_density, 4, 6);
}

/* Every other packet of twelve is missing, then a second is whole. */
static void in_bursts(void **state)
{
    struct rtp_bursts bursts = { 0 };
    (void)state;
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 6; k++)
            rtp_bursts_feed(&bursts, 1);
        come(&bursts, 50);
    }
    struct rtp_bursts_result result = rtp_bursts_read(&bursts, 20);
    assert_in_range(result.burst_density, 110, 150); /* about half */
    assert_in_range(result.burst_ms, 150, 300);
    assert_int_equal(result.gap_density, 0);
    assert_in_range(result.gap_ms, 900, 1300);
}

static void a_leap_is_bounded(void **state)
{
    struct rtp_bursts bursts = { 0 };
    (void)state;
    rtp_bursts_feed(&bursts, UINT32_MAX);
    struct rtp_bursts_result result = rtp_bursts_read(&bursts, 20);
    assert_int_equal(result.gap_density, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_lost),
        cmocka_unit_test(alone),
        cmocka_unit_test(in_bursts),
        cmocka_unit_test(a_leap_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
