/* Buckets empty, fill again, and do not grow in number without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "api/rate_limit.h"

#define ME SLICE("192.0.2.1")

static void test_burst_and_refill(void **state)
{
    (void)state;
    struct rate_limit *limit = rate_limit_create(3, 60);
    for (int i = 0; i < 3; i++)
        assert_true(rate_limit_take(limit, ME, 1000));
    assert_false(rate_limit_has(limit, ME, 1000));
    assert_false(rate_limit_take(limit, ME, 1000));
    assert_int_equal(rate_limit_wait_s(limit, ME, 1000), 1);
    assert_true(rate_limit_take(limit, SLICE("192.0.2.2"), 1000)); /* others are not touched */
    assert_false(rate_limit_take(limit, ME, 1999));
    assert_true(rate_limit_take(limit, ME, 2000)); /* one a second */
    for (int i = 0; i < 3; i++)                    /* never more than the burst */
        assert_true(rate_limit_take(limit, ME, 1000000000));
    assert_false(rate_limit_take(limit, ME, 1000000000));
    rate_limit_destroy(limit);
}

static void test_slow_refill(void **state)
{
    (void)state;
    struct rate_limit *limit = rate_limit_create(1, 2);
    assert_true(rate_limit_take(limit, ME, 0));
    assert_int_equal(rate_limit_wait_s(limit, ME, 0), 30);
    assert_false(rate_limit_take(limit, ME, 29000));
    assert_true(rate_limit_take(limit, ME, 30000));
    rate_limit_destroy(limit);
}

static void test_many_keys(void **state)
{
    (void)state;
    struct rate_limit *limit = rate_limit_create(1, 1);
    char key[20];
    assert_true(rate_limit_take(limit, ME, 0));
    for (int i = 0; i < RATE_LIMIT_KEYS_MAX; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_true(rate_limit_take(limit, slice_of(key), 0));
    }
    assert_false(rate_limit_take(limit, SLICE("k1"), 0));
    assert_true(rate_limit_take(limit, ME, 0)); /* the oldest was forgotten */
    rate_limit_destroy(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_and_refill),
        cmocka_unit_test(test_slow_refill),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
