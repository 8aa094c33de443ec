/* Client transactions: every row of their tables. */
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
    struct sim_end *end;
    struct sim_peer peer;
    struct sip_client *client;
    char log[256];
};

static void note(struct scene *s, const char *text)
{
    size_t len = strlen(s->log);
    snprintf(s->log + len, sizeof s->log - len, "%s ", text);
}

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    char text[16];
    (void)flow;
    snprintf(text, sizeof text, "%u", sip_msg_status(response));
    note(owner, text);
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    note(owner, outcome->text);
}

static void on_gone(void *owner)
{
    struct scene *s = owner;
    note(s, "gone");
    s->client = NULL;
}

static const struct sip_client_events client_events = {
    .on_response = on_response,
    .on_failed = on_failed,
    .on_gone = on_gone,
};

static void on_message(void *owner, struct sip_msg *msg, const struct sip_flow *flow)
{
    sip_txns_feed(((struct scene *)owner)->txns, msg, flow);
}

static void on_lost(void *owner, const struct sip_flow *flow, int error)
{
    sip_txns_lost(((struct scene *)owner)->txns, flow, error);
}

static const struct sip_transport_events transport_events = {
    .on_message = on_message,
    .on_lost = on_lost,
};
static const struct sip_txns_events txns_events = { 0 };

static int setup_kind(void **state, const struct sip_listener_ops *ops)
{
    struct scene *s = mem_new(struct scene);
    static const struct sip_transport_config transport;
    struct sip_txns_config config = { .max_txns = 2 };
    sim_init(&s->sim);
    s->transport = sip_transport_create(s->sim.loop, &transport, &s->stats, &transport_events, s);
    s->txns = sip_txns_create(s->sim.loop, s->transport, &config, &s->stats, &txns_events, s);
    s->end = sim_add(&s->sim, "10.0.0.1:5060");
    s->end->transport = s->transport;
    s->end->kind = ops->kind;
    s->end->listener = sip_transport_add(s->transport, ops, s->end, &s->end->addr);
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

static enum err send_to(struct scene *s, const char *method, const char *to)
{
    char branch[SIP_BRANCH_LEN + 1];
    char text[1024];
    struct buf out = BUF_ON(text);
    struct sip_flow flow = { .listener = s->end->listener,
                             .kind = s->end->kind,
                             .local = s->end->addr,
                             .remote = sim_addr(to) };
    sip_client_branch(branch);
    buf_printf(&out,
               "%s sip:bob@10.0.0.3 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=%s;rport\r\n"
               "Route: <sip:10.0.0.3;lr>\r\nMax-Forwards: 70\r\n"
               "From: <sip:a@10.0.0.1>;tag=a\r\nTo: <sip:bob@10.0.0.3>\r\nCall-ID: call-1\r\n"
               "CSeq: 7 %s\r\nContent-Length: 0\r\n\r\n",
               method, branch, method);
    return sip_client_create(&s->client, s->txns, &flow, buf_slice(&out), &client_events, s);
}

static void start(struct scene *s, const char *method)
{
    assert_int_equal(send_to(s, method, "10.0.0.3:5060"), OK);
    pass(s, SIM_DELAY_MS);
}

static void reply(struct scene *s, const char *method, unsigned status, const char *tag)
{
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, method, 0), status, tag, "", "");
    pass(s, 2 * SIM_DELAY_MS);
}

static void invite_calling_repeats_with_a_and_gives_up_with_b(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    pass(s, 31900);
    assert_int_equal(s->peer.n, 7); /* 0 0.5 1.5 3.5 7.5 15.5 31.5 s */
    assert_string_equal(s->log, "");
    pass(s, 200);
    assert_string_equal(s->log, "no answer from 10.0.0.3:5060 over UDP in 32 s gone ");
    assert_int_equal(sip_txns_count(s->txns), 0);
    assert_int_equal(s->stats.retransmissions_out, 6);
}

static void invite_proceeding_waits_for_ever(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    reply(s, "INVITE", 100, "");
    reply(s, "INVITE", 180, "x");
    pass(s, 100000);
    assert_int_equal(s->peer.n, 1);
    assert_string_equal(s->log, "100 180 ");
    reply(s, "INVITE", 200, "x");
    assert_string_equal(s->log, "100 180 200 ");
}

static void invite_accepted_passes_each_2xx_until_m(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    reply(s, "INVITE", 200, "x");
    reply(s, "INVITE", 200, "y");
    reply(s, "INVITE", 486, "z"); /* nothing after a 2xx */
    reply(s, "INVITE", 180, "z");
    assert_string_equal(s->log, "200 200 ");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 0); /* the core does that */
    pass(s, 32000);
    assert_string_equal(s->log, "200 200 gone ");
}

static void invite_completed_acknowledges_each_repetition_until_d(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    reply(s, "INVITE", 486, "x");
    reply(s, "INVITE", 486, "x");
    assert_string_equal(s->log, "486 ");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 2);
    const struct sip_msg *invite = s->peer.got[0];
    const struct sip_msg *ack = sim_peer_last(&s->peer, "ACK", 0);
    assert_true(slice_eq(sip_msg_via(ack)->branch, sip_msg_via(invite)->branch));
    assert_true(slice_is(sip_msg_to_tag(ack), "x"));
    assert_int_equal(sip_msg_cseq(ack)->number, 7);
    assert_true(slice_is(sip_msg_value(ack, SIP_H_ROUTE), "<sip:10.0.0.3;lr>"));
    pass(s, 32000);
    assert_string_equal(s->log, "486 gone ");
}

static void invite_proceeding_may_be_refused_too(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    reply(s, "INVITE", 180, "x");
    reply(s, "INVITE", 603, "x");
    assert_string_equal(s->log, "180 603 ");
    assert_int_equal(sim_peer_count(&s->peer, "ACK", 0), 1);
}

static void other_requests_repeat_with_e_and_give_up_with_f(void **state)
{
    struct scene *s = *state;
    start(s, "OPTIONS");
    pass(s, 31900);
    assert_int_equal(s->peer.n, 11); /* 0 0.5 1.5 3.5 and then each 4 s */
    pass(s, 200);
    assert_string_equal(s->log, "no answer from 10.0.0.3:5060 over UDP in 32 s gone ");
}

static void other_requests_slow_down_after_a_provisional(void **state)
{
    struct scene *s = *state;
    start(s, "OPTIONS");
    reply(s, "OPTIONS", 100, "");
    pass(s, 500); /* one more as planned, then each T2 */
    assert_int_equal(s->peer.n, 2);
    pass(s, 3800);
    assert_int_equal(s->peer.n, 2);
    pass(s, 400);
    assert_int_equal(s->peer.n, 3);
    reply(s, "OPTIONS", 100, "");
    pass(s, 28000);
    assert_string_equal(s->log, "100 100 no answer from 10.0.0.3:5060 over UDP in 32 s gone ");
}

static void other_requests_absorb_repeated_answers_until_k(void **state)
{
    struct scene *s = *state;
    start(s, "OPTIONS");
    reply(s, "OPTIONS", 200, "x");
    reply(s, "OPTIONS", 200, "x");
    assert_string_equal(s->log, "200 ");
    pass(s, 4900);
    assert_string_equal(s->log, "200 ");
    pass(s, 200);
    assert_string_equal(s->log, "200 gone ");
    s->log[0] = '\0';
    start(s, "OPTIONS");
    reply(s, "OPTIONS", 100, "");
    reply(s, "OPTIONS", 404, "x");
    assert_string_equal(s->log, "100 404 ");
    start(s, "OPTIONS");
    reply(s, "OPTIONS", 100, "");
    reply(s, "OPTIONS", 200, "x");
    assert_non_null(strstr(s->log, "100 200 "));
}

static void reliable_transports_repeat_nothing_and_linger_not(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    pass(s, 10000);
    assert_int_equal(s->peer.n, 1);
    reply(s, "INVITE", 486, "x");
    assert_string_equal(s->log, "486 gone "); /* D is 0 */
    start(s, "OPTIONS");
    reply(s, "OPTIONS", 200, "x");
    assert_string_equal(s->log, "486 gone 200 gone "); /* K is 0 */
}

static void a_refused_datagram_ends_only_who_waits(void **state)
{
    struct scene *s = *state;
    assert_int_equal(send_to(s, "OPTIONS", "10.0.0.9:5060"), OK);
    assert_string_equal(s->log, ""); /* not from inside */
    pass(s, 20);
    assert_string_equal(s->log, "cannot reach 10.0.0.9:5060 over UDP: Connection refused gone ");
    s->log[0] = '\0';
    start(s, "INVITE");
    reply(s, "INVITE", 180, "x");
    struct sip_flow flow = { .listener = 1, .remote = s->peer.end->addr };
    sip_txns_lost(s->txns, &flow, ECONNREFUSED); /* about something else we sent there */
    pass(s, 20);
    assert_string_equal(s->log, "180 ");
}

static void a_lost_connection_ends_all_that_wait_on_it(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    reply(s, "INVITE", 180, "x");
    struct sip_flow flow = { .listener = 1, .kind = SIP_TCP, .remote = s->peer.end->addr };
    sip_txns_lost(s->txns, &flow, ECONNRESET);
    pass(s, 20);
    assert_string_equal(s->log,
                        "180 cannot reach 10.0.0.3:5060 over TCP: Connection reset by peer gone ");
    s->log[0] = '\0';
    start(s, "OPTIONS");
    reply(s, "OPTIONS", 100, "");
    sip_txns_lost(s->txns, &flow, ECONNRESET);
    pass(s, 20);
    assert_string_equal(s->log,
                        "100 cannot reach 10.0.0.3:5060 over TCP: Connection reset by peer gone ");
}

static void a_forgotten_one_runs_out_by_itself(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    reply(s, "INVITE", 180, "x");
    sip_client_forget(s->client);
    pass(s, 31000);
    assert_int_equal(sip_txns_count(s->txns), 1);
    pass(s, 2000);
    assert_int_equal(sip_txns_count(s->txns), 0);
    start(s, "INVITE");
    sip_client_forget(s->client);
    reply(s, "INVITE", 180, "x");
    pass(s, 33000);
    assert_int_equal(sip_txns_count(s->txns), 0);
    assert_string_equal(s->log, "180 ");
}

static void cancel_is_for_invites_that_proceed_and_once(void **state)
{
    struct scene *s = *state;
    start(s, "INVITE");
    assert_int_equal(sip_client_cancel(s->client, SLICE_NONE), ERR_MISUSE);
    reply(s, "INVITE", 180, "x");
    assert_int_equal(sip_client_cancel(s->client, SLICE("SIP;cause=200")), OK);
    assert_int_equal(sip_client_cancel(s->client, SLICE_NONE), ERR_MISUSE);
    pass(s, SIM_DELAY_MS);
    const struct sip_msg *cancel = sim_peer_last(&s->peer, "CANCEL", 0);
    assert_true(slice_eq(sip_msg_via(cancel)->branch, sip_msg_via(s->peer.got[0])->branch));
    assert_int_equal(sip_msg_cseq(cancel)->number, 7);
    assert_true(slice_is(sip_msg_to_tag(cancel), ""));
    assert_true(slice_is(sip_msg_value(cancel, SIP_H_REASON), "SIP;cause=200"));
    assert_int_equal(sip_msg_count(cancel, SIP_H_VIA), 1);
}

static void there_is_a_limit(void **state)
{
    struct scene *s = *state;
    start(s, "OPTIONS");
    start(s, "OPTIONS");
    assert_int_equal(send_to(s, "OPTIONS", "10.0.0.3:5060"), ERR_LIMIT);
}

static void what_is_no_sip_is_not_sent(void **state)
{
    struct scene *s = *state;
    struct sip_flow flow = { .listener = 1, .remote = s->peer.end->addr };
    assert_int_equal(
        sip_client_create(&s->client, s->txns, &flow, SLICE("HELLO\r\n\r\n"), &client_events, s),
        ERR_INVALID);
    assert_int_equal(s->sim.sent, 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define TCP(test) cmocka_unit_test_setup_teardown(test, setup_tcp, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(invite_calling_repeats_with_a_and_gives_up_with_b),
        SCENE(invite_proceeding_waits_for_ever),
        SCENE(invite_accepted_passes_each_2xx_until_m),
        SCENE(invite_completed_acknowledges_each_repetition_until_d),
        SCENE(invite_proceeding_may_be_refused_too),
        SCENE(other_requests_repeat_with_e_and_give_up_with_f),
        SCENE(other_requests_slow_down_after_a_provisional),
        SCENE(other_requests_absorb_repeated_answers_until_k),
        TCP(reliable_transports_repeat_nothing_and_linger_not),
        SCENE(a_refused_datagram_ends_only_who_waits),
        TCP(a_lost_connection_ends_all_that_wait_on_it),
        SCENE(a_forgotten_one_runs_out_by_itself),
        SCENE(cancel_is_for_invites_that_proceed_and_once),
        SCENE(there_is_a_limit),
        SCENE(what_is_no_sip_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
