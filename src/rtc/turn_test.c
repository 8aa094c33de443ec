/* The TURN client against a server in simulated time. */
#include "rtc/turn.h"

#include "rtc/ice_net_test.h"

struct world {
    struct net net;
    struct server server;
    struct turn *turn;
    struct addr client, peer, relayed;
    unsigned n_allocated, n_failed, n_data, n_peer, sent;
    enum err err;
    char text[200], data[64], heard[64];
};

static void on_send(void *owner, struct slice message)
{
    struct world *world = owner;
    world->sent++;
    net_send(&world->net, &world->client, &world->server.addr, message);
}

static void on_allocated(void *owner, const struct addr *relayed, const struct addr *mapped)
{
    struct world *world = owner;
    world->n_allocated++;
    world->relayed = *relayed;
    assert_true(addr_eq(mapped, &world->client));
}

static void on_data(void *owner, const struct addr *peer, struct slice payload)
{
    struct world *world = owner;
    world->n_data++;
    assert_true(addr_eq(peer, &world->peer));
    assert_true(slice_copy(payload, world->data, sizeof world->data));
}

static void on_failed(void *owner, enum err err, const char *text)
{
    struct world *world = owner;
    world->n_failed++;
    world->err = err;
    snprintf(world->text, sizeof world->text, "%s", text);
}

static void from_server(void *owner, const struct addr *local, const struct addr *from,
                        struct slice bytes)
{
    struct world *world = owner;
    (void)local;
    assert_true(addr_eq(from, &world->server.addr));
    assert_int_not_equal(turn_feed(world->turn, bytes, world->net.now_ms), ERR_PARSE);
}

static void at_peer(void *owner, const struct addr *local, const struct addr *from,
                    struct slice bytes)
{
    struct world *world = owner;
    (void)local;
    assert_true(addr_eq(from, &world->relayed));
    world->n_peer++;
    assert_true(slice_copy(bytes, world->heard, sizeof world->heard));
}

static const struct turn_events events = { on_send, on_allocated, on_data, on_failed };

static struct world *create(const char *password)
{
    const struct turn_config config = { .username = SLICE("u"), .password = slice_of(password) };
    struct world *world = mem_new(struct world);
    world->client = net_addr("192.0.2.9:5000");
    world->peer = net_addr("198.51.100.1:7000");
    server_init(&world->server, &world->net, "203.0.113.1:3478");
    net_add_host(&world->net, &world->client, NULL, from_server, world);
    net_add_host(&world->net, &world->peer, NULL, at_peer, world);
    assert_int_equal(turn_create(&world->turn, &config, &events, world), OK);
    return world;
}

static void destroy(struct world *world)
{
    turn_destroy(world->turn);
    mem_free(world);
}

static void run(struct world *world, int64_t ms)
{
    for (int64_t end = world->net.now_ms + ms; world->net.now_ms < end;) {
        net_step(&world->net);
        if (world->net.now_ms % 50 == 0)
            turn_tick(world->turn, world->net.now_ms);
    }
}

static void say(struct world *world, const char *text)
{
    turn_send(world->turn, &world->peer, slice_of(text), world->net.now_ms);
}

static void reply(struct world *world, const char *text)
{
    net_send(&world->net, &world->peer, &world->relayed, slice_of(text));
}

static void test_data_both_ways(void **state)
{
    (void)state;
    struct world *world = create("p");
    turn_start(world->turn, 0);
    run(world, 200);
    assert_int_equal(world->n_allocated, 1);
    reply(world, "too early"); /* no permission: nobody hears it */
    run(world, 100);
    assert_int_equal(world->n_data, 0);
    say(world, "one"); /* waits for its permission */
    run(world, 200);
    assert_string_equal(world->heard, "one");
    reply(world, "two");
    run(world, 100);
    assert_string_equal(world->data, "two");
    assert_int_equal(world->server.n_channel, 0);

    turn_bind(world->turn, &world->peer, world->net.now_ms);
    run(world, 100);
    say(world, "three");
    run(world, 100);
    assert_string_equal(world->heard, "three");
    assert_int_equal(world->server.n_channel, 1);
    reply(world, "four");
    run(world, 100);
    assert_string_equal(world->data, "four");
    assert_int_equal(world->n_failed, 0);
    destroy(world);
}

static void test_it_lasts_for_hours(void **state)
{
    (void)state;
    struct world *world = create("p");
    turn_start(world->turn, 0);
    run(world, 200);
    turn_bind(world->turn, &world->peer, world->net.now_ms);
    for (int hour = 0; hour < 2; hour++) {
        snprintf(world->server.nonce, sizeof world->server.nonce, "fresh-%d", hour);
        run(world, 3600000 / 2);
        world->server.allocations[0].n_peers = 1; /* the test server keeps every permission */
        say(world, "still here");
        run(world, 100);
    }
    assert_int_equal(world->n_peer, 2);
    assert_int_equal(world->n_failed, 0);
    assert_in_range(world->server.n_refreshed, 5, 10);
    assert_true(world->server.n_stale > 0); /* and renewed */
    turn_close(world->turn);
    run(world, 100);
    assert_int_equal(world->server.n_released, 1);
    destroy(world);
}

static void test_wrong_password(void **state)
{
    (void)state;
    struct world *world = create("guess");
    turn_start(world->turn, 0);
    run(world, 1000);
    assert_int_equal(world->n_failed, 1);
    assert_int_equal(world->err, ERR_AUTH);
    assert_non_null(strstr(world->text, "401"));
    assert_null(strstr(world->text, "guess"));
    assert_int_equal(world->server.n_refused, 1); /* tried once */
    destroy(world);
}

static void test_server_says_no(void **state)
{
    (void)state;
    struct world *world = create("p");
    world->server.refuse_allocate = 486;
    turn_start(world->turn, 0);
    run(world, 1000);
    assert_int_equal(world->err, ERR_REFUSED);
    assert_string_equal(world->text, "no relayed address: the TURN server answered 486 No");
    destroy(world);
}

static void test_silent_server(void **state)
{
    (void)state;
    struct world *world = create("p");
    world->net.lose_percent = 100;
    turn_start(world->turn, 0);
    run(world, 38000);
    assert_int_equal(world->n_failed, 0);
    run(world, 3000);
    assert_int_equal(world->n_failed, 1);
    assert_int_equal(world->err, ERR_TIMEOUT);
    assert_int_equal(world->sent, 7); /* RFC 8489 §6.2.1 */
    destroy(world);
}

static void test_a_lossy_way(void **state)
{
    (void)state;
    struct world *world = create("p");
    world->net.lose_percent = 30;
    turn_start(world->turn, 0);
    run(world, 20000);
    assert_int_equal(world->n_allocated, 1);
    turn_bind(world->turn, &world->peer, world->net.now_ms);
    run(world, 20000);
    for (int i = 0; i < 50; i++) {
        say(world, "x");
        run(world, 20);
    }
    assert_in_range(world->n_peer, 10, 45);
    assert_int_equal(world->n_failed, 0);
    destroy(world);
}

static void test_forbidden_peer(void **state)
{
    (void)state;
    struct world *world = create("p");
    world->server.forbid = true;
    turn_start(world->turn, 0);
    run(world, 200);
    say(world, "no");
    run(world, 10000);
    assert_int_equal(world->n_peer, 0);
    assert_int_equal(world->n_failed, 0); /* other peers may do */
    assert_int_equal(world->sent, 3);     /* two allocates, one permission, asked once */
    destroy(world);
}

static void test_forged_answers(void **state)
{
    (void)state;
    struct world *world = create("p");
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    uint8_t id[STUN_ID_LEN] = { 7 };
    turn_start(world->turn, 0);
    run(world, 200);
    stun_begin(&buf, STUN_SUCCESS, STUN_ALLOCATE, id);
    assert_int_equal(turn_feed(world->turn, buf_slice(&buf), 200), ERR_NOT_FOUND);
    assert_int_equal(turn_feed(world->turn, SLICE("\x40\0\0\x09x"), 200), ERR_PARSE);
    assert_int_equal(turn_feed(world->turn, SLICE("\x40\7\0\1x"), 200), ERR_NOT_FOUND);
    assert_int_equal(turn_feed(world->turn, SLICE("\0\1"), 200), ERR_PARSE);
    assert_int_equal(turn_feed(world->turn, SLICE_NONE, 200), ERR_PARSE);
    assert_int_equal(world->n_data, 0);
    destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_both_ways), cmocka_unit_test(test_it_lasts_for_hours),
        cmocka_unit_test(test_wrong_password), cmocka_unit_test(test_server_says_no),
        cmocka_unit_test(test_silent_server),  cmocka_unit_test(test_a_lossy_way),
        cmocka_unit_test(test_forbidden_peer), cmocka_unit_test(test_forged_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
