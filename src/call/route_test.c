/* Who calls what from where, and the far ends that come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/num.h"
#include "route.h"

static bool is_user(void *owner, struct slice name)
{
    (void)owner;
    return slice_is(name, "alice") || slice_is(name, "echo2");
}

static int setup(void **state)
{
    struct router *router = router_create();
    router_add_builtin(router, "echo");
    router_add_builtin(router, "milliwatt");
    router_set_user_check(router, is_user, NULL);
    *state = router;
    return 0;
}

static int teardown(void **state)
{
    router_destroy(*state);
    return 0;
}

static struct route_target target(const char *text)
{
    struct route_target out;
    assert_int_equal(route_target_parse(slice_of(text), &out), OK);
    return out;
}

/* "trunk:a/+1 0; user:b/ 1", or the token of the refusal. */
static const char *find(const struct router *router, const struct route_query *query)
{
    static char text[800];
    struct buf out = BUF_ON(text);
    struct route_plan plan;
    struct cause cause = { 0 };
    if (router_find(router, query, &plan, &cause)) {
        buf_text(&out, cause.token);
        return buf_cstr(&out);
    }
    assert_true(plan.why[0] != '\0');
    for (size_t i = 0; i < plan.n; i++)
        buf_printf(&out, "%s%s:%s/%s %u", i ? "; " : "", plan.targets[i].kind, plan.targets[i].name,
                   plan.targets[i].number, plan.step[i]);
    return buf_cstr(&out);
}

static const char *dial(const struct router *router, const char *dialled)
{
    struct route_query query = { .face = SLICE("bridge"),
                                 .dialled = slice_of(dialled),
                                 .may_use_trunks = true };
    return find(router, &query);
}

static void add_rule(struct router *router, struct route_rule rule, const char *first,
                     const char *second)
{
    rule.targets[rule.n_targets++] = target(first);
    if (second) {
        rule.targets[rule.n_targets] = target(second);
        rule.step[rule.n_targets++] = 1;
    }
    router_add_rule(router, &rule);
}

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *number;
        bool matches;
    } rows[] = {
        { "100", "100", true },
        { "100", "1000", false },
        { "100", "10", false },
        { "XXX", "123", true },
        { "XXX", "12a", false },
        { "XXX", "1234", false },
        { "ZXX", "023", false },
        { "ZXX", "123", true },
        { "NXX", "199", false },
        { "NXX", "299", true },
        { "[13-5]X", "12", true },
        { "[13-5]X", "42", true },
        { "[13-5]X", "22", false },
        { "[13-5]X", "-2", false },
        { "[5-]X", "-2", true },
        { "00.", "00", false },
        { "00.", "001", true },
        { "00.", "0044207", true },
        { "00*", "00", true },
        { "00*", "0044", true },
        { "00*", "01", false },
        { "*", "", true },
        { "*", "anything", true },
        { ".", "", false },
        { ".", "x", true },
        { "+1NXXNXXXXXX", "+12125551234", true },
        { "+1NXXNXXXXXX", "12125551234", false },
        { "_1XX", "123", true },
        { "_", "", true },
        { "", "", true },
        { "", "1", false },
        { "[123", "1", false },
        { "[]", "]", false },
        { "*98", "*98", true },
        { "sales", "sales", true },
        { "x", "1", false },
        { "#X", "#7", true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (route_pattern_match(slice_of(rows[i].pattern), slice_of(rows[i].number)) !=
            rows[i].matches)
            fail_msg("%s and %s", rows[i].pattern, rows[i].number);
}

static void test_targets(void **state)
{
    (void)state;
    struct route_target to = target("trunk:acme/+15551234567");
    assert_string_equal(to.kind, "trunk");
    assert_string_equal(to.name, "acme");
    assert_string_equal(to.number, "+15551234567");
    to = target("uri:sip:bob@example.com;a=b/c");
    assert_string_equal(to.number, "sip:bob@example.com;a=b/c");
    assert_string_equal(to.name, "");
    static const char *const bad[] = { "", "echo", "trunk:", "a kind with more than fifteen:x" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(route_target_parse(slice_of(bad[i]), &to), ERR_PARSE);
    char longer[100] = "user:";
    memset(longer + 5, 'x', 70);
    assert_int_equal(route_target_parse(slice_of(longer), &to), ERR_LIMIT);
}

static void test_names_and_patterns_in_order(void **state)
{
    struct router *router = *state;
    add_rule(router, (struct route_rule){ .name = "support" }, "trunk:support/100", NULL);
    add_rule(router, (struct route_rule){ .pattern = "+1NXX." }, "trunk:sales", "trunk:spare/9");
    add_rule(router, (struct route_rule){ .pattern = "+." }, "trunk:world", NULL);
    add_rule(router, (struct route_rule){ .name = "desk" }, "user:alice", NULL);
    assert_string_equal(dial(router, "support"), "trunk:support/100 0");
    assert_string_equal(dial(router, "+12125551234"),
                        "trunk:sales/+12125551234 0; trunk:spare/9 1");
    assert_string_equal(dial(router, "+442071838750"), "trunk:world/+442071838750 0");
    assert_string_equal(dial(router, "desk"), "user:alice/ 0");
    assert_string_equal(dial(router, "Support"), "no_route"); /* names are exact */
    assert_string_equal(dial(router, "suppor"), "no_route");
    router_clear_rules(router);
    assert_string_equal(dial(router, "support"), "no_route");
}

static void test_by_face_and_trunk(void **state)
{
    struct router *router = *state;
    add_rule(router, (struct route_rule){ .trunk = "acme" }, "user:alice", NULL);
    add_rule(router, (struct route_rule){ .face = "sip", .pattern = "9XX" }, "builtin:echo", NULL);
    add_rule(router, (struct route_rule){ .face = "bridge", .pattern = "9XX" }, "builtin:milliwatt",
             NULL);
    struct route_query query = { .face = SLICE("sip"), .dialled = SLICE("900") };
    assert_string_equal(find(router, &query), "builtin:echo/ 0");
    query.face = SLICE("bridge");
    assert_string_equal(find(router, &query), "builtin:milliwatt/ 0");
    query.trunk = SLICE("acme");
    assert_string_equal(find(router, &query), "user:alice/ 0");
    query.trunk = SLICE("other");
    assert_string_equal(find(router, &query), "builtin:milliwatt/ 0");
}

static void test_numbers(void **state)
{
    struct router *router = *state;
    assert_int_equal(router_set_number(router, SLICE("15551234567"), SLICE("user:alice")), OK);
    assert_int_equal(router_set_number(router, SLICE("+442071838750"), SLICE("builtin:echo")), OK);
    assert_int_equal(router_set_number(router, SLICE("7"), SLICE("nonsense")), ERR_PARSE);
    assert_string_equal(dial(router, "15551234567"), "user:alice/ 0");
    assert_string_equal(dial(router, "+15551234567"), "user:alice/ 0");
    assert_string_equal(dial(router, "+442071838750"), "builtin:echo/ 0");
    assert_string_equal(dial(router, "442071838750"), "builtin:echo/ 0"); /* carriers drop the + */
    assert_string_equal(dial(router, "7"), "no_route");
    assert_int_equal(router_set_number(router, SLICE("15551234567"), SLICE("builtin:echo")), OK);
    assert_string_equal(dial(router, "15551234567"), "builtin:echo/ 0");
    router_clear_numbers(router);
    assert_string_equal(dial(router, "15551234567"), "no_route");
}

static void test_builtins_users_uris(void **state)
{
    struct router *router = *state;
    assert_string_equal(dial(router, "echo"), "builtin:echo/ 0");
    assert_string_equal(dial(router, "builtin:milliwatt"), "builtin:milliwatt/ 0");
    assert_string_equal(dial(router, "builtin:nothing"), "no_route");
    assert_string_equal(dial(router, "alice"), "user:alice/ 0");
    assert_string_equal(dial(router, "user:alice"), "user:alice/ 0");
    assert_string_equal(dial(router, "bob"), "no_route");
    assert_string_equal(dial(router, "sip:bob@example.com"), "no_route");
    router_allow_uris(router, true);
    assert_string_equal(dial(router, "sip:bob@example.com"), "uri:/sip:bob@example.com 0");
    assert_string_equal(dial(router, "SIPS:bob@example.com"), "uri:/SIPS:bob@example.com 0");
}

static void test_default(void **state)
{
    struct router *router = *state;
    struct route_target echo = target("builtin:echo"), trunk = target("trunk:default");
    assert_string_equal(dial(router, ""), "no_route");
    router_set_default(router, &echo);
    assert_string_equal(dial(router, ""), "builtin:echo/ 0");
    assert_string_equal(dial(router, "12345"), "no_route"); /* an echo must not answer a number */
    router_set_default(router, &trunk);
    assert_string_equal(dial(router, ""), "trunk:default/ 0");
    assert_string_equal(dial(router, "12345"), "trunk:default/12345 0");
    assert_string_equal(dial(router, "sip:bob@example.com"), "no_route");
    assert_string_equal(dial(router, "echo"), "builtin:echo/ 0");
}

/* A stranger's call must never cost money, whichever way it would get to a trunk. */
static void test_rights(void **state)
{
    struct router *router = *state;
    struct route_target trunk = target("trunk:default");
    router_set_default(router, &trunk);
    router_allow_uris(router, true);
    add_rule(router, (struct route_rule){ .name = "support" }, "user:alice", "trunk:acme/1");
    assert_int_equal(router_set_number(router, SLICE("777"), SLICE("trunk:acme")), OK);
    static const char *const costly[] = { "", "support", "777", "12345", "sip:bob@example.com" };
    for (size_t i = 0; i < COUNT_OF(costly); i++) {
        struct route_query query = { .face = SLICE("bridge"), .dialled = slice_of(costly[i]) };
        struct route_plan plan;
        struct cause cause;
        assert_int_equal(router_find(router, &query, &plan, &cause), ERR_REFUSED);
        assert_int_equal(cause.code, 403);
        assert_non_null(strstr(cause.text, "token"));
        query.may_use_trunks = true;
        assert_int_equal(router_find(router, &query, &plan, &cause), OK);
    }
    struct route_query free_of_charge = { .face = SLICE("bridge"), .dialled = SLICE("alice") };
    assert_string_equal(find(router, &free_of_charge), "user:alice/ 0");
}

/* Who is refused reads what helps him, by the way that he came. */
static void test_refusals_in_words(void **state)
{
    static const struct {
        const char *face, *trunk, *words;
    } rows[] = { { "bridge", "", "token (or bridge.anonymous: true)" },
                 { "sip", "", "accounts of ours: log in" },
                 { "sip", "acme", "route with from_trunk" },
                 { "kandy", "cloud", "route with from_trunk" } };
    struct router *router = *state;
    struct route_target fallback = target("trunk:default");
    router_set_default(router, &fallback);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct route_query query = { .face = slice_of(rows[i].face),
                                     .trunk = slice_of(rows[i].trunk),
                                     .dialled = SLICE("1") };
        struct route_plan plan;
        struct cause cause;
        assert_int_equal(router_find(router, &query, &plan, &cause), ERR_REFUSED);
        if (!strstr(cause.text, rows[i].words))
            fail_msg("row %zu: %s", i, cause.text);
    }
}

/* A number too long to keep is refused: cut or dropped it would reach somebody else. */
static void test_too_long(void **state)
{
    struct router *router = *state;
    struct route_target trunk = target("trunk:default");
    char longer[ROUTE_TEXT_MAX + 40];
    memset(longer, '1', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    router_set_default(router, &trunk);
    assert_string_equal(dial(router, longer), "no_route");
    add_rule(router, (struct route_rule){ .pattern = "1*" }, "trunk:default", NULL);
    assert_string_equal(dial(router, longer), "no_route");
}

/* Who calls may decide alone, with nothing dialled at all. */
static void test_by_user_and_header(void **state)
{
    struct router *router = *state;
    struct route_target fallback = target("trunk:default");
    router_set_default(router, &fallback);
    add_rule(router, (struct route_rule){ .header = "X-Team", .header_value = "sales" },
             "trunk:sales", NULL);
    add_rule(router, (struct route_rule){ .header = "X-Lang", .pattern = "1XX" }, "builtin:echo",
             NULL);
    add_rule(router, (struct route_rule){ .user = "alice", .pattern = "0." }, "trunk:spare", NULL);
    json_t *headers = json_pack("{s:s}", "x-team", "sales");
    struct route_query query = { .face = SLICE("bridge"),
                                 .headers = headers,
                                 .may_use_trunks = true };
    assert_string_equal(find(router, &query), "trunk:sales/ 0");
    query.dialled = SLICE("+1555");
    assert_string_equal(find(router, &query), "trunk:sales/+1555 0");
    json_object_set_new(headers, "x-team", json_string("support"));
    assert_string_equal(find(router, &query), "trunk:default/+1555 0");
    json_object_set_new(headers, "X-LANG", json_string("en"));
    query.dialled = SLICE("123");
    assert_string_equal(find(router, &query), "builtin:echo/ 0");
    query.dialled = SLICE("0123");
    query.from_user = SLICE("bob");
    assert_string_equal(find(router, &query), "trunk:default/0123 0");
    query.from_user = SLICE("alice");
    assert_string_equal(find(router, &query), "trunk:spare/0123 0");
    json_decref(headers);
}

/* As people write numbers; names and addresses keep every character. */
static void test_numbers_as_written(void **state)
{
    struct router *router = *state;
    add_rule(router, (struct route_rule){ .name = "1-2" }, "user:alice", NULL);
    add_rule(router, (struct route_rule){ .pattern = "+1." }, "trunk:a", NULL);
    static const char *const same[] = { "+15551234567", "+1 (555) 123-4567", "+1.555.123.4567",
                                        "tel:+1-555-123-4567",
                                        "TEL:+15551234567;phone-context=example.com" };
    for (size_t i = 0; i < COUNT_OF(same); i++)
        assert_string_equal(dial(router, same[i]), "trunk:a/+15551234567 0");
    assert_string_equal(dial(router, "1-2"), "user:alice/ 0");
    assert_string_equal(dial(router, "tel:"), "no_route");
    assert_string_equal(dial(router, "( )"), "no_route");
    assert_string_equal(dial(router, "+1x"), "trunk:a/+1x 0");
}

static void test_emergency_comes_first(void **state)
{
    struct router *router = *state;
    struct route_target a = target("trunk:a"), b = target("trunk:b");
    struct route_query query = { .face = SLICE("sip"), .dialled = SLICE("112") };
    struct route_plan plan;
    struct cause cause;
    add_rule(router, (struct route_rule){ .pattern = "1XX" }, "builtin:echo", NULL);
    router_add_emergency(router, SLICE("112"), &a);
    router_add_emergency(router, SLICE("911"), &a);
    router_add_emergency(router, SLICE("112"), &b);
    assert_string_equal(dial(router, "112"), "trunk:a/112 0; trunk:b/112 1");
    assert_string_equal(dial(router, "tel:1-1-2"), "trunk:a/112 0; trunk:b/112 1");
    assert_string_equal(dial(router, "113"), "builtin:echo/ 0");
    assert_int_equal(router_find(router, &query, &plan, &cause), ERR_REFUSED); /* a stranger */
    query.may_use_trunks = true;
    assert_int_equal(router_find(router, &query, &plan, &cause), OK);
    assert_true(plan.is_emergency);
    assert_string_equal(plan.why, "emergency number 112");
    query.dialled = SLICE("113");
    assert_int_equal(router_find(router, &query, &plan, &cause), OK);
    assert_false(plan.is_emergency);
    router_clear_rules(router);
    assert_string_equal(dial(router, "112"), "no_route");
}

/* 3 : 1 : 0, as often as chance allows: outside these bounds once in a million runs. */
static void test_weights(void **state)
{
    struct router *router = *state;
    struct route_rule rule = { .pattern = "7", .by_weight = true, .weight = { 3, 1, 0 } };
    for (size_t i = 0; i < 3; i++)
        rule.targets[rule.n_targets++] =
            target((const char *[]){ "trunk:a", "trunk:b", "trunk:c" }[i]);
    router_add_rule(router, &rule);
    unsigned first[3] = { 0 };
    for (unsigned i = 0; i < 4000; i++) {
        struct route_query query = { .dialled = SLICE("7"), .may_use_trunks = true };
        struct route_plan plan;
        struct cause cause;
        assert_int_equal(router_find(router, &query, &plan, &cause), OK);
        assert_int_equal(plan.n, 3);
        assert_string_equal(plan.targets[2].name, "c"); /* only when nothing else is left */
        assert_int_equal(plan.step[2], 2);
        first[plan.targets[0].name[0] - 'a']++;
    }
    assert_in_range(first[0], 2850, 3150);
    assert_int_equal(first[0] + first[1], 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_targets),
        cmocka_unit_test_setup_teardown(test_names_and_patterns_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_face_and_trunk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_builtins_users_uris, setup, teardown),
        cmocka_unit_test_setup_teardown(test_default, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_user_and_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_emergency_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_in_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
