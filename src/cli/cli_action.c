/* What can be done to the things that the daemon keeps: a row each, one function for all. */
#include <errno.h>
#include <string.h>

#include "admin_api.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/slice.h"
#include "cli_table.h"
#include "commands.h"
#include "net/http_path.h"

enum { FLAGS_MAX = 4, PATH_MAX_LEN = 512, SEGMENT_MAX = 400 };

struct flag {
    const char *name, *key; /* "--project", and its field of the body, or of the query for a GET */
    const char *value;      /* for the usage: "PROJECT" */
    bool is_required, is_number;
};

struct action {
    const char *noun, *verb;
    const char *method, *path;
    const char *positional; /* for the usage: "NAME"; NULL: none */
    const char *key;        /* its field of the body; NULL: it ends the path */
    struct flag flags[FLAGS_MAX];
    const struct cli_column *columns; /* of the list that is answered; NULL: an object is */
    const char *nothing;
    const char *suffix; /* of the path, behind the positional; or NULL */
    const char *body;   /* JSON that is sent when there is nothing else to say; or NULL */
    const char *list;   /* the columns are of this list inside the object; or NULL */
};

static const struct cli_column project_columns[] = {
    { "project_id", "PROJECT", CLI_TEXT },
    { "name", "NAME", CLI_TEXT },
    { "created_at", "CREATED", CLI_TEXT },
    { 0 },
};
static const struct cli_column user_columns[] = {
    { "name", "NAME", CLI_TEXT },          { "display_name", "DISPLAY NAME", CLI_TEXT },
    { "prefer", "PREFER", CLI_TEXT },      { "codecs", "CODECS", CLI_TEXT },
    { "user_id", "USER", CLI_TEXT },       { "project_id", "PROJECT", CLI_TEXT },
    { "created_at", "CREATED", CLI_TEXT }, { 0 },
};
static const struct cli_column token_columns[] = {
    { "token_id", "TOKEN", CLI_TEXT },     { "name", "NAME", CLI_TEXT },
    { "scopes", "SCOPES", CLI_TEXT },      { "state", "STATE", CLI_STATE },
    { "project_id", "PROJECT", CLI_TEXT }, { "expires_at", "EXPIRES", CLI_TEXT },
    { "used_at", "USED", CLI_TEXT },       { 0 },
};
static const struct cli_column pat_columns[] = {
    { "token_id", "TOKEN", CLI_TEXT }, { "name", "NAME", CLI_TEXT },
    { "user_id", "USER", CLI_TEXT },   { "scopes", "SCOPES", CLI_TEXT },
    { "state", "STATE", CLI_STATE },   { "expires_at", "EXPIRES", CLI_TEXT },
    { "used_at", "USED", CLI_TEXT },   { 0 },
};
static const struct cli_column device_columns[] = {
    { "user", "USER", CLI_TEXT },
    { "description", "DESCRIPTION", CLI_TEXT },
    { "sip_username", "SIP USERNAME", CLI_TEXT },
    { "platform", "PLATFORM", CLI_TEXT },
    { "device_token", "DEVICE", CLI_TEXT },
    { 0 },
};
static const struct cli_column access_columns[] = {
    { "at", "AT", CLI_TEXT },           { "action", "ACTION", CLI_TEXT },
    { "status", "STATUS", CLI_NUMBER }, { "address", "FROM", CLI_TEXT },
    { "agent", "PROGRAM", CLI_TEXT },   { 0 },
};
static const struct cli_column key_columns[] = {
    { "key_id", "KEY", CLI_TEXT },
    { "seals", "SEALS", CLI_TEXT },
    { 0 },
};
static const struct cli_column number_columns[] = {
    { "number", "NUMBER", CLI_TEXT },
    { "to", "LEADS TO", CLI_TEXT },
    { "created_at", "CREATED", CLI_TEXT },
    { 0 },
};
static const struct cli_column recording_columns[] = {
    { "id", "RECORDING", CLI_TEXT },
    { "call", "CALL", CLI_TEXT },
    { "from", "FROM", CLI_TEXT },
    { "to", "TO", CLI_TEXT },
    { "written_ms", "WRITTEN", CLI_TIME_MS },
    { "duration_ms", "DURATION", CLI_SPAN_MS },
    { "bytes", "BYTES", CLI_NUMBER },
    { 0 },
};
static const struct cli_column registration_columns[] = {
    { "kind", "KIND", CLI_TEXT },
    { "user", "USER", CLI_TEXT },
    { "trunk", "TRUNK", CLI_TEXT },
    { "contact", "CONTACT", CLI_TEXT },
    { "transport", "TRANSPORT", CLI_TEXT },
    { "expires_s", "EXPIRES IN", CLI_NUMBER },
    { "state", "STATE", CLI_STATE },
    { "last_status", "STATUS", CLI_NUMBER },
    { 0 },
};
static const struct cli_column ban_columns[] = {
    { "address", "ADDRESS", CLI_TEXT },
    { "state", "STATE", CLI_STATE },
    { "failures", "FAILURES", CLI_NUMBER },
    { "seconds_left", "SECONDS LEFT", CLI_NUMBER },
    { 0 },
};
static const struct cli_column trunk_columns[] = {
    { "name", "NAME", CLI_TEXT },
    { "state", "STATE", CLI_STATE },
    { "host", "HOST", CLI_TEXT },
    { "address", "ADDRESS", CLI_TEXT },
    { "transport", "TRANSPORT", CLI_TEXT },
    { "registration", "REGISTRATION", CLI_STATE },
    { "calls", "CALLS", CLI_NUMBER },
    { "total_calls", "TOTAL", CLI_NUMBER },
    { "rtt_ms", "RTT MS", CLI_NUMBER },
    { "last_error", "LAST ERROR", CLI_TEXT },
    { 0 },
};

/* clang-format off */
/* Sorted by noun; the first of a noun is what it does without a verb. */
static const struct action actions[] = {
    { "bans", "list", "GET", ADMIN_API "bans", NULL, NULL, .columns = ban_columns,
      .nothing = "nobody is banned, nobody sent a wrong password lately" },
    { "bans", "lift", "DELETE", ADMIN_API "bans/", "ADDRESS", .key = NULL },
    { "device", "list", "GET", ADMIN_API "devices", NULL, NULL,
      .flags = { { "--user", "user", "NAME", false, false } },
      .columns = device_columns, .nothing = "no devices" },
    { "device", "add", "POST", ADMIN_API "devices", NULL, NULL,
      .flags = { { "--user", "user", "NAME", true, false },
        { "--description", "description", "TEXT", false, false },
        { "--platform", "platform", "WORD", false, false },
        { "--mode", "mode", "Proxy|WebSocket", false, false } } },
    { "device", "show", "GET", ADMIN_API "devices/", "DEVICE", .key = NULL },
    { "device", "rotate", "POST", ADMIN_API "devices/", "DEVICE", NULL,
      .suffix = "/rotate" },
    { "device", "enable", "PATCH", ADMIN_API "devices/", "DEVICE", NULL,
      .body = "{\"enabled\":true}" },
    { "device", "disable", "PATCH", ADMIN_API "devices/", "DEVICE", NULL,
      .body = "{\"enabled\":false}" },
    { "device", "revoke", "PATCH", ADMIN_API "devices/", "DEVICE", NULL,
      .body = "{\"enabled\":false}" },
    { "device", "remove", "DELETE", ADMIN_API "devices/", "DEVICE", .key = NULL },
    { "key", "list", "GET", ADMIN_API "keys", NULL, NULL,
      .columns = key_columns, .nothing = "no keys" },
    { "key", "rotate", "POST", ADMIN_API "keys/rotate", NULL, .key = NULL },
    { "number", "list", "GET", ADMIN_API "numbers", NULL, NULL,
      .columns = number_columns, .nothing = "no numbers" },
    { "number", "add", "POST", ADMIN_API "numbers", "NUMBER", "number",
      .flags = { { "--to", "to", "user:NAME|trunk:NAME|swml:URL|laml:URL|builtin:echo", true, false },
        { "--project", "project", "ID", false, false } } },
    { "number", "remove", "DELETE", ADMIN_API "numbers/", "NUMBER", .key = NULL },
    { "pat", "list", "GET", ADMIN_API "pats", NULL, NULL,
      .columns = pat_columns, .nothing = "no personal access tokens" },
    { "pat", "add", "POST", ADMIN_API "pats", NULL, NULL,
      .flags = { { "--user", "user", "NAME", true, false },
        { "--name", "name", "TEXT", false, false },
        { "--days", "expires_days", "N", false, true },
        { "--scopes", "scopes", "provisioning|account|domain", false, false } } },
    { "pat", "show", "GET", ADMIN_API "pats/", "TOKEN_ID", NULL,
      .columns = access_columns, .nothing = "never used", .list = "accesses" },
    { "pat", "rotate", "POST", ADMIN_API "pats/", "TOKEN_ID", NULL,
      .suffix = "/rotate" },
    { "pat", "revoke", "DELETE", ADMIN_API "pats/", "TOKEN_ID", .key = NULL },
    { "pat", "remove", "DELETE", ADMIN_API "pats/", "TOKEN_ID", .key = NULL },
    { "project", "list", "GET", ADMIN_API "projects", NULL, NULL,
      .columns = project_columns, .nothing = "no projects" },
    { "project", "add", "POST", ADMIN_API "projects", "NAME", .key = "name" },
    { "project", "remove", "DELETE", ADMIN_API "projects/", "PROJECT", .key = NULL },
    { "recordings", "list", "GET", ADMIN_API "recordings", NULL, NULL,
      .columns = recording_columns, .nothing = "no recordings" },
    { "recordings", "show", "GET", ADMIN_API "recordings/", "RECORDING", .key = NULL },
    { "recordings", "delete", "DELETE", ADMIN_API "recordings/", "RECORDING", .key = NULL },
    { "registrations", NULL, "GET", ADMIN_API "registrations", NULL, NULL,
      .columns = registration_columns, .nothing = "no registrations" },
    { "token", "list", "GET", ADMIN_API "tokens", NULL, NULL,
      .flags = { { "--project", "project", "ID", false, false } },
      .columns = token_columns, .nothing = "no tokens" },
    { "token", "add", "POST", ADMIN_API "tokens", NULL, NULL,
      .flags = { { "--project", "project", "ID", true, false },
        { "--scopes", "scopes", "calling,messaging", true, false },
        { "--name", "name", "TEXT", false, false } } },
    { "token", "show", "GET", ADMIN_API "tokens/", "TOKEN_ID", NULL,
      .columns = access_columns, .nothing = "never used", .list = "accesses" },
    { "token", "rotate", "POST", ADMIN_API "tokens/", "TOKEN_ID", NULL,
      .suffix = "/rotate" },
    { "token", "revoke", "DELETE", ADMIN_API "tokens/", "TOKEN_ID", .key = NULL },
    { "token", "remove", "DELETE", ADMIN_API "tokens/", "TOKEN_ID", .key = NULL },
    { "trunks", NULL, "GET", ADMIN_API "trunks", NULL, NULL,
      .columns = trunk_columns, .nothing = "no trunks: set SIP_TRUNK_HOST, SIP_USERNAME and SIP_PASSWORD, or trunks: in tandem.yaml" },
    { "user", "list", "GET", ADMIN_API "users", NULL, NULL,
      .columns = user_columns, .nothing = "no users" },
    { "user", "add", "POST", ADMIN_API "users", "NAME", "name",
      .flags = { { "--project", "project", "ID", false, false },
        { "--display-name", "display_name", "TEXT", false, false },
        { "--prefer", "prefer", "passthrough|quality|list|auto", false, false },
        { "--codecs", "codecs", "PCMA,PCMU|auto", false, false } } },
    { "user", "set", "PATCH", ADMIN_API "users/", "USER", NULL,
      .flags = { { "--display-name", "display_name", "TEXT", false, false },
        { "--prefer", "prefer", "passthrough|quality|list|auto", false, false },
        { "--codecs", "codecs", "PCMA,PCMU|auto", false, false } } },
    { "user", "show", "GET", ADMIN_API "users/", "USER", .key = NULL },
    { "user", "remove", "DELETE", ADMIN_API "users/", "USER", .key = NULL },
};
/* clang-format on */

static const struct action *find_action(const char *noun, const char *verb)
{
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        const struct action *action = &actions[i];
        if (strcmp(action->noun, noun) == 0 &&
            (!verb || (action->verb && strcmp(action->verb, verb) == 0)))
            return action;
    }
    return NULL;
}

static void put_usage(FILE *out, const struct action *action)
{
    fprintf(out, "  tandem %s", action->noun);
    if (action->verb)
        fprintf(out, " %s", action->verb);
    if (action->positional)
        fprintf(out, " %s", action->positional);
    for (size_t i = 0; i < FLAGS_MAX && action->flags[i].name; i++) {
        const struct flag *flag = &action->flags[i];
        fprintf(out, flag->is_required ? " %s %s" : " [%s %s]", flag->name, flag->value);
    }
    fputc('\n', out);
}

void cmd_action_help(struct cli *cli, const char *noun)
{
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (strcmp(actions[i].noun, noun) == 0)
            put_usage(cli->out, &actions[i]);
}

static int usage(struct cli *cli, const struct action *action, const char *what, const char *which)
{
    cli_fail(cli, CLI_USAGE, "%s%s; usage:", what, which);
    put_usage(cli->err, action);
    return CLI_USAGE;
}

/* The arguments as one object: what is not in the path. */
struct arguments {
    const struct action *action;
    json_t *fields;
    const char *positional;
};

static const struct flag *find_flag(const struct action *action, const char *name)
{
    for (size_t i = 0; i < FLAGS_MAX && action->flags[i].name; i++)
        if (strcmp(action->flags[i].name, name) == 0)
            return &action->flags[i];
    return NULL;
}

static int put_flag(struct cli *cli, struct arguments *args, const struct flag *flag,
                    const char *value)
{
    uint32_t number;
    if (!flag->is_number) {
        json_object_set_new(args->fields, flag->key, json_string(value));
        return CLI_OK;
    }
    if (slice_to_u32(slice_of(value), UINT32_MAX, &number))
        return usage(cli, args->action, "a number is expected behind ", flag->name);
    json_object_set_new(args->fields, flag->key, json_integer(number));
    return CLI_OK;
}

static int read_arguments(struct cli *cli, struct arguments *args, int argc, char **argv)
{
    const struct action *action = args->action;
    for (int i = 0; i < argc; i++) {
        const struct flag *flag = find_flag(action, argv[i]);
        if (!flag && argv[i][0] == '-' && argv[i][1] == '-')
            return usage(cli, action, "unknown option ", argv[i]);
        if (!flag && (!action->positional || args->positional))
            return usage(cli, action, "nothing is expected at ", argv[i]);
        if (!flag) {
            args->positional = argv[i];
            continue;
        }
        if (i + 1 == argc)
            return usage(cli, action, "a value is missing behind ", flag->name);
        int code = put_flag(cli, args, flag, argv[++i]);
        if (code)
            return code;
    }
    if (action->positional && !args->positional)
        return usage(cli, action, "missing: ", action->positional);
    for (size_t i = 0; i < FLAGS_MAX && action->flags[i].name; i++)
        if (action->flags[i].is_required && !json_object_get(args->fields, action->flags[i].key))
            return usage(cli, action, "missing: ", action->flags[i].name);
    if (action->key)
        json_object_set_new(args->fields, action->key, json_string(args->positional));
    return CLI_OK;
}

/* The path with what belongs into it: the positional, or the flags of a GET as its query. */
static bool print_path(const struct arguments *args, struct buf *path)
{
    const struct action *action = args->action;
    char segment[SEGMENT_MAX];
    buf_text(path, action->path);
    if (action->positional && !action->key) {
        if (!http_path_encode(slice_of(args->positional), segment, sizeof segment))
            return false;
        buf_text(path, segment);
    }
    buf_text(path, action->suffix ? action->suffix : "");
    const char *key;
    json_t *value;
    char before = '?';
    if (strcmp(action->method, "GET") != 0)
        return !path->overflow;
    json_object_foreach(args->fields, key, value)
    {
        if (!http_path_encode(slice_of(json_string_value(value)), segment, sizeof segment))
            return false;
        buf_printf(path, "%c%s=%s", before, key, segment);
        before = '&';
    }
    return !path->overflow;
}

static void print_answer(struct cli *cli, const struct action *action, const json_t *answer)
{
    const json_t *list = action->list ? json_object_get(answer, action->list) : answer;
    if (cli->is_json) {
        cli_print_json(cli, answer);
        return;
    }
    if (json_is_object(answer) && strcmp(action->method, "DELETE") != 0)
        cli_table_print_object(cli, answer);
    else if (json_is_object(answer))
        fprintf(cli->out, strcmp(action->verb, "revoke") == 0 ? "revoked\n" : "removed\n");
    if (action->columns)
        cli_table_print(cli, action->columns, list, action->nothing);
}

static int perform(struct cli *cli, const struct arguments *args)
{
    const struct action *action = args->action;
    char mem[PATH_MAX_LEN];
    struct buf path = BUF_ON(mem);
    if (!print_path(args, &path))
        return cli_fail(cli, CLI_USAGE, "an argument is too long");
    bool has_body = strcmp(action->method, "POST") == 0 || strcmp(action->method, "PATCH") == 0;
    json_t *fixed = action->body ? json_loads(action->body, 0, NULL) : NULL;
    json_t *answer = cli_ask(cli, action->method, buf_cstr(&path),
                             fixed      ? fixed
                             : has_body ? args->fields
                                        : NULL);
    json_decref(fixed);
    if (!answer)
        return CLI_FAILED;
    print_answer(cli, action, answer);
    json_decref(answer);
    return CLI_OK;
}

int cmd_action(struct cli *cli, int argc, char **argv)
{
    const struct action *action = find_action(argv[0], NULL);
    int used = 1;
    if (action && action->verb && argc > 1 && strncmp(argv[1], "--", 2) != 0) {
        action = find_action(argv[0], argv[1]);
        used = 2;
    }
    if (!action) {
        cli_fail(cli, CLI_USAGE, "unknown: %s %s; usage:", argv[0], argv[1]);
        for (size_t i = 0; i < COUNT_OF(actions); i++)
            if (strcmp(actions[i].noun, argv[0]) == 0)
                put_usage(cli->err, &actions[i]);
        return CLI_USAGE;
    }
    struct arguments args = { .action = action, .fields = json_object() };
    int code = read_arguments(cli, &args, argc - used, argv + used);
    if (!code)
        code = perform(cli, &args);
    json_decref(args.fields);
    return code;
}
