/* tandem trace: SIP and bridge messages as they pass, for people, programs (--json) or tshark
 * (--pcap). The daemon has masked what is secret. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "admin_api.h"
#include "base/buf.h"
#include "base/num.h"
#include "commands.h"
#include "net/http_path.h"
#include "pcap.h"

enum { WAIT_MS = 5000, PATH_MAX_LEN = 1200, VALUE_MAX = 400 };

struct trace_options {
    const char *call, *trunk, *method, *pcap;
    const char *count;
    bool past; /* begin with what is kept, and do not wait when there is nothing */
    uint32_t left;
    FILE *file;
};

static bool take_option(struct trace_options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **at;
    } rows[] = {
        { "--call", &options->call },     { "--trunk", &options->trunk },
        { "--method", &options->method }, { "--pcap", &options->pcap },
        { "--count", &options->count },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].name, name) == 0) {
            *rows[i].at = value;
            return value != NULL;
        }
    return false;
}

static bool read_options(struct trace_options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--past") == 0)
            options->past = true;
        else if (!take_option(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            return false;
        else
            i++;
    options->left = UINT32_MAX;
    return !options->count || !slice_to_u32(slice_of(options->count), UINT32_MAX, &options->left);
}

static void put_param(struct buf *path, const char *name, const char *value)
{
    char encoded[VALUE_MAX];
    if (!value)
        return;
    buf_printf(path, "&%s=%s", name,
               http_path_encode(slice_of(value), encoded, sizeof encoded) ? encoded : "");
}

/* The next messages; with `limit` 0 only where to begin. */
static json_t *ask(struct cli *cli, const struct trace_options *options, json_int_t after,
                   unsigned wait_ms, const char *limit)
{
    char mem[PATH_MAX_LEN];
    struct buf path = BUF_ON(mem);
    buf_printf(&path, ADMIN_API "trace?after=%lld&wait_ms=%u", (long long)after, wait_ms);
    put_param(&path, "call", options->call);
    put_param(&path, "trunk", options->trunk);
    put_param(&path, "method", options->method);
    put_param(&path, "limit", limit);
    return cli_ask(cli, "GET", buf_cstr(&path), NULL);
}

static const char *text_of(const json_t *message, const char *key)
{
    const char *text = json_string_value(json_object_get(message, key));
    return text ? text : "";
}

/* "10:23:45.678  → udp 10.0.0.1:5060  trunk=acme call=…", then the message as it was */
static void print_head(struct cli *cli, const json_t *message)
{
    json_int_t ms = json_integer_value(json_object_get(message, "t"));
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char time[16] = "";
    if (localtime_r(&seconds, &tm))
        strftime(time, sizeof time, "%H:%M:%S", &tm);
    bool is_in = strcmp(text_of(message, "direction"), "in") == 0;
    fprintf(cli->out, "%s%s.%03d  %s  %s %s %s %s", cli->is_color ? "\033[1m" : "", time,
            (int)(ms % 1000), is_in ? "received" : "sent", text_of(message, "transport"),
            text_of(message, "local"), is_in ? "<-" : "->", text_of(message, "remote"));
    if (text_of(message, "trunk")[0])
        fprintf(cli->out, "  trunk=%s", text_of(message, "trunk"));
    if (text_of(message, "call")[0])
        fprintf(cli->out, "  call=%s", text_of(message, "call"));
    if (json_is_true(json_object_get(message, "again")))
        fputs("  again", cli->out);
    fprintf(cli->out, "%s\n", cli->is_color ? "\033[0m" : "");
}

/* What peers send must not steer the terminal. */
static void print_text(struct cli *cli, const char *text)
{
    for (; *text; text++)
        if (*text != '\r')
            fputc((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t' ? *text : '?',
                  cli->out);
    fputs("\n", cli->out);
}

/* The bridge's JSON is no SIP: it has no place in a capture. */
static void put_packet(FILE *file, const json_t *message)
{
    struct addr local;
    struct addr remote;
    const char *text = text_of(message, "text");
    bool is_in = strcmp(text_of(message, "direction"), "in") == 0;
    if (text[0] == '{' || addr_parse(slice_of(text_of(message, "local")), 5060, &local) ||
        addr_parse(slice_of(text_of(message, "remote")), 5060, &remote) ||
        addr_is_v6(&local) != addr_is_v6(&remote))
        return;
    pcap_put(file, json_integer_value(json_object_get(message, "t")), is_in ? &remote : &local,
             is_in ? &local : &remote, slice_of(text));
    fflush(file);
}

static void show(struct cli *cli, const struct trace_options *options, const json_t *message)
{
    if (options->file)
        put_packet(options->file, message);
    if (cli->is_json) {
        json_dumpf(message, cli->out, JSON_COMPACT);
        fputc('\n', cli->out);
    } else if (!options->file) {
        print_head(cli, message);
        print_text(cli, text_of(message, "text"));
    }
    fflush(cli->out);
}

static int follow(struct cli *cli, struct trace_options *options)
{
    json_int_t after = 0;
    size_t n = 1;
    if (!options->past) {
        json_t *begin = ask(cli, options, 0, 0, "0");
        if (!begin)
            return CLI_FAILED;
        after = json_integer_value(json_object_get(begin, "next"));
        json_decref(begin);
    }
    while (options->left && (n || !options->past)) {
        json_t *answer = ask(cli, options, after, options->past ? 0 : WAIT_MS, NULL);
        if (!answer)
            return CLI_FAILED;
        size_t i;
        json_t *message;
        const json_t *messages = json_object_get(answer, "messages");
        json_array_foreach(messages, i, message) if (options->left)
        {
            show(cli, options, message);
            options->left--;
        }
        n = json_array_size(messages);
        after = json_integer_value(json_object_get(answer, "next"));
        json_decref(answer);
    }
    return CLI_OK;
}

int cmd_trace(struct cli *cli, int argc, char **argv)
{
    struct trace_options options = { 0 };
    if (!read_options(&options, argc, argv))
        return cli_fail_usage(cli, argv[0]);
    if (options.pcap) {
        options.file = fopen(options.pcap, "wb");
        if (!options.file)
            return cli_fail(cli, CLI_FAILED, "%s: %s", options.pcap, strerror(errno));
        pcap_begin(options.file);
        fflush(options.file);
    }
    int code = follow(cli, &options);
    if (options.file)
        fclose(options.file);
    return code;
}
