/* What flite says into a file is heard again, one utterance after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/dictation.h"
#include "media/recognizer.h"
#include "media/speech.h"

static char path[] = "/tmp/dictation_XXXXXX";
static struct loop *loop;
static struct recognizer *recognizer;
static unsigned n_done;
static enum err err;
static char text[300];

static int open_all(const char *engine)
{
    const struct recognizer_config config = { .loop = loop = loop_create(),
                                              .engine = engine,
                                              .model_dir = "/usr/share/pocketsphinx/model/en-us",
                                              .url = "",
                                              .model = "",
                                              .ca_file = "" };
    recognizer = recognizer_create(&config);
    n_done = 0;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return open_all("auto");
}

static int setup_deaf(void **state)
{
    (void)state;
    return open_all("none");
}

static int teardown(void **state)
{
    (void)state;
    recognizer_destroy(recognizer);
    loop_destroy(loop);
    return 0;
}

/* Each text, and two seconds of silence behind it but for the last: a file may end in a word. */
static void write_file(const char *const *texts, size_t n)
{
    static int16_t silence[16000 * 2];
    SF_INFO info = { .samplerate = 16000,
                     .channels = 1,
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        int16_t *pcm;
        size_t samples;
        uint32_t rate_hz;
        assert_int_equal(speech_render(slice_of(texts[i]), &pcm, &samples, &rate_hz), OK);
        assert_int_equal(rate_hz, 16000);
        assert_int_equal(sf_writef_short(file, pcm, (sf_count_t)samples), samples);
        mem_free(pcm);
        if (i + 1 < n)
            sf_writef_short(file, silence, sizeof silence / sizeof silence[0]);
    }
    sf_close(file);
}

static void on_done(void *owner, const struct dictation_done *done)
{
    (void)owner;
    n_done++;
    err = done->err;
    snprintf(text, sizeof text, "%s", done->text);
}

static struct dictation *start(const char *of)
{
    const struct dictation_config config = { .loop = loop, .recognizer = recognizer, .path = of };
    return dictation_start(&config, on_done, NULL);
}

static void wait_for_end(void)
{
    for (int i = 0; !n_done && i < 6000; i++)
        loop_turn(loop, 10);
    assert_int_equal(n_done, 1);
}

static void all_that_was_said_in_order(void **state)
{
    static const char *const said[] = { "the weather is fine today", "see you in the morning" };
    const char *name = recognizer_engine_name(recognizer);
    (void)state;
    if (!name || strcmp(name, "pocketsphinx") != 0)
        skip();
    write_file(said, 2);
    (void)start(path);
    wait_for_end();
    assert_int_equal(err, OK);
    assert_string_equal(text, "the weather is fine today see you in the morning");
}

static void what_cannot_be_heard_is_an_error(void **state)
{
    static const char *const said[] = { "hello" };
    (void)state;
    (void)start("/nowhere/at.all");
    wait_for_end();
    assert_int_equal(err, ERR_NOT_FOUND);
    n_done = 0;
    write_file(said, 1);
    (void)start(path);
    wait_for_end();
    assert_int_equal(err, ERR_UNSUPPORTED);
}

static void a_cancelled_one_says_nothing(void **state)
{
    static const char *const said[] = { "hello", "hello again" };
    (void)state;
    write_file(said, 2);
    dictation_cancel(start(path)); /* while the worker has it */
    struct dictation *second = start(path);
    for (int i = 0; i < 20 && !n_done; i++) /* or, where there is an engine, while it hears */
        loop_turn(loop, 10);
    if (!n_done)
        dictation_cancel(second);
    else
        assert_int_equal(err, ERR_UNSUPPORTED);
    unsigned n = n_done;
    for (int i = 0; i < 20; i++)
        loop_turn(loop, 10);
    assert_int_equal(n_done, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_was_said_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_heard_is_an_error, setup_deaf, teardown),
        cmocka_unit_test_setup_teardown(a_cancelled_one_says_nothing, setup, teardown),
    };
    int fd = mkstemp(path);
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
