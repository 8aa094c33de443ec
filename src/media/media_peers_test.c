#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rand.h"
#include "media/media_peers.h"

static void test_an_address_stays_with_its_owner(void **state)
{
    (void)state;
    struct media_peers *peers = media_peers_create();
    struct addr addr = addr_loopback4(5000), other = addr_loopback4(5001);
    int a, b;
    assert_null(media_peers_find(peers, &addr));
    assert_true(media_peers_claim(peers, &addr, &a, 1000));
    assert_ptr_equal(media_peers_find(peers, &addr), &a);
    assert_null(media_peers_find(peers, &other));
    assert_false(media_peers_may_claim(peers, &addr, &b, 1000 + MEDIA_PEERS_HOLD_MS - 1));
    assert_false(media_peers_claim(peers, &addr, &b, 1000 + MEDIA_PEERS_HOLD_MS - 1));
    assert_true(media_peers_may_claim(peers, &addr, &a, 2000));
    assert_true(media_peers_claim(peers, &addr, &b, 1000 + MEDIA_PEERS_HOLD_MS));
    assert_ptr_equal(media_peers_find(peers, &addr), &b);
    media_peers_release(peers, &addr, &a); /* not its any more */
    assert_ptr_equal(media_peers_find(peers, &addr), &b);
    media_peers_release(peers, &addr, &b);
    assert_null(media_peers_find(peers, &addr));
    assert_int_equal(media_peers_count(peers), 0);
    media_peers_destroy(peers);
}

static void test_families_differ(void **state)
{
    (void)state;
    struct media_peers *peers = media_peers_create();
    struct addr v4 = addr_any4(9), v6;
    int a, b;
    assert_int_equal(addr_parse(SLICE("[::]:9"), 0, &v6), OK);
    assert_true(media_peers_claim(peers, &v4, &a, 0));
    assert_true(media_peers_claim(peers, &v6, &b, 0));
    assert_ptr_equal(media_peers_find(peers, &v4), &a);
    assert_ptr_equal(media_peers_find(peers, &v6), &b);
    media_peers_destroy(peers);
}

/* One that sends from its own address and another's port is nobody: media is told apart by both. */
static void test_hosts_with_the_same_port_differ(void **state)
{
    (void)state;
    static const char *const texts[] = { "192.0.2.1:9", "192.0.2.2:9", "[2001:db8::1]:9",
                                         "[2001:db8::2]:9", "[2001:db8::1]:10" };
    struct media_peers *peers = media_peers_create();
    struct addr addrs[COUNT_OF(texts)];
    int owners[COUNT_OF(texts)];
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(addr_parse(slice_of(texts[i]), 0, &addrs[i]), OK);
        assert_null(media_peers_find(peers, &addrs[i]));
        assert_true(media_peers_claim(peers, &addrs[i], &owners[i], 0));
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_ptr_equal(media_peers_find(peers, &addrs[i]), &owners[i]);
    media_peers_destroy(peers);
}

/* Random claims and releases against a plain array. */
static void test_it_agrees_with_an_array(void **state)
{
    (void)state;
    enum { PORTS = 400, STEPS = 40000 };
    static int owners[PORTS];
    static bool in[PORTS];
    struct media_peers *peers = media_peers_create();
    size_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        size_t i = rand_u32() % PORTS;
        struct addr addr = addr_loopback4((uint16_t)(1000 + i));
        if (in[i])
            media_peers_release(peers, &addr, &owners[i]);
        else
            assert_true(media_peers_claim(peers, &addr, &owners[i], 0));
        in[i] = !in[i];
        count += in[i] ? 1 : (size_t)-1;
        assert_int_equal(media_peers_count(peers), count);
        if (step % 100)
            continue;
        for (size_t j = 0; j < PORTS; j++) {
            addr_set_port(&addr, (uint16_t)(1000 + j));
            assert_ptr_equal(media_peers_find(peers, &addr), in[j] ? &owners[j] : NULL);
        }
    }
    media_peers_destroy(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_stays_with_its_owner),
        cmocka_unit_test(test_families_differ),
        cmocka_unit_test(test_hosts_with_the_same_port_differ),
        cmocka_unit_test(test_it_agrees_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
