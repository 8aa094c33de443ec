/* Whole calls between two of our own stacks over a simulated network. */

#include "test_calls.h"

static void a_call_is_answered_and_hung_up_by_the_caller(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 ");
    assert_string_equal(w->callee.log, "invite ");
    call_answer(&w->callee, "v=answer");
    assert_int_equal(sip_session_state(w->callee.session), SIP_SESSION_ACCEPTED);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 answer:v=answer ");
    assert_string_equal(w->callee.log, "invite ack ");
    assert_int_equal(sip_session_state(w->caller.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(w->callee.session), SIP_SESSION_UP);
    sip_session_bye(w->caller.session, SLICE("SIP;cause=200;text=\"had enough\""));
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "invite ack bye:200:had enough ");
    assert_string_equal(w->caller.log, "180 answer:v=answer ");
}

static void the_callee_hangs_up_inside_the_final_event(void **state)
{
    struct world *w = *state;
    w->caller.destroys = true;
    world_up(w);
    sip_session_destroy(w->callee.session);
    w->callee.session = NULL;
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 answer:v=answer bye:200: ");
    assert_int_equal(sip_agent_stats(w->callee.agent)->sessions, 0);
    assert_int_equal(sip_agent_stats(w->caller.agent)->sessions, 0);
}

static void a_refusal_is_told_with_status_and_reason(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    call_reject(&w->callee, 486);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 failed:486:Busy Here ");
    assert_int_equal(sip_session_state(w->caller.session), SIP_SESSION_DONE);
}

static void nobody_takes_the_call(void **state)
{
    struct world *w = *state;
    static const struct sip_agent_events deaf = { .on_wire = call_on_wire };
    w->callee.agent->events = &deaf;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "failed:480:Temporarily Unavailable ");
}

static void a_cancelled_call_ends_on_both_sides(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    assert_int_equal(
        sip_session_cancel(w->caller.session, SLICE("SIP;cause=200;text=\"Completed elsewhere\"")),
        OK);
    assert_int_equal(sip_session_cancel(w->caller.session, SLICE_NONE), ERR_MISUSE);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 failed:487:cancelled ");
    assert_string_equal(w->callee.log, "invite cancelled:200:Completed elsewhere ");
}

static void cancelling_waits_for_the_first_provisional(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    assert_int_equal(sip_session_cancel(w->caller.session, SLICE_NONE), OK);
    assert_int_equal(w->sim.sent, 1); /* the INVITE alone: §9.1 */
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "failed:487:cancelled ");
    assert_string_equal(w->callee.log, "invite cancelled:200: ");
}

static void destroying_a_calling_session_cancels_it(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    sip_session_destroy(w->caller.session);
    w->caller.session = NULL;
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 ");
    assert_string_equal(w->callee.log, "invite cancelled:200: ");
    assert_int_equal(sip_agent_stats(w->caller.agent)->sessions, 0);
}

static void destroying_an_incoming_session_says_480(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    sip_session_destroy(w->callee.session);
    w->callee.session = NULL;
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 failed:480:Temporarily Unavailable ");
}

static void an_answer_that_crosses_the_cancel_is_hung_up(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    call_answer(&w->callee, "v=answer");
    assert_int_equal(sip_session_cancel(w->caller.session, SLICE_NONE), OK);
    loop_advance(w->sim.loop, 200);
    assert_string_equal(w->caller.log, "180 failed:487:cancelled ");
    assert_string_equal(w->callee.log, "invite ack bye:200: ");
}

static void a_call_that_is_not_answered_in_time_is_cancelled(void **state)
{
    struct world *w = *state;
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.2"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1"),
                                         .timeout_ms = 20000 };
    world_call(w, &config);
    loop_advance(w->sim.loop, 19000);
    assert_string_equal(w->caller.log, "180 ");
    loop_advance(w->sim.loop, 2000);
    assert_string_equal(w->caller.log,
                        "180 failed:408:the far end did not answer the call in time ");
    assert_string_equal(w->callee.log, "invite cancelled:200: ");
}

static void nobody_there_is_told_after_timer_b(void **state)
{
    struct world *w = *state;
    struct sim_peer mute;
    sim_peer_init(&mute, &w->sim, "10.0.0.3:5070");
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.3:5070"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1"),
                                         .hop = { .addr = sim_addr("10.0.0.3:5070") } };
    world_call(w, &config);
    loop_advance(w->sim.loop, 31900);
    assert_string_equal(w->caller.log, "");
    assert_int_equal(mute.n, 7); /* at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s */
    loop_advance(w->sim.loop, 200);
    assert_string_equal(w->caller.log, "failed:408:no answer from 10.0.0.3:5070 over UDP in 32 s ");
    sim_peer_clear(&mute);
}

static void a_refused_datagram_fails_the_call_at_once(void **state)
{
    struct world *w = *state;
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.9:5062"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1"),
                                         .hop = { .addr = sim_addr("10.0.0.9:5062") } };
    world_call(w, &config);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log,
                        "failed:503:cannot reach 10.0.0.9:5062 over UDP: Connection refused ");
}

static void a_late_offer_is_answered_in_the_ack(void **state)
{
    struct world *w = *state;
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.2"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1") };
    w->caller.ack_body = "v=late";
    world_call(w, &config);
    loop_advance(w->sim.loop, 100);
    call_answer(&w->callee, "v=offer");
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 answer:v=offer ");
    assert_string_equal(w->callee.log, "invite ack:v=late ");
}

static void requests_in_the_dialog_reach_the_owner(void **state)
{
    struct world *w = *state;
    struct sip_body body = { SLICE("application/dtmf-relay"), SLICE("Signal=5") };
    world_up(w);
    assert_int_equal(sip_session_request(w->caller.session, SLICE("INFO"), NULL, 0, &body,
                                         call_on_outcome, &w->caller),
                     OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "invite ack INFO:Signal=5 ");
    assert_string_equal(w->caller.log, "180 answer:v=answer outcome:200 ");
    assert_int_equal(sip_session_request(w->callee.session, SLICE("OPTIONS"), NULL, 0, NULL,
                                         call_on_outcome, &w->callee),
                     OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "invite ack INFO:Signal=5 outcome:200 ");
}

static void hanging_up_from_both_sides_at_once_is_fine(void **state)
{
    struct world *w = *state;
    world_up(w);
    sip_session_bye(w->caller.session, SLICE_NONE);
    sip_session_bye(w->callee.session, SLICE_NONE);
    loop_advance(w->sim.loop, 100);
    assert_int_equal(sip_agent_stats(w->caller.agent)->responses_in[2], 2); /* INVITE, BYE */
    assert_int_equal(sip_agent_stats(w->callee.agent)->responses_in[2], 1);
    assert_int_equal(sip_agent_stats(w->caller.agent)->responses_in[4], 0);
}

static void a_dialog_that_the_far_end_forgot_ends_here_too(void **state)
{
    struct world *w = *state;
    world_up(w);
    sip_session_free(w->callee.session); /* as if it had restarted */
    w->callee.session = NULL;
    assert_int_equal(
        sip_session_request(w->caller.session, SLICE("INFO"), NULL, 0, NULL, NULL, NULL), OK);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log,
                        "180 answer:v=answer bye:481:the far end does not know the call any more ");
}

static void fields_that_do_not_belong_are_left_out(void **state)
{
    struct world *w = *state;
    struct sip_field fields[] = {
        { SLICE("X-Agent-Context"), SLICE("{\"a\":1}") },
        { SLICE("X-Evil"), SLICE("a\r\nInjected: yes") },
        { SLICE("Call-ID"), SLICE("mine") },
        { SLICE("Bad Name"), SLICE("x") },
    };
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.2"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1"),
                                         .from_name = SLICE("Alice \"A\""),
                                         .call_id_prefix = SLICE("page-7"),
                                         .fields = fields,
                                         .n_fields = 4 };
    world_call(w, &config);
    loop_advance(w->sim.loop, 100);
    const struct sip_msg *invite = sip_session_invite_msg(w->callee.session);
    assert_true(
        slice_is(sip_msg_header_named(invite, SLICE("X-Agent-Context"))->value, "{\"a\":1}"));
    assert_null(sip_msg_header_named(invite, SLICE("X-Evil")));
    assert_null(sip_msg_header_named(invite, SLICE("Injected")));
    assert_true(slice_starts(sip_msg_call_id(invite), SLICE("page-7-")));
    assert_true(slice_is(sip_msg_value(invite, SIP_H_USER_AGENT), "test"));
}

static void values_that_are_no_uris_are_refused(void **state)
{
    struct world *w = *state;
    struct sip_session *session = NULL;
    struct sip_session_config bad_uri = { .request_uri = SLICE("not a uri"),
                                          .from_uri = SLICE("sip:alice@10.0.0.1"),
                                          .hop = { .addr = sim_addr("10.0.0.2:5060") } };
    struct sip_session_config bad_hop = { .request_uri = SLICE("sip:bob@10.0.0.2"),
                                          .from_uri = SLICE("sip:alice@10.0.0.1"),
                                          .hop = { .kind = SIP_TLS,
                                                   .addr = sim_addr("10.0.0.2:5061") } };
    assert_int_equal(
        sip_session_invite(&session, w->caller.agent, &bad_uri, &call_events, &w->caller),
        ERR_INVALID);
    assert_int_equal(
        sip_session_invite(&session, w->caller.agent, &bad_hop, &call_events, &w->caller),
        ERR_NOT_FOUND);
    assert_null(session);
    assert_int_equal(sip_agent_stats(w->caller.agent)->sessions, 0);
}

static void operations_in_the_wrong_state_are_misuse(void **state)
{
    struct world *w = *state;
    struct sip_reply ok = { .status = 200 };
    struct sip_reply no = { .status = 486 };
    struct sip_body body = { SLICE("application/sdp"), SLICE("v") };
    world_call(w, NULL);
    assert_int_equal(sip_session_answer(w->caller.session, &ok), ERR_MISUSE);
    assert_int_equal(sip_session_progress(w->caller.session, &ok), ERR_MISUSE);
    assert_int_equal(sip_session_reoffer(w->caller.session, &body), ERR_MISUSE);
    assert_int_equal(
        sip_session_request(w->caller.session, SLICE("INFO"), NULL, 0, NULL, NULL, NULL),
        ERR_MISUSE);
    loop_advance(w->sim.loop, 100);
    assert_int_equal(sip_session_answer(w->callee.session, &no), ERR_MISUSE);
    assert_int_equal(sip_session_reject(w->callee.session, &ok), ERR_MISUSE);
    assert_int_equal(sip_session_cancel(w->callee.session, SLICE_NONE), ERR_MISUSE);
    call_answer(&w->callee, "v=answer");
    assert_int_equal(sip_session_reject(w->callee.session, &no), ERR_MISUSE);
    loop_advance(w->sim.loop, 100);
    assert_int_equal(sip_session_cancel(w->caller.session, SLICE_NONE), ERR_MISUSE);
}

/* A call, a question in it, a new offer and a hang-up get through whatever the network does. */
static void call_through(unsigned loss, unsigned duplicates, unsigned reorder, uint32_t seed)
{
    struct world *w = mem_new(struct world);
    world_init(w);
    w->sim.loss = loss;
    w->sim.duplicates = duplicates;
    w->sim.reorder = reorder;
    w->sim.seed = seed;
    w->callee.reanswer = "v=again";
    world_call(w, NULL);
    for (int i = 0; i < 400 && !w->callee.session; i++)
        loop_advance(w->sim.loop, 50);
    assert_non_null(w->callee.session);
    call_answer(&w->callee, "v=answer");
    loop_advance(w->sim.loop, 20000);
    assert_non_null(strstr(w->caller.log, "answer:v=answer "));
    assert_int_equal(sip_session_state(w->caller.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(w->callee.session), SIP_SESSION_UP);
    assert_non_null(strstr(w->callee.log, "invite ack "));
    struct sip_body body = { SLICE("application/sdp"), SLICE("v=hold") };
    assert_int_equal(sip_session_reoffer(w->caller.session, &body), OK);
    loop_advance(w->sim.loop, 25000);
    assert_non_null(strstr(w->caller.log, "reoffer:200:v=again "));
    assert_non_null(strstr(w->callee.log, "reinvite:v=hold ack "));
    sip_session_bye(w->callee.session, SLICE_NONE);
    loop_advance(w->sim.loop, 31000);
    assert_non_null(strstr(w->caller.log, "bye:200: "));
    /* and each of it once */
    char *first = strstr(w->caller.log, "answer:");
    assert_null(strstr(first + 1, "answer:"));
    assert_null(strstr(strstr(w->callee.log, "invite ") + 1, " invite "));
    world_clear(w);
    mem_free(w);
}

static void calls_survive_loss_duplicates_and_reordering(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 60; seed++)
        call_through(10, 10, 20, seed * 7919);
    for (uint32_t seed = 1; seed <= 20; seed++)
        call_through(25, 0, 0, seed * 104729);
    call_through(0, 100, 0, 3);
    call_through(0, 0, 50, 4);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WORLD(a_call_is_answered_and_hung_up_by_the_caller),
        WORLD(the_callee_hangs_up_inside_the_final_event),
        WORLD(a_refusal_is_told_with_status_and_reason),
        WORLD(nobody_takes_the_call),
        WORLD(a_cancelled_call_ends_on_both_sides),
        WORLD(cancelling_waits_for_the_first_provisional),
        WORLD(destroying_a_calling_session_cancels_it),
        WORLD(destroying_an_incoming_session_says_480),
        WORLD(an_answer_that_crosses_the_cancel_is_hung_up),
        WORLD(a_call_that_is_not_answered_in_time_is_cancelled),
        WORLD(nobody_there_is_told_after_timer_b),
        WORLD(a_refused_datagram_fails_the_call_at_once),
        WORLD(a_late_offer_is_answered_in_the_ack),
        WORLD(requests_in_the_dialog_reach_the_owner),
        WORLD(hanging_up_from_both_sides_at_once_is_fine),
        WORLD(a_dialog_that_the_far_end_forgot_ends_here_too),
        WORLD(fields_that_do_not_belong_are_left_out),
        WORLD(values_that_are_no_uris_are_refused),
        WORLD(operations_in_the_wrong_state_are_misuse),
        cmocka_unit_test(calls_survive_loss_duplicates_and_reordering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
