/* tandem calls: the table, one call's story, and ending one. */
#include <string.h>

#include "admin_api.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/slice.h"
#include "cli_table.h"
#include "commands.h"
#include "ladder.h"
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
static const struct cli_column media_columns[] = {
    { "leg", "LEG", CLI_NUMBER },
    { "way", "SOUND", CLI_TEXT },
    { "codec", "CODEC", CLI_TEXT },
    { "packets", "PACKETS", CLI_NUMBER },
    { "bytes", "BYTES", CLI_NUMBER },
    { "lost", "LOST", CLI_NUMBER },
    { "reordered", "REORDERED", CLI_NUMBER },
    { "concealed_ms", "CONCEALED MS", CLI_NUMBER },
    { "jitter_ms", "JITTER MS", CLI_NUMBER },
    { "level_dbov", "LEVEL DBOV", CLI_NUMBER },
    { "last_packet_ms", "LAST MS AGO", CLI_NUMBER },
    { "rtt_ms", "RTT MS", CLI_NUMBER },
    { "mos", "MOS", CLI_NUMBER },
    { 0 },
};

/* A row for each way of each leg that has media: both must count for a talk. */
static void add_ways(json_t *rows, const json_t *leg)
{
    static const char *const ways[] = { "received", "sent" };
    const json_t *media = json_object_get(leg, "media");
    for (size_t i = 0; i < COUNT_OF(ways) && json_is_object(media); i++) {
        char codec[32];
        snprintf(codec, sizeof codec, "codec_%s", ways[i]);
        json_t *row = json_copy(json_object_get(media, ways[i]));
        if (!row)
            continue;
        json_object_set(row, "leg", json_object_get(leg, "leg"));
        json_object_set_new(row, "way", json_string(ways[i]));
        json_object_set(row, "codec", json_object_get(media, codec));
        json_object_set(row, "rtt_ms", json_object_get(media, "rtt_ms"));
        json_array_append_new(rows, row);
    }
}

static void print_media(struct cli *cli, const json_t *legs)
{
    json_t *rows = json_array();
    size_t i;
    json_t *leg;
    json_array_foreach(legs, i, leg) add_ways(rows, leg);
    cli_table_print(cli, media_columns, rows, "no media");
    json_decref(rows);
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
    json_t *cause = json_object_get(call, "cause");
    cli_table_print_object(cli, call);
    if (json_is_object(cause))
        print_cause(cli, cause);
    fputc('\n', cli->out);
    cli_table_print(cli, leg_columns, json_object_get(call, "legs"), "no legs");
    fputc('\n', cli->out);
    print_media(cli, json_object_get(call, "legs"));
    fputc('\n', cli->out);
    ladder_print(cli, call);
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
    return cli_fail_usage(cli, argv[0]);
}

/* The words of rtpengine-ctl, which people who come from there type. */
int cmd_list(struct cli *cli, int argc, char **argv)
{
    bool fine = argc >= 2 && argc <= 3 && strcmp(argv[1], "sessions") == 0;
    if (!fine || (argc == 3 && argv[2][0] == '-'))
        return cli_fail_usage(cli, argv[0]);
    return argc == 2 || strcmp(argv[2], "all") == 0 ? list(cli, false) : show(cli, argv[2]);
}
