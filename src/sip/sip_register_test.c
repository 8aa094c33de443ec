/* Our registration against our own registrar with digest (sip_auth and its slow store included),
 * and against a scripted one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip_auth.h"
#include "sip_register.h"
#include "sip_registrar.h"
#include "test_net.h"

struct scene {
    struct sim sim;
    struct sip_agent *client, *server;
    struct sip_auth *auth;
    struct sip_registrar *registrar;
    struct sip_register *reg;
    struct sim_peer peer; /* a scripted registrar */
    struct secret password;
    /* the store */
    struct secret stored;
    int64_t store_ms; /* how slow it is; negative: it never answers */
    struct sip_auth_lookup *asked;
    struct timer store_timer;
    unsigned lookups;
    char log[1024];
};

static void answer_store(void *owner)
{
    struct scene *s = owner;
    struct sip_auth_lookup *lookup = s->asked;
    s->asked = NULL;
    struct sip_auth_key key = { .password = &s->stored };
    sip_auth_found(lookup, s->stored.len ? &key : NULL);
}

static void on_lookup(void *owner, struct slice user, struct slice realm,
                      struct sip_auth_lookup *lookup)
{
    struct scene *s = owner;
    assert_true(slice_is(realm, "example.com"));
    assert_true(slice_is(user, "alice"));
    s->lookups++;
    s->asked = lookup;
    if (s->store_ms == 0)
        answer_store(s);
    else if (s->store_ms > 0)
        loop_timer_start(s->sim.loop, &s->store_timer, s->store_ms, answer_store, s);
}

static void on_state(void *owner, struct sip_register *reg, enum sip_register_state state,
                     int status, const char *text)
{
    struct scene *s = owner;
    size_t len = strlen(s->log);
    (void)reg;
    snprintf(s->log + len, sizeof s->log - len, "%s:%d:%s ", sip_register_state_name(state), status,
             text);
}

static const struct sip_register_events events = { .on_state = on_state };
static const struct sip_registrar_events registrar_events = { 0 };
static const struct sip_agent_events agent_events = { 0 };

static int setup(void **state)
{
    struct scene *s = mem_new(struct scene);
    struct sip_agent_config agent = { 0 };
    struct sip_auth_config auth = { .realm = SLICE("example.com") };
    sim_init(&s->sim);
    s->client = sim_agent(&s->sim, "10.0.0.1:5060", &agent, &agent_events, s);
    s->server = sim_agent(&s->sim, "10.0.0.2:5060", &agent, &agent_events, s);
    s->auth = sip_auth_create(s->sim.loop, &auth, on_lookup, s);
    struct sip_registrar_config config = { .auth = s->auth };
    s->registrar = sip_registrar_create(s->sim.loop, &config, &registrar_events, s);
    sip_agent_handle(s->server, SLICE("REGISTER"), sip_registrar_handle, s->registrar);
    sim_peer_init(&s->peer, &s->sim, "10.0.0.3:5060");
    secret_set(&s->password, SLICE("right"));
    secret_set(&s->stored, SLICE("right"));
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    sip_register_destroy(s->reg);
    sip_registrar_destroy(s->registrar);
    sip_auth_destroy(s->auth);
    if (s->asked)
        sip_auth_found(s->asked, NULL);
    sip_agent_destroy(s->client);
    sip_agent_destroy(s->server);
    secret_clear(&s->password);
    secret_clear(&s->stored);
    sim_peer_clear(&s->peer);
    sim_clear(&s->sim);
    mem_free(s);
    return 0;
}

static void start_at(struct scene *s, const char *where, bool as_seen)
{
    struct sip_register_config config = { .registrar_uri = SLICE("sip:example.com"),
                                          .aor = SLICE("sip:alice@example.com"),
                                          .contact_user = SLICE("alice"),
                                          .hop = { .addr = sim_addr(where) },
                                          .auth = { .user = SLICE("alice"),
                                                    .password = &s->password },
                                          .expires_s = 100,
                                          .contact_as_seen = as_seen };
    s->reg = sip_register_create(s->client, &config, &events, s);
    sip_register_start(s->reg);
}

static void pass(struct scene *s, int64_t ms)
{
    loop_advance(s->sim.loop, ms);
}

static void it_registers_with_digest_and_refreshes(void **state)
{
    struct scene *s = *state;
    start_at(s, "10.0.0.2:5060", false);
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_TRYING);
    pass(s, 100);
    assert_string_equal(s->log, "registered:200:OK ");
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    assert_in_range(sip_register_expires_in_ms(s->reg), 99000, 100000);
    assert_true(slice_is(sip_register_contact(s->reg), "sip:alice@10.0.0.1:5060"));
    assert_int_equal(s->lookups, 1);
    pass(s, 79000);
    assert_int_equal(s->lookups, 1);
    pass(s, 1500); /* 80 per cent: with the credentials at once, so one lookup */
    assert_int_equal(s->lookups, 2);
    assert_string_equal(s->log, "registered:200:OK registered:200:OK ");
    assert_int_equal(sip_agent_stats(s->client)->responses_in[4], 1);
    pass(s, 3600000);
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_ON);
    sip_register_stop(s->reg);
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_LEAVING);
    pass(s, 100);
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_OFF);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
}

static void a_slow_store_makes_the_transaction_wait(void **state)
{
    struct scene *s = *state;
    s->store_ms = 1200;
    start_at(s, "10.0.0.2:5060", false);
    pass(s, 1000);
    assert_string_equal(s->log, "");
    pass(s, 400);
    assert_string_equal(s->log, "registered:200:OK ");
    assert_int_equal(s->lookups, 1); /* repetitions were absorbed */
}

static void a_store_that_never_answers_gets_503(void **state)
{
    struct scene *s = *state;
    s->store_ms = -1;
    start_at(s, "10.0.0.2:5060", false);
    pass(s, 5200);
    assert_string_equal(s->log, "failed:503:Service Unavailable ");
    assert_int_equal(sip_registrar_count(s->registrar), 0);
    answer_store(s); /* too late: nobody waits, nothing leaks */
    pass(s, 100);
    sip_register_stop(s->reg);
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_OFF);
}

static void a_wrong_password_and_an_unknown_user_look_the_same(void **state)
{
    struct scene *s = *state;
    secret_set(&s->stored, SLICE("other"));
    start_at(s, "10.0.0.2:5060", false);
    pass(s, 100);
    char wrong[sizeof s->log];
    snprintf(wrong, sizeof wrong, "%s", s->log);
    assert_non_null(strstr(wrong, "failed:401:authentication failed: user \"alice\", realm "
                                  "\"example.com\", status 401"));
    sip_register_destroy(s->reg);
    secret_clear(&s->stored);
    s->log[0] = '\0';
    start_at(s, "10.0.0.2:5060", false);
    pass(s, 100);
    assert_string_equal(s->log, wrong);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
    assert_int_equal(s->lookups, 4); /* twice each */
}

static void failures_are_tried_again_slower_and_slower(void **state)
{
    struct scene *s = *state;
    start_at(s, "10.0.0.99:5060", false); /* nobody there: ICMP */
    pass(s, 100);
    assert_string_equal(s->log,
                        "failed:503:cannot reach 10.0.0.99:5060 over UDP: Connection refused ");
    pass(s, 60000); /* after 2, 4, 8, 16, 32 s, each ± 25 % */
    assert_in_range(sip_agent_stats(s->client)->requests_out[SIP_REGISTER], 5, 6);
    uint64_t before = sip_agent_stats(s->client)->requests_out[SIP_REGISTER];
    pass(s, 3600000); /* and then every five minutes or so */
    assert_in_range(sip_agent_stats(s->client)->requests_out[SIP_REGISTER] - before, 9, 20);
    struct sip_hop hop = { .addr = sim_addr("10.0.0.2:5060") };
    s->log[0] = '\0';
    sip_register_set_hop(s->reg, &hop);
    pass(s, 100);
    assert_string_equal(s->log, "registered:200:OK ");
}

static void reply(struct scene *s, unsigned status, const char *headers)
{
    sim_peer_reply(&s->peer, sim_peer_last(&s->peer, "REGISTER", 0), status, "t", headers, "");
    pass(s, 20);
}

static void a_423_is_tried_again_with_the_time_it_names(void **state)
{
    struct scene *s = *state;
    start_at(s, "10.0.0.3:5060", false);
    pass(s, 20);
    reply(s, 423, "Min-Expires: 600\r\n");
    const struct sip_msg *again = sim_peer_last(&s->peer, "REGISTER", 0);
    assert_true(slice_is(sip_msg_value(again, SIP_H_EXPIRES), "600"));
    assert_int_equal(sip_msg_cseq(again)->number, 2);
    assert_true(slice_eq(sip_msg_call_id(again), sip_msg_call_id(s->peer.got[0])));
    reply(s, 200, "Contact: <sip:x@1.2.3.4>;expires=9, <sip:alice@10.0.0.1:5060>;expires=500\r\n");
    assert_string_equal(s->log, "registered:200:OK ");
    assert_in_range(sip_register_expires_in_ms(s->reg), 499000, 500000);
}

static void retry_after_is_obeyed(void **state)
{
    struct scene *s = *state;
    start_at(s, "10.0.0.3:5060", false);
    pass(s, 20);
    reply(s, 503, "Retry-After: 60\r\n");
    pass(s, 59000);
    assert_int_equal(sim_peer_count(&s->peer, "REGISTER", 0), 1);
    pass(s, 1200);
    assert_int_equal(sim_peer_count(&s->peer, "REGISTER", 0), 2);
}

static void a_failed_refresh_keeps_the_binding_until_it_expires(void **state)
{
    struct scene *s = *state;
    start_at(s, "10.0.0.3:5060", false);
    pass(s, 20);
    reply(s, 200, "Expires: 100\r\n");
    pass(s, 81000);
    reply(s, 500, "");
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_ON);
    assert_int_equal(sip_register_status(s->reg), 500);
    pass(s, 3000);
    reply(s, 403, ""); /* a plain no, however, is one */
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_FAILED);
}

static void behind_nat_the_seen_address_is_bound_instead(void **state)
{
    struct scene *s = *state;
    char head[512];
    start_at(s, "10.0.0.3:5060", true);
    pass(s, 20);
    /* as a registrar beyond a NAT answers: received and rport */
    const struct sip_msg *first = sim_peer_last(&s->peer, "REGISTER", 0);
    char text[2048];
    snprintf(text, sizeof text,
             "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=%.*s;"
             "received=203.0.113.5;rport=41234\r\nFrom: <sip:alice@example.com>;tag=%.*s\r\n"
             "To: <sip:alice@example.com>;tag=t\r\nCall-ID: %.*s\r\nCSeq: 1 REGISTER\r\n"
             "Contact: <sip:alice@10.0.0.1:5060>;expires=100\r\nContent-Length: 0\r\n\r\n",
             SLICE_ARG(sip_msg_via(first)->branch), SLICE_ARG(sip_msg_from_tag(first)),
             SLICE_ARG(sip_msg_call_id(first)));
    sim_peer_say(&s->peer, "10.0.0.1:5060", text);
    pass(s, 20);
    const struct sip_msg *second = sim_peer_last(&s->peer, "REGISTER", 0);
    assert_ptr_not_equal(first, second);
    snprintf(head, sizeof head, "%.*s", SLICE_ARG(sip_msg_wire(second)));
    assert_true(slice_is(sip_msg_header_nth(second, SIP_H_CONTACT, 0)->value,
                         "<sip:alice@203.0.113.5:41234>"));
    assert_true(slice_is(sip_msg_header_nth(second, SIP_H_CONTACT, 1)->value,
                         "<sip:alice@10.0.0.1:5060>;expires=0"));
    assert_true(slice_is(sip_register_contact(s->reg), "sip:alice@203.0.113.5:41234"));
}

static void stopping_while_one_is_out_never_makes_two(void **state)
{
    struct scene *s = *state;
    start_at(s, "10.0.0.3:5060", false);
    pass(s, 20);
    sip_register_stop(s->reg);
    pass(s, 20);
    assert_int_equal(sim_peer_count(&s->peer, "REGISTER", 0), 1);
    reply(s, 200, "Expires: 100\r\n");
    assert_int_equal(sim_peer_count(&s->peer, "REGISTER", 0), 2);
    assert_true(
        slice_is(sip_msg_value(sim_peer_last(&s->peer, "REGISTER", 0), SIP_H_EXPIRES), "0"));
    sip_register_start(s->reg);
    pass(s, 20);
    assert_int_equal(sim_peer_count(&s->peer, "REGISTER", 0), 2);
    reply(s, 200, "");
    assert_int_equal(sim_peer_count(&s->peer, "REGISTER", 0), 3);
    assert_true(
        slice_is(sip_msg_value(sim_peer_last(&s->peer, "REGISTER", 0), SIP_H_EXPIRES), "100"));
    reply(s, 200, "Expires: 100\r\n");
    assert_int_equal(sip_register_state(s->reg), SIP_REGISTER_ON);
}

static void another_ones_address_is_403(void **state)
{
    struct scene *s = *state;
    struct sip_register_config config = { .registrar_uri = SLICE("sip:example.com"),
                                          .aor = SLICE("sip:bob@example.com"),
                                          .contact_user = SLICE("bob"),
                                          .hop = { .addr = sim_addr("10.0.0.2:5060") },
                                          .auth = { .user = SLICE("alice"),
                                                    .password = &s->password } };
    s->reg = sip_register_create(s->client, &config, &events, s);
    sip_register_start(s->reg);
    pass(s, 100);
    assert_string_equal(s->log, "failed:403:Forbidden ");
    assert_int_equal(sip_registrar_count(s->registrar), 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(it_registers_with_digest_and_refreshes),
        SCENE(a_slow_store_makes_the_transaction_wait),
        SCENE(a_store_that_never_answers_gets_503),
        SCENE(a_wrong_password_and_an_unknown_user_look_the_same),
        SCENE(failures_are_tried_again_slower_and_slower),
        SCENE(a_423_is_tried_again_with_the_time_it_names),
        SCENE(retry_after_is_obeyed),
        SCENE(a_failed_refresh_keeps_the_binding_until_it_expires),
        SCENE(behind_nat_the_seen_address_is_bound_instead),
        SCENE(stopping_while_one_is_out_never_makes_two),
        SCENE(another_ones_address_is_403),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
