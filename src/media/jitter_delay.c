#include "media/jitter_delay.h"

#include "base/num.h"

#define WINDOW_US INT64_C(5000000) /* two of these: long enough for a minimum, short for drift */
#define PAUSE_US INT64_C(1000000)  /* slower than this: a sender whose clock stood still */
#define FORGET 0.995F              /* per packet: about four seconds of 20 ms packets */
#define ENOUGH 0.97F

void jitter_delay_init(struct jitter_delay *delay, uint32_t clock_hz)
{
    *delay = (struct jitter_delay){ .clock_hz = clock_hz };
    delay->bins[0] = 1;
}

static void start(struct jitter_delay *delay, uint32_t ts, int64_t now_us)
{
    delay->started = true;
    delay->last_ts = ts;
    delay->ts_units = 0;
    delay->window_us = now_us;
    delay->fastest_us = delay->before_us = now_us;
}

static void count(struct jitter_delay *delay, int64_t slower_us)
{
    int64_t bin = num_min(slower_us / JITTER_DELAY_BIN_US, JITTER_DELAY_BINS - 1);
    for (int i = 0; i < JITTER_DELAY_BINS; i++)
        delay->bins[i] *= FORGET;
    delay->bins[bin] += 1 - FORGET;
}

int64_t jitter_delay_feed(struct jitter_delay *delay, uint32_t ts, int64_t now_us)
{
    if (!delay->started)
        start(delay, ts, now_us);
    delay->ts_units += (int32_t)(ts - delay->last_ts);
    delay->last_ts = ts;
    int64_t transit_us = now_us - delay->ts_units * 1000000 / delay->clock_hz;
    if (now_us - delay->window_us >= WINDOW_US) {
        delay->before_us = delay->fastest_us;
        delay->fastest_us = transit_us;
        delay->window_us = now_us;
    }
    delay->fastest_us = num_min(delay->fastest_us, transit_us);
    int64_t slower_us = transit_us - num_min(delay->fastest_us, delay->before_us);
    if (slower_us > PAUSE_US) {
        start(delay, ts, now_us);
        slower_us = 0;
    }
    count(delay, slower_us);
    return slower_us;
}

int64_t jitter_delay_wanted_us(const struct jitter_delay *delay)
{
    float sum = 0;
    for (int i = 0; i < JITTER_DELAY_BINS; i++) {
        sum += delay->bins[i];
        if (sum >= ENOUGH)
            return (i + 1) * (int64_t)JITTER_DELAY_BIN_US;
    }
    return JITTER_DELAY_BINS * (int64_t)JITTER_DELAY_BIN_US;
}
