#include "udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/loop.h"
#include "base/mem.h"

struct udp {
    struct loop *loop;
    const struct udp_events *events;
    void *owner;
    struct addr local;
    int fd;
    bool closing;
    uv_poll_t poll;
    char bytes[UDP_MAX_DATAGRAM + 1];
};

/* Room for a pktinfo of either family, or for an extended error with its offender's address. */
union control {
    struct cmsghdr align;
    char bytes[512];
};

static void on_readable(uv_poll_t *poll, int status, int events);

static enum err set_options(int fd, bool v6)
{
    int on = 1;
    int receive = UDP_RECEIVE_BUFFER;
    /* best effort: the kernel caps it at net.core.rmem_max */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
    int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    bool bad = v6 && setsockopt(fd, level, IPV6_V6ONLY, &on, sizeof on);
    bad |= setsockopt(fd, level, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof on) != 0;
    bad |= setsockopt(fd, level, v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on) != 0;
    return bad ? ERR_IO : OK;
}

static enum err open_socket(const struct addr *bind_to, int *out, struct addr *local,
                            struct fault *fault)
{
    char text[ADDR_TEXT];
    int fd = socket(bind_to->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    if (fd < 0 || set_options(fd, addr_is_v6(bind_to)) ||
        bind(fd, &bind_to->sa, addr_len(bind_to)) ||
        getsockname(fd, (struct sockaddr *)&bound, &len)) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return fault_set(fault, ERR_IO, addr_print(bind_to, text), 0,
                         "cannot listen on UDP: %s; is another program using the port?",
                         strerror(error));
    }
    *local = addr_from_sockaddr((struct sockaddr *)&bound);
    *out = fd;
    return OK;
}

enum err udp_create(struct udp **out, struct loop *loop, const struct addr *bind,
                    const struct udp_events *events, void *owner, struct fault *fault)
{
    int fd = -1;
    struct addr local;
    enum err err = open_socket(bind, &fd, &local, fault);
    if (err)
        return err;
    struct udp *udp = mem_new(struct udp);
    udp->loop = loop;
    udp->events = events;
    udp->owner = owner;
    udp->local = local;
    udp->fd = fd;
    BUG_IF(uv_poll_init(loop_uv(loop), &udp->poll, fd));
    udp->poll.data = udp;
    BUG_IF(uv_poll_start(&udp->poll, UV_READABLE, on_readable));
    *out = udp;
    return OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct udp *udp = handle->data;
    close(udp->fd);
    mem_free(udp);
}

void udp_destroy(struct udp *udp)
{
    if (!udp || udp->closing)
        return;
    udp->closing = true;
    uv_close((uv_handle_t *)&udp->poll, on_closed);
}

const struct addr *udp_local(const struct udp *udp)
{
    return &udp->local;
}

/* The address of ours that the datagram was sent to, by its pktinfo. */
static struct addr arrival_addr(const struct udp *udp, struct msghdr *msg)
{
    struct addr to = udp->local;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            to.in4.sin_addr = info.ipi_addr;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            to.in6.sin6_addr = info.ipi6_addr;
        }
    }
    return to;
}

static ssize_t receive(struct udp *udp, int flags, struct sockaddr_storage *from,
                       union control *control, struct msghdr *msg)
{
    static const struct msghdr empty;
    struct iovec iov = { udp->bytes, sizeof udp->bytes };
    *msg = empty;
    msg->msg_name = from;
    msg->msg_namelen = sizeof *from;
    msg->msg_iov = &iov;
    msg->msg_iovlen = 1;
    msg->msg_control = control;
    msg->msg_controllen = sizeof *control;
    ssize_t n = recvmsg(udp->fd, msg, flags | MSG_DONTWAIT);
    msg->msg_iov = NULL;
    return n;
}

static int queued_errno(struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if (!v4 && !v6)
            continue;
        struct sock_extended_err error;
        memcpy(&error, CMSG_DATA(c), sizeof error);
        return (int)error.ee_errno;
    }
    return 0;
}

/* The error queue holds what ICMP said, with the address that we had sent to as its name. */
static void read_errors(struct udp *udp)
{
    for (int i = 0; i < UDP_BATCH && !udp->closing; i++) {
        struct sockaddr_storage about;
        union control control;
        struct msghdr msg;
        if (receive(udp, MSG_ERRQUEUE, &about, &control, &msg) < 0)
            return;
        int error = queued_errno(&msg);
        if (!error || !msg.msg_namelen || !udp->events->on_error)
            continue;
        struct addr to = addr_from_sockaddr((struct sockaddr *)&about);
        udp->events->on_error(udp->owner, &to, error);
    }
}

static void read_packets(struct udp *udp)
{
    for (int i = 0; i < UDP_BATCH && !udp->closing; i++) {
        struct sockaddr_storage name;
        union control control;
        struct msghdr msg;
        ssize_t n = receive(udp, 0, &name, &control, &msg);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        /* any other error is an ICMP's echo, told in full by the error queue */
        if (n < 0 || (msg.msg_flags & MSG_TRUNC))
            continue;
        struct addr from = addr_from_sockaddr((struct sockaddr *)&name);
        struct addr to = arrival_addr(udp, &msg);
        udp->events->on_packet(udp->owner, &from, &to, slice_make(udp->bytes, (size_t)n));
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct udp *udp = poll->data;
    read_errors(udp);
    read_packets(udp);
    /* libuv stops a poll on EPOLLERR, which a waiting ICMP error raises */
    if (status < 0 && !udp->closing)
        BUG_IF(uv_poll_start(&udp->poll, UV_READABLE, on_readable));
}

static void add_source(struct msghdr *msg, union control *control, const struct addr *from)
{
    memset(control, 0, sizeof *control);
    msg->msg_control = control;
    struct cmsghdr *c = &control->align;
    if (addr_is_v6(from)) {
        struct in6_pktinfo info = { .ipi6_addr = from->in6.sin6_addr };
        c->cmsg_level = IPPROTO_IPV6;
        c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        msg->msg_controllen = CMSG_SPACE(sizeof info);
    } else {
        struct in_pktinfo info = { .ipi_spec_dst = from->in4.sin_addr };
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        msg->msg_controllen = CMSG_SPACE(sizeof info);
    }
}

enum err udp_send(struct udp *udp, const struct addr *to, const struct addr *from,
                  struct slice bytes)
{
    struct addr target = *to;
    union {
        const char *in;
        void *out;
    } data = { .in = bytes.ptr }; /* an iovec is for reading too, so it takes no const */
    struct iovec iov = { data.out, bytes.len };
    struct msghdr msg = {
        .msg_name = &target, .msg_namelen = addr_len(to), .msg_iov = &iov, .msg_iovlen = 1
    };
    union control control;
    if (from && addr_is_set(from) && !addr_is_any(from) &&
        from->sa.sa_family == udp->local.sa.sa_family)
        add_source(&msg, &control, from);
    for (int tries = 0; tries < 3; tries++) {
        if (sendmsg(udp->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN ||
            errno == ENOBUFS)
            return OK;
        /* a pending ICMP error about anybody is given to the next send: not about this datagram */
        if (errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH &&
            errno != EINTR)
            return ERR_IO;
    }
    return ERR_IO;
}
