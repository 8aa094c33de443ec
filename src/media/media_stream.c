/* A stream as control holds it: its calls become messages, its events come through media.c. The
 * other half is the stream core on the media thread. */
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/media.h"
#include "media/media_priv.h"
#include "media/media_tie.h"
#include "media/stream_core.h"
#include "media/stream_video.h"
#include "media/transport.h"

enum { DTMF_DIGITS_MAX = 256 };

struct media_stream {
    struct media *media;
    unsigned thread;
    struct stream_id id;
    const struct media_events *events;
    void *owner;
    struct media_stats stats;
    struct media_tie *tie;     /* to its partner on another thread; NULL: none, or on this one */
    struct media_stream *tied; /* that partner, which holds the same tie */
};

/* Every figure unknown. */
static struct media_stats media_stats_unknown(void)
{
    const struct media_flow_stats flow = { .jitter_us = -1,
                                           .last_age_ms = -1,
                                           .level_dbov = 1,
                                           .reordered = -1,
                                           .concealed_ms = -1,
                                           .buffer_ms = -1,
                                           .mos = -1 };
    return (struct media_stats){ .rx = flow, .tx = flow, .rtt_us = -1, .far_mos = -1 };
}

/* Calls */

static void post(struct media_stream *stream, struct media_cmd *cmd)
{
    cmd->stream = stream->id;
    media_post(stream->media, stream->thread, cmd);
}

struct media_stream *media_stream_create(struct media *media, unsigned thread,
                                         struct media_transport *take,
                                         const struct media_events *events, void *owner)
{
    struct media_stream *stream = mem_new(struct media_stream);
    *stream =
        (struct media_stream){ .media = media, .thread = thread, .events = events, .owner = owner };
    stream->stats = media_stats_unknown();
    stream->id = media_add_stream(media, stream, thread);
    struct media_cmd cmd = { .run = stream_core_run_create, .give = take, .peer = stream->id };
    media_post(media, thread, &cmd);
    return stream;
}

static void untie(struct media_stream *stream)
{
    struct media_stream *other = stream->tied;
    if (!other)
        return;
    media_tie_destroy(stream->tie);
    stream->tie = other->tie = NULL;
    stream->tied = other->tied = NULL;
}

void media_stream_destroy(struct media_stream *stream)
{
    if (!stream)
        return;
    untie(stream);
    post(stream, &(struct media_cmd){ .run = stream_core_run_destroy });
    media_remove_stream(stream->media, stream->id, stream->thread);
    mem_free(stream);
}

unsigned media_stream_thread(const struct media_stream *stream)
{
    return stream->thread;
}

void media_stream_describe(struct media_stream *stream, const struct media_description *description)
{
    BUG_IF(description->n_formats > MEDIA_FORMATS_MAX || description->n_dtmf > MEDIA_DTMF_MAX);
    post(stream,
         &(struct media_cmd){ .run = stream_core_run_describe, .description = *description });
}

void media_stream_video(struct media_stream *stream, struct media_stream *audio,
                        const struct media_video *video)
{
    BUG_IF(stream->thread != audio->thread || video->n_formats > MEDIA_VIDEO_FORMATS);
    struct media_video *copy = mem_new(struct media_video);
    *copy = *video;
    post(stream,
         &(struct media_cmd){ .run = stream_core_run_video, .give = copy, .peer = audio->id });
}

void media_stream_tell_transport(struct media_stream *stream, void *take)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_tell, .give = take });
}

static void link_here(struct media_stream *a, struct media_stream *b)
{
    post(a, &(struct media_cmd){ .run = stream_core_run_link, .peer = b->id });
}

/* Streams stay on their threads: what is said goes over. */
static void tie(struct media_stream *a, struct media_stream *b)
{
    struct fault fault;
    struct media_tie *made;
    if (media_tie_create(&made, a->media, a->thread, b->thread, &fault)) {
        log_error(NULL, "media threads %u and %u are not joined, a call is silent: %s", a->thread,
                  b->thread, fault.text);
        return;
    }
    a->tie = b->tie = made;
    a->tied = b;
    b->tied = a;
    link_here(a, media_tie_end(made, 0));
    link_here(b, media_tie_end(made, 1));
}

void media_link(struct media_stream *a, struct media_stream *b)
{
    BUG_IF(a == b || a->media != b->media);
    if (a->tied == b)
        return;
    untie(a);
    untie(b);
    if (a->thread == b->thread)
        link_here(a, b);
    else
        tie(a, b);
}

void media_unlink(struct media_stream *stream)
{
    untie(stream);
    post(stream, &(struct media_cmd){ .run = stream_core_run_unlink });
}

void media_stream_echo(struct media_stream *stream, bool on)
{
    if (on)
        untie(stream);
    post(stream, &(struct media_cmd){ .run = stream_core_run_echo, .on = on });
}

void media_stream_mute(struct media_stream *stream, bool send, bool receive)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_mute, .mute = { send, receive } });
}

void media_stream_denoise(struct media_stream *stream, bool on)
{
    if (on) /* a relay decodes from now on */
        media_reserve(stream->media, stream->thread);
    post(stream, &(struct media_cmd){ .run = stream_core_run_denoise, .on = on });
}

void media_stream_hide(struct media_stream *stream, bool on)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_hide, .on = on });
}

static void play(struct media_stream *stream, uint32_t play_id, int16_t *take_pcm, size_t samples,
                 uint32_t rate_hz, bool mixes)
{
    BUG_IF(rate_hz == 0);
    post(stream, &(struct media_cmd){ .run = stream_core_run_play,
                                      .give = take_pcm,
                                      .play = { play_id, rate_hz, samples, mixes } });
}

void media_stream_play(struct media_stream *stream, uint32_t play_id, int16_t *take_pcm,
                       size_t samples, uint32_t rate_hz)
{
    play(stream, play_id, take_pcm, samples, rate_hz, false);
}

void media_stream_play_over(struct media_stream *stream, uint32_t play_id, int16_t *take_pcm,
                            size_t samples, uint32_t rate_hz)
{
    play(stream, play_id, take_pcm, samples, rate_hz, true);
}

void media_stream_play_pause(struct media_stream *stream, uint32_t play_id, bool on)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_play_pause,
                                      .player = { .id = play_id, .pause = on } });
}

void media_stream_play_gain(struct media_stream *stream, uint32_t play_id, double gain_db)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_play_gain,
                                      .player = { .id = play_id, .gain_db = gain_db } });
}

void media_stream_play_seek(struct media_stream *stream, uint32_t play_id, int64_t at_ms)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_play_seek,
                                      .player = { .id = play_id, .at_ms = at_ms } });
}

void media_stream_tone(struct media_stream *stream, double hz, double level_dbm0)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_tone, .tone = { hz, level_dbm0 } });
}

void media_stream_play_stop(struct media_stream *stream)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_play_stop });
}

void media_stream_send_dtmf(struct media_stream *stream, struct slice digits, unsigned duration_ms,
                            unsigned gap_ms)
{
    struct slice some = slice_sub(digits, 0, DTMF_DIGITS_MAX);
    post(stream, &(struct media_cmd){ .run = stream_core_run_dtmf,
                                      .give = slice_dup(some),
                                      .dtmf = { duration_ms, gap_ms } });
}

void media_stream_listen(struct media_stream *stream, const struct media_listen *listen)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_listen, .listen = *listen });
}

void media_stream_record(struct media_stream *stream, uint32_t record_id, const char *path,
                         bool stereo)
{
    media_record(stream->media, stream->thread, stream->id, record_id, path, stereo);
}

void media_stream_record_stop(struct media_stream *stream)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_record });
}

void media_stream_record_pause(struct media_stream *stream, enum media_record_pause pause)
{
    post(stream, &(struct media_cmd){ .run = stream_core_run_record_pause, .record_pause = pause });
}

void media_stream_pipes(struct media_stream *stream, const struct media_pipes *pipes)
{
    struct media_pipes *copy = mem_new(struct media_pipes);
    *copy = *pipes;
    post(stream, &(struct media_cmd){ .run = stream_core_run_pipes, .give = copy });
}

struct stream_id media_stream_id(const struct media_stream *stream)
{
    return stream->id;
}

const struct media_stats *media_stream_stats(const struct media_stream *stream)
{
    return &stream->stats;
}

/* Events: the owner may destroy the stream in any of them, so they are the last thing done. */

static void on_connected(struct media_stream *stream, const struct media_event *event)
{
    (void)event;
    if (stream->events->on_connected)
        stream->events->on_connected(stream->owner);
}

static void on_first_packet(struct media_stream *stream, const struct media_event *event)
{
    (void)event;
    if (stream->events->on_first_packet)
        stream->events->on_first_packet(stream->owner);
}

static void on_dtmf(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_dtmf)
        stream->events->on_dtmf(stream->owner, event->dtmf.digit, event->dtmf.duration_ms);
}

static void on_play_done(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_play_done)
        stream->events->on_play_done(stream->owner, event->play_id);
}

static void on_silent(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_silent)
        stream->events->on_silent(stream->owner, event->silent_ms);
}

static void on_heard_again(struct media_stream *stream, const struct media_event *event)
{
    (void)event;
    if (stream->events->on_heard_again)
        stream->events->on_heard_again(stream->owner);
}

static void on_failed(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_failed)
        stream->events->on_failed(stream->owner, event->failed.err, event->failed.text);
}

static void on_step(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_step)
        stream->events->on_step(stream->owner, event->step.step, event->step.detail);
}

static void on_transport(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_transport)
        stream->events->on_transport(stream->owner, event->transport);
}

static void on_recorded(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_recorded)
        stream->events->on_recorded(stream->owner, &event->recorded);
}

static void on_heard(struct media_stream *stream, const struct media_event *event)
{
    if (stream->events->on_heard)
        stream->events->on_heard(stream->owner, &event->heard);
}

static void on_stats(struct media_stream *stream, const struct media_event *event)
{
    stream->stats = event->stats;
}

void media_stream_dispatch(struct media_stream *stream, const struct media_event *event)
{
    static void (*const handlers[])(struct media_stream *, const struct media_event *) = {
        [MEDIA_EVENT_CONNECTED] = on_connected, [MEDIA_EVENT_FIRST_PACKET] = on_first_packet,
        [MEDIA_EVENT_DTMF] = on_dtmf,           [MEDIA_EVENT_PLAY_DONE] = on_play_done,
        [MEDIA_EVENT_SILENT] = on_silent,       [MEDIA_EVENT_HEARD_AGAIN] = on_heard_again,
        [MEDIA_EVENT_FAILED] = on_failed,       [MEDIA_EVENT_STEP] = on_step,
        [MEDIA_EVENT_TRANSPORT] = on_transport, [MEDIA_EVENT_RECORDED] = on_recorded,
        [MEDIA_EVENT_HEARD] = on_heard,         [MEDIA_EVENT_STATS] = on_stats,
        [MEDIA_EVENT_PORT_FREE] = NULL,         [MEDIA_EVENT_BUSY] = NULL, /* media.c's own */
    };
    _Static_assert(COUNT_OF(handlers) == MEDIA_EVENTS, "a handler per event");
    if (handlers[event->kind])
        handlers[event->kind](stream, event);
}
