#include "stream_decoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/codec.h"
#include "media/codecs.h"
#include "media/meter.h"
#include "media/tone.h"

enum { FRAMES = 100, FRAME_US = 20000 };

/* A second or two of a tone at -10 dBm0, every `lose`-th packet lost, pulled at `rate_hz`; returns
 * the level of the tone in the second half. */
static double hear(const struct codec *codec, unsigned lose, uint32_t rate_hz)
{
    static int16_t heard[960 * FRAMES];
    struct meter meter = { 0 };
    struct tone tone;
    struct stream_decoder *decoder = stream_decoder_create(&meter);
    struct codec_encoder *encoder = codec_encoder_create(codec, NULL, codec->rate_hz);
    size_t n = codec->rate_hz / 50, out = rate_hz / 50;
    int64_t now_us = 1000000;
    tone_init(&tone, codec->rate_hz, 440, -10);
    for (unsigned i = 0; i < FRAMES; i++, now_us += FRAME_US) {
        int16_t pcm[960];
        uint8_t payload[CODEC_MAX_BYTES];
        size_t len = sizeof payload;
        tone_render(&tone, pcm, n);
        assert_int_equal(codec_encode(encoder, pcm, n, payload, &len), OK);
        const struct rtp_header header = { .seq = (uint16_t)(65500 + i),
                                           .ts = i * (codec->clock_hz / 50),
                                           .ssrc = 1,
                                           .payload = slice_make(payload, len) };
        if (!lose || i % lose != lose - 1)
            stream_decoder_feed(decoder, codec, &header, now_us);
        stream_decoder_pull(decoder, heard + i * out, out, rate_hz, now_us);
    }
    assert_true(stream_decoder_is_active(decoder, now_us));
    assert_false(stream_decoder_is_active(decoder, now_us + 2000000));
    assert_ptr_equal(stream_decoder_codec(decoder), codec);
    assert_in_range(meter_read(&meter) + 20, 2, 5);
    codec_encoder_destroy(encoder);
    stream_decoder_destroy(decoder);
    meter_clear(&meter);
    return tone_level_dbm0(heard + FRAMES / 2 * out, FRAMES / 2 * out, rate_hz, 440);
}

static void keeps_level_at_every_rate(void **state)
{
    (void)state;
    static const uint32_t rates_hz[] = { 8000, 16000, 48000 };
    size_t n = 0;
    const struct codec *const *codecs = codecs_all(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < 3; j++) {
            double level = hear(codecs[i], 0, rates_hz[j]);
            if (level < -10.5 || level > -9.5)
                fail_msg("%s at %u Hz: %.1f dBm0", codecs[i]->name, rates_hz[j], level);
        }
}

static void conceals_what_is_lost(void **state)
{
    (void)state;
    size_t n = 0;
    const struct codec *const *codecs = codecs_all(&n);
    for (size_t i = 0; i < n; i++) {
        double level = hear(codecs[i], 10, codecs[i]->rate_hz);
        if (level < -12 || level > -9)
            fail_msg("%s with one lost in ten: %.1f dBm0", codecs[i]->name, level);
    }
}

static void is_silent_without_packets(void **state)
{
    (void)state;
    struct meter meter = { 0 };
    struct stream_decoder *decoder = stream_decoder_create(&meter);
    int16_t pcm[160] = { 1, 2, 3 };
    assert_false(stream_decoder_is_active(decoder, 1000000));
    assert_false(stream_decoder_is_active(NULL, 1000000));
    stream_decoder_pull(decoder, pcm, 160, 8000, 1000000);
    for (size_t i = 0; i < 160; i++)
        assert_int_equal(pcm[i], 0);
    stream_decoder_destroy(decoder);
}

static void junk_is_survived(void **state)
{
    (void)state;
    struct meter meter = { 0 };
    struct stream_decoder *decoder = stream_decoder_create(&meter);
    size_t n = 0;
    int16_t pcm[960];
    const struct codec *const *codecs = codecs_all(&n);
    for (unsigned i = 0; i < 400; i++) {
        const struct codec *codec = codecs[i % n];
        char junk[300];
        for (size_t k = 0; k < sizeof junk; k++)
            junk[k] = (char)(i * 31 + k * 7);
        const struct rtp_header header = { .seq = (uint16_t)i,
                                           .ts = 160 * i,
                                           .ssrc = i / 50,
                                           .payload = slice_make(junk, i % sizeof junk) };
        stream_decoder_feed(decoder, codec, &header, 1000000 + i * 20000);
        stream_decoder_pull(decoder, pcm, 960, 48000, 1000000 + i * 20000);
    }
    stream_decoder_destroy(decoder);
    meter_clear(&meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_level_at_every_rate),
        cmocka_unit_test(conceals_what_is_lost),
        cmocka_unit_test(is_silent_without_packets),
        cmocka_unit_test(junk_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
