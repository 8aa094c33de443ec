/* Two ends and the call between them: who is told what, in which order, and why it is over. */
#include "test_leg.h"

static void test_answer_and_hangup(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    struct call *call = world_call(w, "bob");
    expect(w, "bob:dial ");
    assert_int_equal(call_get_state(call), CALL_DIALING);
    rings(w, "bob");
    expect(w, "alice:ring:180 ");
    assert_int_equal(call_get_state(call), CALL_RINGING);
    loop_advance(w->loop, 3000);
    answers(w, "bob");
    expect(w, "alice:answer:PCMU bob:join:alice ");
    assert_int_equal(call_get_state(call), CALL_UP);
    assert_ptr_equal(call_peer(call), leg_named(w, "bob"));
    assert_ptr_equal(calls_find(w->calls, slice_of(call_id(call))), call);
    loop_advance(w->loop, 5000);
    hangs_up(w, "bob");
    expect(w, "alice:end:200:hangup ");
    expect_cause(w, 200, "hangup", "remote");
    assert_int_equal(json_integer_value(json_object_get(w->record, "duration_ms")), 5000);
    assert_int_equal(calls_count(w->calls), 0);
    assert_int_equal(calls_total(w->calls), 1);
    assert_int_equal(w->idle, 1);
}

/* A robot answers inside dial(), as the echo does; the ring timer must not outlive that. */
static void test_answer_at_once_lasts(void **state)
{
    struct world *w = *state;
    world_route(w, "robot", "user:robot");
    struct call *call = world_call(w, "robot");
    expect(w, "robot:dial alice:answer:PCMU robot:join:alice ");
    loop_advance(w->loop, 3600000);
    expect(w, "");
    assert_int_equal(call_get_state(call), CALL_UP);
    hangs_up(w, "alice");
    expect(w, "robot:end:200:hangup ");
    expect_cause(w, 200, "hangup", "remote");
}

static void test_robots_in_parallel(void **state)
{
    struct world *w = *state;
    world_route(w, "any", "user:robot1, user:robot2, user:robot3");
    world_call(w, "any");
    expect(w, "robot1:dial robot2:end:200:answered_elsewhere robot3:end:200:answered_elsewhere "
              "alice:answer:PCMU robot1:join:alice ");
    hangs_up(w, "alice");
    expect(w, "robot1:end:200:hangup ");
}

static void test_early_media_then_answer(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    struct call *call = world_call(w, "bob");
    sends_early_media(w, "bob");
    expect(w, "bob:dial alice:ring:183+media bob:join:alice ");
    assert_int_equal(call_get_state(call), CALL_EARLY);
    rings(w, "bob"); /* a late 180 changes nothing */
    expect(w, "");
    answers(w, "bob");
    expect(w, "alice:answer:PCMU "); /* joined before */
    hangs_up(w, "alice");
    expect(w, "bob:end:200:hangup ");
}

static void test_early_media_of_the_first_only(void **state)
{
    struct world *w = *state;
    world_route(w, "both", "user:bob, user:carol");
    world_call(w, "both");
    sends_early_media(w, "bob");
    sends_early_media(w, "carol");
    expect(w, "bob:dial carol:dial alice:ring:183+media bob:join:alice ");
    answers(w, "carol");
    expect(w, "bob:end:200:answered_elsewhere alice:answer:PCMU carol:join:alice ");
    hangs_up(w, "carol");
    expect(w, "alice:end:200:hangup ");
}

static void test_caller_gives_up(void **state)
{
    struct world *w = *state;
    world_route(w, "both", "user:bob, user:carol; user:dave");
    world_call(w, "both");
    rings(w, "carol");
    hangs_up(w, "alice");
    expect(w, "bob:dial carol:dial alice:ring:180 bob:end:487:cancelled carol:end:487:cancelled ");
    expect_cause(w, 487, "cancelled", "remote");
}

static void test_both_at_once(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    answers(w, "bob");
    struct leg *alice = leg_named(w, "alice"), *bob = leg_named(w, "bob");
    struct cause why = cause("hangup", CAUSE_BY_REMOTE);
    leg_on_ended(alice, &why);
    leg_on_ended(bob, &why); /* crossed: told already, and ended already */
    leg_on_ringing(bob, 180);
    leg_on_answered(bob);
    leg_on_dtmf(bob, '1', 100, false);
    leg_on_hold(bob, true);
    leg_fail(bob, &why);
    expect(w, "bob:dial alice:answer:PCMU bob:join:alice bob:end:200:hangup ");
    assert_int_equal(w->done, 1);
}

static void test_answer_that_cannot_be_given(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob, user:carol");
    struct fake *alice = fake_create(w, "alice", true);
    alice->fails_in_answer = true;
    world_call_as(w, alice, "bob");
    answers(w, "bob");
    expect(w, "bob:dial carol:dial carol:end:200:answered_elsewhere alice:answer:PCMU "
              "alice:end:488:no_codec bob:end:488:no_codec ");
    expect_cause(w, 488, "no_codec", "system");
}

static void test_early_media_that_cannot_be_given(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    struct fake *alice = fake_create(w, "alice", true);
    alice->fails_in_ring = true;
    world_call_as(w, alice, "bob");
    sends_early_media(w, "bob");
    expect(w, "bob:dial alice:ring:183+media alice:end:488:bad_sdp bob:end:488:bad_sdp ");
    expect_cause(w, 488, "bad_sdp", "system");
}

/* The same inside dial(), where the step is still being gone through. */
static void test_robot_that_cannot_be_heard(void **state)
{
    struct world *w = *state;
    world_route(w, "any", "user:robot1, user:robot2; user:robot3");
    struct fake *alice = fake_create(w, "alice", true);
    alice->fails_in_answer = true;
    world_call_as(w, alice, "any");
    expect(w, "robot1:dial robot2:end:200:answered_elsewhere alice:answer:PCMU "
              "alice:end:488:no_codec robot1:end:488:no_codec ");
    assert_int_equal(w->done, 1);
    expect_cause(w, 488, "no_codec", "system");
}

static void test_keys_pass(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    leg_on_dtmf(leg_named(w, "alice"), '1', 100, false); /* nobody to tell yet */
    expect(w, "bob:dial ");
    answers(w, "bob");
    expect(w, "alice:answer:PCMU bob:join:alice ");
    leg_on_dtmf(leg_named(w, "alice"), '5', 120, false);
    leg_on_dtmf(leg_named(w, "bob"), '#', 80, true);
    expect(w, "bob:dtmf:5:120 alice:dtmf:#:80:relayed ");
    hangs_up(w, "alice");
}

static void test_hold_passes(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    answers(w, "bob");
    expect(w, "bob:dial alice:answer:PCMU bob:join:alice ");
    leg_on_hold(leg_named(w, "bob"), true);
    leg_on_hold(leg_named(w, "bob"), true); /* said twice, told once */
    leg_on_hold(leg_named(w, "bob"), false);
    expect(w, "alice:hold alice:resume ");
    hangs_up(w, "bob");
}

static void test_we_end_it(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    struct call *call = world_call(w, "bob");
    answers(w, "bob");
    struct cause why = cause_of_token("hangup", CAUSE_BY_SYSTEM, "An administrator ended it.");
    call_end(call, &why);
    expect(w, "bob:dial alice:answer:PCMU bob:join:alice alice:end:200:hangup bob:end:200:hangup ");
    expect_cause(w, 200, "hangup", "system");
}

static void test_shutdown(void **state)
{
    struct world *w = *state;
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    world_call(w, "bob");
    struct cause why = cause("shutdown", CAUSE_BY_SYSTEM);
    calls_end_all(w->calls, &why);
    expect(w, "bob:dial bob:dial alice:end:503:shutdown bob:end:503:shutdown "
              "alice:end:503:shutdown bob:end:503:shutdown ");
    assert_int_equal(w->done, 2);
    assert_int_equal(w->idle, 1);
    world_call(w, "bob");
    expect(w, "alice:end:503:shutdown ");
    expect_cause(w, 503, "shutdown", "system");
}

static void test_overload(void **state)
{
    struct world *w = *state;
    world_destroy(w);
    world_create(w, 2);
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    world_call(w, "bob");
    expect(w, "bob:dial bob:dial ");
    world_call(w, "bob");
    expect(w, "alice:end:503:overload ");
    expect_cause(w, 503, "overload", "system");
    assert_int_equal(calls_count(w->calls), 2);
    json_t *rows = calls_json(w->calls);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "state")),
                        "dialing");
    json_decref(rows);
    hangs_up(w, "alice");
    hangs_up(w, "alice");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_answer_and_hangup),
        CASE(test_answer_at_once_lasts),
        CASE(test_robots_in_parallel),
        CASE(test_early_media_then_answer),
        CASE(test_early_media_of_the_first_only),
        CASE(test_caller_gives_up),
        CASE(test_both_at_once),
        CASE(test_answer_that_cannot_be_given),
        CASE(test_early_media_that_cannot_be_given),
        CASE(test_robot_that_cannot_be_heard),
        CASE(test_keys_pass),
        CASE(test_hold_passes),
        CASE(test_we_end_it),
        CASE(test_shutdown),
        CASE(test_overload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
