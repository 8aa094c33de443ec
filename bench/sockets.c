/* bench sockets: what a datagram that comes and goes costs by the way that is done, with nothing
 * else around it: the ground of the choice in docs/media.md. Each far end writes to a socket of its
 * own (or all to one) 50 times a second, and gets back what it wrote. */
#include <jansson.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "bench/bench.h"

enum {
    BATCH = 64,
    PACKET = 172, /* G.711, 20 ms */
    ROOM = 512,
    EVENTS = 1024,
    BUFFERS = 4096,
    WARM_MS = 300,
    MEASURE_MS = 1500,
    TICK_NS = 250000,
    DRAIN_MS = 50,
    BUFFER_BYTES = 16 << 20,
    ROUNDS = 3,
};
#define ECHOED (1ULL << 32) /* in user_data: a send, of the buffer in the low bits */

struct batch {
    struct mmsghdr msgs[BATCH];
    struct iovec iov[BATCH];
    struct addr from[BATCH];
    uint8_t bytes[BATCH][ROOM];
};

static int open_socket(struct addr *bound)
{
    int size = BUFFER_BYTES;
    socklen_t len = sizeof *bound;
    *bound = addr_loopback4(0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BUG_IF(fd < 0 || bind(fd, &bound->sa, addr_len(bound)));
    BUG_IF(getsockname(fd, &bound->sa, &len));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return fd;
}

static int receive(struct batch *batch, int fd)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch->iov[i] = (struct iovec){ batch->bytes[i], ROOM };
        batch->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &batch->from[i].sa,
                                                  .msg_namelen = sizeof batch->from[i],
                                                  .msg_iov = &batch->iov[i],
                                                  .msg_iovlen = 1 };
    }
    return recvmmsg(fd, batch->msgs, BATCH, MSG_DONTWAIT, NULL);
}

/* epoll, recvmmsg and sendmmsg at each socket that has something. */
static void serve_epoll(const int *fds, size_t n)
{
    static struct batch batch;
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < n; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fds[i] };
        BUG_IF(epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event));
    }
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd, got = receive(&batch, fd);
            for (int k = 0; k < got; k++)
                batch.iov[k].iov_len = batch.msgs[k].msg_len;
            if (got > 0)
                (void)!sendmmsg(fd, batch.msgs, (unsigned)got, MSG_DONTWAIT);
        }
    }
}

/* io_uring: receives that stay armed, into buffers that the kernel picks; sends of all sockets in
 * one submission. */
struct uring {
    struct io_uring ring;
    struct io_uring_buf_ring *buffers;
    struct msghdr shape; /* what a receive is to leave room for */
    struct echo {
        uint8_t bytes[ROOM];
        struct msghdr msg;
        struct iovec iov;
    } echoes[BUFFERS];
};

static void give_buffer(struct uring *uring, size_t i)
{
    io_uring_buf_ring_add(uring->buffers, uring->echoes[i].bytes, ROOM, (unsigned short)i,
                          io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(uring->buffers, 1);
}

static struct io_uring_sqe *next_sqe(struct uring *uring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
    if (sqe)
        return sqe;
    io_uring_submit(&uring->ring);
    sqe = io_uring_get_sqe(&uring->ring);
    BUG_IF(!sqe);
    return sqe;
}

static void arm(struct uring *uring, size_t socket)
{
    struct io_uring_sqe *sqe = next_sqe(uring);
    io_uring_prep_recvmsg_multishot(sqe, (int)socket, &uring->shape, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
    sqe->user_data = socket;
}

static void echo(struct uring *uring, size_t socket, size_t buffer, int len)
{
    struct echo *echo = &uring->echoes[buffer];
    struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(echo->bytes, len, &uring->shape);
    if (!out) {
        give_buffer(uring, buffer);
        return;
    }
    echo->iov = (struct iovec){ io_uring_recvmsg_payload(out, &uring->shape),
                                io_uring_recvmsg_payload_length(out, len, &uring->shape) };
    echo->msg = (struct msghdr){ .msg_name = io_uring_recvmsg_name(out),
                                 .msg_namelen = out->namelen,
                                 .msg_iov = &echo->iov,
                                 .msg_iovlen = 1 };
    struct io_uring_sqe *sqe = next_sqe(uring);
    io_uring_prep_sendmsg(sqe, (int)socket, &echo->msg, MSG_DONTWAIT);
    sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = ECHOED | buffer;
}

static void take(struct uring *uring, const struct io_uring_cqe *cqe)
{
    if (cqe->user_data & ECHOED) {
        give_buffer(uring, (size_t)(cqe->user_data & ~ECHOED));
        return;
    }
    if (cqe->flags & IORING_CQE_F_BUFFER)
        echo(uring, (size_t)cqe->user_data, cqe->flags >> IORING_CQE_BUFFER_SHIFT, cqe->res);
    if (!(cqe->flags & IORING_CQE_F_MORE))
        arm(uring, (size_t)cqe->user_data);
}

static void serve_uring(const int *fds, size_t n)
{
    struct uring *uring = mem_new(struct uring);
    struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER |
                                               IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
                                      .cq_entries = 4 * BUFFERS };
    void *memory = NULL;
    if (io_uring_queue_init_params(BUFFERS, &uring->ring, &params) ||
        io_uring_register_files(&uring->ring, fds, (unsigned)n))
        _exit(1);
    BUG_IF(posix_memalign(&memory, (size_t)sysconf(_SC_PAGESIZE),
                          BUFFERS * sizeof(struct io_uring_buf)));
    struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)memory, .ring_entries = BUFFERS };
    if (io_uring_register_buf_ring(&uring->ring, &reg, 0))
        _exit(1);
    uring->buffers = memory;
    io_uring_buf_ring_init(uring->buffers);
    uring->shape.msg_namelen = sizeof(struct addr);
    for (size_t i = 0; i < BUFFERS; i++)
        give_buffer(uring, i);
    for (size_t i = 0; i < n; i++)
        arm(uring, i);
    for (;;) {
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        io_uring_submit_and_wait(&uring->ring, 1);
        io_uring_for_each_cqe(&uring->ring, head, cqe)
        {
            take(uring, cqe);
            seen++;
        }
        io_uring_cq_advance(&uring->ring, seen);
    }
}

static const struct way {
    const char *name;
    bool one_socket;
    void (*serve)(const int *fds, size_t n);
} ways[] = {
    { "epoll, recvmmsg and sendmmsg at each socket", false, serve_epoll },
    { "io_uring, multishot receive, one submission", false, serve_uring },
    { "one shared socket, recvmmsg and sendmmsg", true, serve_epoll },
};

/* The far ends: all of them from one socket. */
struct far_ends {
    int fd;
    size_t n, n_sockets, next;
    struct addr *to;
    struct batch out, in;
    uint64_t sent, got;
};

static void send_some(struct far_ends *far, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        far->out.iov[i] = (struct iovec){ far->out.bytes[i], PACKET };
        far->out.msgs[i].msg_hdr =
            (struct msghdr){ .msg_name = &far->to[far->next++ % far->n_sockets].sa,
                             .msg_namelen = sizeof(struct sockaddr_in),
                             .msg_iov = &far->out.iov[i],
                             .msg_iovlen = 1 };
    }
    int sent = sendmmsg(far->fd, far->out.msgs, (unsigned)n, 0);
    far->sent += sent > 0 ? (uint64_t)sent : 0;
}

static void drain(struct far_ends *far)
{
    for (int n = BATCH; n == BATCH; far->got += n > 0 ? (uint64_t)n : 0)
        n = receive(&far->in, far->fd);
}

static void talk(struct far_ends *far, int64_t ms)
{
    int64_t start_ns = now_ns(), end_ns = start_ns + ms * 1000000, tick_ns = start_ns;
    uint64_t done = 0, rate = far->n * PACKETS_A_SECOND;
    for (int64_t now = start_ns; now < end_ns; now = now_ns()) {
        uint64_t due = now < tick_ns ? done : (uint64_t)(now - start_ns) * rate / 1000000000;
        size_t n = due - done < BATCH ? (size_t)(due - done) : BATCH;
        if (n)
            send_some(far, n);
        done += n;
        if (done >= due && now >= tick_ns)
            tick_ns = now + TICK_NS;
        drain(far);
    }
}

/* ns of the subject's CPU a packet; -1: the way is not to be had here. */
static double measure(const struct way *way, size_t n, double *lost)
{
    struct far_ends *far = mem_new(struct far_ends);
    struct addr own;
    int control = -1, status;
    far->fd = open_socket(&own);
    far->n = n;
    far->n_sockets = way->one_socket ? 1 : n;
    far->to = mem_array(far->n_sockets, sizeof *far->to);
    int *fds = mem_array(far->n_sockets, sizeof *fds);
    for (size_t i = 0; i < far->n_sockets; i++)
        fds[i] = open_socket(&far->to[i]);
    struct subject subject = { .pid = process_fork(&control) };
    if (subject.pid == 0)
        way->serve(fds, far->n_sockets);
    subject.fd = control;
    for (size_t i = 0; i < far->n_sockets; i++)
        close(fds[i]);
    talk(far, WARM_MS);
    far->sent = far->got = 0;
    int64_t cpu_ns = process_cpu_ns(subject.pid);
    talk(far, MEASURE_MS);
    cpu_ns = process_cpu_ns(subject.pid) - cpu_ns;
    for (int64_t end_ns = now_ns() + (int64_t)DRAIN_MS * 1000000; now_ns() < end_ns;)
        drain(far);
    bool works = waitpid(subject.pid, &status, WNOHANG) == 0 && far->got > 0;
    *lost = far->sent > far->got ? 1 - (double)far->got / (double)far->sent : 0;
    double ns = works ? (double)cpu_ns / (double)far->got : -1;
    process_end(&subject);
    close(far->fd);
    mem_free(fds);
    mem_free(far->to);
    mem_free(far);
    return ns;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int sockets_run(void)
{
    static const size_t loads[] = { 100, 1000, 4000 };
    json_t *rows = json_array();
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t l = 0; l < COUNT_OF(loads); l++) {
        double ns[COUNT_OF(ways)][ROUNDS], lost[COUNT_OF(ways)] = { 0 };
        for (size_t r = 0; r < ROUNDS; r++) /* in turns: the machine changes meanwhile */
            for (size_t w = 0; w < COUNT_OF(ways); w++)
                ns[w][r] = measure(&ways[w], loads[l], &lost[w]);
        for (size_t w = 0; w < COUNT_OF(ways); w++) {
            qsort(ns[w], ROUNDS, sizeof ns[w][0], by_size);
            double median = ns[w][ROUNDS / 2];
            fprintf(stderr, "%5zu far ends, %s: %.0f ns a packet\n", loads[l], ways[w].name,
                    median);
            json_array_append_new(rows, json_pack("{s:I, s:s, s:o, s:f}", "far_ends",
                                                  (json_int_t)loads[l], "way", ways[w].name,
                                                  "ns_per_packet",
                                                  median < 0 ? json_null() : json_real(median),
                                                  "lost_share", lost[w]));
        }
    }
    json_t *result =
        json_pack("{s:s, s:o, s:o}", "name", "sockets", "rows", rows, "machine", machine());
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
    putchar('\n');
    json_decref(result);
    return 0;
}
