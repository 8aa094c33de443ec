/* Is anybody there, and how good is it: silence, time-outs, and the figures for control. */
#include "base/num.h"
#include "media/media_priv.h"
#include "media/stream_decoder.h"
#include "media/stream_priv.h"
#include "media/transport.h"

enum { STATS_US = 1000000 };

static bool is_expected(const struct media_stream_core *core)
{
    return core->connected && core->described && core->description.receive;
}

void stream_watch_heard(struct media_stream_core *core)
{
    struct stream_watch *watch = &core->watch;
    if (!watch->first_seen)
        stream_post(core, &(struct media_event){ .kind = MEDIA_EVENT_FIRST_PACKET });
    watch->first_seen = true;
    if (watch->silent)
        stream_post(core, &(struct media_event){ .kind = MEDIA_EVENT_HEARD_AGAIN });
    watch->silent = false;
}

static void check_silence(struct media_stream_core *core)
{
    struct stream_watch *watch = &core->watch;
    const struct media_config *config = media_get_config(media_thread_media(core->thread));
    int64_t now_us = stream_now_us(core);
    if (!is_expected(core)) {
        watch->waiting_since_us = 0;
        watch->silent = false;
        return;
    }
    if (!watch->waiting_since_us)
        watch->waiting_since_us = now_us;
    int64_t heard_us = num_max(core->rx.last_us, watch->waiting_since_us);
    int64_t silent_ms = (now_us - heard_us) / 1000;
    if (silent_ms >= config->silent_ms && !watch->silent) {
        watch->silent = true;
        stream_post(core,
                    &(struct media_event){ .kind = MEDIA_EVENT_SILENT, .silent_ms = silent_ms });
    }
    /* one that says nothing but still reports is alive: held, or muted */
    int64_t quiet_ms = (now_us - num_max(heard_us, core->rtcp.heard_us)) / 1000;
    if (quiet_ms >= config->timeout_ms) {
        char text[64];
        snprintf(text, sizeof text, "no media for %lld s", (long long)config->timeout_ms / 1000);
        media_stream_core_failed(core, ERR_TIMEOUT, text);
    }
}

static int64_t age_ms(const struct media_stream_core *core, int64_t last_us)
{
    return last_us ? (stream_now_us(core) - last_us) / 1000 : -1;
}

static struct media_stats collect(struct media_stream_core *core)
{
    const struct stream_rx *rx = &core->rx;
    const struct stream_tx *tx = &core->tx;
    const struct media_stream_core *partner = stream_partner(core);
    int64_t now_us = stream_now_us(core);
    return (struct media_stats){
        .rx = { .packets = rx->packets,
                .bytes = rx->bytes,
                .lost = stream_rx_lost(core),
                .jitter_us = rx->has_source ? rtp_source_jitter_us(&rx->source) : -1,
                .last_age_ms = age_ms(core, rx->last_us),
                .level_dbov = meter_read(&core->rx.meter) },
        .tx = { .packets = tx->packets,
                .bytes = tx->bytes,
                .lost = tx->reported_lost,
                .jitter_us = tx->reported_jitter_us,
                .last_age_ms = age_ms(core, tx->last_us),
                .level_dbov = meter_read(&core->tx.meter) },
        .rtt_us = core->rtcp.rtt_us,
        .dropped_auth = core->dropped_auth,
        .dropped_stranger = core->dropped_stranger,
        .rx_codec = rx->codec,
        .tx_codec = tx->codec,
        .transcoding = stream_decoder_is_active(rx->decoder, now_us) ||
                       (partner && stream_decoder_is_active(partner->rx.decoder, now_us)),
        .remote = core->remote,
    };
}

void stream_watch_tick(struct media_stream_core *core)
{
    struct stream_watch *watch = &core->watch;
    int64_t now_us = stream_now_us(core);
    check_silence(core);
    if (!watch->stats_due_us)
        watch->stats_due_us = now_us + STATS_US;
    if (now_us < watch->stats_due_us)
        return;
    watch->stats_due_us = now_us + STATS_US;
    stream_post(core, &(struct media_event){ .kind = MEDIA_EVENT_STATS, .stats = collect(core) });
}
