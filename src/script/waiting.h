#pragma once
/* Queues by name, within a project: callers wait in them until somebody connects to `queue:NAME`.
 * First come, first served. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line;
struct scripts;
struct waiting;

enum { WAITING_MAX_DEFAULT = 100 }; /* of a queue that nobody gave a size */

struct waiting_events {
    /** Somebody took the caller: talk to that far end until waiting_part() of either. */
    void (*on_taken)(void *owner, struct waiting *agent);
    /** The other side is gone. */
    void (*on_parted)(void *owner);
};

/** Wait: NULL when the queue is full (scripts_config.queue_max); or with `is_agent` look for
 * somebody who waits: NULL when nobody does. */
struct waiting *waiting_create(struct scripts *scripts, const char *project_id, const char *name,
                               struct line *line, bool is_agent,
                               const struct waiting_events *events, void *owner);
/** Leave; the other side hears of it. NULL is fine. */
void waiting_destroy(struct waiting *waiting);
/** 1 is next; 0: not waiting any more. */
size_t waiting_position(const struct waiting *waiting);
size_t waiting_size(const struct waiting *waiting);
const char *waiting_queue_id(const struct waiting *waiting);

/** {"NAME": [{"call_id", "position", "since_ms"}]} of a project, who waits first in front; the
 * caller's. */
json_t *waiting_json(const struct scripts *scripts, const char *project_id);
