#pragma once
/* G.711 bytes and linear samples (ITU-T G.711): for the codecs PCMU and PCMA, and for measuring the
 * level of audio that is relayed. Any thread. */

#include <stdint.h>

extern const int16_t g711_ulaw_pcm[256], g711_alaw_pcm[256]; /* a byte's sample */

uint8_t g711_ulaw(int16_t pcm);
uint8_t g711_alaw(int16_t pcm);
