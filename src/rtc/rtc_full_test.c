/* Transports with the full agent on real sockets, loopback only. */
#include <sys/socket.h>
#include <unistd.h>

#include "media/transport.h"
#include "rtc/rtc_party_test.h"

static struct rtc_ice_config on_loopback(void)
{
    return (struct rtc_ice_config){ .bind = addr_loopback4(0) };
}

static void test_full_calls_lite(void **state)
{
    struct rtc_ice_config config = on_loopback();
    struct party a, b;
    config.controlling = true;
    party_open(&a, *state, &config);
    party_open(&b, *state, NULL);
    party_wait(&a, &a.n_gathered, 1, 1000);
    assert_int_equal(a.n_candidates, 1);
    assert_int_equal(a.candidates[0].type, RTC_CANDIDATE_HOST);
    assert_true(addr_is_loopback(&a.candidates[0].addr));
    assert_int_not_equal(addr_port(&a.candidates[0].addr), 0);
    party_call(&a, &b);
    party_close(&a);
    party_close(&b);
}

static void test_full_calls_full(void **state)
{
    struct rtc_ice_config config = on_loopback();
    struct party a, b;
    party_open(&b, *state, &config);
    config.controlling = true;
    party_open(&a, *state, &config);
    party_wait(&a, &a.n_gathered, 1, 1000);
    party_wait(&b, &b.n_gathered, 1, 1000);
    party_call(&a, &b);
    party_close(&a);
    party_close(&b);
}

/* Two calls to a far end that has one port for all: only our ports tell them apart. */
static void test_two_calls_to_one_far_port(void **state)
{
    struct rtc_ice_config config = on_loopback();
    struct party a[2], b[2];
    config.controlling = true;
    for (int i = 0; i < 2; i++) {
        party_open(&a[i], *state, &config);
        party_open(&b[i], *state, NULL);
        party_wait(&a[i], &a[i].n_gathered, 1, 1000);
        party_call(&a[i], &b[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(a[i].seen.n_failed + b[i].seen.n_failed, 0);
        party_close(&a[i]);
        party_close(&b[i]);
    }
}

/* Every address of the machine but loopback, and each works toward the lite end's 127.0.0.1. */
static void test_bound_to_all(void **state)
{
    struct rtc_ice_config config = { .controlling = true };
    struct party a, b;
    party_open(&a, *state, &config);
    party_open(&b, *state, NULL);
    party_wait(&a, &a.n_gathered, 1, 1000);
    for (size_t i = 0; i < a.n_candidates; i++)
        assert_false(addr_is_loopback(&a.candidates[i].addr));
    if (a.n_candidates)
        party_call(&a, &b);
    party_close(&a);
    party_close(&b);
}

static int silent_socket(int kind, struct addr *addr)
{
    socklen_t len = sizeof *addr;
    *addr = addr_loopback4(0);
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
    assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
    return fd;
}

/* Gathering ends although nobody answers; a connection refused is said at once. */
static void test_silent_and_missing_servers(void **state)
{
    struct rtc_ice_server servers[4] = { 0 };
    struct rtc_ice_config config = on_loopback();
    struct party a;
    struct addr silent, missing;
    int fd = silent_socket(SOCK_DGRAM, &silent);
    int gone = silent_socket(SOCK_STREAM, &missing); /* bound, not listening */
    const struct {
        const char *text;
        uint16_t port;
    } rows[] = {
        { "stun:127.0.0.1", addr_port(&silent) },
        { "turn:127.0.0.1", addr_port(&silent) },
        { "turn:127.0.0.1?transport=tcp", addr_port(&missing) },
        { "turns:127.0.0.1", addr_port(&missing) },
    };
    for (size_t i = 0; i < 4; i++) {
        struct ice_uri *uri = &servers[i].uri;
        struct slice text = slice_of(rows[i].text);
        assert_int_equal(ice_uri_parse(text, uri), OK);
        uri->port = rows[i].port;
        servers[i].username = servers[i].password = "x";
    }
    config.servers = servers;
    config.n_servers = 4;
    party_open(&a, *state, &config);
    party_wait(&a, &a.seen.n_steps, 2, 2000);
    assert_non_null(strstr(a.seen.steps[0], "turn "));
    assert_non_null(strstr(a.seen.steps[0], "refused"));
    assert_int_equal(a.n_gathered, 0);
    party_wait(&a, &a.n_gathered, 1, RTC_GATHER_MS + 1000);
    assert_int_equal(a.n_candidates, 1);
    assert_int_equal(a.seen.n_failed, 0);
    party_close(&a);
    close(fd);
    close(gone);
}

static void test_never_started(void **state)
{
    struct world *world = *state;
    struct rtc_ice_config config = on_loopback();
    struct rtc_local local;
    struct rtc_ice_server server = { .username = "u", .password = "p" };
    assert_int_equal(ice_uri_parse(SLICE("turns:127.0.0.1"), &server.uri), OK);
    config.servers = &server;
    config.n_servers = 1;
    struct media_transport *transport = rtc_transport_create_full(world->rtc, 0, &config, &local);
    transport->ops->destroy(transport);
    assert_int_not_equal(strlen(local.ufrag), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_full_calls_lite),
        WORLD_TEST(test_full_calls_full),
        WORLD_TEST(test_two_calls_to_one_far_port),
        WORLD_TEST(test_bound_to_all),
        WORLD_TEST(test_silent_and_missing_servers),
        WORLD_TEST(test_never_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
