#pragma once
/* Another program, run to its end by whoever may block: no shell, none of our files, environment or
 * privileges, and bounds on what it may use. It dies with us. Linux (clone(2)). Any thread. */

#include <stdatomic.h>
#include <stdint.h>

#include "err.h"

struct child_limits {
    uint64_t memory, file; /* bytes: its address space; each file it writes */
    unsigned cpu_s;
    int64_t time_ms; /* by the clock */
};
struct child_config {
    const char *const *argv;     /* NULL is behind the last; the first is looked for in PATH */
    const char *dir;             /* where it runs */
    const char *output, *errors; /* files there that take what it says */
    struct child_limits limits;
    const atomic_bool *stop; /* once it is set the program is killed; NULL: never */
};

/** OK: it ended with 0.  ERR_NOT_FOUND: there is no such program.  ERR_REFUSED: it ended with
 * anything else, `errors` may say why.  ERR_LIMIT: with more CPU or a larger file than it may.
 * ERR_TIMEOUT, ERR_CLOSED: killed, for the time or for `stop`.  ERR_IO: it could not begin. */
MUST_CHECK enum err child_run(const struct child_config *config);
