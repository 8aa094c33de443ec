/* A socket that goes in every state of a call, and what is lost with it. */
#include "legs/kandy/test_cloud.h"

#define STATE(word) "{\"callControlResponse\":{\"statusCode\":0,\"state\":\"" word "\"}}"
#define SESSION(id) USER "/callControl/callSessions/" id

/* The id of what was said last. */
static void last_id(struct world *w, char out[64])
{
    json_t *said = json_loads(w->said[w->n_said - 1], 0, NULL);
    snprintf(out, 64, "%s", json_string_value(json_object_get(said, "id")));
    json_decref(said);
}

static void come_back_seed(struct world *w)
{
    loop_advance(w->loop, KANDY_RECONNECT_MS + 1);
    open_socket(w, "/?subscriptionId=sub%201");
}

static bool was_said(struct world *w, size_t since, const char *method, const char *session)
{
    for (size_t i = since; i < w->n_said; i++)
        if (strstr(w->said[i], method) && strstr(w->said[i], session))
            return true;
    return false;
}

/* ---- link ---- */

static void test_what_became_of_each(void **state)
{
    static const struct {
        const char *told, *heard;
    } rows[] = {
        { STATE("INITIATED"), "" },           { STATE("RINGING"), "ringing " },
        { STATE("Early Media"), "ringing " }, { STATE("ANSWERED"), "stands " },
        { STATE("ON_HOLD"), "stands " },      { STATE("Ended"), "end " },
        { STATE("Cancelled"), "end " },       { STATE("something else"), "" },
    };
    struct world *w = *state;
    start_link(w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        call_link(w, "C1");
        lose_socket(w, 0, 1006);
        loop_advance(w->loop, KANDY_RECONNECT_MS + 1);
        open_socket(w, USER "/websocket/S1");
        reply(asked(w, "GET", SESSION("C1")), 200, rows[i].told);
        expect_heard(w, rows[i].heard);
        kandy_call_end(w->call, true);
    }
}

static void test_taken_elsewhere_meanwhile(void **state)
{
    struct world *w = *state;
    start_link(w);
    say(w, EVENT("call", "\"sessionData\":\"I1\",\"sdp\":\"v\""));
    lose_socket(w, 0, 1006);
    loop_advance(w->loop, KANDY_RECONNECT_MS + 1);
    open_socket(w, USER "/websocket/S1");
    reply(asked(w, "GET", SESSION("I1")), 200, STATE("ANSWERED"));
    expect_heard(w, "incoming: cancel ");
    kandy_call_end(w->incoming, true);
}

/* The end of a call must arrive, if it takes a second try. */
static void test_an_end_that_got_lost(void **state)
{
    struct world *w = *state;
    start_link(w);
    call_link(w, "C1");
    kandy_call_end(w->call, false);
    for (int i = 0; i < 2; i++) {
        reply(asked(w, "DELETE", SESSION("C1")), 0, "");
        loop_advance(w->loop, KANDY_AUDIT_RETRY_MS + 1);
    }
    reply(asked(w, "DELETE", SESSION("C1")), 200, "");
    loop_advance(w->loop, 2 * KANDY_AUDIT_RETRY_MS);
    assert_int_equal(w->n, w->seen);
}

static void test_an_end_that_nobody_takes(void **state)
{
    struct world *w = *state;
    start_link(w);
    call_link(w, "C1");
    kandy_call_end(w->call, false);
    for (int i = 0; i < 5; i++) {
        reply(asked(w, "DELETE", SESSION("C1")), 500, "");
        loop_advance(w->loop, KANDY_AUDIT_RETRY_MS + 1);
    }
    assert_int_equal(w->n, w->seen);
}

/* ---- the seed ---- */

static void test_a_call_that_may_not_have_arrived(void **state)
{
    struct world *w = *state;
    char session[KANDY_ID_MAX];
    start_seed(w);
    w->call = dial_cloud(w, "97150");
    snprintf(session, sizeof session, "%s", kandy_call_session(w->call));
    lose_socket(w, 0, 1006);
    loop_advance(w->loop, 1);
    expect_heard(w, "failed:6:503 "); /* at once, for there may be another trunk */
    kandy_call_end(w->call, true);
    size_t before = w->n_said;
    come_back_seed(w);
    assert_true(was_said(w, before, "call.end", session));
}

/* One that is known there goes on. */
static void test_a_call_that_rings(void **state)
{
    struct world *w = *state;
    char text[400], id[64];
    start_seed(w);
    w->call = dial_cloud(w, "97150");
    last_id(w, id);
    snprintf(text, sizeof text,
             "{\"type\":\"response\",\"id\":\"%s\",\"result\":{\"status\":\"ringing\"}}", id);
    say(w, text);
    lose_socket(w, 0, 1006);
    come_back_seed(w);
    expect_heard(w, "ringing ");
    snprintf(text, sizeof text,
             "{\"method\":\"call.answered\",\"params\":{\"callId\":\"%s\",\"sdp\":\"v\"}}",
             kandy_call_session(w->call));
    say(w, text);
    expect_heard(w, "answer:v ");
    kandy_call_end(w->call, true);
}

static void test_hung_up_without_a_socket(void **state)
{
    struct world *w = *state;
    char session[KANDY_ID_MAX], text[KANDY_ID_MAX + 100];
    start_seed(w);
    w->call = dial_cloud(w, "97150");
    snprintf(session, sizeof session, "%s", kandy_call_session(w->call));
    snprintf(text, sizeof text,
             "{\"method\":\"call.answered\",\"params\":{\"callId\":\"%s\",\"sdp\":\"v\"}}",
             session);
    say(w, text);
    lose_socket(w, 0, 1006);
    size_t before = w->n_said;
    kandy_call_end(w->call, false);
    assert_int_equal(w->n_said, before);
    come_back_seed(w);
    assert_true(was_said(w, before, "call.end", session));
    loop_advance(w->loop, 20000);
    size_t n = 0;
    for (size_t i = before; i < w->n_said; i++)
        n += strstr(w->said[i], "call.end") != NULL;
    assert_int_equal(n, 1);
}

static void answer_seed(struct world *w)
{
    const struct kandy_op answer = { .kind = KANDY_OP_ANSWER, .sdp = SLICE("answer") };
    start_seed(w);
    say(w, "{\"type\":\"call.incomingCall\",\"params\":{\"callId\":\"I1\",\"from\":\"97150\"}}");
    assert_true(kandy_call_do(w->incoming, &answer));
    kandy_call_set_up(w->incoming);
    w->heard[0] = '\0';
}

/* The socket goes between our answer and the word that it arrived. */
static void test_an_answer_is_said_again(void **state)
{
    struct world *w = *state;
    char id[64], text[300];
    answer_seed(w);
    lose_socket(w, 0, 1006);
    size_t before = w->n_said;
    come_back_seed(w);
    assert_true(was_said(w, before, "call.answer", "\"sdp\":\"answer\""));
    last_id(w, id);
    snprintf(text, sizeof text,
             "{\"type\":\"response\",\"id\":\"%s\",\"error\":{\"code\":400,\"message\":\"twice\"}}",
             id);
    say(w, text); /* the first one had arrived */
    expect_heard(w, "");
    lose_socket(w, 0, 1006);
    before = w->n_said;
    come_back_seed(w);
    assert_false(was_said(w, before, "call.answer", "I1")); /* it is known now */
    kandy_call_end(w->incoming, false);
    assert_true(was_said(w, before, "call.end", "I1"));
}

static void test_an_answer_to_nobody(void **state)
{
    struct world *w = *state;
    char id[64], text[300];
    answer_seed(w);
    lose_socket(w, 0, 1006);
    come_back_seed(w);
    last_id(w, id);
    snprintf(text, sizeof text, "{\"type\":\"response\",\"id\":\"%s\",\"error\":{\"code\":404}}",
             id);
    say(w, text);
    expect_heard(w, "failed:6:404 ");
    kandy_call_end(w->incoming, true);
}

/* A refused answer need not name the call: its id does. */
static void test_an_answer_that_is_refused(void **state)
{
    struct world *w = *state;
    char id[64], text[300];
    answer_seed(w);
    last_id(w, id);
    snprintf(text, sizeof text, "{\"id\":\"%s\",\"error\":\"no such call\"}", id);
    say(w, text);
    expect_heard(w, "failed:6:480 ");
    kandy_call_end(w->incoming, true);
}

static void test_an_answer_that_is_taken(void **state)
{
    struct world *w = *state;
    char id[64], text[300];
    answer_seed(w);
    last_id(w, id);
    snprintf(text, sizeof text, "{\"type\":\"response\",\"id\":\"%s\",\"result\":{}}", id);
    say(w, text);
    lose_socket(w, 0, 1006);
    size_t before = w->n_said;
    come_back_seed(w);
    assert_false(was_said(w, before, "call.answer", "I1"));
    kandy_call_end(w->incoming, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_became_of_each),
        TEST(test_taken_elsewhere_meanwhile),
        TEST(test_an_end_that_got_lost),
        TEST(test_an_end_that_nobody_takes),
        TEST(test_a_call_that_may_not_have_arrived),
        TEST(test_a_call_that_rings),
        TEST(test_hung_up_without_a_socket),
        TEST(test_an_answer_is_said_again),
        TEST(test_an_answer_to_nobody),
        TEST(test_an_answer_that_is_refused),
        TEST(test_an_answer_that_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
