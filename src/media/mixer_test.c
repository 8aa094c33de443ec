/* Who hears whom, how loud, and who is said to talk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "media/mixer.h"
#include "media/tone.h"

enum { RATE_HZ = 16000, BLOCK = RATE_HZ / 1000 * MIXER_BLOCK_MS, MEMBERS = 100 };

static struct mixer mixer;
static struct mixer_member members[MEMBERS];
static struct tone tones[MEMBERS];
static int16_t heard[MEMBERS][BLOCK];

static void gather(size_t n)
{
    memset(members, 0, sizeof members);
    mixer_init(&mixer, RATE_HZ);
    for (size_t i = 0; i < n; i++) {
        tone_init(&tones[i], RATE_HZ, 200 + 50 * (double)i, -20);
        mixer_add(&mixer, &members[i]);
    }
}

/* Blocks in which each of `who` says its tone. */
static void talk(size_t n, const bool *who, int blocks)
{
    for (int b = 0; b < blocks; b++) {
        for (size_t i = 0; i < n; i++) {
            int16_t pcm[BLOCK] = { 0 };
            if (who[i])
                tone_render(&tones[i], pcm, BLOCK);
            (void)mixer_put(&mixer, &members[i], pcm);
        }
        mixer_mix(&mixer, NULL);
        for (size_t i = 0; i < n; i++)
            mixer_take(&mixer, &members[i], heard[i]);
        mixer_end(&mixer);
    }
}

static double level(size_t listener, size_t speaker)
{
    return tone_level_dbm0(heard[listener], BLOCK, RATE_HZ, 200 + 50 * (double)speaker);
}

static void nobody_hears_himself(void **state)
{
    (void)state;
    const bool who[] = { true, true, false };
    gather(3);
    talk(3, who, 5);
    assert_float_equal(level(0, 1), -20, 0.3);
    assert_true(level(0, 0) < -70);
    assert_float_equal(level(1, 0), -20, 0.3);
    assert_true(level(1, 1) < -70);
    assert_float_equal(level(2, 0), -20, 0.3);
    assert_float_equal(level(2, 1), -20, 0.3);
}

static void mute_deaf_gain_and_coach(void **state)
{
    (void)state;
    const bool who[] = { true, true, true, false };
    gather(4);
    members[0].muted = true;
    members[1].gain_db = -6;
    members[2].coaches = &members[3];
    talk(4, who, 5);
    assert_true(level(3, 0) < -70);
    assert_float_equal(level(3, 1), -26, 0.3);
    assert_float_equal(level(3, 2), -20, 0.3); /* the coached one hears it */
    assert_true(level(0, 2) < -70);            /* the others do not */
    assert_true(members[0].voice.talking);     /* muted, and told so */
    members[3].deaf = true;
    talk(4, who, 1);
    assert_int_equal(level_dbov(heard[3], BLOCK), LEVEL_SILENT_DBOV);
    mixer_remove(&mixer, &members[3]);
    assert_null(members[2].coaches);
}

static void the_sum_of_loud_ones_is_not_clipped(void **state)
{
    (void)state;
    bool who[MIXER_LOUDEST];
    gather(MIXER_LOUDEST);
    for (size_t i = 0; i < MIXER_LOUDEST; i++) {
        who[i] = i > 0;
        tone_init(&tones[i], RATE_HZ, 200 + 50 * (double)i, 0);
    }
    talk(MIXER_LOUDEST, who, 5);
    int peak = 0;
    for (size_t i = 0; i < BLOCK; i++)
        peak = abs(heard[0][i]) > peak ? abs(heard[0][i]) : peak;
    assert_in_range(peak, 16000, 32100);
    assert_float_equal(level(0, 1), level(0, 7), 1);
}

static void of_a_hundred_the_loudest_are_heard(void **state)
{
    (void)state;
    bool who[MEMBERS];
    gather(MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++) {
        who[i] = true;
        tone_init(&tones[i], RATE_HZ, 200 + 50 * (double)i, i < 3 ? -20 : -40 - (double)i / 10);
    }
    talk(MEMBERS, who, 3);
    assert_float_equal(level(50, 2), -20, 0.5);
    assert_true(level(50, 7) > -45);
    assert_true(level(50, 90) < -60);
    assert_true(level(2, 2) < -60);
}

static void tells_who_talks(void **state)
{
    (void)state;
    bool who[] = { true, false };
    gather(2);
    talk(2, who, 1);
    assert_false(members[0].voice.talking);
    talk(2, who, 1);
    assert_true(members[0].voice.talking);
    assert_false(members[1].voice.talking);
    who[0] = false;
    talk(2, who, 19);
    assert_true(members[0].voice.talking);
    talk(2, who, 1);
    assert_false(members[0].voice.talking);
    assert_int_equal(members[0].voice.change_ms, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_hears_himself),
        cmocka_unit_test(mute_deaf_gain_and_coach),
        cmocka_unit_test(the_sum_of_loud_ones_is_not_clipped),
        cmocka_unit_test(of_a_hundred_the_loudest_are_heard),
        cmocka_unit_test(tells_who_talks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
