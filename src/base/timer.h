#pragma once
/* Timers in a binary heap that is told the time: an engine, so an hour passes in a test at once.
 * A `struct timer` lives in its owner; times are milliseconds of a monotonic clock. Not threaded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timers;
struct timer;
typedef void (*timer_fn)(void *owner);

struct timer { /* zero-initialised is fine: not running */
    timer_fn fn;
    void *owner;
    int64_t at_ms;
    size_t place;   /* 1-based index in the heap; 0: not running */
    uint64_t order; /* equal times fire in the order they were started */
};

struct timers *timers_create(void);
void timers_destroy(struct timers *timers); /* running timers are forgotten */

/** Start, or move if running. */
void timer_start_at(struct timers *timers, struct timer *timer, int64_t at_ms, timer_fn fn,
                    void *owner);
void timer_stop(struct timers *timers, struct timer *timer); /* stopping twice is fine */
static inline bool timer_is_running(const struct timer *timer)
{
    return timer->place != 0;
}

/** Fire everything due at `now_ms`. A timer may be restarted or stopped by any callback. */
void timers_tick(struct timers *timers, int64_t now_ms);
/** When the next timer is due, or -1. */
int64_t timers_next_wake_ms(const struct timers *timers);
size_t timers_count(const struct timers *timers);
