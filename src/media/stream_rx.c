/* What comes in: RTP is checked against what was negotiated, counted, and goes through the stages
 * meter -> dtmf -> tones -> forward. */
#include <string.h>

#include "media/codec.h"
#include "media/media_packet.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"
#include "media/stream_video.h"
#include "media/transport.h"

/* What a payload type is: a row of the description, or one of these. */
enum {
    RX_DTMF = MEDIA_FORMATS_MAX, /* + row */
    RX_NOISE = RX_DTMF + MEDIA_DTMF_MAX,
    RX_UNKNOWN,
};
enum {
    PT_COMFORT_NOISE = 13, /* RFC 3389: we do without */
    DTMF_CLOCK_HZ = 8000,
};

static void take_meter(struct stage *stage, struct stage_item *items, size_t n);
static void take_dtmf(struct stage *stage, struct stage_item *items, size_t n);

void stream_rx_digit(struct media_stream_core *core, char digit, unsigned duration_ms,
                     bool in_audio)
{
    struct media_event event = { .kind = MEDIA_EVENT_DTMF };
    event.dtmf.digit = digit;
    event.dtmf.duration_ms = duration_ms;
    stream_post(core, &event);

    struct media_stream_core *peer = core->peer;
    if (!peer || core->mute_receive || !stream_tx_can_send(peer))
        return;
    enum media_dtmf_send how = peer->description.dtmf_send;
    /* a far end without telephone events hears an event as tones (RFC 4733 §1.1), and one with them
     * gets an event for tones: it need not listen to its audio. The rest is relayed as it came. */
    bool has_events = stream_tx_dtmf_format(peer, peer->tx.sender.clock_hz) != NULL;
    bool wants_tones = how == MEDIA_DTMF_SEND_TONES || (how == MEDIA_DTMF_SEND_AUTO && !has_events);
    if (in_audio ? has_events : wants_tones)
        stream_pace_send_dtmf(peer, slice_make(&digit, 1), duration_ms, 0);
}

static void on_event(void *owner, char digit, unsigned duration_ms)
{
    stream_rx_digit(owner, digit, duration_ms, false);
}

void stream_rx_init(struct media_stream_core *core)
{
    static const struct dtmf_events events = { on_event };
    struct stream_rx *rx = &core->rx;
    memset(rx->format_of, RX_UNKNOWN, sizeof rx->format_of);
    rx->meter_stage = (struct stage){ take_meter, &rx->dtmf_stage };
    rx->dtmf_stage = (struct stage){ take_dtmf, &rx->tones.stage };
    stream_tones_init(&rx->tones, core, &rx->forward_stage);
    rx->forward_stage = (struct stage){ stream_forward_take, NULL };
    dtmf_receiver_init(&rx->dtmf, &events, core);
}

void stream_rx_clear(struct media_stream_core *core)
{
    meter_clear(&core->rx.meter);
    stream_tones_clear(&core->rx.tones);
    stream_decoder_destroy(core->rx.decoder);
    core->rx.decoder = NULL;
}

void stream_rx_describe(struct media_stream_core *core)
{
    const struct media_description *desc = &core->description;
    struct stream_rx *rx = &core->rx;
    memset(rx->format_of, RX_UNKNOWN, sizeof rx->format_of);
    rx->format_of[PT_COMFORT_NOISE] = RX_NOISE;
    for (size_t i = desc->n_dtmf; i-- > 0;)
        if (desc->dtmf[i].rx_pt <= RTP_PT_MAX)
            rx->format_of[desc->dtmf[i].rx_pt] = (uint8_t)(RX_DTMF + i);
    for (size_t i = desc->n_formats; i-- > 0;)
        if (desc->formats[i].rx_pt <= RTP_PT_MAX)
            rx->format_of[desc->formats[i].rx_pt] = (uint8_t)i;
}

uint64_t stream_rx_lost(const struct media_stream_core *core)
{
    const struct stream_rx *rx = &core->rx;
    return rx->lost_before + (rx->has_source ? rtp_source_lost(&rx->source) : 0);
}

void stream_rx_tick(struct media_stream_core *core)
{
    dtmf_receiver_tick(&core->rx.dtmf, stream_now_us(core) / 1000);
    stream_tones_tick(&core->rx.tones);
}

/* Stages */

static void take_meter(struct stage *stage, struct stage_item *items, size_t n)
{
    struct stream_rx *rx =
        (struct stream_rx *)(void *)((char *)stage - offsetof(struct stream_rx, meter_stage));
    for (size_t i = 0; i < n; i++)
        if (items[i].format && !stream_decoder_is_active(rx->decoder, rx->last_us))
            meter_feed_packet(&rx->meter, items[i].format->codec, items[i].header.payload);
    stage_pass(stage, items, n);
}

static void take_dtmf(struct stage *stage, struct stage_item *items, size_t n)
{
    struct stream_rx *rx =
        (struct stream_rx *)(void *)((char *)stage - offsetof(struct stream_rx, dtmf_stage));
    for (size_t i = 0; i < n; i++) {
        const struct stage_item *item = &items[i];
        if (item->dtmf && dtmf_receiver_feed(&rx->dtmf, item->dtmf->clock_hz, item->header.ts,
                                             item->header.payload, rx->last_us / 1000) != OK)
            continue; /* too short to be an event: nothing was pressed */
    }
    stage_pass(stage, items, n);
}

/* Sources */

static void take_over(struct stream_rx *rx, const struct rtp_source *source)
{
    if (rx->has_source)
        rx->lost_before += rtp_source_lost(&rx->source);
    rx->source = *source;
    rx->has_source = true;
    rx->source_left = false;
    rx->successor = (struct rtp_source){ 0 };
}

/* Is this packet the source's? Another SSRC takes over once it sent two in sequence (RFC 3550
 * §A.1), the first of a stream and the one after a BYE at once. */
static bool is_counted(struct stream_rx *rx, const struct rtp_header *header, uint32_t clock_hz,
                       int64_t now_us)
{
    if (rx->has_source && header->ssrc == rx->source.ssrc) {
        enum rtp_verdict verdict = rtp_source_feed(&rx->source, header, clock_hz, now_us);
        rx->reordered += verdict == RTP_LATE;
        return verdict != RTP_JUMP && verdict != RTP_PROBING;
    }
    if (!rx->has_source || rx->source_left) {
        struct rtp_source first;
        rtp_source_init(&first, header->ssrc, 1);
        take_over(rx, &first);
        return rtp_source_feed(&rx->source, header, clock_hz, now_us) == RTP_IN_ORDER;
    }
    if (!rx->successor.started || rx->successor.ssrc != header->ssrc)
        rtp_source_init(&rx->successor, header->ssrc, RTP_PROBATION);
    if (rtp_source_feed(&rx->successor, header, clock_hz, now_us) != RTP_IN_ORDER)
        return false;
    struct rtp_source next = rx->successor;
    take_over(rx, &next);
    return true;
}

/* A packet was counted; what is missing between it and the newest one of before? One that comes
 * late was counted as missing, which it is to whoever plays. */
static void count_burst(struct stream_rx *rx, uint32_t before)
{
    uint32_t ahead = rtp_source_highest(&rx->source) - before;
    if (ahead > 0)
        rtp_bursts_feed(&rx->bursts, ahead < RTP_MAX_DROPOUT ? ahead - 1 : 0);
}

/* Fill `item` from one packet; false: not for us. */
static bool take_in(struct media_stream_core *core, struct media_packet *packet,
                    struct stage_item *item)
{
    struct stream_rx *rx = &core->rx;
    *item = (struct stage_item){ .packet = packet };
    if (rtp_parse(&item->header, slice_make(packet->data, packet->len)) != OK)
        return false;
    unsigned what = rx->format_of[item->header.pt & RTP_PT_MAX];
    uint32_t clock_hz = 0; /* telephone events and noise say nothing about jitter */
    if (what == RX_UNKNOWN)
        return false;
    if (what < RX_DTMF) {
        item->format = &core->description.formats[what];
        clock_hz = item->format->codec->clock_hz;
        rx->codec = item->format->codec;
    } else if (what < RX_NOISE) {
        item->dtmf = &core->description.dtmf[what - RX_DTMF];
    }
    bool goes_on = rx->has_source && rx->source.ssrc == item->header.ssrc;
    uint32_t highest = rtp_source_highest(&rx->source);
    if (!is_counted(rx, &item->header, clock_hz, packet->arrived_us))
        return false;
    if (core->description.xr_voip)
        count_burst(rx, goes_on ? highest : rtp_source_highest(&rx->source) - 1);
    rx->packets++;
    rx->bytes += item->header.payload.len;
    rx->last_us = packet->arrived_us;
    return true;
}

static void receive_some(struct media_stream_core *core, struct media_packet *const *packets,
                         size_t n)
{
    struct stage_item items[MEDIA_BATCH];
    size_t n_items = 0;
    for (size_t i = 0; i < n; i++) {
        if (packets[i]->is_rtcp)
            stream_rtcp_receive(core, packets[i]);
        else if (take_in(core, packets[i], &items[n_items]))
            n_items++;
    }
    if (!n_items)
        return;
    stream_watch_heard(core);
    if (core->description.receive)
        core->rx.meter_stage.take(&core->rx.meter_stage, items, n_items);
}

static void receive_beside_video(struct media_stream_core *core,
                                 struct media_packet *const *packets, size_t n)
{
    struct media_packet *rest[MEDIA_BATCH];
    memcpy(rest, packets, n * sizeof *rest); /* n ≤ MEDIA_BATCH */
    n = stream_video_take(core, rest, n);
    if (n && core->described)
        receive_some(core, rest, n);
}

void media_stream_core_receive(struct media_stream_core *core, struct media_packet *const *packets,
                               size_t n)
{
    for (size_t at = 0; at < n; at += MEDIA_BATCH) {
        size_t some = n - at < MEDIA_BATCH ? n - at : MEDIA_BATCH;
        if (core->video)
            receive_beside_video(core, packets + at, some);
        else if (core->described)
            receive_some(core, packets + at, some);
    }
}
