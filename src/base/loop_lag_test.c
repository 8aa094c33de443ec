/* A loop that is kept from turning, and one that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "loop.h"
#include "loop_lag.h"

static void test_idle(void **state)
{
    (void)state;
    struct loop *loop = loop_create_simulated();
    struct loop_lag *lag = loop_lag_create(loop);
    loop_advance(loop, 60000);
    assert_int_equal(loop_lag_ms(lag), 0);
    loop_lag_destroy(lag);
    loop_advance(loop, 1000); /* no timer is left behind */
    loop_destroy(loop);
}

static void test_blocked(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct loop_lag *lag = loop_lag_create(loop);
    usleep(400 * 1000);
    for (int i = 0; i < 50 && loop_lag_ms(lag) == 0; i++)
        loop_turn(loop, 20);
    assert_in_range(loop_lag_ms(lag), 250, 5000);
    loop_lag_destroy(lag);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_idle),
                                        cmocka_unit_test(test_blocked) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
