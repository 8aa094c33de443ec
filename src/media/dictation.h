#pragma once
/* What is said in a sound file, in words: cut into utterances by a worker, each recognised in
 * turn. Control thread. */

#include <stdint.h>

#include "base/err.h"

struct dictation;
struct loop;
struct recognizer;

enum { DICTATION_WORDS_MAX = 60000 }; /* bytes of a text; more is left out */

struct dictation_config {
    struct loop *loop;
    struct recognizer *recognizer;
    const char *path;     /* copied; as sound_file_read() takes it */
    const char *language; /* "en-US"; NULL: that; outlives it */
};
struct dictation_done {
    enum err err; /* as of sound_file_read() or struct recognized */
    /** Utterances with a blank between them, "" when there were none; with `err`, what went wrong.
     */
    const char *text;
};
typedef void (*dictation_fn)(void *owner, const struct dictation_done *done);

/** `fn` comes once, later, unless it is cancelled; then it is gone. */
struct dictation *dictation_start(const struct dictation_config *config, dictation_fn fn,
                                  void *owner);
/** NULL is fine. The loop must run until a worker that has begun is done. */
void dictation_cancel(struct dictation *dictation);
