#pragma once
/* The newest log lines, for whoever looks at the daemon from afar. A ring of fixed size with a lock
 * of its own: log_tail_tap() runs on every thread that logs and only copies. */

#include <stddef.h>
#include <stdint.h>

#include "log.h"

struct log_tail;

enum {
    LOG_TAIL_LINES = 1000,
    LOG_TAIL_LINE_MAX = 1000, /* bytes of a line that are kept */
};

struct log_tail *log_tail_create(void);
/** After log_set_tap(NULL, NULL). NULL is fine. */
void log_tail_destroy(struct log_tail *tail);

/** log_tap_fn, with the tail as owner. */
void log_tail_tap(void *tail, enum log_level level, struct slice line);

/** `line` is whole UTF-8 characters, borrowed until return. */
typedef void (*log_tail_fn)(void *owner, uint64_t seq, enum log_level level, struct slice line);
/** The newest `max` lines behind number `after` (0: from the oldest one kept), oldest first.
 * Returns the number of the last line ever logged: `after` for next time. `fn` may log. */
uint64_t log_tail_read(struct log_tail *tail, uint64_t after, size_t max, log_tail_fn fn,
                       void *owner);
/** Lines of that level since the start. */
uint64_t log_tail_count(struct log_tail *tail, enum log_level level);
