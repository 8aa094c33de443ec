/* Batches through real sockets, on a media thread's own functions. */
#include "media/media_rig_test.h"

#include "media/media_thread.h"

struct bounce { /* sends every datagram back to where it came from */
    struct media_socket *socket;
    struct addr addr;
    int fd;
    unsigned batches, packets, close_after;
    size_t largest;
};

static void on_packets(void *owner, struct media_packet *const *packets, size_t n)
{
    struct bounce *bounce = owner;
    bounce->batches++;
    bounce->packets += (unsigned)n;
    if (n > bounce->largest)
        bounce->largest = n;
    media_socket_send(bounce->socket, packets, n);
    if (bounce->close_after && bounce->packets >= bounce->close_after) {
        media_socket_close(bounce->socket);
        bounce->socket = NULL;
    }
}

static void open_it(struct media_thread *thread, void *arg)
{
    struct bounce *bounce = arg;
    bounce->socket = media_socket_open(thread, bounce->fd, on_packets, bounce);
}

static void close_it(struct media_thread *thread, void *arg)
{
    struct bounce *bounce = arg;
    (void)thread;
    media_socket_close(bounce->socket);
    bounce->socket = NULL;
}

static unsigned collect(struct rig *rig, int fd, unsigned want)
{
    unsigned got = 0;
    char bytes[2000];
    for (int64_t end_us = rig_now_us() + 2000000; got < want && rig_now_us() < end_us;) {
        if (recv(fd, bytes, sizeof bytes, 0) == (ssize_t)(100 + got % 7))
            got++;
        else
            loop_turn(rig->loop, 1);
    }
    return got;
}

static void returns_every_datagram_in_order(void **state)
{
    (void)state;
    enum { N = 200 };
    struct rig rig;
    struct addr from;
    char bytes[200] = { 0 };
    struct bounce bounce = { .fd = far_bind(&bounce.addr) };
    int fd = far_bind(&from);
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    for (unsigned i = 0; i < N; i++) /* all there before the thread looks */
        assert_true(sendto(fd, bytes, 100 + i % 7, 0, &bounce.addr.sa, addr_len(&bounce.addr)) > 0);
    media_thread_run(rig.media, 0, open_it, &bounce);
    assert_int_equal(collect(&rig, fd, N), N);
    media_thread_run(rig.media, 0, close_it, &bounce);
    rig_destroy(&rig);
    assert_int_equal(bounce.packets, N);
    assert_int_equal(bounce.largest, MEDIA_BATCH);
    close(fd);
}

static void a_datagram_too_long_is_dropped(void **state)
{
    (void)state;
    struct rig rig;
    struct addr from;
    static char bytes[MEDIA_PACKET_MAX + 1];
    struct bounce bounce = { .fd = far_bind(&bounce.addr) };
    int fd = far_bind(&from);
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    media_thread_run(rig.media, 0, open_it, &bounce);
    assert_true(sendto(fd, bytes, sizeof bytes, 0, &bounce.addr.sa, addr_len(&bounce.addr)) > 0);
    assert_true(sendto(fd, bytes, 100, 0, &bounce.addr.sa, addr_len(&bounce.addr)) > 0);
    assert_int_equal(collect(&rig, fd, 1), 1);
    media_thread_run(rig.media, 0, close_it, &bounce);
    rig_destroy(&rig);
    assert_int_equal(bounce.packets, 1);
    close(fd);
}

static void may_be_closed_by_what_it_receives(void **state)
{
    (void)state;
    struct rig rig;
    struct addr from;
    char bytes[200] = { 0 };
    struct bounce bounce = { .fd = far_bind(&bounce.addr), .close_after = 1 };
    int fd = far_bind(&from);
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    for (unsigned i = 0; i < 2 * MEDIA_BATCH; i++)
        assert_true(sendto(fd, bytes, 100 + i % 7, 0, &bounce.addr.sa, addr_len(&bounce.addr)) > 0);
    media_thread_run(rig.media, 0, open_it, &bounce);
    assert_int_equal(collect(&rig, fd, MEDIA_BATCH), MEDIA_BATCH); /* sent before it closed */
    rig_destroy(&rig);
    assert_int_equal(bounce.batches, 1);
    close(fd);
}

/* Two sockets that have packets in the same turn: the first to be delivered closes the other. */
struct rivals {
    struct {
        struct rivals *both;
        struct media_socket *socket;
        int fd;
        unsigned packets;
    } each[2];
};

static void on_rival(void *owner, struct media_packet *const *packets, size_t n)
{
    struct rivals *rivals = *(struct rivals **)owner; /* its first member */
    size_t at = owner == (void *)&rivals->each[1];
    (void)packets;
    rivals->each[at].packets += (unsigned)n;
    media_socket_close(rivals->each[1 - at].socket);
    rivals->each[1 - at].socket = NULL;
}

static void open_rivals(struct media_thread *thread, void *arg)
{
    struct rivals *rivals = arg;
    for (size_t i = 0; i < 2; i++)
        rivals->each[i].socket =
            media_socket_open(thread, rivals->each[i].fd, on_rival, &rivals->each[i]);
}

static void close_rivals(struct media_thread *thread, void *arg)
{
    struct rivals *rivals = arg;
    (void)thread;
    for (size_t i = 0; i < 2; i++)
        media_socket_close(rivals->each[i].socket);
}

static void one_closed_by_another_receives_no_more(void **state)
{
    (void)state;
    struct rig rig;
    struct addr from, addrs[2];
    struct rivals rivals = { 0 };
    int fd = far_bind(&from);
    for (size_t i = 0; i < 2; i++) {
        rivals.each[i].both = &rivals;
        rivals.each[i].fd = far_bind(&addrs[i]);
        for (unsigned n = 0; n < 3; n++)
            assert_int_equal(sendto(fd, "x", 1, 0, &addrs[i].sa, addr_len(&addrs[i])), 1);
    }
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    media_thread_run(rig.media, 0, open_rivals, &rivals);
    for (int64_t end_us = rig_now_us() + 300000; rig_now_us() < end_us;)
        loop_turn(rig.loop, 5);
    media_thread_run(rig.media, 0, close_rivals, &rivals);
    rig_destroy(&rig);
    assert_int_equal(rivals.each[0].packets + rivals.each[1].packets, 3);
    close(fd);
}

static int bind_any(bool v6, struct addr *bound)
{
    struct addr any = addr_any4(0);
    socklen_t len = sizeof *bound;
    if (v6)
        assert_int_equal(addr_parse(SLICE("[::]:0"), 0, &any), OK);
    int fd = socket(any.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &any.sa, addr_len(&any)), 0);
    assert_int_equal(getsockname(fd, &bound->sa, &len), 0);
    return fd;
}

/* A connected socket hears only the address that it wrote to. */
static void ask_at(struct rig *rig, const char *ip, uint16_t port)
{
    struct addr to;
    char bytes[200] = { 0 };
    assert_int_equal(addr_parse_ip(slice_of(ip), port, &to), OK);
    int fd = socket(to.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &to.sa, addr_len(&to)), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(send(fd, bytes, 100 + i, 0), 100 + i);
    assert_int_equal(collect(rig, fd, 3), 3);
    close(fd);
}

/* From a socket of one address toward several of the gateway's: there the kernel would choose one
 * and the same to answer from. */
static void answers_from_where_it_was_asked(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct rig rig;
        struct bounce bounce = { .fd = bind_any(v6, &bounce.addr) };
        uint16_t port = addr_port(&bounce.addr);
        rig_create(&rig, &(struct media_config){ .threads = 1 });
        media_thread_run(rig.media, 0, open_it, &bounce);
        ask_at(&rig, "127.0.0.1", port);
        ask_at(&rig, "127.0.0.2", port);
        ask_at(&rig, "127.9.8.7", port);
        if (v6)
            ask_at(&rig, "::1", port);
        media_thread_run(rig.media, 0, close_it, &bounce);
        rig_destroy(&rig);
        assert_int_equal(bounce.packets, v6 ? 12 : 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_every_datagram_in_order),
        cmocka_unit_test(a_datagram_too_long_is_dropped),
        cmocka_unit_test(may_be_closed_by_what_it_receives),
        cmocka_unit_test(one_closed_by_another_receives_no_more),
        cmocka_unit_test(answers_from_where_it_was_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
