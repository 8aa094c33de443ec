/* The codec contract, run over every row and every rate of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/num.h"
#include "base/rand.h"
#include "media/codecs.h"
#include "media/tone.h"

enum { SECOND = CODEC_RATE_MAX_HZ };

struct pair {
    const struct codec *codec;
    uint32_t rate_hz;
    struct codec_encoder *encoder;
    struct codec_decoder *decoder;
};

static void each_rate(void (*check)(const struct pair *pair))
{
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    assert_true(n >= 4);
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < CODEC_RATES_MAX && all[i]->rates_hz[r]; r++) {
            uint32_t rate = all[i]->rates_hz[r];
            struct codec_params params = codec_parse_fmtp(all[i], SLICE("useinbandfec=1"));
            struct pair pair = { all[i], rate, codec_encoder_create(all[i], &params, rate),
                                 codec_decoder_create(all[i], rate) };
            check(&pair);
            codec_encoder_destroy(pair.encoder);
            codec_decoder_destroy(pair.decoder);
        }
}

/* A second of `tone` through the codec in packets of `ptime_ms`; each checked to last that long. */
static void carry(const struct pair *pair, struct tone *tone, unsigned ptime_ms, int16_t *out)
{
    size_t frame = pair->rate_hz / 1000 * ptime_ms;
    for (size_t at = 0; at + frame <= pair->rate_hz; at += frame) {
        int16_t pcm[CODEC_MAX_SAMPLES];
        uint8_t bytes[CODEC_MAX_BYTES];
        size_t len = sizeof(bytes), samples = CODEC_MAX_SAMPLES;
        tone_render(tone, pcm, frame);
        assert_int_equal(codec_encode(pair->encoder, pcm, frame, bytes, &len), OK);
        assert_in_range(len, 1, CODEC_MAX_BYTES);
        struct slice payload = slice_make(bytes, len);
        assert_int_equal(codec_duration(pair->codec, payload),
                         pair->codec->clock_hz / 1000 * ptime_ms);
        assert_int_equal(codec_decode(pair->decoder, payload, pcm, &samples), OK);
        assert_int_equal(samples, frame);
        memcpy(out + at, pcm, frame * sizeof(*pcm));
    }
}

static void check_tone(const struct pair *pair)
{
    static int16_t out[SECOND];
    static const unsigned ptimes[] = { 10, 20, 40, 60 };
    for (size_t p = 0; p < COUNT_OF(ptimes); p++) {
        struct tone tone;
        tone_init(&tone, pair->rate_hz, 1000, -10);
        carry(pair, &tone, ptimes[p], out);
        size_t half = pair->rate_hz / 2 - pair->rate_hz / 10;
        double all = level_dbm0(out + half, half);
        double at = tone_level_dbm0(out + half, half, pair->rate_hz, 1000);
        if (fabs(at + 10) > 0.5 || fabs(all - at) > 0.5)
            fail_msg("%s at %u Hz, %u ms: %.2f dBm0 at 1 kHz, %.2f in all", pair->codec->name,
                     pair->rate_hz, ptimes[p], at, all);
    }
}

static void a_tone_keeps_frequency_and_level(void **state)
{
    (void)state;
    each_rate(check_tone);
}

static void check_concealment(const struct pair *pair)
{
    static int16_t out[SECOND];
    int16_t lost[SECOND / 50];
    size_t frame = pair->rate_hz / 50;
    struct tone tone;
    tone_init(&tone, pair->rate_hz, 200, -10);
    carry(pair, &tone, 20, out);
    codec_conceal(pair->decoder, lost, frame);
    double first = level_dbm0(lost, frame);
    if (first < -24 || first > -7)
        fail_msg("%s at %u Hz: a lost packet sounds at %.1f dBm0", pair->codec->name, pair->rate_hz,
                 first);
    for (int i = 0; i < 25; i++)
        codec_conceal(pair->decoder, lost, frame);
    assert_true(level_dbm0(lost, frame) < first - 15);  /* half a second later it has faded */
    codec_conceal(pair->decoder, lost, frame / 20 - 1); /* an odd length is sound too */
}

static void concealment_sounds_and_fades(void **state)
{
    (void)state;
    each_rate(check_concealment);
}

static void check_junk(const struct pair *pair)
{
    static int16_t pcm[CODEC_MAX_SAMPLES];
    for (int i = 0; i < 3000; i++) {
        uint8_t bytes[CODEC_MAX_BYTES];
        size_t len = rand_u32() % sizeof(bytes), samples = rand_u32() % CODEC_MAX_SAMPLES;
        size_t room = samples;
        rand_bytes(bytes, len);
        struct slice payload = slice_make(bytes, len);
        codec_duration(pair->codec, payload);
        enum err err = codec_decode(pair->decoder, payload, pcm, &samples);
        assert_true(err == OK || err == ERR_PARSE || err == ERR_LIMIT);
        assert_true(samples <= room);
        codec_recover(pair->decoder, payload, pcm, pair->rate_hz / 50);
    }
    size_t samples = CODEC_MAX_SAMPLES;
    assert_int_equal(codec_decode(pair->decoder, SLICE_NONE, pcm, &samples), ERR_PARSE);
    assert_int_equal(codec_duration(pair->codec, SLICE_NONE), 0);
}

static void junk_is_no_danger(void **state)
{
    (void)state;
    each_rate(check_junk);
}

static void check_room(const struct pair *pair)
{
    int16_t pcm[CODEC_MAX_SAMPLES] = { 0 };
    uint8_t bytes[CODEC_MAX_BYTES];
    size_t frame = pair->rate_hz / 50, len = sizeof(bytes), none = 0, samples = frame - 1;
    assert_int_equal(codec_encode(pair->encoder, pcm, 0, bytes, &len), ERR_INVALID);
    assert_int_equal(codec_encode(pair->encoder, pcm, frame - 1, bytes, &len), ERR_INVALID);
    assert_int_equal(codec_encode(pair->encoder, pcm, pair->rate_hz, bytes, &len), ERR_INVALID);
    assert_int_not_equal(codec_encode(pair->encoder, pcm, frame, bytes, &none), OK);
    assert_int_equal(codec_encode(pair->encoder, pcm, frame, bytes, &len), OK);
    assert_int_equal(codec_decode(pair->decoder, slice_make(bytes, len), pcm, &samples), ERR_LIMIT);
}

static void room_is_respected(void **state)
{
    (void)state;
    each_rate(check_room);
}

static void rows_are_found(void **state)
{
    (void)state;
    assert_ptr_equal(codecs_find(SLICE("OPUS"), 48000, 2), &codec_opus);
    assert_null(codecs_find(SLICE("opus"), 48000, 1)); /* RFC 7587 §7: always 2 */
    assert_null(codecs_find(SLICE("opus"), 16000, 2));
    assert_ptr_equal(codecs_find(SLICE("pcmu"), 8000, 0), &codec_pcmu);
    assert_ptr_equal(codecs_find(SLICE("PCMA"), 8000, 1), &codec_pcma);
    assert_ptr_equal(codecs_find(SLICE("G722"), 8000, 1), &codec_g722);
    assert_null(codecs_find(SLICE("speex"), 8000, 1));
    assert_ptr_equal(codecs_by_static_pt(0), &codec_pcmu);
    assert_ptr_equal(codecs_by_static_pt(8), &codec_pcma);
    assert_ptr_equal(codecs_by_static_pt(9), &codec_g722);
    assert_null(codecs_by_static_pt(3));
    assert_null(codecs_by_static_pt(CODEC_PT_DYNAMIC));
}

static void a_common_rate_needs_no_resampler(void **state)
{
    (void)state;
    assert_int_equal(codec_common_rate(&codec_opus, &codec_pcmu), 8000);
    assert_int_equal(codec_common_rate(&codec_pcma, &codec_opus), 8000);
    assert_int_equal(codec_common_rate(&codec_opus, &codec_g722), 16000);
    assert_int_equal(codec_common_rate(&codec_g722, &codec_pcma), 8000);
    assert_int_equal(codec_common_rate(&codec_opus, &codec_opus), 48000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_keeps_frequency_and_level),
        cmocka_unit_test(concealment_sounds_and_fades),
        cmocka_unit_test(junk_is_no_danger),
        cmocka_unit_test(room_is_respected),
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(a_common_rate_needs_no_resampler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
