#include "media/dtmf_detector.h"

#include <stdint.h>

#include <spandsp/telephony.h>

#include <spandsp/logging.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/tone_generate.h>

#include <spandsp/dtmf.h>

#include "base/mem.h"
#include "media/resampler.h"

enum { RATE_HZ = 8000, BLOCK = 102 }; /* samples that spandsp looks at together */

struct dtmf_detector {
    const struct dtmf_events *events;
    void *owner;
    dtmf_rx_state_t *rx;
    struct resampler *resampler;
    char digit;     /* that sounds now; 0: none */
    uint64_t heard; /* samples so far, */
    uint64_t since; /* and when the digit began */
};

/* spandsp: a digit began, or 0: it ended. */
static void on_change(void *user, int code, int level, int delay)
{
    (void)level;
    (void)delay;
    struct dtmf_detector *detector = user;
    char ended = detector->digit;
    uint64_t samples = detector->heard - detector->since;
    detector->digit = (char)code; /* an ASCII digit or 0 */
    detector->since = detector->heard;
    if (ended)
        detector->events->on_digit(detector->owner, ended, (unsigned)(samples * 1000 / RATE_HZ));
}

struct dtmf_detector *dtmf_detector_create(uint32_t rate_hz, const struct dtmf_events *events,
                                           void *owner)
{
    struct dtmf_detector *detector = mem_new(struct dtmf_detector);
    detector->events = events;
    detector->owner = owner;
    detector->resampler = resampler_create(rate_hz, RATE_HZ);
    detector->rx = dtmf_rx_init(NULL, NULL, NULL);
    BUG_IF(!detector->rx);
    dtmf_rx_set_realtime_callback(detector->rx, on_change, detector);
    return detector;
}

void dtmf_detector_destroy(struct dtmf_detector *detector)
{
    if (!detector)
        return;
    dtmf_rx_free(detector->rx);
    resampler_destroy(detector->resampler);
    mem_free(detector);
}

/* A block at a time, so that `heard` is as exact as the detector. */
void dtmf_detector_feed(struct dtmf_detector *detector, const int16_t *pcm, size_t n)
{
    while (n > 0) {
        int16_t narrow[BLOCK + 2];
        size_t part = n < BLOCK ? n : BLOCK;
        size_t got = resampler_feed(detector->resampler, pcm, part, narrow, BLOCK + 2);
        detector->heard += got;
        dtmf_rx(detector->rx, narrow, (int)got); /* a block at most */
        pcm += part;
        n -= part;
    }
}
