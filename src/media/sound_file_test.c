#include "sound_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sndfile.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/tone.h"

static char folder[] = "/tmp/sound_file_XXXXXX";
static char path[sizeof folder + 32];

enum { RATE_MAX_HZ = 96000 };

/* A second of 440 Hz at -10 dBm0 in each channel. */
static void make(const char *name, int format, int rate_hz, int channels)
{
    static int16_t pcm[RATE_MAX_HZ * 2], mono[RATE_MAX_HZ];
    struct tone tone;
    SF_INFO info = { .samplerate = rate_hz, .channels = channels, .format = format };
    snprintf(path, sizeof path, "%s/%s", folder, name);
    tone_init(&tone, (uint32_t)rate_hz, 440, -10);
    tone_render(&tone, mono, (size_t)rate_hz);
    for (int i = 0; i < rate_hz; i++)
        for (int c = 0; c < channels; c++)
            pcm[i * channels + c] = mono[i];
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_short(file, pcm, rate_hz), rate_hz);
    sf_close(file);
}

static void reads_every_format(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int format, rate_hz, channels;
    } rows[] = {
        { "8k.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1 },
        { "ulaw.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1 },
        { "stereo.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 44100, 2 },
        { "16k.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1 },
        { "stereo.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2 },
        { "48k.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1 },
        { "24k.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 24000, 2 },
        { "11k.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 11025, 1 },
        { "22k.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 22050, 1 },
        { "96k.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 96000, 2 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int16_t *pcm;
        size_t samples;
        uint32_t rate_hz;
        make(rows[i].name, rows[i].format, rows[i].rate_hz, rows[i].channels);
        assert_int_equal(sound_file_read(path, &pcm, &samples, &rate_hz, NULL), OK);
        assert_int_equal(rate_hz, rows[i].rate_hz);
        assert_in_range(samples, (size_t)rate_hz - 10, rate_hz + 1000);
        double level = tone_level_dbm0(pcm + rate_hz / 4, rate_hz / 2, rate_hz, 440);
        if (level < -10.5 || level > -9.5)
            fail_msg("%s: %.2f dBm0", rows[i].name, level);
        mem_free(pcm);
        unlink(path);
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    struct fault fault;
    assert_int_equal(sound_file_read("/nowhere/x.wav", &pcm, &samples, &rate_hz, &fault),
                     ERR_NOT_FOUND);
    assert_string_equal(fault.where, "/nowhere/x.wav");
    snprintf(path, sizeof path, "%s/text.wav", folder);
    FILE *text = fopen(path, "w");
    assert_non_null(text);
    fputs("RIFF? no, only text\n", text);
    fclose(text);
    assert_int_equal(sound_file_read(path, &pcm, &samples, &rate_hz, &fault), ERR_PARSE);
    assert_non_null(strstr(fault.text, "WAV"));
    unlink(path);
    assert_int_equal(sound_file_read(folder, &pcm, &samples, &rate_hz, NULL), ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_format),
        cmocka_unit_test(says_what_is_wrong),
    };
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
