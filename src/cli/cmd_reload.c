/* tandem reload: the running daemon reads its configuration again. */
#include "admin_api.h"
#include "commands.h"

static void print_list(struct cli *cli, const char *before, const json_t *list, const char *behind)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        fprintf(cli->out, "%s%s%s\n", before, json_string_value(item), behind);
}

int cmd_reload(struct cli *cli, int argc, char **argv)
{
    if (argc > 1)
        return cli_fail_usage(cli, argv[0]);
    json_t *answer = cli_ask(cli, "POST", ADMIN_API "reload", NULL);
    if (!answer)
        return CLI_FAILED;
    if (cli->is_json) {
        cli_print_json(cli, answer);
    } else {
        const json_t *changed = json_object_get(answer, "changed");
        fprintf(cli->out, json_array_size(changed) ? "reloaded:\n" : "reloaded: nothing changed\n");
        print_list(cli, "  ", changed, "");
        print_list(cli, "restart needed: ", json_object_get(answer, "restart"),
                   " changed, which a running daemon cannot take over");
        print_list(cli, "warning: ", json_object_get(answer, "warnings"), "");
    }
    json_decref(answer);
    return CLI_OK;
}
