#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buf.h"

static void test_reads_what_buf_wrote(void **state)
{
    (void)state;
    char mem[64];
    struct buf buf = BUF_ON(mem);
    buf_u8(&buf, 0xfe);
    buf_u16(&buf, 0xfedc);
    buf_u32(&buf, 0xfedcba98);
    buf_u64(&buf, 0xfedcba9876543210);
    buf_text(&buf, "skiptext");
    struct wire w = wire_of(buf_slice(&buf));
    assert_int_equal(wire_u8(&w), 0xfe);
    assert_int_equal(wire_u16(&w), 0xfedc);
    assert_true(wire_u32(&w) == 0xfedcba98);
    assert_true(wire_u64(&w) == 0xfedcba9876543210);
    wire_skip(&w, 4);
    assert_true(slice_is(wire_bytes(&w, 4), "text"));
    assert_false(w.short_read);
    assert_int_equal(w.rest.len, 0);
}

static void test_short_read_is_remembered(void **state)
{
    (void)state;
    struct wire w = wire_of(SLICE("\1\2\3"));
    assert_int_equal(wire_u32(&w), 0);
    assert_true(w.short_read);
    assert_int_equal(wire_u8(&w), 0); /* nothing more comes, even what would fit */
    assert_int_equal(wire_bytes(&w, 0).len, 0);
    assert_true(w.short_read);
    w = wire_of(SLICE("abc"));
    assert_int_equal(wire_bytes(&w, SIZE_MAX).len, 0);
    assert_true(w.short_read);
    w = wire_of(SLICE_NONE);
    wire_skip(&w, 0);
    assert_false(w.short_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_buf_wrote),
        cmocka_unit_test(test_short_read_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
