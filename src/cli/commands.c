#include "commands.h"

#include <string.h>

#include "base/num.h"

/* In the order in which people should read them. */
const struct cli_command cli_commands[] = {
    { "serve", "[--config F]", "run the gateway", NULL },
    { "check", "[--config F]", "read the configuration and say what is wrong", cmd_check },
    { "doctor", "[TRUNK]", "why a trunk works or does not, step by step", cmd_doctor },
    { "calls", "[ID | end ID]", "calls now, one call's story; --all: past ones too", cmd_calls },
    { "list", "sessions [all|ID]", "the same, by the name that rtpengine-ctl gives it", cmd_list },
    { "recordings", "list|show|delete", "files of recorded calls", cmd_action },
    { "registrations", "", "phones at us, and us at providers", cmd_action },
    { "bans", "[lift ADDRESS]", "addresses that guessed SIP passwords or flood us", cmd_action },
    { "route", "--to NUMBER", "where a call would go and why, without one", cmd_route },
    { "reload", "", "read the configuration again; calls stay up", cmd_reload },
    { "trace", "[--call ID]", "SIP and bridge messages as they pass; --pcap FILE", cmd_trace },
    { "trunks", "", "providers and PBXs, and how they are", cmd_action },
    { "user", "add|list|show|remove", "people who can be called", cmd_action },
    { "device", "add|list|rotate...", "their phones, each with its own password", cmd_action },
    { "number", "add|list|remove", "where a called number leads", cmd_action },
    { "project", "add|list|remove", "what tokens and users belong to", cmd_action },
    { "token", "add|list|rotate...", "API tokens of a project", cmd_action },
    { "pat", "add|list|rotate...", "personal access tokens of users", cmd_action },
    { "key", "list|rotate", "what seals stored passwords", cmd_action },
    { "version", "", "print it", cmd_version },
    { "help", "[COMMAND]", "also: providers, variables, config, env", cmd_help },
};
const size_t n_cli_commands = COUNT_OF(cli_commands);

/* Of those whose row leaves something out. */
static const struct {
    const char *name, *usage;
} in_full[] = {
    { "serve", "[--config F] [--env-file F] [--state DIR] [--ready-file F] [--log-level L] "
               "[--log-json] [--set KEY=VALUE]..." },
    { "doctor", "[TRUNK] [--dry-invite NUMBER] [--try-forms] [--config F] [--env-file F]" },
    { "calls", "[ID | --all | end ID]" },
    { "route", "--to NUMBER [--from CALLER] [--face bridge|sip] [--trunk IN] [--user NAME] "
               "[--header X-NAME=VALUE]" },
    { "trace", "[--call ID] [--trunk NAME] [--method INVITE] [--past] [--count N] [--pcap FILE]" },
};

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < n_cli_commands; i++)
        if (strcmp(name, cli_commands[i].name) == 0)
            return &cli_commands[i];
    return NULL;
}

const char *cli_command_usage(const struct cli_command *command)
{
    for (size_t i = 0; i < COUNT_OF(in_full); i++)
        if (strcmp(command->name, in_full[i].name) == 0)
            return in_full[i].usage;
    return command->usage;
}

int cli_fail_usage(struct cli *cli, const char *name)
{
    const char *usage = cli_command_usage(cli_command_find(name));
    return cli_fail(cli, CLI_USAGE, "usage: tandem %s%s%s", name, usage[0] ? " " : "", usage);
}
