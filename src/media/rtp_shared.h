#pragma once
/* One pair of UDP ports for the plain RTP of many streams of a media thread (`rtp: shared` of a
 * trunk): one system call moves many calls' packets. They are told apart by where they come from,
 * exactly: a stream claims its far end's addresses, and no other can while it has them. What comes
 * from anywhere else belongs to nobody and is dropped (media_unclaimed()). Created on control,
 * which puts the ports into its SDP; the rest belongs to the media thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media_thread.h"
#include "media/rtp_ports.h"

struct rtp_shared;

struct rtp_shared_events {
    /** Those of one claimant, in the order they came. */
    void (*on_packets)(void *claimant, struct media_packet *const *packets, size_t n,
                       bool rtcp_port);
    /** As media_warm_fn. */
    void (*on_warm)(void *claimant, unsigned step);
};
/** The sockets of `pair` are its own from now on. */
struct rtp_shared *rtp_shared_create(const struct rtp_pair *pair,
                                     const struct rtp_shared_events *events);
/** On its thread; on control when it was never opened. Nobody may use it any more. */
void rtp_shared_destroy(struct rtp_shared *shared);
const struct rtp_pair *rtp_shared_pair(const struct rtp_shared *shared);

/** On its thread now, if it was not. */
void rtp_shared_open(struct rtp_shared *shared, struct media_thread *thread);
struct media_socket *rtp_shared_socket(struct rtp_shared *shared, bool rtcp_port);
/** What comes from `rtp` to the RTP port, and from `rtcp` (unset: nobody) to the other one, is the
 * claimant's. False, and nothing is: another has one of them. */
bool rtp_shared_claim(struct rtp_shared *shared, const struct addr *rtp, const struct addr *rtcp,
                      void *claimant);
void rtp_shared_release(struct rtp_shared *shared, const struct addr *rtp, const struct addr *rtcp,
                        const void *claimant);
/** Does somebody send a steady stream to the RTP port whom nobody claimed, and who passes `fits`?
 */
bool rtp_shared_has_unclaimed(const struct rtp_shared *shared, int64_t now_us,
                              bool (*fits)(const void *arg, const struct addr *from),
                              const void *arg);
