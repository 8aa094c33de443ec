#include "media/rtp_bursts.h"

#include "base/num.h"

enum { LOST_MAX = 3000 }; /* more at once is no loss but another call */

static void feed_lost(struct rtp_bursts *bursts)
{
    if (bursts->packets >= RTP_BURSTS_GMIN) {
        if (bursts->lost == 1)
            bursts->c14++; /* alone, in a gap */
        else
            bursts->c13++;
        bursts->lost = 1;
        bursts->c11 += bursts->packets;
    } else {
        bursts->lost++;
        if (bursts->packets == 0) {
            bursts->c33++;
        } else {
            bursts->c23++;
            bursts->c22 += bursts->packets - 1;
        }
    }
    bursts->packets = 0;
}

void rtp_bursts_feed(struct rtp_bursts *bursts, uint32_t lost)
{
    for (uint32_t i = 0; i < lost && i < LOST_MAX; i++)
        feed_lost(bursts);
    bursts->packets++;
}

static uint16_t ms_of(double ms)
{
    return (uint16_t)num_min((int64_t)ms, UINT16_MAX); /* never negative */
}

/* RFC 3611 appendix A.2. What goes on at the moment counts as a gap. */
struct rtp_bursts_result rtp_bursts_read(const struct rtp_bursts *b, unsigned packet_ms)
{
    double c11 = (double)b->c11 + b->packets, c31 = b->c13, c32 = b->c23;
    double out_of_bursts = c31 + c32 + b->c33, in_bursts = (double)b->c22 + b->c23;
    double gaps = c11 + b->c14;
    struct rtp_bursts_result result = { .gap_ms = ms_of((gaps + b->c13) * packet_ms) };
    if (gaps > 0)
        result.gap_density = (uint8_t)num_min((int64_t)(256.0 * b->c14 / gaps), UINT8_MAX);
    if (!b->c13)
        return result;
    double p32 = c32 / out_of_bursts;
    double p23 = in_bursts < 1 ? 1 : 1 - b->c22 / in_bursts;
    double total = gaps + b->c13 + b->c22 + b->c23 + c31 + c32 + b->c33;
    double gap_ms = (gaps + b->c13) * packet_ms / b->c13;
    result.gap_ms = ms_of(gap_ms);
    result.burst_ms = ms_of(total * packet_ms / b->c13 - gap_ms);
    result.burst_density = (uint8_t)num_min((int64_t)(256 * p23 / (p23 + p32)), UINT8_MAX);
    return result;
}
