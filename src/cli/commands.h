#pragma once
/* The table of commands, and the table of what can be done to things that the daemon keeps. */

#include "cli/cli.h"

typedef int (*cli_fn)(struct cli *cli, int argc, char **argv);

struct cli_command {
    const char *name;
    const char *usage; /* behind the name, short enough for the list of all commands */
    const char *help;  /* one line */
    cli_fn run;        /* argv[0] is the name; NULL: the daemon's own */
};
extern const struct cli_command cli_commands[];
extern const size_t n_cli_commands;
const struct cli_command *cli_command_find(const char *name);
/** All that may stand behind the name. */
const char *cli_command_usage(const struct cli_command *command);
/** The wrong words stood behind `name`: says the right ones. Returns CLI_USAGE. */
int cli_fail_usage(struct cli *cli, const char *name);

/* cmd_*.c */
int cmd_calls(struct cli *cli, int argc, char **argv);
int cmd_check(struct cli *cli, int argc, char **argv);
int cmd_doctor(struct cli *cli, int argc, char **argv);
int cmd_help(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_reload(struct cli *cli, int argc, char **argv);
int cmd_route(struct cli *cli, int argc, char **argv);
int cmd_trace(struct cli *cli, int argc, char **argv);
int cmd_version(struct cli *cli, int argc, char **argv);
/** user, token, pat, device, project, number, registrations, trunks: by the table in cli_action.c.
 */
int cmd_action(struct cli *cli, int argc, char **argv);
/** Which actions a noun has, for its help. */
void cmd_action_help(struct cli *cli, const char *noun);
