/* The record of a call that is over, and its timeline, into the store. */
#include <string.h>

#include "base/mem.h"
#include "call/call_priv.h"
#include "store/store_rows.h"

static void write_timeline(struct store *store, const struct call *call)
{
    size_t n = timeline_count(call->timeline);
    struct store_event *rows = mem_array(n, sizeof *rows);
    for (size_t i = 0; i < n; i++) {
        const struct timeline_entry *entry = timeline_at(call->timeline, i);
        rows[i] = (struct store_event){ .call_id = call->id,
                                        .kind = entry->kind,
                                        .text = entry->text,
                                        .at_ms = entry->at_ms,
                                        .leg = entry->leg };
    }
    store_event_add(store, rows, n, STORE_NOBODY);
    mem_free(rows);
}

void cdr_write(const struct call *call)
{
    struct store *store = call->calls->config.store;
    if (!store)
        return;
    json_t *view = call_json(call, true);
    json_t *kept = json_pack("{s:O, s:O, s:O, s:O*}", "legs", json_object_get(view, "legs"),
                             "related", json_object_get(view, "related"), "recordings",
                             json_object_get(view, "recordings"), "answered_by",
                             json_object_get(view, "answered_by"));
    char *stats = json_dumps(kept, JSON_COMPACT);
    struct store_call row = {
        .id = call->id,
        .project_id = call->project_id,
        .direction = json_string_value(json_object_get(view, "direction")),
        .face = call->face,
        .from = call->from,
        .to = call->to,
        .trunk = json_string_value(json_object_get(view, "trunk")),
        .user = call->user,
        .state = call_state_name(call->state),
        .codec_a = call->codec_a,
        .codec_b = call->codec_b,
        .cause = call->cause.token,
        .cause_text = call->cause.text,
        .ended_by = cause_by_name(call->cause.by),
        .correlation = call->correlation,
        .stats = stats,
        .code = call->cause.code,
        .created_ms = call->created_wall_ms,
        .answered_ms = call->up_wall_ms,
        .ended_ms = call->done_wall_ms,
    };
    store_call_set(store, &row, STORE_NOBODY);
    write_timeline(store, call);
    free(stats);
    json_decref(kept);
    json_decref(view);
}
