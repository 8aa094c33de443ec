/* What a person types, what the daemon is asked, and what the person sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/slice.h"
#include "cli.h"
#include "commands.h"

enum { ARGS_MAX = 16 };

/* A daemon that answers one thing, and what came of it. */
static struct {
    const char *answer; /* JSON; NULL: nobody listens */
    int status;
    char asked[2000]; /* "POST /path {body}" */
    char *out, *err;
    int code;
} seen;

static enum err fake_ask(struct cli *cli, const char *method, const char *path, const json_t *body,
                         int *status, json_t **answer, struct fault *fault)
{
    (void)cli;
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    snprintf(seen.asked, sizeof seen.asked, "%s %s %s", method, path, text ? text : "");
    mem_free(text);
    if (!seen.answer)
        return fault_set(fault, ERR_REFUSED, "", 0, "tandem does not answer");
    *status = seen.status;
    *answer = json_loads(seen.answer, 0, NULL);
    return OK;
}

static void run_with(bool color, char *const *vars, const char *line)
{
    size_t out_len;
    size_t err_len;
    char *copy = slice_dup(slice_of(line));
    char *argv[ARGS_MAX];
    int argc = 0;
    struct slice rest = slice_of(line);
    free(seen.out);
    free(seen.err);
    struct cli cli = { .out = open_memstream(&seen.out, &out_len),
                       .err = open_memstream(&seen.err, &err_len),
                       .is_color = color,
                       .vars = vars,
                       .ask = fake_ask };
    seen.asked[0] = '\0';
    while (!slice_empty(rest)) {
        struct slice word = slice_cut(&rest, ' ');
        char *at = copy + (word.ptr - line);
        at[word.len] = '\0';
        argv[argc++] = at;
    }
    seen.code = cli_run(&cli, argc, argv);
    fclose(cli.out);
    fclose(cli.err);
    mem_free(copy);
}

static void run(const char *line)
{
    run_with(false, NULL, line);
}

static void answers(int status, const char *json)
{
    seen.status = status;
    seen.answer = json;
}

static void has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("expected \"%s\" in:\n%s", what, text);
}

static void test_what_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *line, *asked;
    } rows[] = {
        { "project add shop", "POST /admin/api/projects {\"name\":\"shop\"}" },
        { "project list", "GET /admin/api/projects " },
        { "project remove shop", "DELETE /admin/api/projects/shop " },
        { "token add --project p1 --scopes calling,messaging --name ci",
          "POST /admin/api/tokens "
          "{\"name\":\"ci\",\"project\":\"p1\",\"scopes\":\"calling,messaging\"}" },
        { "token --project p1", "GET /admin/api/tokens?project=p1 " },
        { "token remove k1", "DELETE /admin/api/tokens/k1 " },
        { "user add alice --project p1",
          "POST /admin/api/users {\"name\":\"alice\",\"project\":\"p1\"}" },
        { "user", "GET /admin/api/users " },
        { "pat add --user alice --days 7",
          "POST /admin/api/pats {\"expires_days\":7,\"user\":\"alice\"}" },
        { "device add --user alice --description Desk",
          "POST /admin/api/devices {\"description\":\"Desk\",\"user\":\"alice\"}" },
        { "device list --user al/ice", "GET /admin/api/devices?user=al%2Fice " },
        { "device show t1", "GET /admin/api/devices/t1 " },
        { "device rotate t1", "POST /admin/api/devices/t1/rotate {}" },
        { "device disable t1", "PATCH /admin/api/devices/t1 {\"enabled\":false}" },
        { "device enable t1", "PATCH /admin/api/devices/t1 {\"enabled\":true}" },
        { "pat show k1", "GET /admin/api/pats/k1 " },
        { "pat rotate k1", "POST /admin/api/pats/k1/rotate {}" },
        { "pat revoke k1", "DELETE /admin/api/pats/k1 " },
        { "pat add --user a --scopes provisioning",
          "POST /admin/api/pats {\"scopes\":\"provisioning\",\"user\":\"a\"}" },
        { "key", "GET /admin/api/keys " },
        { "key rotate", "POST /admin/api/keys/rotate {}" },
        { "user set alice --prefer list --codecs PCMA,PCMU",
          "PATCH /admin/api/users/alice {\"codecs\":\"PCMA,PCMU\",\"prefer\":\"list\"}" },
        { "user show alice", "GET /admin/api/users/alice " },
        { "number add +1555 --to builtin:echo",
          "POST /admin/api/numbers {\"number\":\"+1555\",\"to\":\"builtin:echo\"}" },
        { "number remove *#21", "DELETE /admin/api/numbers/" },
        { "calls", "GET /admin/api/calls " },
        { "calls --all", "GET /admin/api/calls?all=50 " },
        { "calls c-1", "GET /admin/api/calls/c-1 " },
        { "list sessions all", "GET /admin/api/calls " },
        { "calls end c-1", "DELETE /admin/api/calls/c-1 " },
        { "registrations", "GET /admin/api/registrations " },
        { "trace --past --call c1 --trunk a/b --method INVITE",
          "GET /admin/api/trace?after=0&wait_ms=0&call=c1&trunk=a%2Fb&method=INVITE " },
        { "--json trunks --state /x", "GET /admin/api/trunks " },
    };
    answers(200, "{}");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run(rows[i].line);
        if (seen.code != CLI_OK)
            fail_msg("%s: %s", rows[i].line, seen.err);
        has(seen.asked, rows[i].asked);
    }
}

static void test_wrong_usage(void **state)
{
    (void)state;
    static const struct {
        const char *line, *err;
    } rows[] = {
        { "frobnicate", "there is no command \"frobnicate\"" },
        { "serve", "there is no command \"serve\"" }, /* the daemon's own */
        { "user add", "missing: NAME; usage:\n  tandem user add NAME [--project ID]" },
        { "user add a b", "nothing is expected at b" },
        { "user add a --prject x", "unknown option --prject" },
        { "user add a --project", "a value is missing behind --project" },
        { "user frob", "unknown: user frob" },
        { "token add --project p1", "missing: --scopes" },
        { "pat add --user a --days x", "a number is expected behind --days" },
        { "calls a b c", "usage: tandem calls" },
        { "list", "usage: tandem list sessions [all|ID]" },
        { "list calls", "usage: tandem list sessions" },
        { "route", "usage: tandem route --to" },
        { "route --to", "usage: tandem route --to" },
        { "reload now", "usage: tandem reload" },
        { "doctor a b", "usage: tandem doctor" },
        { "doctor --frob", "usage: tandem doctor" },
        { "calls --url", "--url and --state need a value" },
        { "help frob", "there is no command \"frob\"" },
        { "trunks x", "nothing is expected at x" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run(rows[i].line);
        if (seen.code != CLI_USAGE)
            fail_msg("%s: exit code %d", rows[i].line, seen.code);
        has(seen.err, rows[i].err);
        assert_string_equal(seen.asked, "");
    }
    run("");
    assert_int_equal(seen.code, CLI_USAGE);
    has(seen.out, "Usage: tandem COMMAND");
}

static void test_failures(void **state)
{
    (void)state;
    answers(0, NULL);
    run("calls");
    assert_int_equal(seen.code, CLI_FAILED);
    assert_string_equal(seen.err, "tandem: tandem does not answer\n");
    assert_string_equal(seen.out, "");
    answers(404, "{\"error\":{\"code\":\"not_found\",\"message\":\"there is no such user\"}}");
    run("pat add --user bob");
    assert_int_equal(seen.code, CLI_FAILED);
    assert_string_equal(seen.err, "tandem: there is no such user\n");
    run("pat add --user bob --json");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.out, "\"code\": \"not_found\"");
    answers(502, "[]");
    run("calls");
    assert_string_equal(seen.err, "tandem: the daemon answered 502\n");
}

static void test_tables(void **state)
{
    (void)state;
    answers(200, "[{\"name\":\"acme\",\"state\":\"alive\",\"host\":\"a.example\",\"calls\":12,"
                 "\"rtt_ms\":null},"
                 "{\"name\":\"b\\u001b[31m\",\"state\":\"unreachable\",\"host\":\"\\u00fc\","
                 "\"calls\":3,\"rtt_ms\":20}]");
    run("trunks");
    assert_int_equal(seen.code, CLI_OK);
    assert_string_equal(
        seen.out,
        "NAME    STATE        HOST       ADDRESS  TRANSPORT  REGISTRATION  CALLS  TOTAL  RTT MS  "
        "LAST ERROR\n"
        "acme    alive        a.example                                       12                 \n"
        "b?[31m  unreachable  ü                                                3             20  "
        "\n");
    run_with(true, NULL, "trunks");
    has(seen.out, "\033[31munreachable\033[0m");
    run("trunks --json");
    json_t *rows = json_loads(seen.out, 0, NULL);
    assert_int_equal(json_array_size(rows), 2);
    json_decref(rows);
    answers(200, "[]");
    run("calls");
    assert_string_equal(seen.out, "no calls now\n");
    run("calls --json");
    assert_string_equal(seen.out, "[]\n");
    answers(201, "{\"sip_username\":\"u1\",\"sip_password\":\"p\"}");
    run("device add --user a");
    assert_string_equal(seen.out, "sip_username  u1\nsip_password  p\n");
}

static void test_one_call(void **state)
{
    (void)state;
    answers(200,
            "{\"id\":\"c1\",\"state\":\"done\",\"created_ms\":1000,\"duration_ms\":65000,"
            "\"legs\":[{\"leg\":1,\"kind\":\"bridge\",\"state\":\"done\",\"party\":\"page\","
            "\"via\":\"\","
            "\"media\":{\"rtt_ms\":12.5,\"codec_received\":\"PCMU\",\"received\":{\"packets\":50,"
            "\"lost\":1,\"level_dbov\":-20},\"sent\":{\"packets\":49}}},"
            "{\"leg\":2,\"kind\":\"sip\",\"state\":\"done\",\"party\":\"100\",\"via\":\"acme\","
            "\"media\":null}],"
            "\"timeline\":[{\"t\":1000,\"leg\":0,\"kind\":\"route\",\"text\":\"trunk acme\"},"
            "{\"t\":1250,\"leg\":1,\"kind\":\"ice\",\"text\":\"connected\"},"
            "{\"t\":1300,\"leg\":2,\"kind\":\"sip\",\"text\":\"INVITE\\u001b[2J\"}],"
            "\"cause\":{\"code\":486,\"token\":\"busy\",\"text\":\"The other side is "
            "busy.\",\"by\":\"remote\"}}");
    run("calls c1");
    assert_int_equal(seen.code, CLI_OK);
    has(seen.out, "duration_ms  1:05\n");
    has(seen.out, "ended  The other side is busy.\n");
    has(seen.out, "            1   2   1=bridge page, 2=sip 100 via acme\n"
                  "  0.000 s   -------- route    trunk acme\n"
                  "  0.250 s   *   |   ice       connected\n"
                  "  0.300 s   |   *   sip       INVITE?[2J\n");
    has(seen.out, "  1  received  PCMU        50");
    has(seen.out, "  1  sent                  49");
    run("calls c1 --json");
    has(seen.out, "\"token\": \"busy\"");
    run("list sessions c1");
    has(seen.asked, "GET /admin/api/calls/c1 ");
    has(seen.out, "duration_ms  1:05\n");
    answers(200, "{\"id\":\"c1\",\"legs\":[],\"timeline\":[]}");
    run("calls c1");
    has(seen.out, "no media\n\nnothing happened\n");
}

static void test_route(void **state)
{
    (void)state;
    answers(
        200,
        "{\"found\":true,\"why\":\"pattern +1X.\",\"targets\":[{\"step\":1,\"kind\":\"trunk\","
        "\"name\":\"acme\",\"number\":\"+1555\",\"uri\":\"sip:1555@acme\",\"state\":\"alive\"}],"
        "\"cause\":null}");
    run("route --to +1555 --from al/ice --header X-Team=a");
    assert_int_equal(seen.code, CLI_OK);
    has(seen.asked, "GET /admin/api/route?&to=%2B1555&from=al%2Fice&header=X-Team%3Da ");
    has(seen.out, "decided by: pattern +1X.\n"
                  "STEP  KIND   NAME  DIALS  AS             STATE\n"
                  "   1  trunk  acme  +1555  sip:1555@acme  alive\n");
    answers(200, "{\"found\":false,\"why\":\"\",\"targets\":[],"
                 "\"cause\":{\"code\":404,\"text\":\"Nobody.\"}}");
    run("route --to 7");
    assert_int_equal(seen.code, CLI_FAILED);
    assert_string_equal(seen.out, "refused with 404: Nobody.\n");
}

static void test_reload(void **state)
{
    (void)state;
    answers(200, "{\"ok\":true,\"changed\":[\"trunk acme added\"],\"restart\":[\"listen.http\"],"
                 "\"warnings\":[\"careful\"]}");
    run("reload");
    assert_int_equal(seen.code, CLI_OK);
    has(seen.asked, "POST /admin/api/reload ");
    assert_string_equal(
        seen.out, "reloaded:\n  trunk acme added\nrestart needed: listen.http changed, which a "
                  "running daemon cannot take over\nwarning: careful\n");
    answers(422, "{\"error\":{\"message\":\"nothing changed: .env:3: bad\"}}");
    run("reload");
    assert_int_equal(seen.code, CLI_FAILED);
    assert_string_equal(seen.err, "tandem: nothing changed: .env:3: bad\n");
}

static void test_doctor(void **state)
{
    (void)state;
    answers(200, "{\"ok\":false,\"trunk\":\"acme\",\"steps\":[{\"step\":\"resolve\",\"ok\":true,"
                 "\"detail\":\"a is b\"},{\"step\":\"codecs\",\"ok\":true,\"skipped\":true,"
                 "\"detail\":\"?\"},{\"step\":\"options\",\"ok\":false,\"detail\":\"no answer\","
                 "\"advice\":\"open the port\"}]}");
    run("doctor acme --dry-invite +1555");
    has(seen.asked, "POST /admin/api/doctor {\"dry_invite\":\"+1555\",\"trunk\":\"acme\"}");
    assert_int_equal(seen.code, CLI_FAILED);
    assert_string_equal(seen.out, "trunk acme\n"
                                  "1. resolve      ok      a is b\n"
                                  "2. codecs       -       ?\n"
                                  "3. options      FAILED  no answer\n"
                                  "                       -> open the port\n"
                                  "this trunk cannot be used as it is\n");
    run("doctor --json");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.out, "\"ok\": false");
    answers(404, "{\"error\":{\"message\":\"there is no trunk \\\"x\\\"\"}}");
    run("doctor x");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.err, "there is no trunk \"x\"");
    /* nobody to ask: by itself, and there is nothing to look at */
    char *vars[] = { (char *)(uintptr_t) "HOME=/h", NULL };
    answers(0, NULL);
    run_with(false, vars, "doctor");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.err, "there is no trunk \"default\": set SIP_TRUNK_HOST");
}

static void test_trace(void **state)
{
    (void)state;
    answers(200, "{\"next\":7,\"messages\":[{\"seq\":7,\"t\":1700000000123,\"direction\":\"in\","
                 "\"transport\":\"UDP\",\"local\":\"10.0.0.1:5060\",\"remote\":"
                 "\"10.0.0.2:5080\",\"trunk\":\"acme\",\"call\":\"c1\",\"again\":true,"
                 "\"text\":\"BYE sip:a\\u001b[2J SIP/2.0\\r\\n\\r\\n\"}]}");
    run("trace --past --count 1");
    assert_int_equal(seen.code, CLI_OK);
    has(seen.out, ".123  received  UDP 10.0.0.1:5060 <- 10.0.0.2:5080  trunk=acme  call=c1  again\n"
                  "BYE sip:a?[2J SIP/2.0\n\n\n");
    run("trace --past --count 1 --json");
    has(seen.out, "{\"seq\":7,");
    run("trace --past --count 1 --pcap trace-test.pcap");
    assert_string_equal(seen.out, ""); /* the file has it */
    FILE *file = fopen("trace-test.pcap", "rb");
    char bytes[200];
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    unlink("trace-test.pcap");
    struct slice text = slice_make(bytes, len);
    assert_true(slice_find(text, SLICE("BYE sip:a")) == 24 + 16 + 28);
    run("trace --frob");
    assert_int_equal(seen.code, CLI_USAGE);
    has(seen.err, "usage: tandem trace");
    run("trace --past --pcap /nowhere/x");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.err, "/nowhere/x: No such file");
}

static void test_help_fits_one_screen(void **state)
{
    (void)state;
    run("--help");
    assert_int_equal(seen.code, CLI_OK);
    size_t lines = 0;
    struct slice rest = slice_of(seen.out);
    while (!slice_empty(rest)) {
        struct slice line = slice_line(&rest);
        lines++;
        if (line.len > 80)
            fail_msg("longer than 80: %.*s", SLICE_ARG(line));
    }
    assert_true(lines <= 24);
    for (size_t i = 0; i < n_cli_commands; i++) {
        char line[40];
        has(seen.out, cli_commands[i].name);
        snprintf(line, sizeof line, "help %s", cli_commands[i].name);
        run(line);
        assert_int_equal(seen.code, CLI_OK);
        has(seen.out, "  tandem ");
        run("--help");
    }
    run("help variables");
    has(seen.out, "SIP_TRUNK_HOST");
    run("help config");
    has(seen.out, "listen:\n");
    run("user --help");
    has(seen.out, "tandem user add NAME");
    run("trace --help");
    has(seen.out, "[--method INVITE] [--past] [--count N] [--pcap FILE]");
    has(seen.out, "--json");
    run("serve --help");
    has(seen.out, "[--set KEY=VALUE]");
}

static void test_version(void **state)
{
    (void)state;
    run("version");
    assert_string_equal(seen.out, "tandem " TANDEM_VERSION "\n");
    run("--version --json");
    json_t *answer = json_loads(seen.out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(answer, "version")), TANDEM_VERSION);
    json_decref(answer);
}

static void test_check(void **state)
{
    (void)state;
    char dir[] = "/tmp/tandem-cli-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    char *vars[] = { (char *)(uintptr_t) "HOME=/h", (char *)(uintptr_t) "SIP_TRUNK_HOST=a", NULL,
                     NULL };
    run_with(false, vars, "check");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.err, "environment: SIP_USERNAME and SIP_PASSWORD are missing");
    run_with(false, vars, "check --json");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.out, "\"ok\": false");
    vars[1] = NULL;
    run_with(false, vars, "check");
    assert_int_equal(seen.code, CLI_OK);
    assert_string_equal(
        seen.out,
        "the configuration is fine: 0 trunks, 0 routes, from the environment and defaults\n");
    run_with(false, NULL, "check --json --state /tmp/x");
    assert_int_equal(seen.code, CLI_OK);
    has(seen.out, "\"ok\": true");
    run_with(false, vars, "check --config nowhere.yaml");
    assert_int_equal(seen.code, CLI_FAILED);
    has(seen.err, "nowhere.yaml: cannot be opened");
    assert_int_equal(chdir("/"), 0);
    rmdir(dir);
}

static void test_whose_command(void **state)
{
    (void)state;
    assert_false(cli_is_command("serve"));
    assert_true(cli_is_command("calls"));
    assert_true(cli_is_command("--help"));
    assert_true(cli_is_command("frobnicate"));
}

static int free_seen(void **state)
{
    (void)state;
    free(seen.out);
    free(seen.err);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked), cmocka_unit_test(test_wrong_usage),
        cmocka_unit_test(test_failures),      cmocka_unit_test(test_tables),
        cmocka_unit_test(test_one_call),      cmocka_unit_test(test_trace),
        cmocka_unit_test(test_route),         cmocka_unit_test(test_reload),
        cmocka_unit_test(test_doctor),        cmocka_unit_test(test_help_fits_one_screen),
        cmocka_unit_test(test_version),       cmocka_unit_test(test_check),
        cmocka_unit_test(test_whose_command),
    };
    return cmocka_run_group_tests(tests, NULL, free_seen);
}
