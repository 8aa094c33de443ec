#pragma once
/* `tandem serve`: makes everything, wires it, runs until told to stop, ends it in reverse order. */

#include <stdbool.h>

#include "base/err.h"

struct config;
struct daemon;

/** Everything is up and the ready file written when this returns OK. `config` is taken either way.
 */
MUST_CHECK enum err daemon_create(struct daemon **out, struct config *take_config,
                                  struct fault *fault);
/** Until SIGTERM, SIGINT or daemon_stop(); live calls are ended first. */
void daemon_run(struct daemon *daemon);
void daemon_stop(struct daemon *daemon);
void daemon_destroy(struct daemon *daemon);
