#pragma once
/* Is loss spread or in bursts? The counters of RFC 3611 §4.7.2 and appendix A.2, fed packet by
 * packet. An engine; not threaded. */

#include <stdint.h>

enum { RTP_BURSTS_GMIN = 16 }; /* so many packets in a row end a burst (RFC 3611 §4.7.2) */

struct rtp_bursts { /* the transitions of the appendix's Markov model, by its names */
    uint32_t packets, lost;
    uint32_t c11, c13, c14, c22, c23, c33;
};
struct rtp_bursts_result {
    uint8_t burst_density, gap_density; /* of 256 */
    uint16_t burst_ms, gap_ms;          /* means */
};
/** One packet came, `lost` were missing before it. */
void rtp_bursts_feed(struct rtp_bursts *bursts, uint32_t lost);
struct rtp_bursts_result rtp_bursts_read(const struct rtp_bursts *bursts, unsigned packet_ms);
