#include "rtp_ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

static void close_pair(struct rtp_ports *ports, const struct rtp_pair *pair, int64_t now_ms)
{
    close(pair->rtp_fd);
    close(pair->rtcp_fd);
    rtp_ports_give_back(ports, addr_port(&pair->rtp), now_ms);
}

static void takes_an_even_port_and_the_next(void **state)
{
    (void)state;
    struct addr any = addr_loopback4(0);
    struct rtp_ports *ports = rtp_ports_create(&any, 0, 0);
    struct rtp_pair pair;
    assert_int_equal(rtp_ports_take(ports, &pair, 0, NULL), OK);
    assert_int_equal(addr_port(&pair.rtp) % 2, 0);
    assert_int_equal(addr_port(&pair.rtcp), addr_port(&pair.rtp) + 1);
    assert_true(addr_is_loopback(&pair.rtp));
    close_pair(ports, &pair, 0);
    rtp_ports_destroy(ports);
}

static void stays_in_its_range_and_says_when_it_is_full(void **state)
{
    (void)state;
    struct addr any = addr_loopback4(0);
    struct rtp_ports *ports = rtp_ports_create(&any, 23457, 23464); /* 23458, 60, 62 */
    struct rtp_pair pairs[3], more;
    struct fault fault = { 0 };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rtp_ports_take(ports, &pairs[i], 0, NULL), OK);
        assert_in_range(addr_port(&pairs[i].rtp), 23458, 23462);
    }
    assert_int_equal(rtp_ports_take(ports, &more, 0, &fault), ERR_LIMIT);
    assert_non_null(strstr(fault.text, "all 3 RTP port pairs are taken"));
    for (size_t i = 0; i < 3; i++)
        close_pair(ports, &pairs[i], 0);
    rtp_ports_destroy(ports);
}

static void lets_a_port_rest(void **state)
{
    (void)state;
    struct addr any = addr_loopback4(0);
    struct rtp_ports *ports = rtp_ports_create(&any, 23470, 23473);
    struct rtp_pair a, b;
    assert_int_equal(rtp_ports_take(ports, &a, 0, NULL), OK);
    uint16_t first = addr_port(&a.rtp);
    close_pair(ports, &a, 0);
    for (int64_t now_ms = 1; now_ms < RTP_PORTS_REST_MS; now_ms += 3000) {
        assert_int_equal(rtp_ports_take(ports, &b, now_ms, NULL), OK);
        uint16_t port = addr_port(&b.rtp);
        close(b.rtp_fd);
        close(b.rtcp_fd);
        if (now_ms == 1)
            assert_int_not_equal(port, first); /* the other one is fresh */
        rtp_ports_give_back(ports, port, now_ms);
    }
    rtp_ports_destroy(ports);
}

/* Whose turn it would be rests shorter than another. */
static void the_longest_rested_goes_first(void **state)
{
    (void)state;
    struct addr any = addr_loopback4(0);
    struct rtp_ports *ports = rtp_ports_create(&any, 23490, 23495);
    struct rtp_pair pairs[3], next;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rtp_ports_take(ports, &pairs[i], 0, NULL), OK);
    close_pair(ports, &pairs[2], 0);
    close_pair(ports, &pairs[0], 10);
    assert_int_equal(rtp_ports_take(ports, &next, 11, NULL), OK);
    assert_int_equal(addr_port(&next.rtp), addr_port(&pairs[2].rtp));
    close_pair(ports, &next, 20);
    assert_int_equal(rtp_ports_take(ports, &next, RTP_PORTS_REST_MS + 11, NULL), OK);
    assert_int_equal(addr_port(&next.rtp), addr_port(&pairs[0].rtp)); /* the other rests still */
    close_pair(ports, &next, 0);
    close_pair(ports, &pairs[1], 0);
    rtp_ports_destroy(ports);
}

static void a_resting_port_is_better_than_none(void **state)
{
    (void)state;
    struct addr any = addr_loopback4(0);
    struct rtp_ports *ports = rtp_ports_create(&any, 23480, 23481);
    struct rtp_pair a, b;
    assert_int_equal(rtp_ports_take(ports, &a, 0, NULL), OK);
    close_pair(ports, &a, 0);
    assert_int_equal(rtp_ports_take(ports, &b, 1, NULL), OK);
    assert_int_equal(addr_port(&b.rtp), 23480);
    close_pair(ports, &b, 1);
    rtp_ports_destroy(ports);
}

static void passes_over_a_port_of_another_program(void **state)
{
    (void)state;
    struct addr any = addr_loopback4(0);
    struct rtp_ports *theirs = rtp_ports_create(&any, 23490, 23491);
    struct rtp_ports *ports = rtp_ports_create(&any, 23490, 23493);
    struct rtp_pair foreign, ours;
    assert_int_equal(rtp_ports_take(theirs, &foreign, 0, NULL), OK);
    assert_int_equal(rtp_ports_take(ports, &ours, 0, NULL), OK);
    assert_int_equal(addr_port(&ours.rtp), 23492);
    close_pair(ports, &ours, 0);
    close_pair(theirs, &foreign, 0);
    rtp_ports_destroy(ports);
    rtp_ports_destroy(theirs);
}

static void says_which_address_cannot_be_bound(void **state)
{
    (void)state;
    struct addr elsewhere;
    struct fault fault = { 0 };
    struct rtp_pair pair;
    assert_int_equal(addr_parse_ip(SLICE("192.0.2.1"), 0, &elsewhere), OK);
    struct rtp_ports *ports = rtp_ports_create(&elsewhere, 0, 0);
    assert_int_equal(rtp_ports_take(ports, &pair, 0, &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "192.0.2.1"));
    rtp_ports_destroy(ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_an_even_port_and_the_next),
        cmocka_unit_test(stays_in_its_range_and_says_when_it_is_full),
        cmocka_unit_test(lets_a_port_rest),
        cmocka_unit_test(the_longest_rested_goes_first),
        cmocka_unit_test(a_resting_port_is_better_than_none),
        cmocka_unit_test(passes_over_a_port_of_another_program),
        cmocka_unit_test(says_which_address_cannot_be_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
