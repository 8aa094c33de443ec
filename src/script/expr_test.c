/* Placeholders: paths, JavaScript, the seed's braces, and values that must stay values. */
#include "script/expr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

struct world {
    json_t *vars, *envs, *call, *params;
    struct expr_scope scope;
};

static int setup(void **state)
{
    struct world *world = mem_new(struct world);
    world->vars = json_loads(
        "{\"n\": 5, \"name\": \"Ann\", \"evil\": \"${n} {n} 1 || true\", \"list\": [1, \"two\"],"
        " \"deep\": {\"a\": [{\"b\": true}]}, \"total\": 10, \"tax\": 2,"
        " \"headers\": {\"content-type\": \"text/html\"}, \"prompt_value\": \"1\","
        " \"quote\": \"it's\", \"first_name\": \"Ann\", \"last_name\": \"Lee\", \"subtotal\": 20.5,"
        " \"items\": [\"drill bit\", \"drill\"], \"do_loop\": true, \"unit_price\": 2.5,"
        " \"quantity\": \"4\"}",
        0, NULL);
    world->envs = json_loads("{\"mfa_code\": \"482913\", \"n\": \"env\"}", 0, NULL);
    world->call =
        json_loads("{\"call_id\": \"c1\", \"from\": \"+15551230000\", \"type\": \"phone\","
                   " \"direction\": \"inbound\", \"to\": \"sip:bob@example.com\"}",
                   0, NULL);
    world->params =
        json_loads("{\"a\": 1, \"b\": 2, \"rating\": \"4.6\", \"only\": \"here\"}", 0, NULL);
    assert_true(world->vars && world->envs && world->call && world->params);
    world->scope = (struct expr_scope){
        .vars = world->vars, .envs = world->envs, .call = world->call, .params = world->params
    };
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    json_decref(world->vars);
    json_decref(world->envs);
    json_decref(world->call);
    json_decref(world->params);
    mem_free(world);
    return 0;
}

/* Left as somebody writes it, right as JSON. Many stand in the vendor's documentation. */
static const struct {
    const char *text, *json;
} texts[] = {
    { "plain", "\"plain\"" },
    { "${n}", "5" },
    { "%{n}", "5" },
    { "a${n}b%{name}c", "\"a5bAnnc\"" },
    { "${vars.n} ${envs.n} ${call.from}", "\"5 env +15551230000\"" },
    { "${deep.a[0].b}", "true" },
    { "${deep.a.0.b}", "true" },
    { "${deep}", "{\"a\": [{\"b\": true}]}" },
    { "${missing}", "\"\"" },
    { "<${missing.far[3].x}>", "\"<>\"" },
    { "${list}", "[1, \"two\"]" },
    { "items: ${items}", "\"items: drill bit,drill\"" },
    { "is ${deep}", "\"is {\\\"a\\\":[{\\\"b\\\":true}]}\"" },
    { "${list.length}", "\"\"" },
    { "${(list.length)}", "2" },
    { "${headers.content-type}", "\"text/html\"" },
    { "${total-tax}", "8" },
    { "${only}", "\"here\"" },
    { "${parseInt(params.a) + parseInt(params.b)}", "3" },
    { "${params.a+params.b}", "3" },
    { "${vars.first_name + \" \" + vars.last_name}", "\"Ann Lee\"" },
    { "${subtotal * 0.08}", "1.6400000000000001" },
    { "${subtotal.toFixed(2)}", "\"20.50\"" },
    { "${vars.unit_price * parseInt(vars.quantity)}", "10" },
    { "${call.type == \"phone\" && call.direction == \"inbound\" ? \"valid\" : \"invalid\"}",
      "\"valid\"" },
    { "${call.type != null ? call.type : \"unknown\"}", "\"phone\"" },
    { "${call.from.substring(0, 3)}", "\"+15\"" },
    { "${Math.round(params.rating)}", "5" },
    { "${Boolean(1)}", "true" },
    { "${n.toString()}", "\"5\"" },
    { "${parseInt(\"42\")}", "42" },
    { "${call.type.toUpperCase()}", "\"PHONE\"" },
    { "say: ${call.from.split('').join(' ')}", "\"say: + 1 5 5 5 1 2 3 0 0 0 0\"" },
    { "%{call.to.replace(/^sip:/i, '').replace(/@.*/, '')}", "\"bob\"" },
    { "${[1, 2].map(x => ({v: x}))[1].v}", "2" },
    { "${'}'}", "\"}\"" },
    { "code {mfa_code}", "\"code 482913\"" },
    { "{mfa_code}", "\"482913\"" },
    { "{nobody} and {\"json\": 1} and {}", "\"{nobody} and {\\\"json\\\": 1} and {}\"" },
    { "it's ${n} o'clock", "\"it's 5 o'clock\"" },
    { "${evil}", "\"${n} {n} 1 || true\"" },
    { "<${evil}>", "\"<${n} {n} 1 || true>\"" },
    { "${", "\"${\"" },
    { "100% ${n}% {", "\"100% 5% {\"" },
};

static void test_texts(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_t *got = NULL, *want = json_loads(texts[i].json, JSON_DECODE_ANY, NULL);
        struct fault fault = { 0 };
        if (expr_text(&world->scope, slice_of(texts[i].text), &got, &fault))
            fail_msg("%s: %s", texts[i].text, fault.text);
        if (!json_equal(want, got))
            fail_msg("%s gave %s", texts[i].text, json_dumps(got, JSON_ENCODE_ANY));
        json_decref(got);
        json_decref(want);
    }
}

static const struct {
    const char *when;
    bool is_true;
} conditions[] = {
    { "call.type.toLowerCase() == 'phone'", true },
    { "do_loop === true", true },
    { "${prompt_value} == 1", true },
    { "%{prompt_value} == '1'", true },
    { "'${prompt_value}' == '1'", true },
    { "\"${quote}\" == \"it's\"", true },
    { "'${quote}' == \"it's\"", true },
    { "'${evil}' == 'x'", false },
    { "${evil} == 'x'", false },
    { "missing == 'success'", false },
    { "n > 4 && n < 6", true },
    { "({n}).n == 5", true },
    { "`${n}` == '5'", true },
};

static void test_conditions(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(conditions); i++) {
        struct fault fault = { 0 };
        bool got = false;
        if (expr_is_true(&world->scope, slice_of(conditions[i].when), &got, &fault))
            fail_msg("%s: %s", conditions[i].when, fault.text);
        if (got != conditions[i].is_true)
            fail_msg("%s is %d", conditions[i].when, got);
    }
}

static void test_errors_are_named(void **state)
{
    struct world *world = *state;
    struct fault fault = { 0 };
    json_t *got = NULL;
    bool yes;
    assert_int_equal(expr_text(&world->scope, SLICE("a ${n +} b"), &got, &fault), ERR_PARSE);
    assert_non_null(strstr(fault.text, "relay_script_js_eval_error"));
    assert_non_null(strstr(fault.text, "n +"));
    assert_int_equal(expr_is_true(&world->scope, SLICE("nobody.there"), &yes, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.text, "cannot read 'there' of undefined"));
}

static void test_codes_are_spelled_when_spoken(void **state)
{
    struct world *world = *state;
    json_t *got = NULL;
    world->scope.spells_digits = true;
    assert_int_equal(expr_text(&world->scope, SLICE("say:{mfa_code}, ${n} 2024"), &got, NULL), OK);
    assert_string_equal(json_string_value(got), "say:4 8 2 9 1 3, 5 2024");
    json_decref(got);
}

static void test_trees(void **state)
{
    struct world *world = *state;
    static const char *const kept[] = { "then", NULL };
    json_t *tree = json_loads(
        "{\"a\": [\"${n}\", {\"b\": \"x${n}\"}], \"then\": [\"${n}\"], \"c\": 1}", 0, NULL);
    json_t *want =
        json_loads("{\"a\": [5, {\"b\": \"x5\"}], \"then\": [\"${n}\"], \"c\": 1}", 0, NULL);
    json_t *got = NULL;
    assert_int_equal(expr_tree(&world->scope, tree, kept, &got, NULL), OK);
    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
    json_decref(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_codes_are_spelled_when_spoken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trees, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
