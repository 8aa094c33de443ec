/* What is asked of the daemon as a whole: its trace, its routes, a reload, the doctor. */
#include "test_admin.h"

/* Answered when something comes, or at the end of the wait. */
static void test_trace(void **state)
{
    struct fixture *f = *state;
    struct addr peer = addr_loopback4(1);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/trace?after=7&method=INVITE", ""), 200);
    const json_t *messages = json_object_get(f->body, "messages");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(messages, 0), "seq")), 8);
    f->trace_after = 1000;
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/trace", ""), 200); /* no wait: nothing */
    assert_int_equal(json_array_size(json_object_get(f->body, "messages")), 0);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/trace?after=x", ""), 422);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/trace?wait_ms=9999999", ""), 422);

    struct http_param params[] = { { SLICE("wait_ms"), SLICE("1000") },
                                   { SLICE("method"), SLICE("INVITE") } };
    struct api_request request = { .method = HTTP_GET,
                                   .path = SLICE("/admin/api/trace"),
                                   .authorization = SLICE("Bearer t0ken"),
                                   .params = params,
                                   .n_params = 2,
                                   .peer = &peer };
    bool is_ours;
    f->trace_after = 5;
    f->replies = 0;
    assert_non_null(api_dispatch(f->api, &request, on_reply, f, &is_ours));
    loop_advance(f->loop, 100);
    assert_int_equal(f->replies, 0);
    loop_advance(f->loop, 300);
    assert_int_equal(f->replies, 1);
    assert_int_equal(json_array_size(json_object_get(f->body, "messages")), 1);
    f->trace_after = 1000;
    assert_non_null(api_dispatch(f->api, &request, on_reply, f, &is_ours));
    loop_advance(f->loop, 900);
    assert_int_equal(f->replies, 1);
    loop_advance(f->loop, 200);
    assert_int_equal(f->replies, 2); /* in vain */
    struct rest *rest = api_dispatch(f->api, &request, on_reply, f, &is_ours);
    assert_non_null(rest);
    rest_cancel(rest);
    loop_advance(f->loop, 2000);
    assert_int_equal(f->replies, 2);
}

static void test_bans(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/bans", ""), 200);
    assert_string_equal(row_text(f, 0, "address"), "10.0.0.9");
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/bans/10.0.0.9", ""), 200);
    assert_string_equal(text(f, "removed"), "10.0.0.9");
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/bans/10.0.0.8", ""), 404);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/bans/office", ""), 422);
}

static void test_the_daemon(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/route?to=%ff", ""), 400); /* no UTF-8 */
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/route?to=100", ""), 200);
    assert_string_equal(text(f, "to"), "100");
    assert_true(json_is_true(json_object_get(f->body, "may")));
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/route?to=100&trunk=acme", ""), 200);
    assert_true(json_is_false(json_object_get(f->body, "may"))); /* never from trunk to trunk */

    assert_int_equal(ask(f, HTTP_POST, "/admin/api/reload", ""), 200);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/reload", "{\"a\":1}"), 422);
    f->trace_after = 1;
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/reload", ""), 422);
    assert_string_equal(error(f, "message"), "nothing changed: tandem.yaml:3: log: unknown key");

    f->trace_after = 0;
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/doctor", "{\"trunk\":\"acme\"}"), 200);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/doctor", "{\"trunk\":\"b\"}"), 404);
    assert_string_equal(error(f, "message"), "there is no trunk \"b\"");
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/doctor", "{\"trunk\":\"acme\",\"dry_invite\":\"1\"}"), 503);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = { TEST(test_trace), TEST(test_bans), TEST(test_the_daemon) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
