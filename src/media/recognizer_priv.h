#pragma once
/* What the engines share with recognizer.c. */

#include "base/list.h"
#include "base/timer.h"
#include "media/recognizer.h"

enum { RECOGNIZER_WORDS_MAX = 8192 }; /* bytes of a text */

struct recognizer_engine {
    const char *name;
    bool is_quick;
    /** Its state; NULL: it cannot work, and `fault` says why. */
    void *(*open)(const struct recognizer_config *config, struct fault *fault);
    void (*close)(void *state);
    void (*warm)(void *state); /* may be NULL */
    /** Ends later in recognizer_job_end(). */
    void (*hear)(void *state, struct recognizer_job *job);
    /** Nobody waits for it; ends in recognizer_job_free(), now or later. */
    void (*cancel)(void *state, struct recognizer_job *job);
};
extern const struct recognizer_engine recognizer_http, recognizer_sphinx;

struct recognizer_job {
    const struct recognizer_engine *engine;
    void *state; /* of the engine */
    struct loop *loop;
    char *language;
    char **hints;
    size_t n_hints;
    int16_t *pcm;
    size_t samples;
    recognizer_fn fn; /* NULL: cancelled */
    void *owner;
    struct timer later;
    struct list in_queue; /* the engine's own */
    void *call;           /* the engine's own */
    char text[RECOGNIZER_WORDS_MAX];
    double confidence;
    struct fault fault; /* code OK: heard */
};
/** Tell the owner, unless he has cancelled, and free. */
void recognizer_job_end(struct recognizer_job *job);
void recognizer_job_free(struct recognizer_job *job);
/** The same in a turn of its own, when it cannot be done at all. */
void recognizer_job_fail(struct recognizer_job *job, enum err err, const char *text);
