/* The configuration read again while calls go on. */
#include "api/api.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/config_diff.h"
#include "daemon/daemon_priv.h"
#include "legs/leg_policy.h"
#include "legs/registrar.h"
#include "legs/trunks.h"
#include "net/dns.h"
#include "sip/sip_agent.h"

/* Routes may name what is not there: found out before anything changes. */
static enum err check_routes(const struct config *fresh, struct fault *fault)
{
    struct router *trial = router_create();
    enum err err = daemon_fill_routes(trial, fresh, fault);
    router_destroy(trial);
    return err;
}

static void apply(struct daemon *daemon, struct config *take_fresh)
{
    struct config *old = daemon->config;
    struct fault fault;
    daemon->config = take_fresh;
    daemon->env.config = take_fresh;
    daemon_drop_doctors(daemon);
    log_set_level(take_fresh->log_level);
    log_set_json(take_fresh->log_json);
    daemon->env.sip_codecs = leg_codecs_named(&take_fresh->codecs);
    daemon_fill_local_nets(daemon);
    daemon_fill_egress(daemon);
    sip_agent_set_local_nets(daemon->env.agent, daemon->env.local_nets, daemon->env.n_local_nets);
    daemon_apply_public_ip(daemon);
    struct media_patience patience = daemon_patience(take_fresh);
    media_set_patience(daemon->env.media, &patience);
    struct media_limits limits = daemon_media_limits(take_fresh);
    media_set_limits(daemon->env.media, &limits);
    daemon_tell_domain(daemon);
    daemon_tell_provisioning(daemon);
    dns_flush(daemon->env.dns);
    trunks_reload(daemon->trunks);
    registrar_reload_users(daemon->registrar);
    if (daemon_fill_routes(daemon->router, take_fresh, &fault))
        bug_abort(__FILE__, __LINE__, fault.text); /* check_routes() let it pass */
    daemon_reload_numbers(daemon);
    config_destroy(old);
}

static json_t *list_json(const struct config_list *list)
{
    json_t *items = json_array();
    for (size_t i = 0; i < list->n; i++) {
        json_t *item = json_string(list->items[i]);
        json_array_append_new(items, item ? item : json_string("?"));
    }
    return items;
}

static void say(const struct config_list *changed, const struct config_list *restart,
                const struct config_list *warnings)
{
    log_info(NULL, "configuration reloaded changes=%zu", changed->n);
    for (size_t i = 0; i < changed->n; i++)
        log_info(NULL, "reloaded: %s", changed->items[i]);
    for (size_t i = 0; i < restart->n; i++)
        log_warn(NULL, "%s changed, which takes effect only after a restart", restart->items[i]);
    for (size_t i = 0; i < warnings->n; i++)
        log_warn(NULL, "%s", warnings->items[i]);
}

static enum err read_again(struct daemon *daemon, struct config **fresh, struct fault *fault)
{
    if (daemon->stopping)
        return fault_set(fault, ERR_CLOSED, "reload", 0, "tandem is stopping");
    if (!daemon->input)
        return fault_set(fault, ERR_UNSUPPORTED, "reload", 0, "there is nothing to read again");
    enum err err = config_load(fresh, daemon->input, fault);
    if (err)
        return err;
    err = check_routes(*fresh, fault);
    if (err)
        config_destroy(*fresh);
    return err;
}

enum err daemon_reload(struct daemon *daemon, json_t **out, struct fault *fault)
{
    struct config_list changed = { 0 };
    struct config_list restart = { 0 };
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    struct config *fresh;
    enum err err = read_again(daemon, &fresh, fault);
    if (err) {
        fault_print(fault, text, sizeof text);
        log_error(NULL, "reload refused, nothing changed: %s", text);
        return err;
    }
    config_compare(fresh, daemon->config, &changed, &restart);
    say(&changed, &restart, &fresh->warnings);
    if (out)
        *out = json_pack("{s:b, s:o, s:o, s:o}", "ok", 1, "changed", list_json(&changed), "restart",
                         list_json(&restart), "warnings", list_json(&fresh->warnings));
    apply(daemon, fresh);
    config_list_clear(&changed);
    config_list_clear(&restart);
    return OK;
}
