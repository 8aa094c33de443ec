#include "base/web_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_references(void **state)
{
    (void)state;
    /* most of RFC 3986 §5.4 */
    static const struct {
        const char *reference, *expected;
    } rows[] = {
        { "g:h", "g:h" },
        { "g", "http://a/b/c/g" },
        { "./g/", "http://a/b/c/g/" },
        { "/g", "http://a/g" },
        { "//g", "http://g" },
        { "?y", "http://a/b/c/d;p?y" },
        { "g?y#s", "http://a/b/c/g?y#s" },
        { "", "http://a/b/c/d;p?q" },
        { ".", "http://a/b/c/" },
        { "..", "http://a/b/" },
        { "../g", "http://a/b/g" },
        { "../../g", "http://a/g" },
        { "../../../g", "http://a/g" },
        { "/./g", "http://a/g" },
        { "g;x=1/../y", "http://a/b/c/y" },
        { "g?y/../x", "http://a/b/c/g?y/../x" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char memory[100];
        struct buf out = BUF_ON(memory);
        assert_int_equal(
            web_url_resolve(SLICE("http://a/b/c/d;p?q"), slice_of(rows[i].reference), &out), OK);
        assert_string_equal(buf_cstr(&out), rows[i].expected);
    }
}

static void test_bases(void **state)
{
    (void)state;
    char memory[40];
    struct buf out = BUF_ON(memory);
    assert_int_equal(web_url_resolve(SLICE("https://u:p@h:1"), SLICE("x"), &out), OK);
    assert_string_equal(buf_cstr(&out), "https://u:p@h:1/x");
    buf_reset(&out);
    assert_int_equal(web_url_resolve(SLICE_NONE, SLICE("x"), &out), ERR_INVALID);
    assert_int_equal(web_url_resolve(SLICE("http://h/"),
                                     SLICE("0123456789012345678901234567890123456789"), &out),
                     ERR_LIMIT);
}

static void test_form(void **state)
{
    (void)state;
    char memory[60];
    struct buf out = BUF_ON(memory);
    web_form_put(&out, SLICE("+1 a&b=\xc3\xa9*"));
    assert_string_equal(buf_cstr(&out), "%2B1+a%26b%3D%C3%A9*");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
