/* Server transactions: every row of their tables, and what the table of transactions answers by
 * itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip_txns_priv.h"
#include "test_net.h"

struct scene {
    struct sim sim;
    struct sip_agent_stats stats;
    struct sip_transport *transport;
    struct sip_txns *txns;
    struct sim_peer peer;
    struct sip_txn *txn; /* the last one */
    unsigned requests, acks, cancels, gone;
};

static void on_cancel(void *owner, struct sip_msg *cancel)
{
    struct scene *s = owner;
    assert_int_equal(sip_msg_method(cancel), SIP_CANCEL);
    s->cancels++;
}

static void on_gone(void *owner)
{
    struct scene *s = owner;
    s->gone++;
    s->txn = NULL;
}

static const struct sip_txn_events txn_events = { .on_cancel = on_cancel, .on_gone = on_gone };

static void on_request(void *owner, struct sip_txn *txn)
{
    struct scene *s = owner;
    s->requests++;
    s->txn = txn;
    sip_txn_watch(txn, &txn_events, s);
}

static void on_ack(void *owner, struct sip_msg *ack, const struct sip_flow *flow)
{
    struct scene *s = owner;
    (void)ack;
    (void)flow;
    s->acks++;
}

static const struct sip_txns_events txns_events = { .on_request = on_request, .on_ack = on_ack };

static void on_message(void *owner, struct sip_msg *msg, const struct sip_flow *flow)
{
    sip_txns_feed(((struct scene *)owner)->txns, msg, flow);
}

static void on_broken(void *owner, struct sip_msg *msg, const struct sip_fault *fault,
                      const struct sip_flow *flow)
{
    sip_txns_broken(((struct scene *)owner)->txns, msg, fault, flow);
}

static void on_lost(void *owner, const struct sip_flow *flow, int error)
{
    sip_txns_lost(((struct scene *)owner)->txns, flow, error);
}

static const struct sip_transport_events transport_events = {
    .on_message = on_message,
    .on_broken = on_broken,
    .on_lost = on_lost,
};

static int setup_kind(void **state, const struct sip_listener_ops *ops)
{
    struct scene *s = mem_new(struct scene);
    static const struct sip_transport_config transport;
    struct sip_txns_config config = { .max_txns = 4, .max_per_source = 4, .server = SLICE("test") };
    sim_init(&s->sim);
    s->transport = sip_transport_create(s->sim.loop, &transport, &s->stats, &transport_events, s);
    s->txns = sip_txns_create(s->sim.loop, s->transport, &config, &s->stats, &txns_events, s);
    struct sim_end *end = sim_add(&s->sim, "10.0.0.2:5060");
    end->transport = s->transport;
    end->kind = ops->kind;
    end->listener = sip_transport_add(s->transport, ops, end, &end->addr);
    sim_peer_init(&s->peer, &s->sim, "10.0.0.3:5060");
    *state = s;
    return 0;
}

static int setup(void **state)
{
    return setup_kind(state, &sim_udp_ops);
}

static int setup_tcp(void **state)
{
    return setup_kind(state, &sim_tcp_ops);
}

static int teardown(void **state)
{
    struct scene *s = *state;
    sip_txns_destroy(s->txns);
    sip_transport_destroy(s->transport);
    sim_peer_clear(&s->peer);
    sim_clear(&s->sim);
    mem_free(s);
    return 0;
}

static void pass(struct scene *s, int64_t ms)
{
    loop_advance(s->sim.loop, ms);
}

static void say_from(struct scene *s, const char *method, const char *branch, const char *call_id)
{
    char text[1024];
    struct buf out = BUF_ON(text);
    buf_printf(&out,
               "%s sip:bob@10.0.0.2 SIP/2.0\r\n"
               "Via: SIP/2.0/UDP 10.0.0.3:5060;branch=%s\r\n"
               "From: <sip:carol@10.0.0.3>;tag=carol\r\nTo: <sip:bob@10.0.0.2>\r\n"
               "Call-ID: %s\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
               method, branch, call_id, method);
    sim_peer_say(&s->peer, "10.0.0.2:5060", buf_cstr(&out));
    pass(s, 2 * SIM_DELAY_MS);
}

static void say(struct scene *s, const char *method, const char *branch)
{
    say_from(s, method, branch, "call-1");
}

static void reply(struct scene *s, int status)
{
    sip_txn_reply_status(s->txn, status);
    pass(s, SIM_DELAY_MS);
}

#define B1 "z9hG4bK-1"

static void invite_trying_absorbs_and_proceeding_repeats(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    say(s, "INVITE", B1);
    assert_int_equal(s->requests, 1);
    assert_int_equal(s->peer.n, 0);
    reply(s, 100);
    reply(s, 180);
    say(s, "INVITE", B1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 100), 1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 180), 2);
    assert_int_equal(s->stats.retransmissions_in, 2);
}

static void invite_accepted_absorbs_and_ends_with_l(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 180);
    reply(s, 200);
    say(s, "INVITE", B1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 1); /* the core repeats it */
    sip_txn_repeat(s->txn);
    pass(s, SIM_DELAY_MS);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 2);
    say(s, "ACK", "z9hG4bK-2");
    say(s, "ACK", B1); /* clients that keep the branch */
    assert_int_equal(s->acks, 2);
    pass(s, 31900);
    assert_int_equal(s->gone, 0);
    pass(s, 200);
    assert_int_equal(s->gone, 1);
    assert_int_equal(sip_txns_count(s->txns), 0);
}

static void invite_trying_may_be_answered_at_once(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 200);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 200), 1);
    say_from(s, "INVITE", "z9hG4bK-2", "call-2");
    reply(s, 404);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 404), 1);
}

static void invite_completed_repeats_with_g_until_the_ack(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 180);
    reply(s, 486);
    pass(s, 3600); /* at 0, 0.5, 1.5, 3.5 s */
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 486), 4);
    say(s, "INVITE", B1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 486), 5);
    say(s, "ACK", B1);
    assert_int_equal(s->acks, 0); /* no business of the core */
    pass(s, 4900);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 486), 5);
    say(s, "ACK", B1); /* absorbed, like the request */
    say(s, "INVITE", B1);
    assert_int_equal(s->requests, 1);
    pass(s, 200);
    assert_int_equal(s->gone, 1);
}

static void invite_completed_ends_with_h(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 486);
    pass(s, 31900);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 486), 11); /* 0 0.5 1.5 3.5, each 4 s */
    assert_int_equal(s->gone, 0);
    pass(s, 200);
    assert_int_equal(s->gone, 1);
}

static void a_final_answer_is_given_once(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 486);
    reply(s, 200);
    reply(s, 180);
    assert_int_equal(s->peer.n, 1);
}

static void other_trying_absorbs_proceeding_and_completed_repeat(void **state)
{
    struct scene *s = *state;
    say(s, "OPTIONS", B1);
    say(s, "OPTIONS", B1);
    assert_int_equal(s->peer.n, 0);
    reply(s, 100);
    say(s, "OPTIONS", B1);
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 100), 2);
    reply(s, 183);
    reply(s, 404);
    say(s, "OPTIONS", B1);
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 404), 2);
    assert_int_equal(s->requests, 1);
    pass(s, 31000);
    assert_int_equal(s->gone, 0); /* J */
    pass(s, 1100);
    assert_int_equal(s->gone, 1);
    say(s, "OPTIONS", "z9hG4bK-2");
    reply(s, 200);
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 200), 1);
    say_from(s, "OPTIONS", "z9hG4bK-3", "call-3");
    reply(s, 100);
    reply(s, 200);
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 200), 2);
}

static void a_408_to_anything_but_invite_is_not_sent(void **state)
{
    struct scene *s = *state;
    say(s, "OPTIONS", B1);
    reply(s, 408);
    assert_int_equal(s->peer.n, 0);
    pass(s, 33000);
    assert_int_equal(s->gone, 1);
}

static void reliable_transports_repeat_nothing(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 486);
    pass(s, 10000);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 486), 1);
    say(s, "ACK", B1);
    assert_int_equal(s->gone, 1); /* I is 0 */
    say(s, "OPTIONS", "z9hG4bK-2");
    reply(s, 200);
    assert_int_equal(s->gone, 2); /* J is 0 */
}

static void cancel_finds_its_invite(void **state)
{
    struct scene *s = *state;
    say(s, "CANCEL", B1);
    assert_int_equal(sim_peer_count(&s->peer, "CANCEL", 481), 1);
    say(s, "INVITE", B1);
    say(s, "CANCEL", B1);
    say(s, "CANCEL", B1); /* a repetition is answered again */
    assert_int_equal(sim_peer_count(&s->peer, "CANCEL", 200), 2);
    assert_int_equal(s->cancels, 2);
    reply(s, 486);
    say(s, "CANCEL", B1);
    assert_int_equal(s->cancels, 2); /* too late: §9.2 */
}

static void the_same_request_by_two_ways_is_merged(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    say(s, "INVITE", "z9hG4bK-2");
    assert_int_equal(s->requests, 1);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 482), 1);
    say_from(s, "INVITE", "z9hG4bK-2", "call-2");
    assert_int_equal(s->requests, 2);
}

static void a_challenge_may_be_answered_with_the_same_cseq(void **state)
{
    struct scene *s = *state;
    say(s, "INVITE", B1);
    reply(s, 407);
    say(s, "INVITE", "z9hG4bK-2");
    assert_int_equal(s->requests, 2);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 482), 0);
    say(s, "INVITE", "z9hG4bK-3"); /* but this one did come twice */
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 482), 1);
}

static void over_the_limit_comes_503_with_retry_after(void **state)
{
    struct scene *s = *state;
    char text[32];
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "z9hG4bK%d", i);
        say_from(s, "INVITE", text, text);
    }
    assert_int_equal(s->requests, 4);
    assert_int_equal(s->stats.overload, 1);
    const struct sip_msg *busy = sim_peer_last(&s->peer, "INVITE", 503);
    assert_true(slice_is(sip_msg_value(busy, SIP_H_RETRY_AFTER), "10"));
}

static void a_closed_table_takes_no_new_calls(void **state)
{
    struct scene *s = *state;
    sip_txns_close(s->txns);
    say(s, "INVITE", B1);
    assert_int_equal(s->requests, 0);
    assert_int_equal(sim_peer_count(&s->peer, "INVITE", 503), 1);
}

static void malformed_requests_get_a_400_with_the_reason(void **state)
{
    struct scene *s = *state;
    sim_peer_say(&s->peer, "10.0.0.2:5060",
                 "INVITE sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK1\r\n"
                 "From: <sip:c@10.0.0.3>;tag=c\r\nTo: <sip:bob@10.0.0.2>\r\nCall-ID: x\r\n"
                 "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    sim_peer_say(&s->peer, "10.0.0.2:5060",
                 "INVITE sip:bob@10.0.0.2 SIP/3.0\r\nVia: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK2\r\n"
                 "From: <sip:c@10.0.0.3>;tag=c\r\nTo: <sip:bob@10.0.0.2>\r\nCall-ID: y\r\n"
                 "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    sim_peer_say(&s->peer, "10.0.0.2:5060", "hello there\r\n\r\n");
    sim_peer_say(&s->peer, "10.0.0.2:5060", "\r\n\r\n");
    pass(s, 20);
    assert_int_equal(s->requests, 0);
    assert_int_equal(s->stats.malformed, 2);
    assert_int_equal(s->stats.junk, 1);
    assert_int_equal(s->stats.keepalives, 1);
    assert_int_equal(s->peer.n, 2);
    assert_int_equal(sip_msg_status(s->peer.got[0]), 400);
    assert_int_equal(sip_msg_status(s->peer.got[1]), 505);
}

static void stateless_answers_to_a_repetition_carry_the_same_tag(void **state)
{
    struct scene *s = *state;
    sip_txns_close(s->txns);
    say(s, "INVITE", B1);
    say(s, "INVITE", B1);
    assert_int_equal(s->peer.n, 2);
    assert_true(sip_msg_to_tag(s->peer.got[0]).len > 0);
    assert_true(slice_eq(sip_msg_to_tag(s->peer.got[0]), sip_msg_to_tag(s->peer.got[1])));
}

static void a_branch_without_the_cookie_is_told_apart_by_its_call(void **state)
{
    struct scene *s = *state;
    say_from(s, "OPTIONS", "1", "call-1");
    say_from(s, "OPTIONS", "1", "call-2");
    assert_int_equal(s->requests, 2);
    say_from(s, "OPTIONS", "1", "call-2");
    assert_int_equal(s->requests, 2);
}

static void responses_to_nothing_are_counted(void **state)
{
    struct scene *s = *state;
    sim_peer_say(&s->peer, "10.0.0.2:5060",
                 "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKnone\r\n"
                 "From: <sip:c@10.0.0.3>;tag=c\r\nTo: <sip:bob@10.0.0.2>;tag=d\r\nCall-ID: x\r\n"
                 "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    pass(s, 20);
    assert_int_equal(s->stats.stray, 1);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(invite_trying_absorbs_and_proceeding_repeats),
        SCENE(invite_accepted_absorbs_and_ends_with_l),
        SCENE(invite_trying_may_be_answered_at_once),
        SCENE(invite_completed_repeats_with_g_until_the_ack),
        SCENE(invite_completed_ends_with_h),
        SCENE(a_final_answer_is_given_once),
        SCENE(other_trying_absorbs_proceeding_and_completed_repeat),
        SCENE(a_408_to_anything_but_invite_is_not_sent),
        cmocka_unit_test_setup_teardown(reliable_transports_repeat_nothing, setup_tcp, teardown),
        SCENE(cancel_finds_its_invite),
        SCENE(the_same_request_by_two_ways_is_merged),
        SCENE(a_challenge_may_be_answered_with_the_same_cseq),
        SCENE(over_the_limit_comes_503_with_retry_after),
        SCENE(a_closed_table_takes_no_new_calls),
        SCENE(malformed_requests_get_a_400_with_the_reason),
        SCENE(stateless_answers_to_a_repetition_carry_the_same_tag),
        SCENE(a_branch_without_the_cookie_is_told_apart_by_its_call),
        SCENE(responses_to_nothing_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
