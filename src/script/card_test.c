#include "script/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *digits, *type;
        bool is_number;
    } rows[] = {
        { "4111111111111111", "visa", true },
        { "4111111111111112", "visa", false },
        { "5555555555554444", "mastercard", true },
        { "2223003122003222", "mastercard", true },
        { "378282246310005", "amex", true },
        { "6011111111111117", "discover", true },
        { "30569309025904", "diners-club", true },
        { "3530111333300000", "jcb", true },
        { "6759649826438453", "maestro", true },
        { "0", "", false },
        { "", "", false },
        { "41111111111111111111", "visa", false },
        { "41111111x1111111", "visa", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(card_is_number(rows[i].digits), rows[i].is_number);
        assert_string_equal(card_type(rows[i].digits), rows[i].type);
    }
    assert_true(card_is_accepted("4111111111111111", "mastercard visa"));
    assert_false(card_is_accepted("4111111111111111", "amex"));
    assert_false(card_is_accepted("9", "visa"));
    assert_int_equal(card_code_length("378282246310005"), 4);
    assert_int_equal(card_code_length("4111111111111111"), 3);
}

static void test_dates(void **state)
{
    (void)state;
    const int64_t may_2024 = 1714998000000;
    assert_true(card_is_date("0524", may_2024));
    assert_false(card_is_date("0424", may_2024));
    assert_true(card_is_date("0125", may_2024));
    assert_false(card_is_date("1325", may_2024));
    assert_false(card_is_date("0025", may_2024));
    assert_false(card_is_date("125", may_2024));
    assert_false(card_is_date("", may_2024));
}

static void test_masks(void **state)
{
    (void)state;
    char out[32], small[6];
    card_mask("4111111111111111", out, sizeof out);
    assert_string_equal(out, "************1111");
    card_mask("", out, sizeof out);
    assert_string_equal(out, "");
    card_mask("4111111111111111", small, sizeof small);
    assert_string_equal(small, "*****");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers),
                                        cmocka_unit_test(test_dates),
                                        cmocka_unit_test(test_masks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
