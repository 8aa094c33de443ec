#pragma once
/* Our description as text: the session part, our audio line, the rejected ones. Private to sdp/. */

#include <stddef.h>

#include "base/buf.h"
#include "sdp/sdp_memory.h"
#include "sdp/sdp_offer.h"

struct sdp_line { /* what offer and answer print differently */
    struct sdp_format formats[SDP_CAPS_MAX_CODECS];
    size_t n_formats;
    struct sdp_dtmf dtmf[SDP_RESULT_MAX_DTMF];
    size_t n_dtmf;
    enum sdp_direction direction;
    bool rtcp_mux, rtcp_rsize, rtcp_xr, ice;
    enum sdp_setup setup;
    bool all_keys;    /* an offer: every key, with tags from 1 */
    size_t key;       /* an answer: this one … */
    uint32_t key_tag; /* … under this tag */
    struct sdp_video_line {
        struct sdp_video formats; /* as printed; n = 0: the line is rejected */
        enum sdp_direction direction;
        bool rtcp_mux;
        size_t key;
        uint32_t key_tag;
    } video;
};

/** Everything behind the o= line. */
void sdp_line_print_body(const struct sdp_caps *caps, const struct sdp_memory *memory,
                         const struct sdp_line *line, struct buf *out);
