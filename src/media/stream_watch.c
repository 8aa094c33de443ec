/* Is anybody there: silence and time-outs; and when the figures go to control. */
#include "base/num.h"
#include "media/media_priv.h"
#include "media/stream_priv.h"
#include "media/transport.h"

enum { STATS_US = 1000000 };

static bool is_alive(const struct media_stream_core *core)
{
    return core->connected && core->described;
}

/* On hold, one way or both: the other one may well send nothing, for a long time. */
static bool is_held(const struct media_stream_core *core)
{
    return !core->description.send || !core->description.receive;
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

static void check_timeout(struct media_stream_core *core, int64_t quiet_ms)
{
    const struct media_patience *patience = media_thread_patience(core->thread);
    int64_t limit_ms = is_held(core) ? patience->held_ms : patience->timeout_ms;
    char text[64];
    if (quiet_ms < limit_ms)
        return;
    snprintf(text, sizeof text, "no media for %lld s", (long long)limit_ms / 1000);
    media_stream_core_failed(core, ERR_TIMEOUT, text);
}

static void check_silence(struct media_stream_core *core)
{
    struct stream_watch *watch = &core->watch;
    int64_t now_us = stream_now_us(core);
    if (!is_alive(core)) {
        watch->waiting_since_us = 0;
        watch->silent = false;
        return;
    }
    if (!watch->waiting_since_us || watch->was_held != is_held(core))
        watch->waiting_since_us = now_us; /* whatever was not said before does not count */
    watch->was_held = is_held(core);
    int64_t heard_us = num_max(core->rx.last_us, watch->waiting_since_us);
    int64_t silent_ms = (now_us - heard_us) / 1000;
    if (!core->description.receive) {
        watch->silent = false;
    } else if (silent_ms >= media_thread_patience(core->thread)->silent_ms && !watch->silent) {
        watch->silent = true;
        stream_post(core,
                    &(struct media_event){ .kind = MEDIA_EVENT_SILENT, .silent_ms = silent_ms });
    }
    /* one that says nothing but still reports is alive: held, or muted */
    check_timeout(core, (now_us - num_max(heard_us, core->rtcp.heard_us)) / 1000);
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
