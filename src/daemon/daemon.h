#pragma once
/* `tandem serve`: makes everything, wires it, runs until told to stop, ends it in reverse order. */

#include <stdbool.h>

#include "base/err.h"

struct config;
struct config_input;
struct daemon;

/** Everything is up and the ready file written when this returns OK. `config` is taken either way.
 */
MUST_CHECK enum err daemon_create(struct daemon **out, struct config *take_config,
                                  struct fault *fault);
/** Where `config` came from, so that reload (SIGHUP, `tandem reload`) reads it again; borrowed
 * until destroy. Without it there is no reload. */
void daemon_set_input(struct daemon *daemon, const struct config_input *input);
/** Until SIGTERM, SIGINT or daemon_stop(); live calls are ended first. */
void daemon_run(struct daemon *daemon);
void daemon_stop(struct daemon *daemon);
void daemon_destroy(struct daemon *daemon);
