#pragma once
/* Finding the running daemon, by --url or through its state directory, and asking it. */

#include "cli/cli.h"

/** cli_ask_fn over HTTP: the address from --url, TANDEM_URL or ready.json, the token from
 * admin.token. */
MUST_CHECK enum err cli_remote_ask(struct cli *cli, const char *method, const char *path,
                                   const json_t *body, int *status, json_t **answer,
                                   struct fault *fault);
