/* What no gateway can beat: a datagram in, the same datagram out, in batches, on one socket a side.
 * It looks a call up by the sender's last two address bytes (A) or by the number in the payload's
 * place (B: the SSRC, which the generator sets to the call's index). */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

enum { BATCH = 64, PACKET = 1600, SSRC_AT = 8, SSRC_LEN = 4, BUFFER = 4 << 20 };

struct side {
    int fd;
    struct addr bound;
    struct mmsghdr msgs[BATCH];
    struct iovec iov[BATCH];
    struct addr addrs[BATCH];
    uint8_t bytes[BATCH][PACKET];
};
struct added {
    size_t index;
    struct addr a, b;
};

static void side_open(struct side *side)
{
    int size = BUFFER;
    socklen_t len = sizeof side->bound;
    side->bound = addr_loopback4(0);
    side->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    BUG_IF(side->fd < 0 || bind(side->fd, &side->bound.sa, addr_len(&side->bound)));
    BUG_IF(getsockname(side->fd, &side->bound.sa, &len));
    setsockopt(side->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    for (size_t i = 0; i < BATCH; i++) {
        side->iov[i].iov_base = side->bytes[i];
        side->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &side->addrs[i].sa,
                                                 .msg_iov = &side->iov[i],
                                                 .msg_iovlen = 1 };
    }
}

static size_t index_of(const uint8_t *bytes)
{
    uint32_t ssrc = 0;
    for (size_t i = 0; i < SSRC_LEN; i++)
        ssrc = ssrc << 8 | bytes[SSRC_AT + i];
    return ssrc < CALLS_MAX ? ssrc : 0;
}

/* A batch from one side to the other. */
static void forward(struct side *from, const struct side *to, const struct addr *targets)
{
    for (size_t i = 0; i < BATCH; i++) {
        from->iov[i].iov_len = PACKET;
        from->msgs[i].msg_hdr.msg_namelen = sizeof from->addrs[i];
    }
    int n = recvmmsg(from->fd, from->msgs, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        from->iov[i].iov_len = from->msgs[i].msg_len;
        from->addrs[i] = targets[index_of(from->bytes[i])];
        from->msgs[i].msg_hdr.msg_namelen = addr_len(&from->addrs[i]);
    }
    for (int done = 0; done < n;) {
        int sent = sendmmsg(to->fd, from->msgs + done, (unsigned)(n - done), 0);
        done += sent > 0 ? sent : 1;
    }
}

static void serve(int control)
{
    static struct side a, b;
    static struct addr to_a[CALLS_MAX], to_b[CALLS_MAX];
    struct added added;
    side_open(&a);
    side_open(&b);
    const struct offer offer = { .a = a.bound, .b = b.bound };
    struct pollfd polled[] = { { a.fd, POLLIN, 0 }, { b.fd, POLLIN, 0 }, { control, POLLIN, 0 } };
    while (poll(polled, 3, -1) >= 0 || errno == EINTR) {
        if (polled[0].revents)
            forward(&a, &b, to_b);
        if (polled[1].revents)
            forward(&b, &a, to_a);
        if (polled[2].revents) {
            if (recv(control, &added, sizeof added, 0) != sizeof added)
                _exit(0);
            to_a[added.index] = added.a;
            to_b[added.index] = added.b;
            if (send(control, &offer, sizeof offer, 0) < 0)
                _exit(1);
        }
    }
    _exit(1);
}

static bool open_call(struct subject *subject, size_t index, const struct ends *ends,
                      struct offer *offer)
{
    const struct added added = { index, ends->a, ends->b };
    return send(subject->fd, &added, sizeof added, 0) == sizeof added &&
           recv(subject->fd, offer, sizeof *offer, 0) == sizeof *offer;
}

bool forwarder_start(struct subject *subject, enum bench_kind kind)
{
    *subject = (struct subject){ .name = "recvmmsg/sendmmsg", .kind = kind, .open = open_call };
    subject->pid = process_fork(&subject->fd);
    if (subject->pid == 0)
        serve(subject->fd);
    return subject->pid > 0;
}
