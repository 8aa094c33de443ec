/* Whose a number is, how it is written, what cannot be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/number_plan.h"
#include "base/num.h"

static void what_numbers_say(void **state)
{
    static const struct {
        const char *number, *country, *national, *elsewhere, *type;
        bool is_possible, is_valid;
    } rows[] = {
        { "+15551234567", "US", "(555) 123-4567", "+1 555-123-4567", "Fixed Line or Mobile", true,
          false },
        { "+12025550123", "US", "(202) 555-0123", "+1 202-555-0123", "Fixed Line or Mobile", true,
          true },
        { "+14165550123", "CA", "(416) 555-0123", "+1 416-555-0123", "Fixed Line or Mobile", true,
          true },
        { "+12425550123", "BS", "(242) 555-0123", "+1 242-555-0123", "Fixed Line or Mobile", true,
          true },
        { "+18005550123", "US", "(800) 555-0123", "+1 800-555-0123", "Toll Free", true, true },
        { "+11005550123", "US", "(100) 555-0123", "+1 100-555-0123", "Fixed Line or Mobile", true,
          false },
        { "+12029110123", "US", "(202) 911-0123", "+1 202-911-0123", "Fixed Line or Mobile", true,
          false },
        { "+1202555", "US", "202555", "+1 202555", "Fixed Line or Mobile", false, false },
        { "+4312345678", "AT", "12345678", "+43 12345678", "Unknown", true, true },
        { "+442079460958", "GB", "2079460958", "+44 2079460958", "Unknown", true, true },
        { "+971501234567", "AE", "501234567", "+971 501234567", "Unknown", true, true },
        { "+77011234567", "KZ", "7011234567", "+7 7011234567", "Unknown", true, true },
        { "+79011234567", "RU", "9011234567", "+7 9011234567", "Unknown", true, true },
        { "+331", "FR", "1", "+33 1", "Unknown", false, false },
        { "+80012345678", "", "12345678", "+800 12345678", "Unknown", true, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct number_plan plan;
        if (!number_plan_read(slice_of(rows[i].number), &plan))
            fail_msg("%s is of no country", rows[i].number);
        assert_string_equal(plan.country, rows[i].country);
        assert_string_equal(plan.national, rows[i].national);
        assert_string_equal(plan.elsewhere, rows[i].elsewhere);
        assert_string_equal(plan.type, rows[i].type);
        assert_int_equal(plan.is_possible, rows[i].is_possible);
        assert_int_equal(plan.is_valid, rows[i].is_valid);
    }
}

static void what_is_none(void **state)
{
    static const char *const numbers[] = {
        "", "+", "15551234567", "+1555123456x", "+99912345678", "+2101234567", "+1234567890123456",
    };
    struct number_plan plan;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (number_plan_read(slice_of(numbers[i]), &plan))
            fail_msg("%s is of %s", numbers[i], plan.country);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_numbers_say),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
