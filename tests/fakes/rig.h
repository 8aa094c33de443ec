#pragma once
/* For flows: the whole gateway in this process, wired as `tandem serve` wires it, on loopback
 * sockets with ports of their own, with its log lines kept. Far ends (far_end.h) live on a loop
 * beside it. One rig a program. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/types.h>

#include "net/addr.h"

struct config_input;
struct daemon;
struct loop;

enum { RIG_LOG_MAX = 1 << 20, RIG_RECORD_MAX = 700, RIG_WAIT_MS = 8000 };

struct rig {
    struct loop *far_loop; /* of the far ends */
    struct loop *loop;     /* of the gateway */
    struct daemon *daemon;
    struct addr sip; /* its SIP listener */
    char dir[64];
    int log_fd;     /* log lines go here instead of stderr */
    off_t log_from; /* what was logged before does not count */
    char *log;      /* room to read them into */
};

/** The far ends' loop; the gateway follows with rig_start(), when their ports are known. */
void rig_create(struct rig *rig);
/** `yaml` is added to a configuration that listens on free loopback ports. */
void rig_start(struct rig *rig, const char *yaml);
/** The same where the gateway may refuse it: `fault` says why, and there is no daemon then. */
MUST_CHECK enum err rig_try_start(struct rig *rig, const char *yaml, struct fault *fault);
/** Stops the gateway as SIGTERM does, then destroys everything; far ends must be destroyed. */
void rig_destroy(struct rig *rig);

/** One turn of both loops. */
void rig_turn(struct rig *rig);
void rig_run(struct rig *rig, int64_t ms);
/** Turn until `condition` holds; the test fails when it does not within RIG_WAIT_MS. */
#define RIG_UNTIL(rig, condition)                                            \
    do {                                                                     \
        int64_t rig_end_ms = rig_now_ms() + RIG_WAIT_MS;                     \
        while (!(condition) && rig_now_ms() < rig_end_ms)                    \
            rig_turn(rig);                                                   \
        if (!(condition))                                                    \
            fail_msg("%s:%d: still not %s", __FILE__, __LINE__, #condition); \
    } while (0)
int64_t rig_now_ms(void);

size_t rig_calls(const struct rig *rig); /* live ones */
/** The id of the newest live call. Valid until the next. */
const char *rig_live_call(const struct rig *rig);
/** How many files there are in that folder of the state directory. */
unsigned rig_files(const struct rig *rig, const char *folder);
/** "cause code by: sentence" of the newest call in the store. Valid until the next call. */
const char *rig_last_record(struct rig *rig);
/** Its timeline, a line an entry: "leg kind text\n". Valid until the next call. */
const char *rig_last_timeline(struct rig *rig);
/** Was that said since rig_create() or rig_clear_log()? */
bool rig_logged(struct rig *rig, const char *text);
void rig_clear_log(struct rig *rig);
/** How many descriptors this process has open. */
unsigned rig_descriptors(void);
