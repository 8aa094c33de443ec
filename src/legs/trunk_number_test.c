/* What people type, and what the carrier is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "config/config.h"
#include "legs/trunk_number.h"

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal; /* never written to */
}

static const char *dial(const struct config_trunk *trunk, const char *dialled)
{
    static char mem[200];
    struct buf out = BUF_ON(mem);
    trunk_number_print(trunk, dialled, &out);
    return buf_cstr(&out);
}

static void test_rewrite(void **state)
{
    (void)state;
    static const struct {
        enum config_plus plus;
        const char *country, *prefix;
        int strip;
        const char *dialled, *called;
    } rows[] = {
        { CONFIG_PLUS_KEEP, "", "", 0, "+1 (555) 123-4567", "+15551234567" },
        { CONFIG_PLUS_KEEP, "", "", 0, "100", "100" },
        { CONFIG_PLUS_KEEP, "", "", 0, "agent_1.a", "agent_1.a" },
        { CONFIG_PLUS_KEEP, "", "", 0, "a b", "a%20b" },
        { CONFIG_PLUS_KEEP, "", "", 0, "*98#", "*98%23" },
        { CONFIG_PLUS_STRIP, "", "", 0, "+15551234567", "15551234567" },
        { CONFIG_PLUS_STRIP, "", "", 0, "15551234567", "15551234567" },
        { CONFIG_PLUS_ADD, "", "", 0, "15551234567", "+15551234567" },
        { CONFIG_PLUS_ADD, "", "", 0, "+15551234567", "+15551234567" },
        { CONFIG_PLUS_ADD, "", "", 0, "support", "support" },
        /* E.164 out of national and international forms */
        { CONFIG_PLUS_KEEP, "971", "", 0, "050 123 4567", "+971501234567" },
        { CONFIG_PLUS_KEEP, "971", "", 0, "00442071838750", "+442071838750" },
        { CONFIG_PLUS_KEEP, "971", "", 0, "+442071838750", "+442071838750" },
        { CONFIG_PLUS_STRIP, "971", "", 0, "0501234567", "971501234567" },
        { CONFIG_PLUS_ADD, "971", "", 0, "971501234567", "+971501234567" },
        { CONFIG_PLUS_ADD, "971", "", 0, "1800", "1800" }, /* a short code is of no country */
        { CONFIG_PLUS_KEEP, "971", "", 0, "0123", "0123" },
        /* a carrier's own form */
        { CONFIG_PLUS_KEEP, "", "9", 0, "0501234567", "90501234567" },
        { CONFIG_PLUS_KEEP, "", "", 1, "90501234567", "0501234567" },
        { CONFIG_PLUS_STRIP, "", "00", 0, "+442071838750", "00442071838750" },
        { CONFIG_PLUS_KEEP, "", "00", 1, "+442071838750", "00442071838750" },
        { CONFIG_PLUS_KEEP, "", "#31#", 0, "123", "%2331%23123" },
        { CONFIG_PLUS_KEEP, "", "", 20, "123", "" },
        /* help is called by its own number, whatever the rules say */
        { CONFIG_PLUS_ADD, "971", "00", 1, "112", "112" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *emergency = text("112");
        struct config_trunk trunk = { .plus = rows[i].plus,
                                      .country = text(rows[i].country),
                                      .prefix = text(rows[i].prefix),
                                      .strip = rows[i].strip,
                                      .emergency = { &emergency, 1 } };
        if (strcmp(dial(&trunk, rows[i].dialled), rows[i].called) != 0)
            fail_msg("row %zu: %s is called as %s, not %s", i, rows[i].dialled,
                     dial(&trunk, rows[i].dialled), rows[i].called);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rewrite) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
