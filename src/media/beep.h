#pragma once
/* The beep of an answering machine: one tone of any frequency that answering machines use, steady
 * for a while, and then no more. An engine. Not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct beep { /* zeroed but for the rate */
    uint32_t rate_hz;
    double hz;       /* of the tone that sounds; 0: none */
    int64_t tone_ms; /* it has sounded */
};

/** A block, best of 20 ms; true: a beep is over. */
bool beep_feed(struct beep *beep, const int16_t *pcm, size_t n);
