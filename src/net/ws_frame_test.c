#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/ws_frame.h"

static enum err next(struct ws_reader *reader, struct slice bytes, struct ws_incoming *out)
{
    assert_int_equal(ws_reader_feed(reader, bytes), OK);
    return ws_reader_next(reader, out);
}

/* The examples of RFC 6455 §5.7. */
static void test_examples(void **state)
{
    struct ws_reader reader = { .max_message = 1000 };
    struct ws_incoming got;
    (void)state;
    assert_int_equal(next(&reader, SLICE("\x81\x05Hello"), &got), OK);
    assert_int_equal(got.opcode, WS_TEXT);
    assert_true(slice_is(got.data, "Hello"));
    assert_int_equal(next(&reader, SLICE("\x01\x03Hel"), &got), ERR_AGAIN);
    assert_int_equal(next(&reader, SLICE("\x89\x02yo"), &got), OK); /* between the fragments */
    assert_int_equal(got.opcode, WS_PING);
    assert_true(slice_is(got.data, "yo"));
    assert_int_equal(next(&reader, SLICE("\x80\x02lo"), &got), OK);
    assert_true(slice_is(got.data, "Hello"));
    assert_int_equal(ws_reader_next(&reader, &got), ERR_AGAIN);
    ws_reader_clear(&reader);
}

static void test_lengths(void **state)
{
    struct ws_reader reader = { .max_message = 70000 };
    struct ws_incoming got;
    char *bytes = mem_alloc(70010);
    (void)state;
    memcpy(bytes, "\x81\x7e\x01\x00", 4);
    memset(bytes + 4, 'a', 256);
    assert_int_equal(next(&reader, slice_make(bytes, 260), &got), OK);
    assert_int_equal(got.data.len, 256);
    memcpy(bytes, "\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10);
    memset(bytes + 10, 'b', 70000);
    assert_int_equal(next(&reader, slice_make(bytes, 10), &got), ERR_AGAIN);
    assert_int_equal(next(&reader, slice_make(bytes + 10, 70000), &got), OK);
    assert_int_equal(got.data.len, 70000);
    assert_int_equal(next(&reader, SLICE("\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x71"), &got),
                     ERR_LIMIT);
    ws_reader_clear(&reader);
    mem_free(bytes);
}

static void test_refused(void **state)
{
    static const struct slice bad[] = {
        { "\x81\x85\0\0\0\0Hello", 11 }, /* masked by a server */
        { "\xc1\x00", 2 },               /* a reserved bit */
        { "\x83\x00", 2 },               /* an unknown opcode */
        { "\x80\x00", 2 },               /* goes on with nothing */
        { "\x01\x00\x81\x00", 4 },       /* begins inside another */
        { "\x09\x00", 2 },               /* a ping in fragments */
        { "\x89\x7e\x00\x7e", 4 },       /* a ping too long */
        { "\x81\x02\xc3\x28", 4 },       /* not UTF-8 */
        { "\x81\x03\xed\xa0\x80", 5 },   /* a surrogate */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ws_reader reader = { .max_message = 1000 };
        struct ws_incoming got;
        assert_int_equal(next(&reader, bad[i], &got), ERR_PARSE);
        ws_reader_clear(&reader);
    }
}

static void test_ours_are_masked(void **state)
{
    static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    char mem[300];
    struct buf out = BUF_ON(mem);
    (void)state;
    ws_frame_print(&out, WS_TEXT, SLICE("Hello"), mask); /* RFC 6455 §5.7 */
    assert_int_equal(out.len, 11);
    assert_memory_equal(mem, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    char many[200] = { 0 };
    buf_reset(&out);
    ws_frame_print(&out, WS_TEXT, slice_make(many, 200), mask);
    assert_int_equal(out.len, 208);
    assert_memory_equal(mem, "\x81\xfe\x00\xc8", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ours_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
