#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/http_path.h"

static void decodes(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool plus;
        enum err err;
        const char *out;
    } cases[] = {
        { "a%20b%2Fc", false, OK, "a b/c" },
        { "a+b%2b", false, OK, "a+b+" },
        { "a+b%2b", true, OK, "a b+" },
        { "%e2%82%AC", false, OK, "\xe2\x82\xac" },
        { "%", false, ERR_PARSE, NULL },
        { "%4", false, ERR_PARSE, NULL },
        { "%zz", false, ERR_PARSE, NULL },
        { "%00", false, ERR_PARSE, NULL },
        { "toolongtext", false, ERR_LIMIT, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[10];
        size_t len = 0;
        assert_int_equal(
            http_path_decode(slice_of(cases[i].in), cases[i].plus, out, sizeof out, &len),
            cases[i].err);
        if (!cases[i].err)
            assert_true(slice_is(slice_make(out, len), cases[i].out));
    }
    char text[] = "a%41b";
    size_t len;
    assert_int_equal(http_path_decode(slice_of(text), false, text, sizeof text, &len), OK);
    assert_memory_equal(text, "aAb", 3);
}

static void encodes(void **state)
{
    (void)state;
    char out[20], small[4];
    assert_true(http_path_encode(SLICE("a/b c~\xff"), out, sizeof out));
    assert_string_equal(out, "a%2Fb%20c~%FF");
    assert_true(http_path_encode(SLICE("abc"), small, sizeof small));
    assert_false(http_path_encode(SLICE("abcd"), small, sizeof small));
    assert_true(http_path_encode(SLICE("/"), small, sizeof small));
    assert_false(http_path_encode(SLICE("//"), small, sizeof small));
    assert_false(http_path_encode(SLICE("x"), small, 0));
}

static void matches(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool match;
        const char *captured[2];
    } cases[] = {
        { "/", "/", true, { NULL } },
        { "/api/users", "/api/users", true, { NULL } },
        { "/api/users", "/api/users/", false, { NULL } },
        { "/api/users", "/api", false, { NULL } },
        { "/api", "/api/users", false, { NULL } },
        { "/api/users/:id", "/api/users/42", true, { "42" } },
        { "/api/users/:id", "/api/users/", false, { NULL } },
        { "/api/users/:id", "/api/users/42/x", false, { NULL } },
        { "/:a/x/:b", "/1/x/2", true, { "1", "2" } },
        { "/:a/x/:b", "/1/y/2", false, { NULL } },
        { "/files/*", "/files/", true, { "" } },
        { "/files/*", "/files/a/b.js", true, { "a/b.js" } },
        { "/files/*", "/file", false, { NULL } },
        { "*", "anything", true, { "anything" } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_path_match match;
        bool got = http_path_matches(cases[i].pattern, slice_of(cases[i].path), &match);
        if (got != cases[i].match)
            fail_msg("%s with %s", cases[i].pattern, cases[i].path);
        for (size_t k = 0; got && k < 2 && cases[i].captured[k]; k++)
            assert_true(k < match.n && slice_is(match.captured[k], cases[i].captured[k]));
    }
    struct http_path_match match;
    assert_false(
        http_path_matches("/:1/:2/:3/:4/:5/:6/:7/:8/:9", SLICE("/1/2/3/4/5/6/7/8/9"), &match));
}

static void parses_forms(void **state)
{
    (void)state;
    static const char text[] = "From=%2B1555&To=a+b&empty=&flag&&From=2";
    char mem[sizeof text];
    struct http_param params[6];
    size_t n = 6;
    assert_int_equal(http_query_parse(slice_of(text), mem, sizeof mem, params, &n), OK);
    assert_int_equal(n, 5);
    assert_true(slice_is(http_query_find(params, n, "From"), "+1555"));
    assert_true(slice_is(http_query_find(params, n, "To"), "a b"));
    assert_non_null(http_query_find(params, n, "empty").ptr);
    assert_non_null(http_query_find(params, n, "flag").ptr);
    assert_null(http_query_find(params, n, "from").ptr);
    n = 2;
    assert_int_equal(http_query_parse(slice_of(text), mem, sizeof mem, params, &n), ERR_LIMIT);
    n = 6;
    assert_int_equal(http_query_parse(SLICE("a=%"), mem, sizeof mem, params, &n), ERR_PARSE);
    assert_int_equal(http_query_parse(slice_of(text), mem, 3, params, &n), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(encodes),
        cmocka_unit_test(matches),
        cmocka_unit_test(parses_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
