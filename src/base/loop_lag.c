#include "loop_lag.h"

#include "loop.h"
#include "mem.h"
#include "num.h"

enum { LAG_EVERY_MS = 100, LAG_WINDOW_MS = 15000 };

struct loop_lag {
    struct loop *loop;
    struct timer timer;
    int64_t due_ms, window_ends_ms;
    int64_t worst_ms, worst_before_ms; /* of this window and of the one before */
};

static void on_timer(void *owner);

static void start(struct loop_lag *lag)
{
    lag->due_ms = loop_now_ms(lag->loop) + LAG_EVERY_MS;
    loop_timer_start(lag->loop, &lag->timer, LAG_EVERY_MS, on_timer, lag);
}

static void on_timer(void *owner)
{
    struct loop_lag *lag = owner;
    int64_t now_ms = loop_now_ms(lag->loop);
    if (now_ms >= lag->window_ends_ms) {
        lag->worst_before_ms = lag->worst_ms;
        lag->worst_ms = 0;
        lag->window_ends_ms = now_ms + LAG_WINDOW_MS;
    }
    lag->worst_ms = num_max(lag->worst_ms, now_ms - lag->due_ms);
    start(lag);
}

struct loop_lag *loop_lag_create(struct loop *loop)
{
    struct loop_lag *lag = mem_new(struct loop_lag);
    lag->loop = loop;
    lag->window_ends_ms = loop_now_ms(loop) + LAG_WINDOW_MS;
    start(lag);
    return lag;
}

void loop_lag_destroy(struct loop_lag *lag)
{
    if (!lag)
        return;
    loop_timer_stop(lag->loop, &lag->timer);
    mem_free(lag);
}

int64_t loop_lag_ms(const struct loop_lag *lag)
{
    return num_max(lag->worst_ms, lag->worst_before_ms);
}
