#include "recognizer.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/recognizer_priv.h"

static const char LANGUAGE[] = "en-US";

/* the first that can work is the default: a service that was paid for before the free one */
static const struct recognizer_engine *const engines[] = { &recognizer_http, &recognizer_sphinx };

struct recognizer {
    struct loop *loop;
    void *states[COUNT_OF(engines)]; /* NULL: cannot work */
    size_t chosen;                   /* COUNT_OF: none */
};

struct recognizer *recognizer_create(const struct recognizer_config *config)
{
    struct recognizer *recognizer = mem_new(struct recognizer);
    bool is_auto = strcmp(config->engine, "auto") == 0;
    recognizer->loop = config->loop;
    recognizer->chosen = COUNT_OF(engines);
    for (size_t i = 0; i < COUNT_OF(engines); i++) {
        struct fault fault = { 0 };
        bool is_wanted = strcmp(config->engine, engines[i]->name) == 0;
        recognizer->states[i] = engines[i]->open(config, &fault);
        if (!recognizer->states[i] && is_wanted)
            log_error(NULL, "speech engine %s cannot be used: %s", engines[i]->name, fault.text);
        else if (!recognizer->states[i] && is_auto)
            log_debug(NULL, "speech engine %s is not there: %s", engines[i]->name, fault.text);
        else if (recognizer->chosen == COUNT_OF(engines) && (is_wanted || is_auto))
            recognizer->chosen = i;
    }
    return recognizer;
}

void recognizer_destroy(struct recognizer *recognizer)
{
    if (!recognizer)
        return;
    for (size_t i = 0; i < COUNT_OF(engines); i++)
        if (recognizer->states[i])
            engines[i]->close(recognizer->states[i]);
    mem_free(recognizer);
}

static size_t pick(const struct recognizer *recognizer, const char *name)
{
    for (size_t i = 0; recognizer && name && i < COUNT_OF(engines); i++)
        if (recognizer->states[i] && recognizer->chosen < COUNT_OF(engines) &&
            strcmp(engines[i]->name, name) == 0)
            return i;
    return recognizer ? recognizer->chosen : COUNT_OF(engines);
}

const char *recognizer_engine_name(const struct recognizer *recognizer)
{
    size_t at = pick(recognizer, NULL);
    return at < COUNT_OF(engines) ? engines[at]->name : NULL;
}

bool recognizer_is_quick(const struct recognizer *recognizer, const char *engine)
{
    size_t at = pick(recognizer, engine);
    return at < COUNT_OF(engines) && engines[at]->is_quick;
}

void recognizer_warm(struct recognizer *recognizer, const char *engine)
{
    size_t at = pick(recognizer, engine);
    if (at < COUNT_OF(engines) && engines[at]->warm)
        engines[at]->warm(recognizer->states[at]);
}

static void keep_hints(struct recognizer_job *job, const struct recognizer_request *request)
{
    job->hints = mem_array(request->n_hints + 1, sizeof *job->hints);
    for (size_t i = 0; i < request->n_hints && job->n_hints < RECOGNIZER_HINTS_MAX; i++) {
        struct slice hint = slice_trim(slice_of(request->hints[i]));
        if (hint.len && hint.len <= RECOGNIZER_HINT_MAX)
            job->hints[job->n_hints++] = slice_dup(hint);
    }
}

struct recognizer_job *recognizer_start(struct recognizer *recognizer,
                                        const struct recognizer_request *request, recognizer_fn fn,
                                        void *owner)
{
    struct recognizer_job *job = mem_new(struct recognizer_job);
    size_t at = pick(recognizer, request->engine);
    job->loop = recognizer->loop;
    job->language = slice_dup(slice_of(request->language ? request->language : LANGUAGE));
    job->pcm = request->take_pcm;
    job->samples = request->samples;
    job->confidence = 1;
    job->fn = fn;
    job->owner = owner;
    list_init(&job->in_queue);
    keep_hints(job, request);
    if (at == COUNT_OF(engines)) {
        recognizer_job_fail(job, ERR_UNSUPPORTED, "there is no speech engine");
        return job;
    }
    job->engine = engines[at];
    job->state = recognizer->states[at];
    job->engine->hear(job->state, job);
    return job;
}

void recognizer_job_free(struct recognizer_job *job)
{
    loop_timer_stop(job->loop, &job->later);
    for (size_t i = 0; i < job->n_hints; i++)
        mem_free(job->hints[i]);
    mem_free(job->hints);
    mem_free(job->language);
    mem_wipe(job->text, sizeof job->text); /* people say numbers of cards */
    mem_free(job->pcm);
    mem_free(job);
}

void recognizer_job_end(struct recognizer_job *job)
{
    const struct recognized recognized = { .err = job->fault.code,
                                           .text = job->fault.code ? job->fault.text : job->text,
                                           .confidence = job->confidence };
    if (job->fn)
        job->fn(job->owner, &recognized);
    recognizer_job_free(job);
}

static void on_failed(void *owner)
{
    recognizer_job_end(owner);
}

void recognizer_job_fail(struct recognizer_job *job, enum err err, const char *text)
{
    fault_set(&job->fault, err, "", 0, "%s", text);
    loop_timer_start(job->loop, &job->later, 0, on_failed, job);
}

void recognizer_cancel(struct recognizer_job *job)
{
    if (!job)
        return;
    job->fn = NULL;
    if (timer_is_running(&job->later))
        recognizer_job_free(job);
    else
        job->engine->cancel(job->state, job);
}
