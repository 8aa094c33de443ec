/* What only Opus has: stereo packets, FEC, DTX, fmtp. The rest is in codecs_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <opus/opus.h>

#include "base/mem.h"
#include "media/codecs.h"
#include "media/speech.h"
#include "media/tone.h"

enum { RATE = 16000, FRAME = RATE / 50 };

static void stereo_packets_become_mono(void **state)
{
    (void)state;
    int error;
    OpusEncoder *stereo = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, &error);
    struct codec_decoder *decoder = codec_decoder_create(&codec_opus, 48000);
    struct tone tone;
    tone_init(&tone, 48000, 1000, -10);
    static int16_t out[960];
    for (int i = 0; i < 50; i++) {
        int16_t mono[960], both[2 * 960];
        uint8_t bytes[CODEC_MAX_BYTES];
        tone_render(&tone, mono, 960);
        for (int s = 0; s < 960; s++)
            both[2 * s] = both[2 * s + 1] = mono[s];
        int len = opus_encode(stereo, both, 960, bytes, sizeof(bytes));
        assert_true(len > 0);
        size_t samples = 960;
        assert_int_equal(codec_decode(decoder, slice_make(bytes, (size_t)len), out, &samples), OK);
        assert_int_equal(samples, 960);
    }
    assert_true(fabs(tone_level_dbm0(out, 960, 48000, 1000) + 10) < 0.5);
    opus_encoder_destroy(stereo);
    codec_decoder_destroy(decoder);
}

static size_t encode(struct codec_encoder *encoder, const int16_t *pcm, uint8_t *bytes)
{
    size_t len = CODEC_MAX_BYTES;
    assert_int_equal(codec_encode(encoder, pcm, FRAME, bytes, &len), OK);
    return len;
}

/* Speech with every 4th packet lost: how far what replaces them is from what they held, in dB. */
static double replace_lost(const int16_t *pcm, size_t frames, bool fec)
{
    struct codec_params params = { .fec = true, .loss_percent = 25 };
    struct codec_encoder *encoder = codec_encoder_create(&codec_opus, &params, RATE);
    struct codec_decoder *whole = codec_decoder_create(&codec_opus, RATE);
    struct codec_decoder *lossy = codec_decoder_create(&codec_opus, RATE);
    double error = 0, power = 0;
    int16_t should[FRAME] = { 0 }, is[FRAME];
    for (size_t i = 0; i < frames; i++) {
        uint8_t bytes[CODEC_MAX_BYTES];
        size_t samples = FRAME;
        struct slice packet = slice_make(bytes, encode(encoder, pcm + i * FRAME, bytes));
        if (i % 4 == 1) { /* the one before was lost */
            codec_recover(lossy, fec ? packet : SLICE_NONE, is, FRAME);
            for (size_t s = 0; s < FRAME; s++) {
                error += (double)(is[s] - should[s]) * (is[s] - should[s]);
                power += (double)should[s] * should[s];
            }
        }
        assert_int_equal(codec_decode(whole, packet, should, &samples), OK);
        if (i % 4 != 0)
            assert_int_equal(codec_decode(lossy, packet, is, &samples), OK);
    }
    codec_encoder_destroy(encoder);
    codec_decoder_destroy(whole);
    codec_decoder_destroy(lossy);
    return 10 * log10(error / power);
}

static void fec_holds_what_concealment_cannot_know(void **state)
{
    (void)state;
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    assert_int_equal(speech_render(SLICE("Six speakers keep talking quickly about packets."), &pcm,
                                   &samples, &rate_hz),
                     OK);
    assert_int_equal(rate_hz, RATE);
    double with = replace_lost(pcm, samples / FRAME, true);
    double without = replace_lost(pcm, samples / FRAME, false);
    if (with > without - 3)
        fail_msg("error %.1f dB with FEC, %.1f dB without", with, without);
    mem_free(pcm);
}

static void silence_is_not_sent_to_who_asked_for_that(void **state)
{
    (void)state;
    for (int dtx = 0; dtx < 2; dtx++) {
        struct codec_params params = { .dtx = dtx };
        struct codec_encoder *encoder = codec_encoder_create(&codec_opus, &params, RATE);
        int16_t silence[FRAME] = { 0 };
        uint8_t bytes[CODEC_MAX_BYTES];
        unsigned sent = 0;
        for (int i = 0; i < 100; i++)
            sent += encode(encoder, silence, bytes) > 0;
        assert_true(dtx ? sent < 50 : sent == 100);
        codec_encoder_destroy(encoder);
    }
}

static void reads_the_fmtp_of_the_far_end(void **state)
{
    (void)state;
    struct codec_params params = codec_parse_fmtp(
        &codec_opus, SLICE("minptime=10; useinbandfec=1 ;usedtx=1;;x;maxplaybackrate=16000;"
                           "maxaveragebitrate=20000; CBR=1"));
    assert_true(params.fec && params.dtx && params.cbr);
    assert_int_equal(params.max_rate_hz, 16000);
    assert_int_equal(params.max_bitrate, 20000);
    params = codec_parse_fmtp(&codec_opus, SLICE("useinbandfec=0;maxaveragebitrate=99999999999"));
    assert_false(params.fec || params.dtx || params.cbr);
    assert_int_equal(params.max_bitrate, 0);
    params = codec_parse_fmtp(&codec_pcmu, SLICE("useinbandfec=1")); /* means nothing to it */
    assert_false(params.fec);
}

static size_t bits_a_second(const char *fmtp)
{
    struct codec_params params = codec_parse_fmtp(&codec_opus, slice_of(fmtp));
    struct codec_encoder *encoder = codec_encoder_create(&codec_opus, &params, RATE);
    struct tone tone;
    size_t sent = 0;
    tone_init_dual(&tone, RATE, 333, -10, 1777, -20);
    for (int i = 0; i < 100; i++) {
        int16_t pcm[FRAME];
        uint8_t bytes[CODEC_MAX_BYTES];
        tone_render(&tone, pcm, FRAME);
        sent += encode(encoder, pcm, bytes);
    }
    codec_encoder_destroy(encoder);
    return sent * 8 / 2; /* two seconds */
}

static void keeps_to_the_bit_rate_asked_for(void **state)
{
    (void)state;
    assert_in_range(bits_a_second("cbr=1"), 31000, 33000);
    assert_in_range(bits_a_second("cbr=1;maxaveragebitrate=12000"), 11500, 12500);
    assert_in_range(bits_a_second("cbr=1;maxaveragebitrate=500000"), 31000, 33000);
    assert_true(bits_a_second("maxaveragebitrate=12000") < bits_a_second("") * 2 / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stereo_packets_become_mono),
        cmocka_unit_test(fec_holds_what_concealment_cannot_know),
        cmocka_unit_test(silence_is_not_sent_to_who_asked_for_that),
        cmocka_unit_test(reads_the_fmtp_of_the_far_end),
        cmocka_unit_test(keeps_to_the_bit_rate_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
