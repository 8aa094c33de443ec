/* tandem calls: the table, one call's story, and ending one. */
#include <string.h>

#include "admin_api.h"
#include "base/buf.h"
#include "base/slice.h"
#include "cli_table.h"
#include "commands.h"
#include "net/http_path.h"

enum { PATH_MAX_LEN = 512, SEGMENT_MAX = 400 };

static const struct cli_column call_columns[] = {
    { "id", "CALL", CLI_TEXT },
    { "state", "STATE", CLI_STATE },
    { "direction", "DIRECTION", CLI_TEXT },
    { "from", "FROM", CLI_TEXT },
    { "to", "TO", CLI_TEXT },
    { "trunk", "TRUNK", CLI_TEXT },
    { "codec_a", "CODEC A", CLI_TEXT },
    { "codec_b", "CODEC B", CLI_TEXT },
    { "created_ms", "SINCE", CLI_TIME_MS },
    { "duration_ms", "DURATION", CLI_SPAN_MS },
    { 0 },
};
static const struct cli_column leg_columns[] = {
    { "leg", "LEG", CLI_NUMBER },
    { "kind", "KIND", CLI_TEXT },
    { "direction", "DIRECTION", CLI_TEXT },
    { "state", "STATE", CLI_STATE },
    { "party", "PARTY", CLI_TEXT },
    { "via", "VIA", CLI_TEXT },
    { 0 },
};
static const struct cli_column timeline_columns[] = {
    { "after", "AFTER", CLI_NUMBER },
    { "leg", "LEG", CLI_NUMBER },
    { "kind", "WHAT", CLI_TEXT },
    { "text", "", CLI_TEXT },
    { 0 },
};

/* Each entry's time as seconds since the call began: "0.123" */
static void add_after(const json_t *timeline, json_int_t begin_ms)
{
    size_t i;
    json_t *entry;
    json_array_foreach(timeline, i, entry)
    {
        char text[32];
        json_int_t ms = json_integer_value(json_object_get(entry, "t")) - begin_ms;
        snprintf(text, sizeof text, "%.3f s", (double)ms / 1000);
        json_object_set_new(entry, "after", json_string(text));
    }
}

static void print_cause(struct cli *cli, const json_t *cause)
{
    const char *text = json_string_value(json_object_get(cause, "text"));
    json_t *line = json_object();
    if (text)
        json_object_set_new(line, "ended", json_string(text));
    json_object_set(line, "code", json_object_get(cause, "code"));
    json_object_set(line, "by", json_object_get(cause, "by"));
    cli_table_print_object(cli, line);
    json_decref(line);
}

static void print_call(struct cli *cli, json_t *call)
{
    json_t *timeline = json_object_get(call, "timeline");
    json_t *cause = json_object_get(call, "cause");
    cli_table_print_object(cli, call);
    if (json_is_object(cause))
        print_cause(cli, cause);
    fputc('\n', cli->out);
    cli_table_print(cli, leg_columns, json_object_get(call, "legs"), "no legs");
    fputc('\n', cli->out);
    add_after(timeline, json_integer_value(json_object_get(call, "created_ms")));
    cli_table_print(cli, timeline_columns, timeline, "nothing happened");
}

static json_t *ask_call(struct cli *cli, const char *method, const char *id)
{
    char segment[SEGMENT_MAX];
    char mem[PATH_MAX_LEN];
    struct buf path = BUF_ON(mem);
    if (!http_path_encode(slice_of(id), segment, sizeof segment)) {
        cli_fail(cli, CLI_FAILED, "there is no such call");
        return NULL;
    }
    buf_printf(&path, ADMIN_API "calls/%s", segment);
    return cli_ask(cli, method, buf_cstr(&path), NULL);
}

static int show(struct cli *cli, const char *id)
{
    json_t *call = ask_call(cli, "GET", id);
    if (!call)
        return CLI_FAILED;
    if (cli->is_json)
        cli_print_json(cli, call);
    else
        print_call(cli, call);
    json_decref(call);
    return CLI_OK;
}

static int end(struct cli *cli, const char *id)
{
    json_t *answer = ask_call(cli, "DELETE", id);
    if (!answer)
        return CLI_FAILED;
    if (cli->is_json)
        cli_print_json(cli, answer);
    else
        fprintf(cli->out, "ended\n");
    json_decref(answer);
    return CLI_OK;
}

static int list(struct cli *cli, bool all)
{
    json_t *calls = cli_ask(cli, "GET", all ? ADMIN_API "calls?all=50" : ADMIN_API "calls", NULL);
    if (!calls)
        return CLI_FAILED;
    if (cli->is_json)
        cli_print_json(cli, calls);
    else
        cli_table_print(cli, call_columns, calls, all ? "no calls yet" : "no calls now");
    json_decref(calls);
    return CLI_OK;
}

int cmd_calls(struct cli *cli, int argc, char **argv)
{
    if (argc == 1)
        return list(cli, false);
    if (argc == 2 && strcmp(argv[1], "--all") == 0)
        return list(cli, true);
    if (argc == 3 && strcmp(argv[1], "end") == 0)
        return end(cli, argv[2]);
    if (argc == 2 && argv[1][0] != '-')
        return show(cli, argv[1]);
    return cli_fail(cli, CLI_USAGE, "usage: tandem calls [ID | --all | end ID]");
}
