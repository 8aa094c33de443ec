/* The UDP socket: addresses both ways, ICMP, destroying inside an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"
#include "udp.h"

#include <errno.h>

struct end {
    struct loop *loop;
    struct udp *udp;
    unsigned packets, errors;
    struct addr from, to;
    char bytes[64];
    size_t len;
    int error;
    bool destroys;
};

static void on_packet(void *owner, const struct addr *from, const struct addr *to,
                      struct slice bytes)
{
    struct end *end = owner;
    end->packets++;
    end->from = *from;
    end->to = *to;
    end->len = bytes.len;
    if (bytes.len < sizeof end->bytes)
        (void)slice_copy(bytes, end->bytes, sizeof end->bytes);
    if (end->destroys)
        udp_destroy(end->udp);
}

static void on_error(void *owner, const struct addr *to, int error)
{
    struct end *end = owner;
    end->errors++;
    end->to = *to;
    end->error = error;
}

static const struct udp_events events = { .on_packet = on_packet, .on_error = on_error };

static void open_end(struct end *end, struct loop *loop, const char *where)
{
    struct addr bind;
    struct fault fault = { 0 };
    *end = (struct end){ .loop = loop };
    assert_int_equal(addr_parse(slice_of(where), 0, &bind), OK);
    assert_int_equal(udp_create(&end->udp, loop, &bind, &events, end, &fault), OK);
}

static void wait_for(struct end *end, const unsigned *count, unsigned n)
{
    for (int i = 0; i < 100 && *count < n; i++)
        loop_turn(end->loop, 10);
    assert_int_equal(*count, n);
}

static void exchange(const char *where, const char *to)
{
    struct loop *loop = loop_create();
    struct end a;
    struct end b;
    struct addr target;
    open_end(&a, loop, where);
    open_end(&b, loop, where);
    assert_int_equal(addr_parse(slice_of(to), 0, &target), OK);
    addr_set_port(&target, addr_port(udp_local(b.udp)));
    assert_int_equal(udp_send(a.udp, &target, NULL, SLICE("hello")), OK);
    wait_for(&b, &b.packets, 1);
    assert_string_equal(b.bytes, "hello");
    assert_true(addr_eq(&b.to, &target)); /* not the any-address */
    assert_int_equal(addr_port(&b.from), addr_port(udp_local(a.udp)));
    /* and back from the very address that was asked */
    assert_int_equal(udp_send(b.udp, &b.from, &b.to, SLICE("yes")), OK);
    wait_for(&a, &a.packets, 1);
    assert_true(addr_eq(&a.from, &target));
    udp_destroy(a.udp);
    udp_destroy(b.udp);
    loop_destroy(loop);
}

static void datagrams_carry_both_addresses(void **state)
{
    (void)state;
    exchange("127.0.0.1:0", "127.0.0.1");
    exchange("0.0.0.0:0", "127.0.0.3"); /* every 127/8 address is ours */
    exchange("[::1]:0", "[::1]");
    exchange("[::]:0", "[::1]");
}

static void a_closed_port_is_reported_with_its_address(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct end a;
    struct end b;
    open_end(&a, loop, "127.0.0.1:0");
    open_end(&b, loop, "127.0.0.1:0");
    struct addr closed = *udp_local(b.udp);
    udp_destroy(b.udp);
    loop_turn(loop, 10);
    assert_int_equal(udp_send(a.udp, &closed, NULL, SLICE("x")), OK);
    wait_for(&a, &a.errors, 1);
    assert_true(addr_eq(&a.to, &closed));
    assert_int_equal(a.error, ECONNREFUSED);
    /* and the socket goes on working, in both directions */
    open_end(&b, loop, "127.0.0.1:0");
    assert_int_equal(udp_send(a.udp, udp_local(b.udp), NULL, SLICE("still")), OK);
    wait_for(&b, &b.packets, 1);
    assert_int_equal(udp_send(b.udp, udp_local(a.udp), NULL, SLICE("alive")), OK);
    wait_for(&a, &a.packets, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(udp_send(a.udp, &closed, NULL, SLICE("x")), OK);
    wait_for(&a, &a.errors, 21);
    udp_destroy(a.udp);
    udp_destroy(b.udp);
    loop_destroy(loop);
}

static void it_may_be_destroyed_inside_its_event(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct end a;
    struct end b;
    open_end(&a, loop, "127.0.0.1:0");
    open_end(&b, loop, "127.0.0.1:0");
    b.destroys = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(udp_send(a.udp, udp_local(b.udp), NULL, SLICE("x")), OK);
    wait_for(&b, &b.packets, 1);
    for (int i = 0; i < 5; i++)
        loop_turn(loop, 5);
    assert_int_equal(b.packets, 1);
    udp_destroy(a.udp);
    loop_destroy(loop);
}

static void the_largest_datagram_passes_and_a_larger_one_does_not(void **state)
{
    (void)state;
    static char big[UDP_MAX_DATAGRAM + 1];
    struct loop *loop = loop_create();
    struct end a;
    open_end(&a, loop, "127.0.0.1:0");
    assert_int_equal(udp_send(a.udp, udp_local(a.udp), NULL, slice_make(big, UDP_MAX_DATAGRAM + 1)),
                     ERR_IO);
    assert_int_equal(errno, EMSGSIZE);
    assert_int_equal(udp_send(a.udp, udp_local(a.udp), NULL, slice_make(big, UDP_MAX_DATAGRAM)),
                     OK);
    wait_for(&a, &a.packets, 1);
    assert_int_equal(a.len, UDP_MAX_DATAGRAM);
    udp_destroy(a.udp);
    loop_destroy(loop);
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct end a;
    struct udp *second = NULL;
    struct fault fault = { 0 };
    open_end(&a, loop, "127.0.0.1:0");
    assert_int_equal(udp_create(&second, loop, udp_local(a.udp), &events, &a, &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "Address already in use"));
    assert_non_null(strstr(fault.where, "127.0.0.1:"));
    udp_destroy(a.udp);
    udp_destroy(NULL);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_carry_both_addresses),
        cmocka_unit_test(a_closed_port_is_reported_with_its_address),
        cmocka_unit_test(it_may_be_destroyed_inside_its_event),
        cmocka_unit_test(the_largest_datagram_passes_and_a_larger_one_does_not),
        cmocka_unit_test(a_port_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
