/* Audio for a far end that comes from another thread through pipes: of a conference, of a program.
 * It is added to what a linked stream sends. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/pcm_fifo.h"
#include "media/pcm_pipe.h"
#include "media/stream_priv.h"

enum {
    PRIME_MS = 10, /* more than a frame before it begins: the two clocks have no common phase */
    PATIENCE_US = 60000, /* then the rest is played, though it is less than that */
    STEADY_MAX_MS = 160, /* more than this is delay for nothing */
    PIECE_MS = 10,
    PIECE_MAX = 48 * PIECE_MS,
};

struct stream_feed {
    struct list link;
    struct pcm_pipe *pipe;
    struct pcm_fifo fifo;
    uint32_t rate_hz;
    bool steady; /* it always comes */
    bool primed;
    int64_t since_us; /* something is there since; 0: nothing */
};

void stream_feed_add(struct media_stream_core *core, struct pcm_pipe *take, uint32_t rate_hz,
                     bool steady)
{
    struct stream_feed *feed = mem_new(struct stream_feed);
    feed->pipe = take;
    feed->rate_hz = rate_hz;
    feed->steady = steady;
    list_append(&core->feeds, &feed->link);
    stream_pace_wake(core);
}

static void destroy(struct stream_feed *feed)
{
    list_remove(&feed->link);
    pcm_pipe_close(feed->pipe);
    pcm_fifo_clear(&feed->fifo);
    mem_free(feed);
}

void stream_feeds_clear(struct media_stream_core *core)
{
    LIST_EACH(link, &core->feeds)
    destroy(LIST_ITEM(link, struct stream_feed, link));
}

static bool is_over(const struct stream_feed *feed)
{
    return pcm_pipe_is_alone(feed->pipe) && (feed->steady || pcm_pipe_held(feed->pipe) == 0);
}

bool stream_feeds_are_active(struct media_stream_core *core)
{
    bool active = false;
    LIST_EACH(link, &core->feeds)
    {
        struct stream_feed *feed = LIST_ITEM(link, struct stream_feed, link);
        if (is_over(feed))
            destroy(feed);
        else
            active |= feed->steady || feed->primed || pcm_pipe_held(feed->pipe) > 0;
    }
    return active;
}

uint32_t stream_feeds_rate(const struct media_stream_core *core)
{
    return list_empty(&core->feeds)
               ? 0
               : LIST_ITEM(core->feeds.next, struct stream_feed, link)->rate_hz;
}

static bool is_primed(struct stream_feed *feed, size_t need, int64_t now_us)
{
    size_t held = pcm_pipe_held(feed->pipe);
    if (!feed->since_us && held)
        feed->since_us = now_us;
    if (!feed->primed)
        feed->primed = held >= need + feed->rate_hz / 1000 * PRIME_MS ||
                       (held && !feed->steady && now_us - feed->since_us >= PATIENCE_US);
    return feed->primed;
}

static void shorten(struct stream_feed *feed, size_t need)
{
    size_t held = pcm_pipe_held(feed->pipe);
    if (feed->steady && held > feed->rate_hz / 1000 * STEADY_MAX_MS + need)
        pcm_pipe_read(feed->pipe, NULL, held - need - feed->rate_hz / 1000 * PRIME_MS);
}

static size_t render(struct stream_feed *feed, int16_t *pcm, size_t n, uint32_t rate_hz,
                     int64_t now_us)
{
    size_t need = (size_t)((uint64_t)n * feed->rate_hz / rate_hz), done = 0, got = 1;
    int16_t piece[PIECE_MAX];
    if (!is_primed(feed, need, now_us))
        return 0;
    shorten(feed, need);
    pcm_fifo_set_rates(&feed->fifo, feed->rate_hz, rate_hz);
    done = pcm_fifo_take(&feed->fifo, pcm, n);
    while (done < n && got > 0) {
        got = pcm_pipe_read(feed->pipe, piece, feed->rate_hz / 1000 * PIECE_MS);
        if (got > 0)
            pcm_fifo_feed(&feed->fifo, piece, got);
        done += pcm_fifo_take(&feed->fifo, pcm + done, n - done);
    }
    if (done < n) {
        feed->primed = false;
        feed->since_us = 0;
    }
    return done;
}

void stream_feeds_add_to(struct media_stream_core *core, int16_t *pcm, size_t n, uint32_t rate_hz)
{
    int16_t more[STREAM_FRAME_MAX];
    LIST_EACH(link, &core->feeds)
    {
        struct stream_feed *feed = LIST_ITEM(link, struct stream_feed, link);
        size_t got = render(feed, more, n, rate_hz, stream_now_us(core));
        for (size_t i = 0; i < got; i++)
            pcm[i] = pcm_add(pcm[i], more[i]);
    }
}
