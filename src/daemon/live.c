/* What the admin API sees of the living: calls, registrations, trunks. */
#include <string.h>

#include "api/api.h"
#include "base/log_tail.h"
#include "base/mem.h"
#include "call/recording.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "daemon/recording_files.h"
#include "legs/bridge_face.h"
#include "legs/registrar.h"
#include "legs/trace.h"
#include "legs/trunks.h"
#include "sip/sip_agent.h"
#include "store/store_recordings.h"

static json_t *live_calls(void *owner)
{
    return calls_json(((struct daemon *)owner)->env.calls);
}

static json_t *live_call(void *owner, struct slice id)
{
    struct call *call = calls_find(((struct daemon *)owner)->env.calls, id);
    return call ? call_json(call, true) : NULL;
}

static bool hang_up(void *owner, struct slice id)
{
    struct call *call = calls_find(((struct daemon *)owner)->env.calls, id);
    if (!call)
        return false;
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, "An administrator ended it.");
    call_end(call, &cause);
    return true;
}

static enum err record(void *owner, struct slice id, const char *mode, json_t **out,
                       struct fault *fault)
{
    struct call *call = calls_find(((struct daemon *)owner)->env.calls, id);
    if (!call)
        return fault_set(fault, ERR_NOT_FOUND, "id", 0, "there is no such live call");
    if (!mode && !recording_stop(call))
        return fault_set(fault, ERR_NOT_FOUND, "", 0, "the call is not being recorded");
    enum err err = mode ? recording_start(call, strcmp(mode, "stereo") == 0, fault) : OK;
    if (!err)
        *out = json_pack("{s:o}", "recordings", recordings_json(call));
    return err;
}

static json_t *live_recordings(void *owner)
{
    return recording_files_list(((struct daemon *)owner)->record_dir);
}

static bool remove_recording(void *owner, struct slice id)
{
    const struct daemon *daemon = owner;
    char *name = slice_dup(id);
    bool was = recording_files_remove(daemon->record_dir, id);
    if (was) {
        log_info(NULL, "recording removed id=%s", name);
        store_recording_remove(daemon->env.store, name, (struct store_reply){ 0 });
    }
    mem_free(name);
    return was;
}

json_t *daemon_registrations(const struct daemon *daemon)
{
    json_t *rows = json_array();
    trunks_add_registrations(daemon->trunks, rows);
    registrar_add_registrations(daemon->registrar, rows);
    bridge_face_add_registrations(daemon->bridge, rows);
    return rows;
}

static json_t *live_registrations(void *owner)
{
    return daemon_registrations(owner);
}

static json_t *live_bans(void *owner)
{
    return registrar_bans(((struct daemon *)owner)->registrar);
}

static bool lift_ban(void *owner, const struct addr *addr)
{
    return registrar_lift_ban(((struct daemon *)owner)->registrar, addr);
}

static json_t *live_trunks(void *owner)
{
    return trunks_json(((struct daemon *)owner)->trunks);
}

static json_t *live_trace(void *owner, const struct trace_query *query)
{
    return trace_read(((struct daemon *)owner)->env.trace, query);
}

static json_t *targets_json(const struct daemon *daemon, const struct route_plan *plan)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < plan->n; i++) {
        const struct route_target *target = &plan->targets[i];
        json_t *row = json_pack("{s:i, s:s, s:s, s:s}", "step", (int)plan->step[i] + 1, "kind",
                                target->kind, "name", target->name, "number", target->number);
        if (slice_is(slice_of(target->kind), "trunk"))
            trunks_preview(daemon->trunks, target, row);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *live_route(void *owner, const struct route_query *query)
{
    struct route_plan plan;
    struct cause cause = { 0 };
    enum err err = router_find(((struct daemon *)owner)->router, query, &plan, &cause);
    json_t *why = json_string(plan.why);
    return json_pack("{s:b, s:o, s:o, s:o}", "found", err == OK, "why",
                     why ? why : json_string("?"), "targets", targets_json(owner, &plan), "cause",
                     err ? json_pack("{s:i, s:s, s:s}", "code", cause.code, "token", cause.token,
                                     "text", cause.text)
                         : json_null());
}

static uint32_t doctor_start(void *owner, const char *trunk, const char *dry_invite, bool try_forms)
{
    return daemon_doctor_start(owner, trunk, dry_invite, try_forms);
}

static json_t *doctor_report(void *owner, uint32_t id, bool *is_known)
{
    return daemon_doctor_report(owner, id, is_known);
}

static void add_log_line(void *owner, uint64_t seq, enum log_level level, struct slice line)
{
    json_t *lines = owner;
    json_array_append_new(lines, json_pack("{s:I, s:s, s:s%}", "seq", (json_int_t)seq, "level",
                                           log_level_name(level), "text", line.ptr, line.len));
}

static json_t *live_log(void *owner, uint64_t after, size_t max)
{
    json_t *lines = json_array();
    uint64_t next =
        log_tail_read(((struct daemon *)owner)->log_tail, after, max, add_log_line, lines);
    return json_pack("{s:I, s:o}", "next", (json_int_t)next, "lines", lines);
}

static enum err reload(void *owner, json_t **out, struct fault *fault)
{
    return daemon_reload(owner, out, fault);
}

static enum err renew_key(void *owner, struct fault *fault)
{
    return daemon_renew_key(owner, fault);
}

static enum err keep_first_key(void *owner, struct fault *fault)
{
    return daemon_keep_first_key(owner, fault);
}

static void on_change(void *owner, const char *what)
{
    struct daemon *daemon = owner;
    bool is_person = strcmp(what, "subscribers") == 0; /* a user and a resource */
    if (is_person || strcmp(what, "numbers") == 0 || strcmp(what, "resources") == 0)
        daemon_reload_numbers(daemon);
    if (strcmp(what, "numbers") == 0 || strcmp(what, "resources") == 0)
        return;
    if (strcmp(what, "projects") == 0)
        daemon_reload_signing_keys(daemon);
    registrar_reload_users(daemon->registrar);
    registrar_reload_devices(daemon->registrar);
}

static const struct admin_live_ops live_ops = {
    .calls = live_calls,
    .call = live_call,
    .hang_up = hang_up,
    .record = record,
    .recordings = live_recordings,
    .remove_recording = remove_recording,
    .registrations = live_registrations,
    .bans = live_bans,
    .lift_ban = lift_ban,
    .trunks = live_trunks,
    .route = live_route,
    .log = live_log,
    .trace = live_trace,
    .doctor_start = doctor_start,
    .doctor_report = doctor_report,
    .reload = reload,
    .renew_key = renew_key,
    .keep_first_key = keep_first_key,
    .on_change = on_change,
};

/* Where phones find us when nobody said: the public address, else one of ours that is not loopback.
 */
static const char *own_host(const struct daemon *daemon, char out[ADDR_TEXT])
{
    struct addr addrs[SIP_AGENT_LISTENERS_MAX], local[32];
    if (addr_is_set(&daemon->env.public_ip))
        return addr_print_ip(&daemon->env.public_ip, out);
    size_t n = sip_agent_listeners(daemon->env.agent, SIP_UDP, addrs, SIP_AGENT_LISTENERS_MAX);
    if (n && !addr_is_any(&addrs[0]))
        return addr_print_ip(&addrs[0], out);
    size_t n_local = addr_local_list(local, 32);
    for (size_t i = 0; i < n_local; i++)
        if (!addr_is_v6(&local[i]) && !addr_is_loopback(&local[i]))
            return addr_print_ip(&local[i], out);
    return "127.0.0.1";
}

void daemon_tell_domain(struct daemon *daemon)
{
    char host[ADDR_TEXT];
    const char *domain = daemon->config->sip_domain;
    api_set_sip_domain(daemon->api, domain[0] ? domain : own_host(daemon, host));
}

void daemon_tell_provisioning(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    uint16_t port = daemon_https_port(daemon);
    if (!port &&
        daemon->n_listeners) /* behind a proxy that ends TLS, which then needs to be told */
        port = addr_port(http_listener_addr(daemon->listeners[0].http));
    struct api_provisioning told = {
        .origins = (const char *const *)config->provisioning_origins.items,
        .n_origins = config->provisioning_origins.n,
        .host = config->provisioning_host,
        .port =
            config->provisioning_port == CONFIG_AUTO ? port : (uint16_t)config->provisioning_port,
        .path = config->provisioning_path,
        .session_ms = (int64_t)config->provisioning_session_h * 3600 * 1000,
        .jwt_ms = (int64_t)config->provisioning_jwt_s * 1000,
    };
    api_set_provisioning(daemon->api, &told);
}

void daemon_open_api(struct daemon *daemon)
{
    char host[ADDR_TEXT];
    const char *domain = daemon->config->sip_domain;
    struct api_config config = {
        .loop = daemon->env.loop,
        .store = daemon->env.store,
        .live = &live_ops,
        .owner = daemon,
        .admin_token = slice_of(daemon->admin_token),
        .calls = daemon->env.calls,
        .scripts = daemon->scripts,
        .messages = daemon->messages,
        .faxes = daemon->faxes,
        .message_from = daemon->config->message_from[0] ? daemon->config->message_from : "tandem",
        .mfa_app = daemon->config->mfa_app,
        .record_dir = daemon->record_dir,
        .seal = daemon->env.seal,
        .sip_realm = daemon->config->sip_realm,
        .sip_domain = domain[0] ? domain : own_host(daemon, host),
    };
    daemon->api = api_create(&config);
}
