/* What a phone's keep-alive is answered, by the vectors of RFC 5769 §2.2 and §2.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_stun.h"

#define HEAD "\x00\x01\x00\x00\x21\x12\xa4\x42"
#define ID "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"

static struct addr addr_of(const char *text, uint16_t port)
{
    struct addr addr;
    assert_int_equal(addr_parse_ip(slice_of(text), port, &addr), OK);
    return addr;
}

static void the_answer_holds_the_address(void **state)
{
    static const char v4[] =
        "\x01\x01\x00\x0c\x21\x12\xa4\x42" ID "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43";
    static const char v6[] = "\x01\x01\x00\x18\x21\x12\xa4\x42" ID
                             "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79"
                             "\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9";
    char mem[64];
    struct buf out = BUF_ON(mem);
    struct addr from = addr_of("192.0.2.1", 32853);
    (void)state;
    assert_true(sip_stun_answer(slice_make(HEAD ID, 20), &from, &out));
    assert_int_equal(out.len, sizeof v4 - 1);
    assert_memory_equal(out.ptr, v4, sizeof v4 - 1);
    out = BUF_ON(mem);
    from = addr_of("2001:db8:1234:5678:11:2233:4455:6677", 32853);
    assert_true(sip_stun_answer(slice_make(HEAD ID, 20), &from, &out));
    assert_int_equal(out.len, sizeof v6 - 1);
    assert_memory_equal(out.ptr, v6, sizeof v6 - 1);
}

static void anything_else_is_left_alone(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "", 0 },
        { HEAD, 8 },
        { HEAD ID, 19 },
        { HEAD ID "\x00\x00\x00\x00", 24 },            /* longer than it says */
        { "\x01\x01\x00\x00\x21\x12\xa4\x42" ID, 20 }, /* an answer */
        { "\x00\x01\x00\x00\x21\x12\xa4\x43" ID, 20 }, /* of before RFC 5389 */
        { "OPTIONS sip:a SIP/2.0\r\n\r\n", 25 },
    };
    char mem[64];
    struct addr from = addr_of("192.0.2.1", 5060);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = BUF_ON(mem);
        assert_false(sip_stun_answer(slice_make(rows[i].bytes, rows[i].len), &from, &out));
        assert_int_equal(out.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_holds_the_address),
        cmocka_unit_test(anything_else_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
