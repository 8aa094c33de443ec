#pragma once
/* A recording that nobody writes any more into the file that was asked for: one of its two
 * channels, another format, without the silence around what is said. Control thread, but for what
 * says otherwise. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct record_file;

enum record_file_channel { RECORD_FILE_ALL, RECORD_FILE_FIRST, RECORD_FILE_SECOND };
struct record_file_config {
    const char *from, *to; /* copied; `from` is removed */
    enum record_file_channel channel;
    bool is_mp3;
    bool trims; /* silence at its beginning and at its end */
};
struct record_file_done {
    enum err err;
    int64_t duration_ms; /* in the file; -1: not known, the loop is a simulated one */
    int64_t bytes;
};
typedef void (*record_file_fn)(void *owner, const struct record_file_done *done);

/** By a worker, once `from` is complete; if it never is, with what is there. `fn` comes once,
 * later, unless it is dropped; then it is gone. */
struct record_file *record_file_convert(struct loop *loop, const struct record_file_config *config,
                                        record_file_fn fn, void *owner);
/** Somebody else is told of its end. */
void record_file_give(struct record_file *file, record_file_fn fn, void *owner);
/** Tell nobody. A conversion that has begun goes on; else the recording stays as it is. */
void record_file_drop(struct record_file *file);

/** Has its writer closed that WAV file? Any thread. */
bool record_file_is_complete(const char *path);
/** What record_file_convert() does, at once; it blocks. Any thread. */
void record_file_make(const struct record_file_config *config, struct record_file_done *done);
/** How long a sound file is. ERR_IO: it is none. It blocks. Any thread. */
void record_file_measure(const char *path, struct record_file_done *done);
