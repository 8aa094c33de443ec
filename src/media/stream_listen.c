/* Listening to what a far end says: voice, answering machines, beeps, fax tones. An ear at 8 kHz.
 */
#include <stdint.h>

#include <spandsp/telephony.h>

#include <spandsp/async.h>
#include <spandsp/logging.h>
#include <spandsp/super_tone_rx.h>

#include <spandsp/fsk.h>
#include <spandsp/tone_generate.h>

#include <spandsp/modem_connect_tones.h>

#include "base/mem.h"
#include "media/beep.h"
#include "media/machine.h"
#include "media/stream_core.h"
#include "media/stream_ear.h"
#include "media/stream_priv.h"
#include "media/voice.h"

enum { RATE_HZ = 8000 };

struct stream_listen {
    struct media_stream_core *core;
    struct stream_ear *ear;
    struct media_listen config;
    struct voice voice;
    struct machine machine;
    struct beep beep;
    modem_connect_tones_rx_state_t *cng, *ced; /* NULL: not wanted */
    int64_t heard_ms;
    bool cng_told, ced_told;
};

static void tell(struct stream_listen *listen, enum media_heard_kind kind, int64_t after_ms)
{
    struct media_event event = { .kind = MEDIA_EVENT_HEARD };
    event.heard.kind = kind;
    event.heard.after_ms = after_ms;
    stream_post(listen->core, &event);
}

static void on_cng(void *user, int tone, int level, int delay)
{
    struct stream_listen *listen = user;
    (void)level, (void)delay;
    if (tone == MODEM_CONNECT_TONES_FAX_CNG && !listen->cng_told) {
        listen->cng_told = true;
        tell(listen, MEDIA_HEARD_CNG, listen->heard_ms);
    }
}

static void on_ced(void *user, int tone, int level, int delay)
{
    struct stream_listen *listen = user;
    (void)level, (void)delay;
    if (tone != MODEM_CONNECT_TONES_NONE && !listen->ced_told) {
        listen->ced_told = true;
        tell(listen, MEDIA_HEARD_CED, listen->heard_ms);
    }
}

static void feed_machine(struct stream_listen *listen, const int16_t *pcm, size_t n)
{
    static const enum media_heard_kind kinds[] = {
        [MACHINE_IS_HUMAN] = MEDIA_HEARD_HUMAN,
        [MACHINE_IS_MACHINE] = MEDIA_HEARD_MACHINE,
        [MACHINE_IS_UNKNOWN] = MEDIA_HEARD_UNKNOWN,
        [MACHINE_IS_READY] = MEDIA_HEARD_READY,
    };
    static const int16_t silence[RATE_HZ / 1000 * STREAM_EAR_BLOCK_MS];
    /* a tone is no voice: of a fax, or the beep itself */
    enum machine_verdict verdict =
        machine_feed(&listen->machine, listen->beep.hz > 0 ? silence : pcm, n);
    if (verdict != MACHINE_NOTHING)
        tell(listen, kinds[verdict], listen->heard_ms);
}

static bool on_block(void *owner, const int16_t *heard, const int16_t *sent, size_t n)
{
    struct stream_listen *listen = owner;
    const struct media_listen *config = &listen->config;
    (void)sent;
    listen->heard_ms += STREAM_EAR_BLOCK_MS;
    if (config->voice && voice_feed(&listen->voice, heard, n))
        tell(listen, listen->voice.talking ? MEDIA_HEARD_VOICE : MEDIA_HEARD_SILENCE,
             listen->voice.change_ms);
    bool beeped = beep_feed(&listen->beep, heard, n);
    if (config->machine)
        feed_machine(listen, heard, n);
    if (config->beep && beeped)
        tell(listen, MEDIA_HEARD_BEEP, listen->heard_ms);
    if (config->fax) {
        modem_connect_tones_rx(listen->cng, heard, (int)n); /* 160 */
        modem_connect_tones_rx(listen->ced, heard, (int)n);
    }
    return true;
}

static void on_closed(void *owner)
{
    struct stream_listen *listen = owner;
    listen->core->listen = NULL;
    modem_connect_tones_rx_free(listen->cng);
    modem_connect_tones_rx_free(listen->ced);
    mem_free(listen);
}

static void start(struct media_stream_core *core, const struct media_listen *config)
{
    struct stream_listen *listen = mem_new(struct stream_listen);
    const struct stream_ear_config ear = { .rate_hz = RATE_HZ,
                                           .heard = true,
                                           .on_block = on_block,
                                           .on_closed = on_closed,
                                           .owner = listen };
    listen->core = core;
    listen->config = *config;
    voice_init(&listen->voice, RATE_HZ, config->silence_ms);
    machine_init(&listen->machine, RATE_HZ, &config->greeting);
    listen->beep.rate_hz = RATE_HZ;
    if (config->fax) {
        listen->cng =
            modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, on_cng, listen);
        listen->ced = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE,
                                                  on_ced, listen);
        BUG_IF(!listen->cng || !listen->ced);
    }
    listen->ear = stream_ear_open(core, &ear);
    core->listen = listen;
}

void stream_core_run_listen(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd)
{
    const struct media_listen *config = &cmd->listen;
    (void)thread;
    if (core->listen)
        stream_ear_close(core->listen->ear);
    if (config->voice || config->machine || config->beep || config->fax)
        start(core, config);
}
