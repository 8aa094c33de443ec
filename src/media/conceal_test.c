#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "media/conceal.h"
#include "media/tone.h"

enum { FRAMES = 50, SECOND = 48000 };

static const uint32_t rates[] = { 8000, 16000, 48000 };

/* A 150 Hz tone, every 5th frame lost. */
static void lose_frames(uint32_t rate, int16_t *pcm)
{
    size_t frame = rate / FRAMES;
    struct conceal *conceal = conceal_create(rate);
    struct tone tone;
    tone_init(&tone, rate, 150, -10);
    tone_render(&tone, pcm, rate);
    for (size_t i = 0; i < FRAMES; i++) {
        if (i % 5 == 4)
            conceal_fill(conceal, pcm + i * frame, frame);
        else
            conceal_feed(conceal, pcm + i * frame, frame);
    }
    conceal_destroy(conceal);
}

static void a_voice_goes_on_without_clicks(void **state)
{
    (void)state;
    static int16_t pcm[SECOND];
    for (size_t r = 0; r < COUNT_OF(rates); r++) {
        uint32_t rate = rates[r];
        lose_frames(rate, pcm);
        assert_true(level_dbm0(pcm, rate) > -11.5);
        int most = 0;
        for (size_t i = rate / 10; i < rate; i++)
            most = abs(pcm[i] - pcm[i - 1]) > most ? abs(pcm[i] - pcm[i - 1]) : most;
        /* the steepest step of the tone itself is its peak times 2 pi f / rate */
        assert_true(most < 3 * 7200 * 6.3 * 150 / rate);
    }
}

static void it_fades_to_silence(void **state)
{
    (void)state;
    static int16_t pcm[SECOND];
    struct conceal *conceal = conceal_create(8000);
    struct tone tone;
    tone_init(&tone, 8000, 150, -10);
    tone_render(&tone, pcm, 800);
    conceal_feed(conceal, pcm, 800);
    conceal_fill(conceal, pcm, 80);
    double before = level_dbm0(pcm, 80);
    conceal_fill(conceal, pcm, 240);
    double during = level_dbm0(pcm + 80, 160);
    assert_true(before > -11 && during < before - 3 && during > -25);
    conceal_fill(conceal, pcm, 400);
    assert_int_equal(level_dbov(pcm + 240, 160), LEVEL_SILENT_DBOV);
    conceal_destroy(conceal);
    conceal_destroy(NULL);
}

static void any_block_length_will_do(void **state)
{
    (void)state;
    static int16_t pcm[SECOND];
    struct conceal *conceal = conceal_create(8000);
    conceal_fill(conceal, pcm, 1); /* before any sound */
    static const size_t lengths[] = { 0, 1, 7, 79, 160, 401, 402, 403, 960, 0, 5 };
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        for (size_t s = 0; s < lengths[i]; s++)
            pcm[s] = s % 2 ? INT16_MAX : INT16_MIN;
        conceal_feed(conceal, pcm, lengths[i]);
        conceal_fill(conceal, pcm, lengths[i]);
    }
    conceal_destroy(conceal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_goes_on_without_clicks),
        cmocka_unit_test(it_fades_to_silence),
        cmocka_unit_test(any_block_length_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
