#include "rtc/rtc_mux.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "media/media_peers.h"
#include "media/media_thread.h"
#include "media/rtp.h"
#include "media/warm.h"
#include "rtc/ice.h"

struct rtc_mux {
    int fd; /* the socket's once it is open */
    uint16_t port;
    struct media_thread *thread;
    struct media_socket *socket; /* NULL: not opened yet */
    struct map *ufrags;          /* to struct rtc_mux_user */
    struct media_peers *peers;
};

static enum err bind_socket(const struct addr *addr, int *out, uint16_t *port)
{
    struct addr bound = { 0 };
    socklen_t len = sizeof bound;
    int on = 1;
    int fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    if ((addr_is_v6(addr) && !addr_is_any(addr) &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) ||
        bind(fd, &addr->sa, addr_len(addr)) || getsockname(fd, &bound.sa, &len)) {
        int why = errno;
        close(fd);
        errno = why;
        return ERR_IO;
    }
    *out = fd;
    *port = addr_port(&bound);
    return OK;
}

enum err rtc_mux_create(struct rtc_mux **out, const struct addr *addr)
{
    int fd = -1;
    uint16_t port = 0;
    enum err err = bind_socket(addr, &fd, &port);
    if (err)
        return err;
    struct rtc_mux *mux = mem_new(struct rtc_mux);
    mux->fd = fd;
    mux->port = port;
    mux->ufrags = map_create();
    mux->peers = media_peers_create();
    *out = mux;
    return OK;
}

uint16_t rtc_mux_port(const struct rtc_mux *mux)
{
    return mux->port;
}

static int64_t now_ms(const struct rtc_mux *mux)
{
    return media_thread_now_us(mux->thread) / 1000;
}

static void take_stun(struct rtc_mux *mux, const struct media_packet *packet, struct slice bytes)
{
    struct slice ufrag;
    struct rtc_mux_user *user = NULL;
    if (ice_check_ufrag(bytes, &ufrag))
        user = map_find(mux->ufrags, ufrag);
    const struct ice_path path = { packet->local, packet->from };
    if (user)
        user->events->on_check(user->owner, &path, bytes, now_ms(mux));
}

static void take_dtls(struct rtc_mux *mux, const struct media_packet *packet, struct slice bytes)
{
    struct rtc_mux_user *user = media_peers_find(mux->peers, &packet->from);
    if (user) /* a ClientHello may not come before a check: CVE-2023-49786 */
        user->events->on_dtls(user->owner, bytes);
}

/* Whose media this is; what is not media is dealt with here, and NULL returned. */
static struct rtc_mux_user *route(struct rtc_mux *mux, struct media_packet *packet)
{
    struct slice bytes = slice_make(packet->data, packet->len);
    struct rtc_mux_user *user = NULL;
    enum rtp_demux_kind kind = rtp_demux(bytes);
    switch (kind) {
    case RTP_DEMUX_STUN:
        take_stun(mux, packet, bytes);
        return NULL;
    case RTP_DEMUX_DTLS:
        take_dtls(mux, packet, bytes);
        return NULL;
    case RTP_DEMUX_RTP:
    case RTP_DEMUX_RTCP:
        packet->is_rtcp = kind == RTP_DEMUX_RTCP;
        user = media_peers_find(mux->peers, &packet->from);
        break;
    case RTP_DEMUX_UNKNOWN:
    case RTP_DEMUX_ZRTP:
    case RTP_DEMUX_TURN:
        break;
    }
    return user;
}

/* See media_warm_fn: the users themselves first. */
static void warm_up(void *const *users, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (users[i])
            warm(users[i], sizeof(struct rtc_mux_user));
    for (unsigned step = 0; step < MEDIA_WARM_STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            const struct rtc_mux_user *user = users[i];
            if (user)
                user->events->on_warm(user->owner, step);
        }
    }
}

/* Hand each stream all of its packets of the batch at once. */
static void take_batch(struct rtc_mux *mux, struct media_packet *const *packets, size_t n)
{
    void *users[MEDIA_BATCH];
    for (size_t i = 0; i < n; i++)
        users[i] = route(mux, packets[i]);
    warm_up(users, n);
    for (size_t i = 0; i < n; i++) {
        struct media_packet *group[MEDIA_BATCH];
        const struct rtc_mux_user *user = users[i];
        if (user)
            user->events->on_media(user->owner, group,
                                   media_peers_gather(users, packets, i, n, group));
    }
}

static void on_packets(void *owner, struct media_packet *const *packets, size_t n)
{
    for (size_t at = 0; at < n; at += MEDIA_BATCH)
        take_batch(owner, packets + at, n - at < MEDIA_BATCH ? n - at : MEDIA_BATCH);
}

void rtc_mux_open(struct rtc_mux *mux, struct media_thread *thread)
{
    mux->thread = thread;
    mux->socket = media_socket_open(thread, mux->fd, on_packets, mux);
}

void rtc_mux_destroy(struct rtc_mux *mux)
{
    if (!mux)
        return;
    if (mux->socket)
        media_socket_close(mux->socket);
    else
        close(mux->fd);
    media_peers_destroy(mux->peers);
    map_destroy(mux->ufrags);
    mem_free(mux);
}

void rtc_mux_add_ufrag(struct rtc_mux *mux, struct slice ufrag, struct rtc_mux_user *user)
{
    map_put(mux->ufrags, ufrag, user);
}

void rtc_mux_remove_ufrag(struct rtc_mux *mux, struct slice ufrag)
{
    map_remove(mux->ufrags, ufrag);
}

bool rtc_mux_claim(struct rtc_mux *mux, const struct addr *addr, struct rtc_mux_user *user)
{
    return media_peers_claim(mux->peers, addr, user, now_ms(mux));
}

bool rtc_mux_may_claim(const struct rtc_mux *mux, const struct addr *addr,
                       const struct rtc_mux_user *user)
{
    return media_peers_may_claim(mux->peers, addr, user, now_ms(mux));
}

void rtc_mux_release(struct rtc_mux *mux, const struct addr *addr, const struct rtc_mux_user *user)
{
    media_peers_release(mux->peers, addr, user);
}

void rtc_mux_send(struct rtc_mux *mux, struct media_packet *const *packets, size_t n)
{
    media_socket_send(mux->socket, packets, n);
}

void rtc_mux_send_bytes(struct rtc_mux *mux, const struct ice_path *path, struct slice bytes)
{
    media_socket_send_bytes(mux->socket, &path->remote, &path->local, bytes.ptr, bytes.len);
}
