#pragma once
/* The thread that writes recordings, one for all media threads: they hand it blocks of PCM and
 * never wait for a disk. A block for which there is no room is dropped, and the caller counts it.
 * Files are WAV, 16 bit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct recorder;

enum { RECORDER_RATE_HZ = 16000, RECORDER_BLOCK_MS = 20, RECORDER_CHANNELS_MAX = 2 };
enum {
    RECORDER_FRAMES = RECORDER_RATE_HZ / 1000 * RECORDER_BLOCK_MS, /* of a block */
    RECORDER_SAMPLES = RECORDER_FRAMES * RECORDER_CHANNELS_MAX,
};

struct recorder_key { /* whose file; `serial` makes it unique */
    uint32_t slot, generation, record_id, serial;
};
struct recorder_done {
    struct recorder_key key;
    enum err err; /* ERR_IO: it could not be opened or written; `text` tells */
    const char *text;
    int64_t duration_ms; /* in the file */
    unsigned dropped_ms;
};
/** On the recorder's thread; `done` is borrowed. */
typedef void (*recorder_fn)(void *owner, const struct recorder_done *done);

struct recorder *recorder_create(recorder_fn on_done, void *owner);
/** Nobody writes any more. Files still open are closed and reported. Joins the thread. */
void recorder_destroy(struct recorder *recorder);

/** Begin a file under a `key` of the caller's, any thread; the path is the recorder's then. */
void recorder_open(struct recorder *recorder, struct recorder_key key, char *take_path,
                   unsigned channels);
/** RECORDER_FRAMES, interleaved; any thread, never waits. False: dropped. */
bool recorder_write(struct recorder *recorder, struct recorder_key key, const int16_t *pcm,
                    unsigned channels);
/** The end: on_done will come. Any thread. */
void recorder_close(struct recorder *recorder, struct recorder_key key, unsigned dropped_ms);
