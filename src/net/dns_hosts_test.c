#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/dns_hosts.h"

static size_t find(const char *text, const char *name, struct addr out[4])
{
    return dns_hosts_find(slice_of(text), slice_of(name), out, 4);
}

static void finds_names_of_a_line(void **state)
{
    (void)state;
    struct addr out[4];
    static const char text[] = "1.2.3.4\tone uno # two\r\n"
                               "::1 one\n"
                               "5.6.7.8\n"
                               "bad one\n"
                               "#9.9.9.9 one";
    assert_int_equal(find(text, "ONE", out), 2);
    assert_false(addr_is_v6(&out[0]));
    assert_true(addr_is_v6(&out[1]));
    assert_int_equal(find(text, "uno.", out), 1);
    assert_int_equal(find(text, "two", out), 0);
    assert_int_equal(find(text, "1.2.3.4", out), 0);
    assert_int_equal(find(text, "", out), 0);
    assert_int_equal(find("", "one", out), 0);
    assert_int_equal(dns_hosts_find(slice_of(text), SLICE("one"), out, 1), 1);
}

static void localhost_is_always_known(void **state)
{
    (void)state;
    struct addr out[4];
    assert_int_equal(find("", "localhost", out), 2);
    assert_true(addr_is_loopback(&out[0]) && addr_is_loopback(&out[1]));
    assert_int_equal(find("", "a.LocalHost.", out), 2);
    assert_int_equal(find("", "notlocalhost", out), 0);
    assert_int_equal(find("127.0.0.9 localhost", "localhost", out), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names_of_a_line),
        cmocka_unit_test(localhost_is_always_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
