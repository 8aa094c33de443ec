#include "mos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "media/codecs.h"

static double mos(const struct codec *codec, double loss, int64_t delay_ms)
{
    return mos_estimate(&(struct mos_input){ codec, loss, delay_ms * 1000 });
}

static void assert_about(double got, double want)
{
    if (got < want - 0.03 || got > want + 0.03)
        fail_msg("%.3f, want %.2f", got, want);
}

/* The R and MOS of G.107 with its defaults, worked by hand. */
static void agrees_with_the_curves_of_g107(void **state)
{
    (void)state;
    assert_about(mos(&codec_pcmu, 0, 0), 4.41);
    assert_about(mos(&codec_pcma, 0, 150), 4.34);    /* R 89.6 */
    assert_about(mos(&codec_pcmu, 0, 400), 3.05);    /* R 59.1 */
    assert_about(mos(&codec_pcmu, 0.01, 0), 4.33);   /* R 89.6 */
    assert_about(mos(&codec_pcmu, 0.05, 0), 3.92);   /* R 77.4 */
    assert_about(mos(&codec_pcmu, 0.20, 100), 2.50); /* R 48.7 */
    assert_about(mos(&codec_pcmu, 1, 2000), 1);
}

static void more_loss_and_delay_never_sound_better(void **state)
{
    (void)state;
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    for (size_t i = 0; i < n; i++)
        for (int loss = 0; loss < 100; loss++)
            for (int64_t ms = 0; ms < 1000; ms += 50) {
                double here = mos(all[i], loss / 100.0, ms);
                assert_true(here >= 1 && here <= 4.42);
                assert_true(mos(all[i], (loss + 1) / 100.0, ms) <= here + 1e-9);
                assert_true(mos(all[i], loss / 100.0, ms + 50) <= here + 1e-9);
            }
}

static void unknown_delay_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(mos_delay_us(-1, -1, -1), 0);
    assert_int_equal(mos_delay_us(80000, -1, 5000), 50000);
    assert_int_equal(mos_delay_us(80000, 60000, 5000), 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_curves_of_g107),
        cmocka_unit_test(more_loss_and_delay_never_sound_better),
        cmocka_unit_test(unknown_delay_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
