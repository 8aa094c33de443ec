#include "secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_set_compare_clear(void **state)
{
    (void)state;
    struct secret secret = { 0 };
    assert_true(secret_empty(&secret));
    assert_false(secret_is(&secret, SLICE("x")));
    secret_set(&secret, SLICE("hunter2"));
    assert_false(secret_empty(&secret));
    assert_true(secret_is(&secret, SLICE("hunter2")));
    assert_false(secret_is(&secret, SLICE("hunter")));
    assert_false(secret_is(&secret, SLICE("hunter3")));
    assert_int_equal(secret_reveal(&secret).ptr[7], '\0'); /* libraries want it terminated */
    secret_set(&secret, SLICE("other"));
    assert_true(secret_is(&secret, SLICE("other")));
    secret_clear(&secret);
    assert_true(secret_empty(&secret));
    assert_null(secret.ptr);
    secret_clear(&secret);
}

static void test_set_to_part_of_itself(void **state)
{
    (void)state;
    struct secret secret = { 0 };
    secret_set(&secret, SLICE("user:password"));
    secret_set(&secret, slice_from(secret_reveal(&secret), 5));
    assert_true(secret_is(&secret, SLICE("password")));
    secret_clear(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_compare_clear),
        cmocka_unit_test(test_set_to_part_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
