#include "media/loss_follow.h"

#include "base/num.h"

/* The thresholds of draft-ietf-rmcat-gcc-02 §6, which browsers go by too: what is lost below the
 * lower one is no congestion, above the upper one every packet less helps. */
#define LOSS_LOW 0.02
#define LOSS_HIGH 0.10
#define RISE 1.10 /* a report: from the least to full in some 40 s */

void loss_follow_init(struct loss_follow *follow)
{
    *follow = (struct loss_follow){ .rate_permille = LOSS_FOLLOW_FULL };
}

bool loss_follow_feed(struct loss_follow *follow, uint8_t fraction_lost)
{
    double lost = fraction_lost / 256.0, rate = follow->rate_permille;
    struct loss_follow before = *follow;
    follow->mean = lost > follow->mean ? lost : (follow->mean + lost) / 2;
    if (lost > LOSS_HIGH)
        rate *= 1 - lost / 2;
    else if (lost < LOSS_LOW)
        rate *= RISE;
    /* both in their bounds */
    follow->rate_permille =
        (unsigned)num_max(num_min((int64_t)rate, LOSS_FOLLOW_FULL), LOSS_FOLLOW_LEAST);
    follow->loss_percent = (unsigned)(follow->mean * 100 + 0.5);
    return follow->rate_permille != before.rate_permille ||
           follow->loss_percent != before.loss_percent;
}
