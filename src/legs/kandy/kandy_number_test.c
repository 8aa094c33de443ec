/* The table of numbers in section 3.3 of the protocol page is the list of vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/kandy/kandy_number.h"

static void expect_dial(const char *dialled, bool tollfree_as_dialled, const char *wanted)
{
    char mem[100];
    struct buf out = BUF_ON(mem);
    kandy_number_dial(KANDY_RULES_UAE, slice_of(dialled), tollfree_as_dialled, &out);
    assert_string_equal(buf_cstr(&out), wanted);
}

static void test_dialled_in_the_emirates(void **state)
{
    static const struct {
        const char *dialled, *wanted;
    } rows[] = {
        { "+971501234567", "971501234567" },
        { "00971501234567", "971501234567" },
        { "971 50 123 4567", "971501234567" },
        { "0501234567", "971501234567" },
        { "501234567", "971501234567" },
        { "043456789", "97143456789" },
        { "+971-4-345-6789", "97143456789" },
        { "43456789", "97143456789" },
        { "97143456789", "97143456789" },
        { "00442079460000", "442079460000" },
        { "+15551234567", "15551234567" },
        { "80012345", "97180012345" },
        { "8001234", "9718001234" },
        { "800123456", "971800123456" },
        { "8001234567", "9718001234567" },
        { "97180012345", "97180012345" },
        { "600123456", "971600123456" },
        { "(02) 123-4567", "97121234567" },
        { "*65", "*65" },
        { "#31#0501234567", "#31#0501234567" },
        { "100", "100" },
        { "200", "200" },
        { "0", "0" },
        { "5012", "5012" },
        { "sales", "sales" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_dial(rows[i].dialled, false, rows[i].wanted);
    expect_dial("80012345", true, "80012345");
    expect_dial("0501234567", true, "971501234567");
}

static void test_emergency_on_raw_digits(void **state)
{
    static const char list[][8] = { "999", "998", "112" };
    char *numbers[3] = { NULL };
    (void)state;
    for (size_t i = 0; i < 3; i++)
        numbers[i] = (char *)(uintptr_t)list[i];
    assert_true(kandy_number_is_in(SLICE("999"), numbers, 3));
    assert_true(kandy_number_is_in(SLICE("1-1-2"), numbers, 3));
    assert_false(kandy_number_is_in(SLICE("9990"), numbers, 3));
    assert_false(kandy_number_is_in(SLICE("971999"), numbers, 3));
    assert_false(kandy_number_is_in(SLICE("+112"), numbers, 3));
    assert_false(kandy_number_is_in(SLICE(""), numbers, 3));
}

static void test_callers(void **state)
{
    static const struct {
        const char *from, *wanted;
    } rows[] = {
        { "971501234567@ct.example", "+971501234567" },
        { "sip:971501234567@ct.example", "+971501234567" },
        { "Ali<sip:+971501234567@ct.example;user=phone>", "+971501234567" },
        { "0501234567", "+971501234567" },
        { "+15551234567", "+15551234567" },
        { "100@ct.example", "100" },
        { "anonymous@anonymous.invalid", "anonymous" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char mem[100];
        struct buf out = BUF_ON(mem);
        kandy_number_caller(KANDY_RULES_UAE, slice_of(rows[i].from), &out);
        assert_string_equal(buf_cstr(&out), rows[i].wanted);
    }
}

static void test_without_rules(void **state)
{
    char mem[100];
    struct buf out = BUF_ON(mem);
    (void)state;
    kandy_number_dial(KANDY_RULES_NONE, SLICE("+1 (555) 123-4567"), false, &out);
    assert_string_equal(buf_cstr(&out), "15551234567");
    buf_reset(&out);
    kandy_number_dial(KANDY_RULES_NONE, SLICE("0501234567"), false, &out);
    assert_string_equal(buf_cstr(&out), "0501234567");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialled_in_the_emirates),
        cmocka_unit_test(test_emergency_on_raw_digits),
        cmocka_unit_test(test_callers),
        cmocka_unit_test(test_without_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
