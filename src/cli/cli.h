#pragma once
/* The commands of `tandem` other than `serve`: small clients of the running daemon, and `check`,
 * which needs none. One thread, blocking; nothing outlives cli_main(). */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "config/config.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 }; /* exit codes */

/** Run the command of argv[1] and return the exit code. Not for `serve`: see cli_is_command(). */
int cli_main(int argc, char **argv, config_script_fn check_script);
/** Is this argv[1] for cli_main()? True for everything but the daemon's own "serve". */
bool cli_is_command(const char *name);

/** One exchange with the daemon. `*body` is the caller's, NULL when there was none. */
struct cli;
typedef enum err (*cli_ask_fn)(struct cli *cli, const char *method, const char *path,
                               const json_t *body, int *status, json_t **answer,
                               struct fault *fault);

/** What a command works with. */
struct cli {
    FILE *out, *err;
    bool is_json, is_color;
    const char *url, *state;       /* flags, or NULL */
    char *const *vars;             /* environment */
    cli_ask_fn ask;                /* cli_remote_ask(), or a test's */
    void *owner;                   /* of ask */
    config_script_fn check_script; /* for `check`; may be NULL */
};

/** cli_main() with its surroundings as arguments; argv[0] is the command. */
int cli_run(struct cli *cli, int argc, char **argv);

/** "tandem: TEXT" on the error stream, or {"error":…} with --json; returns `code`. */
int cli_fail(struct cli *cli, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int cli_fail_fault(struct cli *cli, int code, const struct fault *fault);
/** What an error answer of the daemon says. Returns CLI_FAILED. */
int cli_fail_answer(struct cli *cli, int status, const json_t *answer);
/** The JSON as --json prints it. */
void cli_print_json(struct cli *cli, const json_t *value);
/** cli->ask, with a failure or an error answer printed; NULL then. The caller owns the result. */
json_t *cli_ask(struct cli *cli, const char *method, const char *path, const json_t *body);
