#pragma once
/* The stages that received packets pass, a batch at a time: each knows only `next`. A recorder or a
 * tap is one more of them, inserted where it should listen. Media thread. */

#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

struct media_dtmf_format;
struct media_format;
struct media_packet;

struct stage_item { /* a valid RTP packet: one of `format` and `dtmf` is set, or none: noise to skip
                     */
    struct media_packet *packet;
    struct rtp_header header;
    const struct media_format *format;    /* audio */
    const struct media_dtmf_format *dtmf; /* a telephone event */
};

struct stage {
    void (*take)(struct stage *stage, struct stage_item *items, size_t n);
    struct stage *next; /* NULL ends */
};

static inline void stage_pass(const struct stage *stage, struct stage_item *items, size_t n)
{
    if (stage->next)
        stage->next->take(stage->next, items, n);
}
