/* Their INVITE, from a scripted far end: retransmissions, ACKs that do not come, PRACK, CANCEL. */

#include "test_scene.h"

static void say(struct scene *s, const char *method, unsigned cseq, const char *branch,
                const char *to_tag, const char *headers)
{
    char text[2048];
    struct buf out = BUF_ON(text);
    buf_printf(&out,
               "%s sip:bob@10.0.0.2 SIP/2.0\r\n"
               "Via: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK%s\r\n"
               "From: <sip:carol@10.0.0.3>;tag=carol\r\nTo: <sip:bob@10.0.0.2>%s%s\r\n"
               "Call-ID: call-1\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n"
               "Contact: <sip:carol@10.0.0.3:5060>\r\n%sContent-Length: 0\r\n\r\n",
               method, branch, to_tag[0] ? ";tag=" : "", to_tag, cseq, method, headers);
    sim_peer_say(&s->peer, "10.0.0.2:5060", buf_cstr(&out));
    scene_pass(s, 20);
}

static const char *tag(struct scene *s)
{
    static char text[64];
    (void)slice_copy(sip_session_local_tag(s->w.callee.session), text, sizeof text);
    return text;
}

static void the_200_is_repeated_until_the_ack(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    call_answer(&s->w.callee, "v=answer");
    scene_pass(s, 1600);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 3); /* at 0, 0.5 and 1.5 s */
    say(s, "ACK", 1, "b", tag(s), "");
    scene_pass(s, 10000);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 3);
    assert_string_equal(s->w.callee.log, "invite ack ");
    say(s, "ACK", 1, "b", tag(s), ""); /* a repetition is nothing new */
    assert_string_equal(s->w.callee.log, "invite ack ");
    say(s, "BYE", 2, "c", tag(s), "Reason: SIP;cause=486;text=\"Busy\"\r\n");
    assert_string_equal(s->w.callee.log, "invite ack bye:486:Busy ");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 200), 1);
}

static void an_answer_that_is_never_acknowledged_ends_in_a_bye(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    call_answer(&s->w.callee, "v=answer");
    scene_pass(s, 31900);
    assert_string_equal(s->w.callee.log, "invite ");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 0);
    scene_pass(s, 200);
    assert_string_equal(s->w.callee.log,
                        "invite bye:408:the far end never acknowledged our answer ");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 1);
}

static void hanging_up_waits_for_the_ack(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    call_answer(&s->w.callee, "v=answer");
    sip_session_bye(s->w.callee.session, SLICE_NONE);
    scene_pass(s, 100);
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 0);
    say(s, "ACK", 1, "b", tag(s), "");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 1);
    assert_string_equal(s->w.callee.log, "invite ");
}

static void a_cancel_gets_200_and_the_invite_487(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    say(s, "CANCEL", 1, "a", "", "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
    assert_int_equal(sim_peer_count(&s->peer, "CANCEL", 200), 1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 487), 1);
    assert_string_equal(s->w.callee.log, "invite cancelled:200:Call completed elsewhere ");
    say(s, "ACK", 1, "a", "x", "");
    scene_pass(s, 5000);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 487), 1);
}

static void a_cancel_after_the_answer_changes_nothing(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    call_answer(&s->w.callee, "v=answer");
    say(s, "CANCEL", 1, "a", "", "");
    assert_int_equal(sim_peer_count(&s->peer, "CANCEL", 200), 1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 487), 0);
    assert_int_equal(sip_session_state(s->w.callee.session), SIP_SESSION_ACCEPTED);
    say(s, "ACK", 1, "b", tag(s), "");
}

static void requests_out_of_order_get_500(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 5, "a", "", "");
    call_answer(&s->w.callee, "v=answer");
    say(s, "ACK", 5, "b", tag(s), "");
    say(s, "INFO", 4, "c", tag(s), "");
    assert_int_equal(sim_peer_count(&s->peer, "INFO", 500), 1);
    say(s, "INFO", 9, "d", tag(s), "");
    assert_int_equal(sim_peer_count(&s->peer, "INFO", 200), 1);
}

static void requests_of_another_dialog_get_481(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    call_answer(&s->w.callee, "v=answer");
    say(s, "ACK", 1, "b", tag(s), "");
    say(s, "BYE", 2, "c", "unknown", "");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 481), 1);
    assert_string_equal(s->w.callee.log, "invite ack ");
}

static void ringing_is_repeated_each_minute(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    scene_pass(s, 125000);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 180), 3);
    say(s, "CANCEL", 1, "a", "", "");
}

static void a_bye_before_the_answer_cancels(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    say(s, "BYE", 2, "b", tag(s), "");
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 200), 1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 487), 1);
    assert_string_equal(s->w.callee.log, "invite cancelled:200: ");
}

static void provisionals_are_reliable_when_the_caller_demands_it(void **state)
{
    struct scene *s = *state;
    char rack[64];
    say(s, "INVITE", 1, "a", "", "Require: 100rel\r\n");
    const struct sip_msg *ringing = sim_peer_last(&s->peer, "INVITE", 180);
    assert_true(slice_is(sip_msg_value(ringing, SIP_H_REQUIRE), "100rel"));
    call_answer(&s->w.callee, "v=answer"); /* has to wait for the PRACK */
    scene_pass(s, 3600);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 180), 4); /* 0, 0.5, 1.5, 3.5 s */
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 0);
    say(s, "PRACK", 2, "x", tag(s), "RAck: 1 1 INVITE\r\n");
    assert_int_equal(sim_peer_count(&s->peer, "PRACK", 481), 1);
    snprintf(rack, sizeof rack, "RAck: %.*s 1 INVITE\r\n",
             SLICE_ARG(sip_msg_value(ringing, SIP_H_RSEQ)));
    say(s, "PRACK", 3, "b", tag(s), rack);
    assert_int_equal(sim_peer_count(&s->peer, "PRACK", 200), 1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 1);
    say(s, "ACK", 1, "c", tag(s), "");
    assert_string_equal(s->w.callee.log, "invite ack ");
}

static void without_a_prack_the_call_is_refused_504(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "Require: 100rel\r\n");
    scene_pass(s, 32100);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 504), 1);
    assert_string_equal(s->w.callee.log, "invite cancelled:504:the caller never acknowledged a "
                                         "provisional answer ");
}

static void a_challenged_bye_is_sent_again_with_credentials(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    secret_set(&password, SLICE("pw"));
    struct sip_account account = { .user = SLICE("us"), .password = &password };
    say(s, "INVITE", 1, "a", "", "");
    sip_session_set_account(s->w.callee.session, &account);
    secret_clear(&password);
    call_answer(&s->w.callee, "v=answer");
    say(s, "ACK", 1, "b", tag(s), "");
    sip_session_destroy(s->w.callee.session); /* and the BYE goes on by itself */
    s->w.callee.session = NULL;
    scene_pass(s, 20);
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, "BYE", 0), 407, "",
                   "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n\", qop=\"auth\"\r\n", "");
    scene_pass(s, 20);
    const struct sip_msg *again = sim_peer_last(&s->peer, "BYE", 0);
    assert_int_equal(sip_msg_count(again, SIP_H_PROXY_AUTHORIZATION), 1);
    assert_int_equal(sip_msg_cseq(again)->number, 2);
    sim_peer_reply(&s->peer, again, 200, "", "", "");
    scene_pass(s, 20);
    assert_int_equal(sip_agent_stats(s->w.callee.agent)->sessions, 0);
}

static void a_retransmitted_invite_makes_no_second_call(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", 1, "a", "", "");
    say(s, "INVITE", 1, "a", "", "");
    assert_string_equal(s->w.callee.log, "invite ");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 180), 2);
    say(s, "INVITE", 1, "other-way", "", ""); /* the same request by another way: §8.2.2.2 */
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 482), 1);
    say(s, "CANCEL", 1, "a", "", "");
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(the_200_is_repeated_until_the_ack),
        SCENE(an_answer_that_is_never_acknowledged_ends_in_a_bye),
        SCENE(hanging_up_waits_for_the_ack),
        SCENE(a_cancel_gets_200_and_the_invite_487),
        SCENE(a_cancel_after_the_answer_changes_nothing),
        SCENE(requests_out_of_order_get_500),
        SCENE(requests_of_another_dialog_get_481),
        SCENE(ringing_is_repeated_each_minute),
        SCENE(a_bye_before_the_answer_cancels),
        SCENE(provisionals_are_reliable_when_the_caller_demands_it),
        SCENE(without_a_prack_the_call_is_refused_504),
        SCENE(a_challenged_bye_is_sent_again_with_credentials),
        SCENE(a_retransmitted_invite_makes_no_second_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
