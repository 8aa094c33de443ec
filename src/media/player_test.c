#include "player.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

static int16_t *clip(uint32_t rate_hz, double hz, size_t samples)
{
    struct tone tone;
    int16_t *pcm = mem_array(samples, sizeof *pcm);
    tone_init(&tone, rate_hz, hz, -10);
    tone_render(&tone, pcm, samples);
    return pcm;
}

static void ends_in_its_last_frame_and_pads_it(void **state)
{
    (void)state;
    struct player player = { 0 };
    int16_t pcm[160];
    player_play(&player, 3, clip(8000, 440, 400), 400, 8000);
    assert_false(player_render(&player, pcm, 160, 8000));
    assert_false(player_render(&player, pcm, 160, 8000));
    assert_true(player_is_busy(&player));
    assert_true(player_render(&player, pcm, 160, 8000));
    assert_false(player_is_busy(&player));
    for (size_t i = 80; i < 160; i++)
        assert_int_equal(pcm[i], 0);
    assert_false(player_render(&player, pcm, 160, 8000)); /* idle is silent */
    assert_int_equal(pcm[0], 0);
    player_clear(&player);
}

static void resamples_to_what_is_wanted(void **state)
{
    (void)state;
    struct player player = { 0 };
    int16_t pcm[48000] = { 0 };
    size_t n = 0;
    player_play(&player, 3, clip(22050, 1000, 22050), 22050, 22050);
    while (n + 960 <= 48000 && !player_render(&player, pcm + n, 960, 48000))
        n += 960;
    assert_in_range(n, 47000, 48000);
    double level = tone_level_dbm0(pcm + 4800, 38400, 48000, 1000);
    assert_true(level > -10.3 && level < -9.7);
    player_clear(&player);
}

static void a_tone_goes_on_and_follows_the_rate(void **state)
{
    (void)state;
    struct player player = { 0 };
    int16_t pcm[4800];
    player_tone(&player, 1004, -10);
    for (size_t i = 0; i < 10; i++)
        assert_false(player_render(&player, pcm, 160, 8000));
    assert_false(player_render(&player, pcm, 4800, 48000));
    double level = tone_level_dbm0(pcm, 4800, 48000, 1004);
    assert_true(level > -10.3 && level < -9.7);
    player_clear(&player);
    assert_false(player_is_busy(&player));
}

static void pauses_keeps_its_place_and_is_made_louder(void **state)
{
    (void)state;
    struct player player = { 0 };
    int16_t pcm[800], before[800];
    player_play(&player, 3, clip(8000, 440, 8000), 8000, 8000);
    player_render(&player, before, 800, 8000);
    player.paused = true;
    assert_false(player_is_busy(&player));
    player_render(&player, pcm, 800, 8000);
    assert_int_equal(level_dbm0(pcm, 800) < -80, true);
    player.paused = false;
    player_set_gain(&player, -6);
    player_render(&player, pcm, 800, 8000);
    double level = tone_level_dbm0(pcm, 800, 8000, 440);
    assert_true(level > -16.3 && level < -15.7);
    player_seek(&player, 0);
    player_set_gain(&player, 0);
    player_render(&player, pcm, 800, 8000);
    assert_memory_equal(pcm, before, sizeof pcm);
    player_seek(&player, 999);
    assert_true(player_render(&player, pcm, 160, 8000)); /* a millisecond was left */
    player_play(&player, 4, clip(8000, 440, 800), 800, 8000);
    player_set_gain(&player, 40); /* is cut off, and does not wrap */
    player_render(&player, pcm, 800, 8000);
    assert_true(pcm[5] > 30000 && pcm[14] < -30000);
    player_clear(&player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_in_its_last_frame_and_pads_it),
        cmocka_unit_test(resamples_to_what_is_wanted),
        cmocka_unit_test(pauses_keeps_its_place_and_is_made_louder),
        cmocka_unit_test(a_tone_goes_on_and_follows_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
