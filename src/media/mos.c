#include "mos.h"

#include "base/num.h"
#include "media/codec.h"

#define R_DEFAULT 93.2 /* every default value of G.107, nothing lost, no delay */

/* The impairment by delay of G.107 with perfect echo control, in the form that everyone uses
 * (Cole and Rosenbluth, 2001); above 177.3 ms people begin to talk at once. */
static double delay_impairment(double ms)
{
    double much = ms - 177.3;
    return 0.024 * ms + (much > 0 ? 0.11 * much : 0);
}

/* G.107 §3.5, random loss (BurstR 1). */
static double loss_impairment(const struct codec *codec, double loss)
{
    double percent = loss * 100;
    return codec->ie + (95 - codec->ie) * percent / (percent + codec->bpl);
}

/* G.107 annex B */
static double mos_of(double r)
{
    if (r <= 0)
        return 1;
    double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
    return mos < 1 ? 1 : mos; /* the curve dips below 1 near 0 */
}

double mos_r_factor(const struct mos_input *input)
{
    return R_DEFAULT - delay_impairment((double)input->delay_us / 1000) -
           loss_impairment(input->codec, input->loss);
}

double mos_estimate(const struct mos_input *input)
{
    return mos_of(mos_r_factor(input));
}

int64_t mos_delay_us(int64_t rtt_us, int64_t buffer_us, int64_t jitter_us)
{
    int64_t path_us = num_max(rtt_us, 0) / 2;
    return path_us + (buffer_us >= 0 ? buffer_us : 2 * num_max(jitter_us, 0));
}
