#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip_param.h"

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static void parameters_come_one_by_one(void **state)
{
    (void)state;
    struct slice rest = SLICE(" tag = abc ; lr;x=\"a;\\\"b\" ;received=[2001:db8::1]");
    struct sip_param param;
    assert_int_equal(sip_param_next(&rest, &param), OK);
    assert_slice(param.name, "tag");
    assert_slice(param.value, "abc");
    assert_int_equal(sip_param_next(&rest, &param), OK);
    assert_slice(param.name, "lr");
    assert_false(param.has_value);
    assert_int_equal(sip_param_next(&rest, &param), OK);
    assert_slice(param.value, "a;\\\"b");
    assert_true(param.quoted);
    assert_int_equal(sip_param_next(&rest, &param), OK);
    assert_slice(param.value, "[2001:db8::1]");
    assert_int_equal(sip_param_next(&rest, &param), ERR_NOT_FOUND);
}

static void malformed_parameters_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        ";;",       ";",   "a;",    "a;;b",    "=x",   "a=",
        "a=\"open", "a b", "a=b c", "a=b,c=d", "a=<b", "a=\"b\"c=d"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (sip_params_check(slice_of(bad[i])) != ERR_PARSE)
            fail_msg("'%s' was taken", bad[i]);
    assert_int_equal(sip_params_check(SLICE("")), OK);
    assert_int_equal(sip_params_check(SLICE("a;b=c;d=\"\"")), OK);
}

static void a_parameter_is_found_by_name(void **state)
{
    (void)state;
    struct slice value = SLICE_NONE;
    assert_true(sip_param_find(SLICE("a=1;TAG=x;tag=y"), "tag", &value));
    assert_slice(value, "x");
    assert_true(sip_param_find(SLICE("a=1;lr"), "lr", NULL));
    assert_false(sip_param_find(SLICE("a=1;lrx"), "lr", &value));
}

static void lists_split_outside_quotes_and_brackets(void **state)
{
    (void)state;
    struct slice rest = SLICE("\"Bell, A\" <sip:a@b,c>;x=\"1,2\" , , <sip:d@e> ,\"open, quote");
    struct slice one;
    assert_true(sip_list_next(&rest, &one));
    assert_slice(one, "\"Bell, A\" <sip:a@b,c>;x=\"1,2\"");
    assert_true(sip_list_next(&rest, &one));
    assert_slice(one, "<sip:d@e>");
    assert_true(sip_list_next(&rest, &one));
    assert_slice(one, "\"open, quote");
    assert_false(sip_list_next(&rest, &one));
}

static void quoting_goes_there_and_back(void **state)
{
    (void)state;
    char text[64], back[64];
    struct buf out = BUF_ON(text), again = BUF_ON(back);
    sip_print_quoted(&out, SLICE("a\"b\\c"));
    assert_slice(buf_slice(&out), "\"a\\\"b\\\\c\"");
    assert_int_equal(sip_quoted_len(buf_slice(&out)), out.len);
    sip_print_unescaped(&again, slice_unquote(buf_slice(&out)));
    assert_slice(buf_slice(&again), "a\"b\\c");
    assert_int_equal(sip_quoted_len(SLICE("\"ends in \\\"")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_come_one_by_one),
        cmocka_unit_test(malformed_parameters_are_refused),
        cmocka_unit_test(a_parameter_is_found_by_name),
        cmocka_unit_test(lists_split_outside_quotes_and_brackets),
        cmocka_unit_test(quoting_goes_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
