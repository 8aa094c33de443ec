/* A stream's audio to and from another thread: an ear that fills pipes, and a feed that empties
 * one. Whoever closes his ends of the pipes ends it; so does the end of the stream. */
#include "base/mem.h"
#include "media/pcm_pipe.h"
#include "media/stream_core.h"
#include "media/stream_ear.h"
#include "media/stream_priv.h"

static bool on_block(void *owner, const int16_t *heard, const int16_t *sent, size_t n)
{
    struct media_pipes *pipes = owner;
    bool wanted = false;
    if (heard && !pcm_pipe_is_alone(pipes->heard)) {
        pcm_pipe_write(pipes->heard, heard, n);
        wanted = true;
    }
    if (sent && !pcm_pipe_is_alone(pipes->sent)) {
        pcm_pipe_write(pipes->sent, sent, n);
        wanted = true;
    }
    return wanted;
}

static void on_closed(void *owner)
{
    struct media_pipes *pipes = owner;
    pcm_pipe_close(pipes->heard);
    pcm_pipe_close(pipes->sent);
    mem_free(pipes);
}

void stream_core_run_pipes(struct media_thread *thread, struct media_stream_core *core,
                           const struct media_cmd *cmd)
{
    (void)thread;
    struct media_pipes *pipes = cmd->give;
    if (pipes->play)
        stream_feed_add(core, pipes->play, pipes->rate_hz, pipes->steady);
    const struct stream_ear_config config = { .rate_hz = pipes->rate_hz,
                                              .heard = pipes->heard,
                                              .sent = pipes->sent,
                                              .late_ms = pipes->late_ms,
                                              .on_block = on_block,
                                              .on_closed = on_closed,
                                              .owner = pipes };
    if (pipes->heard || pipes->sent)
        stream_ear_open(core, &config);
    else
        mem_free(pipes);
}
