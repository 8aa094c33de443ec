/* Trunks and routes as a person writes them in tandem.yaml. */
#include "config/test_config.h"

static void test_routes_by_who_calls(void **state)
{
    (void)state;
    struct config *c =
        fine(&(struct given){ .yaml = "trunks: {a: {host: h, emergency: [112, 911], country: 971, "
                                      "strip: 1, prefix: '00', ptime: 30}}\n"
                                      "routes:\n"
                                      "  - {user: alice, header: X-Team=sales, to: 'trunk:a'}\n"
                                      "  - {pattern: '+.', to: ['trunk:a', 'builtin:echo'],\n"
                                      "     order: by_weight, weights: [3, 1], ring_timeout: 9}\n"
                                      "keep_calls: 0\nuri_nets: [10.0.0.0/8]\n" });
    assert_int_equal(c->trunks[0].emergency.n, 2);
    assert_string_equal(c->trunks[0].country, "971");
    assert_string_equal(c->trunks[0].prefix, "00");
    assert_int_equal(c->trunks[0].strip, 1);
    assert_int_equal(c->trunks[0].ptime_ms, 30);
    assert_string_equal(c->routes[0].user, "alice");
    assert_string_equal(c->routes[0].header, "X-Team=sales");
    assert_int_equal(c->routes[1].order, CONFIG_BY_WEIGHT);
    assert_string_equal(c->routes[1].weights.items[0], "3");
    assert_int_equal(c->routes[1].ring_timeout_s, 9);
    assert_int_equal(c->keep_calls_days, 0);
    config_destroy(c);
    refused(&(struct given){ .yaml = "routes:\n  - {pattern: '1', to: ['builtin:echo', 'user:a'], "
                                     "order: by_weight, weights: [1]}\n" },
            "tandem.yaml:2: routes: by_weight needs one of weights for each of to: 2, not 1");
    refused(&(struct given){ .yaml = "trunks: {a: {host: h, emergency: [help]}}\n" },
            "trunks.a.emergency: expected digits, +, * and #, not \"help\"");
    refused(&(struct given){ .yaml = "routes:\n  - {header: Subject, to: 'builtin:echo'}\n" },
            "header: expected a header that starts with X-");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_routes_by_who_calls) };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
