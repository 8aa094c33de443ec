/* Speech to text with pocketsphinx, offline: decoding takes a worker thread for about half of
 * the utterance's length, so utterances take turns. Phrases that are hinted at are heard well over
 * a telephone, free speech only in wide audio. Without its library (it is left out where it is
 * not installed) or its model this engine says so. */
#include "media/recognizer_priv.h"

#if __has_include(<pocketsphinx.h>)
#include <dirent.h>
#include <math.h>
#include <pocketsphinx.h>
#include <sphinxbase/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/worker.h"
#include "media/utterance.h"

enum {
    WAITING_MAX = 32,
    PATH_LEN = 1024,
    NOISE = 20, /* at most, of 32767 */
};

/* The library keeps some 200 bytes of every search that is taken out again; the leak sanitizer is
 * told, so that it still finds ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libsphinxbase";
}

static const char HINTS[] = "hints", PHONES[] = "phones";

struct sphinx {
    struct loop *loop;
    char acoustic[PATH_LEN], language[PATH_LEN], dictionary[PATH_LEN];
    struct list queue; /* of struct recognizer_job */
    size_t n_queue;
    bool is_busy, is_closing; /* a worker has it; it is freed when that one is done */
    atomic_bool stop;         /* what is decoded is wanted no more: no further pass over it */
    /* the worker's while is_busy */
    struct recognizer_job *job; /* NULL: only load the model */
    cmd_ln_t *options;
    ps_decoder_t *decoder;
    char free_search[32]; /* of any words: the model's own */
    bool has_failed;      /* to load */
};

/* --- the model --- */

static bool is_acoustic(const char *path)
{
    char file[PATH_LEN + 8];
    struct stat info;
    snprintf(file, sizeof file, "%s/mdef", path);
    return stat(file, &info) == 0;
}

static void look_at(struct sphinx *sphinx, const char *directory, const char *name)
{
    char path[PATH_LEN];
    struct slice text = slice_of(name);
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path || name[0] == '.')
        return;
    if (slice_ends(text, SLICE(".dict")))
        memcpy(sphinx->dictionary, path, sizeof path);
    else if (slice_ends(text, SLICE(".lm.bin")) && slice_find(text, SLICE("phone")) == text.len)
        memcpy(sphinx->language, path, sizeof path);
    else if (is_acoustic(path))
        memcpy(sphinx->acoustic, path, sizeof path);
}

static bool find_model(struct sphinx *sphinx, const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL)
        look_at(sphinx, directory, entry->d_name);
    if (dir)
        closedir(dir);
    return sphinx->acoustic[0] && sphinx->language[0] && sphinx->dictionary[0];
}

static void *open(const struct recognizer_config *config, struct fault *fault)
{
    struct sphinx *sphinx = mem_new(struct sphinx);
    if (!find_model(sphinx, config->model_dir)) {
        mem_free(sphinx);
        fault_set(fault, ERR_NOT_FOUND, "speech.model", 0,
                  "%s holds no model (Debian: pocketsphinx-en-us)", config->model_dir);
        return NULL;
    }
    sphinx->loop = config->loop;
    list_init(&sphinx->queue);
    return sphinx;
}

static void release(struct sphinx *sphinx)
{
    if (sphinx->decoder)
        ps_free(sphinx->decoder);
    if (sphinx->options)
        cmd_ln_free_r(sphinx->options);
    mem_free(sphinx);
}

static void load(struct sphinx *sphinx)
{
    if (sphinx->decoder || sphinx->has_failed)
        return;
    err_set_logfp(NULL); /* it tells its whole life otherwise */
    sphinx->options = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", sphinx->acoustic, "-lm",
                                  sphinx->language, "-dict", sphinx->dictionary, "-logfn",
                                  "/dev/null", "-allphone_ci", "yes", NULL);
    sphinx->decoder = sphinx->options ? ps_init(sphinx->options) : NULL;
    sphinx->has_failed = !sphinx->decoder;
    if (sphinx->decoder)
        snprintf(sphinx->free_search, sizeof sphinx->free_search, "%s",
                 ps_get_search(sphinx->decoder));
    if (sphinx->decoder && ps_set_allphone_file(sphinx->decoder, PHONES, NULL))
        sphinx->has_failed = true;
}

/* --- decoding, on a worker --- */

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

/* Every word of a phrase is known; else the model cannot hear it. */
static bool is_known(const struct sphinx *sphinx, const char *phrase)
{
    struct slice rest = slice_of(phrase), word;
    char text[RECOGNIZER_HINT_MAX + 1];
    while ((word = slice_word(&rest)).len) {
        if (!slice_copy(word, text, sizeof text) ||
            strspn(text, "abcdefghijklmnopqrstuvwxyz'") != word.len)
            return false;
        char *sounds = ps_lookup_word(sphinx->decoder, text);
        if (!sounds)
            return false;
        ckd_free(sounds);
    }
    return true;
}

/* The words of a phrase from state 0 back to it, through states of its own from `*state` on. */
static void put_phrase(fsg_model_t *grammar, const char *phrase, int32 logp, int32 *state)
{
    struct slice rest = slice_trim(slice_of(phrase)), word;
    int32 from = 0;
    while ((word = slice_word(&rest)).len) {
        char text[RECOGNIZER_HINT_MAX + 1];
        rest = slice_trim(rest);
        int32 to = rest.len ? (*state)++ : 0;
        if (slice_copy(word, text, sizeof text)) /* a hint is no longer */
            fsg_model_trans_add(grammar, from, to, from ? 0 : logp,
                                fsg_model_word_add(grammar, text));
        from = to;
    }
}

/* A grammar of the hints, one after the other; false: none of them is known. It is built by hand:
 * the library's parser of grammars does not give its memory back. */
static bool put_hints(struct sphinx *sphinx)
{
    const struct recognizer_job *job = sphinx->job;
    logmath_t *logmath = ps_get_logmath(sphinx->decoder);
    int32 n_states = 1, state = 1;
    unsigned n = 0;
    for (size_t i = 0; i < job->n_hints; i++) {
        struct slice rest = slice_of(job->hints[i]);
        lower(job->hints[i]);
        if (!is_known(sphinx, job->hints[i]))
            job->hints[i][0] = '\0';
        n += job->hints[i][0] != '\0';
        while (job->hints[i][0] && slice_word(&rest).len)
            n_states++;
    }
    if (!n)
        return false;
    fsg_model_t *grammar = fsg_model_init(HINTS, logmath, 1, n_states);
    for (size_t i = 0; i < job->n_hints; i++)
        put_phrase(grammar, job->hints[i], logmath_log(logmath, 1.0 / n), &state);
    grammar->start_state = grammar->final_state = 0;
    bool done = ps_set_fsg(sphinx->decoder, HINTS, grammar) == 0;
    fsg_model_free(grammar);
    return done;
}

/* The model was trained on wide audio. A telephone's has nothing above 4 kHz, which it would take
 * for a strange sound: a little noise is what it knows from there. */
static void add_noise(struct recognizer_job *job)
{
    uint32_t seed = 1; /* the same sound gives the same words */
    for (size_t i = 0; i < job->samples; i++) {
        seed = seed * 1664525 + 1013904223;
        int64_t sample = job->pcm[i] + (int64_t)(seed >> 16) % (2 * NOISE + 1) - NOISE;
        job->pcm[i] = (int16_t)num_max(INT16_MIN, num_min(INT16_MAX, sample)); /* in its bounds */
    }
}

/* One pass over the sound, its score below 0; 0: nothing was understood, or nobody wants it. */
static double decode(struct sphinx *sphinx, const char *search)
{
    struct recognizer_job *job = sphinx->job;
    int32 score = 0;
    job->text[0] = '\0';
    if (atomic_load(&sphinx->stop) || ps_set_search(sphinx->decoder, search))
        return 0;
    ps_start_utt(sphinx->decoder);
    ps_process_raw(sphinx->decoder, job->pcm, job->samples, FALSE, TRUE);
    ps_end_utt(sphinx->decoder);
    const char *words = ps_get_hyp(sphinx->decoder, &score);
    if (!words || !slice_copy(slice_trim(slice_of(words)), job->text, sizeof job->text))
        job->text[0] = '\0';
    return job->text[0] ? fmin(score, -1) : 0;
}

/* How much better the sounds alone, in any order, would fit: about 2 where the words were said, 3
 * and more where others were. */
static double confidence_of(double words, double sounds)
{
    static const double even = 2.5, slope = 4;
    return sounds < 0 && words < 0 ? 1 / (1 + exp(slope * (words / sounds - even))) : 0;
}

/* What the hints make of it if that is likelier than not, else any words. */
static void understand(struct sphinx *sphinx)
{
    struct recognizer_job *job = sphinx->job;
    add_noise(job);
    double sounds = decode(sphinx, PHONES);
    if (job->n_hints && put_hints(sphinx)) {
        job->confidence = confidence_of(decode(sphinx, HINTS), sounds);
        ps_set_search(sphinx->decoder, sphinx->free_search);
        ps_unset_search(sphinx->decoder, HINTS);
        if (job->confidence >= 0.5)
            return;
    }
    job->confidence = confidence_of(decode(sphinx, sphinx->free_search), sounds);
}

static void work(void *arg)
{
    struct sphinx *sphinx = arg;
    struct recognizer_job *job = sphinx->job;
    load(sphinx);
    if (job && sphinx->has_failed)
        fault_set(&job->fault, ERR_INVALID, "", 0, "the speech model cannot be loaded");
    else if (job)
        understand(sphinx);
}

/* --- taking turns, on control --- */

static void run_next(struct sphinx *sphinx);

static void done(void *arg)
{
    struct sphinx *sphinx = arg;
    struct recognizer_job *job = sphinx->job;
    sphinx->is_busy = false;
    sphinx->job = NULL;
    if (sphinx->is_closing)
        release(sphinx);
    else
        run_next(sphinx);
    if (job)
        recognizer_job_end(job);
}

static void run(struct sphinx *sphinx, struct recognizer_job *job)
{
    sphinx->is_busy = true;
    sphinx->job = job;
    atomic_store(&sphinx->stop, false);
    worker_run(sphinx->loop, work, done, sphinx);
}

static void run_next(struct sphinx *sphinx)
{
    if (list_empty(&sphinx->queue))
        return;
    struct recognizer_job *job = LIST_ITEM(sphinx->queue.next, struct recognizer_job, in_queue);
    list_remove(&job->in_queue);
    sphinx->n_queue--;
    run(sphinx, job);
}

static void warm(void *state)
{
    struct sphinx *sphinx = state;
    if (!sphinx->is_busy && !sphinx->decoder && !sphinx->has_failed)
        run(sphinx, NULL);
}

static void hear(void *state, struct recognizer_job *job)
{
    struct sphinx *sphinx = state;
    if (sphinx->n_queue == WAITING_MAX) {
        recognizer_job_fail(job, ERR_LIMIT, "too many utterances wait to be recognised");
        return;
    }
    list_append(&sphinx->queue, &job->in_queue);
    sphinx->n_queue++;
    if (!sphinx->is_busy)
        run_next(sphinx);
}

static void cancel(void *state, struct recognizer_job *job)
{
    struct sphinx *sphinx = state;
    if (sphinx->job == job) {
        atomic_store(&sphinx->stop, true); /* done() frees it */
        return;
    }
    list_remove(&job->in_queue);
    sphinx->n_queue--;
    recognizer_job_free(job);
}

static void close(void *state)
{
    struct sphinx *sphinx = state;
    sphinx->is_closing = true;
    if (!sphinx->is_busy)
        release(sphinx);
}

#else
static void *open(const struct recognizer_config *config, struct fault *fault)
{
    (void)config;
    fault_set(fault, ERR_UNSUPPORTED, "speech.engine", 0,
              "this tandem was built without pocketsphinx (Debian: libpocketsphinx-dev)");
    return NULL;
}
static void close(void *state)
{
    (void)state;
}
static void warm(void *state)
{
    (void)state;
}
static void hear(void *state, struct recognizer_job *job)
{
    (void)state;
    recognizer_job_fail(job, ERR_UNSUPPORTED, "there is no such engine");
}
static void cancel(void *state, struct recognizer_job *job)
{
    (void)state;
    recognizer_job_free(job);
}
#endif

const struct recognizer_engine recognizer_sphinx = { .name = "pocketsphinx",
                                                     .is_quick = true,
                                                     .open = open,
                                                     .close = close,
                                                     .warm = warm,
                                                     .hear = hear,
                                                     .cancel = cancel };
