#include "fax.h"

#include <spandsp.h>
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/media_fork.h"
#include "media/media_priv.h"

enum { RATE_HZ = 8000, FRAME = RATE_HZ / 1000 * MEDIA_FORK_FRAME_MS, AHEAD_FRAMES = 5 };

struct fax {
    const struct fax_events *events;
    void *owner;
    unsigned *running;
    struct loop *loop;
    struct media_fork *fork;
    fax_state_t *state;
    bool is_sender, is_done;
    unsigned pages;
    int code;
    char remote[FAX_IDENTITY_MAX + 1];
    struct timer timer;
};

static unsigned count_pages(const struct fax *fax)
{
    t30_stats_t stats;
    t30_get_transfer_statistics(fax_get_t30_state(fax->state), &stats);
    int pages = fax->is_sender ? stats.pages_tx : stats.pages_rx;
    return pages > 0 ? (unsigned)pages : 0;
}

/* A page was confirmed, or received (T.30 phase D). */
static int on_phase_d(t30_state_t *state, void *user, int result)
{
    struct fax *fax = user;
    unsigned pages = count_pages(fax);
    (void)state, (void)result;
    while (fax->pages < pages)
        fax->events->on_page(fax->owner, ++fax->pages);
    return T30_ERR_OK;
}

static void on_done(void *owner)
{
    struct fax *fax = owner;
    const struct fax_result result = { .success = fax->code == T30_ERR_OK,
                                       .code = fax->code,
                                       .text = t30_completion_code_to_str(fax->code),
                                       .pages = count_pages(fax),
                                       .remote_identity = fax->remote };
    fax->events->on_done(fax->owner, &result);
}

static void finish(struct fax *fax, int code)
{
    if (fax->is_done)
        return;
    fax->is_done = true;
    fax->code = code;
    loop_timer_start(fax->loop, &fax->timer, 0, on_done, fax);
}

static void on_phase_e(t30_state_t *state, void *user, int code)
{
    struct fax *fax = user;
    const char *remote = t30_get_rx_ident(state);
    snprintf(fax->remote, sizeof fax->remote, "%s", remote ? remote : "");
    on_phase_d(state, user, code);
    finish(fax, code);
}

/* In step: for each frame heard one is sent, AHEAD_FRAMES later. */
static void on_audio(void *owner, enum media_fork_track track, const int16_t *pcm, size_t n,
                     uint64_t at_ms)
{
    struct fax *fax = owner;
    int16_t heard[FRAME], sent[FRAME] = { 0 };
    (void)track, (void)at_ms;
    for (size_t i = 0; i < FRAME && i < n; i++)
        heard[i] = pcm[i]; /* spandsp writes into what it is given */
    fax_rx(fax->state, heard, FRAME);
    fax_tx(fax->state, sent, FRAME);
    if (media_fork_play(fax->fork, sent, FRAME))
        finish(fax, T30_ERR_CALLDROPPED); /* the stream takes no more */
}

static void on_over(void *owner)
{
    finish(owner, T30_ERR_CALLDROPPED);
}

static const struct media_fork_events fork_events = { .on_audio = on_audio, .on_over = on_over };

static void prepare(struct fax *fax, const struct fax_config *config)
{
    t30_state_t *t30 = fax_get_t30_state(fax->state);
    fax_set_transmit_on_idle(fax->state, TRUE);
    t30_set_tx_ident(t30, config->identity);
    if (config->header)
        t30_set_tx_page_header_info(t30, config->header);
    t30_set_ecm_capability(t30, TRUE);
    t30_set_supported_compressions(t30, T30_SUPPORT_T4_1D_COMPRESSION |
                                            T30_SUPPORT_T4_2D_COMPRESSION |
                                            T30_SUPPORT_T6_COMPRESSION);
    t30_set_supported_modems(t30, T30_SUPPORT_V27TER | T30_SUPPORT_V29 | T30_SUPPORT_V17);
    if (config->is_sender)
        t30_set_tx_file(t30, config->path, -1, -1);
    else
        t30_set_rx_file(t30, config->path, -1);
    t30_set_phase_d_handler(t30, on_phase_d, fax);
    t30_set_phase_e_handler(t30, on_phase_e, fax);
}

enum err fax_create(struct fax **out, const struct fax_config *config, unsigned *running,
                    const struct fax_events *events, void *owner)
{
    static const int16_t silence[FRAME];
    if (*running >= FAX_MAX)
        return ERR_LIMIT;
    struct fax *fax = mem_new(struct fax);
    fax->events = events;
    fax->owner = owner;
    fax->running = running;
    fax->is_sender = config->is_sender;
    fax->loop = media_control_loop(config->media);
    fax->state = fax_init(NULL, config->is_sender);
    BUG_IF(!fax->state);
    ++*running;
    prepare(fax, config);
    fax->fork = media_fork_create(
        config->media, config->stream,
        &(struct media_fork_config){ .rate_hz = RATE_HZ, .tracks = { [MEDIA_FORK_INBOUND] = true } },
        &fork_events, fax);
    for (int i = 0; i < AHEAD_FRAMES; i++)
        BUG_IF(media_fork_play(fax->fork, silence, FRAME)); /* far from its limit */
    *out = fax;
    return OK;
}

void fax_destroy(struct fax *fax)
{
    if (!fax)
        return;
    loop_timer_stop(fax->loop, &fax->timer);
    media_fork_destroy(fax->fork);
    fax->is_done = true; /* terminating tells phase E */
    fax_release(fax->state);
    fax_free(fax->state);
    --*fax->running;
    mem_free(fax);
}
