#include "media/rtp_source.h"

enum { LEAP_S = 5 }; /* transit times that differ by more are no jitter */

static void begin(struct rtp_source *source, uint16_t seq)
{
    source->started = true;
    source->base_seq = seq;
    source->max_seq = seq;
    source->cycles = 0;
    source->bad_seq = UINT32_MAX; /* no sequence number */
    source->received = 0;
    source->expected_prior = source->received_prior = 0;
    source->has_transit = false;
}

void rtp_source_init(struct rtp_source *source, uint32_t ssrc, unsigned probation)
{
    *source =
        (struct rtp_source){ .ssrc = ssrc, .probation = probation, .probation_left = probation };
}

static enum rtp_verdict judge(struct rtp_source *source, uint16_t seq)
{
    if (!source->started) {
        begin(source, seq);
        if (source->probation_left > 0)
            source->probation_left--;
        return source->probation_left > 0 ? RTP_PROBING : RTP_IN_ORDER;
    }
    uint16_t ahead = (uint16_t)(seq - source->max_seq);
    if (source->probation_left > 0) {
        source->probation_left = (ahead == 1 ? source->probation_left : source->probation) - 1;
        begin(source, seq);
        return source->probation_left > 0 ? RTP_PROBING : RTP_IN_ORDER;
    }
    if (ahead == 0)
        return RTP_LATE;
    if (ahead < RTP_MAX_DROPOUT) {
        if (seq < source->max_seq)
            source->cycles += 1U << 16;
        source->max_seq = seq;
        source->bad_seq = UINT32_MAX;
        return RTP_IN_ORDER;
    }
    if (ahead > UINT16_MAX - RTP_MAX_MISORDER)
        return RTP_LATE;
    if (seq != source->bad_seq) {
        source->bad_seq = (uint16_t)(seq + 1);
        return RTP_JUMP;
    }
    source->lost_before = rtp_source_lost(source);
    begin(source, seq);
    return RTP_RESTARTED;
}

/* RFC 3550 §A.8 */
static void measure_jitter(struct rtp_source *source, uint32_t ts, uint32_t clock_hz,
                           int64_t now_us)
{
    if (clock_hz != source->clock_hz) {
        source->clock_hz = clock_hz;
        source->has_transit = false;
        source->jitter_x16 = 0;
    }
    /* modulo 2^32, as the timestamps are */
    uint32_t transit = (uint32_t)(now_us * (int64_t)clock_hz / 1000000) - ts;
    uint32_t before = source->transit;
    bool had = source->has_transit;
    source->transit = transit;
    source->has_transit = true;
    int64_t d = (int32_t)(transit - before);
    if (d < 0)
        d = -d;
    if (!had || d > (int64_t)LEAP_S * clock_hz)
        return;
    /* d is below 5 s of clock units, so the average stays far below 2^32 */
    source->jitter_x16 += (uint32_t)d - ((source->jitter_x16 + 8) >> 4);
}

enum rtp_verdict rtp_source_feed(struct rtp_source *source, const struct rtp_header *header,
                                 uint32_t clock_hz, int64_t now_us)
{
    enum rtp_verdict verdict = judge(source, header->seq);
    if (verdict == RTP_PROBING || verdict == RTP_JUMP)
        return verdict;
    source->received++;
    source->octets += header->payload.len;
    if (source->first_us == 0)
        source->first_us = now_us;
    source->last_us = now_us;
    if (clock_hz != 0)
        measure_jitter(source, header->ts, clock_hz, now_us);
    return verdict;
}

uint32_t rtp_source_highest(const struct rtp_source *source)
{
    return source->cycles + source->max_seq;
}

uint32_t rtp_source_expected(const struct rtp_source *source)
{
    return source->received == 0 ? 0 : rtp_source_highest(source) - source->base_seq + 1;
}

uint64_t rtp_source_lost(const struct rtp_source *source)
{
    uint32_t expected = rtp_source_expected(source);
    uint32_t lost = expected > source->received ? expected - source->received : 0;
    return source->lost_before + lost;
}

int64_t rtp_source_jitter_us(const struct rtp_source *source)
{
    if (!source->has_transit || source->received < 2)
        return -1;
    return (int64_t)source->jitter_x16 * 1000000 / 16 / source->clock_hz;
}
