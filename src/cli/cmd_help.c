/* tandem help and tandem version. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "commands.h"
#include "config/options.h"
#include "config/presets.h"

enum { NAME_WIDTH = 28, TEXT_MAX = 64 << 10 };

static const char common[] =
    "All take --json, and --url URL or --state DIR to find the running tandem.\n";

static void print_all(struct cli *cli)
{
    fprintf(cli->out, "tandem %s joins browsers, SIP and cloud voice. Usage: tandem COMMAND\n\n",
            TANDEM_VERSION);
    for (size_t i = 0; i < n_cli_commands; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s %s", cli_commands[i].name, cli_commands[i].usage);
        fprintf(cli->out, "  %-*s %s\n", NAME_WIDTH, name, cli_commands[i].help);
    }
    fputs(common, cli->out);
}

static int print_text(struct cli *cli, void (*print)(struct buf *out))
{
    struct buf text = { .ptr = mem_alloc(TEXT_MAX), .cap = TEXT_MAX };
    print(&text);
    fputs(buf_cstr(&text), cli->out);
    mem_free(text.ptr);
    return CLI_OK;
}

static int print_command(struct cli *cli, const struct cli_command *command)
{
    if (command->help[0])
        fprintf(cli->out, "tandem %s: %s\n\n", command->name, command->help);
    if (command->run == cmd_action)
        cmd_action_help(cli, command->name);
    else
        fprintf(cli->out, "  tandem %s %s\n", command->name, cli_command_usage(command));
    fprintf(cli->out, "\n%s",
            command->run ? common : "KEY is one of tandem.yaml: see tandem help config.\n");
    return CLI_OK;
}

static const struct {
    const char *name;
    void (*print)(struct buf *out);
} topics[] = {
    { "config", options_print_sample },
    { "env", options_print_env },
    { "providers", presets_print },
    { "variables", options_print_variables },
};

int cmd_help(struct cli *cli, int argc, char **argv)
{
    if (argc < 2) {
        print_all(cli);
        return CLI_OK;
    }
    for (size_t i = 0; i < COUNT_OF(topics); i++)
        if (strcmp(argv[1], topics[i].name) == 0)
            return print_text(cli, topics[i].print);
    const struct cli_command *command = cli_command_find(argv[1]);
    if (command)
        return print_command(cli, command);
    return cli_fail(cli, CLI_USAGE, "there is no command \"%s\"; see `tandem --help`", argv[1]);
}

int cmd_version(struct cli *cli, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (cli->is_json)
        fprintf(cli->out, "{\"version\": \"%s\"}\n", TANDEM_VERSION);
    else
        fprintf(cli->out, "tandem %s\n", TANDEM_VERSION);
    return CLI_OK;
}
