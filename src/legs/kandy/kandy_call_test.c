/* Calls of an account: their names, what comes for them, audits. */
#include "legs/kandy/test_cloud.h"

static void test_events_that_come_before_the_name(void **state)
{
    struct world *w = *state;
    start_link(w);
    w->call = dial_cloud(w, "97150");
    say(w, EVENT("ringing", "\"sessionData\":\"C1\""));
    say(w, EVENT("respondCallUpdate", "\"sessionData\":\"C1\",\"sdp\":\"a\""));
    say(w, EVENT("callEnd", "\"sessionData\":\"other\""));
    expect_heard(w, "");
    reply(asked(w, "POST", USER "/callControl"), 201,
          "{\"callControlResponse\":{\"statusCode\":0,\"sessionData\":\"C1\"}}");
    expect_heard(w, "ringing answer:a ");
    kandy_call_end(w->call, true);
}

static void test_given_up_before_it_has_a_name(void **state)
{
    struct world *w = *state;
    start_link(w);
    w->call = dial_cloud(w, "97150");
    kandy_call_end(w->call, false);
    reply(asked(w, "POST", USER "/callControl"), 201,
          "{\"callControlResponse\":{\"statusCode\":0,\"sessionData\":\"C1\"}}");
    asked(w, "DELETE", USER "/callControl/callSessions/C1");
    expect_heard(w, "");
}

static void test_a_lost_subscription_is_made_anew_for_the_call(void **state)
{
    struct world *w = *state;
    start_link(w);
    for (int round = 0; round < 2; round++) {
        w->call = dial_cloud(w, "97150");
        reply(asked(w, "POST", USER "/callControl"), 404,
              "{\"callControlResponse\":{\"statusCode\":39}}");
        expect_heard(w, "");
        loop_advance(w->loop, 1);
        reply(asked(w, "POST", USER "/subscription"), 200, SUBSCRIBED("S2", "3600"));
        open_socket(w, USER "/websocket/S2");
        struct kandy_exchange *again = asked(w, "POST", USER "/callControl");
        if (round == 0) {
            reply(again, 200, "{\"callControlResponse\":{\"statusCode\":0,\"sessionData\":\"C\"}}");
            expect_heard(w, "");
        } else { /* once is enough */
            reply(again, 404, "{\"callControlResponse\":{\"statusCode\":39}}");
            expect_heard(w, "failed:6:503 ");
        }
        kandy_call_end(w->call, true);
    }
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    start_link(w);
    w->call = dial_cloud(w, "97150");
    reply(asked(w, "POST", USER "/callControl"), 403,
          "{\"callControlResponse\":{\"statusCode\":35}}");
    expect_heard(w, "failed:6:403 ");
    kandy_call_end(w->call, true);
    w->call = dial_cloud(w, "97150");
    reply(asked(w, "POST", USER "/callControl"), 0, "");
    expect_heard(w, "failed:6:503 ");
    kandy_call_end(w->call, true);
}

/* A password that is not good any more is seen at a call first: the trunk says so then. */
static void test_a_password_that_changed(void **state)
{
    struct world *w = *state;
    start_link(w);
    w->call = dial_cloud(w, "97150");
    reply(asked(w, "POST", USER "/callControl"), 403,
          "{\"callControlResponse\":{\"statusCode\":4}}");
    expect_heard(w, "failed:6:503 ");
    kandy_call_end(w->call, true);
    loop_advance(w->loop, 1);
    reply(asked(w, "PUT", USER "/subscription/S1"), 401, "");
    assert_int_equal(kandy_account_state(w->account), KANDY_AUTH_FAILED);
    loop_advance(w->loop, KANDY_AUTH_RETRY_MS - 5000);
    assert_int_equal(w->n, w->seen);
}

static void test_the_seed_refuses_by_socket(void **state)
{
    struct world *w = *state;
    char text[300];
    start_seed(w);
    w->call = dial_cloud(w, "97150");
    json_t *said = json_loads(w->said[w->n_said - 1], 0, NULL);
    snprintf(text, sizeof text, "{\"type\":\"response\",\"id\":\"%s\",\"error\":{\"code\":486}}",
             json_string_value(json_object_get(said, "id")));
    json_decref(said);
    say(w, text);
    expect_heard(w, "failed:6:486 ");
    kandy_call_end(w->call, true);
}

static void test_audits(void **state)
{
    struct world *w = *state;
    start_link(w);
    call_link(w, "C1");
    kandy_call_set_up(w->call);
    loop_advance(w->loop, KANDY_AUDIT_MS + 1);
    struct kandy_exchange *audit = asked(w, "PUT", USER "/callControl/callSessions/C1");
    assert_string_equal(audit->body, "{\"callControlRequest\":{\"type\":\"audit\"}}");
    reply(audit, 500, "");
    loop_advance(w->loop, KANDY_AUDIT_RETRY_MS + 1);
    reply(asked(w, "PUT", USER "/callControl/callSessions/C1"), 404,
          "{\"callControlResponse\":{\"statusCode\":42}}");
    expect_heard(w, "end ");
    kandy_call_end(w->call, true);
}

static void test_incoming(void **state)
{
    struct world *w = *state;
    struct kandy_op ring = { .kind = KANDY_OP_RING };
    const char *call = "{\"notificationMessage\":{\"eventType\":\"call\",\"eventId\":\"E1\","
                       "\"sessionParams\":{\"sessionData\":\"I1\",\"sdp\":\"v\"},"
                       "\"callNotificationParams\":{\"callerDisplayNumber\":\"97150@d\"}}}";
    start_link(w);
    say(w, call);
    say(w, call); /* the same event once more */
    expect_heard(w, "incoming:97150@d ");
    assert_true(kandy_call_do(w->incoming, &ring));
    asked(w, "PUT", USER "/callControl/callSessions/I1");
    say(w, EVENT("callCancel", "\"sessionData\":\"I1\""));
    expect_heard(w, "cancel ");
    kandy_call_end(w->incoming, true);
    assert_int_equal(w->n, w->seen); /* the far side knows */
    say(w, EVENT("call", "\"sessionData\":\"I2\""));
    kandy_call_end(w->incoming, false);
    asked(w, "POST", USER "/calldisposition");
    expect_heard(w, "incoming: ");
}

static void test_a_description_by_url(void **state)
{
    struct world *w = *state;
    start_link(w);
    call_link(w, "C1");
    say(w, EVENT("respondCallUpdate",
                 "\"sessionData\":\"C1\",\"sdpFormat\":\"url\",\"sdp\":\"/rest/data/7\""));
    reply(asked(w, "GET", "/rest/data/7"), 200, "{\"eventDataResponse\":{\"sdp\":\"v=9\"}}");
    expect_heard(w, "answer:v=9 ");
    kandy_call_end(w->call, true);
}

/* uc: the token belongs to every URL (section 5). */
static void test_a_description_by_url_with_a_token(void **state)
{
    struct world *w = *state;
    start(w, &kandy_uc);
    reply(asked(w, "GET", "/v2.0/auth/mk_token?refresh=y&expires=3600"), 200,
          "{\"success\":{\"access_token\":\"T1\"}}");
    reply(asked(w, "POST", USER "/subscription?token=T1"), 200, SUBSCRIBED("S1", "3600"));
    open_socket(w, USER "/websocket/S1?token=T1");
    say(w, EVENT("call", "\"sessionData\":\"I1\",\"sdpFormat\":\"url\",\"sdp\":\"/rest/data/7\""));
    reply(asked(w, "GET", "/rest/data/7?token=T1"), 200, "{\"eventDataResponse\":{\"sdp\":\"v\"}}");
    expect_heard(w, "incoming: ");
    kandy_call_end(w->incoming, true);
}

/* Ids may be numbers; the same one twice is one. */
static void test_ids_that_are_numbers(void **state)
{
    struct world *w = *state;
    const char *call = "{\"notificationMessage\":{\"eventType\":\"call\",\"eventId\":17,"
                       "\"sessionParams\":{\"sessionData\":4711,\"sdp\":\"v\"}}}";
    start_link(w);
    say(w, call);
    say(w, call);
    expect_heard(w, "incoming: ");
    kandy_call_end(w->incoming, false);
    struct kandy_exchange *reject = asked(w, "POST", USER "/calldisposition");
    assert_non_null(strstr(reject->body, "\"sessionData\":\"4711\""));
}

static void test_custom_parameters(void **state)
{
    struct world *w = *state;
    json_t *headers = json_pack("{s:s}", "X-Order", "17");
    const struct kandy_dial dial = {
        .number = "97150", .from_name = "", .custom = headers, .sdp = SLICE("v")
    };
    start_link(w);
    w->call = kandy_call_make(w->account, &dial, &call_events, w);
    json_decref(headers);
    struct kandy_exchange *make = asked(w, "POST", USER "/callControl");
    assert_non_null(
        strstr(make->body, "\"customParameters\":[{\"name\":\"X-Order\",\"value\":\"17\"}]"));
    kandy_call_end(w->call, true);
    w->call = dial_cloud(w, "97150");
    make = asked(w, "POST", USER "/callControl");
    assert_null(strstr(make->body, "customParameters"));
    kandy_call_end(w->call, true);
}

static void test_checks_are_answered(void **state)
{
    struct world *w = *state;
    start_link(w);
    say(w, "{\"connCheck\":{\"interval\":30}}");
    assert_string_equal(w->said[0], "{\"connAck\":{}}");
    loop_advance(w->loop, KANDY_PING_MS + 1);
    assert_string_equal(w->said[1], "{\"message_type\":\"ping\"}");
    say(w, "nonsense");
    say(w, "{\"notificationMessage\":7}");
    assert_true(kandy_account_is_up(w->account));
}

static void test_stopping_unsubscribes(void **state)
{
    struct world *w = *state;
    start_link(w);
    kandy_account_stop(w->account);
    asked(w, "DELETE", USER "/subscription/S1");
    loop_advance(w->loop, 7200000);
    assert_int_equal(w->n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_events_that_come_before_the_name),
        TEST(test_given_up_before_it_has_a_name),
        TEST(test_a_lost_subscription_is_made_anew_for_the_call),
        TEST(test_refusals),
        TEST(test_a_password_that_changed),
        TEST(test_the_seed_refuses_by_socket),
        TEST(test_audits),
        TEST(test_incoming),
        TEST(test_a_description_by_url),
        TEST(test_a_description_by_url_with_a_token),
        TEST(test_ids_that_are_numbers),
        TEST(test_custom_parameters),
        TEST(test_checks_are_answered),
        TEST(test_stopping_unsubscribes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
