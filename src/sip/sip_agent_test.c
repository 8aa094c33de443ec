/* The agent: what it answers by itself, its handlers, and a call over real UDP sockets. */

#include "test_scene.h"

#include "sip_request.h"

static const struct sip_msg *ask(struct scene *s, const char *method, const char *uri,
                                 const char *headers)
{
    static unsigned count;
    char text[2048];
    struct buf out = BUF_ON(text);
    buf_printf(&out,
               "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK%u\r\n"
               "From: <sip:carol@10.0.0.3>;tag=carol\r\nTo: <sip:bob@10.0.0.2>\r\n"
               "Call-ID: call-%u\r\nCSeq: 1 %s\r\n%sContact: <sip:carol@10.0.0.3>\r\n"
               "Content-Length: 0\r\n\r\n",
               method, uri, count, count, method, headers);
    count++;
    sim_peer_clear(&s->peer);
    sim_peer_say(&s->peer, "10.0.0.2:5060", buf_cstr(&out));
    loop_advance(s->w.sim.loop, 20);
    return s->peer.n ? s->peer.got[s->peer.n - 1] : NULL;
}

static void options_are_answered_with_what_we_can(void **state)
{
    const struct sip_msg *ok = ask(*state, "OPTIONS", "sip:10.0.0.2", "");
    assert_int_equal(sip_msg_status(ok), 200);
    assert_true(sip_msg_lists(ok, SIP_H_ALLOW, "INVITE"));
    assert_true(sip_msg_lists(ok, SIP_H_ACCEPT, "application/sdp"));
    assert_true(sip_msg_lists(ok, SIP_H_ACCEPT, "multipart/mixed"));
    assert_true(slice_is(sip_msg_value(ok, SIP_H_SERVER), "test"));
    assert_true(sip_msg_to_tag(ok).len > 0);
}

static void what_we_do_not_do_is_refused_in_words(void **state)
{
    struct scene *s = *state;
    const struct sip_msg *no = ask(s, "SUBSCRIBE", "sip:bob@10.0.0.2", "");
    assert_int_equal(sip_msg_status(no), 405);
    assert_true(sip_msg_lists(no, SIP_H_ALLOW, "INVITE"));
    assert_int_equal(sip_msg_status(ask(s, "DANCE", "sip:bob@10.0.0.2", "")), 501);
    assert_int_equal(sip_msg_status(ask(s, "BYE", "sip:bob@10.0.0.2", "")), 481);
    assert_int_equal(sip_msg_status(ask(s, "INVITE", "http://x.example/", "")), 416);
    assert_int_equal(sip_msg_status(ask(s, "INVITE", "sip:b@x", "Max-Forwards: 0\r\n")), 483);
    assert_int_equal(sip_msg_status(ask(s, "OPTIONS", "sip:b@x", "Max-Forwards: 0\r\n")), 200);
    no = ask(s, "INVITE", "sip:b@x", "Require: foo, 100rel, bar\r\n");
    assert_int_equal(sip_msg_status(no), 420);
    assert_int_equal(sip_msg_count(no, SIP_H_UNSUPPORTED), 2);
    no = ask(s, "INVITE", "sip:b@x", "Content-Encoding: gzip\r\n");
    assert_int_equal(sip_msg_status(no), 415);
    assert_string_equal(s->w.callee.log, "");
}

static unsigned ask_with(struct scene *s, const char *head, const char *body)
{
    char headers[600];
    snprintf(headers, sizeof headers, "%sContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);
    return sip_msg_status(ask(s, "INVITE", "sip:bob@10.0.0.2", headers));
}

/* RFC 3261 §8.2.3 */
static void a_call_is_about_a_description(void **state)
{
    struct scene *s = *state;
    static const char mixed[] = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n";
    assert_int_equal(ask_with(s, "Content-Type: text/plain\r\n", "hello"), 415);
    assert_true(sip_msg_lists(s->peer.got[0], SIP_H_ACCEPT, "application/sdp"));
    assert_int_equal(ask_with(s, "Content-Type: multipart/mixed;boundary=b\r\n", mixed), 415);
    assert_string_equal(s->w.callee.log, "");
    assert_int_not_equal(ask_with(s,
                                  "Content-Type: text/plain\r\n"
                                  "Content-Disposition: render;handling=optional\r\n",
                                  "hello"),
                         415);
}

static void on_message(void *owner, struct sip_txn *txn)
{
    struct sip_reply reply = { .status = 202 };
    call_note(owner, "message ");
    sip_txn_reply(txn, &reply);
}

static void a_handler_takes_a_method(void **state)
{
    struct scene *s = *state;
    sip_agent_handle(s->w.callee.agent, SLICE("MESSAGE"), on_message, &s->w.callee);
    assert_int_equal(sip_msg_status(ask(s, "MESSAGE", "sip:bob@10.0.0.2", "")), 202);
    assert_string_equal(s->w.callee.log, "message ");
    sip_agent_handle(s->w.callee.agent, SLICE("MESSAGE"), NULL, NULL);
    assert_int_equal(sip_msg_status(ask(s, "MESSAGE", "sip:bob@10.0.0.2", "")), 405);
}

static void requests_outside_dialogs_report_their_end(void **state)
{
    struct scene *s = *state;
    struct sip_request *request = NULL;
    struct sip_request_config ping = { .method = SLICE("OPTIONS"),
                                       .request_uri = SLICE("sip:10.0.0.2"),
                                       .from_uri = SLICE("sip:tandem@10.0.0.1"),
                                       .hop = { .addr = sim_addr("10.0.0.2:5060") } };
    assert_int_equal(
        sip_request_create(&request, s->w.caller.agent, &ping, call_on_outcome, &s->w.caller), OK);
    loop_advance(s->w.sim.loop, 100);
    ping.hop.addr = sim_addr("10.0.0.77:5060");
    assert_int_equal(
        sip_request_create(&request, s->w.caller.agent, &ping, call_on_outcome, &s->w.caller), OK);
    loop_advance(s->w.sim.loop, 100);
    assert_string_equal(s->w.caller.log, "outcome:200 outcome:503 ");
    ping.hop.addr = sim_addr("10.0.0.2:5060");
    assert_int_equal(
        sip_request_create(&request, s->w.caller.agent, &ping, call_on_outcome, &s->w.caller), OK);
    sip_request_destroy(request);
    loop_advance(s->w.sim.loop, 100);
    assert_string_equal(s->w.caller.log, "outcome:200 outcome:503 ");
}

static void counters_count(void **state)
{
    struct scene *s = *state;
    world_up(&s->w);
    const struct sip_agent_stats *caller = sip_agent_stats(s->w.caller.agent);
    const struct sip_agent_stats *callee = sip_agent_stats(s->w.callee.agent);
    assert_int_equal(caller->requests_out[SIP_INVITE], 1);
    assert_int_equal(caller->requests_out[SIP_ACK], 1);
    assert_int_equal(caller->responses_in[1], 2);
    assert_int_equal(caller->responses_in[2], 1);
    assert_int_equal(caller->sessions, 1);
    assert_int_equal(callee->requests_in[SIP_INVITE], 1);
    assert_int_equal(callee->responses_out[2], 1);
    assert_int_equal(callee->txns, 1); /* RFC 6026: it absorbs repetitions */
}

static void on_wire(void *owner, const struct sip_wire_event *event)
{
    call_note(owner, "%s%s%.*s ", event->way == SIP_WIRE_IN ? "<" : ">",
              event->is_retransmission ? "again:" : "",
              SLICE_ARG(event->msg ? sip_msg_method_text(event->msg) : event->bytes));
}

static void every_message_passes_the_wire_hook(void **state)
{
    struct scene *s = *state;
    static const struct sip_agent_events watching = { .on_wire = on_wire };
    s->w.callee.agent->events = &watching;
    sim_peer_say(&s->peer, "10.0.0.2:5060", "junk");
    loop_advance(s->w.sim.loop, 20);
    ask(s, "OPTIONS", "sip:bob@10.0.0.2", "");
    assert_string_equal(s->w.callee.log, "<junk <OPTIONS >OPTIONS ");
    s->w.callee.log[0] = '\0';
    ask(s, "INVITE", "sip:bob@10.0.0.2", "");
    loop_advance(s->w.sim.loop, 600); /* nobody takes it: 480, repeated until its ACK */
    assert_string_equal(s->w.callee.log, "<INVITE >INVITE >INVITE >again:INVITE ");
}

static void on_done(void *owner)
{
    call_note(owner, "done ");
}

static void a_shutdown_waits_for_the_byes(void **state)
{
    struct scene *s = *state;
    world_up(&s->w);
    s->w.caller.log[0] = '\0';
    sip_session_destroy(s->w.caller.session);
    s->w.caller.session = NULL;
    sip_agent_shutdown(s->w.caller.agent, 5000, on_done, &s->w.caller);
    loop_advance(s->w.sim.loop, 5);
    assert_string_equal(s->w.caller.log, "");
    loop_advance(s->w.sim.loop, 100);
    assert_string_equal(s->w.caller.log, "done ");
    assert_non_null(strstr(s->w.callee.log, "bye:200:"));
}

static void a_shutdown_does_not_wait_for_ever(void **state)
{
    struct scene *s = *state;
    world_up(&s->w);
    s->w.caller.log[0] = '\0';
    s->w.sim.loss = 100;
    sip_session_destroy(s->w.caller.session);
    s->w.caller.session = NULL;
    sip_agent_shutdown(s->w.caller.agent, 1000, on_done, &s->w.caller);
    loop_advance(s->w.sim.loop, 990);
    assert_string_equal(s->w.caller.log, "");
    loop_advance(s->w.sim.loop, 50);
    assert_string_equal(s->w.caller.log, "done ");
}

/* ---- real sockets ---- */

struct real {
    struct loop *loop;
    struct call caller, callee;
    struct world world; /* only for its name in the wire log */
};

static void turn_until(struct real *r, const struct call *call, const char *text)
{
    for (int i = 0; i < 200 && !strstr(call->log, text); i++)
        loop_turn(r->loop, 10);
    assert_non_null(strstr(call->log, text));
}

static void listen_on(struct sip_agent *agent, const char *where, struct addr *out)
{
    struct fault fault = { 0 };
    struct addr bind = sim_addr(where);
    assert_int_equal(sip_agent_listen(agent, SIP_UDP, &bind, &fault), OK);
    assert_int_equal(sip_agent_listeners(agent, SIP_UDP, out, 1), 1);
    assert_int_not_equal(addr_port(out), 0);
}

static void call_over(const char *where, const char *host)
{
    struct real r = { .loop = loop_create() };
    struct sip_agent_config config = { 0 };
    struct addr addr;
    char uri[80];
    r.caller.world = r.callee.world = &r.world;
    r.callee.rings = true;
    r.caller.agent = sip_agent_create(r.loop, &config, &agent_events, &r.caller);
    r.callee.agent = sip_agent_create(r.loop, &config, &agent_events, &r.callee);
    listen_on(r.caller.agent, where, &addr);
    listen_on(r.callee.agent, where, &addr);
    addr = sim_addr(host);
    struct addr bound;
    sip_agent_listeners(r.callee.agent, SIP_UDP, &bound, 1);
    addr_set_port(&addr, addr_port(&bound));
    char text[ADDR_TEXT];
    snprintf(uri, sizeof uri, "sip:bob@%s", addr_print(&addr, text));
    struct sip_session_config call = { .request_uri = slice_of(uri),
                                       .from_uri = SLICE("sip:alice@example.com"),
                                       .hop = { .addr = addr },
                                       .body = { SLICE("application/sdp"), SLICE("v=offer") } };
    assert_int_equal(
        sip_session_invite(&r.caller.session, r.caller.agent, &call, &call_events, &r.caller), OK);
    turn_until(&r, &r.caller, "180 ");
    call_answer(&r.callee, "v=answer");
    turn_until(&r, &r.callee, "ack ");
    sip_session_bye(r.callee.session, SLICE_NONE);
    turn_until(&r, &r.caller, "bye:200:");
    assert_string_equal(r.caller.log, "180 answer:v=answer bye:200: ");
    sip_session_destroy(r.caller.session);
    sip_session_destroy(r.callee.session);
    sip_agent_destroy(r.caller.agent);
    sip_agent_destroy(r.callee.agent);
    loop_destroy(r.loop);
}

static void a_call_over_real_sockets(void **state)
{
    (void)state;
    call_over("127.0.0.1:0", "127.0.0.1:0");
    call_over("0.0.0.0:0", "127.0.0.1:0");
    call_over("[::1]:0", "[::1]:0");
}

static void a_closed_port_fails_the_call_at_once(void **state)
{
    (void)state;
    struct real r = { .loop = loop_create() };
    struct sip_agent_config config = { 0 };
    struct addr addr;
    char text[ADDR_TEXT];
    char expected[160];
    r.caller.world = &r.world;
    struct sip_agent *closed = sip_agent_create(r.loop, &config, &agent_events, &r.callee);
    listen_on(closed, "127.0.0.1:0", &addr);
    sip_agent_destroy(closed);
    loop_turn(r.loop, 10); /* its socket closes */
    r.caller.agent = sip_agent_create(r.loop, &config, &agent_events, &r.caller);
    struct addr own;
    listen_on(r.caller.agent, "127.0.0.1:0", &own);
    struct sip_session_config call = { .request_uri = SLICE("sip:bob@127.0.0.1"),
                                       .from_uri = SLICE("sip:alice@example.com"),
                                       .hop = { .addr = addr } };
    assert_int_equal(
        sip_session_invite(&r.caller.session, r.caller.agent, &call, &call_events, &r.caller), OK);
    turn_until(&r, &r.caller, "failed:");
    snprintf(expected, sizeof expected, "failed:503:cannot reach %s over UDP: Connection refused ",
             addr_print(&addr, text));
    assert_string_equal(r.caller.log, expected);
    sip_session_destroy(r.caller.session);
    sip_agent_destroy(r.caller.agent);
    loop_destroy(r.loop);
}

static void a_port_in_use_and_a_missing_transport_are_told(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct sip_agent_config config = { 0 };
    struct sip_agent *agent = sip_agent_create(loop, &config, &agent_events, NULL);
    struct addr addr;
    struct fault fault = { 0 };
    listen_on(agent, "127.0.0.1:0", &addr);
    assert_int_equal(sip_agent_listen(agent, SIP_UDP, &addr, &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "Address already in use"));
    assert_int_equal(sip_agent_listen(agent, SIP_WSS, &addr, &fault), ERR_UNSUPPORTED);
    sip_agent_destroy(agent);
    loop_destroy(loop);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(options_are_answered_with_what_we_can),
        SCENE(what_we_do_not_do_is_refused_in_words),
        SCENE(a_call_is_about_a_description),
        SCENE(a_handler_takes_a_method),
        SCENE(requests_outside_dialogs_report_their_end),
        SCENE(counters_count),
        SCENE(every_message_passes_the_wire_hook),
        SCENE(a_shutdown_waits_for_the_byes),
        SCENE(a_shutdown_does_not_wait_for_ever),
        cmocka_unit_test(a_call_over_real_sockets),
        cmocka_unit_test(a_closed_port_fails_the_call_at_once),
        cmocka_unit_test(a_port_in_use_and_a_missing_transport_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
