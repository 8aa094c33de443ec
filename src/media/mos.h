#pragma once
/* How good a call sounds to the one who hears it: the E-model of ITU-T G.107 with its default
 * values, fed with what a gateway can know. An estimate: it knows loss, delay and the codec, not
 * the room, the handset or what happened before us. Pure; any thread. */

#include <stdint.h>

struct codec;

struct mos_input {
    const struct codec *codec;
    double loss;      /* share of packets that were not there to be played, 0 to 1 */
    int64_t delay_us; /* mouth to ear as far as it is known; 0: not known, so it costs nothing */
};
/** 1.0 to 4.41: no narrow-band call is better (G.107 annex B). */
double mos_estimate(const struct mos_input *input);
/** Its R, of which MOS is a function: 93 for a call without flaw, may be negative. */
double mos_r_factor(const struct mos_input *input);
/** One way: half the round trip (-1: not known, counts as 0) and what waits in the jitter buffer
 * (-1: not ours to see; twice the jitter is what it takes about). */
int64_t mos_delay_us(int64_t rtt_us, int64_t buffer_us, int64_t jitter_us);
