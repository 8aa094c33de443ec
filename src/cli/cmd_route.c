/* tandem route: what a call would do, without one. */
#include <string.h>

#include "admin_api.h"
#include "base/buf.h"
#include "base/num.h"
#include "cli_table.h"
#include "commands.h"
#include "net/http_path.h"

enum { PATH_MAX_LEN = 2000, VALUE_MAX = 400 };

static const struct cli_column target_columns[] = {
    { "step", "STEP", CLI_NUMBER },
    { "kind", "KIND", CLI_TEXT },
    { "name", "NAME", CLI_TEXT },
    { "number", "DIALS", CLI_TEXT },
    { "uri", "AS", CLI_TEXT },
    { "state", "STATE", CLI_TEXT },
    { 0 },
};

static bool put_flag(struct buf *path, const char *flag, const char *value)
{
    static const char *const names[] = {
        "--to", "--from", "--face", "--trunk", "--user", "--header"
    };
    char encoded[VALUE_MAX];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], flag) != 0)
            continue;
        if (!value || !http_path_encode(slice_of(value), encoded, sizeof encoded))
            return false;
        buf_printf(path, "&%s=%s", names[i] + 2, encoded);
        return !path->overflow;
    }
    return false;
}

static int print_answer(struct cli *cli, const json_t *answer)
{
    bool found = json_is_true(json_object_get(answer, "found"));
    const json_t *cause = json_object_get(answer, "cause");
    if (cli->is_json) {
        cli_print_json(cli, answer);
        return found ? CLI_OK : CLI_FAILED;
    }
    const char *why = json_string_value(json_object_get(answer, "why"));
    if (why && why[0])
        fprintf(cli->out, "decided by: %s\n", why);
    if (found)
        cli_table_print(cli, target_columns, json_object_get(answer, "targets"), "nobody");
    else
        fprintf(cli->out, "refused with %lld: %s\n",
                (long long)json_integer_value(json_object_get(cause, "code")),
                json_string_value(json_object_get(cause, "text")));
    return found ? CLI_OK : CLI_FAILED;
}

int cmd_route(struct cli *cli, int argc, char **argv)
{
    char mem[PATH_MAX_LEN];
    struct buf path = BUF_ON(mem);
    buf_text(&path, ADMIN_API "route?");
    for (int i = 1; i < argc; i += 2)
        if (!put_flag(&path, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            return cli_fail_usage(cli, argv[0]);
    if (argc == 1)
        return cli_fail_usage(cli, argv[0]);
    json_t *answer = cli_ask(cli, "GET", buf_cstr(&path), NULL);
    int code = answer ? print_answer(cli, answer) : CLI_FAILED;
    json_decref(answer);
    return code;
}
