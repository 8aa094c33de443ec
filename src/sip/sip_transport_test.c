/* The transport layer: which listener, which address we show, where responses go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_net.h"

static const struct sip_transport_events events = { 0 };

static struct addr at(const char *text)
{
    return sim_addr(text);
}

static struct sip_flow route(const struct sip_transport *t, enum sip_kind kind, const char *to)
{
    struct sip_flow flow = { 0 };
    struct sip_hop hop = { .kind = kind, .addr = at(to) };
    if (sip_transport_route(t, &hop, &flow))
        flow.listener = 0;
    return flow;
}

static void the_listener_fits_kind_family_and_reach(void **state)
{
    (void)state;
    struct sim sim;
    struct sip_agent_stats stats = { 0 };
    struct sip_transport_config config = { 0 };
    sim_init(&sim);
    struct sip_transport *t = sip_transport_create(sim.loop, &config, &stats, &events, NULL);
    assert_int_equal(route(t, SIP_UDP, "10.0.0.9:5060").listener, 0);
    sim_attach(&sim, "127.0.0.1:5060", t);
    sim_attach(&sim, "10.0.0.1:5070", t);
    sim_attach(&sim, "[2001:db8::1]:5060", t);
    assert_int_equal(route(t, SIP_UDP, "127.0.0.1:9").listener, 1);
    assert_int_equal(route(t, SIP_UDP, "10.0.0.9:5060").listener, 2);
    assert_int_equal(route(t, SIP_UDP, "[2001:db8::9]:5060").listener, 3);
    assert_int_equal(route(t, SIP_TCP, "10.0.0.9:5060").listener, 0);
    struct addr list[2];
    assert_int_equal(sip_transport_listeners(t, SIP_UDP, list, 2), 3);
    assert_int_equal(addr_port(&list[1]), 5070);
    sip_transport_destroy(t);
    sim_clear(&sim);
}

static void assert_shown(struct sip_transport *t, const char *local, const char *remote,
                         const char *shown)
{
    char text[ADDR_TEXT];
    struct sip_flow flow = { .listener = 1, .local = at(local), .remote = at(remote) };
    struct addr addr = sip_transport_address(t, &flow);
    assert_string_equal(addr_print(&addr, text), shown);
}

static void the_public_address_is_for_the_world_only(void **state)
{
    (void)state;
    struct sim sim;
    struct sip_agent_stats stats = { 0 };
    struct addr_block lan;
    assert_int_equal(addr_block_parse(SLICE("192.168.0.0/16"), &lan), OK);
    struct sip_transport_config config = { .public_ip = at("203.0.113.1:1"),
                                           .local_nets = &lan,
                                           .n_local_nets = 1 };
    sim_init(&sim);
    struct sip_transport *t = sip_transport_create(sim.loop, &config, &stats, &events, NULL);
    sim_attach(&sim, "192.168.1.1:5070", t);
    assert_shown(t, "192.168.1.1:5070", "198.51.100.9:5060", "203.0.113.1:5070");
    assert_shown(t, "192.168.1.1:5070", "192.168.7.7:5060", "192.168.1.1:5070");
    assert_shown(t, "127.0.0.1:5070", "127.0.0.1:5060", "127.0.0.1:5070");
    assert_shown(t, "0.0.0.0:5070", "127.0.0.1:5060", "127.0.0.1:5070");
    struct addr none = { 0 };
    sip_transport_set_public_ip(t, &none);
    assert_shown(t, "192.168.1.1:5070", "198.51.100.9:5060", "192.168.1.1:5070");
    sip_transport_set_public_ip(t, &config.public_ip);
    assert_shown(t, "192.168.1.1:5070", "192.168.1.9:5060", "192.168.1.1:5070");
    sip_transport_set_local_nets(t, NULL, 0); /* nobody is near any more */
    assert_shown(t, "192.168.1.1:5070", "192.168.1.9:5060", "203.0.113.1:5070");
    sip_transport_destroy(t);
    sim_clear(&sim);
}

static void assert_back(const char *via, enum sip_kind kind, const char *from, const char *to)
{
    char text[512];
    char where[ADDR_TEXT];
    struct sip_msg *msg = NULL;
    size_t used = 0;
    snprintf(
        text, sizeof text,
        "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>\r\n"
        "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        via);
    assert_int_equal(sip_msg_parse(&msg, slice_of(text), &used), OK);
    struct sip_flow flow = { .listener = 1, .kind = kind, .remote = at(from) };
    struct sip_flow back = sip_transport_back(msg, &flow);
    assert_string_equal(addr_print(&back.remote, where), to);
    sip_msg_unref(msg);
}

static void responses_go_where_via_says_but_never_to_another_address(void **state)
{
    (void)state;
    assert_back("10.0.0.9:5066;branch=z9hG4bK1;rport", SIP_UDP, "10.0.0.9:40000", "10.0.0.9:40000");
    assert_back("10.0.0.9:5066;branch=z9hG4bK1", SIP_UDP, "10.0.0.9:40000", "10.0.0.9:5066");
    assert_back("10.0.0.9;branch=z9hG4bK1", SIP_UDP, "10.0.0.9:40000", "10.0.0.9:5060");
    assert_back("192.168.1.1;branch=z9hG4bK1", SIP_UDP, "10.0.0.9:40000", "10.0.0.9:5060");
    assert_back("10.0.0.9;maddr=198.51.100.1;branch=z9hG4bK1", SIP_UDP, "10.0.0.9:40000",
                "10.0.0.9:5060");
    assert_back("10.0.0.9:5066;branch=z9hG4bK1", SIP_TCP, "10.0.0.9:40000", "10.0.0.9:40000");
}

static void names_of_kinds_are_read_and_written(void **state)
{
    (void)state;
    enum sip_kind kind;
    assert_int_equal(sip_kind_parse(SLICE("tls"), &kind), OK);
    assert_int_equal(kind, SIP_TLS);
    assert_int_equal(sip_kind_parse(SLICE("WSS"), &kind), OK);
    assert_int_equal(kind, SIP_WSS);
    assert_int_equal(sip_kind_parse(SLICE("sctp"), &kind), ERR_INVALID);
    assert_string_equal(sip_kind_name(SIP_TCP), "TCP");
    assert_int_equal(sip_kind_port(SIP_TLS), 5061);
    assert_false(sip_kind_is_reliable(SIP_UDP));
    assert_true(sip_kind_is_reliable(SIP_WS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_listener_fits_kind_family_and_reach),
        cmocka_unit_test(the_public_address_is_for_the_world_only),
        cmocka_unit_test(responses_go_where_via_says_but_never_to_another_address),
        cmocka_unit_test(names_of_kinds_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
