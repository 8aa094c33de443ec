#include "media_fork.h"

#include <string.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/media_priv.h"
#include "media/pcm_pipe.h"

enum {
    RATE_HZ = 8000,
    PIPE_MS = 1000, /* of what the program gets: a second of a busy control thread */
    PLAY_MS = 200,  /* what is given away early can still be cleared */
    FRAME_MAX = 48 * MEDIA_FORK_FRAME_MS,
};

struct mark {
    struct list link;
    uint64_t at; /* samples of all that was ever queued */
    char *name;
};

struct media_fork {
    struct loop *loop;
    const struct media_fork_events *events;
    void *owner;
    uint32_t rate_hz;
    struct pcm_pipe *tracks[MEDIA_FORK_TRACKS]; /* their reading ends; NULL: not wanted */
    uint64_t frames[MEDIA_FORK_TRACKS];
    struct pcm_pipe *play; /* its writing end */
    int16_t *queue;        /* behind what the pipe holds */
    size_t n_queue, cap_queue, at_queue;
    struct list marks;
    size_t n_marks;
    struct timer timer;
};

static size_t queued(const struct media_fork *fork)
{
    return fork->n_queue - fork->at_queue;
}

static void fill_pipe(struct media_fork *fork)
{
    size_t n = (size_t)num_min((int64_t)queued(fork), (int64_t)pcm_pipe_room(fork->play));
    fork->at_queue += n ? pcm_pipe_write(fork->play, fork->queue + fork->at_queue, n) : 0;
    if (!queued(fork))
        fork->n_queue = fork->at_queue = 0;
}

static void read_frames(struct media_fork *fork, enum media_fork_track track)
{
    int16_t pcm[FRAME_MAX];
    size_t n = fork->rate_hz / 1000 * MEDIA_FORK_FRAME_MS;
    struct pcm_pipe *pipe = fork->tracks[track];
    while (pipe && pcm_pipe_held(pipe) >= n) {
        pcm_pipe_read(pipe, pcm, n);
        fork->events->on_audio(fork->owner, track, pcm, n,
                               fork->frames[track]++ * MEDIA_FORK_FRAME_MS);
    }
}

/* True: the owner was told, who may have destroyed the fork. */
static bool tell_mark(struct media_fork *fork)
{
    if (list_empty(&fork->marks))
        return false;
    struct mark *mark = LIST_ITEM(fork->marks.next, struct mark, link);
    if (mark->at > pcm_pipe_done(fork->play))
        return false;
    char *name = mark->name;
    list_remove(&mark->link);
    fork->n_marks--;
    mem_free(mark);
    loop_timer_start(fork->loop, &fork->timer, 0, fork->timer.fn, fork); /* the next mark */
    if (fork->events->on_mark)
        fork->events->on_mark(fork->owner, name);
    mem_free(name);
    return true;
}

static void on_tick(void *owner)
{
    struct media_fork *fork = owner;
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        read_frames(fork, (enum media_fork_track)i); /* below TRACKS */
    fill_pipe(fork);
    if (tell_mark(fork))
        return;
    if (pcm_pipe_is_alone(fork->play)) {
        if (fork->events->on_over)
            fork->events->on_over(fork->owner);
        return;
    }
    loop_timer_start(fork->loop, &fork->timer, MEDIA_FORK_FRAME_MS, on_tick, fork);
}

struct media_fork *media_fork_create(struct media *media, struct media_stream *stream,
                                     const struct media_fork_config *config,
                                     const struct media_fork_events *events, void *owner)
{
    struct media_fork *fork = mem_new(struct media_fork);
    fork->loop = media_control_loop(media);
    fork->events = events;
    fork->owner = owner;
    fork->rate_hz = config->rate_hz ? config->rate_hz : RATE_HZ;
    list_init(&fork->marks);
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        if (config->tracks[i])
            fork->tracks[i] = pcm_pipe_create(fork->rate_hz / 1000 * PIPE_MS);
    fork->play = pcm_pipe_create(fork->rate_hz / 1000 * PLAY_MS);
    media_stream_pipes(stream, &(struct media_pipes){ .heard = fork->tracks[MEDIA_FORK_INBOUND],
                                                      .sent = fork->tracks[MEDIA_FORK_OUTBOUND],
                                                      .play = fork->play,
                                                      .rate_hz = fork->rate_hz });
    loop_timer_start(fork->loop, &fork->timer, MEDIA_FORK_FRAME_MS, on_tick, fork);
    return fork;
}

void media_fork_destroy(struct media_fork *fork)
{
    if (!fork)
        return;
    loop_timer_stop(fork->loop, &fork->timer);
    LIST_EACH(link, &fork->marks)
    {
        struct mark *mark = LIST_ITEM(link, struct mark, link);
        mem_free(mark->name);
        mem_free(mark);
    }
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        pcm_pipe_close(fork->tracks[i]);
    pcm_pipe_clear(fork->play);
    pcm_pipe_close(fork->play);
    mem_free(fork->queue);
    mem_free(fork);
}

enum err media_fork_play(struct media_fork *fork, const int16_t *pcm, size_t n)
{
    if (queued(fork) + n > (size_t)fork->rate_hz * MEDIA_FORK_QUEUE_MAX_S)
        return ERR_LIMIT;
    if (fork->n_queue + n > fork->cap_queue) {
        if (fork->queue)
            memmove(fork->queue, fork->queue + fork->at_queue, queued(fork) * sizeof *pcm);
        fork->n_queue -= fork->at_queue;
        fork->at_queue = 0;
        fork->cap_queue = 2 * (fork->n_queue + n);
        fork->queue = mem_resize(fork->queue, fork->cap_queue * sizeof *pcm);
    }
    memcpy(fork->queue + fork->n_queue, pcm, n * sizeof *pcm);
    fork->n_queue += n;
    fill_pipe(fork);
    return OK;
}

enum err media_fork_mark(struct media_fork *fork, struct slice name)
{
    if (fork->n_marks == MEDIA_FORK_MARKS_MAX)
        return ERR_LIMIT;
    struct mark *mark = mem_new(struct mark);
    mark->at = pcm_pipe_written(fork->play) + queued(fork);
    mark->name = slice_dup(name);
    list_append(&fork->marks, &mark->link);
    fork->n_marks++;
    return OK;
}

void media_fork_clear(struct media_fork *fork)
{
    fork->n_queue = fork->at_queue = 0;
    pcm_pipe_clear(fork->play);
    LIST_EACH(link, &fork->marks)
    LIST_ITEM(link, struct mark, link)->at = 0;
}

uint64_t media_fork_dropped(const struct media_fork *fork)
{
    uint64_t samples = 0;
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        samples += fork->tracks[i] ? pcm_pipe_dropped(fork->tracks[i]) : 0;
    return samples / (fork->rate_hz / 1000 * MEDIA_FORK_FRAME_MS);
}
