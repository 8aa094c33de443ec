#pragma once
/* An adaptive jitter buffer, for streams that are decoded (a relayed one keeps its jitter). An
 * engine: packets and times go in, packets come out in order. Not threaded; nothing is allocated
 * per packet once its slots have grown.
 *
 * The consumer owns the PCM: each 20 ms it pulls until it has 20 ms of sound:
 *     while (held < frame)
 *         switch (jitter_pull(jitter, now_us, &out)) {
 *         case JITTER_PACKET:  codec_decode(…out.payload…)
 *         case JITTER_CONCEAL: codec_recover(…out.payload…) with a payload, else codec_conceal();
 *                              `out.duration` of it
 *         case JITTER_NOTHING: silence until the end of the frame; pull again next time
 *         }
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct jitter;

enum {
    JITTER_SLOTS = 128,          /* packets held at most */
    JITTER_PAYLOAD_MAX = 1500,   /* longer ones are dropped */
    JITTER_CONCEAL_MAX_MS = 120, /* without a packet for longer: JITTER_NOTHING */
};

struct jitter_config {
    uint32_t clock_hz;
    unsigned frame_ms;       /* how often it is pulled; 0: 20 */
    unsigned min_ms, max_ms; /* bounds of the delay; 0: 20 and 400. The same: it does not adapt */
};
struct jitter_packet {
    uint16_t seq;
    uint32_t ts;
    uint32_t duration; /* clock units, codec_duration(); not 0 */
    uint8_t tag;       /* the caller's: which decoder */
    struct slice payload;
};
enum jitter_result { JITTER_NOTHING, JITTER_PACKET, JITTER_CONCEAL };

struct jitter_stats {
    uint64_t played, concealed, late, duplicate, dropped; /* dropped: to shrink the delay */
    uint64_t stretched; /* a frame concealed to grow the delay: nothing was lost */
    unsigned delay_ms;  /* that it aims at now */
    unsigned held;      /* packets */
};

struct jitter *jitter_create(const struct jitter_config *config);
void jitter_destroy(struct jitter *jitter);
/** It is pulled this often from now on. */
void jitter_set_frame(struct jitter *jitter, unsigned frame_ms);
/** Forget what is held; the next packet begins anew (another SSRC, another clock). */
void jitter_reset(struct jitter *jitter);
/** Copies the payload. Late and duplicate packets are counted and gone. */
void jitter_feed(struct jitter *jitter, const struct jitter_packet *packet, int64_t now_us);
/** What to play next; `out` is filled but for JITTER_NOTHING, its payload lives until the next call
 * of any jitter_ function. For JITTER_CONCEAL the payload is that of the packet after the lost one,
 * if it is here (in-band FEC), else empty, and `tag` that of the last one played. */
enum jitter_result jitter_pull(struct jitter *jitter, int64_t now_us, struct jitter_packet *out);
struct jitter_stats jitter_stats(const struct jitter *jitter);
