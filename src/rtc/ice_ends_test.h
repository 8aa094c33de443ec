#pragma once
/* For tests only: two full agents with what a transport does around them, on a simulated network.
 */

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
