/* Two full agents over simulated networks and NATs. */
#include "rtc/ice_agent.h"

#include "rtc/ice_ends_test.h"

/* Both send along the same way: each one's remote is the other's local, seen from there. */
static void assert_agreed(struct world *world, const char *a_local, const char *a_remote)
{
    char text[ADDR_TEXT];
    const struct ice_path *path = ice_agent_selected(world->a.agent);
    assert_non_null(path);
    assert_string_equal(addr_print(&path->local, text), a_local);
    assert_string_equal(addr_print(&path->remote, text), a_remote);
    assert_int_equal(world->a.n_failed + world->b.n_failed, 0);
}

static void test_two_public_hosts(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .role_a = ICE_CONTROLLING });
    assert_in_range(connect_both(world, 2000), 1, 300);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.2:6000");
    assert_true(same_ends(world));
    assert_int_equal(world->a.n_selected, 1);
    destroy(world);
}

/* Each with each: what two agents behind these NATs can do without a relay. */
static void test_nats_without_a_relay(void **state)
{
    (void)state;
    static const struct {
        enum nat_kind a, b;
        bool works;
    } rows[] = {
        { NAT_FULL_CONE, NAT_NONE, true },
        { NAT_NONE, NAT_SYMMETRIC, true },
        { NAT_SYMMETRIC, NAT_NONE, true },
        { NAT_FULL_CONE, NAT_FULL_CONE, true },
        { NAT_FULL_CONE, NAT_SYMMETRIC, true },
        { NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED, true },
        { NAT_PORT_RESTRICTED, NAT_SYMMETRIC, false },
        { NAT_SYMMETRIC, NAT_SYMMETRIC, false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int role = 0; role < 2; role++) {
            struct world *world = create(&(struct setup){ .a = rows[i].a,
                                                          .b = rows[i].b,
                                                          .role_a = (enum ice_role)role,
                                                          .role_b = (enum ice_role) !role,
                                                          .stun = true });
            int64_t took_ms = connect_both(world, 5000);
            if ((took_ms >= 0) != rows[i].works)
                fail_msg("row %zu role %d: %d ms", i, role, (int)took_ms);
            assert_true(!rows[i].works || same_ends(world));
            if (!rows[i].works) {
                run(world, ICE_PAC_MS);
                assert_int_equal(world->a.n_failed, 1);
                assert_int_equal(world->b.n_failed, 1);
                assert_non_null(strstr(world->a.text, "no ICE pair works: 1 of our addresses"));
            }
            destroy(world);
        }
    }
}

static void test_a_relay_where_nothing_else_works(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        struct world *world = create(&(struct setup){ .a = NAT_SYMMETRIC,
                                                      .b = NAT_SYMMETRIC,
                                                      .role_a = (enum ice_role)role,
                                                      .role_b = (enum ice_role) !role,
                                                      .stun = true,
                                                      .turn_a = true });
        assert_in_range(connect_both(world, 8000), 1, 3000);
        assert_true(addr_eq(&ice_agent_selected(world->a.agent)->local, &world->a.relayed));
        run(world, 400000); /* past permission and consent */
        assert_true(is_up(world));
        assert_int_equal(world->a.n_failed + world->b.n_failed, 0);
        destroy(world);
    }
}

static void test_a_lost_relay(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .a = NAT_SYMMETRIC,
                                                  .b = NAT_SYMMETRIC,
                                                  .role_a = ICE_CONTROLLING,
                                                  .stun = true,
                                                  .turn_a = true });
    assert_in_range(connect_both(world, 8000), 1, 3000);
    ice_agent_remove_local(world->a.agent, &world->a.relayed, world->net.now_ms);
    assert_null(ice_agent_selected(world->a.agent));
    assert_int_equal(world->a.n_gone, 1);
    run(world, ICE_PAC_MS - 100);
    assert_int_equal(world->a.n_failed, 0);
    run(world, 200);
    assert_int_equal(world->a.n_failed, 1);
    destroy(world);
}

/* Another valid pair takes over at once: b is on two addresses, and loses the one in use. */
static void test_a_lost_address_with_a_spare(void **state)
{
    (void)state;
    struct world *world =
        create(&(struct setup){ .role_a = ICE_CONTROLLED, .role_b = ICE_CONTROLLING });
    struct addr spare = net_addr("192.0.2.78:6002");
    uint32_t priority = rtc_candidate_priority(RTC_CANDIDATE_HOST, 60000, 1);
    net_add_host(&world->net, &spare, NULL, from_net, &world->b);
    ice_agent_add_local(world->b.agent, RTC_CANDIDATE_HOST, &spare, priority);
    assert_true(connect_both(world, 2000) > 0);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.2:6000");
    ice_agent_remove_local(world->b.agent, &world->b.host, world->net.now_ms);
    run(world, 3000);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.78:6002");
    assert_true(addr_eq(&ice_agent_selected(world->b.agent)->local, &spare));
    destroy(world);
}

static void test_relay_only_when_asked(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){
        .role_a = ICE_CONTROLLING, .turn_a = true, .relay_only_a = true, .stun = true });
    assert_in_range(connect_both(world, 3000), 1, 1000);
    assert_int_equal(world->a.n_candidates, 1);
    assert_true(addr_eq(&ice_agent_selected(world->a.agent)->local, &world->a.relayed));
    destroy(world);
}

/* A direct pair is preferred even when the relay was there first. */
static void test_direct_beats_relay(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){
        .a = NAT_FULL_CONE, .role_a = ICE_CONTROLLING, .turn_a = true, .stun = true });
    assert_in_range(connect_both(world, 3000), 1, 1000);
    assert_agreed(world, "10.1.0.2:5000", "192.0.2.2:6000");
    destroy(world);
}

static void test_a_lossy_network(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct world *world = create(&(struct setup){ .a = NAT_FULL_CONE,
                                                      .b = NAT_PORT_RESTRICTED,
                                                      .role_a = ICE_CONTROLLING,
                                                      .stun = true,
                                                      .lose_percent = 25 });
        world->net.random = seed * 7919;
        run(world, 5000);
        if (connect_both(world, 20000) < 0)
            fail_msg("seed %u", seed);
        if (!is_up(world) || !same_ends(world))
            fail_msg("seed %u: %d %d, %s", seed, is_up(world), same_ends(world), world->a.text);
        destroy(world);
    }
}

static void test_role_conflicts_are_settled(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        for (int again = 0; again < 10; again++) { /* either tie-breaker wins */
            struct world *world = create(
                &(struct setup){ .role_a = (enum ice_role)role, .role_b = (enum ice_role)role });
            assert_in_range(connect_both(world, 3000), 1, 1000);
            assert_int_not_equal(ice_agent_role(world->a.agent), ice_agent_role(world->b.agent));
            assert_true(same_ends(world));
            destroy(world);
        }
    }
}

/* Its mDNS name is of no use, so nothing is signalled: checks tell the address. */
static void test_an_unsignalled_peer_is_reflexive(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .role_a = ICE_CONTROLLING });
    run(world, 100);
    tell(&world->b, &world->a);
    run(world, 300); /* checks come before the answer does */
    assert_null(ice_agent_selected(world->a.agent));
    world->b.n_candidates = 0;
    tell(&world->a, &world->b);
    run(world, 500);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.2:6000");
    assert_true(same_ends(world));
    destroy(world);
}

static void test_consent(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .role_a = ICE_CONTROLLING });
    assert_true(connect_both(world, 2000) > 0);
    unsigned before = world->a.n_checks;
    run(world, 120000);
    assert_true(is_up(world));
    /* both ask, both answer: 120 s / 5 s each */
    assert_in_range(world->a.n_checks - before, 2 * 20, 2 * 30 + 2);
    world->b.deaf = true;
    run(world, ICE_CONSENT_MS - 6500);
    assert_int_equal(world->a.n_failed, 0);
    run(world, 7000);
    assert_int_equal(world->a.n_failed, 1);
    assert_non_null(strstr(world->a.text, "consent lost"));
    assert_null(ice_agent_selected(world->a.agent));
    assert_int_equal(world->a.n_gone, 1);
    before = world->a.n_checks;
    run(world, 60000);
    assert_int_equal(world->a.n_failed, 1);
    assert_int_equal(world->a.n_checks, before); /* not a datagram more without consent */
    destroy(world);
}

static void test_restart_moves_without_a_gap(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .role_a = ICE_CONTROLLING });
    assert_true(connect_both(world, 2000) > 0);
    world->a.ufrag = "aaa2";
    world->a.pwd = "another-password-of-a";
    ice_agent_restart(world->a.agent, slice_of(world->a.ufrag), slice_of(world->a.pwd));
    run(world, 100);
    world->b.ufrag = "bbb2";
    world->b.pwd = "another-password-of-b";
    ice_agent_restart(world->b.agent, slice_of(world->b.ufrag), slice_of(world->b.pwd));
    world->b.host = net_addr("192.0.2.77:6001"); /* the reason for it */
    net_add_host(&world->net, &world->b.host, NULL, from_net, &world->b);
    world->b.n_candidates = 0;
    add_candidate(&world->b, RTC_CANDIDATE_HOST, &world->b.host, &world->b.host, 65535);
    struct addr old = net_addr("192.0.2.2:6000");
    ice_agent_add_local(world->b.agent, RTC_CANDIDATE_HOST, &world->b.host,
                        world->b.candidates[0].priority);
    tell(&world->b, &world->a);
    assert_true(is_up(world));
    run(world, 100);
    assert_true(is_up(world));
    ice_agent_remove_local(world->b.agent, &old, world->net.now_ms);
    tell(&world->a, &world->b);
    assert_non_null(ice_agent_selected(world->a.agent)); /* media still goes the old way */
    run(world, 3000);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.77:6001");
    run(world, 60000);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.77:6001");
    destroy(world);
}

static void test_forgeries_change_nothing(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .role_a = ICE_CONTROLLING });
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    uint8_t id[STUN_ID_LEN] = { 0 };
    assert_true(connect_both(world, 2000) > 0);
    const struct ice_path path = { world->a.host, net_addr("192.0.2.66:66") };
    unsigned before = world->a.n_checks;
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&buf, STUN_USERNAME, SLICE("aaaa:bbbb"));
    stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE);
    stun_put_integrity(&buf, SLICE("guess"));
    assert_int_equal(ice_agent_feed(world->a.agent, &path, buf_slice(&buf), 5000), ERR_AUTH);
    buf_reset(&buf);
    stun_begin(&buf, STUN_SUCCESS, STUN_BINDING, id);
    assert_int_equal(ice_agent_feed(world->a.agent, &path, buf_slice(&buf), 5000), ERR_NOT_FOUND);
    assert_int_equal(ice_agent_feed(world->a.agent, &path, SLICE("junk"), 5000), ERR_PARSE);
    assert_int_equal(world->a.n_checks, before);
    assert_false(ice_agent_knows(world->a.agent, &path));
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.2:6000");
    destroy(world);
}

/* More addresses than there are places: the best pairs stay, and it connects. */
static void test_many_candidates_stay_bounded(void **state)
{
    (void)state;
    struct world *world = create(&(struct setup){ .role_a = ICE_CONTROLLING });
    for (int i = 0; i < 3 * ICE_REMOTES_MAX; i++) {
        char text[ADDR_TEXT];
        snprintf(text, sizeof text, "198.18.%d.%d:9", i / 200, i % 200 + 1);
        const struct rtc_candidate nobody = { .addr = net_addr(text), .priority = (uint32_t)i + 1 };
        ice_agent_add_remote(world->a.agent, &nobody);
    }
    assert_in_range(connect_both(world, 10000), 1, 3000);
    assert_agreed(world, "192.0.2.1:5000", "192.0.2.2:6000");
    destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_public_hosts),
        cmocka_unit_test(test_nats_without_a_relay),
        cmocka_unit_test(test_a_relay_where_nothing_else_works),
        cmocka_unit_test(test_a_lost_relay),
        cmocka_unit_test(test_a_lost_address_with_a_spare),
        cmocka_unit_test(test_relay_only_when_asked),
        cmocka_unit_test(test_direct_beats_relay),
        cmocka_unit_test(test_a_lossy_network),
        cmocka_unit_test(test_role_conflicts_are_settled),
        cmocka_unit_test(test_an_unsignalled_peer_is_reflexive),
        cmocka_unit_test(test_consent),
        cmocka_unit_test(test_restart_moves_without_a_gap),
        cmocka_unit_test(test_forgeries_change_nothing),
        cmocka_unit_test(test_many_candidates_stay_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
