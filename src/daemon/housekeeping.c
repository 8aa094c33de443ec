/* What grows old goes: records of calls and messages after keep_calls days. */
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "store/store_messages.h"
#include "store/store_rows.h"

enum { AGAIN_MS = 60 * 60 * 1000 };
static const int64_t day_ms = 24LL * 60 * 60 * 1000;

static void on_purged(void *owner, const struct store_answer *answer)
{
    (void)owner;
    if (answer->err)
        log_warn(NULL, "old records could not be removed: %s", err_name(answer->err));
}

static void purge(void *owner)
{
    struct daemon *daemon = owner;
    int64_t days = daemon->config->keep_calls_days;
    int64_t before_ms = loop_wall_ms(daemon->env.loop) - days * day_ms;
    if (days) {
        store_call_purge(daemon->env.store, before_ms, (struct store_reply){ on_purged, daemon });
        store_message_purge(daemon->env.store, before_ms,
                            (struct store_reply){ on_purged, daemon });
    }
    loop_timer_start(daemon->env.loop, &daemon->purge_timer, AGAIN_MS, purge, daemon);
}

void daemon_start_housekeeping(struct daemon *daemon)
{
    purge(daemon);
}
