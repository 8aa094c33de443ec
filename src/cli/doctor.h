#pragma once
/* The doctor: why a trunk works or does not, step by step, each with its value and, when it fails,
 * the cause and what to do. It runs on anybody's loop and stack: inside the daemon, or in the
 * command itself when there is none. Nothing of the trunk is changed: the account is tried with a
 * REGISTER that has no Contact, which only asks (RFC 3261 §10.2.3). Control thread. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct config;
struct config_trunk;
struct dns;
struct doctor;
struct loop;
struct sip_agent;

struct doctor_config {
    struct loop *loop;
    struct dns *dns;
    struct sip_agent *agent;
    const struct config *config;      /* both borrowed until it is over */
    const struct config_trunk *trunk; /* one of config's, or a copy */
    const char *dry_invite; /* a number: try the account with an INVITE that is cancelled at once,
                               if REGISTER tells nothing; NULL: don't. Copied */
    bool try_forms;         /* kandy: the usual forms of the user name, once each */
    bool is_connected;      /* kandy: the daemon's own account works: leave its socket alone */
};

/** {"ok", "trunk", "steps": [{"step", "ok", "detail", "advice"?, "skipped"?}], "support"?},
 * borrowed. The doctor is gone when it returns. */
typedef void (*doctor_fn)(void *owner, const json_t *report);

/** `fn` is called once, never from inside. */
struct doctor *doctor_create(const struct doctor_config *config, doctor_fn fn, void *owner);
/** Before it is over: forget it. NULL is fine. */
void doctor_destroy(struct doctor *doctor);
