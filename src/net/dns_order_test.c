#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/dns_order.h"

static struct dns_record srv(uint16_t priority, uint16_t weight, uint16_t port)
{
    return (struct dns_record){ .type = DNS_SRV,
                                .srv = { .priority = priority, .weight = weight, .port = port } };
}

static struct dns_record naptr(uint16_t order, uint16_t preference, uint32_t id)
{
    return (struct dns_record){ .type = DNS_NAPTR,
                                .ttl_s = id,
                                .naptr = { .order = order, .preference = preference } };
}

static void srv_goes_by_priority_then_weight(void **state)
{
    (void)state;
    int first[4] = { 0 };
    for (int i = 0; i < 4000; i++) {
        struct dns_record records[] = { srv(2, 9, 9), srv(1, 10, 1), srv(1, 30, 3), srv(1, 0, 0) };
        dns_order(records, 4);
        assert_int_equal(records[3].srv.port, 9);
        assert_true(records[0].srv.port < 4);
        first[records[0].srv.port]++;
        assert_int_equal(records[0].srv.port + records[1].srv.port + records[2].srv.port, 4);
    }
    assert_in_range(first[1], 800, 1200);
    assert_in_range(first[3], 2800, 3200);
    assert_in_range(first[0], 0, 40); /* seldom, but it may happen */
}

static void equal_weights_share(void **state)
{
    (void)state;
    int first = 0;
    for (int i = 0; i < 2000; i++) {
        struct dns_record records[] = { srv(0, 0, 1), srv(0, 0, 2) };
        dns_order(records, 2);
        first += records[0].srv.port == 1;
    }
    assert_in_range(first, 850, 1150);
}

static void naptr_goes_by_order_then_preference(void **state)
{
    (void)state;
    struct dns_record records[] = { naptr(2, 1, 5), naptr(1, 9, 3), naptr(1, 2, 1), naptr(1, 2, 2),
                                    naptr(1, 9, 4) };
    dns_order(records, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(records[i].ttl_s, i + 1);
}

static void addresses_keep_their_order(void **state)
{
    (void)state;
    struct dns_record records[] = { { .type = DNS_AAAA, .ttl_s = 3 },
                                    { .type = DNS_A, .ttl_s = 1 },
                                    { .type = DNS_AAAA, .ttl_s = 4 },
                                    { .type = DNS_A, .ttl_s = 2 } };
    dns_order(records, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(records[i].ttl_s, i + 1);
    dns_order(records, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srv_goes_by_priority_then_weight),
        cmocka_unit_test(equal_weights_share),
        cmocka_unit_test(naptr_goes_by_order_then_preference),
        cmocka_unit_test(addresses_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
