/* Long texts of several parts: in any order, twice, cut through a character, never complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "message/message_parts.h"

static struct message_parts *parts;
static struct message_joined joined;

static int setup(void **state)
{
    (void)state;
    parts = message_parts_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    message_parts_destroy(parts);
    return 0;
}

static enum err feed(uint16_t reference, uint8_t number, uint8_t total, const char *text)
{
    const struct message_part part = { .from = SLICE("1"),
                                       .to = SLICE("2"),
                                       .reference = reference,
                                       .total = total,
                                       .number = number,
                                       .bytes = slice_of(text) };
    return message_parts_feed(parts, &part, 1000, &joined);
}

static void expect(const char *body)
{
    assert_string_equal(joined.from, "1");
    assert_string_equal(joined.to, "2");
    assert_string_equal(joined.body, body);
    message_joined_clear(&joined);
}

static void in_any_order_and_twice(void **state)
{
    (void)state;
    assert_int_equal(feed(7, 3, 3, "end"), ERR_AGAIN);
    assert_int_equal(feed(8, 1, 3, "another"), ERR_AGAIN);
    assert_int_equal(feed(7, 1, 3, "begin "), ERR_AGAIN);
    assert_int_equal(feed(7, 1, 3, "begin "), ERR_AGAIN);
    assert_int_equal(feed(7, 2, 3, "middle "), OK);
    expect("begin middle end");
    assert_int_equal(feed(7, 1, 1, "the number is used again"), OK);
    expect("the number is used again");
}

/* U+1F600 is D83D DE00; the last part is GSM, for some phones choose anew for each. */
static void a_character_in_two_parts(void **state)
{
    struct message_part part = { .from = SLICE("1"),
                                 .to = SLICE("2"),
                                 .total = 3,
                                 .number = 1,
                                 .alphabet = MESSAGE_UCS2,
                                 .bytes = SLICE("\0a\xd8\x3d") };
    (void)state;
    assert_int_equal(message_parts_feed(parts, &part, 0, &joined), ERR_AGAIN);
    part.number = 2;
    part.bytes = SLICE("\xde\x00");
    assert_int_equal(message_parts_feed(parts, &part, 0, &joined), ERR_AGAIN);
    part.number = 3;
    part.alphabet = MESSAGE_GSM;
    part.bytes = SLICE("\x01");
    assert_int_equal(message_parts_feed(parts, &part, 0, &joined), OK);
    expect("a\xf0\x9f\x98\x80\xc2\xa3");
}

static void what_stays_away(void **state)
{
    (void)state;
    assert_int_equal(message_parts_next_wake_ms(parts), INT64_MAX);
    assert_int_equal(feed(7, 1, 3, "begin, "), ERR_AGAIN);
    assert_int_equal(feed(7, 3, 3, "end"), ERR_AGAIN);
    assert_int_equal(message_parts_next_wake_ms(parts), 1000 + MESSAGE_PARTS_WAIT_MS);
    assert_false(message_parts_late(parts, MESSAGE_PARTS_WAIT_MS, &joined));
    assert_true(message_parts_late(parts, 1000 + MESSAGE_PARTS_WAIT_MS, &joined));
    expect("begin, end");
    assert_false(message_parts_late(parts, INT64_MAX, &joined));
}

static void what_cannot_be(void **state)
{
    char bytes[MESSAGE_PARTS_BYTES + 2] = { 0 };
    (void)state;
    assert_int_equal(feed(7, 0, 3, "x"), ERR_INVALID);
    assert_int_equal(feed(7, 4, 3, "x"), ERR_INVALID);
    assert_int_equal(feed(7, 1, 0, "x"), ERR_INVALID);
    for (size_t i = 0; i <= MESSAGE_PARTS_BYTES; i++)
        bytes[i] = 'x';
    assert_int_equal(feed(7, 1, 2, bytes), ERR_LIMIT);
    for (size_t i = 0; i < MESSAGE_PARTS_TEXTS; i++)
        assert_int_equal(feed((uint16_t)i, 1, 2, "x"), ERR_AGAIN);
    assert_int_equal(feed(MESSAGE_PARTS_TEXTS, 1, 2, "x"), ERR_LIMIT);
    assert_int_equal(feed(5, 2, 2, "y"), OK);
    expect("xy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_any_order_and_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(a_character_in_two_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stays_away, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
