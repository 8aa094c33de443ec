/* What a far end says and hears, as RTP to a third party. */
#include "media/media_rig_test.h"

#include "base/num.h"
#include "media/codec.h"
#include "media/rtp_tap.h"
#include "media/tone.h"

enum { RATE_HZ = 8000, FRAME = 160, HEARD_MAX = RATE_HZ * 4, SAID_HZ = 440, PROMPT_HZ = 1000 };

struct stage {
    struct rig rig;
    struct far far;
    struct tone tone;
    struct codec_encoder *encoder;
    struct codec_decoder *decoder;
    struct rtp_tap *tap;
    int fd; /* of the third party */
    struct addr third;
    int16_t heard[HEARD_MAX];
    size_t n_heard;
    unsigned packets, overs;
    uint16_t seq;
    uint32_t ts;
};

static void on_over(void *owner)
{
    ((struct stage *)owner)->overs++;
}
static const struct rtp_tap_events events = { on_over };

static int setup(void **state)
{
    struct stage *stage = mem_new(struct stage);
    rig_create(&stage->rig, &(struct media_config){ .threads = 1 });
    far_create(&stage->far, &stage->rig);
    far_describe(&stage->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    rig_wait(&stage->rig, &stage->far.connected, 1, 1000);
    stage->fd = far_bind(&stage->third);
    stage->encoder = codec_encoder_create(&codec_pcmu, NULL, RATE_HZ);
    stage->decoder = codec_decoder_create(&codec_pcma, RATE_HZ);
    tone_init(&stage->tone, RATE_HZ, SAID_HZ, -10);
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    rtp_tap_destroy(stage->tap);
    far_destroy(&stage->far);
    rig_destroy(&stage->rig);
    codec_encoder_destroy(stage->encoder);
    codec_decoder_destroy(stage->decoder);
    close(stage->fd);
    mem_free(stage);
    return 0;
}

static enum err open_tap(struct stage *stage, unsigned ptime_ms, bool heard, bool sent)
{
    struct fault fault;
    const struct rtp_tap_config config = { .loop = stage->rig.loop,
                                           .media = stage->rig.media,
                                           .stream = stage->far.stream,
                                           .remote = stage->third,
                                           .codec = &codec_pcma,
                                           .ptime_ms = ptime_ms,
                                           .heard = heard,
                                           .sent = sent };
    return rtp_tap_create(&stage->tap, &config, &events, stage, &fault);
}

static void receive(struct stage *stage, unsigned ptime_ms)
{
    uint8_t bytes[2048];
    ssize_t len;
    while ((len = recv(stage->fd, bytes, sizeof bytes, 0)) > 0) {
        struct rtp_header header;
        size_t n = HEARD_MAX - stage->n_heard;
        assert_int_equal(rtp_parse(&header, slice_make(bytes, (size_t)len)), OK);
        assert_int_equal(header.pt, FAR_PCMA);
        assert_int_equal(header.payload.len, ptime_ms * RATE_HZ / 1000);
        if (stage->packets++) { /* nothing is left out, time goes on evenly */
            assert_int_equal(header.seq, (uint16_t)(stage->seq + 1));
            assert_int_equal(header.ts, stage->ts + ptime_ms * RATE_HZ / 1000);
        }
        stage->seq = header.seq;
        stage->ts = header.ts;
        assert_int_equal(
            codec_decode(stage->decoder, header.payload, stage->heard + stage->n_heard, &n), OK);
        stage->n_heard += n;
    }
}

static void talk(struct stage *stage, unsigned frames, unsigned ptime_ms)
{
    int64_t due_us = rig_now_us();
    for (unsigned i = 0; i < frames; i++, due_us += 20000) {
        int16_t pcm[FRAME];
        uint8_t payload[CODEC_MAX_BYTES];
        size_t len = sizeof payload;
        tone_render(&stage->tone, pcm, FRAME);
        assert_int_equal(codec_encode(stage->encoder, pcm, FRAME, payload, &len), OK);
        far_send(&stage->far, FAR_PCMU, payload, len, FRAME);
        while (rig_now_us() < due_us + 20000)
            loop_turn(stage->rig.loop, 2);
        receive(stage, ptime_ms);
    }
}

/* The last 200 ms have the tone at -10 dBm0, or not at all; a busy machine gets more chances. */
static void expect_tones(struct stage *stage, unsigned ptime_ms, bool has_prompt)
{
    const size_t n = RATE_HZ / 5;
    double said = 0, played = 0;
    for (unsigned tries = 0; tries < 8; tries++) {
        talk(stage, 15, ptime_ms);
        assert_in_range(stage->n_heard, n, HEARD_MAX);
        const int16_t *late = stage->heard + stage->n_heard - n;
        said = tone_level_dbm0(late, n, RATE_HZ, SAID_HZ);
        played = tone_level_dbm0(late, n, RATE_HZ, PROMPT_HZ);
        bool is_right = has_prompt ? played > -11 && played < -9 : played < -40;
        if (said > -11 && said < -9 && is_right)
            return;
    }
    fail_msg("the far end at %.1f dBm0, the prompt at %.1f", said, played);
}

static void play(const struct stage *stage)
{
    struct tone tone;
    int16_t *pcm = mem_array(RATE_HZ * 3, sizeof *pcm);
    tone_init(&tone, RATE_HZ, PROMPT_HZ, -10);
    tone_render(&tone, pcm, RATE_HZ * 3);
    media_stream_play(stage->far.stream, 1, pcm, RATE_HZ * 3, RATE_HZ);
}

static void what_it_says_in_packets_of_40_ms(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(open_tap(stage, 40, true, false), OK);
    play(stage);
    expect_tones(stage, 40, false);
    assert_int_not_equal(addr_port(rtp_tap_local(stage->tap)), 0);
}

static void both_ways_mixed(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(open_tap(stage, 20, true, true), OK);
    play(stage);
    expect_tones(stage, 20, true);
}

static void it_is_over_with_the_stream(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(open_tap(stage, 120, true, false), OK);
    media_stream_destroy(stage->far.stream);
    stage->far.stream = NULL;
    rig_wait(&stage->rig, &stage->overs, 1, 1000);
    assert_int_equal(stage->overs, 1);
}

static void packet_times_are_checked(void **state)
{
    struct stage *stage = *state;
    static const unsigned bad_ms[] = { 0, 5, 15, 130 };
    for (size_t i = 0; i < COUNT_OF(bad_ms); i++)
        assert_int_equal(open_tap(stage, bad_ms[i], true, false), ERR_INVALID);
}

int main(void)
{
#define TAP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TAP_TEST(what_it_says_in_packets_of_40_ms),
        TAP_TEST(both_ways_mixed),
        TAP_TEST(it_is_over_with_the_stream),
        TAP_TEST(packet_times_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
