/* The figures of a stream: what is known, what is not, and packets of every length. */
#include "media/media_pair_test.h"

#include "base/buf.h"
#include "media/codec.h"
#include "media/tone.h"

static uint8_t sound[480];

static int setup(void **state)
{
    int failed = pair_set_up(state);
    struct pair *pair = *state;
    memset(sound, 0x20, sizeof sound);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    return failed;
}

static void describe_b(struct pair *pair, const struct codec *codec, unsigned ptime_ms,
                       unsigned maxptime_ms)
{
    struct media_description description = { .n_formats = 1, .send = true, .receive = true };
    description.formats[0] = (struct media_format){ .codec = codec };
    description.ptime_ms = ptime_ms;
    description.maxptime_ms = maxptime_ms;
    media_stream_describe(pair->b.stream, &description);
    rig_wait(&pair->rig, &pair->b.connected, 1, 1000);
}

static void sends_packets_of_every_length(void **state)
{
    struct pair *pair = *state;
    static const struct {
        const struct codec *codec;
        unsigned ptime_ms, maxptime_ms, want_ms;
    } rows[] = {
        { &codec_pcmu, 10, 0, 10 },  { &codec_pcma, 20, 0, 20 }, { &codec_g722, 30, 0, 30 },
        { &codec_pcmu, 40, 0, 40 },  { &codec_pcma, 50, 0, 50 }, { &codec_g722, 60, 0, 60 },
        { &codec_pcmu, 0, 0, 20 },   { &codec_pcmu, 25, 0, 20 }, { &codec_pcmu, 500, 0, 60 },
        { &codec_pcmu, 60, 30, 30 }, { &codec_opus, 10, 0, 10 }, { &codec_opus, 60, 0, 60 },
        { &codec_opus, 30, 0, 20 }, /* it has no frame of 30 ms */
    };
    media_stream_tone(pair->b.stream, 1000, -10);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        describe_b(pair, rows[i].codec, rows[i].ptime_ms, rows[i].maxptime_ms);
        rig_run(&pair->rig, 80); /* what was on its way */
        while (far_try_receive(&pair->b))
            ;
        uint32_t want = rows[i].codec->clock_hz / 1000 * rows[i].want_ms, ts = pair->b.got.ts;
        for (int k = 0; k < 3; k++) {
            assert_true(far_receive(&pair->b, 300));
            if (codec_duration(rows[i].codec, pair->b.got.payload) != want)
                fail_msg("row %zu: not %u ms", i, rows[i].want_ms);
            assert_int_equal(pair->b.got.ts - ts, want);
            ts = pair->b.got.ts;
        }
    }
}

static void repacks_what_is_too_long_for_the_far_end(void **state)
{
    struct pair *pair = *state;
    struct tone tone;
    unsigned packets = 0;
    describe_b(pair, &codec_pcmu, 20, 20);
    rig_wait(&pair->rig, &pair->a.connected, 1, 1000);
    struct codec_encoder *encoder = codec_encoder_create(&codec_pcmu, NULL, 8000);
    struct codec_decoder *decoder = codec_decoder_create(&codec_pcmu, 8000);
    int16_t pcm[16000];
    size_t heard = 0;
    tone_init(&tone, 8000, FAR_TONE_HZ, -10);
    int64_t due_us = rig_now_us();
    for (int i = 0; i < 25; i++, due_us += 60000) {
        int16_t frame[480];
        uint8_t bytes[480];
        size_t len = sizeof bytes;
        tone_render(&tone, frame, 480);
        assert_int_equal(codec_encode(encoder, frame, 480, bytes, &len), OK);
        far_send(&pair->a, FAR_PCMU, bytes, len, 480);
        while (rig_now_us() < due_us + 60000)
            loop_turn(pair->rig.loop, 2);
        while (far_try_receive(&pair->b)) {
            size_t n = 480;
            assert_int_equal(pair->b.got.payload.len, 160);
            assert_int_equal(codec_decode(decoder, pair->b.got.payload, pcm + heard, &n), OK);
            heard += n;
            packets++;
        }
    }
    assert_in_range(packets, 66, 80);
    /* a frame more or less, as the buffer adapts, is a leap of the phase */
    const int16_t *late = pcm + heard - 4000;
    assert_true(tone_level_dbm0(late, 4000, 8000, FAR_TONE_HZ) > -14);
    assert_true(level_dbm0(late, 4000) > -10.5 && level_dbm0(late, 4000) < -9.5);
    assert_true(media_stream_stats(pair->a.stream)->rx.buffer_ms > 0);
    codec_encoder_destroy(encoder);
    codec_decoder_destroy(decoder);
}

static void passes_on_what_is_only_not_preferred(void **state)
{
    struct pair *pair = *state;
    describe_b(pair, &codec_pcmu, 20, 60);
    rig_wait(&pair->rig, &pair->a.connected, 1, 1000);
    far_send(&pair->a, FAR_PCMU, sound, 480, 480);
    assert_true(far_receive(&pair->b, 1000));
    assert_int_equal(pair->b.got.payload.len, 480);
}

static void says_what_it_does_not_know(void **state)
{
    struct pair *pair = *state;
    describe_b(pair, &codec_pcmu, 20, 0);
    for (int i = 0; i < 30; i++)
        far_send(&pair->a, FAR_PCMU, sound, 160, 160);
    rig_run(&pair->rig, 1200);
    const struct media_stats *stats = media_stream_stats(pair->a.stream);
    assert_int_equal(stats->rx.packets, 30);
    assert_true(stats->rx.mos < 0); /* half a second is not a call */
    assert_true(stats->tx.mos < 0 && stats->far_mos < 0);
    assert_int_equal(stats->rx.concealed_ms, -1);
    assert_int_equal(stats->rx.buffer_ms, -1);
    assert_int_equal(stats->tx.reordered, -1);
    assert_int_equal(stats->rtt_us, -1);
}

static void loss_and_disorder_show(void **state)
{
    struct pair *pair = *state;
    for (unsigned i = 0; i < 100; i++) {
        pair->a.seq = (uint16_t)(1000 + (i % 20 == 10 ? i + 1 : i % 20 == 11 ? i - 1 : i));
        pair->a.ts = 160U * pair->a.seq;
        if (i % 20 != 5) /* one in twenty is lost, two in twenty change places */
            far_send(&pair->a, FAR_PCMU, sound, 160, 160);
        rig_run(&pair->rig, 10);
    }
    rig_run(&pair->rig, 1100);
    const struct media_stats *stats = media_stream_stats(pair->a.stream);
    assert_int_equal(stats->rx.lost, 5);
    assert_int_equal(stats->rx.reordered, 5);
    assert_true(stats->rx.mos > 3.5 && stats->rx.mos < 4.1);
}

/* A receiver report about us: `lost` of 256 lately, and XR beside it. */
static void report(struct pair *pair, uint32_t lost, uint8_t mos_x10)
{
    uint8_t bytes[128];
    uint32_t ssrc = pair->b.got.ssrc;
    struct buf buf = BUF_ON(bytes);
    buf_u32(&buf, 0x81c90007);
    buf_u32(&buf, 0x5555);
    buf_u32(&buf, ssrc);
    buf_u32(&buf, lost);
    buf_u32(&buf, pair->b.got.seq);
    buf_u32(&buf, 80); /* jitter: 10 ms */
    buf_u64(&buf, 0);
    buf_u32(&buf, 0x80cf000a);
    buf_u32(&buf, 0x5555);
    buf_u32(&buf, 0x07000008);
    buf_u32(&buf, ssrc);
    for (int i = 0; i < 4; i++)
        buf_u32(&buf, 0);
    buf_u32(&buf, 0x7f7f7f00U | mos_x10);
    buf_u32(&buf, 40);
    buf_u32(&buf, 0);
    assert_int_equal(sendto(pair->b.rtcp_fd, bytes, buf.len, 0, &pair->b.local.rtcp.sa,
                            addr_len(&pair->b.local.rtcp)),
                     (ssize_t)buf.len);
}

/* Bytes of the next half second's packets, the first ones left out. */
static unsigned bytes_sent(struct pair *pair)
{
    unsigned bytes = 0;
    rig_run(&pair->rig, 200);
    while (far_try_receive(&pair->b))
        ;
    for (int i = 0; i < 25; i++) {
        assert_true(far_receive(&pair->b, 200));
        bytes += (unsigned)pair->b.got.payload.len;
    }
    return bytes;
}

/* Half of what we send is lost, say its reports: our Opus takes half the rate; and it comes back.
 */
static void the_bit_rate_follows_reported_loss(void **state)
{
    struct pair *pair = *state;
    describe_b(pair, &codec_opus, 20, 0);
    media_stream_tone(pair->b.stream, 1000, -10);
    assert_true(far_receive(&pair->b, 1000));
    unsigned clean = bytes_sent(pair);
    for (int i = 0; i < 5; i++)
        report(pair, 128U << 24, 30);
    unsigned lossy = bytes_sent(pair);
    if (lossy * 4 > clean * 3)
        fail_msg("%u bytes with loss, %u without", lossy, clean);
    for (int i = 0; i < 12; i++)
        report(pair, 0, 40);
    unsigned again = bytes_sent(pair);
    if (again * 10 < clean * 9)
        fail_msg("%u bytes when it was over, %u before", again, clean);
}

/* The report that our stream sends to b, or none after `ms`. */
static bool receive_report(struct pair *pair, struct rtcp *out, int64_t ms)
{
    static uint8_t bytes[1500];
    for (int64_t end_us = rig_now_us() + ms * 1000; rig_now_us() < end_us;) {
        ssize_t n = recv(pair->b.rtcp_fd, bytes, sizeof bytes, 0);
        if (n > 0 && rtcp_parse(out, slice_make(bytes, (size_t)n)) == OK && out->n_blocks)
            return true;
        loop_turn(pair->rig.loop, 2);
    }
    return false;
}

static void b_loses_some(struct pair *pair, bool xr)
{
    struct media_description description = { .n_formats = 1, .send = true, .receive = true };
    description.formats[0] = (struct media_format){ .codec = &codec_pcmu };
    description.xr_voip = xr;
    media_stream_describe(pair->b.stream, &description);
    rig_wait(&pair->rig, &pair->b.connected, 1, 1000);
    for (unsigned i = 0; i < 100; i++) {
        if (i % 20 == 5) { /* one in twenty */
            pair->b.seq++;
            pair->b.ts += 160;
        } else {
            far_send(&pair->b, FAR_PCMU, sound, 160, 160);
        }
        rig_run(&pair->rig, 2);
    }
}

static void voip_metrics_go_to_who_takes_them(void **state)
{
    struct pair *pair = *state;
    struct rtcp report;
    b_loses_some(pair, true);
    assert_true(receive_report(pair, &report, 9000));
    const struct rtcp_voip *voip = rtcp_voip_find(&report, pair->b.ssrc);
    assert_non_null(voip);
    assert_in_range(voip->loss_rate, 12, 13); /* 5 of 100 */
    assert_in_range(voip->gap_density, 10, 15);
    assert_int_equal(voip->burst_density, 0);
    assert_int_equal(voip->gmin, 16);
    assert_in_range(voip->r_factor, 60, 80);
    assert_in_range(voip->mos_lq_x10, 33, 41);
    assert_true(voip->mos_cq_x10 <= voip->mos_lq_x10);
    assert_int_equal(voip->signal_dbm0, RTCP_UNKNOWN); /* nobody measures these */
    assert_int_equal(voip->noise_dbm0, RTCP_UNKNOWN);
    assert_int_equal(voip->echo_loss_db, RTCP_UNKNOWN);
    assert_int_equal(voip->rtt_ms, 0); /* it never reported to us */
    assert_int_equal(voip->buffer_ms, 0);
}

static void and_to_nobody_else(void **state)
{
    struct pair *pair = *state;
    struct rtcp report;
    b_loses_some(pair, false);
    assert_true(receive_report(pair, &report, 9000));
    assert_int_equal(report.n_voips, 0);
    assert_int_equal(report.n_ignored, 0);
}

static void the_far_end_says_how_it_hears_us(void **state)
{
    struct pair *pair = *state;
    describe_b(pair, &codec_pcmu, 10, 0);
    media_stream_tone(pair->b.stream, 1000, -10);
    rig_run(&pair->rig, 1000);
    assert_true(far_receive(&pair->b, 100));
    report(pair, 10, 39);
    rig_run(&pair->rig, 1200);
    const struct media_stats *stats = media_stream_stats(pair->b.stream);
    assert_int_equal(stats->tx.lost, 10);
    assert_int_equal(stats->tx.jitter_us, 10000);
    assert_int_equal(stats->tx.buffer_ms, 40);
    assert_true(stats->tx.mos > 3 && stats->tx.mos < 4.2);
    assert_true(stats->far_mos > 3.89 && stats->far_mos < 3.91);
    assert_true(stats->rx.mos < 0);
}

int main(void)
{
#define STATS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, pair_tear_down)
    const struct CMUnitTest tests[] = {
        STATS_TEST(sends_packets_of_every_length),
        STATS_TEST(repacks_what_is_too_long_for_the_far_end),
        STATS_TEST(passes_on_what_is_only_not_preferred),
        STATS_TEST(says_what_it_does_not_know),
        STATS_TEST(loss_and_disorder_show),
        STATS_TEST(the_far_end_says_how_it_hears_us),
        STATS_TEST(the_bit_rate_follows_reported_loss),
        STATS_TEST(voip_metrics_go_to_who_takes_them),
        STATS_TEST(and_to_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
