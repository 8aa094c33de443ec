#include "media_thread.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/media_priv.h"
#include "media/media_socket.h"
#include "media/stream_core.h"

enum {
    /* each stream is looked at every 50 ms, a share of them at a time: to wait for all of them
     * would be heard as jitter */
    TICK_MS = 10,
    TICK_SHARES = 5,
    REPORT_TICKS = 100, /* look at the counters once a second */
    SLAB_PACKETS = 128,
};

struct slab {
    struct slab *next;
    struct media_packet packets[SLAB_PACKETS];
};

struct waiting_event {
    struct list link;
    struct media_event event;
};

struct media_thread {
    struct media *media;
    unsigned index;
    pthread_t id;
    struct loop *loop;
    struct mailbox *commands;
    struct timer tick;
    unsigned ticks;
    int64_t now_us;
    struct slab *slabs;
    struct media_packet *free_packets;
    struct media_batches *batches;
    bool deliver_due, flush_due;
    uint64_t reported_full;
    int64_t busy_cpu_ns, busy_wall_us; /* at the last look */
    uint64_t unclaimed;                /* media_event.busy */
    struct media_stream_core **cores;  /* by slot */
    size_t n_cores;
    struct list waiting; /* events that found the mailbox full */
    struct media_patience patience;
    struct log_tag log;
};

void media_thread_set_patience(struct media_thread *thread, const struct media_patience *patience)
{
    thread->patience = *patience;
}

const struct media_patience *media_thread_patience(const struct media_thread *thread)
{
    return &thread->patience;
}

/* Time, packets */

int64_t media_thread_take_time(struct media_thread *thread)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    thread->now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    return thread->now_us;
}

int64_t media_thread_now_us(const struct media_thread *thread)
{
    return thread->now_us;
}

static void grow_pool(struct media_thread *thread)
{
    struct slab *slab = mem_new(struct slab);
    slab->next = thread->slabs;
    thread->slabs = slab;
    for (size_t i = 0; i < SLAB_PACKETS; i++)
        media_packet_give_back(thread, &slab->packets[i]);
}

struct media_packet *media_packet_take(struct media_thread *thread)
{
    if (!thread->free_packets)
        grow_pool(thread);
    struct media_packet *packet = thread->free_packets;
    thread->free_packets = packet->next;
    packet->data = packet->room + MEDIA_PACKET_HEAD;
    packet->len = 0;
    packet->is_rtcp = false;
    packet->arrived_us = 0;
    packet->local.sa.sa_family = 0;
    packet->next = NULL;
    return packet;
}

void media_packet_give_back(struct media_thread *thread, struct media_packet *packet)
{
    packet->next = thread->free_packets;
    thread->free_packets = packet;
}

struct media_batches *media_thread_batches(const struct media_thread *thread)
{
    return thread->batches;
}

static void deliver(void *arg)
{
    struct media_thread *thread = arg;
    thread->deliver_due = false;
    media_batches_deliver(thread->batches);
}

void media_thread_deliver_later(struct media_thread *thread)
{
    if (thread->deliver_due)
        return;
    thread->deliver_due = true;
    loop_defer(thread->loop, deliver, thread);
}

static void flush(void *arg)
{
    struct media_thread *thread = arg;
    thread->flush_due = false;
    media_batches_flush(thread->batches);
}

void media_thread_flush_later(struct media_thread *thread)
{
    if (thread->flush_due)
        return;
    thread->flush_due = true;
    loop_defer(thread->loop, flush, thread);
}

/* Events to control */

/* Control never waits for us to read, but it may wait for room in our mailbox: so do not wait for
 * it either. */
static void post_waiting(struct media_thread *thread)
{
    LIST_EACH(link, &thread->waiting)
    {
        struct waiting_event *waiting = LIST_ITEM(link, struct waiting_event, link);
        if (!media_post_event(thread->media, &waiting->event))
            return;
        list_remove(link);
        mem_free(waiting);
    }
}

void media_thread_post_event(struct media_thread *thread, const struct media_event *event)
{
    if (list_empty(&thread->waiting) && media_post_event(thread->media, event))
        return;
    if (event->kind == MEDIA_EVENT_STATS)
        return;
    struct waiting_event *waiting = mem_new(struct waiting_event);
    waiting->event = *event;
    list_append(&thread->waiting, &waiting->link);
}

static void drop_waiting(struct media_thread *thread)
{
    LIST_EACH(link, &thread->waiting)
    {
        list_remove(link);
        mem_free(LIST_ITEM(link, struct waiting_event, link));
    }
}

/* Streams */

void media_thread_add_core(struct media_thread *thread, struct media_stream_core *core)
{
    uint32_t slot = stream_core_id(core).slot;
    if (slot >= thread->n_cores) {
        size_t n = slot + 64;
        thread->cores = mem_resize(thread->cores, n * sizeof *thread->cores);
        memset(thread->cores + thread->n_cores, 0, (n - thread->n_cores) * sizeof *thread->cores);
        thread->n_cores = n;
    }
    BUG_IF(thread->cores[slot]);
    thread->cores[slot] = core;
}

void media_thread_remove_core(struct media_thread *thread, struct media_stream_core *core)
{
    thread->cores[stream_core_id(core).slot] = NULL;
}

struct media_stream_core *media_thread_find_core(const struct media_thread *thread,
                                                 struct stream_id id)
{
    if (id.slot >= thread->n_cores || !thread->cores[id.slot])
        return NULL;
    struct media_stream_core *core = thread->cores[id.slot];
    return stream_core_id(core).generation == id.generation ? core : NULL;
}

/* The thread's life */

static void report_counters(struct media_thread *thread)
{
    uint64_t full = media_batches_counters(thread->batches)->send_full;
    if (full == thread->reported_full)
        return;
    log_warn(&thread->log, "udp send buffer full dropped=%" PRIu64, full - thread->reported_full);
    thread->reported_full = full;
}

void media_thread_count_unclaimed(struct media_thread *thread, unsigned packets)
{
    thread->unclaimed += packets;
}

/* What new work is admitted by. It goes to control as it is: what the machine's other programs take
 * away shows as lag there, not here. */
static void report_busy(struct media_thread *thread)
{
    struct timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    int64_t cpu_ns = (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
    int64_t wall_us = thread->now_us - thread->busy_wall_us;
    struct media_event event = { .kind = MEDIA_EVENT_BUSY };
    event.busy.thread = thread->index;
    event.busy.share = (double)(cpu_ns - thread->busy_cpu_ns) / 1000 / (double)num_max(wall_us, 1);
    event.busy.unclaimed = thread->unclaimed;
    thread->busy_cpu_ns = cpu_ns;
    thread->busy_wall_us = thread->now_us;
    (void)media_post_event(thread->media, &event); /* a full mailbox: the next one tells */
}

static void on_tick(void *owner)
{
    struct media_thread *thread = owner;
    loop_timer_start(thread->loop, &thread->tick, TICK_MS, on_tick, thread);
    media_thread_take_time(thread);
    post_waiting(thread);
    for (size_t i = thread->ticks % TICK_SHARES; i < thread->n_cores; i += TICK_SHARES)
        if (thread->cores[i])
            stream_core_tick(thread->cores[i]);
    if (++thread->ticks % REPORT_TICKS == 0) {
        report_counters(thread);
        report_busy(thread);
    }
}

static void on_command(void *owner, const void *msg)
{
    struct media_thread *thread = owner;
    const struct media_cmd *cmd = msg;
    struct media_stream_core *core = NULL;
    media_thread_take_time(thread);
    if (cmd->stream.generation) {
        core = media_thread_find_core(thread, cmd->stream);
        if (!core) {
            mem_free(cmd->give);
            return;
        }
    }
    cmd->run(thread, core, cmd);
}

static void *run(void *arg)
{
    struct media_thread *thread = arg;
    thread->busy_wall_us = media_thread_take_time(thread);
    loop_timer_start(thread->loop, &thread->tick, TICK_MS, on_tick, thread);
    loop_run(thread->loop);
    loop_timer_stop(thread->loop, &thread->tick);
    return NULL;
}

struct media_thread *media_thread_create(struct media *media, unsigned index)
{
    struct media_thread *thread = mem_new(struct media_thread);
    thread->media = media;
    thread->index = index;
    list_init(&thread->waiting);
    log_tag_set(&thread->log, "media=%u", index);
    thread->loop = loop_create();
    thread->commands = mailbox_create(thread->loop, sizeof(struct media_cmd), MEDIA_MAILBOX_CAP,
                                      on_command, thread);
    thread->batches = media_batches_create(thread);
    media_thread_take_time(thread);

    char name[16];
    snprintf(name, sizeof name, "media-%u", index);
    sigset_t all, before;
    sigfillset(&all); /* signals are control's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    BUG_IF(pthread_create(&thread->id, NULL, run, thread));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(thread->id, name);
    return thread;
}

void media_thread_post(struct media_thread *thread, const struct media_cmd *cmd)
{
    mailbox_post_wait(thread->commands, cmd);
}

size_t media_thread_waiting(const struct media_thread *thread)
{
    return mailbox_depth(thread->commands);
}

static void run_stop(struct media_thread *thread, struct media_stream_core *core,
                     const struct media_cmd *cmd)
{
    (void)core;
    (void)cmd;
    loop_stop(thread->loop);
}

void media_thread_destroy(struct media_thread *thread)
{
    if (!thread)
        return;
    media_thread_post(thread, &(struct media_cmd){ .run = run_stop });
    BUG_IF(pthread_join(thread->id, NULL));
    mailbox_destroy(thread->commands);
    post_waiting(thread);
    drop_waiting(thread);
    media_batches_flush(thread->batches);
    loop_destroy(thread->loop);
    media_batches_destroy(thread->batches);
    while (thread->slabs) {
        struct slab *slab = thread->slabs;
        thread->slabs = slab->next;
        mem_free(slab);
    }
    mem_free(thread->cores);
    mem_free(thread);
}

struct loop *media_thread_loop(struct media_thread *thread)
{
    return thread->loop;
}

unsigned media_thread_index(const struct media_thread *thread)
{
    return thread->index;
}
