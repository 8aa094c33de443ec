/* Transfer: REFER with its reports, both roles, and calls that replace others. */

#include "test_scene.h"

static void refer(struct call *call, const struct sip_refer_config *config)
{
    assert_int_equal(sip_refer_send(call->session, config), OK);
}

static void a_blind_transfer_is_reported_to_its_end(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:carol@10.0.0.3;user=phone") };
    world_up(&s->w);
    refer(&s->w.caller, &config);
    scene_pass(s, 100);
    assert_string_equal(s->w.callee.log, "invite ack refer:sip:carol@10.0.0.3;user=phone ");
    assert_int_equal(sip_refer_accept(s->w.callee.session, s->w.callee.refer), OK);
    assert_int_equal(sip_refer_accept(s->w.callee.session, s->w.callee.refer), ERR_NOT_FOUND);
    scene_pass(s, 100);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer referred:100:Trying ");
    assert_int_equal(sip_refer_notify(s->w.callee.session, s->w.callee.refer, 180, SLICE_NONE), OK);
    scene_pass(s, 100);
    assert_int_equal(sip_refer_notify(s->w.callee.session, s->w.callee.refer, 200, SLICE_NONE), OK);
    scene_pass(s, 100);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer referred:100:Trying "
                                         "referred:180:Ringing referred:200:OK:over ");
    assert_int_equal(sip_refer_notify(s->w.callee.session, s->w.callee.refer, 200, SLICE_NONE),
                     ERR_NOT_FOUND);
    sip_session_bye(s->w.caller.session, SLICE_NONE);
    scene_pass(s, 100);
    assert_non_null(strstr(s->w.callee.log, "bye:200:"));
}

static void a_refused_transfer_says_so(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:carol@10.0.0.3") };
    struct sip_reply no = { .status = 603 };
    world_up(&s->w);
    refer(&s->w.callee, &config);
    scene_pass(s, 100);
    assert_int_equal(sip_refer_reject(s->w.caller.session, s->w.caller.refer, &no), OK);
    scene_pass(s, 100);
    assert_string_equal(s->w.callee.log, "invite ack referred:603:Decline:refused:over ");
    assert_int_equal(sip_session_state(s->w.callee.session), SIP_SESSION_UP);
}

static void a_failed_target_is_told_and_the_call_goes_on(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:carol@10.0.0.3") };
    world_up(&s->w);
    for (int i = 0; i < 3; i++) { /* the second and third are told apart by their numbers */
        refer(&s->w.caller, &config);
        scene_pass(s, 100);
        assert_int_equal(sip_refer_accept(s->w.callee.session, s->w.callee.refer), OK);
        scene_pass(s, 100);
        assert_int_equal(
            sip_refer_notify(s->w.callee.session, s->w.callee.refer, 486, SLICE("No Time")), OK);
        scene_pass(s, 100);
        assert_non_null(strstr(s->w.caller.log, "referred:100:Trying referred:486:No Time:over "));
        s->w.caller.log[0] = '\0';
    }
    assert_int_equal(sip_session_state(s->w.caller.session), SIP_SESSION_UP);
}

static void a_quiet_transfer_has_no_reports(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:carol@10.0.0.3"), .is_quiet = true };
    world_up(&s->w);
    refer(&s->w.caller, &config);
    scene_pass(s, 100);
    assert_string_equal(s->w.callee.log, "invite ack refer:sip:carol@10.0.0.3,quiet ");
    assert_int_equal(sip_refer_accept(s->w.callee.session, s->w.callee.refer), OK);
    assert_int_equal(sip_refer_notify(s->w.callee.session, s->w.callee.refer, 200, SLICE_NONE), OK);
    scene_pass(s, 100);
    assert_string_equal(s->w.caller.log, "180 answer:v=answer referred:202:Accepted:over ");
    assert_int_equal(sip_agent_stats(s->w.callee.agent)->requests_out[SIP_NOTIFY], 0);
}

static void a_silent_transferee_is_given_up(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:carol@10.0.0.3") };
    world_up(&s->w);
    refer(&s->w.caller, &config);
    scene_pass(s, 100);
    assert_int_equal(sip_refer_accept(s->w.callee.session, s->w.callee.refer), OK);
    scene_pass(s, SIP_REFER_TIMEOUT_MS + 1000);
    assert_non_null(strstr(s->w.caller.log, "referred:408:the far end did not tell how it went"));
}

static void an_unanswered_refer_dies_with_the_call(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:carol@10.0.0.3") };
    world_up(&s->w);
    refer(&s->w.caller, &config);
    scene_pass(s, 100);
    sip_session_destroy(s->w.callee.session);
    s->w.callee.session = NULL;
    scene_pass(s, 100);
    assert_non_null(strstr(s->w.caller.log, "referred:481:"));
    assert_non_null(strstr(s->w.caller.log, "bye:200:"));
}

static void referrals_that_make_no_sense_are_refused(void **state)
{
    struct scene *s = *state;
    world_up(&s->w);
    sip_session_destroy(s->w.callee.session);
    s->w.callee.session = NULL;
    scene_pass(s, 100);
    scene_say(s, NULL, "INVITE", 1, "", "");
    call_answer(&s->w.callee, "v=answer");
    scene_pass(s, 20);
    struct sip_session *session = s->w.callee.session;
    scene_say(s, session, "ACK", 1, "", "");
    scene_say(s, session, "REFER", 2, "", "");
    assert_int_equal(sim_peer_count(&s->peer, "REFER", 400), 1);
    scene_say(s, session, "REFER", 3, "Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n", "");
    assert_int_equal(sim_peer_count(&s->peer, "REFER", 400), 2);
    scene_say(s, session, "REFER", 4, "Refer-To: <mailto:a@b>\r\n", "");
    assert_int_equal(sim_peer_count(&s->peer, "REFER", 416), 1);
    scene_say(s, session, "REFER", 5, "Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3D1>\r\n", "");
    assert_int_equal(sim_peer_count(&s->peer, "REFER", 400), 3);
    for (unsigned i = 0; i < SIP_REFERS_MAX; i++)
        scene_say(s, session, "REFER", 6 + i, "Refer-To: <sip:a@b>\r\n", "");
    scene_say(s, session, "REFER", 20, "Refer-To: <sip:a@b>\r\n", "");
    assert_int_equal(sim_peer_count(&s->peer, "REFER", 500), 1);
    /* a NOTIFY of a REFER that never was goes where other requests go */
    scene_say(s, session, "NOTIFY", 21, "Event: refer\r\n", "");
    assert_non_null(strstr(s->w.callee.log, "NOTIFY: "));
}

static void reports_are_read_as_phones_write_them(void **state)
{
    struct scene *s = *state;
    struct sip_refer_config config = { .target = SLICE("sip:dave@10.0.0.9") };
    scene_call(s, NULL);
    scene_reply(s, "INVITE", 200, SCENE_CONTACT, "v=answer");
    refer(&s->w.caller, &config);
    scene_pass(s, 20);
    assert_string_equal(scene_value(s, "REFER", 0, SIP_H_REFER_TO), "<sip:dave@10.0.0.9>");
    assert_string_equal(scene_value(s, "REFER", 0, SIP_H_REFERRED_BY), "<sip:alice@10.0.0.1>");
    /* the first report comes before the 202 */
    scene_say(s, s->w.caller.session, "NOTIFY", 1,
              "Event: refer;id=2\r\nSubscription-State: active;expires=60\r\n"
              "Content-Type: message/sipfrag\r\n",
              "SIP/2.0 180 Ringing\r\nServer: x\r\n");
    scene_reply(s, "REFER", 202, SCENE_CONTACT, "");
    scene_say(s, s->w.caller.session, "NOTIFY", 2,
              "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"
              "Content-Type: message/sipfrag;version=2.0\r\n",
              "SIP/2.0 503 Service Unavailable");
    assert_string_equal(s->w.caller.log, "answer:v=answer referred:180:Ringing "
                                         "referred:503:Service Unavailable:over ");
    assert_int_equal(sim_peer_count(&s->peer, "NOTIFY", 200), 2);
}

static void an_attended_transfer_names_the_other_call(void **state)
{
    struct scene *s = *state;
    world_up(&s->w);
    struct sip_refer_config config = { .replaces = s->w.caller.session };
    struct sip_session *first = s->w.caller.session;
    scene_call(s, NULL); /* the caller's second call, to carol */
    scene_reply(s, "INVITE", 200, SCENE_CONTACT, "v=answer");
    refer(&s->w.caller, &config);
    scene_pass(s, 20);
    struct sip_name_addr to;
    struct slice escaped;
    char text[300];
    struct buf plain = BUF_ON(text);
    struct sip_replaces replaces;
    assert_int_equal(sip_name_addr_parse(
                         sip_msg_value(sim_peer_last(&s->peer, "REFER", 0), SIP_H_REFER_TO), &to),
                     OK);
    assert_true(slice_eq(to.uri.host, SLICE("10.0.0.2")));
    assert_true(sip_uri_header(&to.uri, "Replaces", &escaped));
    sip_unescape(escaped, &plain);
    assert_int_equal(sip_replaces_parse(buf_slice(&plain), &replaces), OK);
    /* carol hands it to the callee, who finds the call by it */
    assert_ptr_equal(sip_agent_find_session(s->w.callee.agent, &replaces), s->w.callee.session);
    struct sip_replaces turned = replaces; /* as JsSIP says it of a call that came to it */
    turned.to_tag = replaces.from_tag;
    turned.from_tag = replaces.to_tag;
    assert_ptr_equal(sip_agent_find_session(s->w.callee.agent, &turned), s->w.callee.session);
    turned.from_tag = SLICE("guessed");
    assert_null(sip_agent_find_session(s->w.callee.agent, &turned));
    sip_session_destroy(first);
}

static void replace(struct scene *s, unsigned cseq, const char *to_tag, const char *from_tag,
                    const char *more)
{
    char text[300];
    snprintf(text, sizeof text, "Require: replaces\r\nReplaces: %.*s;to-tag=%s;from-tag=%s%s\r\n",
             SLICE_ARG(sip_session_call_id(s->w.caller.session)), to_tag, from_tag, more);
    scene_say(s, NULL, "INVITE", cseq, text, "");
}

static void an_invite_with_replaces_finds_its_call(void **state)
{
    struct scene *s = *state;
    char ours[40], theirs[40];
    world_up(&s->w);
    struct sip_session *old = s->w.callee.session;
    (void)slice_copy(sip_session_local_tag(old), ours, sizeof ours);
    (void)slice_copy(sip_session_remote_tag(old), theirs, sizeof theirs);
    replace(s, 1, ours, "nobody", "");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 481), 1);
    replace(s, 2, ours, theirs, ";early-only");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 486), 1);
    replace(s, 3, "x", theirs, "\r\nReplaces: a;to-tag=1;from-tag=2");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 400), 1);
    assert_string_equal(s->w.callee.log, "invite ack ");
    replace(s, 4, ours, theirs, "");
    assert_string_equal(s->w.callee.log, "invite ack invite ");
    assert_ptr_equal(sip_session_replaced(s->w.callee.session), old);
    call_answer(&s->w.callee, "v=taken");
    sip_session_destroy(old);
    scene_pass(s, 20);
    assert_null(sip_session_replaced(s->w.callee.session));
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 1);
    assert_non_null(strstr(s->w.caller.log, "bye:200:"));
}

static void a_call_that_is_over_cannot_be_replaced(void **state)
{
    struct scene *s = *state;
    char ours[40], theirs[40];
    world_up(&s->w);
    (void)slice_copy(sip_session_local_tag(s->w.callee.session), ours, sizeof ours);
    (void)slice_copy(sip_session_remote_tag(s->w.callee.session), theirs, sizeof theirs);
    sip_session_bye(s->w.caller.session, SLICE_NONE);
    scene_pass(s, 20);
    replace(s, 1, ours, theirs, "");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 603), 1);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_blind_transfer_is_reported_to_its_end),
        SCENE(a_refused_transfer_says_so),
        SCENE(a_failed_target_is_told_and_the_call_goes_on),
        SCENE(a_quiet_transfer_has_no_reports),
        SCENE(a_silent_transferee_is_given_up),
        SCENE(an_unanswered_refer_dies_with_the_call),
        SCENE(referrals_that_make_no_sense_are_refused),
        SCENE(reports_are_read_as_phones_write_them),
        SCENE(an_attended_transfer_names_the_other_call),
        SCENE(an_invite_with_replaces_finds_its_call),
        SCENE(a_call_that_is_over_cannot_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
