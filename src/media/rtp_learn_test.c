#include "rtp_learn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/rtp.h"

static struct addr at(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(slice_of(text), 0, &addr), OK);
    return addr;
}

static enum rtp_learn_verdict feed(struct rtp_learn *learn, const char *from, uint32_t ssrc,
                                   uint16_t seq)
{
    uint8_t packet[RTP_HEADER_LEN + 160] = { 0 };
    struct rtp_header header = { .ssrc = ssrc, .seq = seq };
    rtp_print(&header, packet);
    struct addr addr = at(from);
    return rtp_learn_feed(learn, &addr, slice_make(packet, sizeof packet));
}

static void assert_target(const struct rtp_learn *learn, const char *want)
{
    char text[ADDR_TEXT];
    struct addr target = rtp_learn_target(learn);
    assert_string_equal(addr_print(&target, text), want);
}

static void sends_where_it_was_told_until_it_knows_better(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    assert_int_equal(feed(&learn, "10.0.0.1:4000", 7, 1), RTP_LEARN_EARLY);
    assert_true(rtp_learn_set_remote(&learn, &(struct rtp_remote){ .rtp = at("10.0.0.1:4000") }));
    assert_target(&learn, "10.0.0.1:4000");
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(feed(&learn, "10.0.0.1:61000", 7, (uint16_t)(65534 + i)), RTP_LEARN_TAKE);
    assert_target(&learn, "10.0.0.1:4000");
    assert_int_equal(feed(&learn, "10.0.0.1:61000", 7, 2), RTP_LEARN_LOCKED);
    assert_target(&learn, "10.0.0.1:61000");
}

static void a_stranger_never_moves_it(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    rtp_learn_set_remote(&learn, &(struct rtp_remote){ .rtp = at("10.0.0.1:4000") });
    for (uint16_t i = 0; i < 20; i++)
        assert_int_equal(feed(&learn, "10.0.0.66:4000", 9, i), RTP_LEARN_STRANGER);
    assert_target(&learn, "10.0.0.1:4000");
    for (uint16_t i = 0; i < 5; i++)
        feed(&learn, "10.0.0.1:4000", 7, i);
    for (uint16_t i = 0; i < 20; i++) /* the peer's own address, but another port */
        assert_int_equal(feed(&learn, "10.0.0.1:4444", 7, (uint16_t)(5 + i)), RTP_LEARN_STRANGER);
    assert_target(&learn, "10.0.0.1:4000");
}

static void only_consistent_packets_teach(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    rtp_learn_set_remote(&learn, &(struct rtp_remote){ .rtp = at("10.0.0.1:4000") });
    for (uint16_t i = 0; i < 40; i++) { /* gaps, or another SSRC each time: never five */
        assert_int_equal(feed(&learn, "10.0.0.1:61000", 7, (uint16_t)(2 * i)), RTP_LEARN_TAKE);
        assert_int_equal(feed(&learn, "10.0.0.1:61000", i, i), RTP_LEARN_TAKE);
    }
    assert_false(learn.locked);
}

static void the_signalled_address_wins_over_a_rival(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    rtp_learn_set_remote(&learn, &(struct rtp_remote){ .rtp = at("10.0.0.1:4000") });
    feed(&learn, "10.0.0.1:5555", 9, 0);
    for (uint16_t i = 0; i < 5; i++) {
        feed(&learn, "10.0.0.1:4000", 7, i);
        feed(&learn, "10.0.0.1:5555", 9, (uint16_t)(i + 1));
    }
    assert_true(learn.locked);
    assert_target(&learn, "10.0.0.1:4000");
}

static void behind_nat_the_signalling_source_may_send(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    struct rtp_remote remote = { .rtp = at("192.168.1.5:4000"), .source = at("203.0.113.9:5060") };
    remote.n_nets = 1;
    assert_int_equal(addr_block_parse(SLICE("198.51.100.0/24"), &remote.nets[0]), OK);
    rtp_learn_set_remote(&learn, &remote);
    assert_int_equal(feed(&learn, "198.51.100.7:9000", 1, 1), RTP_LEARN_TAKE);
    for (uint16_t i = 0; i < 5; i++)
        feed(&learn, "203.0.113.9:31000", 7, i);
    assert_target(&learn, "203.0.113.9:31000");
}

static void a_new_address_starts_over_the_same_one_does_not(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    struct rtp_remote remote = { .rtp = at("10.0.0.1:4000") };
    rtp_learn_set_remote(&learn, &remote);
    for (uint16_t i = 0; i < 5; i++)
        feed(&learn, "10.0.0.1:61000", 7, i);
    assert_false(rtp_learn_set_remote(&learn, &remote));
    assert_target(&learn, "10.0.0.1:61000");
    remote.rtp = at("10.0.0.2:4000");
    assert_true(rtp_learn_set_remote(&learn, &remote));
    assert_target(&learn, "10.0.0.2:4000");
    assert_int_equal(feed(&learn, "10.0.0.1:61000", 7, 5), RTP_LEARN_STRANGER);
}

static void hold_keeps_what_was_learned(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    struct rtp_remote remote = { .rtp = at("10.0.0.1:4000") };
    rtp_learn_set_remote(&learn, &remote);
    for (uint16_t i = 0; i < 5; i++)
        feed(&learn, "10.0.0.1:61000", 7, i);
    rtp_learn_set_remote(&learn, &(struct rtp_remote){ .rtp = at("0.0.0.0:4000") });
    struct addr target = rtp_learn_target(&learn);
    assert_false(addr_is_set(&target));
    assert_int_equal(feed(&learn, "10.0.0.1:61000", 7, 5), RTP_LEARN_TAKE); /* its music */
    rtp_learn_set_remote(&learn, &remote);
    assert_target(&learn, "10.0.0.1:61000");
}

static void nobody_is_sent_to_without_an_address(void **state)
{
    (void)state;
    struct rtp_learn learn = { 0 };
    rtp_learn_set_remote(&learn, &(struct rtp_remote){ .rtp = at("0.0.0.0:4000") });
    struct addr target = rtp_learn_target(&learn);
    assert_false(addr_is_set(&target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_where_it_was_told_until_it_knows_better),
        cmocka_unit_test(a_stranger_never_moves_it),
        cmocka_unit_test(only_consistent_packets_teach),
        cmocka_unit_test(the_signalled_address_wins_over_a_rival),
        cmocka_unit_test(behind_nat_the_signalling_source_may_send),
        cmocka_unit_test(a_new_address_starts_over_the_same_one_does_not),
        cmocka_unit_test(hold_keeps_what_was_learned),
        cmocka_unit_test(nobody_is_sent_to_without_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
