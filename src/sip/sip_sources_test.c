#include "test_scene.h"

#include "sip_sources.h"
#include "sip_txns_priv.h"

static void addresses_are_counted_by_themselves(void **state)
{
    struct sip_sources *sources = sip_sources_create(2);
    struct addr one = sim_addr("192.0.2.1:5060"), same = sim_addr("192.0.2.1:9"),
                six = sim_addr("[2001:db8::1]:5060");
    (void)state;
    sip_sources_enter(sources, &one);
    assert_false(sip_sources_is_full(sources, &one));
    sip_sources_enter(sources, &same);
    assert_true(sip_sources_is_full(sources, &one));
    assert_false(sip_sources_is_full(sources, &six));
    sip_sources_enter(sources, &six);
    sip_sources_leave(sources, &one);
    assert_false(sip_sources_is_full(sources, &same));
    sip_sources_leave(sources, &one);
    sip_sources_destroy(sources); /* one is still in */
}

/* Carol floods, and cannot keep the caller's call out. */
static void a_flood_from_one_address_leaves_room_for_others(void **state)
{
    struct scene *s = *state;
    struct sip_txns *txns = s->w.callee.agent->txns;
    sip_sources_destroy(txns->sources);
    txns->sources = sip_sources_create(5);
    for (unsigned i = 1; i <= 8; i++)
        scene_say(s, NULL, "OPTIONS", i, "", "");
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 200), 5);
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 503), 3);
    assert_string_equal(scene_value(s, "OPTIONS", 503, SIP_H_RETRY_AFTER), "10");
    assert_int_equal(sip_agent_stats(s->w.callee.agent)->overload, 3);
    world_up(&s->w);
    assert_string_equal(s->w.callee.log, "invite ack ");
    scene_pass(s, 40000);
    scene_say(s, NULL, "OPTIONS", 20, "", "");
    assert_int_equal(sim_peer_count(&s->peer, "OPTIONS", 200), 6);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_counted_by_themselves),
        SCENE(a_flood_from_one_address_leaves_room_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
