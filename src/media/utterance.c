#include "utterance.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"

enum {
    SILENCE_MS = 1000,
    BEFORE_MS = 400, /* kept from before the voice was noticed: soft sounds begin words */
    PER_MS = UTTERANCE_RATE_HZ / 1000,
};

void utterance_init(struct utterance *utterance, int64_t silence_ms, int64_t max_ms)
{
    *utterance = (struct utterance){ .silence_ms = silence_ms > 0 ? silence_ms : SILENCE_MS,
                                     .max_ms = max_ms > 0 ? num_min(max_ms, UTTERANCE_MAX_MS)
                                                          : UTTERANCE_MAX_MS };
    voice_init(&utterance->voice, UTTERANCE_RATE_HZ, utterance->silence_ms);
}

void utterance_clear(struct utterance *utterance)
{
    mem_free(utterance->pcm);
    *utterance = (struct utterance){ 0 };
}

static void keep(struct utterance *utterance, const int16_t *pcm, size_t n)
{
    if (utterance->n + n > utterance->cap) {
        utterance->cap = 2 * (utterance->n + n);
        utterance->pcm = mem_resize(utterance->pcm, utterance->cap * sizeof *pcm);
    }
    memcpy(utterance->pcm + utterance->n, pcm, n * sizeof *pcm);
    utterance->n += n;
}

static void forget_all_but(struct utterance *utterance, size_t n)
{
    if (utterance->n <= n)
        return;
    memmove(utterance->pcm, utterance->pcm + utterance->n - n, n * sizeof *utterance->pcm);
    utterance->n = n;
}

static enum utterance_news begin(struct utterance *utterance)
{
    utterance->is_on = true;
    utterance->began_ms = utterance->voice.change_ms;
    return UTTERANCE_BEGUN;
}

static enum utterance_news end(struct utterance *utterance)
{
    const struct voice *voice = &utterance->voice;
    utterance->is_on = false;
    utterance->over_ms = voice->talking ? voice->heard_ms : voice->change_ms;
    return UTTERANCE_OVER;
}

enum utterance_news utterance_feed(struct utterance *utterance, const int16_t *pcm, size_t n)
{
    struct voice *voice = &utterance->voice;
    bool was_talking = voice->talking;
    if (!utterance->is_on)
        forget_all_but(utterance, (size_t)BEFORE_MS * PER_MS);
    keep(utterance, pcm, n);
    voice_feed(voice, pcm, n);
    if (!utterance->is_on && voice->talking && (!was_talking || voice->loud_ms))
        return begin(utterance);
    bool is_long = voice->heard_ms - utterance->began_ms >= utterance->max_ms;
    return utterance->is_on && (!voice->talking || is_long) ? end(utterance) : UTTERANCE_NOTHING;
}

int16_t *utterance_copy(const struct utterance *utterance, size_t *n)
{
    *n = utterance->n;
    return mem_copy(utterance->pcm, utterance->n * sizeof *utterance->pcm);
}
