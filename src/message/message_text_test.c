/* Counts at the edges, parts that join to the whole, texts of both alphabets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "message_text.h"

static char text[4000];

static struct slice times(const char *unit, size_t n)
{
    struct buf out = BUF_ON(text);
    for (size_t i = 0; i < n; i++)
        buf_text(&out, unit);
    assert_false(out.overflow);
    return buf_slice(&out);
}

static void has(struct slice given, bool is_gsm, size_t units, size_t segments)
{
    struct message_size size;
    assert_int_equal(message_text_measure(given, &size), OK);
    assert_int_equal(size.is_gsm, is_gsm);
    assert_int_equal(size.units, units);
    assert_int_equal(size.segments, segments);
}

static void test_segments(void **state)
{
    (void)state;
    has(SLICE(""), true, 0, 1);
    has(times("a", 160), true, 160, 1);
    has(times("a", 161), true, 161, 2);
    has(times("a", 306), true, 306, 2);
    has(times("a", 307), true, 307, 3);
    has(times("\u20ac", 80), true, 160, 1); /* the euro sign takes two */
    has(times("\u20ac", 81), true, 162, 2);
    has(times("\u20ac", 153), true, 306, 3); /* 76 in a part: none is cut */
    has(times("\u00e9", 160), true, 160, 1);
    has(times("\u0436", 70), false, 70, 1);
    has(times("\u0436", 71), false, 71, 2);
    has(times("\U0001F600", 35), false, 70, 1);
    has(times("\U0001F600", 36), false, 72, 2);
    has(SLICE("`"), false, 1, 1); /* a grave accent is not in the alphabet */
    has(SLICE("[x]"), true, 5, 1);
}

static void test_no_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"
    };
    struct message_size size;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(message_text_measure(slice_of(bad[i]), &size), ERR_PARSE);
}

static void round_trip(struct slice given)
{
    char part_mem[200], back_mem[4000];
    struct message_size size;
    struct buf back = BUF_ON(back_mem);
    assert_int_equal(message_text_measure(given, &size), OK);
    size_t parts = 0;
    for (struct slice rest = given; rest.len; parts++) {
        struct buf part = BUF_ON(part_mem);
        message_text_part(&rest, size.is_gsm, size.segments == 1, &part);
        assert_false(part.overflow);
        assert_true(part.len <= 160);
        message_text_read(buf_slice(&part), size.is_gsm ? MESSAGE_GSM : MESSAGE_UCS2, &back);
    }
    assert_int_equal(parts, size.segments);
    assert_true(slice_eq(buf_slice(&back), given));
}

static void test_parts_join(void **state)
{
    (void)state;
    round_trip(SLICE("Grüße an @lle: 5 € {x} [y] ~ \\ ^ | ÆØ Δ\n"));
    round_trip(times("abc\u20ac", 120));
    round_trip(times("\u0436\U0001F600", 100));
    round_trip(SLICE("x"));
}

static void test_reading_nonsense(void **state)
{
    (void)state;
    char mem[40];
    struct buf out = BUF_ON(mem);
    message_text_read(SLICE("\x1b\x01\xff"), MESSAGE_GSM, &out);
    message_text_read(SLICE("\xd8\x00"), MESSAGE_UCS2, &out);
    message_text_read(SLICE("\xe9_"), MESSAGE_LATIN1, &out);
    assert_string_equal(buf_cstr(&out), "\ufffd\ufffd\ufffd\u00e9_");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_no_utf8),
        cmocka_unit_test(test_parts_join),
        cmocka_unit_test(test_reading_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
