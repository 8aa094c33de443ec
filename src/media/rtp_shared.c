#include "media/rtp_shared.h"

#include <unistd.h>

#include "base/mem.h"
#include "media/media_peers.h"

enum {
    UNCLAIMED_MAX = 8,     /* senders that are remembered */
    UNCLAIMED_STEADY = 25, /* packets: the tail of a call that ended is shorter */
    UNCLAIMED_US = 200000, /* without a packet for longer it is over */
    NO_TIME = 0,           /* a claim is held until it is released: its age does not matter */
};

struct side {
    struct rtp_shared *shared;
    int fd; /* the socket's once it is open */
    bool is_rtcp;
    struct media_socket *socket; /* NULL: not opened yet */
    struct media_peers *peers;   /* to claimants */
};

struct rtp_shared {
    struct rtp_pair pair;
    const struct rtp_shared_events *events;
    struct media_thread *thread;
    struct side rtp, rtcp;
    struct unclaimed {
        struct addr from;
        unsigned packets;
        int64_t last_us;
    } unclaimed[UNCLAIMED_MAX];
};

struct rtp_shared *rtp_shared_create(const struct rtp_pair *pair,
                                     const struct rtp_shared_events *events)
{
    struct rtp_shared *shared = mem_new(struct rtp_shared);
    shared->pair = *pair;
    shared->events = events;
    shared->rtp = (struct side){ shared, pair->rtp_fd, false, NULL, media_peers_create() };
    shared->rtcp = (struct side){ shared, pair->rtcp_fd, true, NULL, media_peers_create() };
    return shared;
}

static void side_close(struct side *side)
{
    if (side->socket)
        media_socket_close(side->socket);
    else
        close(side->fd);
    media_peers_destroy(side->peers);
}

void rtp_shared_destroy(struct rtp_shared *shared)
{
    if (!shared)
        return;
    side_close(&shared->rtp);
    side_close(&shared->rtcp);
    mem_free(shared);
}

const struct rtp_pair *rtp_shared_pair(const struct rtp_shared *shared)
{
    return &shared->pair;
}

/* Receiving */

/* The one of that address, else the one that was silent for longest. */
static struct unclaimed *place_of(struct rtp_shared *shared, const struct addr *from)
{
    struct unclaimed *oldest = &shared->unclaimed[0];
    for (size_t i = 0; i < UNCLAIMED_MAX; i++) {
        struct unclaimed *unclaimed = &shared->unclaimed[i];
        if (addr_is_set(&unclaimed->from) && addr_eq(&unclaimed->from, from))
            return unclaimed;
        if (unclaimed->last_us < oldest->last_us)
            oldest = unclaimed;
    }
    *oldest = (struct unclaimed){ .from = *from };
    return oldest;
}

static void note_unclaimed(struct rtp_shared *shared, const struct media_packet *packet)
{
    struct unclaimed *unclaimed = place_of(shared, &packet->from);
    if (packet->arrived_us - unclaimed->last_us > UNCLAIMED_US)
        unclaimed->packets = 0;
    unclaimed->packets++;
    unclaimed->last_us = packet->arrived_us;
}

static void find_claimants(const struct side *side, struct media_packet *const *packets, size_t n,
                           void **claimants)
{
    unsigned unclaimed = 0;
    for (size_t i = 0; i < n; i++) {
        claimants[i] = media_peers_find(side->peers, &packets[i]->from);
        if (!claimants[i] && !side->is_rtcp) {
            note_unclaimed(side->shared, packets[i]);
            unclaimed++;
        }
    }
    media_thread_count_unclaimed(side->shared->thread, unclaimed);
}

static void take_batch(const struct side *side, struct media_packet *const *packets, size_t n)
{
    const struct rtp_shared_events *events = side->shared->events;
    void *claimants[MEDIA_BATCH];
    find_claimants(side, packets, n, claimants);
    for (unsigned step = 0; step < MEDIA_WARM_STEPS; step++)
        for (size_t i = 0; i < n; i++)
            if (claimants[i])
                events->on_warm(claimants[i], step);
    for (size_t i = 0; i < n; i++) {
        struct media_packet *group[MEDIA_BATCH];
        void *claimant = claimants[i];
        if (claimant)
            events->on_packets(claimant, group, media_peers_gather(claimants, packets, i, n, group),
                               side->is_rtcp);
    }
}

static void on_packets(void *owner, struct media_packet *const *packets, size_t n)
{
    for (size_t at = 0; at < n; at += MEDIA_BATCH)
        take_batch(owner, packets + at, n - at < MEDIA_BATCH ? n - at : MEDIA_BATCH);
}

static void side_open(struct side *side, struct media_thread *thread)
{
    side->socket = media_socket_open(thread, side->fd, on_packets, side);
}

void rtp_shared_open(struct rtp_shared *shared, struct media_thread *thread)
{
    if (shared->thread)
        return;
    shared->thread = thread;
    side_open(&shared->rtp, thread);
    side_open(&shared->rtcp, thread);
}

struct media_socket *rtp_shared_socket(struct rtp_shared *shared, bool rtcp_port)
{
    return rtcp_port ? shared->rtcp.socket : shared->rtp.socket;
}

/* Claims */

static bool may_claim(const struct side *side, const struct addr *addr, const void *claimant)
{
    return !addr_is_set(addr) || media_peers_may_claim(side->peers, addr, claimant, NO_TIME);
}

bool rtp_shared_claim(struct rtp_shared *shared, const struct addr *rtp, const struct addr *rtcp,
                      void *claimant)
{
    if (!may_claim(&shared->rtp, rtp, claimant) || !may_claim(&shared->rtcp, rtcp, claimant))
        return false;
    if (addr_is_set(rtp))
        (void)!media_peers_claim(shared->rtp.peers, rtp, claimant, NO_TIME);
    if (addr_is_set(rtcp))
        (void)!media_peers_claim(shared->rtcp.peers, rtcp, claimant, NO_TIME);
    return true;
}

void rtp_shared_release(struct rtp_shared *shared, const struct addr *rtp, const struct addr *rtcp,
                        const void *claimant)
{
    if (addr_is_set(rtp))
        media_peers_release(shared->rtp.peers, rtp, claimant);
    if (addr_is_set(rtcp))
        media_peers_release(shared->rtcp.peers, rtcp, claimant);
}

bool rtp_shared_has_unclaimed(const struct rtp_shared *shared, int64_t now_us,
                              bool (*fits)(const void *arg, const struct addr *from),
                              const void *arg)
{
    for (size_t i = 0; i < UNCLAIMED_MAX; i++) {
        const struct unclaimed *unclaimed = &shared->unclaimed[i];
        if (unclaimed->packets >= UNCLAIMED_STEADY && now_us - unclaimed->last_us < UNCLAIMED_US &&
            !media_peers_find(shared->rtp.peers, &unclaimed->from) && fits(arg, &unclaimed->from))
            return true;
    }
    return false;
}
