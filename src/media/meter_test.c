#include "meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "media/codecs.h"
#include "media/tone.h"

static void reads_like_tone_says(void **state)
{
    (void)state;
    struct meter meter = { 0 };
    struct tone tone;
    int16_t pcm[800];
    assert_int_equal(meter_read(&meter), METER_UNKNOWN);
    tone_init(&tone, 8000, 1000, 0);
    tone_render(&tone, pcm, 800);
    meter_feed(&meter, pcm, 800);
    assert_int_equal(meter_read(&meter), -6); /* 0 dBm0 */
    assert_int_equal(meter_read(&meter), METER_UNKNOWN);
    memset(pcm, 0, sizeof pcm);
    meter_feed(&meter, pcm, 800);
    assert_int_equal(meter_read(&meter), LEVEL_SILENT_DBOV);
    meter_clear(&meter);
}

static void samples_one_g711_packet_in_ten(void **state)
{
    (void)state;
    struct meter meter = { 0 };
    uint8_t loud[160];
    memset(loud, 0x80, sizeof loud); /* the largest code of mu-law */
    for (int i = 0; i < 20; i++)
        meter_feed_packet(&meter, &codec_pcmu, slice_make(loud, sizeof loud));
    assert_int_equal(meter.samples, 320);
    assert_int_equal(meter_read(&meter), 0);
    for (int i = 0; i < 20; i++)
        meter_feed_packet(&meter, &codec_opus, slice_make(loud, sizeof loud));
    assert_int_equal(meter_read(&meter), METER_UNKNOWN);
    meter_clear(&meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_like_tone_says),
        cmocka_unit_test(samples_one_g711_packet_in_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
