/* Section 6 of the protocol page is the table; 1.1, 4.2 and 5 are the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/kandy/kandy_reply.h"

static void test_errors(void **state)
{
    static const struct {
        int http;
        const char *body;
        enum kandy_fault fault;
        int sip;
    } rows[] = {
        { 200, "{\"callControlResponse\":{\"statusCode\":0}}", KANDY_FINE, 200 },
        { 201, "{\"subscribeResponse\":{\"statusCode\":2}}", KANDY_FINE, 200 },
        { 204, "", KANDY_FINE, 200 },
        { 401, "{\"error\":\"invalid_credentials\"}", KANDY_AUTH, 503 },
        { 403, "{\"error\":\"forbidden\",\"error_description\":\"Account locked\"}", KANDY_LOCKED,
          503 },
        { 403, "{\"authorizationResponse\":{\"statusCode\":4}}", KANDY_AUTH, 503 },
        { 403, "{\"statusCode\":27,\"reason\":\"x\"}", KANDY_AUTH, 503 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":\"61\"}}", KANDY_AUTH, 503 },
        { 403, "{\"statusCode\":65}", KANDY_TOKEN_OVER, 503 },
        { 403, "<html>no such user</html>", KANDY_AUTH, 503 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":62}}", KANDY_LOCKED, 503 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":63}}", KANDY_LOCKED, 503 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":35}}", KANDY_FORBIDDEN, 403 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":29}}", KANDY_FORBIDDEN, 403 },
        { 400, "{\"callControlResponse\":{\"statusCode\":5}}", KANDY_BAD_NUMBER, 484 },
        { 400, "{\"callControlResponse\":{\"statusCode\":37}}", KANDY_BAD_NUMBER, 484 },
        { 400, "{\"callControlResponse\":{\"statusCode\":1004}}", KANDY_BAD_NUMBER, 484 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":19}}", KANDY_LOGINS, 486 },
        { 403, "{\"subscribeResponse\":{\"statusCode\":44}}", KANDY_LOGGED_OUT, 503 },
        { 404, "{\"subscribeResponse\":{\"statusCode\":39}}", KANDY_NO_SUBSCRIPTION, 503 },
        { 404, "{\"callControlResponse\":{\"statusCode\":42}}", KANDY_NO_CALL, 481 },
        { 404, "{\"callControlResponse\":{\"statusCode\":47}}", KANDY_NO_CALL, 481 },
        { 200, "{\"callControlResponse\":{\"statusCode\":49}}", KANDY_GLARED, 491 },
        { 404, "not found", KANDY_NOT_HERE, 503 },
        { 405, "", KANDY_NOT_HERE, 503 },
        { 503, "", KANDY_OVERLOAD, 503 },
        { 500, "{\"callControlResponse\":{\"statusCode\":26}}", KANDY_SERVER, 503 },
        { 200, "{\"error\":{\"human\":\"no\"}}", KANDY_SERVER, 503 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct kandy_verdict got;
        kandy_verdict_read(&got, rows[i].http, slice_of(rows[i].body), SLICE_NONE, 0);
        if (got.fault != rows[i].fault || got.sip != rows[i].sip)
            fail_msg("%d %s is %s %d", rows[i].http, rows[i].body, kandy_fault_name(got.fault),
                     got.sip);
        assert_true((got.words == NULL) == (got.fault == KANDY_FINE) || got.fault == KANDY_FINE);
    }
}

static void test_words_of_section_1_4(void **state)
{
    struct kandy_verdict got;
    (void)state;
    kandy_verdict_read(&got, 401, SLICE("{\"error_description\":\"Invalid username or password\"}"),
                       SLICE_NONE, 0);
    assert_string_equal(got.text, "401 - Invalid credentials");
    kandy_verdict_read(&got, 403, SLICE("{\"error_description\":\"Not you\"}"), SLICE_NONE, 0);
    assert_string_equal(got.text, "403 - Not you");
    kandy_verdict_read(&got, 404, SLICE("no such thing\n"), SLICE_NONE, 0);
    assert_string_equal(got.text, "404 - no such thing");
}

static void test_when_to_come_again(void **state)
{
    struct kandy_verdict got;
    (void)state;
    kandy_verdict_read(&got, 503, SLICE("{\"subscribeResponse\":{\"retryAfter\":700}}"), SLICE("9"),
                       0);
    assert_int_equal(got.retry_ms, 700);
    kandy_verdict_read(&got, 503, SLICE(""), SLICE("9"), 0);
    assert_int_equal(got.retry_ms, 9000);
    kandy_verdict_read(&got, 503, SLICE(""), SLICE("Thu, 01 Jan 1970 00:01:00 GMT"), 50000);
    assert_int_equal(got.retry_ms, 10000);
    kandy_verdict_read(&got, 503, SLICE(""), SLICE("soon"), 0);
    assert_int_equal(got.retry_ms, -1);
}

static void test_seed_subscription(void **state)
{
    struct kandy_granted got = { 0 };
    (void)state;
    assert_int_equal(kandy_granted_parse(&got, SLICE("{\"subscriptionId\":\"abc\",\"access_token\":"
                                                     "\"tok\",\"expires_in\":60}")),
                     OK);
    assert_string_equal(got.subscription, "abc");
    assert_true(secret_is(&got.token, SLICE("tok")));
    assert_int_equal(got.expires_s, 60);
    kandy_granted_clear(&got);
    /* every fallback */
    assert_int_equal(kandy_granted_parse(&got, SLICE("{\"access_token\":\"tok\"}")), OK);
    assert_string_equal(got.subscription, "tok");
    assert_int_equal(got.expires_s, 3600);
    kandy_granted_clear(&got);
    assert_int_equal(
        kandy_granted_parse(&got, SLICE("{\"subscriptionId\":\"i\",\"token\":\"t2\"}")), OK);
    assert_true(secret_is(&got.token, SLICE("t2")));
    kandy_granted_clear(&got);
    assert_int_equal(kandy_granted_parse(&got, SLICE("{\"subscriptionId\":\"i\"}")), OK);
    assert_true(secret_is(&got.token, SLICE("i")));
    kandy_granted_clear(&got);
    assert_int_equal(kandy_granted_parse(&got, SLICE("{}")), ERR_PARSE);
    assert_int_equal(kandy_granted_parse(&got, SLICE("<html>")), ERR_PARSE);
}

static void test_link_subscription(void **state)
{
    struct kandy_granted got = { 0 };
    (void)state;
    assert_int_equal(
        kandy_granted_parse(
            &got,
            SLICE("{\"subscribeResponse\":{\"statusCode\":0,\"subscription\":\"/rest/version/1/"
                  "user/u@d/subscription/SUB1\",\"subscriptionParams\":{\"expires\":\"7200\","
                  "\"service\":[\"call\",\"IM\"],\"notificationChannel\":\"wss://h:443/rest/"
                  "version/1/user/u@d/websocket/WS1\",\"turnCredentials\":{\"username\":\"t\","
                  "\"password\":\"s\"}}}}")),
        OK);
    assert_string_equal(got.subscription, "/rest/version/1/user/u@d/subscription/SUB1");
    assert_string_equal(got.channel, "/rest/version/1/user/u@d/websocket/WS1");
    assert_int_equal(got.expires_s, 7200);
    assert_string_equal(got.services, "call IM");
    assert_true(got.has_turn);
    assert_string_equal(got.turn_user, "t");
    assert_true(secret_is(&got.turn_password, SLICE("s")));
    /* a refresh that says little keeps what was */
    assert_int_equal(kandy_granted_parse(&got, SLICE("{\"subscribeResponse\":{\"statusCode\":2}}")),
                     OK);
    assert_string_equal(got.channel, "/rest/version/1/user/u@d/websocket/WS1");
    assert_int_equal(got.expires_s, 7200);
    kandy_granted_clear(&got);
    assert_int_equal(kandy_granted_parse(&got, SLICE("{\"subscribeResponse\":{\"statusCode\":0}}")),
                     ERR_PARSE);
}

static void test_tokens_and_sessions(void **state)
{
    struct kandy_granted got = { 0 };
    char text[KANDY_ID_MAX];
    (void)state;
    assert_int_equal(
        kandy_granted_parse_token(&got, SLICE("{\"success\":{\"access_token\":\"a\","
                                              "\"refresh_token\":\"r\",\"expires\":90}}")),
        OK);
    assert_true(secret_is(&got.token, SLICE("a")));
    assert_true(secret_is(&got.refresh_token, SLICE("r")));
    assert_int_equal(got.expires_s, 90);
    kandy_granted_clear(&got);
    assert_int_equal(kandy_granted_parse_token(&got, SLICE("{\"error\":{\"human\":\"x\"}}")),
                     ERR_PARSE);
    assert_true(kandy_reply_session(
        SLICE("{\"callControlResponse\":{\"statusCode\":0,\"sessionData\":\"S1\"}}"), text));
    assert_string_equal(text, "S1");
    assert_false(kandy_reply_session(SLICE("{\"callControlResponse\":{}}"), text));
    kandy_reply_state(SLICE("{\"callControlResponse\":{\"state\":\"ANSWERED\"}}"), text);
    assert_string_equal(text, "ANSWERED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_words_of_section_1_4),
        cmocka_unit_test(test_when_to_come_again),
        cmocka_unit_test(test_seed_subscription),
        cmocka_unit_test(test_link_subscription),
        cmocka_unit_test(test_tokens_and_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
