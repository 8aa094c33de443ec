/* Recordings made into other files: what their writer did not live to close, silence around them.
 */
#include "media/record_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "media/tone.h"

enum { RATE_HZ = 8000 };
static char dir[] = "/tmp/record-file-XXXXXX";
static char from[64], to[64];

static int setup(void **state)
{
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    if (!mkdtemp(dir))
        return -1;
    snprintf(from, sizeof from, "%s/a.part.wav", dir);
    snprintf(to, sizeof to, "%s/a.wav", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(from);
    unlink(to);
    return rmdir(dir);
}

/* On the left: silence, a tone of a second, silence; on the right nothing but the tone. */
static SNDFILE *write_stereo(int before_s, int after_s)
{
    SF_INFO info = { .samplerate = RATE_HZ,
                     .channels = 2,
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    size_t n = (size_t)(before_s + 1 + after_s) * RATE_HZ, at = (size_t)before_s * RATE_HZ;
    int16_t *tone_pcm = mem_array(n, sizeof *tone_pcm), *both = mem_array(2 * n, sizeof *both);
    struct tone tone;
    tone_init(&tone, RATE_HZ, 500, -10);
    tone_render(&tone, tone_pcm, n);
    for (size_t i = 0; i < n; i++) {
        both[2 * i] = i >= at && i < at + RATE_HZ ? tone_pcm[i] : 3; /* as a line is never quite */
        both[2 * i + 1] = tone_pcm[i];
    }
    SNDFILE *file = sf_open(from, SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_short(file, both, (sf_count_t)n), n);
    mem_free(tone_pcm);
    mem_free(both);
    return file;
}

static void silence_around_is_trimmed(void **state)
{
    struct record_file_done done;
    (void)state;
    sf_close(write_stereo(2, 1));
    assert_true(record_file_is_complete(from));
    record_file_make(
        &(struct record_file_config){
            .from = from, .to = to, .channel = RECORD_FILE_FIRST, .trims = true },
        &done);
    assert_int_equal(done.err, OK);
    assert_in_range(done.duration_ms, 1100, 1300); /* and a little around it */
    assert_in_range(done.bytes - 44 - 2 * done.duration_ms * RATE_HZ / 1000, 0, 16);
    assert_int_equal(access(from, F_OK), -1);
}

/* Whoever wrote it is gone: all that was written is in the new file, and its header is right. */
static void what_was_never_closed_is_whole(void **state)
{
    struct record_file_done done, measured;
    (void)state;
    SNDFILE *open = write_stereo(0, 0);
    assert_false(record_file_is_complete(from));
    assert_int_equal(rename(from, to), 0); /* as it is now; its writer goes on elsewhere */
    struct slice written;
    assert_int_equal(file_read(to, 1 << 20, &written, NULL), OK);
    sf_close(open);
    assert_int_equal(file_write_private(from, written, NULL), OK);
    mem_free((char *)(uintptr_t)written.ptr);
    record_file_make(&(struct record_file_config){ .from = from, .to = to }, &done);
    assert_int_equal(done.err, OK);
    assert_int_equal(done.duration_ms, 1000);
    assert_true(record_file_is_complete(to));
    record_file_measure(to, &measured);
    assert_int_equal(measured.duration_ms, 1000);
    assert_int_equal(measured.bytes, 44 + 2 * 2 * RATE_HZ);
}

static void no_sound_is_an_error(void **state)
{
    struct record_file_done done;
    (void)state;
    assert_false(record_file_is_complete(from));
    record_file_make(&(struct record_file_config){ .from = from, .to = to }, &done);
    assert_int_equal(done.err, ERR_IO);
    record_file_measure(from, &done);
    assert_int_equal(done.err, ERR_IO);
}

static void on_done(void *owner, const struct record_file_done *done)
{
    *(struct record_file_done *)owner = *done;
}

/* The writer closes it a moment later: nothing that it writes until then is lost. */
static void the_writer_is_waited_for(void **state)
{
    struct record_file_done done = { .duration_ms = -1 };
    struct loop *loop = loop_create();
    (void)state;
    SNDFILE *open = write_stereo(0, 0);
    (void)record_file_convert(loop, &(struct record_file_config){ .from = from, .to = to }, on_done,
                              &done);
    loop_turn(loop, 50);
    assert_int_equal(done.duration_ms, -1);
    const int16_t more[2 * RATE_HZ] = { 0 };
    assert_int_equal(sf_writef_short(open, more, RATE_HZ), RATE_HZ);
    sf_close(open);
    for (int i = 0; i < 100 && done.duration_ms < 0; i++)
        loop_turn(loop, 20);
    assert_int_equal(done.err, OK);
    assert_int_equal(done.duration_ms, 2000);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silence_around_is_trimmed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_never_closed_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(no_sound_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(the_writer_is_waited_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
