/* The program: `tandem serve` is the daemon, every other command is a client of it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "script/script.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int complain(const struct fault *fault)
{
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    fault_print(fault, text, sizeof text);
    fprintf(stderr, "tandem: %s\n", text);
    return EXIT_FAILED;
}

static enum err check_script(struct slice text, const json_t *document, struct fault *fault)
{
    const struct script_source source = { .text = text, .document = document };
    return script_source_check(&source, fault);
}

static int serve(int argc, char **argv)
{
    struct fault fault = { 0 };
    struct config *config;
    struct config_input input = {
        .check_script = check_script, .environ = environ, .args = argv, .n_args = (size_t)argc
    };
    if (config_load(&config, &input, &fault))
        return complain(&fault);
    log_set_level(config->log_level);
    log_set_json(config->log_json);
    for (size_t i = 0; i < config->warnings.n; i++)
        log_warn(NULL, "%s", config->warnings.items[i]);
    for (size_t i = 0; i < config->notes.n; i++)
        log_info(NULL, "%s", config->notes.items[i]);
    struct daemon *daemon;
    if (daemon_create(&daemon, config, &fault))
        return complain(&fault);
    daemon_set_input(daemon, &input);
    daemon_run(daemon);
    daemon_destroy(daemon);
    log_info(NULL, "stopped");
    return EXIT_OK;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "serve") == 0 && !asks_for_help(argc, argv))
        return serve(argc - 2, argv + 2);
    return cli_main(argc, argv, check_script);
}
