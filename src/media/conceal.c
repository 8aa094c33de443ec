#include "media/conceal.h"

#include "base/mem.h"

enum {
    LOWEST_HZ = 66, /* of a voice; also its longest period */
    HIGHEST_HZ = 200,
    WINDOW_HZ = 50, /* 20 ms are compared to find the period */
    FULL_HZ = 100,  /* 10 ms at full level, */
    FADE_HZ = 20,   /* then 50 ms of fading */
};

struct conceal {
    size_t rate_hz;
    size_t min_lag, max_lag, window;
    size_t missing; /* samples since the sound stopped; 0: it did not */
    size_t lag;     /* the period that is repeated, */
    size_t at;      /* and where in it */
    int16_t *cycle;
    int16_t *history; /* the newest at its end: a period and a window */
    size_t history_len;
};

struct conceal *conceal_create(uint32_t rate_hz)
{
    struct conceal *conceal = mem_new(struct conceal);
    conceal->rate_hz = rate_hz;
    conceal->min_lag = rate_hz / HIGHEST_HZ;
    conceal->max_lag = rate_hz / LOWEST_HZ;
    conceal->window = rate_hz / WINDOW_HZ;
    conceal->history_len = 2 * conceal->max_lag + conceal->window;
    conceal->history = mem_array(conceal->history_len, sizeof(int16_t));
    conceal->cycle = mem_array(conceal->max_lag, sizeof(int16_t));
    return conceal;
}

void conceal_destroy(struct conceal *conceal)
{
    if (!conceal)
        return;
    mem_free(conceal->history);
    mem_free(conceal->cycle);
    mem_free(conceal);
}

static void remember(struct conceal *conceal, const int16_t *pcm, size_t n)
{
    size_t len = conceal->history_len;
    if (n > len) {
        pcm += n - len;
        n = len;
    }
    memmove(conceal->history, conceal->history + n, (len - n) * sizeof(*pcm));
    memcpy(conceal->history + len - n, pcm, n * sizeof(*pcm));
}

/* The lag at which the newest window differs least from what was before it. */
static size_t find_period(const struct conceal *conceal)
{
    const int16_t *newest = conceal->history + conceal->history_len - conceal->window;
    size_t best = conceal->min_lag;
    uint64_t least = UINT64_MAX;
    for (size_t lag = conceal->min_lag; lag <= conceal->max_lag; lag++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < conceal->window; i++)
            sum += (uint64_t)abs(newest[i] - (newest - lag)[i]);
        if (sum < least) {
            least = sum;
            best = lag;
        }
    }
    return best;
}

/* a and b in the shares (of - part) and part. */
static int16_t blend(int a, int b, size_t part, size_t of)
{
    /* between a and b, so it fits */
    return (int16_t)(((int64_t)a * (int64_t)(of - part) + (int64_t)b * (int64_t)part) /
                     (int64_t)of);
}

/* The last period, its end led over to what was before its start: it can follow itself. */
static void start_cycle(struct conceal *conceal)
{
    conceal->lag = find_period(conceal);
    conceal->at = 0;
    const int16_t *last = conceal->history + conceal->history_len - conceal->lag;
    memcpy(conceal->cycle, last, conceal->lag * sizeof(*last));
    size_t quarter = conceal->lag / 4;
    for (size_t i = 0; i < quarter; i++) {
        size_t at = conceal->lag - quarter + i;
        conceal->cycle[at] = blend(last[at], (last - quarter)[i], i + 1, quarter + 1);
    }
}

static int16_t next_sample(struct conceal *conceal)
{
    size_t full = conceal->rate_hz / FULL_HZ, fade = conceal->rate_hz / FADE_HZ;
    int16_t sample = conceal->cycle[conceal->at];
    conceal->at = (conceal->at + 1) % conceal->lag;
    size_t gone = conceal->missing++;
    if (gone < full)
        return sample;
    return gone - full < fade ? blend(sample, 0, gone - full, fade) : 0;
}

void conceal_fill(struct conceal *conceal, int16_t *pcm, size_t n)
{
    if (conceal->missing == 0)
        start_cycle(conceal);
    for (size_t i = 0; i < n; i++)
        pcm[i] = next_sample(conceal);
    remember(conceal, pcm, n);
}

void conceal_feed(struct conceal *conceal, int16_t *pcm, size_t n)
{
    size_t quarter = conceal->lag / 4;
    for (size_t i = 0; conceal->missing > 0 && i < n && i < quarter; i++)
        pcm[i] = blend(next_sample(conceal), pcm[i], i + 1, quarter + 1);
    conceal->missing = 0;
    remember(conceal, pcm, n);
}
