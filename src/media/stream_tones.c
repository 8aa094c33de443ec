/* The stage that listens for keys in the audio itself, where the far end has no other way to send
 * them (or is not trusted to use it). It decodes beside whatever else is done with the packet. */
#include "media/codec.h"
#include "media/codecs.h"
#include "media/dtmf_detector.h"
#include "media/stream_priv.h"

enum {
    DETECT_HZ = 8000,
    QUIET_US = 100000,             /* no audio for so long is silence: a key ends */
    QUIET_MS = 60,                 /* that much silence is enough for the detector */
    QUIET_SAMPLES = 48 * QUIET_MS, /* at any rate */
};

static struct stream_tones *self(struct stage *stage)
{
    return (struct stream_tones *)(void *)((char *)stage - offsetof(struct stream_tones, stage));
}

static void on_digit(void *owner, char digit, unsigned duration_ms)
{
    struct media_stream_core *core = owner;
    /* one that sends both means one key, and its events are exact */
    if (!dtmf_receiver_has_heard(&core->rx.dtmf))
        stream_rx_digit(core, digit, duration_ms, true);
}

static bool is_g711(const struct codec *codec)
{
    return codec == &codec_pcmu || codec == &codec_pcma;
}

static bool is_wanted(const struct stream_tones *tones, const struct codec *codec)
{
    const struct media_description *desc = &tones->core->description;
    switch (desc->dtmf_hear) {
    case MEDIA_DTMF_HEAR_AUTO:
        return desc->n_dtmf == 0 && is_g711(codec);
    case MEDIA_DTMF_HEAR_ON:
        return true;
    case MEDIA_DTMF_HEAR_OFF:
        return false;
    }
    return false;
}

static void listen_to(struct stream_tones *tones, const struct codec *codec)
{
    static const struct dtmf_events events = { on_digit };
    if (tones->decoder && tones->decoder->codec == codec)
        return;
    stream_tones_clear(tones);
    uint32_t rate = codec_has_rate(codec, DETECT_HZ) ? DETECT_HZ : codec->rate_hz;
    tones->decoder = codec_decoder_create(codec, rate);
    tones->detector = dtmf_detector_create(rate, &events, tones->core);
}

static void hear(struct stream_tones *tones, const struct stage_item *item)
{
    int16_t pcm[CODEC_MAX_SAMPLES];
    size_t n = CODEC_MAX_SAMPLES;
    bool late = tones->heard_us && !rtp_seq_after(item->header.seq, tones->seq);
    if (late && item->header.ssrc == tones->ssrc)
        return;
    listen_to(tones, item->format->codec);
    tones->seq = item->header.seq;
    tones->ssrc = item->header.ssrc;
    tones->heard_us = stream_now_us(tones->core);
    tones->quiet = false;
    if (codec_decode(tones->decoder, item->header.payload, pcm, &n) == OK)
        dtmf_detector_feed(tones->detector, pcm, n);
}

static void take(struct stage *stage, struct stage_item *items, size_t n)
{
    struct stream_tones *tones = self(stage);
    for (size_t i = 0; i < n; i++)
        if (items[i].format && is_wanted(tones, items[i].format->codec))
            hear(tones, &items[i]);
    stage_pass(stage, items, n);
}

void stream_tones_init(struct stream_tones *tones, struct media_stream_core *core,
                       struct stage *next)
{
    *tones = (struct stream_tones){ .stage = { take, next }, .core = core };
}

void stream_tones_clear(struct stream_tones *tones)
{
    codec_decoder_destroy(tones->decoder);
    dtmf_detector_destroy(tones->detector);
    tones->decoder = NULL;
    tones->detector = NULL;
}

void stream_tones_tick(struct stream_tones *tones)
{
    static const int16_t silence[QUIET_SAMPLES];
    if (!tones->detector || tones->quiet || stream_now_us(tones->core) - tones->heard_us < QUIET_US)
        return;
    tones->quiet = true;
    dtmf_detector_feed(tones->detector, silence, tones->decoder->rate_hz / 1000 * QUIET_MS);
}
