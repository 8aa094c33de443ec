#include "loop.h"

#include <pthread.h>
#include <time.h>
#include <uv.h>

#include "err.h"
#include "mem.h"

struct deferred {
    loop_fn fn;
    void *arg;
};

struct loop {
    struct timers *timers;
    struct deferred *deferred;
    size_t n_deferred, cap_deferred;
    bool simulated;
    bool stopping;
    int64_t sim_now_ms;
    pthread_t thread;
    bool has_thread;
    uv_loop_t uv;
    uv_timer_t wake;
    uv_check_t check;     /* after poll: run deferred calls */
    uv_prepare_t prepare; /* before poll: run deferred calls, set the wake timer */
    uv_async_t stop;
};

static void run_deferred(struct loop *loop)
{
    /* a deferred call may defer again; those run too, in order */
    for (size_t i = 0; i < loop->n_deferred; i++) {
        struct deferred d = loop->deferred[i];
        d.fn(d.arg);
    }
    loop->n_deferred = 0;
}

static void on_wake(uv_timer_t *handle)
{
    struct loop *loop = handle->data;
    timers_tick(loop->timers, loop_now_ms(loop));
}

static void on_check(uv_check_t *handle)
{
    run_deferred(handle->data);
}

static void on_prepare(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    run_deferred(loop);
    int64_t wake_ms = timers_next_wake_ms(loop->timers);
    if (wake_ms < 0) {
        uv_timer_stop(&loop->wake);
        return;
    }
    int64_t wait_ms = wake_ms - loop_now_ms(loop);
    uv_timer_start(&loop->wake, on_wake, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

static void on_stop(uv_async_t *handle)
{
    struct loop *loop = handle->data;
    loop->stopping = true;
    uv_stop(&loop->uv);
}

static struct loop *create(bool simulated)
{
    struct loop *loop = mem_new(struct loop);
    loop->timers = timers_create();
    loop->simulated = simulated;
    loop->sim_now_ms = 1000000;
    return loop;
}

struct loop *loop_create(void)
{
    struct loop *loop = create(false);
    BUG_IF(uv_loop_init(&loop->uv));
    BUG_IF(uv_timer_init(&loop->uv, &loop->wake));
    BUG_IF(uv_check_init(&loop->uv, &loop->check));
    BUG_IF(uv_prepare_init(&loop->uv, &loop->prepare));
    BUG_IF(uv_async_init(&loop->uv, &loop->stop, on_stop));
    loop->wake.data = loop->check.data = loop->prepare.data = loop->stop.data = loop;
    uv_check_start(&loop->check, on_check);
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_unref((uv_handle_t *)&loop->check);
    uv_unref((uv_handle_t *)&loop->prepare);
    return loop;
}

struct loop *loop_create_simulated(void)
{
    return create(true);
}

static void close_handles(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->stop, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    BUG_IF(uv_loop_close(&loop->uv)); /* somebody left a handle open */
}

void loop_destroy(struct loop *loop)
{
    if (!loop)
        return;
    run_deferred(loop);
    if (!loop->simulated)
        close_handles(loop);
    run_deferred(loop);
    timers_destroy(loop->timers);
    mem_free(loop->deferred);
    mem_free(loop);
}

bool loop_is_simulated(const struct loop *loop)
{
    return loop->simulated;
}

static void adopt_thread(struct loop *loop)
{
    loop->thread = pthread_self();
    loop->has_thread = true;
}

void loop_run(struct loop *loop)
{
    BUG_IF(loop->simulated);
    adopt_thread(loop);
    while (!loop->stopping)
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    run_deferred(loop);
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    uv_async_send(&loop->stop);
}

/* It may come before the poll, which then has nothing left that ends it: uv_stop() ends it. */
static void on_limit(void *owner)
{
    struct loop *loop = owner;
    run_deferred(loop);
    uv_stop(&loop->uv);
}

void loop_turn(struct loop *loop, int wait_ms)
{
    struct timer limit = { 0 };
    adopt_thread(loop);
    uv_update_time(&loop->uv);
    run_deferred(loop);
    timer_start_at(loop->timers, &limit, loop_now_ms(loop) + wait_ms, on_limit, loop);
    uv_run(&loop->uv, UV_RUN_ONCE);
    timer_stop(loop->timers, &limit);
    run_deferred(loop);
}

void loop_advance(struct loop *loop, int64_t ms)
{
    BUG_IF(!loop->simulated);
    int64_t end_ms = loop->sim_now_ms + ms;
    run_deferred(loop);
    for (;;) {
        int64_t wake_ms = timers_next_wake_ms(loop->timers);
        if (wake_ms < 0 || wake_ms > end_ms)
            break;
        if (wake_ms > loop->sim_now_ms)
            loop->sim_now_ms = wake_ms;
        timers_tick(loop->timers, loop->sim_now_ms);
        run_deferred(loop);
    }
    loop->sim_now_ms = end_ms;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->simulated ? loop->sim_now_ms : (int64_t)uv_now(&loop->uv);
}

int64_t loop_wall_ms(const struct loop *loop)
{
    if (loop->simulated)
        return 1700000000000 + loop->sim_now_ms;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void loop_defer(struct loop *loop, loop_fn fn, void *arg)
{
    if (loop->n_deferred == loop->cap_deferred) {
        loop->cap_deferred = loop->cap_deferred ? loop->cap_deferred * 2 : 16;
        loop->deferred = mem_resize(loop->deferred, loop->cap_deferred * sizeof *loop->deferred);
    }
    loop->deferred[loop->n_deferred++] = (struct deferred){ fn, arg };
}

void loop_timer_start(struct loop *loop, struct timer *timer, int64_t in_ms, timer_fn fn,
                      void *owner)
{
    timer_start_at(loop->timers, timer, loop_now_ms(loop) + in_ms, fn, owner);
}

void loop_timer_stop(struct loop *loop, struct timer *timer)
{
    timer_stop(loop->timers, timer);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    BUG_IF(loop->simulated);
    return &loop->uv;
}

void loop_assert_here(const struct loop *loop)
{
    BUG_IF(loop->has_thread && !pthread_equal(loop->thread, pthread_self()));
}
