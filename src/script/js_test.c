/* Expressions against what JavaScript says of them, and texts that want more than their share. */
#include "script/js.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

static const json_t *find(void *owner, struct slice name)
{
    return json_object_getn(owner, name.ptr, name.len);
}

static enum err eval(const char *source, json_t *vars, json_t **out, struct fault *fault)
{
    struct js_scope scope = { .find = find, .owner = vars, .now_ms = 1700000000123 };
    return js_eval(slice_of(source), &scope, out, fault);
}

static json_t *variables(void)
{
    json_error_t error;
    json_t *vars = json_loads(
        "{\"n\": 5, \"text\": \"42\", \"name\": \"Ann\", \"flag\": true, \"nothing\": null,"
        " \"call\": {\"from\": \"+15551230000\", \"to\": \"sip:bob@example.com\", \"type\": "
        "\"Phone\"},"
        " \"items\": [{\"sku\": \"a\", \"n\": 2, \"price\": 1.5}, {\"sku\": \"b\", \"n\": 1, "
        "\"price\": 4}],"
        " \"word\": \"z\\u00fcrich\"}",
        0, &error);
    assert_non_null(vars);
    return vars;
}

static const struct {
    const char *source, *json; /* NULL: undefined */
} values[] = {
    { "1 + 2 * 3", "7" },
    { "(1 + 2) * 3", "9" },
    { "2 ** 3 ** 2", "512" },
    { "7 % 3 - -1", "2" },
    { "0.1 + 0.2", "0.30000000000000004" },
    { "'a' + 1 + 2", "\"a12\"" },
    { "1 + 2 + 'a'", "\"3a\"" },
    { "'3' * '4'", "12" },
    { "\"it's\" + '\\n\\u0041\\x42\\u{1F600}'", "\"it's\\nAB😀\"" },
    { "`${name} is ${n + 1}`", "\"Ann is 6\"" },
    { "`a${`b${n}`}c`", "\"ab5c\"" },
    { "n > 3 ? 'many' : 'few'", "\"many\"" },
    { "n > 3 && name", "\"Ann\"" },
    { "nothing || 'else'", "\"else\"" },
    { "nothing ?? 'else'", "\"else\"" },
    { "0 ?? 1", "0" },
    { "missing", NULL },
    { "typeof missing", "\"undefined\"" },
    { "typeof name + typeof n + typeof flag + typeof items", "\"stringnumberbooleanobject\"" },
    { "'5' == 5", "true" },
    { "'5' === 5", "false" },
    { "null == undefined", "true" },
    { "nothing != null", "false" },
    { "'b' > 'a'", "true" },
    { "'10' < '9'", "true" },
    { "'10' < 9", "false" },
    { "!flag", "false" },
    { "~5 & 0xff", "250" },
    { "1 << 31", "-2147483648" },
    { "-1 >>> 28", "15" },
    { "void 0", NULL },
    { "call.from.substring(0, 3)", "\"+15\"" },
    { "call.from.replace(/\\D/g, '')", "\"15551230000\"" },
    { "call.to.replace(/^sip:/i, '').replace(/@.*/, '')", "\"bob\"" },
    { "call.type.toLowerCase() == 'phone'", "true" },
    { "call.from.split('').join(' ')", "\"+ 1 5 5 5 1 2 3 0 0 0 0\"" },
    { "call.from.slice(-4)", "\"0000\"" },
    { "call['from'].length", "12" },
    { "call?.nobody?.name", NULL },
    { "call.nobody?.name.first", NULL },
    { "items.map(i => i.sku).join('+')", "\"a+b\"" },
    { "items.reduce((sum, i) => sum + i.n * i.price, 0)", "7" },
    { "items.filter(i => i.n > 1)[0].sku", "\"a\"" },
    { "items.find(i => i.sku === 'b').price.toFixed(2)", "\"4.00\"" },
    { "items.some(i => i.n == 2) && items.every(i => { return i.n })", "true" },
    { "items.length", "2" },
    { "items.at(-1).sku", "\"b\"" },
    { "[3, 1, 2].sort()", "[1, 2, 3]" },
    { "[10, 9, 1].sort()", "[1, 10, 9]" },
    { "[10, 9, 1].sort((a, b) => a - b)", "[1, 9, 10]" },
    { "[1, [2, [3]]].flat(2)", "[1, 2, 3]" },
    { "[...'abc', ...[1]]", "[\"a\", \"b\", \"c\", 1]" },
    { "({...call, from: 1, [name]: 2, n}).Ann", "2" },
    { "{a: 1, 'b': [true, null]}", "{\"a\": 1, \"b\": [true, null]}" },
    { "Object.keys(call).length", "3" },
    { "Object.entries({a: 1})", "[[\"a\", 1]]" },
    { "['1', '2'].map(Number)", "[1, 2]" },
    { "[0, 1, ''].filter(Boolean)", "[1]" },
    { "Math.max(1, n, 3) + Math.round(2.5) + Math.PI.toFixed(2)", "\"83.14\"" },
    { "parseInt('42px') + parseInt('ff', 16) + parseFloat('1.5e1x')", "312" },
    { "parseInt(text) + 1", "43" },
    { "Number('0x10') + Number('') + Number(' 7 ')", "23" },
    { "Number('7a')", "null" },
    { "isNaN('x')", "true" },
    { "(1.005).toFixed(2) + (2.5).toFixed(0) + (1.45).toFixed(1)", "\"1.0031.4\"" },
    { "(1234567.891).toLocaleString()", "\"1,234,567.891\"" },
    { "(255).toString(16)", "\"ff\"" },
    { "1e21 + ''", "\"1e+21\"" },
    { "1/3 + ''", "\"0.3333333333333333\"" },
    { "100 + ''", "\"100\"" },
    { "1e-7 + ''", "\"1e-7\"" },
    { "word.length + word.indexOf('r') + word.toUpperCase()", "\"8ZüRICH\"" },
    { "word[1]", "\"ü\"" },
    { "'a-b_c'.split(/[-_]/)", "[\"a\", \"b\", \"c\"]" },
    { "'2024-05-06'.match(/(\\d+)-(\\d+)/)[2]", "\"05\"" },
    { "'aXbX'.replace(/x/gi, m => m + '!')", "\"aX!bX!\"" },
    { "'John Smith'.replace(/(\\w+) (\\w+)/, '$2, $1')", "\"Smith, John\"" },
    { "/^\\+1/.test(call.from)", "true" },
    { "'abc'.padStart(5, '0') + 'x'.repeat(3)", "\"00abcxxx\"" },
    { "JSON.stringify({a: [1, 'x']})", "\"{\\\"a\\\":[1,\\\"x\\\"]}\"" },
    { "JSON.parse('{\"a\": [1, 2]}').a[1]", "2" },
    { "new Date(0).toISOString()", "\"1970-01-01T00:00:00.000Z\"" },
    { "new Date('2024-05-06T12:20:00Z').getTime()", "1714998000000" },
    { "Date.now()", "1700000000123" },
    { "new Date(String)", "null" },
    { "[new Date(1e300), new Date('no date')]", "[null,null]" },
    { "encodeURIComponent('a b&c')", "\"a%20b%26c\"" },
    { "Array.from({length: 3}, (_, i) => i * i)", "[0, 1, 4]" },
    { "'x' in {x: 1}", "true" },
    { "((a, b) => a * b)(6, 7)", "42" },
    { "(x => y => x + y)(1)(2)", "3" },
    { "n>0?.5:1", "0.5" },
    { "String(null) + [1, null, 2] + {}", "\"null1,,2[object Object]\"" },
    { "  5 ; ", "5" },
};

static void test_values(void **state)
{
    (void)state;
    json_t *vars = variables();
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct fault fault = { 0 };
        json_t *got = NULL;
        json_t *want = values[i].json ? json_loads(values[i].json, JSON_DECODE_ANY, NULL) : NULL;
        if (eval(values[i].source, vars, &got, &fault))
            fail_msg("%s: %s", values[i].source, fault.text);
        bool same = want && got ? json_equal(want, got) : want == got;
        if (!same && !(json_is_number(want) && json_is_number(got) &&
                       json_number_value(want) == json_number_value(got)))
            fail_msg("%s gave %s, not %s", values[i].source,
                     got ? json_dumps(got, JSON_ENCODE_ANY) : "undefined",
                     values[i].json ? values[i].json : "undefined");
        json_decref(got);
        json_decref(want);
    }
    json_decref(vars);
}

static const struct {
    const char *source;
    enum err err;
    const char *words;
} refusals[] = {
    { "", ERR_PARSE, "expected a value at the end" },
    { "1 +", ERR_PARSE, "expected a value at the end" },
    { "(1", ERR_PARSE, "expected ')' at the end" },
    { "1 2", ERR_PARSE, "expected the end, not '2'" },
    { "'abc", ERR_PARSE, "closing quote" },
    { "`a${1", ERR_PARSE, "expected '}'" },
    { "/(/.test('')", ERR_PARSE, "regular expression /(/" },
    { "3px", ERR_PARSE, "no number" },
    { "missing.name", ERR_INVALID, "cannot read 'name' of undefined" },
    { "nothing.name()", ERR_INVALID, "cannot call 'name' of null" },
    { "name.shout()", ERR_INVALID, "'shout' is not a function" },
    { "n()", ERR_INVALID, "not a function" },
    { "n = 5", ERR_UNSUPPORTED, "changes nothing" },
    { "n++", ERR_PARSE, "expected" },
    { "function f() {}", ERR_UNSUPPORTED, "'function' is not for expressions" },
    { "while (true) {}", ERR_UNSUPPORTED, "'while' is not for expressions" },
    { "new Function('return 1')", ERR_UNSUPPORTED, "new Function" },
    { "name.constructor.constructor('return 1')()", ERR_INVALID, "cannot" },
    { "[].__proto__.x", ERR_INVALID, "cannot read 'x' of undefined" },
    { "process.exit()", ERR_INVALID, "cannot call 'exit' of undefined" },
    { "require('fs')", ERR_INVALID, "not a function" },
};

static void test_refusals(void **state)
{
    (void)state;
    json_t *vars = variables();
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct fault fault = { 0 };
        json_t *got = NULL;
        enum err err = eval(refusals[i].source, vars, &got, &fault);
        if (err != refusals[i].err || !strstr(fault.text, refusals[i].words))
            fail_msg("%s: %s: %s", refusals[i].source, err_name(err), fault.text);
    }
    json_decref(vars);
}

/* What would take for ever or fill the memory ends soon, in words. */
static const char *const greedy[] = {
    "'x'.repeat(100000000)",
    "'x'.repeat(1000000) + 'x'.repeat(1000000)",
    "(f => f(f))(f => f(f))",
    "Array.from({length: 1e9}, (_, i) => i)",
    "Array.from({length: 2000}).map(() => Array.from({length: 2000}).map(() => 1)).length",
    "Array.from({length: 100000}).sort(() => -1)",
    "'ab'.repeat(500).split('').reduce((a, c) => [a, a], 1)",
    "'ab'.repeat(500).split('').reduce((a, c) => [a, a], 1) + ''",
    "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "('a'.repeat(30) + 'b').repeat(1000).replace(/(a+)+[cd]/g, '')",
    "'x'.padStart(1e9)",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]"
    "]]]]]"
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))"
    ")))))"
    "))))))))))))))))))))))))))))))))))))))))))))))))))",
};

static void test_bounds(void **state)
{
    (void)state;
    json_t *vars = variables();
    for (size_t i = 0; i < COUNT_OF(greedy); i++) {
        struct fault fault = { 0 };
        struct timespec from, to;
        json_t *got = NULL;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        enum err err = eval(greedy[i], vars, &got, &fault);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        double ms =
            (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
        if (err != ERR_LIMIT)
            fail_msg("%s: %s %s", greedy[i], err_name(err), fault.text);
#ifdef NDEBUG
        if (ms > JS_TIME_MAX_MS + 30)
            fail_msg("%s took %.0f ms", greedy[i], ms);
#endif
        (void)ms;
    }
    char longer[JS_SOURCE_MAX + 2];
    memset(longer, '1', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    json_t *got = NULL;
    assert_int_equal(eval(longer, vars, &got, NULL), ERR_LIMIT);
    json_decref(vars);
}

static void test_conditions(void **state)
{
    (void)state;
    json_t *vars = variables();
    struct js_scope scope = { .find = find, .owner = vars };
    bool yes;
    assert_int_equal(js_test(SLICE("flag === true"), &scope, &yes, NULL), OK);
    assert_true(yes);
    assert_int_equal(js_test(SLICE("missing"), &scope, &yes, NULL), OK);
    assert_false(yes);
    assert_int_equal(js_test(SLICE("[]"), &scope, &yes, NULL), OK);
    assert_true(yes);
    assert_int_equal(js_test(SLICE("NaN"), &scope, &yes, NULL), OK);
    assert_false(yes);
    json_decref(vars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
