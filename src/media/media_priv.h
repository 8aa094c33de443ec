#pragma once
/* What media/ shares between its control half and its threads: the messages, by value, and the way
 * they are posted. A stream is named by slot and generation, so a late message finds nobody. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "media/media.h"
#include "media/recorder.h"

struct media_batches;
struct pcm_pipe;
struct media_stream_core;
struct media_thread;
struct rtp_ports;
struct rtp_shared;

enum {
    MEDIA_TEXT_MAX = 160,
    MEDIA_STEP_MAX = 24,
    MEDIA_TELL_MAX = 160, /* bytes that a transport tells control at once */
    MEDIA_MAILBOX_CAP = 2048,
    MEDIA_THREADS_MAX = 64,
};

struct stream_id {
    uint32_t slot, generation;
};

/* A stream's audio to another thread and back (stream_pipes.c). NULL: not wanted. */
struct media_pipes {
    struct pcm_pipe *heard, *sent; /* their writing ends */
    struct pcm_pipe *play;         /* its reading end */
    uint32_t rate_hz;              /* of all three */
    unsigned late_ms;              /* as of stream_ear_config */
    bool steady;                   /* what is played always comes, and late is worse than lost */
};

/* Control to a thread. `core` is NULL in a message to the thread itself. */
struct media_cmd;
typedef void (*media_cmd_fn)(struct media_thread *thread, struct media_stream_core *core,
                             const struct media_cmd *cmd);
struct media_cmd {
    media_cmd_fn run;
    struct stream_id stream; /* generation 0: the thread itself */
    void *give;              /* heap, given away: `run` takes it, freed when nobody is there */
    union {
        struct { /* media_thread_run() */
            void (*fn)(struct media_thread *thread, void *arg);
            void *arg;
        } call;
        struct media_transport *transport;
        struct media_description description;
        struct media_patience patience;
        struct media_listen listen;
        struct stream_id peer;
        bool on;
        struct {
            bool send, receive;
        } mute;
        struct {
            uint32_t id, rate_hz;
            size_t samples;
            bool mixes;
        } play;
        struct {
            uint32_t id;
            bool pause;
            double gain_db;
            int64_t at_ms;
        } player;
        struct {
            double hz, level_dbm0;
        } tone;
        struct {
            unsigned duration_ms, gap_ms;
        } dtmf;
        enum media_record_pause record_pause;
        struct {
            struct recorder *recorder;
            struct recorder_key key;
            unsigned channels;
        } record;
    };
};

/* A thread to control. */
enum media_event_kind {
    MEDIA_EVENT_CONNECTED,
    MEDIA_EVENT_FIRST_PACKET,
    MEDIA_EVENT_DTMF,
    MEDIA_EVENT_PLAY_DONE,
    MEDIA_EVENT_SILENT,
    MEDIA_EVENT_HEARD_AGAIN,
    MEDIA_EVENT_FAILED,
    MEDIA_EVENT_STEP,
    MEDIA_EVENT_TRANSPORT,
    MEDIA_EVENT_STATS,
    MEDIA_EVENT_RECORDED,
    MEDIA_EVENT_HEARD,
    MEDIA_EVENT_PORT_FREE, /* of no stream: a port pair may rest now */
    MEDIA_EVENT_BUSY,      /* of no stream: how much the thread had to do */
    MEDIA_EVENTS
};
struct media_event {
    enum media_event_kind kind;
    struct stream_id stream;
    union {
        struct {
            char digit;
            unsigned duration_ms;
        } dtmf;
        uint32_t play_id;
        int64_t silent_ms;
        struct {
            enum err err;
            char text[MEDIA_TEXT_MAX];
        } failed;
        struct {
            char step[MEDIA_STEP_MAX], detail[MEDIA_TEXT_MAX];
        } step;
        _Alignas(max_align_t) char transport[MEDIA_TELL_MAX];
        struct media_recorded recorded;
        struct media_heard heard;
        struct media_stats stats;
        uint16_t port;
        struct {
            unsigned thread;
            double share;       /* of its time, 0 to 1 */
            uint64_t unclaimed; /* RTP packets to its shared port from nobody's address, ever */
        } busy;
    };
};

/** Connect the pipes; it ends when their other ends are closed. */
void media_stream_pipes(struct media_stream *stream, const struct media_pipes *pipes);
struct stream_id media_stream_id(const struct media_stream *stream);

/* Control half (media.c). */
void media_post(struct media *media, unsigned thread, const struct media_cmd *cmd);
struct loop *media_control_loop(const struct media *media);
/** Open a file for whoever writes to it on a media thread, and closes it there. */
struct recorder *media_record_open(struct media *media, struct stream_id id, uint32_t record_id,
                                   const char *path, unsigned channels, struct recorder_key *key);
/** Open a file and have the stream record into it. */
void media_record(struct media *media, unsigned thread, struct stream_id id, uint32_t record_id,
                  const char *path, bool stereo);
struct rtp_ports *media_rtp_ports(struct media *media);
/** Where a thread's shared RTP ports are, once somebody wants them (NULL before): the engine ends
 * them. */
struct rtp_shared **media_rtp_shared(struct media *media, unsigned thread);
/** Any media thread; false when the mailbox is full. */
bool media_post_event(struct media *media, const struct media_event *event);
/** Name a new stream and count it on its thread; and the end of it. */
struct stream_id media_add_stream(struct media *media, struct media_stream *stream,
                                  unsigned thread);
void media_remove_stream(struct media *media, struct stream_id id, unsigned thread);
/** An event for this stream (media_stream.c). */
void media_stream_dispatch(struct media_stream *stream, const struct media_event *event);

/* A thread (media_thread.c), from outside. */
struct media_thread *media_thread_create(struct media *media, unsigned index);
void media_thread_post(struct media_thread *thread, const struct media_cmd *cmd);
/** Commands that it has not run yet. */
size_t media_thread_waiting(const struct media_thread *thread);
/** Stop and join. */
void media_thread_destroy(struct media_thread *thread);
/* and from inside. */
void media_thread_set_patience(struct media_thread *thread, const struct media_patience *patience);
const struct media_patience *media_thread_patience(const struct media_thread *thread);
/** To control: waits in line here while the mailbox is full, but for statistics, which are lost. */
void media_thread_post_event(struct media_thread *thread, const struct media_event *event);
void media_thread_add_core(struct media_thread *thread, struct media_stream_core *core);
void media_thread_remove_core(struct media_thread *thread, struct media_stream_core *core);
struct media_stream_core *media_thread_find_core(const struct media_thread *thread,
                                                 struct stream_id id);
/** Read the clock: what media_thread_now_us() says until the next time. */
int64_t media_thread_take_time(struct media_thread *thread);
struct media_batches *media_thread_batches(const struct media_thread *thread);
/** media_batches_flush() at the end of this turn. */
void media_thread_flush_later(struct media_thread *thread);
/** Deliver what the sockets received at the end of this turn. */
void media_thread_deliver_later(struct media_thread *thread);
