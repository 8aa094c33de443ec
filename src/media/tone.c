#include "media/tone.h"

#include <math.h>

#define FULL_SCALE 32767.0
#define FULL_SINE_DBM0 3.17 /* ITU-T G.711 §7, mu-law */
#define FULL_SINE_DBOV (-3.01029995663981)

static double peak_of(double level_dbm0)
{
    return FULL_SCALE * pow(10, (level_dbm0 - FULL_SINE_DBM0) / 20);
}

void tone_init(struct tone *tone, uint32_t rate_hz, double hz, double level_dbm0)
{
    *tone = (struct tone){ .n = 1 };
    tone->parts[0] = (struct tone_part){ .step = hz / rate_hz, .peak = peak_of(level_dbm0) };
}

void tone_init_dual(struct tone *tone, uint32_t rate_hz, double hz1, double dbm0_1, double hz2,
                    double dbm0_2)
{
    tone_init(tone, rate_hz, hz1, dbm0_1);
    tone->parts[1] = (struct tone_part){ .step = hz2 / rate_hz, .peak = peak_of(dbm0_2) };
    tone->n = 2;
}

void tone_render(struct tone *tone, int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (unsigned p = 0; p < tone->n; p++) {
            struct tone_part *part = &tone->parts[p];
            sum += part->peak * sin(2 * M_PI * part->turn);
            part->turn += part->step;
            part->turn -= floor(part->turn);
        }
        pcm[i] = (int16_t)lrint(fmax(-FULL_SCALE, fmin(FULL_SCALE, sum)));
    }
}

/* Mean square of a block against that of a full-scale sine, in dB. */
static double below_full_sine_db(double mean_square)
{
    return mean_square > 0 ? 10 * log10(mean_square / (FULL_SCALE * FULL_SCALE / 2)) : -INFINITY;
}

static double mean_square(const int16_t *pcm, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += pcm[i] * pcm[i];
    return n ? (double)sum / (double)n : 0;
}

int level_dbov(const int16_t *pcm, size_t n)
{
    double dbov = below_full_sine_db(mean_square(pcm, n)) + FULL_SINE_DBOV;
    return (int)lrint(fmax(LEVEL_SILENT_DBOV, fmin(0, dbov)));
}

double level_dbm0(const int16_t *pcm, size_t n)
{
    return below_full_sine_db(mean_square(pcm, n)) + FULL_SINE_DBM0;
}

double tone_level_dbm0(const int16_t *pcm, size_t n, uint32_t rate_hz, double hz)
{
    double coefficient = 2 * cos(2 * M_PI * hz / rate_hz);
    double s1 = 0, s2 = 0;
    for (size_t i = 0; i < n; i++) {
        double s0 = pcm[i] + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    double power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    /* a sine of peak A gives (A n / 2)² */
    return n ? below_full_sine_db(power * 2 / ((double)n * (double)n)) + FULL_SINE_DBM0 : -INFINITY;
}
