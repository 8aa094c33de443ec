/* Calls that come and go, and what is counted of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "call/call.h"
#include "call/call_stats.h"

struct fixture {
    struct loop *loop;
    struct router *router;
    struct calls *calls;
    struct leg *callee; /* the last one dialled */
    struct leg *before; /* the one dialled before it */
};

static void do_nothing(struct leg *leg, const struct leg *peer)
{
    (void)leg;
    (void)peer;
}
static void ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    (void)leg;
    (void)code;
    (void)media;
}
static void answer(struct leg *leg, const struct leg_codecs *prefer)
{
    (void)leg;
    (void)prefer;
}
static void end(struct leg *leg, const struct cause *cause)
{
    (void)leg;
    (void)cause;
}
static void destroy(struct leg *leg)
{
    mem_free(leg);
}
static const struct leg_ops ops = { .kind = "fake",
                                    .dial = do_nothing,
                                    .ring = ring,
                                    .answer = answer,
                                    .end = end,
                                    .destroy = destroy };

static struct leg *make_leg(bool incoming)
{
    struct leg *leg = mem_new(struct leg);
    leg_init(leg, &ops, incoming);
    return leg;
}

static void dial(void *owner, struct call *call, const struct route_target *target,
                 struct cause *why)
{
    struct fixture *f = owner;
    (void)target;
    (void)why;
    f->before = f->callee;
    f->callee = make_leg(false);
    call_add_leg(call, f->callee);
}

static int setup(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    const struct leg_kind kinds[] = { { "trunk", dial, f }, { "builtin", dial, f } };
    log_set_level(LOG_ERROR);
    f->loop = loop_create_simulated();
    f->router = router_create();
    router_add_builtin(f->router, "echo");
    struct route_rule rule = { .pattern = "0.", .n_targets = 1 };
    assert_int_equal(route_target_parse(SLICE("trunk:acme"), &rule.targets[0]), OK);
    router_add_rule(f->router, &rule);
    struct route_rule both = { .pattern = "1.", .n_targets = 2 }; /* at once */
    assert_int_equal(route_target_parse(SLICE("trunk:acme"), &both.targets[0]), OK);
    assert_int_equal(route_target_parse(SLICE("trunk:spare"), &both.targets[1]), OK);
    router_add_rule(f->router, &both);
    static struct leg_kind kept[2];
    memcpy(kept, kinds, sizeof kept);
    struct calls_config config = {
        .loop = f->loop, .router = f->router, .kinds = kept, .n_kinds = 2
    };
    f->calls = calls_create(&config);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct cause cause = cause_of_token("shutdown", CAUSE_BY_SYSTEM, NULL);
    calls_end_all(f->calls, &cause);
    loop_advance(f->loop, 1);
    calls_destroy(f->calls);
    router_destroy(f->router);
    loop_destroy(f->loop);
    mem_free(f);
    return 0;
}

static struct call *place(struct fixture *f, const char *to)
{
    struct call_request request = { .face = SLICE("bridge"),
                                    .to = slice_of(to),
                                    .may_use_trunks = true };
    return call_create(f->calls, &request, make_leg(true));
}

struct wanted {
    const char *a, *b;
    uint64_t n;
};

static void look(void *owner, const char *a, const char *b, uint64_t n)
{
    struct wanted *wanted = owner;
    if (strcmp(a, wanted->a) == 0 && strcmp(b, wanted->b) == 0)
        wanted->n += n;
}

static uint64_t figure(const struct fixture *f, enum call_stats_table table, const char *a,
                       const char *b)
{
    struct wanted wanted = { a, b, 0 };
    calls_each_figure(f->calls, table, look, &wanted);
    return wanted.n;
}

static void test_a_call(void **state)
{
    struct fixture *f = *state;
    struct call_figures figures;
    struct call *call = place(f, "0123");
    assert_int_equal(figure(f, CALL_STATS_LIVE, "bridge", "out"), 1);
    assert_int_equal(figure(f, CALL_STATS_ATTEMPTS, "bridge", "out"), 1);
    assert_int_equal(figure(f, CALL_STATS_LEGS, "fake", "new"), 1);
    leg_on_ringing(f->callee, 180);
    leg_on_answered(f->callee);
    assert_int_equal(figure(f, CALL_STATS_LEGS, "fake", "up"), 2);
    calls_measure(f->calls, &figures);
    assert_int_equal(figures.answered, 0);
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL);
    call_end(call, &cause);
    calls_measure(f->calls, &figures);
    assert_int_equal(figures.answered, 1);
    assert_int_equal(figure(f, CALL_STATS_LIVE, "bridge", "out"), 0);
    assert_int_equal(figure(f, CALL_STATS_LEGS, "fake", "up"), 0);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "hangup", "acme"), 1);
    assert_int_equal(figure(f, CALL_STATS_ATTEMPTS, "bridge", "out"), 1);
}

static void test_failures(void **state)
{
    struct fixture *f = *state;
    place(f, "0123");
    struct cause busy = cause_of_status(486, CAUSE_BY_REMOTE, NULL);
    leg_on_ended(f->callee, &busy);
    place(f, "echo");
    leg_on_ended(f->callee, &busy);
    place(f, "nobody");
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "busy", "acme"), 1);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "busy", ""), 1);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "no_route", ""), 1);
    assert_int_equal(figure(f, CALL_STATS_ATTEMPTS, "bridge", "internal"), 2);
    struct call_figures figures;
    calls_measure(f->calls, &figures);
    assert_int_equal(figures.answered, 0);
}

/* Two trunks ring at once: the call counts for the one that answered, not for the last one tried.
 */
static void test_the_trunk_that_answered(void **state)
{
    struct fixture *f = *state;
    struct call *call = place(f, "123");
    leg_on_answered(f->before);
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL);
    call_end(call, &cause);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "hangup", "acme"), 1);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "hangup", "spare"), 0);
}

/* The trunk's name reaches a label: however many there are, the table stays small. */
static void test_bounded(void **state)
{
    struct fixture *f = *state;
    char name[32];
    for (int i = 0; i < CALL_STATS_ROWS_MAX + 10; i++) {
        snprintf(name, sizeof name, "trunk%d", i);
        struct call_request request = { .face = SLICE("sip"),
                                        .trunk = slice_of(name),
                                        .to = SLICE("nobody") };
        call_create(f->calls, &request, make_leg(true));
    }
    loop_advance(f->loop, 1);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "no_route", "trunk5"), 1);
    assert_int_equal(figure(f, CALL_STATS_RESULTS, "other", "other"), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_trunk_that_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
