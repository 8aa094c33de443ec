#include "timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "num.h"

struct probe {
    struct timer timer;
    struct timers *timers;
    char name;
    char *log; /* names in the order they fired */
    struct probe *other;
    int64_t again_at_ms;
};

static void on_fire(void *owner)
{
    struct probe *p = owner;
    size_t n = strlen(p->log);
    p->log[n] = p->name;
    p->log[n + 1] = '\0';
}

static void on_fire_stop_other(void *owner)
{
    struct probe *p = owner;
    on_fire(p);
    timer_stop(p->timers, &p->other->timer);
}

static void on_fire_again(void *owner)
{
    struct probe *p = owner;
    on_fire(p);
    timer_start_at(p->timers, &p->timer, p->again_at_ms, on_fire, p);
}

static void probes(struct probe *p, size_t n, struct timers *timers, char *log)
{
    log[0] = '\0';
    for (size_t i = 0; i < n; i++)
        p[i] = (struct probe){ .timers = timers, .name = (char)('a' + i), .log = log };
}

static void test_order(void **state)
{
    (void)state;
    struct timers *timers = timers_create();
    struct probe p[4];
    char log[32];
    probes(p, 4, timers, log);
    assert_true(timers_next_wake_ms(timers) == -1);
    timer_start_at(timers, &p[0].timer, 30, on_fire, &p[0]);
    timer_start_at(timers, &p[1].timer, 10, on_fire, &p[1]);
    timer_start_at(timers, &p[2].timer, 30, on_fire, &p[2]);
    timer_start_at(timers, &p[3].timer, 20, on_fire, &p[3]);
    assert_int_equal(timers_count(timers), 4);
    assert_true(timers_next_wake_ms(timers) == 10);
    timers_tick(timers, 9);
    assert_string_equal(log, "");
    timers_tick(timers, 10);
    assert_string_equal(log, "b");
    assert_false(timer_is_running(&p[1].timer));
    timers_tick(timers, 1000);
    assert_string_equal(log, "bdac"); /* equal times in the order they were started */
    assert_int_equal(timers_count(timers), 0);
    timers_destroy(timers);
}

static void test_restart_and_stop(void **state)
{
    (void)state;
    struct timers *timers = timers_create();
    struct probe p[3];
    char log[32];
    probes(p, 3, timers, log);
    for (size_t i = 0; i < 3; i++)
        timer_start_at(timers, &p[i].timer, 10, on_fire, &p[i]);
    timer_start_at(timers, &p[0].timer, 50, on_fire, &p[0]); /* moved, not doubled */
    timer_stop(timers, &p[1].timer);
    timer_stop(timers, &p[1].timer);
    assert_int_equal(timers_count(timers), 2);
    timers_tick(timers, 20);
    assert_string_equal(log, "c");
    timers_tick(timers, 50);
    assert_string_equal(log, "ca");
    timers_destroy(timers);
    timers_destroy(NULL);
}

static void test_callbacks_may_stop_and_start(void **state)
{
    (void)state;
    struct timers *timers = timers_create();
    struct probe p[3];
    char log[32];
    probes(p, 3, timers, log);
    p[0].other = &p[1];
    p[2].again_at_ms = 5; /* long past: the next tick, so that a tick ends */
    timer_start_at(timers, &p[0].timer, 10, on_fire_stop_other, &p[0]);
    timer_start_at(timers, &p[1].timer, 10, on_fire, &p[1]);
    timer_start_at(timers, &p[2].timer, 10, on_fire_again, &p[2]);
    timers_tick(timers, 10);
    assert_string_equal(log, "ac");
    timers_tick(timers, 10);
    assert_string_equal(log, "acc");
    timers_destroy(timers);
}

/* A timer that is restarted for a time already past must not hide the others that are due. */
static void test_catching_up_delays_nobody(void **state)
{
    (void)state;
    struct timers *timers = timers_create();
    struct probe p[2];
    char log[32];
    probes(p, 2, timers, log);
    p[0].again_at_ms = 20;
    timer_start_at(timers, &p[0].timer, 10, on_fire_again, &p[0]);
    timer_start_at(timers, &p[1].timer, 50, on_fire, &p[1]);
    timers_tick(timers, 100);
    assert_string_equal(log, "ab");
    timers_tick(timers, 100);
    assert_string_equal(log, "aba");
    timers_destroy(timers);
}

static void test_destroy_forgets(void **state)
{
    (void)state;
    struct timers *timers = timers_create();
    struct probe p[1];
    char log[32];
    probes(p, 1, timers, log);
    timer_start_at(timers, &p[0].timer, 10, on_fire, &p[0]);
    timers_destroy(timers);
    assert_false(timer_is_running(&p[0].timer));
    assert_string_equal(log, "");
}

/* --- against a plain array that is searched --- */

enum { MODEL_TIMERS = 200, MODEL_STEPS = 20000 };

struct modelled {
    struct timer timer;
    int64_t at_ms; /* -1: not running */
    int64_t *now_ms;
    size_t *fired;
};

static void on_modelled(void *owner)
{
    struct modelled *m = owner;
    assert_true(m->at_ms >= 0 && m->at_ms <= *m->now_ms);
    m->at_ms = -1;
    (*m->fired)++;
}

static int64_t model_next(const struct modelled *all)
{
    int64_t next = -1;
    for (size_t i = 0; i < MODEL_TIMERS; i++)
        if (all[i].at_ms >= 0 && (next < 0 || all[i].at_ms < next))
            next = all[i].at_ms;
    return next;
}

static void test_model(void **state)
{
    (void)state;
    static struct modelled all[MODEL_TIMERS];
    struct timers *timers = timers_create();
    int64_t now_ms = 0;
    size_t fired = 0;
    size_t started = 0;
    unsigned seed = 20261121;
    for (size_t i = 0; i < MODEL_TIMERS; i++)
        all[i] = (struct modelled){ .at_ms = -1, .now_ms = &now_ms, .fired = &fired };
    for (int step = 0; step < MODEL_STEPS; step++) {
        struct modelled *m = &all[(unsigned)rand_r(&seed) % MODEL_TIMERS];
        int what = rand_r(&seed) % 10;
        if (what < 6) {
            started += m->at_ms < 0;
            m->at_ms = now_ms + 1 + rand_r(&seed) % 500;
            timer_start_at(timers, &m->timer, m->at_ms, on_modelled, m);
        } else if (what < 8) {
            started -= m->at_ms >= 0;
            m->at_ms = -1;
            timer_stop(timers, &m->timer);
        } else {
            now_ms += rand_r(&seed) % 40;
            timers_tick(timers, now_ms);
        }
        assert_true(timers_next_wake_ms(timers) == model_next(all));
        assert_int_equal(timers_count(timers), started - fired);
        assert_int_equal(timer_is_running(&m->timer), m->at_ms >= 0);
    }
    assert_true(fired > 1000);
    timers_destroy(timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_restart_and_stop),
        cmocka_unit_test(test_callbacks_may_stop_and_start),
        cmocka_unit_test(test_catching_up_delays_nobody),
        cmocka_unit_test(test_destroy_forgets),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
