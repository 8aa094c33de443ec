/* What flite says is heard again by pocketsphinx, as over a telephone line; and the service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/g711.h"
#include "media/recognizer.h"
#include "media/resampler.h"
#include "media/speech.h"
#include "media/utterance.h"

static const char MODEL[] = "/usr/share/pocketsphinx/model/en-us";

struct heard {
    unsigned n;
    enum err err;
    char text[400];
    double confidence;
};

static void on_heard(void *owner, const struct recognized *recognized)
{
    struct heard *heard = owner;
    heard->n++;
    heard->err = recognized->err;
    heard->confidence = recognized->confidence;
    snprintf(heard->text, sizeof heard->text, "%s", recognized->text);
}

static void wait_for(struct loop *loop, const struct heard *heard, unsigned n)
{
    for (int i = 0; heard->n < n && i < 6000; i++)
        loop_turn(loop, 10);
    assert_int_equal(heard->n, n);
}

/* Through G.711 at 8 kHz and back. */
static int16_t *say(const char *text, size_t *n)
{
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
    assert_int_equal(speech_render(slice_of(text), &pcm, &samples, &rate_hz), OK);
    struct resampler *down = resampler_create(rate_hz, 8000),
                     *up = resampler_create(8000, UTTERANCE_RATE_HZ);
    size_t n_narrow = resampler_max(down, samples);
    int16_t *narrow = mem_array(n_narrow, sizeof *narrow);
    n_narrow = resampler_feed(down, pcm, samples, narrow, n_narrow);
    for (size_t i = 0; i < n_narrow; i++)
        narrow[i] = g711_ulaw_pcm[g711_ulaw(narrow[i])];
    *n = resampler_max(up, n_narrow);
    int16_t *wide = mem_array(*n, sizeof *wide);
    *n = resampler_feed(up, narrow, n_narrow, wide, *n);
    resampler_destroy(down);
    resampler_destroy(up);
    mem_free(narrow);
    mem_free(pcm);
    return wide;
}

static struct recognizer *create(struct loop *loop, const char *engine)
{
    const struct recognizer_config config = {
        .loop = loop, .engine = engine, .model_dir = MODEL, .url = "", .model = "", .ca_file = ""
    };
    return recognizer_create(&config);
}

static const char *const hints[] = { "Yes", "no", "operator", "qzzx" };
static const char *const digits[] = { "zero", "one", "two",   "three", "four",
                                      "five", "six", "seven", "eight", "nine" };

static void hear(struct recognizer *recognizer, struct loop *loop, const char *text,
                 const char *const *words, size_t n, struct heard *heard)
{
    struct recognizer_request request = { .hints = words, .n_hints = n };
    request.take_pcm = say(text, &request.samples);
    *heard = (struct heard){ 0 };
    recognizer_start(recognizer, &request, on_heard, heard);
    wait_for(loop, heard, 1);
    assert_int_equal(heard->err, OK);
}

static bool has_sphinx(const struct recognizer *recognizer)
{
    const char *name = recognizer_engine_name(recognizer);
    return name && strcmp(name, "pocketsphinx") == 0;
}

static void hears_what_it_was_told_to_expect(void **state)
{
    struct heard heard;
    struct loop *loop = loop_create();
    struct recognizer *recognizer = create(loop, "auto");
    (void)state;
    if (!has_sphinx(recognizer)) {
        recognizer_destroy(recognizer);
        loop_destroy(loop);
        skip();
    }
    hear(recognizer, loop, "yes", hints, COUNT_OF(hints), &heard);
    assert_string_equal(heard.text, "yes");
    assert_true(heard.confidence > 0.5 && heard.confidence <= 1);
    hear(recognizer, loop, "no", hints, COUNT_OF(hints), &heard);
    assert_string_equal(heard.text, "no");
    hear(recognizer, loop, "nine three eight", digits, COUNT_OF(digits), &heard);
    assert_string_equal(heard.text, "nine three eight");
    recognizer_destroy(recognizer);
    loop_destroy(loop);
}

static void what_is_not_expected_is_no_hint(void **state)
{
    struct heard heard;
    struct loop *loop = loop_create();
    struct recognizer *recognizer = create(loop, "pocketsphinx");
    (void)state;
    if (!has_sphinx(recognizer)) {
        recognizer_destroy(recognizer);
        loop_destroy(loop);
        skip();
    }
    hear(recognizer, loop, "the weather is fine", hints, COUNT_OF(hints), &heard);
    assert_null(strstr(heard.text, "operator"));
    recognizer_destroy(recognizer);
    loop_destroy(loop);
}

static void a_cancelled_job_says_nothing(void **state)
{
    struct heard heard[3] = { 0 };
    struct recognizer_job *jobs[2];
    struct loop *loop = loop_create();
    struct recognizer *recognizer = create(loop, "auto");
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct recognizer_request request = { 0 };
        request.take_pcm = say("yes", &request.samples);
        jobs[i] = recognizer_start(recognizer, &request, on_heard, &heard[i]);
    }
    recognizer_cancel(jobs[1]);
    recognizer_cancel(jobs[0]);
    if (has_sphinx(recognizer))
        hear(recognizer, loop, "yes", hints, COUNT_OF(hints), &heard[2]); /* behind the first */
    assert_int_equal(heard[0].n + heard[1].n, 0);
    recognizer_destroy(recognizer);
    loop_destroy(loop);
}

static void without_an_engine_it_says_so(void **state)
{
    struct heard heard = { 0 };
    struct loop *loop = loop_create();
    struct recognizer *recognizer = create(loop, "none");
    struct recognizer_request request = { .engine = "pocketsphinx" };
    (void)state;
    assert_null(recognizer_engine_name(recognizer));
    request.take_pcm = say("yes", &request.samples);
    recognizer_start(recognizer, &request, on_heard, &heard);
    assert_int_equal(heard.n, 0);
    wait_for(loop, &heard, 1);
    assert_int_equal(heard.err, ERR_UNSUPPORTED);
    recognizer_destroy(recognizer);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_what_it_was_told_to_expect),
        cmocka_unit_test(what_is_not_expected_is_no_hint),
        cmocka_unit_test(a_cancelled_job_says_nothing),
        cmocka_unit_test(without_an_engine_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
