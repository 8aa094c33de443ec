/* RFC 4028: who refreshes, how, and what happens when nobody does. */

#include "test_scene.h"

static void set_timer(struct call *call, uint32_t expires_s, uint32_t min_se_s)
{
    call->agent->session_expires_s = expires_s;
    call->agent->min_se_s = min_se_s;
}

static void forbid_update(struct call *call)
{
    mem_free(call->agent->allow);
    call->agent->allow = slice_dup(SLICE("INVITE, ACK, CANCEL, BYE"));
}

static void a_call_is_refreshed_by_update_for_hours(void **state)
{
    struct scene *s = *state;
    set_timer(&s->w.caller, 120, 90);
    world_up(&s->w);
    scene_pass(s, 2 * 3600 * 1000);
    assert_int_equal(sip_session_state(s->w.caller.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(s->w.callee.session), SIP_SESSION_UP);
    /* the answering side chose itself: one each 60 s */
    assert_in_range(sip_agent_stats(s->w.caller.agent)->requests_in[SIP_UPDATE], 119, 121);
    assert_int_equal(sip_agent_stats(s->w.callee.agent)->requests_in[SIP_UPDATE], 0);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer ");
    assert_string_equal(s->w.callee.log, "invite ack ");
}

static void without_update_the_last_description_is_offered_again(void **state)
{
    struct scene *s = *state;
    set_timer(&s->w.caller, 120, 90);
    forbid_update(&s->w.caller);
    s->w.caller.reanswer = "v=again";
    world_up(&s->w);
    scene_pass(s, 61000);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer reinvite:v=answer ack ");
    assert_string_equal(s->w.callee.log, "invite ack "); /* nobody asked for it */
    scene_pass(s, 600000);
    assert_int_equal(sip_session_state(s->w.callee.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(s->w.caller.session), SIP_SESSION_UP);
}

static void the_caller_refreshes_when_the_answer_says_so(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    assert_string_equal(scene_value(s, "INVITE", 0, SIP_H_SESSION_EXPIRES), "1800");
    assert_true(sip_msg_lists(sim_peer_last(&s->peer, "INVITE", 0), SIP_H_SUPPORTED, "timer"));
    scene_reply(s, "INVITE", 200,
                SCENE_CONTACT "Require: timer\r\nSession-Expires: 200;refresher=uac\r\n"
                              "Allow: INVITE, UPDATE\r\n",
                "v=answer");
    scene_pass(s, 99000);
    assert_int_equal(sim_peer_count(&s->peer, "UPDATE", 0), 0);
    scene_pass(s, 1100);
    assert_int_equal(sim_peer_count(&s->peer, "UPDATE", 0), 1);
    assert_string_equal(scene_value(s, "UPDATE", 0, SIP_H_SESSION_EXPIRES), "200;refresher=uac");
    assert_int_equal(sip_msg_body(sim_peer_last(&s->peer, "UPDATE", 0)).len, 0);
    scene_reply(s, "UPDATE", 200, SCENE_CONTACT "Session-Expires: 100;refresher=uas\r\n", "");
    scene_pass(s, 60000); /* the far end took it over, and is silent: 100 s less a third */
    assert_string_equal(s->w.caller.log, "answer:v=answer ");
    scene_pass(s, 8000);
    assert_string_equal(s->w.caller.log, "answer:v=answer bye:408:session timer expired ");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 1);
}

static void both_sides_end_a_call_that_lost_its_way(void **state)
{
    struct scene *s = *state;
    set_timer(&s->w.caller, 300, 90);
    world_up(&s->w);
    s->w.sim.loss = 100;
    scene_pass(s, 400000);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer bye:408:session timer expired ");
    assert_string_equal(s->w.callee.log, "invite ack bye:408:session timer expired ");
}

static void a_422_is_answered_with_a_longer_interval(void **state)
{
    struct scene *s = *state;
    set_timer(&s->w.caller, 120, 90);
    set_timer(&s->w.callee, 1800, 400);
    world_up(&s->w);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer ");
    assert_int_equal(s->w.caller.session->timer.expires_s, 400);
    assert_int_equal(s->w.callee.session->timer.expires_s, 400);
    assert_int_equal(sip_agent_stats(s->w.callee.agent)->responses_out[4], 1);
}

static void one_that_never_agrees_fails_the_call(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 422, "Min-SE: 4000\r\n", "");
    assert_string_equal(scene_value(s, "INVITE", 0, SIP_H_SESSION_EXPIRES), "4000");
    assert_string_equal(scene_value(s, "INVITE", 0, SIP_H_MIN_SE), "4000");
    scene_reply(s, "INVITE", 422, "Min-SE: 5000\r\n", "");
    scene_reply(s, "INVITE", 422, "Min-SE: 6000\r\n", "");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 3);
    assert_string_equal(s->w.caller.log, "failed:422:Session Interval Too Small ");
}

static void an_interval_below_ours_is_refused(void **state)
{
    struct scene *s = *state;
    scene_say(s, NULL, "INVITE", 1, "Supported: timer\r\nSession-Expires: 60\r\n", "");
    assert_string_equal(scene_value(s, "INVITE", 422, SIP_H_MIN_SE), "90");
    assert_string_equal(s->w.callee.log, "");
    assert_int_equal(sip_agent_stats(s->w.callee.agent)->sessions, 0);
}

static void the_callers_wish_is_kept(void **state)
{
    struct scene *s = *state;
    scene_say(s, NULL, "INVITE", 1, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
              "");
    call_answer(&s->w.callee, "v=answer");
    scene_pass(s, 20);
    assert_string_equal(scene_value(s, "INVITE", 200, SIP_H_SESSION_EXPIRES), "90;refresher=uac");
    assert_string_equal(scene_value(s, "INVITE", 200, SIP_H_REQUIRE), "timer");
    scene_say(s, s->w.callee.session, "ACK", 1, "", "");
    for (unsigned i = 0; i < 10; i++) {
        scene_pass(s, 45000);
        scene_say(s, s->w.callee.session, "UPDATE", 2 + i,
                  "Supported: timer\r\n"
                  "Session-Expires: 90;refresher=uac\r\n",
                  "");
        assert_string_equal(scene_value(s, "UPDATE", 200, SIP_H_SESSION_EXPIRES),
                            "90;refresher=uac");
    }
    assert_string_equal(s->w.callee.log, "invite ack ");
    scene_pass(s, 59000); /* 90 s less a third: a little before the end */
    assert_string_equal(s->w.callee.log, "invite ack ");
    scene_pass(s, 1100);
    assert_string_equal(s->w.callee.log, "invite ack bye:408:session timer expired ");
}

static void one_without_timers_has_none(void **state)
{
    struct scene *s = *state;
    scene_say(s, NULL, "INVITE", 1, "Supported: 100rel\r\n", "");
    call_answer(&s->w.callee, "v=answer");
    scene_pass(s, 20);
    assert_string_equal(scene_value(s, "INVITE", 200, SIP_H_SESSION_EXPIRES), "");
    scene_say(s, s->w.callee.session, "ACK", 1, "", "");
    scene_pass(s, 4 * 3600 * 1000);
    assert_string_equal(s->w.callee.log, "invite ack ");
}

static void a_refusal_is_tried_again_and_405_means_reinvite(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200,
                SCENE_CONTACT "Session-Expires: 200;refresher=uac\r\nAllow: INVITE, UPDATE\r\n",
                "v=answer");
    scene_pass(s, 100000);
    scene_reply(s, "UPDATE", 405, "Allow: INVITE\r\n", "");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 2);
    assert_true(slice_is(sip_msg_body(sim_peer_last(&s->peer, "INVITE", 0)), "v=offer"));
    scene_reply(s, "INVITE", 500, "", "");
    scene_pass(s, 10100);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 3);
    scene_reply(s, "INVITE", 200, SCENE_CONTACT "Session-Expires: 200;refresher=uac\r\n",
                "v=answer");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 3);
    scene_pass(s, 60000);
    assert_string_equal(s->w.caller.log, "answer:v=answer ");
}

/* Who is on hold stays there: a refresh repeats the newest description, not the first. */
static void a_refresh_repeats_what_was_offered_last(void **state)
{
    struct scene *s = *state;
    const char *headers = SCENE_CONTACT "Session-Expires: 200;refresher=uac\r\nAllow: INVITE\r\n";
    struct sip_body hold = { SLICE("application/sdp"), SLICE("v=hold") };
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200, headers, "v=answer");
    assert_int_equal(sip_session_reoffer(s->w.caller.session, &hold), OK);
    scene_pass(s, 20);
    scene_reply(s, "INVITE", 200, headers, "v=held");
    scene_pass(s, 100100);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 3);
    assert_true(slice_is(sip_msg_body(sim_peer_last(&s->peer, "INVITE", 0)), "v=hold"));
}

static void an_offer_during_a_refresh_goes_after_it(void **state)
{
    struct scene *s = *state;
    struct sip_body hold = { SLICE("application/sdp"), SLICE("v=hold") };
    set_timer(&s->w.caller, 120, 90);
    s->w.caller.reanswer = "v=held";
    world_up(&s->w);
    uint64_t before = sip_agent_stats(s->w.callee.agent)->requests_out[SIP_UPDATE];
    while (sip_agent_stats(s->w.callee.agent)->requests_out[SIP_UPDATE] == before)
        scene_pass(s, 1);
    assert_int_equal(sip_session_reoffer(s->w.callee.session, &hold), OK);
    assert_int_equal(sip_session_reoffer(s->w.callee.session, &hold), ERR_AGAIN);
    scene_pass(s, 200);
    assert_string_equal(s->w.callee.log, "invite ack reoffer:200:v=held ");
    assert_string_equal(s->w.caller.log, "180 answer:v=answer reinvite:v=hold ack ");
}

static void a_481_to_a_refresh_ends_the_call(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200, SCENE_CONTACT "Session-Expires: 90\r\nAllow: INVITE, UPDATE\r\n",
                "v=answer");
    scene_pass(s, 45100);
    scene_reply(s, "UPDATE", 481, "", "");
    assert_string_equal(s->w.caller.log, "answer:v=answer bye:408:session timer expired ");
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_call_is_refreshed_by_update_for_hours),
        SCENE(without_update_the_last_description_is_offered_again),
        SCENE(the_caller_refreshes_when_the_answer_says_so),
        SCENE(both_sides_end_a_call_that_lost_its_way),
        SCENE(a_422_is_answered_with_a_longer_interval),
        SCENE(one_that_never_agrees_fails_the_call),
        SCENE(an_interval_below_ours_is_refused),
        SCENE(the_callers_wish_is_kept),
        SCENE(one_without_timers_has_none),
        SCENE(a_refusal_is_tried_again_and_405_means_reinvite),
        SCENE(a_refresh_repeats_what_was_offered_last),
        SCENE(an_offer_during_a_refresh_goes_after_it),
        SCENE(a_481_to_a_refresh_ends_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
