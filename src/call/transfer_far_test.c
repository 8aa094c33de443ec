/* Transfers that a far end is asked to make itself: a trunk with `transfer: pass`. */
#include "test_leg.h"

/* alice talks to bob; carol can be called too. */
static void talk(struct world *w)
{
    world_route(w, "bob", "user:bob");
    world_route(w, "carol", "user:carol");
    world_call(w, "bob");
    answers(w, "bob");
    expect(w, "bob:dial alice:answer:PCMU bob:join:alice ");
}

static void transfers(struct world *w, const char *by, const char *to)
{
    struct cause why;
    struct transfer_request request = { .by = leg_named(w, by), .to = slice_of(to) };
    assert_int_equal(transfer_blind(&request, &why), OK);
}

/* bob is behind the trunk office, which makes transfers to its numbers itself. */
static struct leg *leg_behind_trunk(struct world *w)
{
    struct leg *bob = leg_named(w, "bob");
    world_route(w, "pstn", "trunk:office");
    snprintf(bob->trunk, sizeof bob->trunk, "office");
    leg_named(w, "alice")->may_use_trunks = true;
    fake_of(bob)->refers = true;
    return bob;
}

static void test_far_end_transfers(void **state)
{
    struct world *w = *state;
    talk(w);
    struct leg *bob = leg_behind_trunk(w);
    transfers(w, "alice", "pstn");
    expect(w, "bob:refer: ");
    leg_on_referred(bob, 180, "Ringing", false);
    leg_on_referred(bob, 200, "OK", true);
    expect(w, "alice:report:180 alice:report:200 alice:end:200:transferred "
              "bob:end:200:transferred ");
    expect_cause(w, 200, "transferred", "local");
}

static void test_far_end_does_not_transfer(void **state)
{
    struct world *w = *state;
    talk(w);
    struct leg *bob = leg_behind_trunk(w);
    transfers(w, "alice", "pstn");
    leg_on_referred(bob, 0, "Method Not Allowed", true);
    expect(w, "bob:refer: office:dial ");
    answers(w, "office");
    expect(w, "alice:report:200 alice:end:200:transferred office:join:bob office:moved ");
    hangs_up(w, "office");
    expect(w, "bob:end:200:hangup ");
}

/* A target that is not the trunk's is not its business. */
static void test_far_end_is_not_asked(void **state)
{
    struct world *w = *state;
    talk(w);
    leg_behind_trunk(w);
    transfers(w, "alice", "carol");
    expect(w, "carol:dial ");
    hangs_up(w, "bob");
}

static void test_far_end_fails_to_transfer(void **state)
{
    struct world *w = *state;
    talk(w);
    struct leg *bob = leg_behind_trunk(w);
    transfers(w, "alice", "pstn");
    leg_on_referred(bob, 486, "Busy Here", true);
    expect(w, "bob:refer: alice:report:486 alice:join:bob ");
    hangs_up(w, "bob");
    expect(w, "alice:end:200:hangup ");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_far_end_transfers),
        CASE(test_far_end_does_not_transfer),
        CASE(test_far_end_is_not_asked),
        CASE(test_far_end_fails_to_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
