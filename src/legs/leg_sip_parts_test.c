/* Keys that come as SIP INFO, in the forms in which they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/leg_sip_priv.h"

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
        char digit; /* 0: none */
        unsigned ms;
    } rows[] = {
        { "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160 },
        { "application/dtmf-relay", "Signal= 5\nDuration = 160", '5', 160 },
        { "Application/DTMF-Relay; charset=x", "signal=#\r\n", '#', 100 },
        { "application/dtmf-relay", "Duration=300\r\nSignal=*\r\n", '*', 300 },
        { "application/dtmf-relay", "Signal=d\r\nDuration=1\r\n", 'D', 100 },
        { "application/dtmf-relay", "Signal=1\r\nDuration=99999999999\r\n", '1', 100 },
        { "application/dtmf-relay", "Signal=1\r\nDuration=-5\r\n", '1', 100 },
        { "application/dtmf-relay", "Signal=10\r\n", '*', 100 },
        { "application/dtmf-relay", "Signal=11\r\n", '#', 100 },
        { "application/dtmf-relay", "Signal=12\r\n", 0, 0 },
        { "application/dtmf-relay", "Signal=\r\n", 0, 0 },
        { "application/dtmf-relay", "Signal=E\r\n", 0, 0 },
        { "application/dtmf-relay", "5", 0, 0 },
        { "application/dtmf-relay", "", 0, 0 },
        { "application/dtmf", "5", '5', 100 },
        { "application/dtmf", " A\r\n", 'A', 100 },
        { "application/dtmf", "55", 0, 0 },
        { "application/dtmf", "", 0, 0 },
        { "text/plain", "5", 0, 0 },
        { "", "Signal=5", 0, 0 },
        { "application/dtmf-relay-x", "Signal=5", 0, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char digit = '\0';
        unsigned ms = 0;
        bool found =
            leg_sip_parse_dtmf(slice_of(rows[i].type), slice_of(rows[i].body), &digit, &ms);
        if (found != (rows[i].digit != 0) ||
            (found && (digit != rows[i].digit || ms != rows[i].ms)))
            fail_msg("%s '%s': %d %c %u", rows[i].type, rows[i].body, found, digit, ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_keys) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
