#pragma once
/* How a stream's packets reach the network: plain RTP, SDES (media/rtp_transport.c) or DTLS-SRTP
 * over ICE (rtc/rtc_transport.c). Created on control, then owned by its media thread, where every
 * op runs. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "media/media_packet.h"
#include "net/addr.h"

struct media_thread;
struct media_stream_core; /* the media thread's half of a stream */

struct media_transport {
    const struct media_transport_ops *ops;
    struct media_stream_core *stream; /* set before start() */
};

struct media_transport_ops {
    /** On its thread now: join the thread's sockets. */
    void (*start)(struct media_transport *transport, struct media_thread *thread);
    /** A message of media_stream_tell_transport(); the transport frees it with mem_free(). */
    void (*tell)(struct media_transport *transport, void *msg);
    /** Plain RTP (or RTCP) to protect and send. The packets are the transport's to change until
     * return. */
    void (*send)(struct media_transport *transport, struct media_packet *const *packets, size_t n);
    /** About every 50 ms. */
    void (*tick)(struct media_transport *transport, int64_t now_ms);
    /** Begin to load what send() needs: steps 0 to 3 of media_warm_fn. */
    void (*warm)(const struct media_transport *transport, unsigned step);
    /** On its thread; on control if it never started. */
    void (*destroy)(struct media_transport *transport);
};

/** One that was not given to a stream: on control, before start(). NULL is fine. */
static inline void media_transport_destroy(struct media_transport *transport)
{
    if (transport)
        transport->ops->destroy(transport);
}

/* Begin to load what a packet of this stream needs, up to its way out of the linked one: steps 0 to
 * 5 of media_warm_fn. */
void media_stream_core_warm(const struct media_stream_core *stream, unsigned step);

/* What a transport tells its stream. Packets are decrypted and belong to the caller. */
void media_stream_core_receive(struct media_stream_core *stream,
                               struct media_packet *const *packets, size_t n);
void media_stream_core_connected(struct media_stream_core *stream, const struct addr *remote);
void media_stream_core_failed(struct media_stream_core *stream, enum err err, const char *text);
void media_stream_core_step(struct media_stream_core *stream, const char *step, const char *detail);
/** To control, as on_transport: a struct of the transport's own kind, at most MEDIA_TELL_MAX bytes,
 * without pointers. */
void media_stream_core_tell(struct media_stream_core *stream, const void *msg, size_t len);
void media_stream_core_dropped(struct media_stream_core *stream, unsigned auth, unsigned stranger);
