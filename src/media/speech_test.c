#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/mem.h"
#include "media/speech.h"
#include "media/tone.h"

static void says_a_sentence(void **state)
{
    (void)state;
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    assert_int_equal(speech_render(SLICE("Welcome to tandem. You will hear yourself."), &pcm,
                                   &samples, &rate_hz),
                     OK);
    assert_int_equal(rate_hz, 16000);
    assert_in_range(samples, 2 * rate_hz, 6 * rate_hz);
    assert_in_range(level_dbov(pcm, samples) + 127, 127 - 35, 127 - 10);
    mem_free(pcm);
}

static void refuses_what_is_no_text(void **state)
{
    (void)state;
    static char big[SPEECH_TEXT_MAX + 1];
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    memset(big, 'a', sizeof(big));
    assert_int_equal(speech_render(slice_make(big, sizeof(big)), &pcm, &samples, &rate_hz),
                     ERR_LIMIT);
    assert_int_equal(speech_render(SLICE("  \n"), &pcm, &samples, &rate_hz), ERR_INVALID);
    assert_int_equal(speech_render(SLICE("a\0b"), &pcm, &samples, &rate_hz), ERR_INVALID);
}

static void *say(void *arg)
{
    int16_t *pcm;
    uint32_t rate_hz;
    if (speech_render(SLICE("One, two, three."), &pcm, arg, &rate_hz) == OK)
        mem_free(pcm);
    return NULL;
}

static void threads_take_turns(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t samples[4] = { 0 };
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say, &samples[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) {
        assert_true(samples[i] > 8000);
        assert_int_equal(samples[i], samples[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_a_sentence),
        cmocka_unit_test(refuses_what_is_no_text),
        cmocka_unit_test(threads_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
