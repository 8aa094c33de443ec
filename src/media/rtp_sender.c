#include "media/rtp_sender.h"

enum {
    LEAP_S = 5,      /* an origin whose timestamps and clock disagree by more began anew */
    LEAP_SEQ = 3000, /* and so for its sequence numbers */
};

void rtp_sender_init(struct rtp_sender *sender, uint32_t ssrc, uint16_t seq, uint32_t ts,
                     uint32_t clock_hz)
{
    *sender = (struct rtp_sender){ .ssrc = ssrc,
                                   .clock_hz = clock_hz,
                                   .next_seq = seq,
                                   .next_ts = ts,
                                   .last_ts = ts,
                                   .marker = true };
}

void rtp_sender_set_clock(struct rtp_sender *sender, uint32_t clock_hz)
{
    sender->clock_hz = clock_hz;
}

uint32_t rtp_sender_ts_at(const struct rtp_sender *sender, int64_t now_us)
{
    if (sender->last_us == 0)
        return sender->next_ts;
    /* modulo 2^32, as timestamps are */
    return sender->last_ts +
           (uint32_t)((now_us - sender->last_us) * (int64_t)sender->clock_hz / 1000000);
}

/* Where the timestamp of a new run starts: now, but never inside what was sent. */
static uint32_t ts_of_switch(const struct rtp_sender *sender, int64_t now_us)
{
    uint32_t at = rtp_sender_ts_at(sender, now_us);
    return rtp_ts_after(sender->next_ts, at) ? sender->next_ts : at;
}

/* Note that `ts` went out; a timestamp that stands still keeps the time of its first packet. */
static void sent_at(struct rtp_sender *sender, uint32_t ts, int64_t now_us)
{
    if (sender->last_us != 0 && !rtp_ts_after(ts, sender->last_ts))
        return;
    sender->last_ts = ts;
    sender->last_us = now_us ? now_us : 1;
}

/* The same stream of numbers as the packets before? */
static bool goes_on(const struct rtp_sender *sender, const struct rtp_header *in, int64_t now_us)
{
    if (!sender->relaying || in->ssrc != sender->in_ssrc)
        return false;
    uint16_t ahead = (uint16_t)(in->seq + sender->seq_offset - sender->next_seq);
    if (ahead >= LEAP_SEQ && ahead < (uint16_t)-LEAP_SEQ)
        return false;
    uint32_t expected = rtp_sender_ts_at(sender, now_us);
    int64_t off = (int32_t)(in->ts + sender->ts_offset - expected);
    int64_t leap = (int64_t)LEAP_S * sender->clock_hz;
    return off < leap && off > -leap;
}

bool rtp_sender_relay(struct rtp_sender *sender, const struct rtp_header *in, int64_t now_us,
                      struct rtp_header *out)
{
    bool begins = !goes_on(sender, in, now_us);
    if (begins) {
        sender->relaying = true;
        sender->in_ssrc = in->ssrc;
        sender->seq_offset = (uint16_t)(sender->next_seq - in->seq);
        sender->ts_offset = ts_of_switch(sender, now_us) - in->ts;
        sender->first_seq = sender->next_seq;
    }
    uint16_t seq = (uint16_t)(in->seq + sender->seq_offset);
    uint32_t ts = in->ts + sender->ts_offset;
    if (rtp_seq_after(sender->first_seq, seq))
        return false;
    if (!rtp_seq_after(sender->next_seq, seq)) {
        sender->next_seq = (uint16_t)(seq + 1);
        sent_at(sender, ts, now_us);
        sender->next_ts = sender->last_ts + 1;
    }
    sender->marker = true; /* for our own packets that come after */
    out->pt = in->pt;
    out->marker = in->marker || begins;
    out->seq = seq;
    out->ts = ts;
    out->ssrc = sender->ssrc;
    return true;
}

void rtp_sender_leave_out(struct rtp_sender *sender, const struct rtp_header *in)
{
    if (!sender->relaying || in->ssrc != sender->in_ssrc)
        return;
    if (rtp_seq_after(sender->next_seq, (uint16_t)(in->seq + sender->seq_offset)))
        return;
    sender->seq_offset--;
    /* an older one that came now would get a number that went out already */
    sender->first_seq = sender->next_seq;
}

void rtp_sender_switch(struct rtp_sender *sender, int64_t now_us)
{
    sender->relaying = false;
    sender->marker = true;
    sender->next_ts = ts_of_switch(sender, now_us);
}

void rtp_sender_make(struct rtp_sender *sender, uint32_t duration, int64_t now_us,
                     struct rtp_header *out)
{
    if (sender->relaying)
        rtp_sender_switch(sender, now_us);
    out->ssrc = sender->ssrc;
    out->seq = sender->next_seq++;
    out->ts = sender->next_ts;
    out->marker = sender->marker;
    sender->marker = false;
    sent_at(sender, out->ts, now_us);
    sender->next_ts += duration;
}

void rtp_sender_advance(struct rtp_sender *sender, uint32_t duration)
{
    sender->next_ts += duration;
}

void rtp_sender_count(struct rtp_sender *sender, size_t payload_len)
{
    sender->packets++;
    sender->octets += (uint32_t)payload_len; /* wraps, as on the wire */
}
