/* What is heard is made by a worker; whoever asked may be gone by then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(who_is_gone_hears_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
