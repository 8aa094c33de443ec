#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "egress.h"

static bool allows(const struct egress *egress, const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse_ip(slice_of(text), 80, &addr), OK);
    return egress_allows(egress, &addr);
}

static void only_public_addresses(void **state)
{
    static const char *const refused[] = {
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "::7f00:1",
        "ff02::1",
        "2001:db8::1",
    };
    static const char *const taken[] = { "8.8.8.8", "172.32.0.1", "100.128.0.1", "1.1.1.1",
                                         "2606:4700:4700::1111" };
    const struct egress none = { .n = 0 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (allows(&none, refused[i]))
            fail_msg("%s is allowed", refused[i]);
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        if (!allows(&none, taken[i]))
            fail_msg("%s is refused", taken[i]);
}

static void what_the_operator_allows(void **state)
{
    struct egress egress = { .n = 1 };
    (void)state;
    assert_int_equal(addr_block_parse(SLICE("10.1.0.0/16"), &egress.allowed[0]), OK);
    assert_true(allows(&egress, "10.1.255.1"));
    assert_false(allows(&egress, "10.2.0.1"));
    assert_false(allows(&egress, "127.0.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_addresses),
        cmocka_unit_test(what_the_operator_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
