/* Two full agents, and a full one with a lite one, over simulated networks and NATs. */
#include "rtc/ice_agent.h"

#include "rtc/ice_gather.h"
#include "rtc/ice_net_test.h"
#include "rtc/turn.h"

enum { CANDIDATES = 8 };

struct end { /* what the transport is around the agent: gathers, and sends along paths */
    struct net *net;
    struct ice_agent *agent;
    struct ice_gather *gather;
    struct turn *turn;
    struct addr host, turn_socket, relayed;
    struct addr stun_server, turn_server;
    const char *ufrag, *pwd;
    size_t n_candidates;
    struct rtc_candidate candidates[CANDIDATES];
    unsigned n_selected, n_failed, n_checks, n_gone, n_pairs;
    struct ice_path selected;
    char text[200];
    bool deaf; /* loses all that comes */
};

static void add_candidate(struct end *end, enum rtc_candidate_type type, const struct addr *addr,
                          const struct addr *base, uint16_t local_pref)
{
    assert_true(end->n_candidates < CANDIDATES);
    struct rtc_candidate *c = &end->candidates[end->n_candidates++];
    *c = (struct rtc_candidate){ .addr = *addr,
                                 .type = type,
                                 .priority = rtc_candidate_priority(type, local_pref, 1) };
    rtc_candidate_foundation(type, base, c->foundation);
}

static void on_send(void *owner, const struct ice_path *path, struct slice bytes)
{
    struct end *end = owner;
    end->n_checks++;
    if (end->turn && addr_eq(&path->local, &end->relayed))
        turn_send(end->turn, &path->remote, bytes, end->net->now_ms);
    else
        net_send(end->net, &path->local, &path->remote, bytes);
}

static void on_pair(void *owner, const struct addr *remote)
{
    (void)remote;
    ((struct end *)owner)->n_pairs++;
}

static void on_pair_gone(void *owner, const struct addr *remote)
{
    (void)remote;
    ((struct end *)owner)->n_gone++;
}

static void on_selected(void *owner, const struct ice_path *path)
{
    struct end *end = owner;
    end->n_selected++;
    end->selected = *path;
}

static void on_failed(void *owner, enum err err, const char *text)
{
    struct end *end = owner;
    assert_int_equal(err, ERR_TIMEOUT);
    end->n_failed++;
    snprintf(end->text, sizeof end->text, "%s", text);
}

static const struct ice_events events = { on_send, on_pair, on_pair_gone, on_selected, on_failed };

static void on_mapped(void *owner, const struct addr *base, const struct addr *mapped)
{
    struct end *end = owner;
    if (!addr_eq(base, mapped))
        add_candidate(end, RTC_CANDIDATE_SRFLX, mapped, base, 65535);
}

static const struct ice_gather_events gather_events = { on_send, on_mapped };

static void on_turn_send(void *owner, struct slice message)
{
    struct end *end = owner;
    net_send(end->net, &end->turn_socket, &end->turn_server, message);
}

static void on_allocated(void *owner, const struct addr *relayed, const struct addr *mapped)
{
    struct end *end = owner;
    (void)mapped;
    end->relayed = *relayed;
    add_candidate(end, RTC_CANDIDATE_RELAY, relayed, relayed, 65535);
    ice_agent_add_local(end->agent, RTC_CANDIDATE_RELAY, relayed,
                        rtc_candidate_priority(RTC_CANDIDATE_RELAY, 65535, 1));
}

static void take(struct end *end, const struct ice_path *path, struct slice bytes)
{
    enum err err =
        end->gather ? ice_gather_feed(end->gather, bytes, end->net->now_ms) : ERR_NOT_FOUND;
    if (err && !end->deaf)
        err = ice_agent_feed(end->agent, path, bytes, end->net->now_ms);
    assert_int_not_equal(err, ERR_PARSE);
}

static void on_data(void *owner, const struct addr *peer, struct slice payload)
{
    struct end *end = owner;
    const struct ice_path path = { end->relayed, *peer };
    take(end, &path, payload);
}

static void on_turn_failed(void *owner, enum err err, const char *text)
{
    (void)owner;
    fail_msg("turn: %s %s", err_name(err), text);
}

static const struct turn_events turn_events = { on_turn_send, on_allocated, on_data,
                                                on_turn_failed };

static void from_net(void *owner, const struct addr *local, const struct addr *from,
                     struct slice bytes)
{
    const struct ice_path path = { *local, *from };
    take(owner, &path, bytes);
}

static void from_turn(void *owner, const struct addr *local, const struct addr *from,
                      struct slice bytes)
{
    struct end *end = owner;
    (void)local;
    (void)from;
    assert_int_not_equal(turn_feed(end->turn, bytes, end->net->now_ms), ERR_PARSE);
}

struct world {
    struct net net;
    struct server server;
    struct end a, b;
};

struct setup {
    enum nat_kind a, b;
    enum ice_role role_a, role_b;
    bool stun, turn_a, relay_only_a;
    unsigned lose_percent;
};

static void end_create(struct end *end, struct world *world, const struct setup *setup, bool is_a)
{
    const struct ice_agent_config config = {
        .role = is_a ? setup->role_a : setup->role_b,
        .ufrag = is_a ? SLICE("aaaa") : SLICE("bbbb"),
        .pwd = is_a ? SLICE("passwordpasswordpassword-a") : SLICE("passwordpasswordpassword-b"),
        .tag = (const uint8_t *)(is_a ? "tag--a" : "tag--b"),
    };
    struct net_nat *nat = net_add_nat(&world->net, is_a ? setup->a : setup->b,
                                      is_a ? "198.51.100.1:1" : "198.51.100.2:1");
    *end = (struct end){ .net = &world->net, .ufrag = config.ufrag.ptr, .pwd = config.pwd.ptr };
    end->stun_server = end->turn_server = world->server.addr;
    if (nat)
        end->host = net_addr(is_a ? "10.1.0.2:5000" : "10.2.0.2:6000");
    else
        end->host = net_addr(is_a ? "192.0.2.1:5000" : "192.0.2.2:6000");
    end->turn_socket = end->host;
    addr_set_port(&end->turn_socket, 9000);
    net_add_host(&world->net, &end->host, nat, from_net, end);
    net_add_host(&world->net, &end->turn_socket, nat, from_turn, end);
    end->agent = ice_agent_create(&config, &events, end);
    end->gather = ice_gather_create(config.tag, &gather_events, end);
    if (!is_a || !setup->relay_only_a) {
        add_candidate(end, RTC_CANDIDATE_HOST, &end->host, &end->host, 65535);
        ice_agent_add_local(end->agent, RTC_CANDIDATE_HOST, &end->host,
                            end->candidates[0].priority);
        if (setup->stun)
            ice_gather_add(end->gather, &end->host, &end->stun_server);
    }
    if (is_a && setup->turn_a) {
        const struct turn_config turn = { .username = SLICE("u"), .password = SLICE("p") };
        assert_int_equal(turn_create(&end->turn, &turn, &turn_events, end), OK);
        turn_start(end->turn, 0);
    }
}

static void end_destroy(struct end *end)
{
    ice_agent_destroy(end->agent);
    ice_gather_destroy(end->gather);
    turn_destroy(end->turn);
}

static void end_tick(struct end *end)
{
    ice_gather_tick(end->gather, end->net->now_ms);
    if (end->turn)
        turn_tick(end->turn, end->net->now_ms);
    ice_agent_tick(end->agent, end->net->now_ms);
}

static void run(struct world *world, int64_t ms)
{
    for (int64_t end = world->net.now_ms + ms; world->net.now_ms < end;) {
        net_step(&world->net);
        if (world->net.now_ms % 50 == 0)
            end_tick(&world->a);
        if (world->net.now_ms % 50 == 17)
            end_tick(&world->b);
    }
}

static struct world *create(const struct setup *setup)
{
    struct world *world = mem_new(struct world);
    world->net.lose_percent = setup->lose_percent;
    server_init(&world->server, &world->net, "203.0.113.1:3478");
    end_create(&world->a, world, setup, true);
    end_create(&world->b, world, setup, false);
    return world;
}

static void destroy(struct world *world)
{
    end_destroy(&world->a);
    end_destroy(&world->b);
    mem_free(world);
}

/* `to` learns what `from` put into its SDP. */
static void tell(struct end *to, const struct end *from)
{
    ice_agent_set_remote(to->agent, slice_of(from->ufrag), slice_of(from->pwd), false,
                         to->net->now_ms);
    for (size_t i = 0; i < from->n_candidates; i++)
        ice_agent_add_remote(to->agent, &from->candidates[i]);
}

static bool is_up(const struct world *world)
{
    return ice_agent_selected(world->a.agent) && ice_agent_selected(world->b.agent);
}

/* Gather, offer and answer, and let it connect; how long that took, or -1. */
static int64_t connect_both(struct world *world, int64_t at_most_ms)
{
    run(world, 1000);
    assert_true(ice_gather_is_done(world->a.gather) || world->net.lose_percent);
    tell(&world->b, &world->a);
    run(world, 100);
    tell(&world->a, &world->b);
    int64_t from_ms = world->net.now_ms;
    while (world->net.now_ms - from_ms < at_most_ms && !is_up(world))
        run(world, 10);
    int64_t took_ms = world->net.now_ms - from_ms;
    bool up = is_up(world);
    run(world, 3000); /* nomination and what comes late */
    return up ? took_ms : -1;
}

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

/* What leaves along a's pair must arrive along b's, NATs included. */
static bool same_ends(struct world *world)
{
    struct end *a = &world->a, *b = &world->b;
    const struct ice_path *path = ice_agent_selected(a->agent);
    const struct net_host *host = net_find(&world->net, &path->local);
    bool natted = host && host->nat;
    struct addr seen = natted ? nat_out(host->nat, &path->local, &path->remote) : path->local;
    return addr_eq(&ice_agent_selected(b->agent)->remote, &seen);
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
    ice_agent_remove_local(world->b.agent, &old);
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
