#pragma once
/* RTP (RFC 3550): headers in place. What is known of a source is in rtp_source.h, the numbering of
 * what we send in rtp_sender.h. Pure; any thread. */

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
