/* tandem check: read the configuration as the daemon would, and say what is wrong or doubtful. */
#include <string.h>

#include "base/mem.h"
#include "commands.h"
#include "config/config.h"

static json_t *list_json(const struct config_list *list)
{
    json_t *items = json_array();
    for (size_t i = 0; i < list->n; i++) {
        json_t *item = json_string(list->items[i]);
        json_array_append_new(items, item ? item : json_string("?"));
    }
    return items;
}

static void print_lines(struct cli *cli, const char *what, const struct config_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        fprintf(cli->out, "%s: %s\n", what, list->items[i]);
}

static int say_fine(struct cli *cli, const struct config *config)
{
    if (cli->is_json) {
        json_t *answer =
            json_pack("{s:b, s:s, s:i, s:i, s:o, s:o}", "ok", 1, "config_file", config->config_file,
                      "trunks", (int)config->n_trunks, "routes", (int)config->n_routes, "warnings",
                      list_json(&config->warnings), "notes", list_json(&config->notes));
        cli_print_json(cli, answer);
        json_decref(answer);
        return CLI_OK;
    }
    print_lines(cli, "warning", &config->warnings);
    print_lines(cli, "note", &config->notes);
    fprintf(cli->out, "the configuration is fine: %zu trunk%s, %zu route%s, from %s\n",
            config->n_trunks, config->n_trunks == 1 ? "" : "s", config->n_routes,
            config->n_routes == 1 ? "" : "s",
            config->config_file[0] ? config->config_file : "the environment and defaults");
    return CLI_OK;
}

static int say_wrong(struct cli *cli, const struct fault *fault)
{
    if (cli->is_json) {
        json_t *answer = json_pack("{s:b, s:{s:s, s:i, s:s}}", "ok", 0, "error", "where",
                                   fault->where, "line", fault->line, "message", fault->text);
        cli_print_json(cli, answer);
        json_decref(answer);
        return CLI_FAILED;
    }
    return cli_fail_fault(cli, CLI_FAILED, fault);
}

int cmd_check(struct cli *cli, int argc, char **argv)
{
    struct fault fault = { 0 };
    struct config *config = NULL;
    /* --state, which is every command's, was taken out of argv: it goes back behind the others */
    size_t n = (size_t)(argc - 1); /* argv[0] is always there */
    char **args = mem_array(n + 2, sizeof *args);
    for (size_t i = 0; i < n; i++)
        args[i] = argv[i + 1];
    if (cli->state) {
        args[n++] = (char *)(uintptr_t) "--state"; /* only read */
        args[n++] = (char *)(uintptr_t)cli->state;
    }
    struct config_input input = {
        .check_script = cli->check_script, .environ = cli->vars, .args = args, .n_args = n
    };
    enum err err = config_load(&config, &input, &fault);
    int code = err ? say_wrong(cli, &fault) : say_fine(cli, config);
    config_destroy(config);
    mem_free(args);
    return code;
}
