#pragma once
/* PCM from one thread to another, bounded, without a lock: one end writes, the other reads. What
 * does not fit is left out and counted, so neither waits. Each end is closed by its own side, the
 * second one frees the pipe: either side may go first. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcm_pipe;

/** Room for at least `samples`. */
struct pcm_pipe *pcm_pipe_create(size_t samples);
/** This end is done; once for each end. NULL is fine. */
void pcm_pipe_close(struct pcm_pipe *pipe);
/** The other end was closed. Either end may ask. */
bool pcm_pipe_is_alone(const struct pcm_pipe *pipe);

/* The writing end. */
/** How many of them fit. */
size_t pcm_pipe_write(struct pcm_pipe *pipe, const int16_t *pcm, size_t n);
size_t pcm_pipe_room(const struct pcm_pipe *pipe);
/** What has not been read is not to be read any more. */
void pcm_pipe_clear(struct pcm_pipe *pipe);

/* The reading end. */
size_t pcm_pipe_held(const struct pcm_pipe *pipe);
/** How many there were. `pcm` NULL: leave them out. */
size_t pcm_pipe_read(struct pcm_pipe *pipe, int16_t *pcm, size_t n);

/* Either end: counters. */
uint64_t pcm_pipe_written(const struct pcm_pipe *pipe);
uint64_t pcm_pipe_done(const struct pcm_pipe *pipe); /* read, or cleared and passed over */
uint64_t pcm_pipe_dropped(const struct pcm_pipe *pipe);
