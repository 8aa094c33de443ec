#pragma once
/* DTMF found in the audio itself (spandsp). One thread at a time. */

#include <stddef.h>
#include <stdint.h>

#include "media/dtmf.h"

struct dtmf_detector;

/** `rate_hz` 8000, 16000 or 48000. */
struct dtmf_detector *dtmf_detector_create(uint32_t rate_hz, const struct dtmf_events *events,
                                           void *owner);
void dtmf_detector_destroy(struct dtmf_detector *detector);
/** Calls on_digit at a digit's end (which must not destroy the detector); its duration is a
 * multiple of about 13 ms. */
void dtmf_detector_feed(struct dtmf_detector *detector, const int16_t *pcm, size_t n);
