#include "legs/registrar.h"

#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/registrar_priv.h"
#include "sip/sip_agent.h"
#include "store/store.h"

/* The original bridge's lines; who it is that registers, its User-Agent says. */
static void log_arrival(const struct sip_binding *binding)
{
    struct slice rest = binding->user_agent;
    struct slice agent = slice_word(&rest);
    struct slice aor = binding->aor;
    struct slice user = slice_cut(&aor, '@');
    agent = slice_cut(&agent, '/');
    log_info(NULL, "[INFO] Received REGISTER%s%.*s", agent.len ? " from " : "", SLICE_ARG(agent));
    log_info(NULL, "[INFO] Registration successful for %.*s", SLICE_ARG(user));
}

static void on_change(void *owner, enum sip_binding_change change,
                      const struct sip_binding *binding)
{
    static const char *const words[] = { "registered", "refreshed", "unregistered", "expired" };
    struct registrar *registrar = owner;
    char from[ADDR_TEXT];
    struct slice aor = binding->aor;
    /* a PBX comes once in an hour, phones may come twice a minute */
    bool is_news =
        change == SIP_BINDING_ADDED ||
        (change == SIP_BINDING_REFRESHED && registrar_is_pbx(registrar, slice_cut(&aor, '@')));
    if (is_news)
        log_arrival(binding);
    if (change == SIP_BINDING_REFRESHED)
        log_debug(NULL, "phone refreshed aor=%.*s", SLICE_ARG(binding->aor));
    else
        log_info(NULL, "phone %s aor=%.*s contact=%.*s from=%s/%s", words[change],
                 SLICE_ARG(binding->aor), SLICE_ARG(binding->contact),
                 sip_kind_name(binding->flow.kind), addr_print(&binding->flow.remote, from));
    registrar_keep_binding(registrar, change, binding);
    registrar_log_change(registrar->log, change, binding);
    for (size_t i = 0; i < REGISTRAR_WATCHERS; i++)
        if (registrar->watchers[i].fn)
            registrar->watchers[i].fn(registrar->watchers[i].owner,
                                      slice_of(registrar_owner_of(registrar, binding)));
}

static const struct sip_registrar_events events = { .on_change = on_change };

struct registrar *registrar_create(const struct leg_env *env)
{
    const struct config *config = env->config;
    struct registrar *registrar = mem_new(struct registrar);
    registrar->env = env;
    registrar->log = registrar_log_create(env);
    registrar_open_accounts(registrar);
    struct sip_registrar_config rules = { .auth = registrar->auth,
                                          .expires_s = (uint32_t)config->sip_expires_s,
                                          .expires_max_s = (uint32_t)config->sip_expires_max_s,
                                          .max_contacts = (size_t)config->sip_max_contacts };
    registrar->rules = sip_registrar_create(env->loop, &rules, &events, registrar);
    sip_agent_handle(env->agent, SLICE("REGISTER"), sip_registrar_handle, registrar->rules);
    registrar->alive = registrar_alive_create(registrar);
    registrar_load_bindings(registrar);
    return registrar;
}

void registrar_destroy(struct registrar *registrar)
{
    if (!registrar)
        return;
    store_forget(registrar->env->store, registrar);
    registrar_alive_destroy(registrar->alive);
    sip_registrar_destroy(registrar->rules);
    registrar_log_destroy(registrar->log);
    registrar_close_accounts(registrar);
    mem_free(registrar);
}

void registrar_add_registrations(const struct registrar *registrar, json_t *rows)
{
    size_t cursor = 0;
    const struct sip_binding *binding;
    int64_t now_ms = loop_wall_ms(registrar->env->loop);
    while ((binding = sip_registrar_next(registrar->rules, &cursor))) {
        char from[ADDR_TEXT];
        int64_t rtt_ms;
        bool lost = registrar_alive_is_lost(registrar->alive, binding, &rtt_ms);
        json_t *latency = rtt_ms >= 0 ? json_integer(rtt_ms)
                                      : registrar_log_latency(registrar->log, binding->aor);
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s%, s:s, s:I, s:s, s:i, s:s%, s:s, s:s%, s:I, s:o}",
                            "kind", "phone", "user", registrar_owner_of(registrar, binding),
                            "trunk", "", "contact", binding->contact.ptr, binding->contact.len,
                            "transport", sip_kind_name(binding->flow.kind), "expires_s",
                            (json_int_t)((binding->expires_wall_ms - now_ms) / 1000), "state",
                            lost ? "unreachable" : "registered", "last_status", 200, "aor",
                            binding->aor.ptr, binding->aor.len, "from",
                            addr_print(&binding->flow.remote, from), "user_agent",
                            binding->user_agent.ptr ? binding->user_agent.ptr : "",
                            binding->user_agent.len, "since_ms", (json_int_t)binding->since_wall_ms,
                            "latency_ms", latency));
    }
}

void registrar_flow_closed(struct registrar *registrar, const struct sip_flow *flow)
{
    sip_registrar_flow_closed(registrar->rules, flow);
}

void registrar_watch(struct registrar *registrar, void (*fn)(void *owner, struct slice user),
                     void *owner)
{
    size_t i = 0;
    while (i < REGISTRAR_WATCHERS && registrar->watchers[i].owner != owner)
        i++;
    for (size_t k = 0; k < REGISTRAR_WATCHERS && i == REGISTRAR_WATCHERS; k++)
        if (!registrar->watchers[k].fn)
            i = k;
    BUG_IF(i == REGISTRAR_WATCHERS);
    registrar->watchers[i].fn = fn;
    registrar->watchers[i].owner = fn ? owner : NULL;
}
