#pragma once
/* Sines with exact levels, and meters. Any thread; a struct tone belongs to one.
 *
 * Levels: a sine of full scale (peak 32767) is +3.17 dBm0, as mu-law has it (ITU-T G.711 §7), and
 * -3.01 dBov, so 0 dBm0 is -6.18 dBov. */

#include <stddef.h>
#include <stdint.h>

enum { TONE_PARTS = 2, LEVEL_SILENT_DBOV = -127 };

struct tone_part {
    double step; /* turns a sample */
    double turn; /* 0 to 1 */
    double peak;
};
struct tone {
    struct tone_part parts[TONE_PARTS];
    unsigned n;
};

void tone_init(struct tone *tone, uint32_t rate_hz, double hz, double level_dbm0);
/** Two sines, each with its own level. */
void tone_init_dual(struct tone *tone, uint32_t rate_hz, double hz1, double dbm0_1, double hz2,
                    double dbm0_2);
/** The next `n` samples; the phase goes on from call to call. */
void tone_render(struct tone *tone, int16_t *pcm, size_t n);

/** RMS level of a block in dBov, rounded: 0 down to LEVEL_SILENT_DBOV. */
int level_dbov(const int16_t *pcm, size_t n);
/** The same unrounded, in dBm0. */
double level_dbm0(const int16_t *pcm, size_t n);
/** The level of one frequency in a block (Goertzel), in dBm0; best with whole periods. */
double tone_level_dbm0(const int16_t *pcm, size_t n, uint32_t rate_hz, double hz);
