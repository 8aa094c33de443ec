#pragma once
/* RTCP (RFC 3550 §6, RFC 5506): compound and reduced-size packets as one struct, report blocks, NTP
 * times and round trips. Feedback (RFC 4585) is recognised and kept as it came. Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct rtp_source;

enum {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_RTPFB = 205,
    RTCP_PSFB = 206,
    RTCP_XR = 207,
};
enum {
    RTCP_HEADER_LEN = 8,  /* common header and sender's SSRC: what SRTCP leaves in the clear */
    RTCP_MAX_PARTS = 32,  /* packets in one compound */
    RTCP_MAX_BLOCKS = 31, /* report blocks kept */
    RTCP_MAX_BYES = 31,
    RTCP_MAX_FEEDBACK = 8, /* kept; more are skipped */
    RTCP_MAX_VOIPS = 4,
    RTCP_CNAME_MAX = 255,
};

struct rtcp_sender_info { /* RFC 3550 §6.4.1 */
    uint64_t ntp;         /* seconds since 1900 in the upper half, 2^-32 s in the lower */
    uint32_t rtp_ts;
    uint32_t packets, octets;
};
struct rtcp_block {
    uint32_t ssrc;         /* whose packets this is about */
    uint8_t fraction_lost; /* of 256, since the last report */
    int32_t lost;          /* 24 bits, negative when duplicates came */
    uint32_t highest_seq;  /* with its wraps */
    uint32_t jitter;       /* clock units */
    uint32_t lsr, dlsr;    /* 2^-16 s; 0: no sender report came yet */
};
/** How the reporter hears a source: VoIP metrics (RFC 3611 §4.7). */
struct rtcp_voip {
    uint32_t ssrc;                   /* whose packets this is about */
    uint8_t loss_rate, discard_rate; /* of 256, since it began */
    uint8_t burst_density, gap_density;
    uint16_t burst_ms, gap_ms;
    uint16_t rtt_ms, end_delay_ms; /* 0: not known */
    int signal_dbm0, noise_dbm0;   /* RTCP_UNKNOWN: not measured; so are the next five */
    int echo_loss_db;
    uint8_t gmin;
    int r_factor, external_r;
    int mos_lq_x10, mos_cq_x10;                        /* listening, conversation */
    uint8_t config;                                    /* RTCP_VOIP_… bits */
    uint16_t buffer_ms, buffer_max_ms, buffer_most_ms; /* nominal, now, ever */
};
enum {
    RTCP_UNKNOWN = -1000,
    RTCP_VOIP_PLC_ENHANCED = 0x80, /* RFC 3611 §4.7.6 */
    RTCP_VOIP_BUFFER_ADAPTIVE = 0x30,
};
/** A compound packet, flat: who reports, and everything it said. Slices borrow from the datagram.
 */
struct rtcp {
    uint32_t ssrc; /* of the first part */
    bool has_sr;
    struct rtcp_sender_info sr;
    bool has_rr;
    struct rtcp_block blocks[RTCP_MAX_BLOCKS];
    size_t n_blocks;
    uint32_t cname_ssrc;
    struct slice cname;           /* not text of ours: print with care */
    uint32_t byes[RTCP_MAX_BYES]; /* SSRCs that leave */
    size_t n_byes;
    bool has_bye;
    struct slice bye_reason;
    struct slice feedback[RTCP_MAX_FEEDBACK]; /* RTPFB and PSFB parts, whole */
    size_t n_feedback;
    uint32_t voip_ssrc;                     /* who measured: of the last XR with any */
    struct rtcp_voip voips[RTCP_MAX_VOIPS]; /* more are skipped */
    size_t n_voips;
    unsigned n_ignored; /* APP and unknown parts, XR without VoIP metrics */
};

/** ERR_PARSE: no RTCP, a length that does not fit, padding before the last part.
 *  ERR_LIMIT: over RTCP_MAX_PARTS, or report blocks or BYE over theirs. */
MUST_CHECK enum err rtcp_parse(struct rtcp *out, struct slice packet);
/** SR (with has_sr) or RR, SDES when there is a cname, BYE when has_bye, then feedback. ERR_LIMIT:
 * `out` is too small, or too many blocks. */
MUST_CHECK enum err rtcp_print(const struct rtcp *in, struct buf *out);

/** What we know of the other side's clock: its last sender report. Zeroed: none. */
struct rtcp_seen {
    uint32_t lsr;       /* middle 32 bits of its NTP time */
    int64_t arrived_us; /* monotonic */
};
void rtcp_seen_feed(struct rtcp_seen *seen, const struct rtcp *report, int64_t now_us);
/** The report block about `source`, and the start of its next interval (RFC 3550 §A.3). */
void rtcp_block_make(struct rtcp_block *out, struct rtp_source *source,
                     const struct rtcp_seen *seen, int64_t now_us);
/** Our block in a report that arrived (about `ssrc`), or NULL. */
const struct rtcp_block *rtcp_block_find(const struct rtcp *report, uint32_t ssrc);

/** How the far end hears `ssrc`, or NULL. */
const struct rtcp_voip *rtcp_voip_find(const struct rtcp *report, uint32_t ssrc);

/** A share in 256ths, 255 at most. */
uint8_t rtcp_share(uint64_t part, uint64_t all);
/** NTP time of microseconds since 1970. */
uint64_t rtcp_ntp(int64_t wall_us);
static inline uint32_t rtcp_ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}
/** Round trip of a block that arrived at `now_ntp` (RFC 3550 §6.4.1); -1: it has no LSR, or is
 * nonsense (negative, over 60 s). The NTP clock must be the one that our reports carry. */
int64_t rtcp_rtt_us(const struct rtcp_block *block, uint64_t now_ntp);
