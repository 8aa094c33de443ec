#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/rtp_source.h"

enum { FRAME_US = 20000 };

static enum rtp_verdict feed(struct rtp_source *source, uint32_t n, int64_t late_us)
{
    struct rtp_header header = { .seq = (uint16_t)n, .ts = n * 160 };
    return rtp_source_feed(source, &header, 8000, (int64_t)n * FRAME_US + late_us);
}

static void counts_loss_over_wraps(void **state)
{
    (void)state;
    struct rtp_source source;
    rtp_source_init(&source, 1, 0);
    unsigned dropped = 0;
    for (uint32_t n = 65000; n < 65000 + 200000; n++) {
        if (n % 10 == 5) {
            dropped++;
            continue;
        }
        assert_int_equal(feed(&source, n, 0), RTP_IN_ORDER);
    }
    assert_int_equal(rtp_source_lost(&source), dropped);
    assert_int_equal(rtp_source_highest(&source), 65000 + 200000 - 1);
    assert_int_equal(rtp_source_jitter_us(&source), 0);
}

static void reordered_packets_are_no_loss(void **state)
{
    (void)state;
    struct rtp_source source;
    rtp_source_init(&source, 1, 0);
    static const uint16_t order[] = { 65534, 0, 65535, 1, 3, 2, 4 };
    static const enum rtp_verdict verdicts[] = { RTP_IN_ORDER, RTP_IN_ORDER, RTP_LATE,
                                                 RTP_IN_ORDER, RTP_IN_ORDER, RTP_LATE,
                                                 RTP_IN_ORDER };
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(feed(&source, order[i], 0), verdicts[i]);
    assert_int_equal(rtp_source_lost(&source), 0);
    assert_int_equal(feed(&source, 4, 0), RTP_LATE); /* a duplicate */
    assert_int_equal(rtp_source_lost(&source), 0);
}

static void probation_takes_a_sequence(void **state)
{
    (void)state;
    struct rtp_source source;
    rtp_source_init(&source, 1, 5);
    for (uint32_t n = 1; n <= 4; n++)
        assert_int_equal(feed(&source, n, 0), RTP_PROBING);
    assert_int_equal(feed(&source, 9, 0), RTP_PROBING); /* out of sequence: from the start */
    for (uint32_t n = 10; n <= 12; n++)
        assert_int_equal(feed(&source, n, 0), RTP_PROBING);
    assert_int_equal(feed(&source, 13, 0), RTP_IN_ORDER);
    assert_int_equal(rtp_source_expected(&source), 1);
    assert_int_equal(rtp_source_lost(&source), 0);
}

static void a_jump_counts_only_when_it_goes_on(void **state)
{
    (void)state;
    struct rtp_source source;
    rtp_source_init(&source, 1, 0);
    feed(&source, 100, 0);
    feed(&source, 102, 0);
    assert_int_equal(feed(&source, 30000, 0), RTP_JUMP);
    assert_int_equal(feed(&source, 103, 0), RTP_IN_ORDER);
    assert_int_equal(feed(&source, 40000, 0), RTP_JUMP);
    assert_int_equal(feed(&source, 40001, 0), RTP_RESTARTED);
    assert_int_equal(feed(&source, 40002, 0), RTP_IN_ORDER);
    assert_int_equal(rtp_source_highest(&source), 40002);
    assert_int_equal(rtp_source_lost(&source), 1); /* 101, remembered over the restart */
}

static void jitter_converges_to_the_mean_deviation(void **state)
{
    (void)state;
    struct rtp_source source;
    rtp_source_init(&source, 1, 0);
    assert_int_equal(rtp_source_jitter_us(&source), -1);
    for (uint32_t n = 1; n < 500; n++)
        feed(&source, n, n % 2 ? 5000 : 0); /* every transit differs from the last by 5 ms */
    assert_in_range(rtp_source_jitter_us(&source), 4700, 5000);
    struct rtp_header other = { .seq = 500, .ts = 1 }; /* another clock starts over */
    assert_int_equal(rtp_source_feed(&source, &other, 48000, 500 * FRAME_US), RTP_IN_ORDER);
    assert_int_equal(rtp_source_jitter_us(&source), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_loss_over_wraps),
        cmocka_unit_test(reordered_packets_are_no_loss),
        cmocka_unit_test(probation_takes_a_sequence),
        cmocka_unit_test(a_jump_counts_only_when_it_goes_on),
        cmocka_unit_test(jitter_converges_to_the_mean_deviation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
