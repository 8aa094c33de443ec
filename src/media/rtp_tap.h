#pragma once
/* A stream's audio as plain RTP (RFC 3550) to an address that a program gave: one way, one track,
 * or both mixed. A media_fork that speaks RTP. Control thread. */

#include "base/err.h"
#include "net/addr.h"

struct codec;
struct loop;
struct media;
struct media_stream;
struct rtp_tap;

enum { RTP_TAP_PTIME_MIN_MS = 10, RTP_TAP_PTIME_MAX_MS = 120 };

struct rtp_tap_config {
    struct loop *loop;
    struct media *media;
    struct media_stream *stream;
    struct addr remote;
    const struct codec *codec;
    unsigned ptime_ms; /* a multiple of 10 within the limits; Opus sends the nearest it has */
    bool heard, sent;  /* what the far end says; what it hears */
};
struct rtp_tap_events {
    void (*on_over)(void *owner); /* the stream is gone; the owner still destroys the tap */
};

/** ERR_INVALID: a packet time we cannot send.  ERR_IO: no way to that address; `fault` says why. */
MUST_CHECK enum err rtp_tap_create(struct rtp_tap **out, const struct rtp_tap_config *config,
                                   const struct rtp_tap_events *events, void *owner,
                                   struct fault *fault);
void rtp_tap_destroy(struct rtp_tap *tap); /* NULL is fine */
/** Where it comes from. */
const struct addr *rtp_tap_local(const struct rtp_tap *tap);
