/* Who is heard on the socket of a fax by T.38, on real sockets of loopback. */
#include "media/fax_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET SLICE("\0\1\1\2\0\0")
#define NOISE SLICE("\x80\0\0\1 no UDPTL")

static int open_socket(const char *ip, struct addr *out)
{
    struct addr any;
    socklen_t len = sizeof *out;
    assert_int_equal(addr_parse_ip(slice_of(ip), 0, &any), OK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, &any.sa, addr_len(&any)), 0);
    *out = (struct addr){ 0 };
    assert_int_equal(getsockname(fd, &out->sa, &len), 0);
    return fd;
}

static void say(int fd, const struct addr *to, struct slice bytes)
{
    assert_int_equal(sendto(fd, bytes.ptr, bytes.len, 0, &to->sa, addr_len(to)), bytes.len);
}

static unsigned count_heard(struct fax_wire *wire)
{
    char mem[UDPTL_DATAGRAM_MAX];
    struct slice datagram;
    unsigned n = 0;
    while (fax_wire_read(wire, mem, &datagram)) {
        assert_true(slice_eq(datagram, PACKET));
        n++;
    }
    return n;
}

static void the_first_that_speaks_udptl_is_the_far_end(void **state)
{
    struct fax_wire wire;
    struct addr ours, signalled, real, rival, stranger;
    char got[16];
    (void)state;
    fax_wire_init(&wire);
    assert_int_equal(count_heard(&wire), 0); /* there is no socket yet */
    wire.fd = open_socket("127.0.0.1", &ours);
    int at_signalled = open_socket("127.0.0.1", &signalled),
        at_real = open_socket("127.0.0.1", &real), at_rival = open_socket("127.0.0.1", &rival),
        at_stranger = open_socket("127.0.0.2", &stranger);
    say(at_signalled, &ours, PACKET);
    assert_int_equal(count_heard(&wire), 0); /* before anybody said where the far end is */
    rtp_learn_set_remote(&wire.learn, &(struct rtp_remote){ .rtp = signalled });
    fax_wire_send(&wire, PACKET);
    assert_int_equal(recv(at_signalled, got, sizeof got, 0), PACKET.len);
    say(at_stranger, &ours, PACKET); /* another address */
    say(at_rival, &ours, NOISE);     /* the address, and not the protocol */
    assert_int_equal(count_heard(&wire), 0);
    say(at_real, &ours, PACKET); /* behind NAT: another port than was signalled */
    say(at_rival, &ours, PACKET);
    say(at_real, &ours, NOISE);
    say(at_real, &ours, PACKET);
    assert_int_equal(count_heard(&wire), 2);
    fax_wire_send(&wire, PACKET);
    assert_int_equal(recv(at_real, got, sizeof got, 0), PACKET.len);
    rtp_learn_set_remote(&wire.learn, &(struct rtp_remote){ .rtp = rival }); /* a later offer */
    say(at_rival, &ours, PACKET);
    assert_int_equal(count_heard(&wire), 1);
    const int fds[] = { wire.fd, at_signalled, at_real, at_rival, at_stranger };
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_speaks_udptl_is_the_far_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
