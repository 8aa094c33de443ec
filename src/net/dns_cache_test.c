#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "net/dns_cache.h"

static struct dns_record record(uint32_t ttl_s)
{
    return (struct dns_record){ .type = DNS_A, .ttl_s = ttl_s, .addr = addr_loopback4(0) };
}

static void keeps_until_the_ttl_ends(void **state)
{
    (void)state;
    struct dns_cache *cache = dns_cache_create(4);
    struct dns_record in[2] = { record(100), record(10) }, out[4];
    size_t n = 4;
    dns_cache_put(cache, DNS_A, SLICE("a.test"), OK, in, 2, 1000);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("A.test."), out, &n, 4500), OK);
    assert_int_equal(n, 2);
    assert_int_equal(out[0].ttl_s, 97);
    assert_int_equal(out[1].ttl_s, 7);
    assert_int_equal(dns_cache_find(cache, DNS_AAAA, SLICE("a.test"), out, &n, 4500), ERR_AGAIN);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("a.test"), out, &n, 10999), OK);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("a.test"), out, &n, 11000), ERR_AGAIN);
    assert_int_equal(dns_cache_count(cache), 0);
    n = 1;
    dns_cache_put(cache, DNS_A, SLICE("b"), OK, in, 2, 0);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("b"), out, &n, 0), OK);
    assert_int_equal(n, 1);
    struct dns_record zero = record(0);
    dns_cache_put(cache, DNS_A, SLICE("c"), OK, &zero, 1, 0);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("c"), out, &n, 0), ERR_AGAIN);
    dns_cache_destroy(cache);
}

static void absence_is_kept_shortly(void **state)
{
    (void)state;
    struct dns_cache *cache = dns_cache_create(4);
    struct dns_record out[1];
    size_t n = 1;
    dns_cache_put(cache, DNS_SRV, SLICE("x"), ERR_NOT_FOUND, NULL, 0, 0);
    assert_int_equal(dns_cache_find(cache, DNS_SRV, SLICE("x"), out, &n, 4999), ERR_NOT_FOUND);
    assert_int_equal(dns_cache_find(cache, DNS_SRV, SLICE("x"), out, &n, 5000), ERR_AGAIN);
    dns_cache_destroy(cache);
}

static void the_least_used_makes_room(void **state)
{
    (void)state;
    struct dns_cache *cache = dns_cache_create(3);
    struct dns_record one = record(60), out[1];
    size_t n = 1;
    static const char *const names[] = { "a", "b", "c" };
    for (int i = 0; i < 3; i++)
        dns_cache_put(cache, DNS_A, slice_of(names[i]), OK, &one, 1, 0);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("a"), out, &n, 1), OK);
    dns_cache_put(cache, DNS_A, SLICE("d"), OK, &one, 1, 1);
    assert_int_equal(dns_cache_count(cache), 3);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("a"), out, &n, 1), OK);
    assert_int_equal(dns_cache_find(cache, DNS_A, SLICE("b"), out, &n, 1), ERR_AGAIN);
    dns_cache_put(cache, DNS_A, SLICE("a"), OK, &one, 1, 2); /* replaces, does not grow */
    assert_int_equal(dns_cache_count(cache), 3);
    dns_cache_clear(cache);
    assert_int_equal(dns_cache_count(cache), 0);
    dns_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_until_the_ttl_ends),
        cmocka_unit_test(absence_is_kept_shortly),
        cmocka_unit_test(the_least_used_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
