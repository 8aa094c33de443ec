#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "media/tone.h"
#include "media/utterance.h"

enum { BLOCK = UTTERANCE_RATE_HZ / 50 };

/* `ms` of a tone or of silence, until an utterance is over; the last news that was something. */
static enum utterance_news feed(struct utterance *utterance, int64_t ms, bool loud)
{
    enum utterance_news last = UTTERANCE_NOTHING;
    int16_t pcm[BLOCK] = { 0 };
    struct tone tone;
    tone_init(&tone, UTTERANCE_RATE_HZ, 440, -20);
    for (int64_t at = 0; at < ms && last != UTTERANCE_OVER; at += 20) {
        if (loud)
            tone_render(&tone, pcm, BLOCK);
        enum utterance_news news = utterance_feed(utterance, pcm, BLOCK);
        last = news ? news : last;
    }
    return last;
}

static void begins_before_the_voice_and_ends_after_silence(void **state)
{
    struct utterance utterance;
    size_t n;
    (void)state;
    utterance_init(&utterance, 500, 0);
    assert_int_equal(feed(&utterance, 2000, false), UTTERANCE_NOTHING);
    assert_int_equal(feed(&utterance, 1000, true), UTTERANCE_BEGUN);
    assert_int_equal(feed(&utterance, 400, false), UTTERANCE_NOTHING);
    assert_int_equal(feed(&utterance, 200, false), UTTERANCE_OVER);
    assert_int_equal(utterance.began_ms, 2000);
    assert_int_equal(utterance.over_ms, 3000);
    int16_t *pcm = utterance_copy(&utterance, &n);
    /* some silence before, the voice, and the silence that ended it */
    assert_in_range(n, 1700 * 16, 2000 * 16);
    assert_int_equal(pcm[100], 0);
    mem_free(pcm);
    utterance_clear(&utterance);
}

static void one_that_never_ends_is_cut(void **state)
{
    struct utterance utterance;
    (void)state;
    utterance_init(&utterance, 500, 2000);
    assert_int_equal(feed(&utterance, 1900, true), UTTERANCE_BEGUN);
    assert_int_equal(feed(&utterance, 200, true), UTTERANCE_OVER);
    assert_int_equal(utterance.over_ms - utterance.began_ms, 2000);
    utterance.n = 0;
    assert_int_equal(feed(&utterance, 20, true), UTTERANCE_BEGUN); /* and goes on as another */
    utterance_clear(&utterance);
}

static void silence_is_kept_only_shortly(void **state)
{
    struct utterance utterance;
    (void)state;
    utterance_init(&utterance, 0, 0);
    feed(&utterance, 60000, false);
    assert_in_range(utterance.n, 1, 500 * 16);
    utterance_clear(&utterance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_before_the_voice_and_ends_after_silence),
        cmocka_unit_test(one_that_never_ends_is_cut),
        cmocka_unit_test(silence_is_kept_only_shortly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
