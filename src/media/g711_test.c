#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/g711.h"

static void known_values(void **state)
{
    (void)state;
    assert_int_equal(g711_ulaw_pcm[0x80], 32124); /* ITU-T G.711 table 2a, × 4 */
    assert_int_equal(g711_ulaw_pcm[0x00], -32124);
    assert_int_equal(g711_ulaw_pcm[0xff], 0);
    assert_int_equal(g711_alaw_pcm[0xaa], 32256); /* table 1a, × 8 */
    assert_int_equal(g711_alaw_pcm[0x2a], -32256);
    assert_int_equal(g711_alaw_pcm[0xd5], 8);
    assert_int_equal(g711_ulaw(0), 0xff);
    assert_int_equal(g711_alaw(0), 0xd5);
    assert_int_equal(g711_ulaw(INT16_MIN), 0x00);
    assert_int_equal(g711_alaw(INT16_MIN), 0x2a);
    assert_int_equal(g711_ulaw(INT16_MAX), 0x80);
    assert_int_equal(g711_alaw(INT16_MAX), 0xaa);
}

static void every_code_comes_back(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        if (code != 0x7f) /* minus zero */
            assert_int_equal(g711_ulaw(g711_ulaw_pcm[code]), code);
        assert_int_equal(g711_alaw(g711_alaw_pcm[code]), code);
    }
}

/* The step of a code: the distance to its neighbours in the segment. */
static int step_of(const int16_t table[256], uint8_t code)
{
    return abs(table[code] - table[code ^ 1]);
}

static void no_sample_is_off_by_more_than_half_a_step(void **state)
{
    (void)state;
    for (int pcm = -32635; pcm <= 32635; pcm++) { /* beyond, mu-law clips */
        uint8_t ulaw = g711_ulaw((int16_t)pcm), alaw = g711_alaw((int16_t)pcm);
        assert_true(2 * abs(pcm - g711_ulaw_pcm[ulaw]) <= step_of(g711_ulaw_pcm, ulaw));
        assert_true(2 * abs(pcm - g711_alaw_pcm[alaw]) <= step_of(g711_alaw_pcm, alaw));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(every_code_comes_back),
        cmocka_unit_test(no_sample_is_off_by_more_than_half_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
