#pragma once
/* Plain RTP and SDES-SRTP: a port pair of its own per stream, RTP on the even port and RTCP on the
 * odd one (RFC 3550 §11) or both on the even one (RFC 5761). Created on control, which puts the
 * ports into its SDP at once; lives on its media thread afterwards.
 *
 * Where we send is first what was signalled. The peer's real source is learned from its first
 * packets (behind NAT it differs) and then kept: a stranger's packets never move the stream, they
 * are dropped and counted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "media/srtp_sdes.h"
#include "net/addr.h"

struct media;
struct media_stream;
struct media_transport;

struct rtp_local {
    struct addr rtp, rtcp; /* as bound: 0.0.0.0 unless media_config says otherwise */
};

enum { RTP_NETS_MAX = 16 };

struct rtp_remote {
    struct addr rtp;  /* signalled; unset or port 0: nothing is sent until a source is learned */
    struct addr rtcp; /* a=rtcp; unset: the port after `rtp` */
    bool rtcp_mux;    /* agreed on: RTCP goes to and comes on the RTP port */
    /* Who may send: the IP of `rtp`, and */
    struct addr source; /* the IP the signalling came from where it is another one; else unset */
    struct addr_block nets[RTP_NETS_MAX]; /* whole blocks: a carrier's media servers */
    size_t n_nets;
    /* SDES: what was agreed on, or off. A key that changed starts a new session in its direction;
     * a packet that verifies tells the peer's address at once, from wherever it comes. */
    struct srtp_sdes srtp;
};

/** Bind a port pair of media_config's range (ports just given back rest for a while). Give the
 * transport to media_stream_create(), or to media_transport_destroy() if it comes to nothing.
 * ERR_LIMIT: every port of the range is taken.  ERR_IO: the address cannot be bound. */
MUST_CHECK enum err rtp_transport_create(struct media_transport **out, struct media *media,
                                         struct rtp_local *local, struct fault *fault);
/** The same, on the port pair that all such transports of that media thread share: its far end is
 * told by its address, so it must be at the one that it signals. Where that does not work out, the
 * transport says so (struct rtp_event), and rtp_transport_leave_shared() mends it. */
MUST_CHECK enum err rtp_transport_create_shared(struct media_transport **out, struct media *media,
                                                unsigned thread, struct rtp_local *local,
                                                struct fault *fault);
/* What one on a shared port tells control, at most once (media_events.on_transport): it hears
 * nothing there, for another stream has the same far end address, or the far end sends from
 * another one than it signalled. */
struct rtp_event {
    char why[80];
};
/** A port pair of its own: the next offer tells the far end. Errors as rtp_transport_create(); all
 * stays as it was then. */
MUST_CHECK enum err rtp_transport_leave_shared(struct media_stream *stream, struct media *media,
                                               struct rtp_local *local, struct fault *fault);
/** The same for two streams of ours that talk to each other: on 127.0.0.1, at any port, none of the
 * range. ERR_IO. */
MUST_CHECK enum err rtp_transport_create_inner(struct media_transport **out, struct media *media,
                                               struct rtp_local *local, struct fault *fault);
/** Say (again) where the peer is. Learning restarts when its address or the allowed ones differ.
 * `remote` is copied: wipe the keys in yours. */
void rtp_transport_set_remote(struct media_stream *stream, const struct rtp_remote *remote);
