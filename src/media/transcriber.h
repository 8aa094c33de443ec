#pragma once
/* What is said in a stream, in words: its audio cut into utterances, each recognised, in order for
 * each side. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "media/media_fork.h"

struct media;
struct media_stream;
struct recognizer;
struct transcriber;

struct transcriber_config { /* copied, hints too */
    struct media *media;
    struct media_stream *stream;
    struct recognizer *recognizer;
    bool tracks[MEDIA_FORK_TRACKS]; /* what the far end says; what it is sent */
    const char *engine, *language;  /* as of recognizer_request; may be NULL */
    const char *const *hints;
    size_t n_hints;
    int64_t silence_ms, max_ms; /* as of utterance_init() */
    bool partial;               /* tell what is understood so far, if the engine is quick enough */
};

struct transcriber_words {
    enum media_fork_track track;
    enum err err; /* as of struct recognized, whose text it is then */
    const char *text;
    double confidence;
    bool is_final;             /* the utterance is over */
    int64_t began_ms, over_ms; /* of this track's audio since the start */
};
struct transcriber_events { /* the owner may destroy the transcriber in the last two */
    /** Somebody began to talk; may be NULL. */
    void (*on_begin)(void *owner, enum media_fork_track track);
    void (*on_words)(void *owner, const struct transcriber_words *words);
    void (*on_over)(void *owner); /* the stream is gone; may be NULL */
};

struct transcriber *transcriber_create(const struct transcriber_config *config,
                                       const struct transcriber_events *events, void *owner);
/** Is an utterance going on, or being recognised? */
bool transcriber_is_busy(const struct transcriber *transcriber);
/** NULL is fine. */
void transcriber_destroy(struct transcriber *transcriber);
