/* Several far ends: who is tried after whom, and which failure the caller hears. */
#include "test_leg.h"

static void test_busy_then_next(void **state)
{
    struct world *w = *state;
    world_route(w, "sales", "user:bob; user:carol; user:dave");
    struct call *call = world_call(w, "sales");
    assert_true(call_has_next(call));
    refuses(w, "bob", 486);
    expect(w, "bob:dial carol:dial ");
    refuses(w, "carol", 480);
    expect(w, "dave:dial ");
    assert_false(call_has_next(call));
    answers(w, "dave");
    expect(w, "alice:answer:PCMU dave:join:alice ");
    hangs_up(w, "alice");
    expect(w, "dave:end:200:hangup ");
}

/* Busy is an answer of the person, not of the carrier: no second carrier asks again. */
static void test_busy_by_one_trunk_is_busy_by_all(void **state)
{
    struct world *w = *state;
    world_route(w, "out", "trunk:acme/1; trunk:spare/1; trunk:spare/2; user:bob");
    world_call(w, "out");
    refuses(w, "acme", 486);
    expect(w, "acme:dial spare:dial "); /* another number */
    refuses(w, "spare", 503);
    expect(w, "bob:dial ");
    refuses(w, "bob", 480);
    expect(w, "alice:end:486:busy ");
}

static void test_all_fail(void **state)
{
    struct world *w = *state;
    world_route(w, "sales", "user:bob; user:carol");
    world_call(w, "sales");
    refuses(w, "bob", 486);
    refuses(w, "carol", 480); /* busy says more than not there */
    expect(w, "bob:dial carol:dial alice:end:486:busy ");
    expect_cause(w, 486, "busy", "remote");
}

static void test_first_answer_wins(void **state)
{
    struct world *w = *state;
    world_route(w, "team", "user:bob, user:carol, user:dave; user:erin");
    world_call(w, "team");
    rings(w, "bob");
    rings(w, "dave");
    refuses(w, "bob", 486); /* the others still ring */
    expect(w, "bob:dial carol:dial dave:dial alice:ring:180 alice:ring:180 ");
    answers(w, "dave");
    expect(w, "carol:end:200:answered_elsewhere alice:answer:PCMU dave:join:alice ");
    loop_advance(w->loop, 100000); /* no ring timer is left over */
    expect(w, "");
    hangs_up(w, "dave");
    expect(w, "alice:end:200:hangup ");
}

static void test_6xx_stops_all(void **state)
{
    struct world *w = *state;
    world_route(w, "team", "user:bob, user:carol; user:dave");
    world_call(w, "team");
    refuses(w, "carol", 603);
    expect(w, "bob:dial carol:dial alice:end:603:declined bob:end:603:declined ");
    expect_cause(w, 603, "declined", "remote");
}

/* Also one that says so before the others of its step are dialled. */
static void test_6xx_at_once(void **state)
{
    struct world *w = *state;
    world_route(w, "team", "user:bob, user:grump, user:carol; user:dave");
    world_call(w, "team");
    expect(w, "bob:dial grump:dial alice:end:603:declined bob:end:603:declined "
              "carol:end:603:declined ");
    expect_cause(w, 603, "declined", "remote");
    world_route(w, "turns", "user:grump; user:bob");
    world_call(w, "turns");
    expect(w, "grump:dial alice:end:603:declined ");
}

static void test_ring_timeout(void **state)
{
    struct world *w = *state;
    world_route(w, "team", "user:bob, user:carol; user:dave");
    world_call(w, "team");
    rings(w, "bob");
    loop_advance(w->loop, 19999);
    expect(w, "bob:dial carol:dial alice:ring:180 ");
    loop_advance(w->loop, 1);
    expect(w, "bob:end:408:no_answer carol:end:408:no_answer dave:dial ");
    loop_advance(w->loop, 20000);
    expect(w, "dave:end:408:no_answer alice:end:408:no_answer ");
    expect_cause(w, 408, "no_answer", "system");
}

static void test_legs_that_fail_in_dial(void **state)
{
    struct world *w = *state;
    world_route(w, "team", "user:broken1, user:broken2; user:bob");
    world_call(w, "team");
    expect(w, "broken1:dial broken1:end:503:connection_refused broken2:dial "
              "broken2:end:503:connection_refused bob:dial ");
    hangs_up(w, "alice");
    expect(w, "bob:end:487:cancelled ");
    world_route(w, "none", "user:broken1, user:broken2; user:broken3");
    world_call(w, "none");
    expect(w, "broken1:dial broken1:end:503:connection_refused broken2:dial "
              "broken2:end:503:connection_refused broken3:dial "
              "broken3:end:503:connection_refused alice:end:503:connection_refused ");
    expect_cause(w, 503, "connection_refused", "system");
}

static void test_one_fails_in_dial_the_other_rings(void **state)
{
    struct world *w = *state;
    world_route(w, "team", "user:broken, user:bob; user:carol");
    world_call(w, "team");
    expect(w, "broken:dial broken:end:503:connection_refused bob:dial ");
    answers(w, "bob");
    expect(w, "alice:answer:PCMU bob:join:alice ");
    hangs_up(w, "bob");
}

static void test_nobody_there(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:nobody");
    world_call(w, "bob");
    expect(w, "alice:end:480:unavailable ");
    expect_cause(w, 480, "unavailable", "remote");
    world_route(w, "who", "user:ghost");
    world_call(w, "who");
    expect(w, "alice:end:404:not_found ");
    expect_cause(w, 404, "not_found", "system");
    world_route(w, "then", "user:nobody; user:bob");
    world_call(w, "then");
    expect(w, "bob:dial ");
    hangs_up(w, "alice");
}

static void test_no_kind_serves_it(void **state)
{
    struct world *w = *state;
    world_route(w, "room", "room:lobby");
    world_call(w, "room");
    expect(w, "alice:end:480:unavailable ");
}

static void test_no_route(void **state)
{
    struct world *w = *state;
    struct call *call = world_call(w, "nowhere");
    assert_int_equal(call_get_state(call), CALL_DONE); /* and still there until the turn ends */
    expect(w, "alice:end:404:no_route ");
    expect_cause(w, 404, "no_route", "system");
    const char *text =
        json_string_value(json_object_get(json_object_get(w->record, "cause"), "text"));
    assert_string_equal(text, "No route leads to 'nowhere'.");
}

static void test_not_for_strangers(void **state)
{
    struct world *w = *state;
    world_route(w, "out", "trunk:acme/+15551234567");
    struct fake *alice = fake_create(w, "alice", true);
    struct call_request request = { .face = SLICE("bridge"), .to = SLICE("out") };
    call_create(w->calls, &request, &alice->leg);
    expect(w, "alice:end:403:forbidden ");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_busy_then_next),
        CASE(test_busy_by_one_trunk_is_busy_by_all),
        CASE(test_all_fail),
        CASE(test_first_answer_wins),
        CASE(test_6xx_stops_all),
        CASE(test_6xx_at_once),
        CASE(test_ring_timeout),
        CASE(test_legs_that_fail_in_dial),
        CASE(test_one_fails_in_dial_the_other_rings),
        CASE(test_nobody_there),
        CASE(test_no_kind_serves_it),
        CASE(test_no_route),
        CASE(test_not_for_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
