#include "media/dictation.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/worker.h"
#include "media/recognizer.h"
#include "media/resampler.h"
#include "media/sound_file.h"
#include "media/utterance.h"

enum {
    BLOCK_MS = 20,
    UTTERANCES_MAX = 600, /* one a second in the longest file */
};

struct said {
    int16_t *pcm; /* NULL: the recogniser has it */
    size_t samples;
};

struct dictation {
    struct loop *loop;
    struct recognizer *recognizer;
    const char *language;
    char *path;
    dictation_fn fn;
    void *owner;
    bool is_cut, is_cancelled;
    struct fault fault; /* of reading */
    struct said said[UTTERANCES_MAX];
    size_t n, at;
    struct recognizer_job *job;
    struct buf words;
    char words_mem[DICTATION_WORDS_MAX];
};

static void destroy(struct dictation *dictation)
{
    for (size_t i = 0; i < dictation->n; i++)
        mem_free(dictation->said[i].pcm);
    mem_free(dictation->path);
    mem_free(dictation);
}

/* --- by a worker --- */

static void keep(struct dictation *dictation, const struct utterance *utterance)
{
    struct said *said = &dictation->said[dictation->n];
    if (dictation->n < UTTERANCES_MAX) {
        said->pcm = utterance_copy(utterance, &said->samples);
        dictation->n++;
    }
}

static void cut(struct dictation *dictation, const int16_t *pcm, size_t samples, uint32_t rate_hz)
{
    struct resampler *resampler = resampler_create(rate_hz, UTTERANCE_RATE_HZ);
    const size_t step = num_max(1, rate_hz / 1000 * BLOCK_MS);
    size_t cap = resampler_max(resampler, step);
    int16_t *block = mem_array(cap, sizeof *block);
    struct utterance utterance;
    utterance_init(&utterance, 0, 0);
    for (size_t at = 0; at < samples; at += step) {
        size_t n = samples - at < step ? samples - at : step;
        n = resampler_feed(resampler, pcm + at, n, block, cap);
        if (utterance_feed(&utterance, block, n) == UTTERANCE_OVER)
            keep(dictation, &utterance);
    }
    if (utterance.is_on) /* it ends with the file */
        keep(dictation, &utterance);
    utterance_clear(&utterance);
    resampler_destroy(resampler);
    mem_free(block);
}

static void work(void *arg)
{
    struct dictation *dictation = arg;
    int16_t *pcm = NULL;
    size_t samples;
    uint32_t rate_hz;
    if (sound_file_read(dictation->path, &pcm, &samples, &rate_hz, &dictation->fault))
        return;
    cut(dictation, pcm, samples, rate_hz);
    mem_free(pcm);
}

/* --- control --- */

static void finish(struct dictation *dictation, enum err err, const char *text)
{
    const struct dictation_done done = { .err = err, .text = text };
    dictation->fn(dictation->owner, &done);
    destroy(dictation);
}

static void recognise_next(struct dictation *dictation);

static void on_heard(void *owner, const struct recognized *recognized)
{
    struct dictation *dictation = owner;
    size_t room = dictation->words.cap - dictation->words.len;
    dictation->job = NULL;
    if (recognized->err) {
        finish(dictation, recognized->err, recognized->text);
        return;
    }
    if (recognized->text[0] && strlen(recognized->text) + 2 < room)
        buf_printf(&dictation->words, "%s%s", dictation->words.len ? " " : "", recognized->text);
    recognise_next(dictation);
}

static void recognise_next(struct dictation *dictation)
{
    struct said *said = &dictation->said[dictation->at++];
    if (dictation->at > dictation->n) {
        finish(dictation, OK, buf_cstr(&dictation->words));
        return;
    }
    const struct recognizer_request request = { .language = dictation->language,
                                                .take_pcm = said->pcm,
                                                .samples = said->samples };
    said->pcm = NULL;
    dictation->job = recognizer_start(dictation->recognizer, &request, on_heard, dictation);
}

static void on_cut(void *arg)
{
    struct dictation *dictation = arg;
    dictation->is_cut = true;
    if (dictation->is_cancelled)
        destroy(dictation);
    else if (dictation->fault.code)
        finish(dictation, dictation->fault.code, dictation->fault.text);
    else
        recognise_next(dictation);
}

struct dictation *dictation_start(const struct dictation_config *config, dictation_fn fn,
                                  void *owner)
{
    struct dictation *dictation = mem_new(struct dictation);
    dictation->loop = config->loop;
    dictation->recognizer = config->recognizer;
    dictation->language = config->language;
    dictation->path = slice_dup(slice_of(config->path));
    dictation->fn = fn;
    dictation->owner = owner;
    dictation->words = (struct buf)BUF_ON(dictation->words_mem);
    worker_run(dictation->loop, work, on_cut, dictation);
    return dictation;
}

void dictation_cancel(struct dictation *dictation)
{
    if (!dictation)
        return;
    recognizer_cancel(dictation->job);
    dictation->is_cancelled = true;
    if (dictation->is_cut)
        destroy(dictation);
}
