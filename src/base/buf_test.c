#include "buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_builds_text(void **state)
{
    (void)state;
    char mem[32];
    struct buf buf = BUF_ON(mem);
    buf_text(&buf, "a=");
    buf_put(&buf, SLICE("bc"));
    buf_char(&buf, ';');
    buf_printf(&buf, "%d/%s", -7, "x");
    assert_string_equal(buf_cstr(&buf), "a=bc;-7/x");
    assert_int_equal(buf_slice(&buf).len, 9);
    buf_put(&buf, SLICE_NONE);
    assert_int_equal(buf.len, 9);
    buf_reset(&buf);
    assert_string_equal(buf_cstr(&buf), "");
}

static void test_network_byte_order(void **state)
{
    (void)state;
    static const unsigned char expected[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                              0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };
    unsigned char mem[sizeof expected];
    struct buf buf = BUF_ON(mem);
    buf_u8(&buf, 0x01);
    buf_u16(&buf, 0x0203);
    buf_u32(&buf, 0x04050607);
    buf_u64(&buf, 0x08090a0b0c0d0e0f);
    assert_false(buf.overflow);
    assert_memory_equal(mem, expected, sizeof expected);
}

static void test_bytes_fill_it_exactly(void **state)
{
    (void)state;
    char mem[4];
    struct buf buf = BUF_ON(mem);
    buf_text(&buf, "abcd");
    assert_false(buf.overflow);
    assert_int_equal(buf_slice(&buf).len, 4);
    assert_string_equal(buf_cstr(&buf), ""); /* no room for the terminator */
    buf_put(&buf, SLICE_NONE);
    assert_false(buf.overflow);
    buf_char(&buf, 'e');
    assert_true(buf.overflow);
}

static void test_overflow_stays(void **state)
{
    (void)state;
    char mem[8];
    struct buf buf = BUF_ON(mem);
    buf_text(&buf, "1234");
    buf_text(&buf, "56789");
    assert_true(buf.overflow);
    buf_char(&buf, '5');
    buf_printf(&buf, "%d", 5);
    assert_int_equal(buf.len, 4);
    assert_string_equal(buf_cstr(&buf), "");
    buf_reset(&buf);
    buf_printf(&buf, "%s", "1234567");
    assert_string_equal(buf_cstr(&buf), "1234567");
    buf_reset(&buf);
    buf_printf(&buf, "%s", "12345678"); /* the terminator has no room */
    assert_true(buf.overflow);
}

static void test_no_room_at_all(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, NULL, 0);
    buf_put(&buf, SLICE_NONE);
    assert_false(buf.overflow);
    assert_string_equal(buf_cstr(&buf), "");
    buf_printf(&buf, "x");
    assert_true(buf.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builds_text),           cmocka_unit_test(test_network_byte_order),
        cmocka_unit_test(test_bytes_fill_it_exactly), cmocka_unit_test(test_overflow_stays),
        cmocka_unit_test(test_no_room_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
