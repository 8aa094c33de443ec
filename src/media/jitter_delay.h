#pragma once
/* How much delay a jitter buffer needs: the transit times of packets against the fastest of the
 * last seconds, and the delay that all but a few of them fit into. An engine; not threaded. */

#include <stdbool.h>
#include <stdint.h>

enum { JITTER_DELAY_BINS = 50, JITTER_DELAY_BIN_US = 10000 };

struct jitter_delay {
    uint32_t clock_hz;
    bool started;
    uint32_t last_ts;
    int64_t ts_units;              /* last_ts, unwrapped */
    int64_t fastest_us;            /* transit, in this window */
    int64_t before_us;             /* and in the one before */
    int64_t window_us;             /* when this window began */
    float bins[JITTER_DELAY_BINS]; /* share of packets by how much slower they were; sums to 1 */
};

void jitter_delay_init(struct jitter_delay *delay, uint32_t clock_hz);
/** Count one packet; returns by how much it was slower than the fastest, in µs. */
int64_t jitter_delay_feed(struct jitter_delay *delay, uint32_t ts, int64_t now_us);
/** The delay that 97 of 100 packets fit into, in µs. */
int64_t jitter_delay_wanted_us(const struct jitter_delay *delay);
