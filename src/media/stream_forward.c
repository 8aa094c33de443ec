/* The last stage of what comes in: on to the partner, as it is if the partner's far end takes that
 * codec, else into the decoder from which the partner's clock pulls. */
#include "media/codec.h"
#include "media/rtp_sender.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"

static struct media_stream_core *core_of(struct stage *stage)
{
    return (struct media_stream_core *)(void *)((char *)stage - offsetof(struct media_stream_core,
                                                                         rx.forward_stage));
}

static void decode(struct media_stream_core *core, const struct stage_item *item)
{
    if (!core->rx.decoder) {
        core->rx.decoder = stream_decoder_create(&core->rx.meter);
        stream_decoder_denoise(core->rx.decoder, core->denoise);
    }
    stream_decoder_feed(core->rx.decoder, item->format->codec, &item->header, stream_now_us(core));
}

/* Longer than the partner's far end takes (a=maxptime)? */
static bool is_too_long(const struct media_stream_core *partner, const struct stage_item *item)
{
    unsigned max_ms = partner->description.maxptime_ms;
    const struct codec *codec = item->format->codec;
    return max_ms && codec_duration(codec, item->header.payload) > codec->clock_hz / 1000 * max_ms;
}

/* What was decoded until now is not to be heard beside it. */
static void relay(struct media_stream_core *core, struct media_stream_core *partner,
                  struct stage_item *item, const struct media_format *format)
{
    if (stream_decoder_is_active(core->rx.decoder, stream_now_us(core)))
        stream_decoder_rest(core->rx.decoder);
    stream_tx_relay(partner, item, format);
}

static void forward(struct media_stream_core *core, struct media_stream_core *partner,
                    struct stage_item *item)
{
    const struct media_format *same =
        item->format ? stream_tx_format(partner, item->format->codec) : NULL;
    if (core->mute_receive || stream_pace_overrides(partner) || (!item->format && !item->dtmf))
        rtp_sender_leave_out(&partner->tx.sender, &item->header);
    else if (item->dtmf)
        stream_tx_relay_event(partner, item);
    else if (same && !is_too_long(partner, item) && !core->denoise && !stream_pace_mixes(partner))
        relay(core, partner, item, same);
    else
        decode(core, item);
}

void stream_forward_take(struct stage *stage, struct stage_item *items, size_t n)
{
    struct media_stream_core *core = core_of(stage);
    struct media_stream_core *partner = stream_partner(core);
    if (!partner)
        return;
    for (size_t i = 0; i < n; i++)
        forward(core, partner, &items[i]);
    stream_tx_flush(partner);
    stream_pace_wake(partner);
}
