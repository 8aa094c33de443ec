#pragma once
/* RTP (RFC 3550): headers in place, what is known of a source we receive, and the numbering of what
 * we send. Pure: bytes and times are arguments. Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct media_packet;

enum {
    RTP_HEADER_LEN = 12, /* without CSRC and extension: all that we send */
    RTP_PT_MAX = 127,
    RTP_CSRC_MAX = 15,
};

/** What a datagram is, by its first byte (RFC 7983 §7) and, for RTCP, its second (RFC 5761 §4). */
enum rtp_demux_kind {
    RTP_DEMUX_UNKNOWN,
    RTP_DEMUX_STUN,
    RTP_DEMUX_ZRTP,
    RTP_DEMUX_DTLS,
    RTP_DEMUX_TURN, /* a TURN channel */
    RTP_DEMUX_RTP,
    RTP_DEMUX_RTCP,
};
enum rtp_demux_kind rtp_demux(struct slice datagram);

struct rtp_header { /* the slices borrow from the packet */
    uint8_t pt;
    bool marker;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    struct slice csrcs; /* 4 bytes each, network order */
    bool has_extension;
    uint16_t extension_profile; /* 0xBEDE: RFC 8285 one-byte elements */
    struct slice extension;     /* without its own 4-byte header */
    struct slice payload;       /* without padding */
    uint8_t padding;            /* bytes, its count byte included; 0: none */
};

/** RFC 3550 §5.1, §5.3.1. ERR_PARSE: short, another version, CSRC, extension or padding longer than
 * the packet. */
MUST_CHECK enum err rtp_parse(struct rtp_header *out, struct slice packet);
/** Length of the fixed header, CSRC list and extension: what SRTP leaves in the clear. ERR_PARSE.
 */
MUST_CHECK enum err rtp_header_len(struct slice packet, size_t *out);
/** pt, marker, seq, ts, ssrc as a plain 12-byte header. */
void rtp_print(const struct rtp_header *header, uint8_t out[RTP_HEADER_LEN]);
/** Make a received packet one of ours without copying: a plain header with the numbers of `header`
 * is written right before the payload of `received` (parsed from `packet`, or its payload shortened
 * since), so that CSRC, extensions and padding are gone. */
void rtp_replace(struct media_packet *packet, const struct rtp_header *received,
                 const struct rtp_header *header);
/** Make an empty packet one of ours: `header` and a copy of `payload`. ERR_LIMIT: does not fit. */
MUST_CHECK enum err rtp_fill(struct media_packet *packet, const struct rtp_header *header,
                             struct slice payload);

/** a comes after b; half the circle decides. The only way to compare sequence numbers. */
static inline bool rtp_seq_after(uint16_t a, uint16_t b)
{
    return a != b && (uint16_t)(a - b) < 0x8000;
}
static inline bool rtp_ts_after(uint32_t a, uint32_t b)
{
    return a != b && a - b < 0x80000000U;
}

/* One synchronisation source that we receive (RFC 3550 §A.1, A.3, A.8). */
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
    unsigned probation;
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
/** Lost so far, restarts included; 0 where duplicates outnumber losses. */
uint64_t rtp_source_lost(const struct rtp_source *source);
/** -1 before the second packet. */
int64_t rtp_source_jitter_us(const struct rtp_source *source);

/* What we send: one SSRC whose sequence numbers and timestamps go on while packets come from one
 * origin after another: relayed, encoded, a player, telephone events. */
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
