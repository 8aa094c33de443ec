#pragma once
/* A finished recording into the file that was asked for: one of its two channels, another format.
 * By a worker. Control thread. */

#include <stdbool.h>

#include "base/err.h"

struct loop;
struct record_file;

enum record_file_channel { RECORD_FILE_ALL, RECORD_FILE_FIRST, RECORD_FILE_SECOND };
struct record_file_config {
    const char *from, *to; /* copied; `from` is removed */
    enum record_file_channel channel;
    bool is_mp3;
};
/** `fn` comes once, later, unless detached. */
struct record_file *record_file_convert(struct loop *loop, const struct record_file_config *config,
                                        void (*fn)(void *owner, enum err err), void *owner);
/** Go on, but tell nobody: the recording's owner goes away. A file that is still being written gets
 * a moment to be complete. */
void record_file_detach(struct record_file *file);
