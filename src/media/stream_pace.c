/* What goes out by the clock: digits, clips, tones, decoded audio of the partner, silence. Frames
 * are due at absolute times, so pacing does not drift. */
#include <string.h>

#include "base/loop.h"
#include "base/num.h"
#include "media/codec.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"

enum {
    PTIME_MS = 20,
    LATE_US = 200000, /* farther behind than this, frames are left out */
};

static void on_due(void *owner);

static unsigned ptime_ms(const struct media_stream_core *core, const struct codec *codec)
{
    const struct media_description *desc = &core->description;
    unsigned want_ms = desc->ptime_ms ? desc->ptime_ms : PTIME_MS;
    if (desc->maxptime_ms && want_ms > desc->maxptime_ms)
        want_ms = desc->maxptime_ms;
    return codec_packet_ms(codec, want_ms);
}

/* What we encode to, or NULL: what the partner sends if its packets are only too long, else the
 * first that was agreed on. */
static const struct media_format *own_format(struct media_stream_core *core)
{
    const struct media_stream_core *partner = stream_partner(core);
    const struct codec *codec = partner ? stream_decoder_codec(partner->rx.decoder) : NULL;
    const struct media_format *same = codec ? stream_tx_format(core, codec) : NULL;
    if (same)
        return same;
    for (size_t i = 0; i < core->description.n_formats; i++)
        if (core->description.formats[i].tx_pt <= RTP_PT_MAX)
            return &core->description.formats[i];
    return NULL;
}

/* The rate to encode at: the one that spares a resampler behind the partner's decoder. */
static uint32_t rate_hz(struct media_stream_core *core, const struct codec *codec)
{
    if (dtmf_tones_is_busy(&core->pace.tones) && codec_has_rate(codec, core->pace.tones.rate_hz))
        return core->pace.tones.rate_hz;
    struct media_stream_core *partner = stream_partner(core);
    const struct codec *from = partner ? stream_decoder_codec(partner->rx.decoder) : NULL;
    uint32_t common = from ? codec_common_rate(from, codec) : 0;
    if (!from && codec_has_rate(codec, stream_feeds_rate(core)))
        return stream_feeds_rate(core);
    return common ? common : codec->rate_hz;
}

static bool hears_partner(struct media_stream_core *core)
{
    const struct media_stream_core *partner = stream_partner(core);
    return partner && !partner->mute_receive &&
           stream_decoder_is_active(partner->rx.decoder, stream_now_us(core));
}

static bool partner_is_mute(struct media_stream_core *core)
{
    const struct media_stream_core *partner = stream_partner(core);
    return partner && partner->mute_receive;
}

static bool plays_over(const struct media_stream_core *core)
{
    return player_is_busy(&core->pace.player) && core->pace.player.mixes;
}

bool stream_pace_overrides(const struct media_stream_core *core)
{
    const struct stream_pace *pace = &core->pace;
    return core->mute_send || (player_is_busy(&pace->player) && !plays_over(core)) ||
           dtmf_sender_is_busy(&pace->dtmf) || dtmf_tones_is_busy(&pace->tones);
}

bool stream_pace_mixes(struct media_stream_core *core)
{
    bool feeds = stream_feeds_are_active(core);
    return feeds || plays_over(core);
}

static bool is_wanted(struct media_stream_core *core)
{
    return core->connected && core->described && own_format(core) &&
           (stream_pace_overrides(core) || partner_is_mute(core) || hears_partner(core) ||
            stream_pace_mixes(core));
}

static void set_timer(struct media_stream_core *core)
{
    int64_t in_us = num_max(core->pace.due_us - stream_now_us(core), 0);
    loop_timer_start(media_thread_loop(core->thread), &core->pace.timer, (in_us + 999) / 1000,
                     on_due, core);
}

void stream_pace_wake(struct media_stream_core *core)
{
    if (timer_is_running(&core->pace.timer) || !is_wanted(core))
        return;
    rtp_sender_switch(&core->tx.sender, stream_now_us(core));
    core->pace.due_us = stream_now_us(core);
    set_timer(core);
}

void stream_pace_clear(struct media_stream_core *core)
{
    loop_timer_stop(media_thread_loop(core->thread), &core->pace.timer);
    player_clear(&core->pace.player);
    codec_encoder_destroy(core->pace.encoder);
    core->pace.encoder = NULL;
}

/* Telephone events: one packet of the digit at hand. */
static void send_digit(struct media_stream_core *core, const struct codec *codec, unsigned step_ms)
{
    struct stream_pace *pace = &core->pace;
    struct rtp_sender *sender = &core->tx.sender;
    struct dtmf_packet packet;
    /* events count in their own clock, the stream in the codec's */
    uint32_t scale = codec->clock_hz, per = pace->dtmf.clock_hz;
    if (dtmf_sender_tick(&pace->dtmf, step_ms, &packet)) {
        struct rtp_header header = { 0 };
        rtp_sender_advance(sender, (uint32_t)((uint64_t)packet.ts_advance * scale / per));
        rtp_sender_make(sender, 0, stream_now_us(core), &header);
        header.marker = packet.marker;
        header.pt = pace->dtmf_pt;
        if (core->description.send)
            stream_tx_send(core, &header, slice_make(packet.payload, DTMF_PAYLOAD_LEN));
    }
    if (!dtmf_sender_is_busy(&pace->dtmf))
        rtp_sender_switch(sender, stream_now_us(core)); /* audio goes on */
}

/* What comes from elsewhere: the partner's decoded audio and the feeds. */
static void render_others(struct media_stream_core *core, int16_t *pcm, size_t n, uint32_t rate)
{
    if (hears_partner(core))
        stream_decoder_pull(stream_partner(core)->rx.decoder, pcm, n, rate, stream_now_us(core));
    else
        memset(pcm, 0, n * sizeof *pcm);
    stream_feeds_add_to(core, pcm, n, rate);
}

/* The clip beside what others say. True: this was its end. */
static bool render_over(struct media_stream_core *core, int16_t *pcm, size_t n, uint32_t rate)
{
    int16_t clip[STREAM_FRAME_MAX];
    render_others(core, pcm, n, rate);
    bool ended = player_render(&core->pace.player, clip, n, rate);
    for (size_t i = 0; i < n; i++)
        pcm[i] = pcm_add(pcm[i], clip[i]);
    return ended;
}

/* The next frame of whatever has precedence. */
static void render(struct media_stream_core *core, int16_t *pcm, size_t n, uint32_t rate)
{
    struct stream_pace *pace = &core->pace;
    uint32_t play_id = pace->player.play_id;
    bool ended = false;
    if (dtmf_tones_is_busy(&pace->tones))
        dtmf_tones_render(&pace->tones, pcm, n);
    else if (plays_over(core))
        ended = render_over(core, pcm, n, rate);
    else if (player_is_busy(&pace->player))
        ended = player_render(&pace->player, pcm, n, rate);
    else
        render_others(core, pcm, n, rate);
    if (core->mute_send)
        memset(pcm, 0, n * sizeof *pcm);
    if (ended)
        stream_post(core,
                    &(struct media_event){ .kind = MEDIA_EVENT_PLAY_DONE, .play_id = play_id });
}

void stream_pace_adapt(struct media_stream_core *core)
{
    const struct loss_follow *follow = &core->tx.follow;
    if (core->pace.encoder)
        codec_adapt(core->pace.encoder, follow->loss_percent, follow->rate_permille);
}

static struct codec_encoder *encoder(struct media_stream_core *core,
                                     const struct media_format *format, uint32_t rate)
{
    struct stream_pace *pace = &core->pace;
    struct codec_encoder *old = pace->encoder;
    if (old && old->codec == format->codec && old->rate_hz == rate)
        return old;
    codec_encoder_destroy(old);
    pace->encoder = codec_encoder_create(format->codec, &format->params, rate);
    stream_pace_adapt(core);
    return pace->encoder;
}

static void send_frame(struct media_stream_core *core, const struct media_format *format,
                       const int16_t *pcm, size_t n, uint32_t rate, uint32_t duration)
{
    struct stream_tx *tx = &core->tx;
    uint8_t payload[CODEC_MAX_BYTES];
    size_t len = sizeof payload;
    struct codec_encoder *with = encoder(core, format, rate);
    if (!core->description.send || codec_encode(with, pcm, n, payload, &len) != OK || len == 0) {
        rtp_sender_advance(&tx->sender, duration); /* held, or DTX: time passes all the same */
        return;
    }
    struct rtp_header header = { 0 };
    rtp_sender_make(&tx->sender, duration, stream_now_us(core), &header);
    header.pt = format->tx_pt;
    tx->codec = format->codec;
    meter_feed(&tx->meter, pcm, n);
    stream_tx_send(core, &header, slice_make(payload, len));
}

/* Does an event of the partner go out now? Audio waits meanwhile, so that the event's timestamp
 * stays the newest. */
static bool event_goes_on(struct media_stream_core *core)
{
    struct stream_tx *tx = &core->tx;
    if (!tx->event.until_us)
        return false;
    if (stream_now_us(core) < tx->event.until_us)
        return true;
    tx->event.until_us = 0;
    rtp_sender_switch(&tx->sender, stream_now_us(core));
    return false;
}

static void send_one(struct media_stream_core *core, const struct media_format *format,
                     unsigned step_ms)
{
    const struct codec *codec = format->codec;
    uint32_t duration = codec->clock_hz / 1000 * step_ms;
    if (core->tx.sender.clock_hz != codec->clock_hz)
        rtp_sender_set_clock(&core->tx.sender, codec->clock_hz);
    if (dtmf_sender_is_busy(&core->pace.dtmf)) {
        send_digit(core, codec, step_ms);
        return;
    }
    int16_t pcm[STREAM_FRAME_MAX];
    uint32_t rate = rate_hz(core, codec);
    size_t n = rate / 1000 * step_ms;
    render(core, pcm, n, rate);
    if (event_goes_on(core))
        rtp_sender_advance(&core->tx.sender, duration);
    else
        send_frame(core, format, pcm, n, rate, duration);
}

static void on_due(void *owner)
{
    struct media_stream_core *core = owner;
    struct stream_pace *pace = &core->pace;
    int64_t now_us = media_thread_take_time(core->thread);
    const struct media_format *format = own_format(core);
    if (!format || !is_wanted(core))
        return;
    unsigned step_ms = ptime_ms(core, format->codec);
    send_one(core, format, step_ms);
    pace->due_us += (int64_t)step_ms * 1000;
    if (now_us - pace->due_us > LATE_US) {
        pace->due_us = now_us;
        rtp_sender_switch(&core->tx.sender, now_us);
    }
    set_timer(core);
}

void stream_pace_send_dtmf(struct media_stream_core *core, struct slice digits,
                           unsigned duration_ms, unsigned gap_ms)
{
    struct stream_pace *pace = &core->pace;
    const struct media_format *format = own_format(core);
    if (!core->described || !format)
        return;
    const struct media_dtmf_format *dtmf = stream_tx_dtmf_format(core, format->codec->clock_hz);
    enum media_dtmf_send how = core->description.dtmf_send;
    enum err err = OK;
    if (!dtmf && (how == MEDIA_DTMF_SEND_EVENTS || how == MEDIA_DTMF_SEND_NONE)) {
        err = ERR_UNSUPPORTED;
    } else if (dtmf) {
        if (!dtmf_sender_is_busy(&pace->dtmf)) {
            dtmf_sender_init(&pace->dtmf, dtmf->clock_hz);
            rtp_sender_switch(&core->tx.sender, stream_now_us(core));
        }
        pace->dtmf_pt = dtmf->tx_pt;
        err = dtmf_sender_add(&pace->dtmf, digits, duration_ms, gap_ms);
    } else {
        if (!dtmf_tones_is_busy(&pace->tones))
            dtmf_tones_init(&pace->tones, rate_hz(core, format->codec));
        err = dtmf_tones_add(&pace->tones, digits, duration_ms, gap_ms);
    }
    if (err) {
        struct media_event event = { .kind = MEDIA_EVENT_STEP };
        snprintf(event.step.step, sizeof event.step.step, "dtmf");
        snprintf(event.step.detail, sizeof event.step.detail, "not sent: %s", err_name(err));
        stream_post(core, &event);
    }
    stream_pace_wake(core);
}
