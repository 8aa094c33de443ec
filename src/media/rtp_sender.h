#pragma once
/* What we send: one SSRC whose sequence numbers and timestamps go on while packets come from one
 * origin after another: relayed, encoded, a player, telephone events. Pure; not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

struct rtp_sender {
    uint32_t ssrc;
    uint32_t clock_hz;
    uint16_t next_seq; /* after the highest sent */
    uint32_t next_ts;  /* where our own packets go on */
    uint32_t last_ts;
    int64_t last_us; /* when last_ts was sent; 0: nothing was sent */
    bool relaying;
    bool marker;      /* the next packet of our own begins a run */
    uint32_t in_ssrc; /* the origin that is relayed, and what to add to its numbers */
    uint16_t seq_offset;
    uint32_t ts_offset;
    uint32_t in_ts;
    uint16_t
        first_seq;    /* ours, at the switch to this origin: what would come before it is dropped */
    uint32_t packets; /* RFC 3550 §6.4.1, wrap as they do on the wire */
    uint32_t octets;
};
/** Random `ssrc`, `seq` and `ts` are the caller's to give; clear the top bit of `seq`, so that a
 * receiver of SRTP cannot miss its first wrap (RFC 3711 §3.3.1). */
void rtp_sender_init(struct rtp_sender *sender, uint32_t ssrc, uint16_t seq, uint32_t ts,
                     uint32_t clock_hz);
/** The codec's clock changed; timestamps go on from where they are. */
void rtp_sender_set_clock(struct rtp_sender *sender, uint32_t clock_hz);
/** Numbers for a relayed packet: gaps and order of the origin are kept. Another SSRC, packets of
 * our own in between or a leap of its timestamps is a switch: the sequence goes on without a gap,
 * the timestamp by the time that passed. Fills ssrc, seq, ts, marker (set at a switch, else the
 * origin's) and pt (copied) of `out`; false: it is from before the switch, drop it. */
bool rtp_sender_relay(struct rtp_sender *sender, const struct rtp_header *in, int64_t now_us,
                      struct rtp_header *out);
/** A packet of the relayed origin that is not sent on (comfort noise, say): leaves no gap. */
void rtp_sender_leave_out(struct rtp_sender *sender, const struct rtp_header *in);
/** A run of our own packets begins now (a player starts, a digit, audio after a digit): the next
 * one has the marker, and its timestamp moves up by the time that passed. Implied after relaying.
 */
void rtp_sender_switch(struct rtp_sender *sender, int64_t now_us);
/** Numbers for a packet of our own that lasts `duration` clock units: back to back with the one
 * before. `duration` 0 keeps the timestamp, as the packets of one telephone event need. Fills ssrc,
 * seq, ts and marker (set after a switch); the caller sets pt, and may set marker. */
void rtp_sender_make(struct rtp_sender *sender, uint32_t duration, int64_t now_us,
                     struct rtp_header *out);
/** Time passes without a packet of our own (silence, the gap between two digits). */
void rtp_sender_advance(struct rtp_sender *sender, uint32_t duration);
/** Call for each packet that was sent: the counters of the next sender report. */
void rtp_sender_count(struct rtp_sender *sender, size_t payload_len);
/** The timestamp that belongs to `now_us`, for a sender report (RFC 3550 §6.4.1). */
uint32_t rtp_sender_ts_at(const struct rtp_sender *sender, int64_t now_us);
