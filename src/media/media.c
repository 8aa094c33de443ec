#include "media.h"

#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/media_priv.h"
#include "media/media_thread.h"
#include "media/rtp_ports.h"
#include "media/rtp_shared.h"
#include "media/stream_core.h"

enum {
    SILENT_MS = 5000,
    TIMEOUT_MS = 60000,
    HELD_MS = 3600000,
    POST_TRIES = 100,
    POST_WAIT_US = 10000
};

/* A second's measure moves the mean by half. Opus to G.711 and back takes about 1 % of a core, and
 * a call that was taken on rings for some seconds before it does: what was reserved fades by a
 * tenth a second. */
#define BUSY_WEIGHT 0.5
#define BUSY_CALL 0.01
#define BUSY_FADE 0.9

struct media {
    struct loop *control;
    struct media_config config;
    struct mailbox *events;
    struct rtp_ports *ports;
    struct recorder *recorder; /* NULL until something is recorded */
    uint32_t recordings;
    unsigned n_threads;
    struct media_thread *threads[MEDIA_THREADS_MAX];
    struct rtp_shared *shared[MEDIA_THREADS_MAX]; /* NULL: nobody wanted one */
    unsigned load[MEDIA_THREADS_MAX];             /* streams of each */
    struct media_busy {
        bool is_measured;
        double share;    /* of its time, a mean of some seconds */
        double reserved; /* for what was taken on and does not show in `share` yet */
        uint64_t unclaimed;
    } busy[MEDIA_THREADS_MAX];
    struct slot {
        struct media_stream *stream; /* NULL: free */
        uint32_t generation;
        uint32_t next_free;
    } * slots;
    uint32_t n_slots, cap_slots;
    uint32_t first_free; /* slot + 1; 0: none */
    uint32_t last_generation;
    size_t n_streams;
};

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}

static void take_busy(struct media_busy *busy, double share)
{
    busy->share = busy->is_measured ? busy->share + BUSY_WEIGHT * (share - busy->share) : share;
    busy->is_measured = true;
    busy->reserved *= BUSY_FADE;
}

static void on_event(void *owner, const void *msg)
{
    struct media *media = owner;
    const struct media_event *event = msg;
    if (event->kind == MEDIA_EVENT_PORT_FREE) {
        rtp_ports_give_back(media->ports, event->port, loop_now_ms(media->control));
        return;
    }
    if (event->kind == MEDIA_EVENT_BUSY) {
        take_busy(&media->busy[event->busy.thread], event->busy.share);
        media->busy[event->busy.thread].unclaimed = event->busy.unclaimed;
        return;
    }
    if (event->stream.slot >= media->n_slots)
        return;
    const struct slot *slot = &media->slots[event->stream.slot];
    if (slot->stream && slot->generation == event->stream.generation)
        media_stream_dispatch(slot->stream, event);
}

enum err media_create(struct media **out, struct loop *control, const struct media_config *config,
                      struct fault *fault)
{
    unsigned first_even = (config->rtp_min + 1U) & ~1U;
    if ((config->rtp_min || config->rtp_max) &&
        (!config->rtp_min || first_even + 1 > config->rtp_max))
        return fault_set(fault, ERR_INVALID, "rtp.ports", 0,
                         "the RTP range %u-%u holds no port pair: give at least two ports",
                         config->rtp_min, config->rtp_max);
    if (config->threads > MEDIA_THREADS_MAX)
        return fault_set(fault, ERR_LIMIT, "media.threads", 0, "at most %d media threads, not %u",
                         MEDIA_THREADS_MAX, config->threads);
    struct media *media = mem_new(struct media);
    media->control = control;
    media->config = *config;
    if (!addr_is_set(&media->config.bind))
        media->config.bind = addr_any4(0);
    media->ports = rtp_ports_create(&media->config.bind, config->rtp_min, config->rtp_max);
    media->events =
        mailbox_create(control, sizeof(struct media_event), MEDIA_MAILBOX_CAP, on_event, media);
    media->n_threads =
        config->threads ? config->threads : (unsigned)num_min(cores(), MEDIA_THREADS_MAX);
    for (unsigned i = 0; i < media->n_threads; i++)
        media->threads[i] = media_thread_create(media, i);
    media_set_patience(media, &config->patience);
    *out = media;
    return OK;
}

static void end_shared(struct media_thread *thread, void *arg)
{
    (void)thread;
    rtp_shared_destroy(arg);
}

void media_destroy(struct media *media)
{
    if (!media)
        return;
    loop_assert_here(media->control);
    BUG_IF(media->n_streams > 0);
    for (unsigned i = 0; i < media->n_threads; i++) {
        if (media->shared[i])
            media_thread_run(media, i, end_shared, media->shared[i]);
        media_thread_destroy(media->threads[i]);
    }
    recorder_destroy(media->recorder);
    mailbox_destroy(media->events);
    rtp_ports_destroy(media->ports);
    mem_free(media->slots);
    mem_free(media);
}

unsigned media_threads(const struct media *media)
{
    return media->n_threads;
}

void media_set_limits(struct media *media, const struct media_limits *limits)
{
    media->config.limits = *limits;
}

double media_busy(const struct media *media, unsigned thread)
{
    BUG_IF(thread >= media->n_threads);
    const struct media_busy *busy = &media->busy[thread];
    return busy->is_measured    ? busy->share + busy->reserved
           : busy->reserved > 0 ? busy->reserved
                                : -1;
}

uint64_t media_unclaimed(const struct media *media)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < media->n_threads; i++)
        sum += media->busy[i].unclaimed;
    return sum;
}

bool media_has_room(const struct media *media, unsigned thread, enum media_work work)
{
    double percent = 100 * media_busy(media, thread);
    const struct media_limits *limits = &media->config.limits;
    if (limits->percent && percent >= limits->percent)
        return false;
    return work == MEDIA_WORK_RELAY ||
           (limits->transcode_percent && percent < limits->transcode_percent);
}

void media_reserve(struct media *media, unsigned thread)
{
    BUG_IF(thread >= media->n_threads);
    media->busy[thread].reserved += BUSY_CALL;
}

unsigned media_pick_thread(const struct media *media)
{
    unsigned best = 0;
    bool best_has_room = media_has_room(media, 0, MEDIA_WORK_TRANSCODE);
    for (unsigned i = 1; i < media->n_threads; i++) {
        bool has_room = media_has_room(media, i, MEDIA_WORK_TRANSCODE);
        bool fewer = media->load[i] < media->load[best];
        if (has_room == best_has_room ? fewer : has_room) {
            best = i;
            best_has_room = has_room;
        }
    }
    return best;
}

size_t media_events_waiting(const struct media *media)
{
    return mailbox_depth(media->events);
}

size_t media_commands_waiting(const struct media *media, unsigned thread)
{
    BUG_IF(thread >= media->n_threads);
    return media_thread_waiting(media->threads[thread]);
}

void media_post(struct media *media, unsigned thread, const struct media_cmd *cmd)
{
    loop_assert_here(media->control);
    BUG_IF(thread >= media->n_threads);
    media_thread_post(media->threads[thread], cmd);
}

static void run_call(struct media_thread *thread, struct media_stream_core *core,
                     const struct media_cmd *cmd)
{
    (void)core;
    cmd->call.fn(thread, cmd->call.arg);
}

void media_thread_run(struct media *media, unsigned index,
                      void (*fn)(struct media_thread *thread, void *arg), void *arg)
{
    BUG_IF(index >= media->n_threads);
    struct media_cmd cmd = { .run = run_call };
    cmd.call.fn = fn;
    cmd.call.arg = arg;
    media_post(media, index, &cmd);
}

static void run_patience(struct media_thread *thread, struct media_stream_core *core,
                         const struct media_cmd *cmd)
{
    (void)core;
    media_thread_set_patience(thread, &cmd->patience);
}

void media_set_patience(struct media *media, const struct media_patience *patience)
{
    struct media_cmd cmd = { .run = run_patience, .patience = *patience };
    if (!cmd.patience.silent_ms)
        cmd.patience.silent_ms = SILENT_MS;
    if (!cmd.patience.timeout_ms)
        cmd.patience.timeout_ms = TIMEOUT_MS;
    if (!cmd.patience.held_ms)
        cmd.patience.held_ms = HELD_MS;
    for (unsigned i = 0; i < media->n_threads; i++)
        media_post(media, i, &cmd);
}

struct loop *media_control_loop(const struct media *media)
{
    return media->control;
}

struct rtp_ports *media_rtp_ports(struct media *media)
{
    return media->ports;
}

struct rtp_shared **media_rtp_shared(struct media *media, unsigned thread)
{
    BUG_IF(thread >= media->n_threads);
    return &media->shared[thread];
}

/* On the recorder's thread: it may wait for control a while, but not for one that waits for it. */
static void on_recorded(void *owner, const struct recorder_done *done)
{
    struct media *media = owner;
    const struct media_event event = { .kind = MEDIA_EVENT_RECORDED,
                                       .stream = { done->key.slot, done->key.generation },
                                       .recorded = { .record_id = done->key.record_id,
                                                     .err = done->err,
                                                     .duration_ms = done->duration_ms,
                                                     .dropped_ms = done->dropped_ms } };
    if (done->err)
        log_warn(NULL, "recording failed: %s", done->text);
    for (int tries = 0; !media_post_event(media, &event) && tries < POST_TRIES; tries++)
        usleep(POST_WAIT_US);
}

struct recorder *media_record_open(struct media *media, struct stream_id id, uint32_t record_id,
                                   const char *path, unsigned channels, struct recorder_key *key)
{
    if (!media->recorder)
        media->recorder = recorder_create(on_recorded, media);
    *key = (struct recorder_key){ id.slot, id.generation, record_id, ++media->recordings };
    recorder_open(media->recorder, *key, slice_dup(slice_of(path)), channels);
    return media->recorder;
}

void media_record(struct media *media, unsigned thread, struct stream_id id, uint32_t record_id,
                  const char *path, bool stereo)
{
    struct media_cmd cmd = { .run = stream_core_run_record, .stream = id };
    cmd.record.channels = stereo ? 2 : 1;
    cmd.record.recorder =
        media_record_open(media, id, record_id, path, cmd.record.channels, &cmd.record.key);
    media_post(media, thread, &cmd);
}

bool media_post_event(struct media *media, const struct media_event *event)
{
    return mailbox_post(media->events, event);
}

static uint32_t take_slot(struct media *media)
{
    if (media->first_free) {
        uint32_t slot = media->first_free - 1;
        media->first_free = media->slots[slot].next_free;
        return slot;
    }
    if (media->n_slots == media->cap_slots) {
        media->cap_slots = media->cap_slots ? media->cap_slots * 2 : 64;
        media->slots = mem_resize(media->slots, media->cap_slots * sizeof *media->slots);
    }
    return media->n_slots++;
}

struct stream_id media_add_stream(struct media *media, struct media_stream *stream, unsigned thread)
{
    BUG_IF(thread >= media->n_threads);
    uint32_t slot = take_slot(media);
    if (++media->last_generation == 0)
        media->last_generation = 1; /* 0 names the thread itself */
    media->slots[slot] = (struct slot){ .stream = stream, .generation = media->last_generation };
    media->load[thread]++;
    media->n_streams++;
    return (struct stream_id){ slot, media->last_generation };
}

void media_remove_stream(struct media *media, struct stream_id id, unsigned thread)
{
    media->slots[id.slot] = (struct slot){ .next_free = media->first_free };
    media->first_free = id.slot + 1;
    media->load[thread]--;
    media->n_streams--;
}
