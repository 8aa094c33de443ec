#pragma once
/* A stream's audio for a program, and audio of the program to be heard: PCM in frames of 20 ms
 * through bounded pipes, never making the media thread wait. What the program sends may come faster
 * than it is heard; marks tell when it has been. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct media;
struct media_fork;
struct media_stream;

enum { MEDIA_FORK_FRAME_MS = 20, MEDIA_FORK_QUEUE_MAX_S = 600, MEDIA_FORK_MARKS_MAX = 256 };

enum media_fork_track { MEDIA_FORK_INBOUND, MEDIA_FORK_OUTBOUND, MEDIA_FORK_TRACKS };

struct media_fork_config {
    uint32_t rate_hz;               /* 8000, 16000, 24000 or 48000; 0: 8000 */
    bool tracks[MEDIA_FORK_TRACKS]; /* what the far end says; what it is sent */
};
struct media_fork_events { /* the owner may destroy the fork in any of them, but for on_audio */
    /** One frame, rate_hz / 50 samples; `at_ms` since the fork began. */
    void (*on_audio)(void *owner, enum media_fork_track track, const int16_t *pcm, size_t n,
                     uint64_t at_ms);
    /** What was queued before this mark has been played, or cleared. */
    void (*on_mark)(void *owner, const char *name);
    void (*on_over)(void *owner); /* the stream is gone: no audio comes any more */
};

struct media_fork *media_fork_create(struct media *media, struct media_stream *stream,
                                     const struct media_fork_config *config,
                                     const struct media_fork_events *events, void *owner);
/** What is queued is not played. NULL is fine. */
void media_fork_destroy(struct media_fork *fork);

/** Queue for the far end, added to what else it hears. ERR_LIMIT: more than
 * MEDIA_FORK_QUEUE_MAX_S wait. */
MUST_CHECK enum err media_fork_play(struct media_fork *fork, const int16_t *pcm, size_t n);
/** ERR_LIMIT: too many wait. */
MUST_CHECK enum err media_fork_mark(struct media_fork *fork, struct slice name);
/** Forget what is queued; its marks come. */
void media_fork_clear(struct media_fork *fork);
/** Frames left out because control was busy. */
uint64_t media_fork_dropped(const struct media_fork *fork);
