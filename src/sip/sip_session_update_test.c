/* UPDATE of ours (RFC 3311), offers that nobody answers, forks that answer late, redirections,
 * identities, causes, loops and limits of sessions. */

#include "sip_redirect.h"
#include "test_scene.h"

#define ANSWERED SCENE_CONTACT "Allow: INVITE, UPDATE\r\n"

static const struct sip_body hold = { { "application/sdp", 15 }, { "v=hold", 6 } };

static void an_update_of_ours_offers_in_the_call(void **state)
{
    struct scene *s = *state;
    s->w.caller.reanswer = "v=held";
    world_up(&s->w);
    assert_int_equal(sip_session_update(s->w.callee.session, &hold), OK);
    assert_int_equal(sip_session_update(s->w.callee.session, &hold), ERR_AGAIN);
    scene_pass(s, 100);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer reinvite:v=hold ");
    assert_string_equal(s->w.callee.log, "invite ack reoffer:200:v=held ");
}

static void who_does_not_allow_update_gets_none(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    assert_int_equal(sip_session_update(s->w.caller.session, &hold), ERR_MISUSE);
    scene_reply(s, "INVITE", 200, SCENE_CONTACT "Allow: INVITE, BYE\r\n", "v=answer");
    assert_int_equal(sip_session_update(s->w.caller.session, &hold), ERR_UNSUPPORTED);
}

static void before_the_answer_update_waits_for_offer_and_answer(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 183, ANSWERED, "v=early"); /* not reliable: nothing is agreed */
    assert_int_equal(sip_session_update(s->w.caller.session, &hold), ERR_MISUSE);
    scene_reply(s, "INVITE", 183, ANSWERED "Require: 100rel\r\nRSeq: 1\r\n", "v=early");
    scene_reply(s, "PRACK", 200, "", "");
    assert_int_equal(sip_session_update(s->w.caller.session, &hold), OK);
    scene_pass(s, 20);
    assert_true(slice_is(sip_msg_body(sim_peer_last(&s->peer, "UPDATE", 0)), "v=hold"));
    scene_reply(s, "UPDATE", 200, SCENE_CONTACT, "v=held");
    scene_reply(s, "INVITE", 200, ANSWERED, "");
    assert_string_equal(s->w.caller.log, "183 183 reoffer:200:v=held answer: ");
}

static void their_early_update_is_answered_before_the_call(void **state)
{
    struct scene *s = *state;
    struct sip_reply early = { .status = 183,
                               .body = { SLICE("application/sdp"), SLICE("v=early") } };
    s->w.callee.rings = false;
    s->w.callee.reanswer = "v=now";
    scene_say(s, NULL, "INVITE", 1,
              "Require: 100rel\r\nAllow: UPDATE\r\nContent-Type: application/sdp\r\n", "v=offer");
    struct sip_session *session = s->w.callee.session;
    assert_int_equal(sip_session_progress(session, &early), OK);
    scene_pass(s, 20);
    scene_say(s, session, "UPDATE", 2, "Content-Type: application/sdp\r\n", "v=new");
    assert_int_equal(sim_peer_count(&s->peer, "UPDATE", 500), 1); /* no PRACK yet */
    char rack[2100];
    snprintf(rack, sizeof rack, "RAck: %s 1 INVITE\r\n", scene_value(s, "INVITE", 183, SIP_H_RSEQ));
    scene_say(s, session, "PRACK", 3, rack, "");
    scene_say(s, session, "UPDATE", 4, "Content-Type: application/sdp\r\n", "v=new");
    assert_true(slice_is(sip_msg_body(sim_peer_last(&s->peer, "UPDATE", 200)), "v=now"));
    assert_string_equal(s->w.callee.log, "invite reinvite:v=new ");
    call_answer(&s->w.callee, "");
    scene_pass(s, 20);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 1);
    scene_say(s, session, "ACK", 1, "", "");
    assert_int_equal(sip_session_state(session), SIP_SESSION_UP);
}

static void a_reinvite_that_only_rings_is_cancelled(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200, ANSWERED, "v=answer");
    assert_int_equal(sip_session_reoffer(s->w.caller.session, &hold), OK);
    scene_pass(s, 20);
    scene_reply(s, "INVITE", 180, SCENE_CONTACT, "");
    struct sip_msg *invite = sim_peer_last(&s->peer, "INVITE", 0);
    scene_pass(s, 32600);
    assert_int_equal(sim_peer_count(&s->peer, "CANCEL", 0), 1);
    scene_reply(s, "CANCEL", 200, "", "");
    sim_peer_reply(&s->peer, invite, 487, "carol", "", "");
    scene_pass(s, 20);
    assert_string_equal(s->w.caller.log, "answer:v=answer reoffer:408: ");
    assert_int_equal(sip_session_state(s->w.caller.session), SIP_SESSION_UP);
}

static void a_reinvite_that_not_even_its_cancel_ends_is_the_end(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200, ANSWERED, "v=answer");
    assert_int_equal(sip_session_reoffer(s->w.caller.session, &hold), OK);
    scene_pass(s, 20);
    scene_reply(s, "INVITE", 180, SCENE_CONTACT, "");
    scene_pass(s, 66000);
    assert_string_equal(s->w.caller.log,
                        "answer:v=answer reoffer:408: "
                        "bye:408:the far end did not answer the new offer in time ");
}

static void late_answers_of_a_dead_call_are_acknowledged_and_hung_up(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200, ANSWERED, "v=answer");
    sip_session_destroy(s->w.caller.session);
    s->w.caller.session = NULL;
    scene_pass(s, 20);
    scene_reply(s, "BYE", 200, "", "");
    assert_int_equal(sip_agent_stats(s->w.caller.agent)->sessions, 0);
    scene_pass(s, 10000);
    s->local_tag = "late";
    scene_reply(s, "INVITE", 200, ANSWERED, "v=late");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 2);
    assert_true(slice_is(sip_msg_to_tag(sim_peer_last(&s->peer, "ACK", 0)), "late"));
    assert_true(slice_is(sip_msg_to_tag(sim_peer_last(&s->peer, "BYE", 0)), "late"));
    scene_reply(s, "BYE", 200, "", "");
    scene_pass(s, 30000);
    scene_reply(s, "INVITE", 200, ANSWERED, "v=late");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 2);
    assert_true(list_empty(&s->w.caller.agent->sessions));
}

static void keep_targets(void *owner, struct sip_session *session,
                         const struct sip_outcome *outcome)
{
    (void)session;
    call_note(owner, "failed:%d:%d ", outcome->status, outcome->q850);
    for (size_t i = 0; i < outcome->n_targets; i++)
        call_note(owner, "%.*s=%u ", SLICE_ARG(outcome->targets[i].uri), outcome->targets[i].q);
}

static const struct sip_session_events target_events = { .on_failed = keep_targets };

static void a_redirection_comes_with_its_targets_in_order(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    sip_session_take(s->w.caller.session, &target_events, &s->w.caller);
    scene_reply(s, "INVITE", 302,
                "Contact: <sip:a@x>;q=0.2, <sip:b@x;transport=tcp>, <sip:a@x>;q=0.9\r\n"
                "Contact: <mailto:c@x>, <tel:+15551234567>;q=0.5\r\n",
                "");
    assert_string_equal(s->w.caller.log, "failed:302:0 sip:b@x;transport=tcp=1000 "
                                         "tel:+15551234567=500 sip:a@x=200 ");
}

static void a_refusal_carries_the_networks_cause(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    sip_session_take(s->w.caller.session, &target_events, &s->w.caller);
    scene_reply(s, "INVITE", 503, "Reason: Q.850;cause=34;text=\"No circuit\"\r\n", "");
    assert_string_equal(s->w.caller.log, "failed:503:34 ");
}

static void an_identity_is_asserted_and_hidden(void **state)
{
    struct scene *s = *state;
    struct sip_session_config config = {
        .from_uri = SLICE("sip:+15551230000@10.0.0.1"),
        .identity = { .uri = SLICE("sip:+15551230000@10.0.0.1"),
                      .name = SLICE("Alice \"A\""),
                      .is_private = true },
    };
    scene_call(s, &config);
    const struct sip_msg *invite = sim_peer_last(&s->peer, "INVITE", 0);
    assert_string_equal(scene_value(s, "INVITE", 0, SIP_H_P_ASSERTED_IDENTITY),
                        "\"Alice \\\"A\\\"\" <sip:+15551230000@10.0.0.1>");
    assert_string_equal(scene_value(s, "INVITE", 0, SIP_H_PRIVACY), "id");
    assert_true(sip_identity_is_anonymous(invite));
    assert_true(slice_is(sip_msg_from(invite)->uri.text, SIP_ANONYMOUS_URI));
    assert_null(strstr(scene_value(s, "INVITE", 0, SIP_H_CONTACT), "5551230000"));
    struct sip_identity read;
    sip_identity_read(invite, &read);
    assert_true(slice_is(read.uri, "sip:+15551230000@10.0.0.1"));
    assert_true(read.is_private);
    assert_false(read.is_preferred);
    config.identity.uri = SLICE("no uri");
    config.request_uri = SLICE("sip:carol@10.0.0.3");
    config.hop.addr = s->peer.end->addr;
    struct sip_session *none = NULL;
    assert_int_equal(
        sip_session_invite(&none, s->w.caller.agent, &config, &call_events, &s->w.caller),
        ERR_INVALID);
}

/* Carol is a proxy that sends what it gets on to where it came from, with one more Via. */
static void pass_back(struct scene *s, const char *uri)
{
    char text[4096];
    struct buf out = BUF_ON(text);
    struct slice rest = sip_msg_wire(sim_peer_last(&s->peer, "INVITE", 0));
    (void)slice_line(&rest);
    buf_printf(&out,
               "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKp%u\r\n%.*s", uri,
               ++s->branch, SLICE_ARG(rest));
    sim_peer_say(&s->peer, "10.0.0.1:5060", buf_cstr(&out));
    scene_pass(s, 20);
}

static void a_call_that_comes_back_unchanged_is_a_loop(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    pass_back(s, "sip:carol@10.0.0.3");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 482), 1);
    assert_int_equal(sip_agent_stats(s->w.caller.agent)->loops, 1);
    assert_string_equal(s->w.caller.log, "");
}

static void one_that_comes_back_for_somebody_else_is_a_spiral(void **state)
{
    struct scene *s = *state;
    scene_call(s, NULL);
    struct sip_session *first = s->w.caller.session;
    pass_back(s, "sip:dave@10.0.0.1");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 482), 0);
    assert_string_equal(s->w.caller.log, "invite ");
    sip_session_destroy(first);
}

static void hops_run_out(void **state)
{
    struct scene *s = *state;
    struct sip_session_config config = { .hops = 7 };
    scene_call(s, &config);
    assert_string_equal(scene_value(s, "INVITE", 0, SIP_H_MAX_FORWARDS), "7");
}

static void over_the_limit_of_sessions_is_503(void **state)
{
    struct scene *s = *state;
    s->w.callee.agent->max_sessions = 1;
    scene_say(s, NULL, "INVITE", 1, "", "");
    scene_say(s, NULL, "INVITE", 2, "", "");
    assert_string_equal(scene_value(s, "INVITE", 503, SIP_H_RETRY_AFTER), "10");
    assert_string_equal(s->w.callee.log, "invite ");
    struct sip_session_config config = { .request_uri = SLICE("sip:a@10.0.0.1"),
                                         .from_uri = SLICE("sip:b@10.0.0.2"),
                                         .hop = { .addr = s->peer.end->addr } };
    struct sip_session *none = NULL;
    assert_int_equal(
        sip_session_invite(&none, s->w.callee.agent, &config, &call_events, &s->w.callee),
        ERR_LIMIT);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(an_update_of_ours_offers_in_the_call),
        SCENE(who_does_not_allow_update_gets_none),
        SCENE(before_the_answer_update_waits_for_offer_and_answer),
        SCENE(their_early_update_is_answered_before_the_call),
        SCENE(a_reinvite_that_only_rings_is_cancelled),
        SCENE(a_reinvite_that_not_even_its_cancel_ends_is_the_end),
        SCENE(late_answers_of_a_dead_call_are_acknowledged_and_hung_up),
        SCENE(a_redirection_comes_with_its_targets_in_order),
        SCENE(a_refusal_carries_the_networks_cause),
        SCENE(an_identity_is_asserted_and_hidden),
        SCENE(a_call_that_comes_back_unchanged_is_a_loop),
        SCENE(one_that_comes_back_for_somebody_else_is_a_spiral),
        SCENE(hops_run_out),
        SCENE(over_the_limit_of_sessions_is_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
