/* What a stream sends by the clock, and its echo. */
#include "media/media_rig_test.h"

#include "media/codec.h"
#include "media/dtmf.h"
#include "media/tone.h"

struct one {
    struct rig rig;
    struct far far;
};

static int setup(void **state)
{
    struct one *one = mem_new(struct one);
    rig_create(&one->rig, &(struct media_config){ .threads = 1 });
    far_create(&one->far, &one->rig);
    *state = one;
    return 0;
}

static int teardown(void **state)
{
    struct one *one = *state;
    far_destroy(&one->far);
    rig_destroy(&one->rig);
    mem_free(one);
    return 0;
}

/* What arrives within `ms`, decoded, back to back; checks that the numbers are without a gap. */
struct heard {
    int16_t pcm[48000 * 2];
    size_t n;
    unsigned packets, events, markers;
    int64_t first_us, last_us;
};

static void hear(struct one *one, const struct codec *codec, int64_t ms, struct heard *heard)
{
    struct codec_decoder *decoder = codec_decoder_create(codec, codec->rate_hz);
    uint16_t seq = 0;
    uint32_t ts = 0;
    memset(heard, 0, sizeof *heard);
    for (int64_t end_us = rig_now_us() + ms * 1000; rig_now_us() < end_us;) {
        if (!far_try_receive(&one->far)) {
            loop_turn(one->rig.loop, 1);
            continue;
        }
        const struct rtp_header *got = &one->far.got;
        if (heard->packets + heard->events > 0)
            assert_int_equal(got->seq, (uint16_t)(seq + 1));
        seq = got->seq;
        heard->markers += got->marker;
        if (got->pt == FAR_EVENT) {
            heard->events++;
            continue;
        }
        if (heard->packets > 0 && !got->marker)
            assert_int_equal(got->ts, ts + codec->clock_hz / 50);
        ts = got->ts;
        size_t n = CODEC_MAX_SAMPLES;
        assert_in_range(heard->n, 0, 48000 * 2 - CODEC_MAX_SAMPLES);
        assert_int_equal(codec_decode(decoder, got->payload, heard->pcm + heard->n, &n), OK);
        heard->n += n;
        heard->last_us = rig_now_us();
        if (heard->packets++ == 0)
            heard->first_us = heard->last_us;
    }
    codec_decoder_destroy(decoder);
}

static void assert_level(const int16_t *pcm, size_t n, uint32_t rate_hz, double hz, double want)
{
    double got = tone_level_dbm0(pcm, n, rate_hz, hz);
    if (got < want - 0.5 || got > want + 0.5)
        fail_msg("%.0f Hz at %.2f dBm0, want %.2f", hz, got, want);
}

static void a_tone_has_its_level(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_tone(one->far.stream, 1004, -10);
    hear(one, &codec_pcmu, 600, heard);
    assert_in_range(heard->n, 4000, SIZE_MAX);
    assert_level(heard->pcm, 4000, 8000, 1004, -10);
    mem_free(heard);
}

static void milliwatt_is_0_dbm0_and_measured(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    far_describe(&one->far, &codec_pcma, FAR_PCMA, FAR_PCMA, 0);
    media_stream_tone(one->far.stream, 1004, 0);
    hear(one, &codec_pcma, 1300, heard);
    assert_level(heard->pcm, 4000, 8000, 1004, 0);
    const struct media_stats *stats = media_stream_stats(one->far.stream);
    assert_int_equal(stats->tx.level_dbov, -6);
    assert_int_equal(stats->rx.level_dbov, 1);
    assert_int_equal(stats->rx.last_age_ms, -1);
    assert_in_range(stats->tx.packets, 45, 60);
    assert_ptr_equal(stats->tx_codec, &codec_pcma);
    media_stream_play_stop(one->far.stream);
    rig_run(&one->rig, 50);
    while (far_try_receive(&one->far))
        ;
    assert_false(far_receive(&one->far, 100));
    mem_free(heard);
}

static void a_tone_in_opus_too(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    far_describe(&one->far, &codec_opus, FAR_OPUS, FAR_OPUS, 0);
    media_stream_tone(one->far.stream, 1000, -10);
    hear(one, &codec_opus, 800, heard);
    assert_in_range(heard->n, 30000, SIZE_MAX);
    assert_level(heard->pcm + 9600, 19200, 48000, 1000, -10);
    mem_free(heard);
}

static void frames_do_not_drift(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_tone(one->far.stream, 440, -20);
    hear(one, &codec_pcmu, 1500, heard);
    assert_in_range(heard->packets, 70, 76);
    int64_t took_us = heard->last_us - heard->first_us;
    int64_t want_us = (int64_t)(heard->packets - 1) * 20000;
    assert_in_range(took_us - want_us + 15000, 0, 30000);
    assert_int_equal(heard->markers, 1);
    mem_free(heard);
}

static int16_t *clip(uint32_t rate_hz, size_t samples)
{
    struct tone tone;
    int16_t *pcm = mem_array(samples, sizeof *pcm);
    tone_init(&tone, rate_hz, 440, -10);
    tone_render(&tone, pcm, samples);
    return pcm;
}

static void plays_a_clip_of_another_rate_once(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_play(one->far.stream, 77, clip(16000, 16000 / 2), 16000 / 2, 16000);
    hear(one, &codec_pcmu, 900, heard);
    assert_int_equal(one->far.plays_done, 1);
    assert_int_equal(one->far.play_id, 77);
    assert_in_range(heard->packets, 25, 26);
    assert_level(heard->pcm + 800, 2400, 8000, 440, -10);
    mem_free(heard);
}

static void a_clip_waits_until_the_far_end_is_known(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    media_stream_play(one->far.stream, 1, clip(8000, 800), 800, 8000);
    rig_run(&one->rig, 200);
    assert_int_equal(one->far.plays_done, 0);
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    hear(one, &codec_pcmu, 200, heard);
    assert_int_equal(heard->packets, 5);
    assert_int_equal(one->far.plays_done, 1);
    mem_free(heard);
}

static void a_new_clip_replaces_the_old_one(void **state)
{
    struct one *one = *state;
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_play(one->far.stream, 1, clip(8000, 80000), 80000, 8000);
    rig_run(&one->rig, 50);
    media_stream_play(one->far.stream, 2, clip(8000, 800), 800, 8000);
    rig_wait(&one->rig, &one->far.plays_done, 1, 1000);
    rig_run(&one->rig, 50);
    assert_int_equal(one->far.plays_done, 1);
    assert_int_equal(one->far.play_id, 2);
    media_stream_play(one->far.stream, 3, NULL, 0, 8000); /* nothing at all is done at once */
    rig_wait(&one->rig, &one->far.plays_done, 2, 1000);
}

static void echoes_what_it_hears(void **state)
{
    struct one *one = *state;
    static const uint8_t frame[50] = { 0x78, 9, 8, 7 };
    far_describe(&one->far, &codec_opus, FAR_OPUS_TX, FAR_OPUS, 48000);
    media_stream_echo(one->far.stream, true);
    rig_wait(&one->rig, &one->far.connected, 1, 1000);
    for (int i = 0; i < 5; i++) {
        far_send(&one->far, FAR_OPUS, frame, sizeof frame, 960);
        assert_true(far_receive(&one->far, 1000));
        assert_int_equal(one->far.got.pt, FAR_OPUS_TX);
        assert_int_not_equal(one->far.got.ssrc, one->far.ssrc);
        assert_int_equal(one->far.got.payload.len, sizeof frame);
        assert_memory_equal(one->far.got.payload.ptr, frame, sizeof frame);
    }
    media_stream_echo(one->far.stream, false);
    rig_run(&one->rig, 20);
    far_send(&one->far, FAR_OPUS, frame, sizeof frame, 960);
    assert_false(far_receive(&one->far, 60));
}

static void a_clip_interrupts_the_echo(void **state)
{
    struct one *one = *state;
    uint8_t sound[160];
    unsigned echoed = 0, played = 0;
    memset(sound, 0x42, sizeof sound);
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_echo(one->far.stream, true);
    rig_wait(&one->rig, &one->far.connected, 1, 1000);
    far_send(&one->far, FAR_PCMU, sound, sizeof sound, 160);
    assert_true(far_receive(&one->far, 1000));
    uint16_t seq = one->far.got.seq;
    media_stream_play(one->far.stream, 5, clip(8000, 1600), 1600, 8000);
    for (int i = 0; i < 20; i++) {
        rig_run(&one->rig, 20);
        far_send(&one->far, FAR_PCMU, sound, sizeof sound, 160);
        while (far_try_receive(&one->far)) {
            bool is_echo = !memcmp(one->far.got.payload.ptr, sound, sizeof sound);
            echoed += is_echo;
            played += !is_echo;
            assert_int_equal(one->far.got.seq, (uint16_t)(seq + 1));
            seq = one->far.got.seq;
        }
    }
    assert_int_equal(played, 10);
    assert_in_range(echoed, 6, 14);
}

static void sends_digits_as_events(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    far_describe(&one->far, &codec_opus, FAR_OPUS, FAR_OPUS, 48000);
    media_stream_send_dtmf(one->far.stream, SLICE("1#"), 100, 60);
    hear(one, &codec_opus, 700, heard);
    assert_in_range(heard->events, 2 * 5, 2 * 9);
    assert_int_equal(heard->markers, 2);
    mem_free(heard);
}

static void sends_digits_as_tones_where_events_are_unknown(void **state)
{
    struct one *one = *state;
    struct heard *heard = mem_new(struct heard);
    double low = 0, high = 0;
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_send_dtmf(one->far.stream, SLICE("7"), 200, 60);
    hear(one, &codec_pcmu, 500, heard);
    assert_true(dtmf_frequencies('7', &low, &high));
    assert_in_range(heard->n, 1600, SIZE_MAX);
    assert_true(tone_level_dbm0(heard->pcm, 1600, 8000, low) > -20);
    assert_true(tone_level_dbm0(heard->pcm, 1600, 8000, high) > -20);
    mem_free(heard);
}

int main(void)
{
#define PACE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        PACE_TEST(a_tone_has_its_level),
        PACE_TEST(milliwatt_is_0_dbm0_and_measured),
        PACE_TEST(a_tone_in_opus_too),
        PACE_TEST(frames_do_not_drift),
        PACE_TEST(plays_a_clip_of_another_rate_once),
        PACE_TEST(a_clip_waits_until_the_far_end_is_known),
        PACE_TEST(a_new_clip_replaces_the_old_one),
        PACE_TEST(echoes_what_it_hears),
        PACE_TEST(a_clip_interrupts_the_echo),
        PACE_TEST(sends_digits_as_events),
        PACE_TEST(sends_digits_as_tones_where_events_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
