/* What goes out: one SSRC and one run of numbers, whoever the packets come from. */
#include "base/rand.h"
#include "media/codec.h"
#include "media/media_packet.h"
#include "media/stream_priv.h"
#include "media/transport.h"

enum {
    EVENT_GAP_US = 200000, /* an event without a packet for longer is over */
    EVENT_TAIL_US = 50000, /* its end is sent three times */
    EVENT_END = 0x80,      /* RFC 4733 §2.3.2 */
};

void stream_tx_init(struct media_stream_core *core)
{
    /* the top bit of the first sequence number clear: see rtp_sender_init() */
    uint16_t seq = (uint16_t)(rand_u32() & 0x7fff);
    rtp_sender_init(&core->tx.sender, rand_u32(), seq, rand_u32(), 8000);
    core->tx.reported_jitter_us = core->tx.reported_buffer_ms = -1;
    core->tx.reported_mos = -1;
    loss_follow_init(&core->tx.follow);
}

void stream_tx_clear(struct media_stream_core *core)
{
    meter_clear(&core->tx.meter);
}

bool stream_tx_can_send(const struct media_stream_core *core)
{
    return core->connected && core->described && core->description.send &&
           core->description.n_formats > 0;
}

const struct media_format *stream_tx_format(const struct media_stream_core *core,
                                            const struct codec *codec)
{
    const struct media_description *desc = &core->description;
    for (size_t i = 0; i < desc->n_formats; i++)
        if (desc->formats[i].codec == codec && desc->formats[i].tx_pt <= RTP_PT_MAX)
            return &desc->formats[i];
    return NULL;
}

const struct media_format *stream_format_sent(const struct media_stream_core *core, uint8_t pt)
{
    const struct media_description *desc = &core->description;
    for (size_t i = 0; i < desc->n_formats; i++)
        if (desc->formats[i].tx_pt == pt)
            return &desc->formats[i];
    return NULL;
}

const struct media_dtmf_format *stream_tx_dtmf_format(const struct media_stream_core *core,
                                                      uint32_t clock_hz)
{
    const struct media_description *desc = &core->description;
    const struct media_dtmf_format *any = NULL;
    if (desc->dtmf_send == MEDIA_DTMF_SEND_TONES || desc->dtmf_send == MEDIA_DTMF_SEND_NONE)
        return NULL;
    for (size_t i = 0; i < desc->n_dtmf; i++) {
        const struct media_dtmf_format *dtmf = &desc->dtmf[i];
        if (dtmf->tx_pt > RTP_PT_MAX)
            continue;
        if (dtmf->clock_hz == clock_hz)
            return dtmf;
        if (!any)
            any = dtmf;
    }
    return any;
}

static void count(struct media_stream_core *core, size_t payload_len)
{
    rtp_sender_count(&core->tx.sender, payload_len);
    core->tx.packets++;
    core->tx.bytes += payload_len;
    core->tx.last_us = stream_now_us(core);
}

/* Rewrite the packet where it is and let it wait for the end of the batch. */
static void queue(struct media_stream_core *core, struct stage_item *item,
                  const struct rtp_header *header)
{
    struct stream_tx *tx = &core->tx;
    if (!list_empty(&core->ears.list))
        stream_ears_sent(core, header, item->header.payload);
    rtp_replace(item->packet, &item->header, header);
    count(core, item->header.payload.len);
    if (tx->n_queue == MEDIA_BATCH)
        stream_tx_flush(core);
    tx->queue[tx->n_queue++] = item->packet;
}

void stream_tx_relay(struct media_stream_core *core, struct stage_item *item,
                     const struct media_format *format)
{
    struct stream_tx *tx = &core->tx;
    if (!stream_tx_can_send(core)) {
        rtp_sender_leave_out(&tx->sender, &item->header);
        return;
    }
    struct rtp_header header;
    if (tx->sender.clock_hz != format->codec->clock_hz)
        rtp_sender_set_clock(&tx->sender, format->codec->clock_hz);
    if (!rtp_sender_relay(&tx->sender, &item->header, stream_now_us(core), &header))
        return;
    header.pt = format->tx_pt;
    tx->codec = format->codec;
    meter_feed_packet(&tx->meter, format->codec, item->header.payload);
    queue(core, item, &header);
}

/* Numbers for an event among packets of our own: its timestamp is that of its first packet. */
static void number_event(struct stream_tx *tx, const struct rtp_header *in, int64_t now_us,
                         struct rtp_header *out)
{
    bool goes_on = tx->event.heard_us && tx->event.in_ts == in->ts &&
                   now_us - tx->event.heard_us < EVENT_GAP_US;
    if (!goes_on)
        rtp_sender_switch(&tx->sender, now_us);
    rtp_sender_make(&tx->sender, 0, now_us, out);
    if (!goes_on) {
        tx->event.in_ts = in->ts;
        tx->event.out_ts = out->ts;
    }
    bool ends = in->payload.len > 1 && ((uint8_t)in->payload.ptr[1] & EVENT_END);
    tx->event.heard_us = now_us;
    tx->event.until_us = now_us + (ends ? EVENT_TAIL_US : EVENT_GAP_US);
    out->ts = tx->event.out_ts;
    out->marker = !goes_on;
}

void stream_tx_relay_event(struct media_stream_core *core, struct stage_item *item)
{
    struct stream_tx *tx = &core->tx;
    const struct media_dtmf_format *dtmf = stream_tx_dtmf_format(core, tx->sender.clock_hz);
    const struct rtp_header *in = &item->header;
    struct rtp_header header;
    if (!stream_tx_can_send(core) || !dtmf) {
        rtp_sender_leave_out(&tx->sender, in);
        return;
    }
    bool same_clock = item->dtmf->clock_hz == dtmf->clock_hz;
    if (same_clock && tx->sender.relaying && tx->sender.in_ssrc == in->ssrc) {
        if (!rtp_sender_relay(&tx->sender, in, stream_now_us(core), &header))
            return;
    } else {
        number_event(tx, in, stream_now_us(core), &header);
    }
    uint8_t *payload = item->packet->data + ((const uint8_t *)in->payload.ptr - item->packet->data);
    if (!same_clock &&
        dtmf_convert(payload, in->payload.len, item->dtmf->clock_hz, dtmf->clock_hz) != OK)
        return;
    header.pt = dtmf->tx_pt;
    queue(core, item, &header);
}

void stream_tx_flush(struct media_stream_core *core)
{
    struct stream_tx *tx = &core->tx;
    size_t n = tx->n_queue;
    tx->n_queue = 0;
    if (n)
        core->transport->ops->send(core->transport, tx->queue, n);
}

void stream_tx_send(struct media_stream_core *core, const struct rtp_header *header,
                    struct slice payload)
{
    if (!list_empty(&core->ears.list))
        stream_ears_sent(core, header, payload);
    struct media_packet *packet = media_packet_take(core->thread);
    if (rtp_fill(packet, header, payload) == OK) {
        count(core, payload.len);
        core->transport->ops->send(core->transport, &packet, 1);
    }
    media_packet_give_back(core->thread, packet);
}
