#include "pcm_pipe.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/num.h"

struct pcm_pipe {
    _Atomic uint64_t written, done, dropped;
    _Atomic uint64_t clear_to; /* up to here nothing is to be read */
    atomic_int ends;           /* not closed yet */
    size_t cap;
    int16_t pcm[];
};

struct pcm_pipe *pcm_pipe_create(size_t samples)
{
    struct pcm_pipe *pipe = mem_alloc(sizeof *pipe + samples * sizeof pipe->pcm[0]);
    atomic_init(&pipe->written, 0);
    atomic_init(&pipe->done, 0);
    atomic_init(&pipe->dropped, 0);
    atomic_init(&pipe->clear_to, 0);
    atomic_init(&pipe->ends, 2);
    pipe->cap = samples;
    return pipe;
}

void pcm_pipe_close(struct pcm_pipe *pipe)
{
    if (pipe && atomic_fetch_sub(&pipe->ends, 1) == 1)
        mem_free(pipe);
}

bool pcm_pipe_is_alone(const struct pcm_pipe *pipe)
{
    return atomic_load(&pipe->ends) < 2;
}

size_t pcm_pipe_room(const struct pcm_pipe *pipe)
{
    return pipe->cap - (size_t)(atomic_load(&pipe->written) - atomic_load(&pipe->done));
}

size_t pcm_pipe_write(struct pcm_pipe *pipe, const int16_t *pcm, size_t n)
{
    uint64_t at = atomic_load_explicit(&pipe->written, memory_order_relaxed);
    size_t fit = (size_t)num_min((int64_t)n, (int64_t)pcm_pipe_room(pipe));
    for (size_t i = 0; i < fit; i++)
        pipe->pcm[(at + i) % pipe->cap] = pcm[i];
    atomic_store(&pipe->written, at + fit);
    if (fit < n)
        atomic_fetch_add(&pipe->dropped, n - fit);
    return fit;
}

void pcm_pipe_clear(struct pcm_pipe *pipe)
{
    atomic_store(&pipe->clear_to, atomic_load(&pipe->written));
}

static uint64_t start(const struct pcm_pipe *pipe)
{
    uint64_t done = atomic_load(&pipe->done), clear_to = atomic_load(&pipe->clear_to);
    return clear_to > done ? clear_to : done;
}

size_t pcm_pipe_held(const struct pcm_pipe *pipe)
{
    uint64_t from = start(pipe); /* read first: never beyond what is written */
    return (size_t)(atomic_load(&pipe->written) - from);
}

size_t pcm_pipe_read(struct pcm_pipe *pipe, int16_t *pcm, size_t n)
{
    uint64_t from = start(pipe);
    size_t some = (size_t)num_min((int64_t)n, (int64_t)(atomic_load(&pipe->written) - from));
    for (size_t i = 0; pcm && i < some; i++)
        pcm[i] = pipe->pcm[(from + i) % pipe->cap];
    atomic_store(&pipe->done, from + some);
    return some;
}

uint64_t pcm_pipe_written(const struct pcm_pipe *pipe)
{
    return atomic_load(&pipe->written);
}

uint64_t pcm_pipe_done(const struct pcm_pipe *pipe)
{
    return atomic_load(&pipe->done);
}

uint64_t pcm_pipe_dropped(const struct pcm_pipe *pipe)
{
    return atomic_load(&pipe->dropped);
}
