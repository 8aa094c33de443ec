#include "mixer.h"

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "media/tone.h"

static const double loudest_sample = 32000;
static const double recover = 0.05; /* of the limiter's way back, a block */
static const double forget_db = 1;  /* a block: who was loud stays among the loudest a while */

void mixer_init(struct mixer *mixer, uint32_t rate_hz)
{
    *mixer = (struct mixer){
        .rate_hz = rate_hz, .block = rate_hz / 1000 * MIXER_BLOCK_MS, .gain = 1, .next_gain = 1
    };
    BUG_IF(mixer->block == 0 || mixer->block > MIXER_SAMPLES_MAX);
    list_init(&mixer->members);
}

void mixer_add(struct mixer *mixer, struct mixer_member *member)
{
    voice_init(&member->voice, mixer->rate_hz, 0);
    member->loudness = LEVEL_SILENT_DBOV;
    list_append(&mixer->members, &member->link);
    mixer->n_members++;
}

void mixer_remove(struct mixer *mixer, struct mixer_member *member)
{
    list_remove(&member->link);
    mixer->n_members--;
    LIST_EACH(link, &mixer->members)
    {
        struct mixer_member *other = LIST_ITEM(link, struct mixer_member, link);
        if (other->coaches == member)
            other->coaches = NULL;
    }
}

static int16_t clip(double sample)
{
    return (int16_t)fmax(INT16_MIN, fmin(INT16_MAX, sample));
}

bool mixer_put(struct mixer *mixer, struct mixer_member *member, const int16_t *pcm)
{
    size_t n = mixer->block;
    double level = level_dbov(pcm, n), gain = pow(10, member->gain_db / 20);
    member->has_pcm = !member->muted && level > LEVEL_SILENT_DBOV;
    member->loudness = fmax(level, member->loudness - forget_db);
    if (member->has_pcm)
        for (size_t i = 0; i < n; i++)
            member->pcm[i] = clip(pcm[i] * gain);
    return voice_feed(&member->voice, pcm, n);
}

/* How many are louder; of equals, the one that came first. */
static size_t place(struct mixer *mixer, const struct mixer_member *member)
{
    size_t n = 0;
    bool before = true;
    LIST_EACH(link, &mixer->members)
    {
        const struct mixer_member *other = LIST_ITEM(link, struct mixer_member, link);
        if (other == member)
            before = false;
        else if (other->has_pcm && !other->coaches &&
                 (other->loudness > member->loudness ||
                  (before && other->loudness >= member->loudness)))
            n++;
    }
    return n;
}

static void add(int32_t *sum, const int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += pcm[i];
}

void mixer_mix(struct mixer *mixer, const int16_t *extra)
{
    int32_t peak = 1;
    memset(mixer->sum, 0, sizeof mixer->sum);
    LIST_EACH(link, &mixer->members)
    {
        struct mixer_member *member = LIST_ITEM(link, struct mixer_member, link);
        member->is_mixed =
            member->has_pcm && !member->coaches &&
            (mixer->n_members <= MIXER_LOUDEST || place(mixer, member) < MIXER_LOUDEST);
        if (member->is_mixed)
            add(mixer->sum, member->pcm, mixer->block);
    }
    if (extra)
        add(mixer->sum, extra, mixer->block);
    for (size_t i = 0; i < mixer->block; i++)
        peak = (int32_t)num_max(peak, num_max(mixer->sum[i], -(int64_t)mixer->sum[i]));
    double fits = fmin(1, loudest_sample / peak);
    mixer->next_gain = fmin(fits, mixer->gain + recover);
}

void mixer_take(struct mixer *mixer, const struct mixer_member *member, int16_t *pcm)
{
    size_t n = mixer->block;
    int32_t sum[MIXER_SAMPLES_MAX];
    if (member->deaf) {
        memset(pcm, 0, n * sizeof *pcm);
        return;
    }
    memcpy(sum, mixer->sum, n * sizeof *sum);
    for (size_t i = 0; member->is_mixed && i < n; i++)
        sum[i] -= member->pcm[i];
    LIST_EACH(link, &mixer->members)
    {
        const struct mixer_member *other = LIST_ITEM(link, struct mixer_member, link);
        if (other->coaches == member && other->has_pcm)
            add(sum, other->pcm, n);
    }
    double gain = mixer->gain, step = (mixer->next_gain - mixer->gain) / (double)n;
    for (size_t i = 0; i < n; i++, gain += step)
        pcm[i] = clip(sum[i] * gain);
}

void mixer_end(struct mixer *mixer)
{
    mixer->gain = mixer->next_gain;
    LIST_EACH(link, &mixer->members)
    LIST_ITEM(link, struct mixer_member, link)->has_pcm = false;
}
