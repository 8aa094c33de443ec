#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "rtc/turn_frames.h"

struct seen {
    unsigned n;
    size_t lens[8];
};

static void on_message(void *owner, struct slice message)
{
    struct seen *seen = owner;
    assert_true(seen->n < 8);
    seen->lens[seen->n++] = message.len;
}

/* A STUN header alone, ChannelData of 5 bytes with 3 of padding, ChannelData of none. */
static struct slice stream(char *mem, size_t cap)
{
    struct buf buf;
    buf_init(&buf, mem, cap);
    buf_put(&buf, SLICE("\0\1\0\0\x21\x12\xa4\x42"
                        "0123456789ab"));
    buf_put(&buf, SLICE("\x40\0\0\5hello\0\0\0"));
    buf_put(&buf, SLICE("\x40\1\0\0"));
    return buf_slice(&buf);
}

static void assert_three(const struct seen *seen)
{
    assert_int_equal(seen->n, 3);
    assert_int_equal(seen->lens[0], 20);
    assert_int_equal(seen->lens[1], 9);
    assert_int_equal(seen->lens[2], 4);
}

static void test_in_one_piece_and_in_bytes(void **state)
{
    (void)state;
    char mem[64];
    struct slice all = stream(mem, sizeof mem);
    struct turn_frames frames = { 0 };
    struct seen seen = { 0 };
    assert_int_equal(turn_frames_feed(&frames, all, on_message, &seen), OK);
    assert_three(&seen);
    seen = (struct seen){ 0 };
    for (size_t i = 0; i < all.len; i++)
        assert_int_equal(turn_frames_feed(&frames, slice_sub(all, i, 1), on_message, &seen), OK);
    assert_three(&seen);
    assert_int_equal(frames.len, 0);
}

static void test_too_long_is_skipped(void **state)
{
    (void)state;
    static char big[9004] = { 0x40, 0, 9000 >> 8, 9000 & 0xff };
    char mem[64];
    struct turn_frames frames = { 0 };
    struct seen seen = { 0 };
    assert_int_equal(turn_frames_feed(&frames, slice_make(big, 3000), on_message, &seen), OK);
    assert_int_equal(turn_frames_feed(&frames, slice_make(big + 3000, 6004), on_message, &seen),
                     OK);
    assert_int_equal(seen.n, 0);
    assert_int_equal(turn_frames_feed(&frames, stream(mem, sizeof mem), on_message, &seen), OK);
    assert_three(&seen);
}

static void test_what_is_neither(void **state)
{
    (void)state;
    struct turn_frames frames = { 0 };
    struct seen seen = { 0 };
    assert_int_equal(turn_frames_feed(&frames, SLICE("SSH-2.0-x"), on_message, &seen), ERR_PARSE);
    frames = (struct turn_frames){ 0 };
    assert_int_equal(turn_frames_feed(&frames, SLICE("\0\1\0\3"), on_message, &seen), ERR_PARSE);
    assert_int_equal(seen.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_one_piece_and_in_bytes),
        cmocka_unit_test(test_too_long_is_skipped),
        cmocka_unit_test(test_what_is_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
