#include "transcriber.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/recognizer.h"
#include "media/utterance.h"

enum {
    WAITING_MAX = 8, /* utterances of a track; then the oldest is left out */
    PARTIAL_MS = 1000,
};

struct waiting { /* an utterance until it is recognised */
    struct list link;
    int16_t *pcm; /* NULL: the job has it */
    size_t samples;
    int64_t began_ms, over_ms;
};

struct track {
    struct transcriber *transcriber;
    enum media_fork_track id;
    struct utterance utterance;
    struct list
        waiting; /* the first is being recognised while there is a job that is not partial */
    size_t n_waiting;
    struct recognizer_job *job;
    bool is_partial;    /* the job is */
    int64_t partial_ms; /* of the utterance when it was last looked at */
};

struct transcriber {
    struct transcriber_config config;
    const struct transcriber_events *events;
    void *owner;
    char *engine, *language;
    char **hints;
    struct media_fork *fork;
    struct track tracks[MEDIA_FORK_TRACKS];
};

static void recognise_next(struct track *track);

static void tell(struct track *track, const struct recognized *recognized,
                 const struct waiting *waiting)
{
    const struct transcriber *transcriber = track->transcriber;
    const struct utterance *utterance = &track->utterance;
    const struct transcriber_words words = {
        .track = track->id,
        .err = recognized->err,
        .text = recognized->text,
        .confidence = recognized->confidence,
        .is_final = waiting != NULL,
        .began_ms = waiting ? waiting->began_ms : utterance->began_ms,
        .over_ms = waiting ? waiting->over_ms : utterance->voice.heard_ms,
    };
    transcriber->events->on_words(transcriber->owner, &words);
}

static void on_partial(void *owner, const struct recognized *recognized)
{
    struct track *track = owner;
    track->job = NULL;
    if (!recognized->err && recognized->text[0] && track->utterance.is_on)
        tell(track, recognized, NULL);
}

static void on_final(void *owner, const struct recognized *recognized)
{
    struct track *track = owner;
    struct waiting *waiting = LIST_ITEM(track->waiting.next, struct waiting, link);
    const struct waiting was = *waiting;
    track->job = NULL;
    list_remove(&waiting->link);
    mem_free(waiting);
    track->n_waiting--;
    recognise_next(track);
    tell(track, recognized, &was); /* last: the owner may destroy us */
}

static void start(struct track *track, int16_t *take_pcm, size_t samples, bool is_partial)
{
    struct transcriber *transcriber = track->transcriber;
    const struct recognizer_request request = {
        .engine = transcriber->engine,
        .language = transcriber->language,
        .hints = (const char *const *)transcriber->hints,
        .n_hints = transcriber->config.n_hints,
        .take_pcm = take_pcm,
        .samples = samples,
    };
    track->is_partial = is_partial;
    track->job = recognizer_start(transcriber->config.recognizer, &request,
                                  is_partial ? on_partial : on_final, track);
}

static void recognise_next(struct track *track)
{
    if (list_empty(&track->waiting) || track->job)
        return;
    struct waiting *waiting = LIST_ITEM(track->waiting.next, struct waiting, link);
    int16_t *pcm = waiting->pcm;
    waiting->pcm = NULL;
    start(track, pcm, waiting->samples, false);
}

static void drop(struct track *track, struct waiting *waiting)
{
    list_remove(&waiting->link);
    track->n_waiting--;
    mem_free(waiting->pcm);
    mem_free(waiting);
}

static void on_utterance(struct track *track)
{
    struct waiting *waiting = mem_new(struct waiting);
    waiting->pcm = utterance_copy(&track->utterance, &waiting->samples);
    waiting->began_ms = track->utterance.began_ms;
    waiting->over_ms = track->utterance.over_ms;
    track->utterance.n = 0;
    if (track->job && track->is_partial) {
        recognizer_cancel(track->job);
        track->job = NULL;
    }
    if (track->n_waiting == WAITING_MAX) /* the second: the first is with the engine */
        drop(track, LIST_ITEM(track->waiting.next->next, struct waiting, link));
    list_append(&track->waiting, &waiting->link);
    track->n_waiting++;
    recognise_next(track);
}

static void look_in_between(struct track *track)
{
    const struct transcriber *transcriber = track->transcriber;
    const struct utterance *utterance = &track->utterance;
    int64_t ms = utterance->voice.heard_ms - utterance->began_ms;
    size_t samples;
    if (!transcriber->config.partial || !utterance->is_on || track->job ||
        ms - track->partial_ms < PARTIAL_MS)
        return;
    track->partial_ms = ms;
    int16_t *pcm = utterance_copy(utterance, &samples);
    start(track, pcm, samples, true);
}

static void on_audio(void *owner, enum media_fork_track id, const int16_t *pcm, size_t n,
                     uint64_t at_ms)
{
    struct transcriber *transcriber = owner;
    struct track *track = &transcriber->tracks[id];
    (void)at_ms;
    switch (utterance_feed(&track->utterance, pcm, n)) {
    case UTTERANCE_BEGUN:
        track->partial_ms = 0;
        if (transcriber->events->on_begin)
            transcriber->events->on_begin(transcriber->owner, id);
        break;
    case UTTERANCE_OVER:
        on_utterance(track);
        break;
    case UTTERANCE_NOTHING:
        look_in_between(track);
        break;
    }
}

static void on_over(void *owner)
{
    struct transcriber *transcriber = owner;
    if (transcriber->events->on_over)
        transcriber->events->on_over(transcriber->owner);
}

static const struct media_fork_events fork_events = { .on_audio = on_audio, .on_over = on_over };

struct transcriber *transcriber_create(const struct transcriber_config *config,
                                       const struct transcriber_events *events, void *owner)
{
    struct transcriber *transcriber = mem_new(struct transcriber);
    struct media_fork_config fork = { .rate_hz = UTTERANCE_RATE_HZ };
    transcriber->config = *config;
    transcriber->config.partial =
        config->partial && recognizer_is_quick(config->recognizer, config->engine);
    transcriber->config.n_hints = (size_t)num_min((int64_t)config->n_hints, RECOGNIZER_HINTS_MAX);
    transcriber->events = events;
    transcriber->owner = owner;
    transcriber->engine = config->engine ? slice_dup(slice_of(config->engine)) : NULL;
    transcriber->language = config->language ? slice_dup(slice_of(config->language)) : NULL;
    transcriber->hints = mem_array(transcriber->config.n_hints + 1, sizeof(char *));
    for (size_t i = 0; i < transcriber->config.n_hints; i++)
        transcriber->hints[i] = slice_dup(slice_of(config->hints[i]));
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++) {
        struct track *track = &transcriber->tracks[i];
        track->transcriber = transcriber;
        track->id = (enum media_fork_track)i; /* below TRACKS */
        list_init(&track->waiting);
        utterance_init(&track->utterance, config->silence_ms, config->max_ms);
        fork.tracks[i] = config->tracks[i];
    }
    recognizer_warm(config->recognizer, config->engine);
    transcriber->fork =
        media_fork_create(config->media, config->stream, &fork, &fork_events, transcriber);
    return transcriber;
}

bool transcriber_is_busy(const struct transcriber *transcriber)
{
    bool is_busy = false;
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++)
        is_busy |= transcriber->tracks[i].utterance.is_on || transcriber->tracks[i].n_waiting > 0;
    return is_busy;
}

void transcriber_destroy(struct transcriber *transcriber)
{
    if (!transcriber)
        return;
    media_fork_destroy(transcriber->fork);
    for (size_t i = 0; i < MEDIA_FORK_TRACKS; i++) {
        struct track *track = &transcriber->tracks[i];
        recognizer_cancel(track->job);
        LIST_EACH(link, &track->waiting)
        drop(track, LIST_ITEM(link, struct waiting, link));
        utterance_clear(&track->utterance);
    }
    for (size_t i = 0; i < transcriber->config.n_hints; i++)
        mem_free(transcriber->hints[i]);
    mem_free(transcriber->hints);
    mem_free(transcriber->engine);
    mem_free(transcriber->language);
    mem_free(transcriber);
}
