/* tandem doctor: asked of the running daemon; without one, from the configuration by ourselves. */
#include <string.h>

#include "admin_api.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "commands.h"
#include "config/config.h"
#include "doctor.h"
#include "net/dns.h"
#include "sip/sip_agent.h"
#include "sip/sip_tcp.h"

enum { INDENT = 26 };

struct request {
    const char *trunk, *dry_invite, *config_file, *env_file;
    bool try_forms;
};

static bool read_arguments(struct request *request, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **at;
    } flags[] = { { "--dry-invite", &request->dry_invite },
                  { "--config", &request->config_file },
                  { "--env-file", &request->env_file } };
    for (int i = 1; i < argc; i++) {
        const char **at = NULL;
        for (size_t f = 0; f < COUNT_OF(flags); f++)
            if (strcmp(flags[f].name, argv[i]) == 0)
                at = flags[f].at;
        if (at && i + 1 == argc)
            return false;
        if (at)
            *at = argv[++i];
        else if (strcmp(argv[i], "--try-forms") == 0)
            request->try_forms = true;
        else if (argv[i][0] == '-' || request->trunk)
            return false;
        else
            request->trunk = argv[i];
    }
    return true;
}

static void print_step(struct cli *cli, size_t number, const json_t *step)
{
    bool ok = json_is_true(json_object_get(step, "ok"));
    const char *word = !ok ? "FAILED" : json_object_get(step, "skipped") ? "-" : "ok";
    const char *color = !ok ? "\033[31m" : "\033[32m";
    const char *advice = json_string_value(json_object_get(step, "advice"));
    fprintf(cli->out, "%zu. %-12s %s%-7s%s %s\n", number,
            json_string_value(json_object_get(step, "step")), cli->is_color ? color : "", word,
            cli->is_color ? "\033[0m" : "", json_string_value(json_object_get(step, "detail")));
    if (advice)
        fprintf(cli->out, "%*s%s\n", INDENT, "-> ", advice);
}

static int print_report(struct cli *cli, const json_t *report)
{
    size_t i;
    json_t *step;
    bool ok = json_is_true(json_object_get(report, "ok"));
    if (cli->is_json) {
        cli_print_json(cli, report);
        return ok ? CLI_OK : CLI_FAILED;
    }
    fprintf(cli->out, "trunk %s\n", json_string_value(json_object_get(report, "trunk")));
    json_array_foreach(json_object_get(report, "steps"), i, step) print_step(cli, i + 1, step);
    const char *support = json_string_value(json_object_get(report, "support"));
    if (support)
        fprintf(cli->out, "\n%s\n", support);
    fputs(ok ? "this trunk can be used\n" : "this trunk cannot be used as it is\n", cli->out);
    return ok ? CLI_OK : CLI_FAILED;
}

/* ---- by ourselves ---- */

struct alone {
    struct loop *loop;
    json_t *report;
};

static void on_report(void *owner, const json_t *report)
{
    struct alone *alone = owner;
    alone->report = json_deep_copy(report);
    loop_stop(alone->loop);
}

static struct dns *open_dns(struct loop *loop, const struct config *config)
{
    struct dns_config dns = { 0 };
    struct dns *out = NULL;
    for (size_t i = 0; i < config->dns_servers.n && dns.n_servers < DNS_MAX_SERVERS; i++)
        if (!addr_parse(slice_of(config->dns_servers.items[i]), 53, &dns.servers[dns.n_servers]))
            dns.n_servers++;
    return dns_create(&out, loop, &dns) ? NULL : out;
}

static const struct sip_agent_events no_events = { 0 };

static struct sip_agent *open_agent(struct loop *loop, struct fault *fault)
{
    struct sip_agent_config config = { .user_agent = SLICE("tandem/" TANDEM_VERSION) };
    struct sip_agent *agent = sip_agent_create(loop, &config, &no_events, NULL);
    struct addr any = addr_any4(0);
    if (!sip_agent_listen(agent, SIP_UDP, &any, fault) &&
        !sip_tcp_dial_only(agent, SIP_TCP, &any) && !sip_tcp_dial_only(agent, SIP_TLS, &any))
        return agent;
    sip_agent_destroy(agent);
    return NULL;
}

static json_t *examine(const struct config *config, const struct config_trunk *trunk,
                       const struct request *request, struct fault *fault)
{
    struct alone alone = { .loop = loop_create() };
    struct dns *dns = open_dns(alone.loop, config);
    struct sip_agent *agent = dns ? open_agent(alone.loop, fault) : NULL;
    struct doctor_config given = { .loop = alone.loop,
                                   .dns = dns,
                                   .agent = agent,
                                   .config = config,
                                   .trunk = trunk,
                                   .dry_invite = request->dry_invite,
                                   .try_forms = request->try_forms };
    if (agent) {
        doctor_create(&given, on_report, &alone);
        loop_run(alone.loop);
        sip_agent_destroy(agent);
    } else if (!dns) {
        fault_set(fault, ERR_IO, "dns", 0, "the resolver did not start");
    }
    dns_destroy(dns);
    loop_turn(alone.loop, 1);
    loop_destroy(alone.loop);
    return alone.report;
}

static int run_alone(struct cli *cli, const struct request *request)
{
    struct fault fault = { 0 };
    struct config *config = NULL;
    struct config_input input = { .config_file = request->config_file,
                                  .env_file = request->env_file,
                                  .environ = cli->vars };
    if (config_load(&config, &input, &fault))
        return cli_fail_fault(cli, CLI_FAILED, &fault);
    const char *name = request->trunk ? request->trunk : "default";
    const struct config_trunk *trunk = config_trunk_find(config, slice_of(name));
    if (!trunk && !request->trunk && config->n_trunks == 1)
        trunk = &config->trunks[0];
    int code = CLI_FAILED;
    if (!trunk) {
        cli_fail(cli, code,
                 "there is no trunk \"%s\": set SIP_TRUNK_HOST, SIP_USERNAME and "
                 "SIP_PASSWORD, or name one of trunks: in tandem.yaml",
                 name);
    } else {
        json_t *report = examine(config, trunk, request, &fault);
        code = report ? print_report(cli, report) : cli_fail_fault(cli, CLI_FAILED, &fault);
        json_decref(report);
    }
    config_destroy(config);
    return code;
}

/* False: there is no daemon to be asked. */
static bool run_there(struct cli *cli, const struct request *request, int *code)
{
    struct fault fault = { 0 };
    int status = 0;
    json_t *answer = NULL;
    json_t *body = json_pack("{s:s*, s:s*, s:s*}", "trunk", request->trunk, "dry_invite",
                             request->dry_invite, "try_forms", request->try_forms ? "yes" : NULL);
    enum err err = cli->ask(cli, "POST", ADMIN_API "doctor", body, &status, &answer, &fault);
    json_decref(body);
    if (err && !cli->url)
        return false;
    if (err)
        *code = cli_fail_fault(cli, CLI_FAILED, &fault);
    else if (status == 200 && answer)
        *code = print_report(cli, answer);
    else
        *code = cli_fail_answer(cli, status, answer);
    json_decref(answer);
    return true;
}

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
    struct request request = { 0 };
    int code;
    if (!read_arguments(&request, argc, argv))
        return cli_fail_usage(cli, argv[0]);
    if (!request.config_file && !request.env_file && run_there(cli, &request, &code))
        return code;
    return run_alone(cli, &request);
}
