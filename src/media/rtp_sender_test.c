#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/rtp_sender.h"

enum { START_US = 1000000, FRAME_US = 20000 };

static struct rtp_sender make_sender(void)
{
    struct rtp_sender sender;
    rtp_sender_init(&sender, 0xabc, 65534, UINT32_MAX - 100, 8000);
    return sender;
}

static bool relay(struct rtp_sender *sender, uint32_t ssrc, uint16_t seq, uint32_t ts,
                  int64_t now_us, struct rtp_header *out)
{
    struct rtp_header in = { .pt = 8, .ssrc = ssrc, .seq = seq, .ts = ts };
    return rtp_sender_relay(sender, &in, now_us, out);
}

static void relays_with_gaps_and_order_kept(void **state)
{
    (void)state;
    struct rtp_sender sender = make_sender();
    struct rtp_header out;
    assert_true(relay(&sender, 1, 500, 1000, START_US, &out));
    assert_int_equal(out.ssrc, 0xabc);
    assert_int_equal(out.seq, 65534);
    assert_int_equal(out.ts, UINT32_MAX - 100);
    assert_int_equal(out.pt, 8);
    assert_true(out.marker);
    assert_true(relay(&sender, 1, 503, 1480, START_US + 60000, &out)); /* two were lost */
    assert_int_equal(out.seq, 1);
    assert_int_equal(out.ts, (uint32_t)(UINT32_MAX - 100 + 480));
    assert_false(out.marker);
    assert_true(relay(&sender, 1, 502, 1320, START_US + 61000, &out)); /* and one was late */
    assert_int_equal(out.seq, 0);
    assert_int_equal(out.ts, (uint32_t)(UINT32_MAX - 100 + 320));
    assert_false(relay(&sender, 1, 499, 840, START_US + 62000, &out)); /* before the switch */
}

static void goes_on_over_a_switch_of_source(void **state)
{
    (void)state;
    struct rtp_sender sender = make_sender();
    struct rtp_header first, out;
    relay(&sender, 1, 500, 1000, START_US, &first);
    assert_true(relay(&sender, 2, 9000, 77777, START_US + 1000000, &out));
    assert_int_equal(out.seq, (uint16_t)(first.seq + 1));
    assert_int_equal(out.ts, first.ts + 8000); /* a second passed */
    assert_true(out.marker);
    /* the same SSRC, but its timestamps leap by a minute within 20 ms */
    assert_true(relay(&sender, 2, 9001, 77777 + 480000, START_US + 1020000, &out));
    assert_int_equal(out.seq, (uint16_t)(first.seq + 2));
    assert_int_equal(out.ts, first.ts + 8160);
    assert_true(out.marker);
}

static void own_packets_are_back_to_back(void **state)
{
    (void)state;
    struct rtp_sender sender = make_sender();
    struct rtp_header before, out;
    relay(&sender, 1, 500, 1000, START_US, &before);
    for (uint32_t i = 0; i < 10; i++) {
        /* the tick comes a little late each time, the timestamps do not */
        rtp_sender_make(&sender, 160, START_US + 100000 + i * (FRAME_US + 700), &out);
        assert_int_equal(out.seq, (uint16_t)(before.seq + 1 + i));
        assert_int_equal(out.ts, before.ts + 800 + i * 160);
        assert_int_equal(out.marker, i == 0);
    }
    uint32_t last = out.ts;
    assert_true(relay(&sender, 1, 600, 17000, START_US + 302000, &out));
    assert_int_equal(out.seq, (uint16_t)(before.seq + 11));
    assert_true(out.marker);
    assert_true(rtp_ts_after(out.ts, last + 159)); /* not inside the last packet */
}

static void an_event_keeps_its_timestamp(void **state)
{
    (void)state;
    struct rtp_sender sender = make_sender();
    struct rtp_header audio, out;
    rtp_sender_make(&sender, 160, START_US, &audio);
    rtp_sender_switch(&sender, START_US + FRAME_US);
    for (unsigned i = 0; i < 8; i++) {
        rtp_sender_make(&sender, 0, START_US + FRAME_US * (1 + i), &out);
        assert_int_equal(out.ts, audio.ts + 160);
        assert_int_equal(out.seq, (uint16_t)(audio.seq + 1 + i));
        assert_int_equal(out.marker, i == 0);
    }
    rtp_sender_switch(&sender, START_US + FRAME_US * 9);
    rtp_sender_make(&sender, 160, START_US + FRAME_US * 9, &out);
    assert_int_equal(out.ts, audio.ts + 160 * 9);
}

static void leaving_a_packet_out_leaves_no_gap(void **state)
{
    (void)state;
    struct rtp_sender sender = make_sender();
    struct rtp_header out;
    relay(&sender, 1, 10, 0, START_US, &out);
    uint16_t first = out.seq;
    struct rtp_header noise = { .ssrc = 1, .seq = 12, .ts = 320 };
    rtp_sender_leave_out(&sender, &noise);
    assert_true(relay(&sender, 1, 13, 480, START_US + 60000, &out)); /* 11 is missing, 12 is not */
    assert_int_equal(out.seq, (uint16_t)(first + 2));
    /* 11 comes late: its place cannot be told any more, so it must not take one twice */
    struct rtp_header late;
    if (relay(&sender, 1, 11, 160, START_US + 61000, &late)) {
        assert_int_not_equal(late.seq, out.seq);
        assert_int_not_equal(late.seq, first);
    }
}

static void tells_the_time_in_timestamps(void **state)
{
    (void)state;
    struct rtp_sender sender = make_sender();
    struct rtp_header out;
    assert_int_equal(rtp_sender_ts_at(&sender, START_US), UINT32_MAX - 100);
    rtp_sender_make(&sender, 160, START_US, &out);
    assert_int_equal(rtp_sender_ts_at(&sender, START_US + 500000), out.ts + 4000);
    rtp_sender_count(&sender, 160);
    rtp_sender_count(&sender, 4);
    assert_int_equal(sender.packets, 2);
    assert_int_equal(sender.octets, 164);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relays_with_gaps_and_order_kept),
        cmocka_unit_test(goes_on_over_a_switch_of_source),
        cmocka_unit_test(own_packets_are_back_to_back),
        cmocka_unit_test(an_event_keeps_its_timestamp),
        cmocka_unit_test(leaving_a_packet_out_leaves_no_gap),
        cmocka_unit_test(tells_the_time_in_timestamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
