#pragma once
/* A video line whose formats pass through: nothing here decodes, so each format is told as the far
 * end wrote it and named on both sides of a call by the number of who offered it first (`ref`).
 * VP8 (RFC 7741), H.264 (RFC 6184) and their kin, retransmission (RFC 4588), feedback (RFC 4585,
 * 5104). Control thread; owns nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct sdp_media;

enum { SDP_VIDEO_FORMATS = 32, SDP_VIDEO_NAME = 16, SDP_VIDEO_FMTP = 256, SDP_VIDEO_NONE = 255 };

/* a=rtcp-fb, as bits. Transport-wide congestion control is none of them: who relays would have to
 * answer it for the other side. */
enum {
    SDP_FB_NACK = 1,
    SDP_FB_PLI = 2,
    SDP_FB_FIR = 4,
    SDP_FB_REMB = 8,
};

struct sdp_video_format {
    uint8_t ref;
    uint8_t tx_pt, rx_pt; /* what they want to receive; what we announced */
    uint8_t repairs;      /* RTX: the ref of the format that it repeats; else SDP_VIDEO_NONE */
    char name[SDP_VIDEO_NAME];
    uint32_t clock_hz;
    char fmtp[SDP_VIDEO_FMTP]; /* theirs, "" for none and for RTX */
    unsigned feedback;         /* SDP_FB_ bits */
};
struct sdp_video { /* in the order of preference */
    struct sdp_video_format formats[SDP_VIDEO_FORMATS];
    size_t n; /* 0: no video */
};

/** What their line has that can pass, `ref` being its number. Formats that are longer than ours are
 * left out. */
void sdp_video_read(const struct sdp_media *media, struct sdp_video *out);
/**
 * The formats of `known` (with the numbers that we gave them in rx_pt) that their line has: refs
 * and rx_pt of `known`, fmtp and tx_pt of the line, feedback that both have. In the order of
 * `known`, or of the line with `in_their_order`.
 */
void sdp_video_match(const struct sdp_video *known, const struct sdp_media *media,
                     bool in_their_order, struct sdp_video *out);
/** a=rtpmap, a=fmtp and a=rtcp-fb of each, under its rx_pt. */
void sdp_video_print(const struct sdp_video *video, struct buf *out);
const struct sdp_video_format *sdp_video_find(const struct sdp_video *video, uint8_t ref);
