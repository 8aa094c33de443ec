#include "sdp_candidate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_slice(s, text)                                              \
    do {                                                                   \
        if (!slice_is(s, text))                                            \
            fail_msg("expected \"%s\", got \"%.*s\"", text, SLICE_ARG(s)); \
    } while (0)

static const struct {
    const char *text;
    enum sdp_candidate_type type;
    const char *address, *related, *tcp_type;
    uint16_t port, related_port;
} good[] = {
    { "candidate:1 1 udp 2113937151 192.0.2.7 50412 typ host", SDP_CANDIDATE_HOST, "192.0.2.7", "",
      "", 50412, 0 },
    { "candidate:842163049 1 udp 1677729535 198.51.100.7 50413 typ srflx raddr 192.0.2.7 "
      "rport 50412",
      SDP_CANDIDATE_SRFLX, "198.51.100.7", "192.0.2.7", "", 50413, 50412 },
    { "candidate:3 2 UDP 5 2001:db8::7 65535 typ relay raddr :: rport 0", SDP_CANDIDATE_RELAY,
      "2001:db8::7", "::", "", 65535, 0 },
    { "candidate:4 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active", SDP_CANDIDATE_HOST,
      "192.0.2.7", "", "active", 9, 0 },
    { "candidate:+/a 1 udp 4294967295 4f1b2c3d-1234-4abc-9def-0123456789ab.local 1 typ prflx",
      SDP_CANDIDATE_PRFLX, "4f1b2c3d-1234-4abc-9def-0123456789ab.local", "", "", 1, 0 },
};

static void test_good_ones_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct sdp_candidate c;
        assert_int_equal(sdp_candidate_parse(slice_of(good[i].text), &c), OK);
        assert_int_equal(c.type, good[i].type);
        assert_slice(c.address, good[i].address);
        assert_slice(c.related_address, good[i].related);
        assert_slice(c.tcp_type, good[i].tcp_type);
        assert_int_equal(c.port, good[i].port);
        assert_int_equal(c.related_port, good[i].related_port);
        char mem[256];
        struct buf out = BUF_ON(mem);
        sdp_candidate_print(&c, &out);
        assert_string_equal(buf_cstr(&out), good[i].text);
    }
}

static void test_what_browsers_add(void **state)
{
    (void)state;
    struct sdp_candidate c;
    struct slice text = SLICE("a=candidate:7 1 udp 9 192.0.2.7 5000 typ host generation 0 ufrag "
                              "abcd network-id 1 network-cost 999");
    assert_int_equal(sdp_candidate_parse(text, &c), OK);
    assert_slice(c.foundation, "7");
    assert_slice(c.ufrag, "abcd");
    assert_int_equal(sdp_candidate_parse(SLICE("7 1 udp 9 192.0.2.7 5000 typ host"), &c), OK);
    assert_int_equal(c.priority, 9);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "candidate:",
        "candidate:1 1 udp 9 192.0.2.7 5000",
        "candidate:1 1 udp 9 192.0.2.7 5000 host",
        "candidate:1 0 udp 9 192.0.2.7 5000 typ host",
        "candidate:1 256 udp 9 192.0.2.7 5000 typ host",
        "candidate:1 1 udp 4294967296 192.0.2.7 5000 typ host",
        "candidate:1 1 udp 9 192.0.2.7 65536 typ host",
        "candidate:123456789012345678901234567890123 1 udp 9 192.0.2.7 5000 typ host",
        "candidate:1 1 udp 9 192.0.2.7 5000 typ srflx raddr 1.2.3.4 rport x",
    };
    struct sdp_candidate c;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sdp_candidate_parse(slice_of(bad[i]), &c) != ERR_PARSE)
            fail_msg("accepted: %s", bad[i]);
    struct slice odd = SLICE("candidate:1 1 udp 9 192.0.2.7 5000 typ wormhole");
    assert_int_equal(sdp_candidate_parse(odd, &c), ERR_UNSUPPORTED);
}

static void test_priority(void **state)
{
    (void)state;
    /* the familiar number of a single host candidate */
    assert_int_equal(sdp_candidate_priority(SDP_CANDIDATE_HOST, 65535, 1), 2130706431);
    assert_int_equal(sdp_candidate_priority(SDP_CANDIDATE_RELAY, 0, 2), 254);
    assert_true(sdp_candidate_priority(SDP_CANDIDATE_PRFLX, 0, 1) >
                sdp_candidate_priority(SDP_CANDIDATE_SRFLX, 65535, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_ones_round_trip),
        cmocka_unit_test(test_what_browsers_add),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
