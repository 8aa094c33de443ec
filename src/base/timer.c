#include "timer.h"

#include "mem.h"

struct timers {
    struct timer **heap; /* heap[1] is the earliest; heap[0] is unused */
    size_t count, cap;
    uint64_t next_order;
    bool ticking;
    int64_t tick_ms; /* the time of the tick that is going on */
};

struct timers *timers_create(void)
{
    struct timers *timers = mem_new(struct timers);
    timers->cap = 64;
    timers->heap = mem_array(timers->cap, sizeof(struct timer *));
    return timers;
}

void timers_destroy(struct timers *timers)
{
    if (!timers)
        return;
    for (size_t i = 1; i <= timers->count; i++)
        timers->heap[i]->place = 0;
    mem_free(timers->heap);
    mem_free(timers);
}

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct timers *timers, struct timer *timer)
{
    size_t at = timer->place;
    while (at > 1 && earlier(timer, timers->heap[at / 2])) {
        put(timers, at, timers->heap[at / 2]);
        at /= 2;
    }
    put(timers, at, timer);
}

static void sift_down(struct timers *timers, struct timer *timer)
{
    size_t at = timer->place;
    for (size_t child; (child = 2 * at) <= timers->count; at = child) {
        if (child < timers->count && earlier(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!earlier(timers->heap[child], timer))
            break;
        put(timers, at, timers->heap[child]);
    }
    put(timers, at, timer);
}

void timer_start_at(struct timers *timers, struct timer *timer, int64_t at_ms, timer_fn fn,
                    void *owner)
{
    timer_stop(timers, timer);
    if (timers->count + 2 > timers->cap) {
        timers->cap *= 2;
        timers->heap = mem_resize(timers->heap, timers->cap * sizeof(struct timer *));
    }
    timer->fn = fn;
    timer->owner = owner;
    /* what a callback starts for a time already past stands behind everything due in this tick */
    timer->at_ms = timers->ticking && at_ms < timers->tick_ms ? timers->tick_ms : at_ms;
    timer->order = timers->next_order++;
    put(timers, ++timers->count, timer);
    sift_up(timers, timer);
}

void timer_stop(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    if (!place)
        return;
    timer->place = 0;
    struct timer *last = timers->heap[timers->count--];
    if (last == timer)
        return;
    put(timers, place, last);
    sift_up(timers, last);
    sift_down(timers, last);
}

void timers_tick(struct timers *timers, int64_t now_ms)
{
    /* timers that a callback starts wait for the next tick, so that a tick ends */
    uint64_t horizon = timers->next_order;
    timers->ticking = true;
    timers->tick_ms = now_ms;
    while (timers->count && timers->heap[1]->at_ms <= now_ms && timers->heap[1]->order < horizon) {
        struct timer *due = timers->heap[1];
        timer_stop(timers, due);
        due->fn(due->owner);
    }
    timers->ticking = false;
}

int64_t timers_next_wake_ms(const struct timers *timers)
{
    return timers->count ? timers->heap[1]->at_ms : -1;
}

size_t timers_count(const struct timers *timers)
{
    return timers->count;
}
