/* Subscribing, renewing, coming back after every loss. */
#include "legs/kandy/test_cloud.h"

/* ---- subscribing ---- */

static void test_seed_connects(void **state)
{
    struct world *w = *state;
    start_seed(w);
    assert_int_equal(w->n_said, 1);
    assert_non_null(strstr(w->said[0], "call.getIceServers"));
    say(w, "{\"type\":\"response\",\"method\":\"call.getIceServers\",\"result\":{\"iceServers\":"
           "[{\"urls\":\"stun:x\"}]}}");
    assert_int_equal(json_array_size(kandy_account_ice_servers(w->account)), 1);
    expect_heard(w, "service:ice servers ");
}

static void test_wrong_password(void **state)
{
    struct world *w = *state;
    start(w, NULL);
    reply(asked(w, "POST", "/v2.0/subscription"), 401, "{\"error\":\"invalid_credentials\"}");
    assert_int_equal(kandy_account_state(w->account), KANDY_AUTH_FAILED);
    assert_int_equal(w->n_sockets, 0);
    loop_advance(w->loop, KANDY_AUTH_RETRY_MS - 1000);
    assert_int_equal(w->n, 1); /* no guessing, and no other dialect */
    loop_advance(w->loop, 2000);
    asked(w, "POST", "/v2.0/subscription");
}

static void test_a_locked_account_is_left_alone(void **state)
{
    struct world *w = *state;
    start(w, &kandy_link);
    reply(asked(w, "POST", USER "/subscription"), 403,
          "{\"subscribeResponse\":{\"statusCode\":63}}");
    assert_int_equal(kandy_account_state(w->account), KANDY_SHUT_OUT);
    assert_non_null(strstr(w->state_text, "locked"));
    loop_advance(w->loop, 3600000);
    assert_int_equal(w->n, 1);
}

static void test_auto_finds_link(void **state)
{
    struct world *w = *state;
    start(w, NULL);
    reply(asked(w, "POST", "/v2.0/subscription"), 404, "not found");
    reply(asked(w, "POST", USER "/subscription"), 200, SUBSCRIBED("S1", "3600"));
    open_socket(w, USER "/websocket/S1");
    assert_string_equal(kandy_account_dialect(w->account)->name, "link");
}

/* Section 0: 404 and 405 lead on whatever the body says; 403 never does. */
static void test_auto_goes_by_the_status(void **state)
{
    struct world *w = *state;
    start(w, NULL);
    reply(asked(w, "POST", "/v2.0/subscription"), 404,
          "{\"statusCode\":42,\"reason\":\"No such resource\"}");
    reply(asked(w, "POST", USER "/subscription"), 403,
          "{\"subscribeResponse\":{\"statusCode\":65}}");
    assert_int_equal(kandy_account_state(w->account), KANDY_AUTH_FAILED);
    loop_advance(w->loop, KANDY_AUTH_RETRY_MS - 1000);
    assert_int_equal(w->n, w->seen);
    loop_advance(w->loop, 2000);
    asked(w, "POST", USER "/subscription");
}

static void test_credentials_refused_with_400(void **state)
{
    struct world *w = *state;
    start(w, NULL);
    reply(asked(w, "POST", "/v2.0/subscription"), 400, "{\"error\":\"invalid_credentials\"}");
    assert_int_equal(kandy_account_state(w->account), KANDY_AUTH_FAILED);
    loop_advance(w->loop, KANDY_AUTH_RETRY_MS - 1000);
    assert_int_equal(w->n, w->seen);
}

static void test_uc_takes_a_token_first(void **state)
{
    struct world *w = *state;
    start(w, &kandy_uc);
    reply(asked(w, "GET", "/v2.0/auth/mk_token?refresh=y&expires=3600"), 200,
          "{\"success\":{\"access_token\":\"T1\",\"refresh_token\":\"R1\",\"expires\":1000}}");
    reply(asked(w, "POST", USER "/subscription?token=T1"), 200, SUBSCRIBED("S1", "360000"));
    open_socket(w, USER "/websocket/S1?token=T1");
    assert_true(kandy_account_is_up(w->account));
    loop_advance(w->loop, 701000); /* 300 s before its end */
    reply(asked(w, "GET", "/v2.0/auth/refresh_token?token=R1&expires=3600"), 200,
          "{\"success\":{\"access_token\":\"T2\",\"refresh_token\":\"R2\",\"expires\":1000}}");
    w->call = dial_cloud(w, "97150");
    asked(w, "POST", USER "/callControl?token=T2");
    kandy_call_end(w->call, true);
}

static void test_an_overloaded_server(void **state)
{
    struct world *w = *state;
    start(w, &kandy_link);
    for (int i = 0; i < 3; i++) {
        size_t before = w->n;
        reply_after(asked(w, "POST", USER "/subscription"), 503, "", "7");
        loop_advance(w->loop, 6900);
        assert_int_equal(w->n, before);
        loop_advance(w->loop, 200);
    }
    reply(asked(w, "POST", USER "/subscription"), 200, SUBSCRIBED("S1", "3600"));
    open_socket(w, USER "/websocket/S1");
    assert_true(kandy_account_is_up(w->account));
}

/* ---- renewals ---- */

static void test_the_seed_renews_without_touching_calls(void **state)
{
    struct world *w = *state;
    start_seed(w);
    w->call = dial_cloud(w, "97150");
    struct kandy_socket *old = last_socket(w);
    loop_advance(w->loop, 2879000); /* 80 % of an hour are 2,880 s */
    assert_int_equal(w->n, 1);
    loop_advance(w->loop, 2000);
    reply(asked(w, "POST", "/v2.0/subscription"), 200, "{\"subscriptionId\":\"sub2\"}");
    assert_false(old->closed); /* until the new one is open */
    assert_true(kandy_account_is_up(w->account));
    open_socket(w, "/?subscriptionId=sub2");
    assert_true(old->closed);
    assert_true(kandy_account_is_up(w->account));
    char text[200];
    snprintf(text, sizeof text,
             "{\"method\":\"call.answered\",\"params\":{\"callId\":\"%s\",\"sdp\":\"v\"}}",
             kandy_call_session(w->call));
    say(w, text);
    expect_heard(w, "answer:v ");
    kandy_call_end(w->call, false);
    assert_non_null(strstr(w->said[w->n_said - 1], "call.end"));
}

/* A renewal that fails takes nothing from what works, and is tried again. */
static void test_a_failed_renewal(void **state)
{
    struct world *w = *state;
    start_seed(w);
    loop_advance(w->loop, 2881000);
    reply(asked(w, "POST", "/v2.0/subscription"), 500, "");
    assert_true(kandy_account_is_up(w->account));
    loop_advance(w->loop, 3500);
    reply(asked(w, "POST", "/v2.0/subscription"), 200, "{\"subscriptionId\":\"sub2\"}");
    lose_socket(w, 503, 1006); /* the new one does not open */
    assert_true(kandy_account_is_up(w->account));
    loop_advance(w->loop, 10000);
    asked(w, "POST", "/v2.0/subscription");
}

static void test_link_refreshes(void **state)
{
    struct world *w = *state;
    start_link(w);
    loop_advance(w->loop, 1800 * 1200 + 1000);
    reply(asked(w, "PUT", USER "/subscription/S1"), 200, SUBSCRIBED("S1", "3600"));
    loop_advance(w->loop, 1800 * 1200 + 1000);
    reply(asked(w, "PUT", USER "/subscription/S1"), 404,
          "{\"subscribeResponse\":{\"statusCode\":39}}");
    loop_advance(w->loop, 1);
    reply(asked(w, "POST", USER "/subscription"), 201, SUBSCRIBED("S2", "3600"));
    open_socket(w, USER "/websocket/S2");
    assert_true(kandy_account_is_up(w->account));
}

/* ---- losses ---- */

static void test_the_socket_comes_back(void **state)
{
    struct world *w = *state;
    start_link(w);
    call_link(w, "C1");
    struct kandy_call *first = w->call;
    call_link(w, "C2");
    lose_socket(w, 0, 1006);
    assert_false(kandy_account_is_up(w->account));
    loop_advance(w->loop, 1999); /* never under two seconds */
    assert_int_equal(w->n_sockets, 1);
    loop_advance(w->loop, 1002);
    open_socket(w, USER "/websocket/S1"); /* the same channel */
    reply(asked(w, "GET", USER "/callControl/callSessions/C1"), 200,
          "{\"callControlResponse\":{\"statusCode\":0,\"state\":\"ANSWERED\"}}");
    expect_heard(w, "stands ");
    reply(asked(w, "GET", USER "/callControl/callSessions/C2"), 404,
          "{\"callControlResponse\":{\"statusCode\":47}}");
    expect_heard(w, "end ");
    kandy_call_end(w->call, true);
    kandy_call_end(first, false);
    asked(w, "DELETE", USER "/callControl/callSessions/C1");
}

static void test_a_channel_that_is_gone(void **state)
{
    struct world *w = *state;
    start_link(w);
    lose_socket(w, 0, 1006);
    for (int i = 0; i < KANDY_RECONNECTS; i++) {
        loop_advance(w->loop, KANDY_RECONNECT_MS + 1);
        lose_socket(w, 0, 1006);
    }
    loop_advance(w->loop, 4000);
    asked(w, "POST", USER "/subscription"); /* enough of it: a new one */
}

static void test_a_refused_upgrade_means_a_new_subscription(void **state)
{
    struct world *w = *state;
    start_seed(w);
    lose_socket(w, 0, 1006);
    loop_advance(w->loop, KANDY_RECONNECT_MS + 1);
    lose_socket(w, 401, 1006);
    loop_advance(w->loop, 4000);
    asked(w, "POST", "/v2.0/subscription");
}

static void test_gone_and_overridden(void **state)
{
    struct world *w = *state;
    start_link(w);
    say(w, "{\"notificationMessage\":{\"eventType\":\"gone\",\"retryAfter\":5}}");
    assert_false(kandy_account_is_up(w->account));
    loop_advance(w->loop, 4900);
    assert_int_equal(w->n, 1);
    loop_advance(w->loop, 200);
    reply(asked(w, "POST", USER "/subscription"), 200, SUBSCRIBED("S2", "3600"));
    open_socket(w, USER "/websocket/S2");
    assert_true(kandy_account_is_up(w->account));
    say(w, "{\"notificationMessage\":{\"eventType\":\"websocketOverridden\"}}");
    assert_int_equal(kandy_account_state(w->account), KANDY_TAKEN);
    assert_true(last_socket(w)->closed);
    loop_advance(w->loop, 7200000);
    assert_int_equal(w->n, 2);
    assert_int_equal(w->n_sockets, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seed_connects),
        TEST(test_wrong_password),
        TEST(test_a_locked_account_is_left_alone),
        TEST(test_auto_finds_link),
        TEST(test_auto_goes_by_the_status),
        TEST(test_credentials_refused_with_400),
        TEST(test_uc_takes_a_token_first),
        TEST(test_an_overloaded_server),
        TEST(test_the_seed_renews_without_touching_calls),
        TEST(test_a_failed_renewal),
        TEST(test_link_refreshes),
        TEST(test_the_socket_comes_back),
        TEST(test_a_channel_that_is_gone),
        TEST(test_a_refused_upgrade_means_a_new_subscription),
        TEST(test_gone_and_overridden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
