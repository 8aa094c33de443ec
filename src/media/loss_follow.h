#pragma once
/* What an encoder does about the loss that the far end reports (RTCP report blocks, some seconds
 * apart): how much of it forward error correction should expect, and which share of its bit rate it
 * may still spend. An engine; not threaded. */

#include <stdbool.h>
#include <stdint.h>

enum { LOSS_FOLLOW_FULL = 1000, LOSS_FOLLOW_LEAST = 500 }; /* permille of the bit rate */

struct loss_follow {
    unsigned loss_percent;  /* to expect */
    unsigned rate_permille; /* of the bit rate */
    double mean;            /* of 1; rises at once, falls by halves */
};

void loss_follow_init(struct loss_follow *follow);
/** `fraction_lost` of 256 since the report before (RFC 3550 §6.4.1). True: something changed. */
bool loss_follow_feed(struct loss_follow *follow, uint8_t fraction_lost);
