#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rtc/rtc_candidate.h"

static void test_priorities_are_those_of_browsers(void **state)
{
    (void)state;
    /* 2^24 × 126 + 2^8 × 65535 + 255: the figure that every browser's first host candidate shows */
    assert_int_equal(rtc_candidate_priority(RTC_CANDIDATE_HOST, 65535, 1), 2130706431);
    assert_int_equal(rtc_candidate_priority(RTC_CANDIDATE_SRFLX, 65535, 1), 1694498815);
    assert_int_equal(rtc_candidate_priority(RTC_CANDIDATE_RELAY, 65535, 2), 16777214);
    assert_true(rtc_candidate_priority(RTC_CANDIDATE_HOST, 1, 1) >
                rtc_candidate_priority(RTC_CANDIDATE_PRFLX, 65535, 1));
}

static void test_foundation_follows_type_and_base(void **state)
{
    (void)state;
    char a[RTC_FOUNDATION_TEXT], b[RTC_FOUNDATION_TEXT];
    struct addr base = addr_loopback4(1), other;
    rtc_candidate_foundation(RTC_CANDIDATE_HOST, &base, a);
    addr_set_port(&base, 2);
    rtc_candidate_foundation(RTC_CANDIDATE_HOST, &base, b);
    assert_string_equal(a, b);
    rtc_candidate_foundation(RTC_CANDIDATE_SRFLX, &base, b);
    assert_string_not_equal(a, b);
    assert_int_equal(addr_parse_ip(SLICE("127.0.0.2"), 1, &other), OK);
    rtc_candidate_foundation(RTC_CANDIDATE_HOST, &other, b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 8);
    assert_string_equal(rtc_candidate_type_name(RTC_CANDIDATE_SRFLX), "srflx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priorities_are_those_of_browsers),
        cmocka_unit_test(test_foundation_follows_type_and_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
