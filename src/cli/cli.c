#include "cli.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli_remote.h"
#include "commands.h"

enum { TEXT_MAX = 900 };

bool cli_is_command(const char *name)
{
    const struct cli_command *command = cli_command_find(name);
    return !command || command->run;
}

int cli_fail(struct cli *cli, int code, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (cli->is_json) {
        json_t *message = json_string(text);
        json_t *error =
            json_pack("{s:{s:o}}", "error", "message", message ? message : json_string("?"));
        cli_print_json(cli, error);
        json_decref(error);
    }
    fprintf(cli->err, "tandem: %s\n", text);
    return code;
}

int cli_fail_fault(struct cli *cli, int code, const struct fault *fault)
{
    char text[TEXT_MAX];
    fault_print(fault, text, sizeof text);
    return cli_fail(cli, code, "%s", text);
}

void cli_print_json(struct cli *cli, const json_t *value)
{
    json_dumpf(value, cli->out, JSON_INDENT(2) | JSON_ENCODE_ANY);
    fputc('\n', cli->out);
}

/* What the API says is for people already. */
int cli_fail_answer(struct cli *cli, int status, const json_t *answer)
{
    const char *message =
        json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    if (cli->is_json && json_is_object(answer))
        cli_print_json(cli, answer);
    if (message)
        fprintf(cli->err, "tandem: %s\n", message);
    else
        fprintf(cli->err, "tandem: the daemon answered %d\n", status);
    return CLI_FAILED;
}

json_t *cli_ask(struct cli *cli, const char *method, const char *path, const json_t *body)
{
    struct fault fault = { 0 };
    int status = 0;
    json_t *answer = NULL;
    enum err err = cli->ask(cli, method, path, body, &status, &answer, &fault);
    if (err) {
        cli_fail_fault(cli, CLI_FAILED, &fault);
        return NULL;
    }
    if (status >= 200 && status < 300 && answer)
        return answer;
    cli_fail_answer(cli, status, answer);
    json_decref(answer);
    return NULL;
}

/* Flags that every command knows are taken out of argv, wherever they stand; false: a value lacks.
 */
static bool take_flags(struct cli *cli, int *argc, char **argv, bool *wants_help)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        const char *arg = argv[i];
        const char **value = strcmp(arg, "--url") == 0     ? &cli->url
                             : strcmp(arg, "--state") == 0 ? &cli->state
                                                           : NULL;
        if (value && i + 1 == *argc)
            return false;
        if (value)
            *value = argv[++i];
        else if (strcmp(arg, "--json") == 0)
            cli->is_json = true;
        else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
            *wants_help = true;
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    return true;
}

static int run(struct cli *cli, int argc, char **argv)
{
    bool wants_help = false;
    if (!take_flags(cli, &argc, argv, &wants_help))
        return cli_fail(cli, CLI_USAGE, "--url and --state need a value");
    if (argc == 0 || wants_help) {
        char *help[] = { (char *)(uintptr_t) "help", argc ? argv[0] : NULL };
        int code = cmd_help(cli, argc ? 2 : 1, help);
        return argc == 0 && !wants_help ? CLI_USAGE : code;
    }
    const char *name = strcmp(argv[0], "--version") == 0 ? "version" : argv[0];
    const struct cli_command *command = cli_command_find(name);
    if (!command || !command->run)
        return cli_fail(cli, CLI_USAGE, "there is no command \"%s\"; see `tandem --help`", name);
    return command->run(cli, argc, argv);
}

int cli_run(struct cli *cli, int argc, char **argv)
{
    /* room of our own to sort the arguments in */
    char **own = mem_array((size_t)argc + 1, sizeof *own); /* never negative */
    for (int i = 0; i < argc; i++)
        own[i] = argv[i];
    int code = run(cli, argc, own);
    mem_free(own);
    fflush(cli->out);
    return code;
}

int cli_main(int argc, char **argv, config_script_fn check_script)
{
    struct cli cli = {
        .out = stdout,
        .err = stderr,
        .is_color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
        .vars = environ,
        .ask = cli_remote_ask,
        .check_script = check_script,
    };
    return cli_run(&cli, argc > 0 ? argc - 1 : 0, argv + 1);
}
