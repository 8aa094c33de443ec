#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/num.h"
#include "media/tone.h"

static int16_t pcm[48000];

static void near(double is, double should, double by)
{
    if (fabs(is - should) > by)
        fail_msg("%.3f, expected %.3f within %.3f", is, should, by);
}

/* A full-scale square wave is 0 dBov by definition (RFC 6464 §3). */
static void meters_agree_with_definitions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8000; i++)
        pcm[i] = i / 4 % 2 ? 32767 : -32767;
    assert_int_equal(level_dbov(pcm, 8000), 0);
    memset(pcm, 0, sizeof(pcm));
    assert_int_equal(level_dbov(pcm, 8000), LEVEL_SILENT_DBOV);
    assert_int_equal(level_dbov(pcm, 0), LEVEL_SILENT_DBOV);
    for (size_t i = 0; i < 8000; i++) /* ITU-T G.711 table 5: 0 dBm0 at 1 kHz, decoded mu-law */
        pcm[i] = (int16_t[]){ 8031, 19772, 19772, 8031, -8031, -19772, -19772, -8031 }[i % 8];
    near(level_dbm0(pcm, 8000), -0.4, 0.5);
}

static void tones_have_the_level_asked_for(void **state)
{
    (void)state;
    static const uint32_t rates[] = { 8000, 16000, 48000 };
    for (size_t r = 0; r < COUNT_OF(rates); r++)
        for (int level = -40; level <= 3; level++) {
            struct tone tone;
            tone_init(&tone, rates[r], 1004, level);
            for (size_t at = 0; at < rates[r]; at += rates[r] / 50)
                tone_render(&tone, pcm + at, rates[r] / 50);
            near(level_dbm0(pcm, rates[r]), level, 0.01);
            near(tone_level_dbm0(pcm, rates[r], rates[r], 1004), level, 0.01);
            near(level_dbov(pcm, rates[r]), level - 6.18, 0.51);
            assert_true(tone_level_dbm0(pcm, rates[r], rates[r], 1204) < level - 30);
        }
}

static void the_phase_goes_on(void **state)
{
    (void)state;
    static int16_t once[960];
    struct tone tone;
    tone_init(&tone, 8000, 440, -10);
    tone_render(&tone, once, 960);
    tone_init(&tone, 8000, 440, -10);
    for (size_t at = 0; at < 960; at += 60)
        tone_render(&tone, pcm + at, 60);
    assert_memory_equal(once, pcm, sizeof(once));
}

static void two_tones_sound_at_once(void **state)
{
    (void)state;
    struct tone tone;
    tone_init_dual(&tone, 8000, 697, -8, 1209, -6);
    tone_render(&tone, pcm, 8000);
    near(tone_level_dbm0(pcm, 8000, 8000, 697), -8, 0.05);
    near(tone_level_dbm0(pcm, 8000, 8000, 1209), -6, 0.05);
    tone_init_dual(&tone, 8000, 697, 3, 1209, 3); /* clipped, not wrapped around */
    tone_render(&tone, pcm, 8000);
    for (size_t i = 1; i < 8000; i++)
        assert_true(abs(pcm[i] - pcm[i - 1]) < 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meters_agree_with_definitions),
        cmocka_unit_test(tones_have_the_level_asked_for),
        cmocka_unit_test(the_phase_goes_on),
        cmocka_unit_test(two_tones_sound_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
