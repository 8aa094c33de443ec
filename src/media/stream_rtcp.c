/* Reports (RFC 3550 §6): ours every five seconds or so, the far end's read. */
#include <time.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/rand.h"
#include "media/media_packet.h"
#include "media/stream_priv.h"
#include "media/transport.h"

enum {
    INTERVAL_US = 5000000, /* RFC 3550 §6.2 */
    CNAME_LEN = 16,        /* RFC 7022 §4.2: 96 bits of chance */
    PACKET_MS = 20,        /* what almost all send: only means of bursts in ms rest on it */
};

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void stream_rtcp_init(struct media_stream_core *core)
{
    rand_token(core->rtcp.cname, CNAME_LEN);
    core->rtcp.rtt_us = -1;
}

/* Half to one and a half of the interval (RFC 3550 §6.3.1), the first one sooner. */
static void schedule(struct media_stream_core *core, int64_t interval_us)
{
    core->rtcp.due_us =
        stream_now_us(core) + interval_us / 2 + (int64_t)(rand_u32() % (uint32_t)interval_us);
}

static void take_block(struct media_stream_core *core, const struct rtcp_block *block)
{
    struct stream_tx *tx = &core->tx;
    tx->is_reported = true;
    if (block->lost > 0)
        tx->reported_lost = (uint64_t)block->lost;
    if (tx->sender.clock_hz)
        tx->reported_jitter_us = (int64_t)block->jitter * 1000000 / tx->sender.clock_hz;
    if (loss_follow_feed(&tx->follow, block->fraction_lost))
        stream_pace_adapt(core);
    int64_t rtt_us = rtcp_rtt_us(block, rtcp_ntp(wall_us()));
    if (rtt_us >= 0)
        core->rtcp.rtt_us = rtt_us;
}

static void take_voip(struct media_stream_core *core, const struct rtcp_voip *voip)
{
    int mos_x10 = voip->mos_cq_x10 != RTCP_UNKNOWN ? voip->mos_cq_x10 : voip->mos_lq_x10;
    if (mos_x10 >= 10 && mos_x10 <= 50)
        core->tx.reported_mos = mos_x10 / 10.0;
    core->tx.reported_buffer_ms = voip->buffer_ms;
}

void stream_rtcp_receive(struct media_stream_core *core, const struct media_packet *packet)
{
    struct rtcp report;
    if (rtcp_parse(&report, slice_make(packet->data, packet->len)) != OK)
        return;
    core->rtcp.heard_us = packet->arrived_us;
    if (report.has_sr && core->rx.has_source && report.ssrc == core->rx.source.ssrc)
        rtcp_seen_feed(&core->rtcp.seen, &report, packet->arrived_us);
    const struct rtcp_block *block = rtcp_block_find(&report, core->tx.sender.ssrc);
    if (block)
        take_block(core, block);
    const struct rtcp_voip *voip = rtcp_voip_find(&report, core->tx.sender.ssrc);
    if (voip)
        take_voip(core, voip);
    for (size_t i = 0; i < report.n_byes; i++)
        if (core->rx.has_source && report.byes[i] == core->rx.source.ssrc)
            core->rx.source_left = true;
}

static void fill_sender_info(const struct media_stream_core *core, struct rtcp *out)
{
    const struct rtp_sender *sender = &core->tx.sender;
    out->has_sr = true;
    out->sr = (struct rtcp_sender_info){ .ntp = rtcp_ntp(wall_us()),
                                         .rtp_ts = rtp_sender_ts_at(sender, stream_now_us(core)),
                                         .packets = sender->packets,
                                         .octets = sender->octets };
}

/* How we hear the far end (RFC 3611 §4.7); what is not measured stays unknown. */
static void fill_voip(struct media_stream_core *core, struct rtcp_voip *out)
{
    struct media_stats stats = stream_stats_collect(core);
    const struct media_flow_stats *rx = &stats.rx;
    struct rtp_bursts_result bursts = rtp_bursts_read(&core->rx.bursts, PACKET_MS);
    *out = (struct rtcp_voip){ .ssrc = core->rx.source.ssrc,
                               .loss_rate = rtcp_share(rx->lost, rx->packets + rx->lost),
                               .burst_density = bursts.burst_density,
                               .gap_density = bursts.gap_density,
                               .burst_ms = bursts.burst_ms,
                               .gap_ms = bursts.gap_ms,
                               .signal_dbm0 = RTCP_UNKNOWN,
                               .noise_dbm0 = RTCP_UNKNOWN,
                               .echo_loss_db = RTCP_UNKNOWN,
                               .gmin = RTP_BURSTS_GMIN,
                               .r_factor = RTCP_UNKNOWN,
                               .external_r = RTCP_UNKNOWN,
                               .mos_lq_x10 = RTCP_UNKNOWN,
                               .mos_cq_x10 = RTCP_UNKNOWN };
    if (stats.rtt_us >= 0)
        out->rtt_ms = (uint16_t)num_min(stats.rtt_us / 1000, UINT16_MAX);
    stream_stats_fill_quality(core, rx, out);
    if (rx->buffer_ms < 0)
        return;
    out->config = RTCP_VOIP_PLC_ENHANCED | RTCP_VOIP_BUFFER_ADAPTIVE;
    out->buffer_ms = out->buffer_max_ms = out->buffer_most_ms = out->end_delay_ms =
        (uint16_t)num_min(rx->buffer_ms, UINT16_MAX);
}

static void send_report(struct media_stream_core *core, bool bye)
{
    struct rtcp report = { .ssrc = core->tx.sender.ssrc,
                           .voip_ssrc = core->tx.sender.ssrc,
                           .cname_ssrc = core->tx.sender.ssrc,
                           .cname = slice_of(core->rtcp.cname) };
    if (core->tx.packets)
        fill_sender_info(core, &report);
    report.has_rr =
        !report.has_sr; /* who only hears says how (RFC 3550 §6.1: one of the two first) */
    if (core->rx.has_source)
        rtcp_block_make(&report.blocks[report.n_blocks++], &core->rx.source, &core->rtcp.seen,
                        stream_now_us(core));
    if (core->rx.has_source && core->description.xr_voip)
        fill_voip(core, &report.voips[report.n_voips++]);
    report.has_bye = bye;
    if (bye)
        report.byes[report.n_byes++] = core->tx.sender.ssrc;

    struct media_packet *packet = media_packet_take(core->thread);
    struct buf buf;
    buf_init(&buf, packet->data, MEDIA_PACKET_MAX);
    if (rtcp_print(&report, &buf) == OK) {
        packet->len = (uint32_t)buf.len; /* at most MEDIA_PACKET_MAX */
        packet->is_rtcp = true;
        core->transport->ops->send(core->transport, &packet, 1);
    }
    media_packet_give_back(core->thread, packet);
}

void stream_rtcp_tick(struct media_stream_core *core)
{
    if (!core->connected || !core->described)
        return;
    if (!core->rtcp.due_us) {
        schedule(core, INTERVAL_US / 2); /* RFC 3550 §6.2: half for the first */
        return;
    }
    if (stream_now_us(core) < core->rtcp.due_us)
        return;
    send_report(core, false);
    schedule(core, INTERVAL_US);
}

void stream_rtcp_bye(struct media_stream_core *core)
{
    /* RFC 3550 §6.3.7: who never sent anything does not say goodbye */
    if (core->connected && core->described && core->tx.packets)
        send_report(core, true);
}
