/* Whole calls between two of our own stacks over a simulated network. */

#include "test_calls.h"

static void a_call_is_answered_and_hung_up_by_the_caller(void **state)
{
    struct world *w = *state;
    world_call(w, NULL);
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 ");
    assert_string_equal(w->callee.log, "invite ");
    call_answer(&w->callee, "v=answer");
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->caller.log, "180 answer:v=answer ");
    assert_string_equal(w->callee.log, "invite ack ");
    assert_int_equal(sip_session_state(w->caller.session), SIP_SESSION_UP);
    assert_int_equal(sip_session_state(w->callee.session), SIP_SESSION_UP);
    sip_session_bye(w->caller.session, SLICE("SIP;cause=200;text=\"had enough\""));
    loop_advance(w->sim.loop, 100);
    assert_string_equal(w->callee.log, "invite ack bye:200:had enough ");
    assert_string_equal(w->caller.log, "180 answer:v=answer ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_answered_and_hung_up_by_the_caller, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
