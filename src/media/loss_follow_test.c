/* Loss as far ends report it, and what the encoder is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/loss_follow.h"

static void a_clean_line_changes_nothing(void **state)
{
    struct loss_follow follow;
    (void)state;
    loss_follow_init(&follow);
    for (int i = 0; i < 10; i++)
        assert_false(loss_follow_feed(&follow, 0));
    assert_int_equal(follow.rate_permille, LOSS_FOLLOW_FULL);
    assert_int_equal(follow.loss_percent, 0);
}

static void some_loss_is_expected_but_costs_no_rate(void **state)
{
    struct loss_follow follow;
    (void)state;
    loss_follow_init(&follow);
    assert_true(loss_follow_feed(&follow, 13)); /* 5 % */
    assert_int_equal(follow.loss_percent, 5);
    assert_int_equal(follow.rate_permille, LOSS_FOLLOW_FULL);
}

static void much_loss_costs_rate_and_it_comes_back(void **state)
{
    struct loss_follow follow;
    unsigned reports = 0;
    (void)state;
    loss_follow_init(&follow);
    assert_true(loss_follow_feed(&follow, 51)); /* 20 %: a tenth less */
    assert_in_range(follow.rate_permille, 895, 905);
    assert_int_equal(follow.loss_percent, 20);
    for (int i = 0; i < 50; i++)
        (void)loss_follow_feed(&follow, 128);
    assert_int_equal(follow.rate_permille, LOSS_FOLLOW_LEAST);
    while (loss_follow_feed(&follow, 0) && reports < 50)
        reports++;
    assert_in_range(reports, 5, 12);
    assert_int_equal(follow.rate_permille, LOSS_FOLLOW_FULL);
    assert_int_equal(follow.loss_percent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_line_changes_nothing),
        cmocka_unit_test(some_loss_is_expected_but_costs_no_rate),
        cmocka_unit_test(much_loss_costs_rate_and_it_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
