/* What grows old goes: records of calls, messages, faxes and conferences after keep_calls days,
 * files of recordings after recordings.keep_days. */
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "daemon/recording_files.h"
#include "store/store_conferences.h"
#include "store/store_faxes.h"
#include "store/store_messages.h"
#include "store/store_recordings.h"
#include "store/store_rows.h"

enum { AGAIN_MS = 60 * 60 * 1000 };
static const int64_t day_ms = 24LL * 60 * 60 * 1000;

static void on_purged(void *owner, const struct store_answer *answer)
{
    (void)owner;
    if (answer->err)
        log_warn(NULL, "old records could not be removed: %s", err_name(answer->err));
}

/* On a pool thread; it may outlive the daemon by a moment, so it knows only this. */
struct old_files {
    int64_t before_ms;
    size_t gone;
    char dir[];
};

static void remove_old(void *arg)
{
    struct old_files *old = arg;
    old->gone = recording_files_purge(old->dir, old->before_ms);
}

static void say_gone(void *arg)
{
    struct old_files *old = arg;
    if (old->gone)
        log_info(NULL, "recordings removed, old files=%zu", old->gone);
    mem_free(old);
}

/* What programs know of them. */
static void on_old_rows(void *owner, const struct store_answer *answer)
{
    const struct daemon *daemon = owner;
    const struct store_recording *rows = STORE_ROWS(answer, store_recording);
    for (size_t i = 0; !answer->err && i < answer->n; i++)
        store_recording_remove(daemon->env.store, rows[i].id, (struct store_reply){ 0 });
}

static void purge_recordings(struct daemon *daemon)
{
    int64_t days = daemon->config->keep_recordings_days;
    size_t size = strlen(daemon->record_dir) + 1;
    if (!days)
        return;
    struct old_files *old = mem_alloc(sizeof *old + size);
    old->before_ms = loop_wall_ms(daemon->env.loop) - days * day_ms;
    const struct store_recording_filter filter = { .before_ms = old->before_ms,
                                                   .limit = STORE_MAX_ROWS };
    store_recording_list(daemon->env.store, &filter, (struct store_reply){ on_old_rows, daemon });
    memcpy(old->dir, daemon->record_dir, size);
    worker_run(daemon->env.loop, remove_old, say_gone, old);
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
        store_fax_purge(daemon->env.store, before_ms, (struct store_reply){ on_purged, daemon });
        store_conference_purge(daemon->env.store, before_ms,
                               (struct store_reply){ on_purged, daemon });
    }
    purge_recordings(daemon);
    loop_timer_start(daemon->env.loop, &daemon->purge_timer, AGAIN_MS, purge, daemon);
}

void daemon_start_housekeeping(struct daemon *daemon)
{
    purge(daemon);
}
