/* New offers inside a call: re-INVITE and UPDATE both ways, and the two meeting. */

#include "test_calls.h"

static struct sip_body sdp(const char *text)
{
    return (struct sip_body){ SLICE("application/sdp"), slice_of(text) };
}

static int setup(void **state)
{
    int result = world_setup(state);
    struct world *w = *state;
    w->caller.reanswer = "v=ours";
    w->callee.reanswer = "v=theirs";
    world_up(w);
    w->caller.log[0] = w->callee.log[0] = '\0';
    return result;
}

static void either_side_may_offer_again(void **state)
{
    struct world *w = *state;
    struct sip_body hold = sdp("v=hold");
    assert_int_equal(sip_session_reoffer(w->caller.session, &hold), OK);
    assert_int_equal(sip_session_reoffer(w->caller.session, &hold), ERR_AGAIN);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "reoffer:200:v=theirs ");
    assert_string_equal(w->callee.log, "reinvite:v=hold ack ");
    assert_int_equal(sip_session_reoffer(w->callee.session, &hold), OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "reinvite:v=hold ack reoffer:200:v=ours ");
    assert_string_equal(w->caller.log, "reoffer:200:v=theirs reinvite:v=hold ack ");
}

static void a_refused_offer_leaves_the_call_as_it_was(void **state)
{
    struct world *w = *state;
    struct sip_body hold = sdp("v=hold");
    w->callee.reanswer = NULL;
    assert_int_equal(sip_session_reoffer(w->caller.session, &hold), OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "reoffer:488: ");
    assert_int_equal(sip_session_state(w->caller.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(w->callee.session), SIP_SESSION_UP);
}

static void offers_that_cross_are_both_answered_in_the_end(void **state)
{
    struct world *w = *state;
    struct sip_body one = sdp("v=one");
    struct sip_body two = sdp("v=two");
    assert_int_equal(sip_session_reoffer(w->caller.session, &one), OK);
    assert_int_equal(sip_session_reoffer(w->callee.session, &two), OK);
    /* 491 both ways, and nobody is told */
    loop_advance(w->sim.loop, 2050); /* who did not make the Call-ID goes first: §14.1 */
    assert_string_equal(w->callee.log, "reoffer:200:v=ours ");
    assert_string_equal(w->caller.log, "reinvite:v=two ack ");
    loop_advance(w->sim.loop, 3000);
    assert_string_equal(w->caller.log, "reinvite:v=two ack reoffer:200:v=theirs ");
    assert_string_equal(w->callee.log, "reoffer:200:v=ours reinvite:v=one ack ");
}

static void an_offer_waits_while_theirs_is_open(void **state)
{
    struct world *w = *state;
    struct sip_body one = sdp("v=one");
    w->sim.seed = 5;
    assert_int_equal(sip_session_reoffer(w->caller.session, &one), OK);
    loop_advance(w->sim.loop, 6); /* it is there, its answer is on its way */
    assert_int_equal(sip_session_reoffer(w->callee.session, &one), ERR_AGAIN);
    loop_advance(w->sim.loop, 100);
    assert_int_equal(sip_session_reoffer(w->callee.session, &one), OK);
    loop_advance(w->sim.loop, 100);
}

static void an_update_with_a_body_is_an_offer(void **state)
{
    struct world *w = *state;
    struct sip_body one = sdp("v=update");
    assert_int_equal(sip_session_request(w->caller.session, SLICE("UPDATE"), NULL, 0, &one,
                                         call_on_outcome, &w->caller),
                     OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "reinvite:v=update ");
    assert_string_equal(w->caller.log, "outcome:200 ");
}

static void a_call_ended_during_an_offer_ends_quietly(void **state)
{
    struct world *w = *state;
    struct sip_body one = sdp("v=one");
    assert_int_equal(sip_session_reoffer(w->caller.session, &one), OK);
    loop_advance(w->sim.loop, 6);
    sip_session_bye(w->caller.session, SLICE_NONE);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "reinvite:v=one bye:200: ");
    assert_string_equal(w->caller.log, "");
}

static void on_reinvite_later(void *owner, struct sip_session *session,
                              const struct sip_msg *request)
{
    (void)session;
    (void)request;
    call_note(owner, "asked ");
}

static void an_unanswered_offer_blocks_a_second_one_and_dies_with_the_call(void **state)
{
    struct world *w = *state;
    struct sip_body one = sdp("v=one");
    struct sip_session_events slow = call_events;
    slow.on_reinvite = on_reinvite_later;
    sip_session_take(w->callee.session, &slow, &w->callee);
    assert_int_equal(sip_session_reoffer(w->caller.session, &one), OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "asked ");
    /* UPDATE with an offer while the INVITE's waits: 500 with Retry-After (RFC 3311 §5.2) */
    assert_int_equal(sip_session_request(w->caller.session, SLICE("UPDATE"), NULL, 0, &one,
                                         call_on_outcome, &w->caller),
                     OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "outcome:500 ");
    sip_session_bye(w->callee.session, SLICE_NONE);
    loop_advance(w->sim.loop, 100);
    assert_non_null(strstr(w->caller.log, "bye:200:"));
}

static void an_offer_taken_back_leaves_the_call_as_it_was(void **state)
{
    struct world *w = *state;
    struct sip_body one = sdp("v=one");
    struct sip_session_events slow = call_events;
    slow.on_reinvite = on_reinvite_later;
    sip_session_take(w->callee.session, &slow, &w->callee);
    sip_session_cancel_reoffer(w->caller.session); /* there is none */
    assert_int_equal(sip_session_reoffer(w->caller.session, &one), OK);
    loop_advance(w->sim.loop, 100);
    sip_session_cancel_reoffer(w->caller.session);
    sip_session_cancel_reoffer(w->caller.session);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "asked withdrawn ");
    assert_string_equal(w->caller.log, "reoffer:487: ");
    sip_session_take(w->callee.session, &call_events, &w->callee);
    assert_int_equal(sip_session_reoffer(w->caller.session, &one), OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "asked withdrawn reinvite:v=one ack ");
    assert_string_equal(w->caller.log, "reoffer:487: reoffer:200:v=theirs ");
}

int main(void)
{
#define UP(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        UP(either_side_may_offer_again),
        UP(a_refused_offer_leaves_the_call_as_it_was),
        UP(offers_that_cross_are_both_answered_in_the_end),
        UP(an_offer_waits_while_theirs_is_open),
        UP(an_update_with_a_body_is_an_offer),
        UP(a_call_ended_during_an_offer_ends_quietly),
        UP(an_offer_taken_back_leaves_the_call_as_it_was),
        UP(an_unanswered_offer_blocks_a_second_one_and_dies_with_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
