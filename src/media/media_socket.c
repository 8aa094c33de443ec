#include "media_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "media/media_priv.h"
#include "media/media_thread.h"

enum {
    ROUNDS_MAX = 4, /* batches off one socket before the others have their turn */
    SOCKET_BUFFER = 1 << 20,
    TOS_EF = 184, /* expedited forwarding, RFC 3246 */
};

struct media_socket {
    struct media_thread *thread;
    uv_poll_t poll;
    int fd;
    bool closed, v6;
    bool any; /* bound to the any-address: datagrams carry packet information */
    struct addr bound;
    media_socket_fn fn;
    media_warm_fn warm; /* NULL: none */
    void *owner;
    struct list dirty; /* in the thread's list while `queue` holds something */
    size_t n_queue;
    struct media_packet *queue[MEDIA_BATCH];
};

union control { /* room for one packet information of either family */
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct media_batches {
    struct media_thread *thread;
    struct list dirty;
    size_t n_in; /* received in this turn and not delivered yet, off these sockets */
    struct media_socket *in_sockets[MEDIA_BATCH];
    struct media_packet *packets[MEDIA_BATCH]; /* ready to receive into, with the next three */
    struct mmsghdr in_headers[MEDIA_BATCH];
    struct iovec in_pieces[MEDIA_BATCH];
    union control in_controls[MEDIA_BATCH];
    struct mmsghdr out_headers[MEDIA_BATCH];
    struct iovec out_pieces[MEDIA_BATCH];
    union control out_controls[MEDIA_BATCH];
    struct media_socket_counters counters;
};

/* Make the first `n` places ready again: the kernel and the receivers changed them. */
static void arm(struct media_batches *batches, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct media_packet *packet = batches->packets[i];
        packet->data = packet->room + MEDIA_PACKET_HEAD;
        batches->in_pieces[i] = (struct iovec){ packet->data, MEDIA_PACKET_MAX };
        batches->in_headers[i].msg_hdr = (struct msghdr){ .msg_name = &packet->from,
                                                          .msg_namelen = sizeof packet->from,
                                                          .msg_iov = &batches->in_pieces[i],
                                                          .msg_iovlen = 1,
                                                          .msg_control = &batches->in_controls[i],
                                                          .msg_controllen = sizeof(union control) };
    }
}

struct media_batches *media_batches_create(struct media_thread *thread)
{
    struct media_batches *batches = mem_new(struct media_batches);
    batches->thread = thread;
    list_init(&batches->dirty);
    for (size_t i = 0; i < MEDIA_BATCH; i++)
        batches->packets[i] = media_packet_take(thread);
    arm(batches, MEDIA_BATCH);
    return batches;
}

void media_batches_destroy(struct media_batches *batches)
{
    if (!batches)
        return;
    for (size_t i = 0; i < MEDIA_BATCH; i++)
        media_packet_give_back(batches->thread, batches->packets[i]);
    mem_free(batches);
}

const struct media_socket_counters *media_batches_counters(const struct media_batches *batches)
{
    return &batches->counters;
}

/* For a socket that does both families: 1.2.3.4 is ::ffff:1.2.3.4 there. */
static struct addr as_v6(const struct addr *addr)
{
    if (addr_is_v6(addr))
        return *addr;
    struct addr mapped = { .in6 = { .sin6_family = AF_INET6, .sin6_port = addr->in4.sin_port } };
    mapped.in6.sin6_addr.s6_addr[10] = mapped.in6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(mapped.in6.sin6_addr.s6_addr + 12, &addr->in4.sin_addr, 4);
    return mapped;
}

/* Receiving */

static struct addr local_v4(const struct media_socket *socket, const struct cmsghdr *c)
{
    struct in_pktinfo info;
    struct addr local = socket->bound;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    local.in4.sin_addr = info.ipi_spec_dst; /* what a reply should leave from, never a broadcast */
    return local;
}

static struct addr local_v6(const struct media_socket *socket, const struct cmsghdr *c)
{
    struct in6_pktinfo info;
    struct addr local = socket->bound;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    local.in6.sin6_addr = info.ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
        local.in6.sin6_scope_id = info.ipi6_ifindex;
    return addr_from_sockaddr(&local.sa);
}

/* Which address of ours the datagram came to. */
static struct addr arrival(const struct media_socket *socket, const struct msghdr *msg)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(msg); /* we ask for one kind only */
    if (!c)
        return socket->any ? (struct addr){ 0 } : socket->bound;
    return socket->v6 ? local_v6(socket, c) : local_v4(socket, c);
}

/* What was received goes through memory that was last touched 20 ms ago, once for each of thousands
 * of calls: to wait for all of a batch at once takes a fraction of the time. */
static void warm_up(const struct media_batches *batches)
{
    for (unsigned step = 0; step < MEDIA_WARM_STEPS; step++) {
        const struct media_socket *last = NULL;
        for (size_t i = 0; i < batches->n_in; i++) {
            const struct media_socket *socket = batches->in_sockets[i];
            if (socket != last && socket->warm && !socket->closed)
                socket->warm(socket->owner, step);
            last = socket;
        }
    }
}

/* The packets from `at` on that came in on one socket, without those that were cut off. */
static size_t deliver_run(struct media_batches *batches, size_t at)
{
    struct media_socket *socket = batches->in_sockets[at];
    struct media_packet *whole[MEDIA_BATCH];
    size_t n_whole = 0, end = at;
    for (; end < batches->n_in && batches->in_sockets[end] == socket; end++)
        if (!(batches->in_headers[end].msg_hdr.msg_flags & MSG_TRUNC))
            whole[n_whole++] = batches->packets[end];
    if (n_whole && !socket->closed)
        socket->fn(socket->owner, whole, n_whole);
    return end;
}

void media_batches_deliver(struct media_batches *batches)
{
    warm_up(batches);
    for (size_t at = 0; at < batches->n_in;)
        at = deliver_run(batches, at);
    arm(batches, batches->n_in);
    batches->n_in = 0;
}

/* `n` more packets are there. */
static void collect_in(struct media_socket *socket, struct media_batches *batches, size_t n)
{
    int64_t now_us = media_thread_take_time(socket->thread);
    for (size_t i = batches->n_in; i < batches->n_in + n; i++) {
        struct media_packet *packet = batches->packets[i];
        packet->len = batches->in_headers[i].msg_len;
        packet->from = addr_from_sockaddr(&packet->from.sa);
        packet->local = arrival(socket, &batches->in_headers[i].msg_hdr);
        packet->arrived_us = now_us;
        packet->is_rtcp = false;
        batches->in_sockets[i] = socket;
    }
    batches->n_in += n;
    batches->counters.received += n;
    if (batches->n_in == MEDIA_BATCH)
        media_batches_deliver(batches);
    else
        media_thread_deliver_later(socket->thread);
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct media_socket *socket = poll->data;
    struct media_batches *batches = media_thread_batches(socket->thread);
    (void)status;
    (void)events;
    for (int round = 0; round < ROUNDS_MAX && !socket->closed; round++) {
        size_t room = MEDIA_BATCH - batches->n_in;
        int n = recvmmsg(socket->fd, batches->in_headers + batches->n_in, (unsigned)room,
                         MSG_DONTWAIT, NULL);
        if (n <= 0)
            break;
        collect_in(socket, batches, (size_t)n);
        if ((size_t)n < room)
            break;
    }
}

/* Sending */

static size_t put_v4(union control *control, const struct addr *local)
{
    struct in_pktinfo info = { .ipi_spec_dst = local->in4.sin_addr };
    control->header = (struct cmsghdr){ .cmsg_level = IPPROTO_IP,
                                        .cmsg_type = IP_PKTINFO,
                                        .cmsg_len = CMSG_LEN(sizeof info) };
    memcpy(CMSG_DATA(&control->header), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

static size_t put_v6(union control *control, const struct addr *local)
{
    struct addr v6 = as_v6(local);
    struct in6_pktinfo info = { .ipi6_addr = v6.in6.sin6_addr,
                                .ipi6_ifindex = v6.in6.sin6_scope_id };
    control->header = (struct cmsghdr){ .cmsg_level = IPPROTO_IPV6,
                                        .cmsg_type = IPV6_PKTINFO,
                                        .cmsg_len = CMSG_LEN(sizeof info) };
    memcpy(CMSG_DATA(&control->header), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

/* Name the address to leave from, where the packet says one and there is a choice. */
static void add_source(const struct media_socket *socket, struct msghdr *msg,
                       union control *control, const struct addr *local)
{
    if (!socket->any || !addr_is_set(local))
        return;
    msg->msg_control = control;
    msg->msg_controllen = socket->v6 ? put_v6(control, local) : put_v4(control, local);
}

static void send_queue(struct media_batches *batches, const struct media_socket *socket)
{
    for (size_t i = 0; i < socket->n_queue; i++) {
        struct media_packet *packet = socket->queue[i];
        batches->out_pieces[i] = (struct iovec){ packet->data, packet->len };
        batches->out_headers[i].msg_hdr = (struct msghdr){ .msg_name = &packet->from,
                                                           .msg_namelen = addr_len(&packet->from),
                                                           .msg_iov = &batches->out_pieces[i],
                                                           .msg_iovlen = 1 };
        add_source(socket, &batches->out_headers[i].msg_hdr, &batches->out_controls[i],
                   &packet->local);
    }
    for (size_t at = 0; at < socket->n_queue;) {
        unsigned left = (unsigned)(socket->n_queue - at); /* at most MEDIA_BATCH */
        int n = sendmmsg(socket->fd, batches->out_headers + at, left, MSG_DONTWAIT);
        if (n > 0) {
            at += (size_t)n;
            batches->counters.sent += (size_t)n;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            batches->counters.send_full += left;
            return;
        } else { /* the first one cannot be sent: the others may */
            batches->counters.send_failed++;
            at++;
        }
    }
}

static void flush(struct media_socket *socket)
{
    send_queue(media_thread_batches(socket->thread), socket);
    for (size_t i = 0; i < socket->n_queue; i++)
        media_packet_give_back(socket->thread, socket->queue[i]);
    socket->n_queue = 0;
    list_remove(&socket->dirty);
}

void media_batches_flush(struct media_batches *batches)
{
    LIST_EACH(link, &batches->dirty)
    flush(LIST_ITEM(link, struct media_socket, dirty));
}

static bool fits(const struct media_socket *socket, const struct addr *to, const struct addr *local,
                 size_t len)
{
    bool mixed = addr_is_set(local) && addr_is_v6(local) != addr_is_v6(to);
    return len <= MEDIA_PACKET_MAX + MEDIA_PACKET_TAIL && !mixed && (socket->v6 || !addr_is_v6(to));
}

static void collect(struct media_socket *socket, const struct addr *to, const struct addr *local,
                    const void *bytes, size_t len)
{
    struct media_batches *batches = media_thread_batches(socket->thread);
    if (!fits(socket, to, local, len)) {
        batches->counters.send_failed++;
        return;
    }
    struct media_packet *packet = media_packet_take(socket->thread);
    memcpy(packet->data, bytes, len);
    packet->len = (uint32_t)len;
    packet->from = socket->v6 ? as_v6(to) : *to;
    packet->local = *local;
    socket->queue[socket->n_queue++] = packet;
    if (socket->n_queue == 1) {
        list_append(&batches->dirty, &socket->dirty);
        media_thread_flush_later(socket->thread);
    }
    if (socket->n_queue == MEDIA_BATCH)
        flush(socket);
}

void media_socket_send(struct media_socket *socket, struct media_packet *const *packets, size_t n)
{
    BUG_IF(socket->closed);
    for (size_t i = 0; i < n; i++)
        collect(socket, &packets[i]->from, &packets[i]->local, packets[i]->data, packets[i]->len);
}

void media_socket_send_bytes(struct media_socket *socket, const struct addr *to,
                             const struct addr *local, const void *bytes, size_t len)
{
    static const struct addr unset;
    BUG_IF(socket->closed);
    collect(socket, to, local ? local : &unset, bytes, len);
}

void media_socket_set_warm(struct media_socket *socket, media_warm_fn warm)
{
    socket->warm = warm;
}

/* Life */

static void tune(const struct media_socket *socket)
{
    /* what the system does not grant is no error: the call works with less */
    int size = SOCKET_BUFFER, tos = TOS_EF, on = 1;
    setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(socket->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (socket->v6)
        setsockopt(socket->fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    else
        setsockopt(socket->fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    if (socket->any && socket->v6)
        setsockopt(socket->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    else if (socket->any)
        setsockopt(socket->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

struct media_socket *media_socket_open(struct media_thread *thread, int fd, media_socket_fn fn,
                                       void *owner)
{
    struct media_socket *socket = mem_new(struct media_socket);
    *socket = (struct media_socket){ .thread = thread, .fd = fd, .fn = fn, .owner = owner };
    socklen_t len = sizeof socket->bound;
    BUG_IF(getsockname(fd, &socket->bound.sa, &len));
    socket->v6 = addr_is_v6(&socket->bound);
    socket->any = addr_is_any(&socket->bound);
    list_init(&socket->dirty);
    tune(socket);
    BUG_IF(uv_poll_init(loop_uv(media_thread_loop(thread)), &socket->poll, fd));
    socket->poll.data = socket;
    BUG_IF(uv_poll_start(&socket->poll, UV_READABLE, on_readable));
    return socket;
}

void media_socket_close(struct media_socket *socket)
{
    if (!socket)
        return;
    flush(socket);
    socket->closed = true;
    uv_poll_stop(&socket->poll);
    uv_close((uv_handle_t *)&socket->poll, on_closed);
    close(socket->fd);
}
