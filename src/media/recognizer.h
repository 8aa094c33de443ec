#pragma once
/* Speech to text: an utterance goes to one of the engines that are there and comes back as words.
 * A new engine is a file recognizer_x.c and a row in recognizer.c. Control thread; nothing slow
 * happens on it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct http_client;
struct loop;
struct recognizer;
struct recognizer_job;

enum {
    RECOGNIZER_HINTS_MAX = 500,
    RECOGNIZER_HINT_MAX = 100, /* bytes of one; longer ones are left out */
};

/** Copied. Texts are never NULL, "" is "not set". */
struct recognizer_config {
    struct loop *loop;
    struct http_client *http;
    const char *engine;    /* "auto", "none", or the name of a row */
    const char *model_dir; /* pocketsphinx: a directory with a folder that has an mdef, a *.lm.bin
                              and a *.dict */
    const char *url;       /* http: of POST /v1/audio/transcriptions */
    struct slice key;      /* its bearer key */
    const char *model;     /* what it is to use: "whisper-1" */
    const char *ca_file;
};

/** Engines that cannot work are left out, with a line in the log if they were asked for. */
struct recognizer *recognizer_create(const struct recognizer_config *config);
/** Every job must be over or cancelled. NULL is fine. */
void recognizer_destroy(struct recognizer *recognizer);
/** The one that is used unless a request names another of ours; NULL: none. */
const char *recognizer_engine_name(const struct recognizer *recognizer);
/** Is it quick and cheap enough to be asked while somebody still talks? */
bool recognizer_is_quick(const struct recognizer *recognizer, const char *engine);
/** Somebody is about to talk: have the model in memory by then. */
void recognizer_warm(struct recognizer *recognizer, const char *engine);

struct recognized {
    enum err err; /* ERR_LIMIT: too many wait; ERR_UNSUPPORTED: no engine; or as http_client has it
                   */
    const char *text;  /* words; "" when there were none; with `err`, what went wrong */
    double confidence; /* 0 to 1; 1 from an engine that says nothing about it */
};
typedef void (*recognizer_fn)(void *owner, const struct recognized *recognized);

/** Borrowed until return, but for the PCM. */
struct recognizer_request {
    const char *engine;       /* one of ours, or anything else: the default; may be NULL */
    const char *language;     /* "en-US"; NULL: that */
    const char *const *hints; /* words and phrases that are likely */
    size_t n_hints;
    int16_t *take_pcm; /* mono at UTTERANCE_RATE_HZ */
    size_t samples;
};
/** `fn` is called once, later. */
struct recognizer_job *recognizer_start(struct recognizer *recognizer,
                                        const struct recognizer_request *request, recognizer_fn fn,
                                        void *owner);
/** No callback comes any more. NULL is fine. */
void recognizer_cancel(struct recognizer_job *job);
