/* Who talks to whom after a transfer, what the transferor hears of it, and that nothing is left of
 * one that went wrong. */
#include "test_leg.h"

/* alice talks to bob; carol, dave and a robot can be called too. */
static struct call *talk(struct world *w)
{
    world_route(w, "bob", "user:bob");
    world_route(w, "carol", "user:carol");
    world_route(w, "both", "user:carol, user:dave");
    world_route(w, "robot", "user:robot");
    world_route(w, "out", "trunk:acme");
    struct call *call = world_call(w, "bob");
    answers(w, "bob");
    expect(w, "bob:dial alice:answer:PCMU bob:join:alice ");
    return call;
}

static void transfers(struct world *w, const char *by, const char *to)
{
    struct cause why;
    struct transfer_request request = { .by = leg_named(w, by), .to = slice_of(to) };
    assert_int_equal(transfer_blind(&request, &why), OK);
}

static void test_blind_by_the_called(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    transfers(w, "bob", "carol");
    expect(w, "carol:dial ");
    rings(w, "carol");
    expect(w, "bob:report:180 ");
    answers(w, "carol");
    expect(w, "bob:report:200 bob:end:200:transferred carol:join:alice carol:moved ");
    loop_advance(w->loop, 100);
    assert_int_equal(calls_count(w->calls), 1);
    assert_ptr_equal(call_caller(call), leg_named(w, "alice"));
    assert_ptr_equal(call_peer(call), leg_named(w, "carol"));
    expect_cause(w, 200, "transferred", "local"); /* the record of the call that was made */
    assert_string_equal(json_string_value(json_array_get(json_object_get(w->record, "related"), 0)),
                        call_id(call));
    leg_on_dtmf(leg_named(w, "carol"), '5', 100, false);
    expect(w, "alice:dtmf:5:100 ");
    hangs_up(w, "carol");
    expect(w, "alice:end:200:hangup ");
    expect_cause(w, 200, "hangup", "remote");
    assert_int_equal(json_array_size(json_object_get(w->record, "related")), 1);
    assert_int_equal(json_array_size(json_object_get(w->record, "legs")), 3);
}

static void test_blind_by_the_caller(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    transfers(w, "alice", "robot");
    expect(w, "robot:dial alice:report:200 alice:end:200:transferred robot:join:bob robot:moved ");
    assert_ptr_equal(call_peer(call), leg_named(w, "bob"));
    assert_ptr_equal(call_caller(call), leg_named(w, "robot"));
    hangs_up(w, "bob");
    expect(w, "robot:end:200:hangup ");
}

/* An echo and a tone would talk to each other for ever. */
static void test_nobody_is_left(void **state)
{
    struct world *w = *state;
    world_route(w, "robot", "user:robot");
    world_route(w, "robot2", "user:robot2");
    world_call(w, "robot");
    expect(w, "robot:dial alice:answer:PCMU robot:join:alice ");
    transfers(w, "alice", "robot2");
    expect(w, "robot2:dial alice:report:200 alice:end:200:transferred robot2:join:robot "
              "robot2:moved robot:end:200:transferred robot2:end:200:transferred ");
    loop_advance(w->loop, 100);
    assert_int_equal(calls_count(w->calls), 0);
    expect_cause(w, 200, "transferred", "local");
}

static void test_early_media_of_the_target(void **state)
{
    struct world *w = *state;
    talk(w);
    transfers(w, "bob", "both");
    sends_early_media(w, "carol");
    answers(w, "dave");
    expect(w, "carol:dial dave:dial bob:report:183 carol:join:alice "
              "carol:end:200:answered_elsewhere bob:report:200 bob:end:200:transferred "
              "dave:join:alice dave:moved ");
    hangs_up(w, "alice");
    expect(w, "dave:end:200:hangup ");
}

static void test_target_refuses(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    transfers(w, "bob", "carol");
    refuses(w, "carol", 486);
    expect(w, "carol:dial bob:report:486 bob:join:alice ");
    assert_int_equal(call_get_state(call), CALL_UP);
    transfers(w, "bob", "nowhere"); /* and once more, to nobody */
    expect(w, "bob:report:404 bob:join:alice ");
    hangs_up(w, "alice");
    expect(w, "bob:end:200:hangup ");
}

/* Many phones say BYE as soon as their REFER is accepted. */
static void test_transferor_leaves(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    transfers(w, "bob", "carol");
    hangs_up(w, "bob");
    expect(w, "carol:dial ");
    assert_int_equal(calls_count(w->calls), 2);
    answers(w, "carol");
    expect(w, "carol:join:alice carol:moved ");
    assert_ptr_equal(call_peer(call), leg_named(w, "carol"));
    hangs_up(w, "alice");
    expect(w, "carol:end:200:hangup ");
}

static void test_transferor_leaves_and_target_refuses(void **state)
{
    struct world *w = *state;
    talk(w);
    transfers(w, "bob", "carol");
    hangs_up(w, "bob");
    refuses(w, "carol", 486);
    expect(w, "carol:dial alice:end:486:busy ");
    expect_cause(w, 486, "busy", "remote");
}

static void test_transferee_leaves(void **state)
{
    struct world *w = *state;
    talk(w);
    transfers(w, "bob", "carol");
    rings(w, "carol");
    hangs_up(w, "alice");
    expect(w, "carol:dial bob:report:180 bob:report:487 carol:end:487:cancelled "
              "bob:end:200:hangup ");
}

static void test_call_ended_by_us(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    struct cause why = cause("shutdown", CAUSE_BY_SYSTEM);
    transfers(w, "bob", "carol");
    call_end(call, &why);
    expect(w, "carol:dial bob:report:487 carol:end:487:cancelled alice:end:503:shutdown "
              "bob:end:503:shutdown ");
}

/* Nobody answers: the two talk again after the ring time. */
static void test_ring_timeout(void **state)
{
    struct world *w = *state;
    talk(w);
    transfers(w, "bob", "carol");
    loop_advance(w->loop, 20001);
    expect(w, "carol:dial carol:end:408:no_answer bob:report:408 bob:join:alice ");
    hangs_up(w, "bob");
    expect(w, "alice:end:200:hangup ");
}

static void test_refused(void **state)
{
    struct world *w = *state;
    struct cause why;
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    struct transfer_request request = { .by = leg_named(w, "alice"), .to = SLICE("carol") };
    assert_int_equal(transfer_blind(&request, &why), ERR_MISUSE); /* it rings still */
    answers(w, "bob");
    world_route(w, "carol", "user:carol");
    assert_int_equal(transfer_blind(&request, &why), OK);
    request.by = leg_named(w, "bob");
    assert_int_equal(transfer_blind(&request, &why), ERR_AGAIN);
    assert_int_equal(why.code, 491);
    hangs_up(w, "bob");
}

/* A trunk's far end must not reach another trunk by way of a transfer; a user's may. */
static void test_rights_are_the_transferors(void **state)
{
    struct world *w = *state;
    talk(w);
    world_route(w, "pstn", "trunk:office");
    transfers(w, "bob", "pstn");
    expect(w, "office:dial ");
    answers(w, "office");
    expect(w, "bob:report:200 bob:end:200:transferred office:join:alice office:moved ");
    transfers(w, "office", "out");
    expect(w, "office:report:403 office:join:alice ");
    transfers(w, "office", "carol");
    expect(w, "carol:dial ");
    hangs_up(w, "alice");
}

static void test_hold_is_undone(void **state)
{
    struct world *w = *state;
    talk(w);
    leg_on_hold(leg_named(w, "bob"), true);
    transfers(w, "bob", "carol");
    expect(w, "alice:hold carol:dial ");
    answers(w, "carol");
    expect(w, "bob:report:200 bob:end:200:transferred carol:join:alice alice:resume carol:moved ");
    hangs_up(w, "alice");
}

/* bob2 is bob's second call, to carol. */
static void consult(struct world *w)
{
    struct fake *bob2 = fake_create(w, "bob2", true);
    world_call_as(w, bob2, "carol");
    expect(w, "carol:dial ");
}

static void test_attended(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    struct cause why;
    leg_on_hold(leg_named(w, "bob"), true);
    expect(w, "alice:hold ");
    consult(w);
    answers(w, "carol");
    expect(w, "bob2:answer:PCMU carol:join:bob2 ");
    assert_int_equal(transfer_attended(leg_named(w, "bob"), leg_named(w, "bob2"), SLICE_NONE, &why),
                     OK);
    expect(w, "bob:report:200 bob:end:200:transferred carol:join:alice alice:resume carol:moved "
              "bob2:end:200:transferred ");
    assert_int_equal(calls_count(w->calls), 1);
    assert_ptr_equal(call_peer(call), leg_named(w, "carol"));
    expect_cause(w, 200, "transferred", "local");
    hangs_up(w, "alice");
    expect(w, "carol:end:200:hangup ");
    assert_int_equal(json_array_size(json_object_get(w->record, "related")), 1);
}

static void test_attended_while_it_rings(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    struct cause why;
    consult(w);
    rings(w, "carol");
    expect(w, "bob2:ring:180 ");
    assert_int_equal(transfer_attended(leg_named(w, "bob"), leg_named(w, "bob2"), SLICE_NONE, &why),
                     OK);
    expect(w, "bob2:end:200:transferred bob:report:180 ");
    answers(w, "carol");
    expect(w, "bob:report:200 bob:end:200:transferred carol:join:alice carol:moved ");
    assert_ptr_equal(call_peer(call), leg_named(w, "carol"));
    hangs_up(w, "alice");
    expect(w, "carol:end:200:hangup ");
}

static void test_attended_with_itself(void **state)
{
    struct world *w = *state;
    struct cause why;
    talk(w);
    assert_int_equal(
        transfer_attended(leg_named(w, "bob"), leg_named(w, "alice"), SLICE_NONE, &why),
        ERR_MISUSE);
    assert_int_equal(why.code, 481);
    hangs_up(w, "alice");
}

static void test_takes_over(void **state)
{
    struct world *w = *state;
    struct call *call = talk(w);
    struct cause why;
    struct fake *dave = fake_create(w, "dave", true);
    assert_int_equal(transfer_replace(leg_named(w, "bob"), &dave->leg, &why), OK);
    expect(w, "dave:answer:PCMU bob:end:200:replaced dave:join:alice ");
    assert_ptr_equal(call_peer(call), &dave->leg);
    hangs_up(w, "dave");
    expect(w, "alice:end:200:hangup ");
}

static void test_picks_up(void **state)
{
    struct world *w = *state;
    struct cause why;
    world_route(w, "both", "user:bob, user:carol");
    struct call *call = world_call(w, "both");
    rings(w, "bob");
    struct fake *dave = fake_create(w, "dave", true);
    assert_int_equal(transfer_replace(leg_named(w, "bob"), &dave->leg, &why), OK);
    expect(w, "bob:dial carol:dial alice:ring:180 dave:answer:PCMU "
              "bob:end:200:answered_elsewhere carol:end:200:answered_elsewhere "
              "alice:answer:PCMU dave:join:alice ");
    assert_ptr_equal(call_peer(call), &dave->leg);
    hangs_up(w, "alice");
    expect(w, "dave:end:200:hangup ");
}

static void test_cannot_take_over(void **state)
{
    struct world *w = *state;
    struct cause why;
    struct call *call = talk(w);
    struct fake *dave = fake_create(w, "dave", true);
    dave->fails_in_answer = true; /* its offer is of no use: bob keeps the call */
    assert_int_equal(transfer_replace(leg_named(w, "bob"), &dave->leg, &why), OK);
    expect(w, "dave:answer:PCMU dave:end:488:no_codec ");
    assert_ptr_equal(call_peer(call), leg_named(w, "bob"));
    struct fake *erin = fake_create(w, "erin", true);
    struct leg *bob = leg_named(w, "bob");
    hangs_up(w, "alice");
    assert_int_equal(transfer_replace(bob, &erin->leg, &why), ERR_MISUSE);
    assert_int_equal(why.code, 481);
    fake_destroy(&erin->leg);
}

/* A leg of any call that lives, or NULL. */
static struct leg *any_leg(struct world *w, uint32_t *seed)
{
    struct leg *legs[64];
    size_t n = 0;
    LIST_EACH(link, &w->legs)
    {
        struct leg *leg = &LIST_ITEM(link, struct fake, in_world)->leg;
        if (leg->call && !leg_is_over(leg) && n < COUNT_OF(legs))
            legs[n++] = leg;
    }
    *seed = *seed * 1664525 + 1013904223;
    return n ? legs[(*seed >> 8) % n] : NULL;
}

static void take_over(struct world *w, struct leg *old)
{
    struct cause why;
    struct fake *fake = fake_create(w, "taker", true);
    fake_choose(&fake->leg, &old->chosen);
    if (transfer_replace(old, &fake->leg, &why))
        fake_destroy(&fake->leg);
}

/* What a far end may do at any time, whether it makes sense then or not. */
static void any_step(struct world *w, struct leg *leg, struct leg *other, uint32_t what)
{
    static const char *const targets[] = { "carol", "both", "robot", "nowhere", "out", "grump" };
    const char *to = targets[(what >> 8) % COUNT_OF(targets)];
    struct cause why;
    struct transfer_request request = { .by = leg, .to = slice_of(to) };
    struct cause busy = cause_of_status(486, CAUSE_BY_REMOTE, NULL);
    struct cause bye = cause("hangup", CAUSE_BY_REMOTE);
    bool rings = !leg->incoming && leg->state > LEG_NEW && leg->state < LEG_UP;
    fake_of(leg)->refers = what & 0x80;
    switch (what % 9) {
    case 0:
        if (rings)
            leg_on_ringing(leg, 180);
        break;
    case 1:
        if (rings) {
            fake_choose(leg, &leg->offered);
            leg_on_progress(leg, 183);
        }
        break;
    case 2:
    case 3:
        if (rings) {
            fake_choose(leg, &leg->offered);
            leg_on_answered(leg);
        }
        break;
    case 4:
        leg_on_ended(leg, rings ? &busy : &bye);
        break;
    case 5:
        (void)!transfer_blind(&request, &why);
        break;
    case 6:
        (void)!transfer_attended(leg, other, SLICE_NONE, &why);
        break;
    case 7:
        take_over(w, leg);
        break;
    default:
        leg_on_hold(leg, !leg->holds);
        leg_on_referred(leg, (what >> 16) % 3 * 200, "", true);
        break;
    }
}

/* Thousands of far ends that do whatever comes to their minds: no call is left half made. */
static void test_anything_at_any_time(void **state)
{
    struct world *w = *state;
    uint32_t seed = 4711;
    struct cause why = cause("shutdown", CAUSE_BY_SYSTEM);
    world_route(w, "carol", "user:carol");
    world_route(w, "both", "user:carol, user:dave; user:erin");
    world_route(w, "robot", "user:robot");
    world_route(w, "out", "trunk:acme");
    world_route(w, "grump", "user:grump, user:carol");
    for (int i = 0; i < 20000; i++) {
        struct leg *leg = any_leg(w, &seed), *other = any_leg(w, &seed);
        w->log[0] = '\0';
        seed = seed * 1664525 + 1013904223;
        if (!leg || (seed >> 12) % 5 == 0)
            world_call(w, (seed >> 4) % 2 ? "both" : "out");
        else
            any_step(w, leg, other, seed >> 8);
        if (calls_count(w->calls) > 12) /* so that legs meet again */
            call_end(any_leg(w, &seed)->call, &why);
        if (i % 16 == 0)
            loop_advance(w->loop, (seed >> 8) % 3000);
    }
    calls_end_all(w->calls, &why);
    w->log[0] = '\0';
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_blind_by_the_called),
        CASE(test_blind_by_the_caller),
        CASE(test_nobody_is_left),
        CASE(test_early_media_of_the_target),
        CASE(test_target_refuses),
        CASE(test_transferor_leaves),
        CASE(test_transferor_leaves_and_target_refuses),
        CASE(test_transferee_leaves),
        CASE(test_call_ended_by_us),
        CASE(test_ring_timeout),
        CASE(test_refused),
        CASE(test_rights_are_the_transferors),
        CASE(test_hold_is_undone),
        CASE(test_attended),
        CASE(test_attended_while_it_rings),
        CASE(test_attended_with_itself),
        CASE(test_takes_over),
        CASE(test_picks_up),
        CASE(test_cannot_take_over),
        CASE(test_anything_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
