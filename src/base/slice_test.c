#include "slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mem.h"

#define assert_slice(s, text)                                                \
    do {                                                                     \
        struct slice got = (s);                                              \
        if (!slice_is(got, text))                                            \
            fail_msg("expected \"%s\", got \"%.*s\"", text, SLICE_ARG(got)); \
    } while (0)

static void test_compare(void **state)
{
    (void)state;
    assert_true(slice_eq(SLICE("Via"), slice_of("Via")));
    assert_false(slice_eq(SLICE("Via"), SLICE("via")));
    assert_true(slice_ieq(SLICE("Via"), SLICE("vIA")));
    assert_false(slice_ieq(SLICE("Via"), SLICE("Vi")));
    assert_false(slice_ieq(SLICE("@"), SLICE("`"))); /* not letters: 0x20 apart only */
    assert_true(slice_eq(SLICE_NONE, SLICE("")));
    assert_true(slice_ieq(SLICE_NONE, SLICE("")));
    assert_true(slice_empty(slice_of(NULL)));
    assert_true(slice_starts(SLICE("sip:x"), SLICE("sip:")));
    assert_false(slice_starts(SLICE("si"), SLICE("sip:")));
    assert_true(slice_istarts(SLICE("SIP:x"), SLICE("sip:")));
    assert_true(slice_starts(SLICE_NONE, SLICE("")));
    assert_true(slice_ends(SLICE("a.local"), SLICE(".local")));
    assert_false(slice_ends(SLICE("local"), SLICE(".local")));
    assert_true(slice_eq(slice_make("a\0b", 3), SLICE("a\0b")));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(slice_index(SLICE("a:b:c"), ':'), 1);
    assert_int_equal(slice_index(SLICE("abc"), ':'), 3);
    assert_int_equal(slice_index(SLICE_NONE, ':'), 0);
    assert_int_equal(slice_find(SLICE("one two two"), SLICE("two")), 4);
    assert_int_equal(slice_find(SLICE("one"), SLICE("three")), 3);
    assert_int_equal(slice_find(SLICE("one"), SLICE("")), 3);
}

static void test_sub_is_clipped(void **state)
{
    (void)state;
    struct slice s = SLICE("abcdef");
    assert_slice(slice_sub(s, 1, 3), "bcd");
    assert_slice(slice_sub(s, 4, SIZE_MAX), "ef");
    assert_slice(slice_sub(s, 6, 1), "");
    assert_slice(slice_sub(s, SIZE_MAX, SIZE_MAX), "");
    assert_slice(slice_from(s, 5), "f");
    assert_int_equal(slice_sub(SLICE_NONE, 3, 3).len, 0);
}

static void test_cut(void **state)
{
    (void)state;
    struct slice rest = SLICE("a::b");
    assert_slice(slice_cut(&rest, ':'), "a");
    assert_slice(slice_cut(&rest, ':'), "");
    assert_slice(slice_cut(&rest, ':'), "b");
    assert_slice(slice_cut(&rest, ':'), "");
    rest = SLICE("x:");
    assert_slice(slice_cut(&rest, ':'), "x");
    assert_int_equal(rest.len, 0);
}

static void test_lines(void **state)
{
    (void)state;
    struct slice rest = SLICE("one\r\ntwo\n\r\nfour");
    assert_slice(slice_line(&rest), "one");
    assert_slice(slice_line(&rest), "two");
    assert_slice(slice_line(&rest), "");
    assert_slice(slice_line(&rest), "four");
    assert_int_equal(rest.len, 0);
    rest = SLICE("\r");
    assert_slice(slice_line(&rest), "");
}

static void test_words(void **state)
{
    (void)state;
    struct slice rest = SLICE("  audio \t9\r\n  RTP/AVP ");
    assert_slice(slice_word(&rest), "audio");
    assert_slice(slice_word(&rest), "9");
    assert_slice(slice_word(&rest), "RTP/AVP");
    assert_slice(slice_word(&rest), "");
    assert_int_equal(rest.len, 0);
    assert_int_equal(slice_word(&rest).len, 0);
}

static void test_trim_and_unquote(void **state)
{
    (void)state;
    assert_slice(slice_trim(SLICE(" \t a b\r\n")), "a b");
    assert_slice(slice_trim(SLICE(" \r\n")), "");
    assert_slice(slice_trim(SLICE_NONE), "");
    assert_slice(slice_unquote(SLICE("\"a\"")), "a");
    assert_slice(slice_unquote(SLICE("\"\"")), "");
    assert_slice(slice_unquote(SLICE("\"")), "\"");
    assert_slice(slice_unquote(SLICE("\"a")), "\"a");
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t wide = 7;
    assert_int_equal(slice_to_u64(SLICE("18446744073709551615"), UINT64_MAX, &wide), OK);
    assert_true(wide == UINT64_MAX);
    assert_int_equal(slice_to_u64(SLICE("18446744073709551616"), UINT64_MAX, &wide), ERR_LIMIT);
    assert_int_equal(slice_to_u64(SLICE("99999999999999999999"), UINT64_MAX, &wide), ERR_LIMIT);
    assert_int_equal(slice_to_u64(SLICE("000000000000000000000000012"), 12, &wide), OK);
    assert_true(wide == 12);
    static const char *const bad[] = { "", "-1", "+1", "1 ", " 1", "0x1", "1.0", "٣" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(slice_to_u64(slice_of(bad[i]), UINT64_MAX, &wide), ERR_PARSE);
    uint32_t v = 7;
    assert_int_equal(slice_to_u32(SLICE("65536"), 65535, &v), ERR_LIMIT);
    assert_int_equal(slice_to_u32(SLICE("65535"), 65535, &v), OK);
    assert_int_equal(v, 65535);
    assert_int_equal(slice_to_u32(SLICE("4294967296"), UINT32_MAX, &v), ERR_LIMIT);
    assert_int_equal(v, 65535); /* set on OK only */
}

static void test_copies(void **state)
{
    (void)state;
    char *text = slice_dup(SLICE("abc"));
    assert_string_equal(text, "abc");
    mem_free(text);
    text = slice_dup(SLICE_NONE);
    assert_string_equal(text, "");
    mem_free(text);
    char out[4] = "zzz";
    assert_true(slice_copy(SLICE("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(slice_copy(SLICE("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(slice_copy(SLICE("a"), NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_sub_is_clipped),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_trim_and_unquote),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
