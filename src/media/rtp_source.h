#pragma once
/* One synchronisation source that we receive: is its sequence to be trusted, what was lost, how
 * much it jitters (RFC 3550 §A.1, A.3, A.8). Pure; not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

enum {
    RTP_PROBATION = 2, /* packets in sequence before a source counts (MIN_SEQUENTIAL) */
    RTP_MAX_DROPOUT = 3000,
    RTP_MAX_MISORDER = 100,
};
enum rtp_verdict {
    RTP_IN_ORDER,  /* newer than all before; some may be missing in between */
    RTP_LATE,      /* reordered: older than the newest, yet near it (or a duplicate) */
    RTP_PROBING,   /* the source is on probation still: do not play it */
    RTP_JUMP,      /* far from all before: dropped, unless the next one follows it */
    RTP_RESTARTED, /* that next one: the source began anew, counters are those of a new one */
};
struct rtp_source {
    uint32_t ssrc;
    bool started;
    uint16_t max_seq;
    uint32_t cycles; /* 65536 × wraps */
    uint32_t base_seq;
    uint32_t bad_seq;
    unsigned probation, probation_left;
    uint32_t received;
    uint64_t octets; /* of payload */
    uint32_t expected_prior, received_prior;
    uint64_t lost_before; /* lost before a restart */
    uint32_t clock_hz;
    uint32_t transit; /* of the packet before, in clock units */
    bool has_transit;
    uint32_t jitter_x16; /* clock units × 16 */
    int64_t first_us, last_us;
};
/** `probation` is how many packets in sequence it takes; 0 or 1: the first one counts. */
void rtp_source_init(struct rtp_source *source, uint32_t ssrc, unsigned probation);
/** Count one packet. `clock_hz` is the payload type's; 0 leaves jitter alone (telephone-event,
 * whose timestamps stand still). */
enum rtp_verdict rtp_source_feed(struct rtp_source *source, const struct rtp_header *header,
                                 uint32_t clock_hz, int64_t now_us);
/** Highest sequence number with its wraps (RFC 3550 §6.4.1). */
uint32_t rtp_source_highest(const struct rtp_source *source);
/** Packets that should have come since the source began (RFC 3550 §A.3). */
uint32_t rtp_source_expected(const struct rtp_source *source);
/** Lost so far, restarts included; 0 where duplicates outnumber losses. */
uint64_t rtp_source_lost(const struct rtp_source *source);
/** -1 before the second packet. */
int64_t rtp_source_jitter_us(const struct rtp_source *source);
