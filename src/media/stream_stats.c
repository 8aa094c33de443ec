/* The figures of a stream, for control: what was counted and measured, and honest about the rest.
 */
#include "base/num.h"
#include "media/codec.h"
#include "media/mos.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"

enum { MOS_PACKETS = 50 }; /* before that, one lost packet would be a verdict */

static int64_t age_ms(const struct media_stream_core *core, int64_t last_us)
{
    return last_us ? (stream_now_us(core) - last_us) / 1000 : -1;
}

/* False: too little to go by. `flow->lost` are those that never came, `missing` all that were not
 * there to be played. */
static bool hearing(const struct media_flow_stats *flow, const struct codec *codec,
                    uint64_t missing, int64_t rtt_us, struct mos_input *out)
{
    uint64_t all = flow->packets + flow->lost;
    if (!codec || flow->packets < MOS_PACKETS)
        return false;
    int64_t buffer_us = flow->buffer_ms >= 0 ? flow->buffer_ms * 1000 : -1;
    *out = (struct mos_input){
        .codec = codec,
        .loss = (double)(missing < all ? missing : all) / (double)all,
        .delay_us = mos_delay_us(rtt_us, buffer_us, flow->jitter_us),
    };
    return true;
}

static double mos(const struct media_flow_stats *flow, const struct codec *codec, uint64_t missing,
                  int64_t rtt_us)
{
    struct mos_input input;
    return hearing(flow, codec, missing, rtt_us, &input) ? mos_estimate(&input) : -1;
}

static uint64_t late_packets(const struct media_stream_core *core)
{
    return core->rx.decoder ? stream_decoder_late(core->rx.decoder) : 0;
}

void stream_stats_fill_quality(const struct media_stream_core *core,
                               const struct media_flow_stats *rx, struct rtcp_voip *out)
{
    struct mos_input input;
    if (!hearing(rx, core->rx.codec, rx->lost + late_packets(core), core->rtcp.rtt_us, &input))
        return;
    out->discard_rate = rtcp_share(late_packets(core), rx->packets + rx->lost);
    out->r_factor = (int)num_min(num_max((int64_t)mos_r_factor(&input), 0), 100);
    out->mos_cq_x10 = (int)(10 * mos_estimate(&input) + 0.5); /* 10 to 44 */
    input.delay_us = 0;
    out->mos_lq_x10 = (int)(10 * mos_estimate(&input) + 0.5);
}

static struct media_flow_stats collect_rx(struct media_stream_core *core)
{
    struct stream_rx *rx = &core->rx;
    struct media_flow_stats flow = {
        .packets = rx->packets,
        .bytes = rx->bytes,
        .lost = stream_rx_lost(core),
        .jitter_us = rx->has_source ? rtp_source_jitter_us(&rx->source) : -1,
        .last_age_ms = age_ms(core, rx->last_us),
        .level_dbov = meter_read(&rx->meter),
        .reordered = (int64_t)rx->reordered, /* far below 2^63 */
        .concealed_ms = -1,
        .buffer_ms = -1,
    };
    if (rx->decoder) {
        flow.concealed_ms = stream_decoder_concealed_ms(rx->decoder);
        flow.buffer_ms = stream_decoder_buffer_ms(rx->decoder);
    }
    flow.mos = mos(&flow, rx->codec, flow.lost + late_packets(core), core->rtcp.rtt_us);
    return flow;
}

static struct media_flow_stats collect_tx(struct media_stream_core *core)
{
    struct stream_tx *tx = &core->tx;
    struct media_flow_stats flow = {
        .packets = tx->packets,
        .bytes = tx->bytes,
        .lost = tx->reported_lost,
        .jitter_us = tx->reported_jitter_us,
        .last_age_ms = age_ms(core, tx->last_us),
        .level_dbov = meter_read(&tx->meter),
        .reordered = -1,
        .concealed_ms = -1,
        .buffer_ms = tx->reported_buffer_ms,
        .mos = -1,
    };
    uint64_t all = flow.packets; /* sent: the lost ones are among them */
    flow.packets -= flow.lost < all ? flow.lost : all;
    if (tx->is_reported)
        flow.mos = mos(&flow, tx->codec, flow.lost, core->rtcp.rtt_us);
    flow.packets = all;
    return flow;
}

struct media_stats stream_stats_collect(struct media_stream_core *core)
{
    const struct media_stream_core *partner = stream_partner(core);
    int64_t now_us = stream_now_us(core);
    return (struct media_stats){
        .rx = collect_rx(core),
        .tx = collect_tx(core),
        .rtt_us = core->rtcp.rtt_us,
        .far_mos = core->tx.reported_mos,
        .dropped_auth = core->dropped_auth,
        .dropped_stranger = core->dropped_stranger,
        .rx_codec = core->rx.codec,
        .tx_codec = core->tx.codec,
        .transcoding = stream_decoder_is_active(core->rx.decoder, now_us) ||
                       (partner && stream_decoder_is_active(partner->rx.decoder, now_us)),
        .remote = core->remote,
    };
}
