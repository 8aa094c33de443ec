/* Our INVITE against a scripted far end: forks, races, challenges. */

#include "test_scene.h"

static void call_peer(struct scene *s, const struct sip_account *account)
{
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.3"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1"),
                                         .hop = { .addr = s->peer.end->addr },
                                         .body = { SLICE("application/sdp"), SLICE("v=offer") } };
    if (account)
        config.auth = *account;
    world_call(&s->w, &config);
    scene_pass(s, 20);
}

static void reply(struct scene *s, unsigned status, const char *tag, const char *headers,
                  const char *body)
{
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, "INVITE", 0), status, tag, headers, body);
    scene_pass(s, 20);
}

#define CONTACT "Contact: <sip:bob@10.0.0.3:5060>\r\n"

static void each_fork_is_told_apart(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 100, "", "", "");
    reply(s, 180, "one", CONTACT, "");
    reply(s, 183, "two", CONTACT, "v=early");
    reply(s, 180, "one", CONTACT, "");
    assert_string_equal(s->w.caller.log, "180 183/2 180 ");
    reply(s, 200, "two", CONTACT, "v=answer");
    assert_string_equal(s->w.caller.log, "180 183/2 180 answer:v=answer ");
    assert_true(slice_is(sip_session_remote_tag(s->w.caller.session), "two"));
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 1);
}

static void the_first_answer_wins_and_the_others_are_hung_up(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 180, "one", CONTACT, "");
    reply(s, 200, "two", CONTACT, "v=answer");
    reply(s, 200, "one", CONTACT, "v=other");
    reply(s, 200, "three", CONTACT, "v=third");
    assert_string_equal(s->w.caller.log, "180 answer:v=answer ");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 3);
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 2);
    for (size_t i = 0; i < s->peer.n; i++)
        if (sip_msg_method(s->peer.got[i]) == SIP_BYE)
            assert_false(slice_is(sip_msg_to_tag(s->peer.got[i]), "two"));
    assert_int_equal(sip_session_state(s->w.caller.session), SIP_SESSION_UP);
}

static void a_repeated_answer_is_acknowledged_again(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 200, "one", CONTACT, "v=answer");
    const struct sip_msg *ack = sim_peer_last(&s->peer, "ACK", 0);
    reply(s, 200, "one", CONTACT, "v=answer");
    reply(s, 200, "one", CONTACT, "v=answer");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 3);
    assert_true(slice_eq(sip_msg_wire(ack), sip_msg_wire(sim_peer_last(&s->peer, "ACK", 0))));
    assert_string_equal(s->w.caller.log, "answer:v=answer ");
}

static void a_17th_fork_makes_room_for_itself(void **state)
{
    struct scene *s = *state;
    char tag[16];
    call_peer(s, NULL);
    for (int i = 0; i < 20; i++) {
        snprintf(tag, sizeof tag, "fork%d", i);
        reply(s, 180, tag, CONTACT, "");
    }
    reply(s, 200, "winner", CONTACT, "v=answer");
    assert_int_equal(sip_session_state(s->w.caller.session), SIP_SESSION_UP);
}

static void a_200_that_races_the_cancel_is_acknowledged_and_hung_up(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 180, "one", CONTACT, "");
    assert_int_equal(sip_session_cancel(s->w.caller.session, SLICE_NONE), OK);
    scene_pass(s, 20);
    assert_int_equal(sim_peer_count(&s->peer, "CANCEL", 0), 1);
    const struct sip_msg *invite = sim_peer_last(&s->peer, "INVITE", 0);
    const struct sip_msg *cancel = sim_peer_last(&s->peer, "CANCEL", 0);
    assert_true(slice_eq(sip_msg_via(invite)->branch, sip_msg_via(cancel)->branch));
    reply(s, 200, "one", CONTACT, "v=answer");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 1);
    assert_int_equal(sim_peer_count(&s->peer, "BYE", 0), 1);
    assert_string_equal(s->w.caller.log, "180 failed:487:cancelled ");
}

static void a_cancel_without_any_answer_ends_after_64_t1(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 180, "one", CONTACT, "");
    assert_int_equal(sip_session_cancel(s->w.caller.session, SLICE_NONE), OK);
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, "INVITE", 0), 180, "one", CONTACT, "");
    scene_pass(s, 31000);
    assert_string_equal(s->w.caller.log, "180 ");
    scene_pass(s, 2000);
    assert_string_equal(s->w.caller.log, "180 failed:487:cancelled ");
}

static void the_final_answer_after_a_cancel_does_not_matter(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 180, "one", CONTACT, "");
    assert_int_equal(sip_session_cancel(s->w.caller.session, SLICE_NONE), OK);
    reply(s, 486, "one", "", "");
    assert_string_equal(s->w.caller.log, "180 failed:487:cancelled ");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 1);
}

#define NONCE(n) "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"" n "\", qop=\"auth\"\r\n"

static struct sip_account account_of(struct secret *password)
{
    secret_set(password, SLICE("s3cret"));
    return (struct sip_account){ .user = SLICE("1001"), .password = password };
}

static void a_challenge_is_answered_with_a_new_cseq(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    call_peer(s, &account);
    reply(s, 401, "x", NONCE("n1"), "");
    secret_clear(&password);
    const struct sip_msg *again = sim_peer_last(&s->peer, "INVITE", 0);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 2);
    assert_int_equal(sip_msg_cseq(again)->number, 2);
    assert_true(slice_is(sip_msg_to_tag(again), ""));
    assert_true(slice_eq(sip_msg_from_tag(again), sip_msg_from_tag(s->peer.got[0])));
    assert_true(slice_eq(sip_msg_call_id(again), sip_msg_call_id(s->peer.got[0])));
    struct slice value = sip_msg_value(again, SIP_H_AUTHORIZATION);
    assert_true(slice_find(value, SLICE("username=\"1001\"")) < value.len);
    assert_true(slice_find(value, SLICE("nonce=\"n1\"")) < value.len);
    reply(s, 200, "one", CONTACT, "v=answer");
    assert_string_equal(s->w.caller.log, "answer:v=answer ");
    const struct sip_msg *ack = sim_peer_last(&s->peer, "ACK", 0);
    assert_int_equal(sip_msg_cseq(ack)->number, 2);
    assert_true(slice_eq(sip_msg_value(ack, SIP_H_AUTHORIZATION), value));
}

static void a_proxy_and_a_server_may_both_ask(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    call_peer(s, &account);
    reply(s, 407, "x", "Proxy-Authenticate: Digest realm=\"p\", nonce=\"a\", qop=\"auth\"\r\n", "");
    reply(s, 401, "x", NONCE("b"), "");
    secret_clear(&password);
    const struct sip_msg *last = sim_peer_last(&s->peer, "INVITE", 0);
    assert_int_equal(sip_msg_count(last, SIP_H_AUTHORIZATION), 1);
    assert_int_equal(sip_msg_count(last, SIP_H_PROXY_AUTHORIZATION), 1);
    reply(s, 200, "one", CONTACT, "v=answer");
    assert_string_equal(s->w.caller.log, "answer:v=answer ");
}

static void a_refused_password_is_told_with_user_and_realm(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    call_peer(s, &account);
    reply(s, 401, "x", NONCE("n1"), "");
    reply(s, 401, "x", NONCE("n1"), "");
    secret_clear(&password);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 2);
    assert_non_null(strstr(s->w.caller.log, "failed:401:authentication failed: user \"1001\", "
                                            "realm \"trunk\", status 401: the user name or "
                                            "password was refused"));
    assert_null(strstr(s->w.caller.log, "s3cret"));
}

static void a_server_that_always_asks_anew_is_given_up(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    call_peer(s, &account);
    reply(s, 401, "x", NONCE("n1"), "");
    reply(s, 401, "x", NONCE("n2"), "");
    reply(s, 401, "x", NONCE("n3"), "");
    secret_clear(&password);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 3);
    assert_non_null(strstr(s->w.caller.log, "failed:401:authentication failed"));
}

static void a_stale_nonce_gets_one_more_try(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    call_peer(s, &account);
    reply(s, 401, "x", NONCE("n1"), "");
    for (int i = 0; i < 2; i++)
        reply(s, 401, "x",
              i ? "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n3\", stale=true\r\n"
                : "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n2\", stale=TRUE\r\n",
              "");
    reply(s, 401, "x", "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n4\", stale=true\r\n",
          "");
    secret_clear(&password);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 4);
    assert_non_null(strstr(s->w.caller.log, "challenged again after each answer"));
}

static void without_an_account_the_challenge_is_final(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 401, "x", NONCE("n1"), "");
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 1);
    assert_non_null(strstr(s->w.caller.log, "no user name and password are configured"));
}

static void only_the_configured_realm_is_answered(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    account.realm = SLICE("mine");
    call_peer(s, &account);
    reply(s, 401, "x", NONCE("n1"), "");
    secret_clear(&password);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 1);
    assert_non_null(strstr(s->w.caller.log, "realm that is not ours"));
}

static void a_strangers_challenge_is_not_answered(void **state)
{
    struct scene *s = *state;
    struct secret password = { 0 };
    struct sip_account account = account_of(&password);
    struct sim_peer *stranger = &s->other;
    sim_peer_init(stranger, &s->w.sim, "10.0.0.66:5060");
    call_peer(s, &account);
    sim_peer_reply(stranger, sim_peer_last(&s->peer, "INVITE", 0), 401, "x", NONCE("n1"), "");
    scene_pass(s, 20);
    secret_clear(&password);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 0), 1);
    assert_non_null(strstr(s->w.caller.log, "another address"));
}

static void the_route_set_of_the_answer_is_followed(void **state)
{
    struct scene *s = *state;
    struct sim_peer *proxy = &s->other;
    sim_peer_init(proxy, &s->w.sim, "10.0.0.4:5080");
    call_peer(s, NULL);
    reply(s, 200, "one",
          "Record-Route: <sip:10.0.0.5;lr>\r\nRecord-Route: <sip:10.0.0.4:5080;lr>\r\n"
          "Contact: <sip:bob@192.168.7.7:5099>\r\n",
          "v=answer");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 0);
    const struct sip_msg *ack = sim_peer_last(proxy, "ACK", 0);
    assert_non_null(ack);
    assert_true(slice_is(sip_msg_uri(ack)->text, "sip:bob@192.168.7.7:5099"));
    assert_true(slice_is(sip_msg_header_nth(ack, SIP_H_ROUTE, 0)->value, "<sip:10.0.0.4:5080;lr>"));
    assert_true(slice_is(sip_msg_header_nth(ack, SIP_H_ROUTE, 1)->value, "<sip:10.0.0.5;lr>"));
    sip_session_bye(s->w.caller.session, SLICE_NONE);
    scene_pass(s, 20);
    assert_int_equal(sim_peer_count(proxy, "BYE", 0), 1);
    sim_peer_reply(proxy, sim_peer_last(proxy, "BYE", 0), 200, "one", "", "");
    scene_pass(s, 20);
}

static void a_contact_behind_nat_is_reached_where_it_was_heard(void **state)
{
    struct scene *s = *state;
    struct sim_peer *phone = &s->other;
    sim_peer_init(phone, &s->w.sim, "203.0.113.9:40000");
    struct sip_session_config config = { .request_uri = SLICE("sip:bob@10.0.0.3"),
                                         .from_uri = SLICE("sip:alice@10.0.0.1"),
                                         .hop = { .addr = phone->end->addr },
                                         .body = { SLICE("application/sdp"), SLICE("v=offer") } };
    world_call(&s->w, &config);
    scene_pass(s, 20);
    sim_peer_reply(phone, sim_peer_last(phone, "INVITE", 0), 200, "one",
                   "Contact: <sip:bob@192.168.1.20:5060>\r\n", "v=answer");
    scene_pass(s, 20);
    const struct sip_msg *ack = sim_peer_last(phone, "ACK", 0);
    assert_non_null(ack);
    assert_true(slice_is(sip_msg_uri(ack)->text, "sip:bob@192.168.1.20:5060"));
}

static void a_redirect_is_told(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 302, "one", "Contact: <sip:else@10.0.0.8>\r\n", "");
    assert_string_equal(s->w.caller.log, "failed:302:Moved Temporarily ");
}

static void a_reliable_provisional_is_acknowledged_once(void **state)
{
    struct scene *s = *state;
    call_peer(s, NULL);
    reply(s, 183, "one", CONTACT "Require: 100rel\r\nRSeq: 7\r\n", "v=early");
    reply(s, 183, "one", CONTACT "Require: 100rel\r\nRSeq: 7\r\n", "v=early");
    reply(s, 180, "one", CONTACT "Require: 100rel\r\nRSeq: 9\r\n", ""); /* 8 was lost */
    assert_string_equal(s->w.caller.log, "183 ");
    assert_int_equal(sim_peer_count(&s->peer, "PRACK", 0), 1);
    const struct sip_msg *prack = sim_peer_last(&s->peer, "PRACK", 0);
    assert_true(slice_is(sip_msg_value(prack, SIP_H_RACK), "7 1 INVITE"));
    assert_int_equal(sip_msg_cseq(prack)->number, 2);
    sim_peer_reply(&s->peer, prack, 200, "one", "", "");
    reply(s, 180, "one", CONTACT "Require: 100rel\r\nRSeq: 8\r\n", "");
    assert_string_equal(s->w.caller.log, "183 180 ");
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, "PRACK", 0), 200, "one", "", "");
    reply(s, 200, "one", CONTACT, "v=answer");
    sip_session_bye(s->w.caller.session, SLICE_NONE);
    scene_pass(s, 20);
    assert_int_equal(sip_msg_cseq(sim_peer_last(&s->peer, "BYE", 0))->number, 4);
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, "BYE", 0), 200, "one", "", "");
    scene_pass(s, 20);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(each_fork_is_told_apart),
        SCENE(the_first_answer_wins_and_the_others_are_hung_up),
        SCENE(a_repeated_answer_is_acknowledged_again),
        SCENE(a_17th_fork_makes_room_for_itself),
        SCENE(a_200_that_races_the_cancel_is_acknowledged_and_hung_up),
        SCENE(a_cancel_without_any_answer_ends_after_64_t1),
        SCENE(the_final_answer_after_a_cancel_does_not_matter),
        SCENE(a_challenge_is_answered_with_a_new_cseq),
        SCENE(a_proxy_and_a_server_may_both_ask),
        SCENE(a_refused_password_is_told_with_user_and_realm),
        SCENE(a_server_that_always_asks_anew_is_given_up),
        SCENE(a_stale_nonce_gets_one_more_try),
        SCENE(without_an_account_the_challenge_is_final),
        SCENE(only_the_configured_realm_is_answered),
        SCENE(a_strangers_challenge_is_not_answered),
        SCENE(the_route_set_of_the_answer_is_followed),
        SCENE(a_contact_behind_nat_is_reached_where_it_was_heard),
        SCENE(a_redirect_is_told),
        SCENE(a_reliable_provisional_is_acknowledged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
