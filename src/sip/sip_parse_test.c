#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip_parse.h"

static void a_head_ends_at_the_empty_line(void **state)
{
    (void)state;
    assert_int_equal(sip_head_len(SLICE("A\r\nB\r\n\r\nbody\r\n\r\n")), 8);
    assert_int_equal(sip_head_len(SLICE("A\nB\n\nbody")), 5);
    assert_int_equal(sip_head_len(SLICE("A\r\nB\r\n")), 0);
    assert_int_equal(sip_head_len(SLICE("A\r\nB\r\n\r")), 0);
    assert_int_equal(sip_head_len(SLICE("")), 0);
    assert_int_equal(sip_head_blank(SLICE("\r\n\r\nA")), 4);
    assert_int_equal(sip_head_blank(SLICE("A\r\n")), 0);
}

static void folded_lines_belong_to_their_header(void **state)
{
    (void)state;
    struct slice rest = SLICE("Via: a,\r\n b\r\n\tc\r\nTo: d\n\r\nbody"), line;
    assert_true(sip_head_line(&rest, &line));
    assert_true(slice_is(line, "Via: a,\r\n b\r\n\tc"));
    assert_true(sip_head_line(&rest, &line));
    assert_true(slice_is(line, "To: d"));
    assert_false(sip_head_line(&rest, &line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_ends_at_the_empty_line),
        cmocka_unit_test(folded_lines_belong_to_their_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
