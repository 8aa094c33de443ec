/* Is anybody there: silence and time-outs; and when the figures go to control. */
#include "base/num.h"
#include "media/media_priv.h"
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
    stream_post(core, &(struct media_event){ .kind = MEDIA_EVENT_STATS,
                                             .stats = stream_stats_collect(core) });
}
