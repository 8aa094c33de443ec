#include "loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>
#include <uv.h>

struct seen {
    struct loop *loop;
    struct timer timer;
    int fired;
    int64_t at_ms;
    int left; /* how often to go on */
};

static void on_timer(void *owner)
{
    struct seen *seen = owner;
    seen->fired++;
    seen->at_ms = loop_now_ms(seen->loop);
}

static void on_every_second(void *owner)
{
    struct seen *seen = owner;
    on_timer(seen);
    loop_timer_start(seen->loop, &seen->timer, 1000, on_every_second, seen);
}

static void on_deferred(void *arg)
{
    struct seen *seen = arg;
    seen->fired++;
    if (--seen->left > 0)
        loop_defer(seen->loop, on_deferred, seen);
}

static void on_stop_timer(void *owner)
{
    struct seen *seen = owner;
    on_timer(seen);
    loop_stop(seen->loop);
}

static void test_an_hour_passes_at_once(void **state)
{
    (void)state;
    struct loop *loop = loop_create_simulated();
    struct seen seen = { .loop = loop };
    assert_true(loop_is_simulated(loop));
    int64_t start_ms = loop_now_ms(loop);
    int64_t wall_ms = loop_wall_ms(loop);
    loop_timer_start(loop, &seen.timer, 1000, on_every_second, &seen);
    loop_advance(loop, 3600 * 1000);
    assert_int_equal(seen.fired, 3600);
    assert_true(seen.at_ms == start_ms + 3600 * 1000); /* each at its own time */
    assert_true(loop_now_ms(loop) == start_ms + 3600 * 1000);
    assert_true(loop_wall_ms(loop) == wall_ms + 3600 * 1000);
    loop_timer_stop(loop, &seen.timer);
    loop_advance(loop, 5000);
    assert_int_equal(seen.fired, 3600);
    loop_destroy(loop);
    loop_destroy(NULL);
}

static void test_advance_stops_short_of_the_next(void **state)
{
    (void)state;
    struct loop *loop = loop_create_simulated();
    struct seen seen = { .loop = loop };
    int64_t start_ms = loop_now_ms(loop);
    loop_timer_start(loop, &seen.timer, 100, on_timer, &seen);
    loop_advance(loop, 99);
    assert_int_equal(seen.fired, 0);
    loop_advance(loop, 1);
    assert_int_equal(seen.fired, 1);
    assert_true(seen.at_ms == start_ms + 100);
    loop_destroy(loop);
}

static void test_deferred_calls(void **state)
{
    (void)state;
    struct loop *loops[] = { loop_create_simulated(), loop_create() };
    for (int i = 0; i < 2; i++) {
        struct seen seen = { .loop = loops[i], .left = 40 };
        loop_defer(loops[i], on_deferred, &seen);
        assert_int_equal(seen.fired, 0);
        if (i == 0)
            loop_advance(loops[i], 0);
        else
            loop_turn(loops[i], 0);
        assert_int_equal(seen.fired, 40); /* one defers the next, all in this turn */
        seen.left = 2;
        loop_defer(loops[i], on_deferred, &seen);
        loop_destroy(loops[i]);
        assert_int_equal(seen.fired, 42); /* what waits is done before the end */
    }
}

static void test_real_timer_and_stop(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct seen seen = { .loop = loop };
    assert_false(loop_is_simulated(loop));
    int64_t before_ms = loop_now_ms(loop);
    loop_timer_start(loop, &seen.timer, 20, on_stop_timer, &seen);
    loop_run(loop);
    assert_int_equal(seen.fired, 1);
    assert_true(seen.at_ms - before_ms >= 20);
    loop_timer_start(loop, &seen.timer, 1, on_stop_timer, &seen);
    loop_run(loop); /* it can run again */
    assert_int_equal(seen.fired, 2);
    assert_true(loop_wall_ms(loop) > INT64_C(1600000000000));
    loop_destroy(loop);
}

static void test_a_turn_waits_no_longer(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct seen seen = { .loop = loop };
    loop_timer_start(loop, &seen.timer, 60000, on_timer, &seen);
    uint64_t before_ns = uv_hrtime();
    loop_turn(loop, 10);
    uint64_t took_ms = (uv_hrtime() - before_ns) / 1000000;
    assert_in_range(took_ms, 9, 5000);
    loop_timer_start(loop, &seen.timer, 1, on_timer, &seen);
    for (int i = 0; i < 100 && !seen.fired; i++)
        loop_turn(loop, 1000);
    assert_int_equal(seen.fired, 1);
    loop_destroy(loop);
}

static void on_deferred_sleep(void *arg)
{
    (void)arg;
    uv_sleep(60);
}

/* The wake timer of a turn that ended early still runs in the next one: when it fires there before
 * the poll, with the limit of that turn over as well, nothing is left that would end the poll. */
static void test_a_turn_whose_limit_is_over_does_not_wait(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    loop_stop(loop); /* it wakes the poll: that is all it does to a turn */
    loop_turn(loop, 30);
    loop_defer(loop, on_deferred_sleep, loop);
    alarm(10); /* else it would wait for ever */
    loop_turn(loop, 10);
    alarm(0);
    loop_destroy(loop);
}

static void *stop_from_outside(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void test_stop_from_another_thread(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, loop), 0);
    loop_run(loop); /* also when the stop came first */
    pthread_join(thread, NULL);
    loop_assert_here(loop);
    loop_destroy(loop);
}

static void on_uv_timer(uv_timer_t *handle)
{
    struct seen *seen = handle->data;
    seen->left = 3;
    loop_defer(seen->loop, on_deferred, seen);
    loop_timer_start(seen->loop, &seen->timer, 5, on_stop_timer, seen);
    uv_close((uv_handle_t *)handle, NULL);
}

/* What other libraries' callbacks defer and start is seen in the same turn. */
static void test_from_a_uv_callback(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct seen seen = { .loop = loop };
    uv_timer_t timer = { .data = &seen };
    uv_timer_init(loop_uv(loop), &timer);
    uv_timer_start(&timer, on_uv_timer, 1, 0);
    loop_run(loop);
    assert_int_equal(seen.fired, 4);
    loop_destroy(loop);
}

static void on_deferred_stop(void *arg)
{
    loop_stop(arg);
}

static void on_uv_timer_defer_stop(uv_timer_t *handle)
{
    loop_defer(handle->data, on_deferred_stop, handle->data);
    uv_close((uv_handle_t *)handle, NULL);
}

/* With nothing else to wait for, a deferred call still does not wait. */
static void test_deferred_calls_are_not_slept_over(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    loop_defer(loop, on_deferred_stop, loop);
    loop_run(loop);
    uv_timer_t timer = { .data = loop };
    uv_timer_init(loop_uv(loop), &timer);
    uv_timer_start(&timer, on_uv_timer_defer_stop, 1, 0);
    loop_run(loop);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_hour_passes_at_once),
        cmocka_unit_test(test_advance_stops_short_of_the_next),
        cmocka_unit_test(test_deferred_calls),
        cmocka_unit_test(test_real_timer_and_stop),
        cmocka_unit_test(test_a_turn_waits_no_longer),
        cmocka_unit_test(test_a_turn_whose_limit_is_over_does_not_wait),
        cmocka_unit_test(test_stop_from_another_thread),
        cmocka_unit_test(test_from_a_uv_callback),
        cmocka_unit_test(test_deferred_calls_are_not_slept_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
