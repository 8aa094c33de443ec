#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/dns_message.h"

#define HEADER(answers) "\0\1\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION "\3sip\4test\0\0\x21\0\1"
#define BYTES(text) slice_make(text, sizeof(text) - 1)

static void reads_compressed_names(void **state)
{
    (void)state;
    struct dns_record out[4];
    size_t n = 4;
    struct slice message =
        BYTES(HEADER("\2") QUESTION "\xc0\x0c\0\5\0\1\0\0\0\5\0\2\xc0\x10" /* an alias first */
                                    "\xc0\x0c\0\x21\0\1\0\0\1\0\0\x0a\0\1\0\2\x13\xc4\1a\xc0\x10");
    assert_int_equal(dns_message_parse(message, DNS_SRV, out, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(out[0].ttl_s, 256);
    assert_int_equal(out[0].srv.priority, 1);
    assert_int_equal(out[0].srv.weight, 2);
    assert_int_equal(out[0].srv.port, 5060);
    assert_string_equal(out[0].srv.target, "a.test");
    n = 0;
    assert_int_equal(dns_message_parse(message, DNS_SRV, out, &n), OK);
    assert_int_equal(n, 0);
}

static void refuses_what_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *bytes;
        size_t len;
    } cases[] = {
#define CASE(what, bytes) { what, bytes, sizeof(bytes) - 1 }
        CASE("empty", ""),
        CASE("only a header", HEADER("\1")),
        CASE("a name that points at itself", HEADER("\0") "\xc0\x0c\0\1\0\1"),
        CASE("a name that points forward", HEADER("\0") "\xc0\x20\0\1\0\1"),
        CASE("a label of 64", HEADER("\0") "\x40"),
        CASE("a dot in a label", HEADER("\1") "\0\0\1\0\1"
                                              "\3a.b\0\0\1\0\1\0\0\0\1\0\4\1\2\3\4"),
        CASE("an address of 3 bytes", HEADER("\1") QUESTION "\xc0\x0c\0\1\0\1\0\0\0\1\0\3\1\2\3"),
        CASE("data cut short", HEADER("\1") QUESTION "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2"),
        CASE("fewer answers than said",
             HEADER("\2") QUESTION "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns_record out[4];
        size_t n = 4;
        if (dns_message_parse(slice_make(cases[i].bytes, cases[i].len), DNS_A, out, &n) !=
            ERR_PARSE)
            fail_msg("taken: %s", cases[i].what);
    }
}

static void srv_may_not_run_over_its_data(void **state)
{
    (void)state;
    struct dns_record out[4];
    size_t n = 4;
    struct slice message =
        BYTES(HEADER("\1") QUESTION "\xc0\x0c\0\x21\0\1\0\0\1\0\0\7\0\1\0\2\x13\xc4\1a\xc0\x10");
    assert_int_equal(dns_message_parse(message, DNS_SRV, out, &n), ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_compressed_names),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(srv_may_not_run_over_its_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
