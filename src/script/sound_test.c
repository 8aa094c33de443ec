/* What is heard is made by a worker; whoever asked may be gone by then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/tone.h"
#include "script/script_priv.h"
#include "script/sound.h"

enum { TIMES = 3 };

struct heard {
    struct loop *loop;
    struct scripts *scripts;
    const struct sound_spec *spec;
    unsigned times;
    size_t samples;
};

static void on_sound(void *owner, int16_t *take_pcm, size_t samples, uint32_t rate_hz,
                     const struct fault *fault)
{
    struct heard *heard = owner;
    (void)rate_hz;
    (void)fault;
    heard->samples = samples;
    mem_free(take_pcm);
    if (++heard->times < TIMES) /* until the one that nobody waits for is made, too */
        sound_start(heard->scripts, heard->spec, "", on_sound, heard);
    else
        loop_stop(heard->loop);
}

static void who_is_gone_hears_nothing(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct scripts scripts = { .config = { .loop = loop } };
    char text[] = "one two three";
    struct sound_spec spec = { .kind = SOUND_SAY, .text = text };
    struct heard gone = { .loop = loop, .scripts = &scripts, .spec = &spec }, there = gone;
    sound_cancel(sound_start(&scripts, &spec, "", on_sound, &gone));
    sound_start(&scripts, &spec, "", on_sound, &there);
    loop_run(loop);
    assert_int_equal(gone.times, 0);
    assert_int_equal(there.times, TIMES);
    assert_true(there.samples > 1000);
    loop_destroy(loop);
}

/* As ITU-T E.180, Supplement 2 has it: which tones, at -19 dBm0 each, for how long, and how long
 * not. */
static void ringing_is_that_of_the_country(void **state)
{
    static const struct {
        const char *country;
        double hz[2]; /* hz[1] 0: one tone */
        size_t on_ms, round_ms;
    } rows[] = {
        { "us", { 440, 480 }, 2000, 6000 }, { "uk", { 400, 450 }, 400, 3000 },
        { "de", { 425, 0 }, 1000, 5000 },   { "fr", { 440, 0 }, 1500, 5000 },
        { "jp", { 384, 416 }, 1000, 3000 },
    };
    int16_t *pcm = NULL;
    size_t samples = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(sound_ring(rows[i].country, &pcm, &samples), OK);
        size_t on = rows[i].on_ms * SOUND_RING_HZ / 1000, later = on + SOUND_RING_HZ / 50;
        assert_int_equal(samples, rows[i].round_ms * SOUND_RING_HZ / 1000);
        for (size_t k = 0; k < 2 && rows[i].hz[k] > 0; k++) {
            double dbm0 = tone_level_dbm0(pcm, on, SOUND_RING_HZ, rows[i].hz[k]);
            if (dbm0 < -20 || dbm0 > -18)
                fail_msg("%s: %.0f Hz at %.1f dBm0", rows[i].country, rows[i].hz[k], dbm0);
        }
        assert_true(level_dbm0(pcm + later, SOUND_RING_HZ / 10) < -60);
        mem_free(pcm);
    }
    assert_int_equal(sound_ring("xx", &pcm, &samples), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_gone_hears_nothing),
        cmocka_unit_test(ringing_is_that_of_the_country),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
