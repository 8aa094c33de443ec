#include "media/denoiser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "media/tone.h"

enum { RATE_MAX = 48000, SECONDS = 4 };

static int16_t pcm[RATE_MAX * SECONDS];

/* White noise of a steady level, the same in each run. */
static void add_noise(size_t n, int peak)
{
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        pcm[i] = (int16_t)(pcm[i] + (int)(state >> 16) % (2 * peak) - peak);
    }
}

static void run(uint32_t rate_hz)
{
    struct denoiser *denoiser = denoiser_create();
    size_t frame = rate_hz / 50;
    for (size_t at = 0; at < (size_t)rate_hz * SECONDS; at += frame)
        denoiser_run(denoiser, pcm + at, frame, rate_hz);
    denoiser_destroy(denoiser);
}

static const uint32_t rates_hz[] = { 8000, 16000, 48000 };

static void noise_is_lower(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rates_hz); i++) {
        size_t second = rates_hz[i];
        memset(pcm, 0, sizeof pcm);
        add_noise(second * SECONDS, 1000);
        double before = level_dbm0(pcm + 3 * second, second);
        run(rates_hz[i]);
        double after = level_dbm0(pcm + 3 * second, second);
        if (after > before - 12)
            fail_msg("%u Hz: %.1f dBm0, then %.1f", rates_hz[i], before, after);
    }
}

/* One second of a voice's loudness after three of noise alone: it is there, at its level. */
static void what_stands_out_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rates_hz); i++) {
        size_t second = rates_hz[i];
        struct tone tone;
        memset(pcm, 0, sizeof pcm);
        tone_init(&tone, rates_hz[i], 440, -10);
        tone_render(&tone, pcm + 3 * second, second);
        add_noise(second * SECONDS, 500);
        run(rates_hz[i]);
        double level =
            tone_level_dbm0(pcm + 3 * second + second / 10, second / 2, rates_hz[i], 440);
        if (level < -12 || level > -9)
            fail_msg("%u Hz: the tone has %.1f dBm0", rates_hz[i], level);
    }
}

static void other_rates_and_odd_lengths_are_fine(void **state)
{
    (void)state;
    struct denoiser *denoiser = denoiser_create();
    memset(pcm, 0, sizeof pcm);
    add_noise(RATE_MAX, 1000);
    denoiser_run(denoiser, pcm, 37, 8000); /* less than a piece */
    denoiser_run(denoiser, pcm, 480, 8000);
    denoiser_run(denoiser, pcm, 961, 48000);
    denoiser_run(denoiser, pcm, 160, 8000);
    denoiser_destroy(denoiser);
    denoiser_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_lower),
        cmocka_unit_test(what_stands_out_stays),
        cmocka_unit_test(other_rates_and_odd_lengths_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
