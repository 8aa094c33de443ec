#pragma once
/* The batches of a media thread's datagram sockets (their public calls are in media_thread.h):
 * received with recvmmsg into pool packets, collected for the turn and sent with sendmmsg. Where a
 * socket is bound to the any-address, which address of ours a datagram came to and leaves from is
 * the kernel's packet information (ip(7) IP_PKTINFO, RFC 3542 §6). */

#include <stdint.h>

struct media_thread;

/* Scratch space and counters, one per thread. */
struct media_batches;
struct media_socket_counters {
    uint64_t send_full;   /* EAGAIN or ENOBUFS: the kernel had no room */
    uint64_t send_failed; /* no route, too long, … */
    uint64_t received, sent;
};
struct media_batches *media_batches_create(struct media_thread *thread);
/** After every socket was closed. */
void media_batches_destroy(struct media_batches *batches);
/** Hand over what the sockets received: once a turn. */
void media_batches_deliver(struct media_batches *batches);
/** Send what the sockets collected: once a turn. */
void media_batches_flush(struct media_batches *batches);
const struct media_socket_counters *media_batches_counters(const struct media_batches *batches);
