/* Values stay values, whatever is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "message_template.h"

static const struct store_message row = {
    .id = "m1", .from = "+1555", .to = "+1 666", .body = "a \"b\"\\\n{to}&x=\u20ac", .media = ""
};

static void prints(const char *template, const char *type, const char *expected)
{
    char mem[400];
    struct buf out = BUF_ON(mem);
    message_template_print(slice_of(template), message_form_of(slice_of(type)), &row, &out);
    assert_string_equal(buf_cstr(&out), expected);
}

static void test_forms(void **state)
{
    (void)state;
    prints("{\"text\":\"{body}\",\"id\":\"{id}\",\"m\":{media}}", "application/json",
           "{\"text\":\"a \\\"b\\\"\\\\\\u000a{to}&x=\u20ac\",\"id\":\"m1\",\"m\":[]}");
    prints("To={to}&Body={body}", "application/x-www-form-urlencoded",
           "To=%2B1%20666&Body=a%20%22b%22%5C%0A%7Bto%7D%26x%3D%E2%82%AC");
    prints("{from}>{other}{", "text/plain", "+1555>{other}{");
}

static void test_media(void **state)
{
    (void)state;
    struct store_message mms = { .media = "[\"https://x/a b\",\"https://x/2\"]" };
    char mem[100];
    struct buf out = BUF_ON(mem);
    message_template_print(SLICE("{media}"), MESSAGE_FORM_JSON, &mms, &out);
    assert_string_equal(buf_cstr(&out), mms.media);
    buf_reset(&out);
    message_template_print(SLICE("M={media}"), MESSAGE_FORM_QUERY, &mms, &out);
    assert_string_equal(buf_cstr(&out), "M=https%3A%2F%2Fx%2Fa%20b");
}

static void test_unknown_places(void **state)
{
    (void)state;
    struct slice unknown;
    assert_true(message_template_check(SLICE("{\"a\":{\"b\":\"{body}\"}}"), &unknown));
    assert_false(message_template_check(SLICE("{\"a\":\"{text}\"}"), &unknown));
    assert_true(slice_is(unknown, "{text}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_media),
        cmocka_unit_test(test_unknown_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
