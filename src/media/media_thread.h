#pragma once
/* One media thread: a loop with timers and a mailbox, and datagram sockets that are drained and
 * filled in batches. Everything here belongs to that thread, but for media_thread_run(). */

#include <stddef.h>
#include <stdint.h>

#include "media/media_packet.h"

struct loop;
struct media;
struct media_socket;
struct media_thread;

enum { MEDIA_BATCH = 64 };

/** Run `fn(thread, arg)` on media thread `index`: how rtc/ opens its port there. Control thread. */
void media_thread_run(struct media *media, unsigned index,
                      void (*fn)(struct media_thread *thread, void *arg), void *arg);

struct loop *media_thread_loop(struct media_thread *thread);
unsigned media_thread_index(const struct media_thread *thread);
int64_t media_thread_now_us(const struct media_thread *thread); /* monotonic, taken once a batch */
/** Packets that came to a shared port and are nobody's. */
void media_thread_count_unclaimed(struct media_thread *thread, unsigned packets);

/** A packet from the pool, `data` set, `len` 0; never NULL (the pool grows only when it is empty).
 */
struct media_packet *media_packet_take(struct media_thread *thread);
void media_packet_give_back(struct media_thread *thread, struct media_packet *packet);

/** A batch came in on the socket, each with the address of ours that its sender wrote to as
 * `local`; the packets go back to the pool after the call. */
typedef void (*media_socket_fn)(void *owner, struct media_packet *const *packets, size_t n);

/** Before the packets of a turn are delivered, each socket that has some is asked to begin loading
 * what they will need from memory (media/warm.h): step 0 what is known, step n what was loaded in
 * step n - 1 points to. */
typedef void (*media_warm_fn)(void *owner, unsigned step);
enum { MEDIA_WARM_STEPS = 8 };

/** Take a bound, non-blocking UDP socket. */
struct media_socket *media_socket_open(struct media_thread *thread, int fd, media_socket_fn fn,
                                       void *owner);
enum { MEDIA_SOCKET_WARM = 128 }; /* so much of a socket is worth loading before a send */
void media_socket_set_warm(struct media_socket *socket, media_warm_fn warm);
/** No callback comes after this. */
void media_socket_close(struct media_socket *socket);
/** Send each packet to its `from`, from its `local` if that is set (the port is the socket's own);
 * copied or sent before return, a full buffer drops (and counts). */
void media_socket_send(struct media_socket *socket, struct media_packet *const *packets, size_t n);
/** One datagram that is not media (STUN, DTLS). `local` as above; NULL is unset. */
void media_socket_send_bytes(struct media_socket *socket, const struct addr *to,
                             const struct addr *local, const void *bytes, size_t len);
