#include "beep.h"

#include <math.h>

#include "media/tone.h"

enum { LEAST_MS = 120, MOST_MS = 4000, HZ_MIN = 350, HZ_MAX = 2300, HZ_DRIFT = 25 };
static const double least_dbov = -42;
static const double most_residue = 0.02; /* of the power: what no single sine explains */

/* The frequency of a block that is one sine, or 0. A sine obeys x[n] = c·x[n-1] - x[n-2] with
 * c = 2·cos(w): fit c, and look at what is left. */
static double sine_hz(const int16_t *pcm, size_t n, uint32_t rate_hz)
{
    double top = 0, bottom = 0, power = 0, rest = 0;
    for (size_t i = 2; i < n; i++) {
        top += (double)pcm[i - 1] * ((double)pcm[i] + pcm[i - 2]);
        bottom += (double)pcm[i - 1] * pcm[i - 1];
    }
    double c = bottom > 0 ? top / bottom : 3;
    if (fabs(c) >= 2)
        return 0;
    for (size_t i = 2; i < n; i++) {
        double off = pcm[i] - c * pcm[i - 1] + pcm[i - 2];
        rest += off * off;
        power +=
            ((double)pcm[i] + pcm[i - 2]) * ((double)pcm[i] + pcm[i - 2]) + (double)pcm[i] * pcm[i];
    }
    return rest > power * most_residue ? 0 : acos(c / 2) * rate_hz / (2 * M_PI);
}

bool beep_feed(struct beep *beep, const int16_t *pcm, size_t n)
{
    double hz = level_dbov(pcm, n) > least_dbov ? sine_hz(pcm, n, beep->rate_hz) : 0;
    int64_t ms = (int64_t)(n * 1000 / beep->rate_hz);
    if (hz > 0 && beep->hz > 0 && fabs(hz - beep->hz) < HZ_DRIFT) {
        beep->tone_ms += ms;
        return false;
    }
    bool is_over = beep->tone_ms >= LEAST_MS && beep->tone_ms <= MOST_MS;
    beep->hz = hz >= HZ_MIN && hz <= HZ_MAX ? hz : 0;
    beep->tone_ms = beep->hz > 0 ? ms : 0;
    return is_over;
}
