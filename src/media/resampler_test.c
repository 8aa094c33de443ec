#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/num.h"
#include "media/resampler.h"
#include "media/tone.h"

enum { SECOND = 48000 };

static const uint32_t rates[] = { 8000, 16000, 22050, 44100, 48000 };
static int16_t in[SECOND], out[SECOND + 100];

/* A second of 440 Hz in frames of 20 ms; returns the samples that came out. */
static size_t convert(uint32_t from, uint32_t to)
{
    struct resampler *resampler = resampler_create(from, to);
    struct tone tone;
    tone_init(&tone, from, 440, -10);
    tone_render(&tone, in, from);
    size_t frame = from / 50, n = 0;
    for (size_t at = 0; at + frame <= from; at += frame) {
        size_t max = resampler_max(resampler, frame);
        assert_true(n + max <= COUNT_OF(out));
        size_t got = resampler_feed(resampler, in + at, frame, out + n, max);
        assert_true(got <= max);
        n += got;
    }
    resampler_destroy(resampler);
    return n;
}

static void a_tone_survives_every_pair_of_rates(void **state)
{
    (void)state;
    for (size_t f = 0; f < COUNT_OF(rates); f++)
        for (size_t t = 0; t < COUNT_OF(rates); t++) {
            size_t n = convert(rates[f], rates[t]);
            assert_true(n > rates[t] * 99 / 100 && n <= rates[t] + 2);
            size_t half = rates[t] / 2;
            double level = tone_level_dbm0(out + half / 2, half, rates[t], 440);
            if (fabs(level + 10) > 0.1)
                fail_msg("%u to %u Hz: %.2f dBm0", rates[f], rates[t], level);
            assert_true(fabs(level_dbm0(out + half / 2, half) + 10) < 0.15); /* and nothing else */
        }
}

static void what_cannot_be_heard_is_not_folded_down(void **state)
{
    (void)state;
    struct resampler *resampler = resampler_create(48000, 8000);
    struct tone tone;
    tone_init(&tone, 48000, 7000, 0); /* would appear at 1000 Hz */
    tone_render(&tone, in, SECOND);
    size_t n = resampler_feed(resampler, in, SECOND, out, COUNT_OF(out));
    assert_in_range(n, 7900, 8001);
    assert_true(level_dbm0(out + 1000, 6000) < -50);
    resampler_destroy(resampler);
    resampler_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_survives_every_pair_of_rates),
        cmocka_unit_test(what_cannot_be_heard_is_not_folded_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
