/* The router's contents: built-ins, routes of tandem.yaml, numbers of the store, the default. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "daemon/number_handlers.h"
#include "legs/leg_echo.h"
#include "legs/registrar.h"
#include "script/script.h"
#include "store/store_rows.h"

enum { ADDRESS_MAX = 160 };

static enum err target_of(const struct config *config, const char *text, const char *where,
                          struct route_target *out, struct fault *fault)
{
    if (route_target_parse(slice_of(text), out))
        return fault_set(fault, ERR_INVALID, where, 0,
                         "'%s' is not a target such as trunk:NAME, user:NAME or builtin:echo",
                         text);
    if (slice_is(slice_of(out->kind), "trunk") && !config_trunk_find(config, slice_of(out->name)))
        return fault_set(fault, ERR_INVALID, where, 0, "there is no trunk '%s'", out->name);
    return OK;
}

static void set_conditions(struct route_rule *rule, const struct config_route *route)
{
    struct slice value = slice_of(route->header);
    struct slice name = slice_cut(&value, '=');
    snprintf(rule->name, sizeof rule->name, "%s", route->destination);
    snprintf(rule->pattern, sizeof rule->pattern, "%s", route->pattern);
    snprintf(rule->face, sizeof rule->face, "%s", route->face);
    snprintf(rule->trunk, sizeof rule->trunk, "%s", route->trunk);
    snprintf(rule->user, sizeof rule->user, "%s", route->user);
    snprintf(rule->header, sizeof rule->header, "%.*s", SLICE_ARG(name));
    snprintf(rule->header_value, sizeof rule->header_value, "%.*s",
             SLICE_ARG(name.len < strlen(route->header) ? value : SLICE_NONE));
}

static enum err add_route(struct router *router, const struct config *config,
                          const struct config_route *route, struct fault *fault)
{
    struct route_rule rule = { .by_weight = route->order == CONFIG_BY_WEIGHT,
                               .ring_timeout_ms = (int64_t)route->ring_timeout_s * 1000 };
    char where[FAULT_WHERE_MAX];
    set_conditions(&rule, route);
    snprintf(where, sizeof where, "routes (%s)", rule.name[0] ? rule.name : rule.pattern);
    for (size_t i = 0; i < route->to.n && i < ROUTE_RULE_TARGETS; i++) {
        uint32_t weight = 0;
        enum err err = target_of(config, route->to.items[i], where, &rule.targets[i], fault);
        if (!err && rule.by_weight)
            err = slice_to_u32(slice_of(route->weights.items[i]), UINT16_MAX, &weight);
        if (err)
            return err;
        rule.step[i] = route->order == CONFIG_AT_ONCE ? 0 : (unsigned)i;
        rule.weight[i] = (uint16_t)weight; /* at most UINT16_MAX */
        rule.n_targets++;
    }
    router_add_rule(router, &rule);
    return OK;
}

static void add_emergencies(struct router *router, const struct config *config)
{
    for (size_t i = 0; i < config->n_trunks; i++) {
        const struct config_trunk *trunk = &config->trunks[i];
        struct route_target target = { .kind = "trunk" };
        if (!slice_copy(slice_of(trunk->name), target.name, sizeof target.name))
            continue;
        for (size_t k = 0; k < trunk->emergency.n; k++)
            router_add_emergency(router, slice_of(trunk->emergency.items[k]), &target);
    }
}

/* A cloud's calls: to whom the trunk says, else to the PBXs in the order written, else to whoever
 * is registered. */
static enum err add_inbound(struct router *router, const struct config *config,
                            const struct config_trunk *trunk, struct fault *fault)
{
    struct route_rule rule = { .is_last = true };
    char where[FAULT_WHERE_MAX];
    enum err err = OK;
    snprintf(rule.trunk, sizeof rule.trunk, "%s", trunk->name);
    snprintf(where, sizeof where, "trunks.%s.inbound", trunk->name);
    for (size_t i = 0; i < trunk->inbound.n && i < ROUTE_RULE_TARGETS && !err; i++) {
        err = target_of(config, trunk->inbound.items[i], where, &rule.targets[i], fault);
        rule.step[rule.n_targets++] = (unsigned)i;
    }
    for (size_t i = 0; i < config->n_users && !trunk->inbound.n; i++) {
        if (!config->users[i].is_pbx || rule.n_targets == ROUTE_RULE_TARGETS)
            continue;
        rule.targets[rule.n_targets] = (struct route_target){ .kind = "user" };
        (void)slice_copy(slice_of(config->users[i].name), rule.targets[rule.n_targets].name,
                         sizeof rule.targets[0].name);
        rule.step[rule.n_targets] = (unsigned)rule.n_targets;
        rule.n_targets++;
    }
    if (!rule.n_targets)
        rule.targets[rule.n_targets++] =
            (struct route_target){ .kind = "user", .name = REGISTRAR_ANYBODY };
    if (!err)
        router_add_rule(router, &rule);
    return err;
}

static enum err set_default(struct router *router, const struct config *config, struct fault *fault)
{
    const char *text = config_default(config);
    struct route_target target;
    char full[CONFIG_TEXT_MAX + 16];
    /* `echo` for `builtin:echo` is what people write */
    bool bare = slice_index(slice_of(text), ':') == slice_of(text).len;
    snprintf(full, sizeof full, "%s%s", bare ? "builtin:" : "", text);
    enum err err = target_of(config, full, "default_destination", &target, fault);
    if (!err)
        router_set_default(router, &target);
    return err;
}

/* How calls to the SIP address that a gateway is are encrypted. */
static enum route_srtp srtp_of(const json_t *handler)
{
    static const char *const words[] = {
        [ROUTE_SRTP_OPTIONAL] = "optional", [ROUTE_SRTP_REQUIRED] = "required"
    };
    const char *word = json_string_value(json_object_get(handler, "srtp"));
    enum route_srtp srtp = ROUTE_SRTP_REQUIRED;
    while (word && srtp != ROUTE_SRTP_OFF && strcmp(words[srtp], word) != 0)
        srtp--;
    return word ? srtp : ROUTE_SRTP_OFF;
}

static void set_number(struct daemon *daemon, const struct store_number *row, json_t *take_handler)
{
    const char *to =
        take_handler ? json_string_value(json_object_get(take_handler, "target")) : row->to;
    if (take_handler)
        json_object_set_new(daemon->call_handlers, row->number, take_handler);
    json_t *teller = number_call_teller(row, daemon->resources);
    if (teller)
        json_object_set_new(daemon->call_tellers, row->number, teller);
    if (!to[0]) /* a program took it, and has not said what for, or what it led to is gone */
        log_debug(NULL, "number leads nowhere");
    else if (router_set_number(daemon->router, slice_of(row->number), slice_of(to)))
        log_warn(NULL, "number ignored: '%s' is no target", to);
    else
        router_set_number_owner(daemon->router, slice_of(row->number), row->project_id);
    router_set_number_srtp(daemon->router, slice_of(row->number), srtp_of(take_handler));
}

/* What a resource that calls lead to is known by: a SIP domain, the account of an endpoint whose
 * calls it handles, an address, "/PROJECT/public/front-desk". */
static bool key_of(const char *id, const json_t *resource, char *out, size_t cap)
{
    const json_t *body = json_object_get(resource, "body");
    const char *project = json_string_value(json_object_get(resource, "project"));
    const char *type = json_string_value(json_object_get(resource, "type"));
    const char *name = json_string_value(json_object_get(body, "address"));
    if (strcmp(type, "sip_endpoint") == 0)
        return daemon_account_key(slice_of(json_string_value(json_object_get(resource, "name"))),
                                  out, cap);
    return daemon_domain_key(resource, out, cap) ||
           (size_t)snprintf(out, cap, "/%s/%s/%s", project,
                            strcmp(type, "subscriber") == 0 ? "private" : "public",
                            name ? name : id) < cap;
}

/* Those that say themselves who answers, as numbers do; the others are who answers. */
static bool has_own_words(const json_t *resource)
{
    static const char *const types[] = { "domain_application", "sip_address", "sip_endpoint" };
    const char *type = json_string_value(json_object_get(resource, "type"));
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static void set_resource(struct daemon *daemon, const char *id, const json_t *resource)
{
    char key[ADDRESS_MAX];
    const char *project = json_string_value(json_object_get(resource, "project"));
    if (!key_of(id, resource, key, sizeof key))
        return;
    json_t *handler = has_own_words(resource) ? daemon_domain_handler(daemon, resource)
                                              : number_resource_handler(id, daemon->resources);
    const struct store_number row = { .number = key, .project_id = project, .to = "" };
    if (json_string_length(json_object_get(handler, "target")))
        set_number(daemon, &row, handler);
    else if (json_is_true(json_object_get(handler, "no_trunks")))
        json_object_set_new(daemon->call_handlers, key, handler);
    else /* a queue, an endpoint whose calls go where routes say … */
        json_decref(handler);
}

static void on_numbers(void *owner, const struct store_answer *answer)
{
    struct daemon *daemon = owner;
    const char *id;
    json_t *resource;
    if (answer->err)
        return;
    const struct store_number *rows = STORE_ROWS(answer, store_number);
    router_clear_numbers(daemon->router);
    daemon_note_text_handlers(daemon, rows, answer->n);
    json_decref(daemon->call_handlers);
    json_decref(daemon->call_tellers);
    daemon->call_handlers = json_object();
    daemon->call_tellers = json_object();
    for (size_t i = 0; i < answer->n; i++)
        set_number(daemon, &rows[i], number_call_handler(&rows[i], daemon->resources));
    json_object_foreach(daemon->resources, id, resource) set_resource(daemon, id, resource);
}

void daemon_number_source(void *owner, const char *number, struct script_source *out)
{
    const struct daemon *daemon = owner;
    const json_t *handler = json_object_get(daemon->call_handlers, number);
    out->method = json_string_value(json_object_get(handler, "method"));
    out->fallback_url = slice_of(json_string_value(json_object_get(handler, "fallback")));
    out->fallback_method = json_string_value(json_object_get(handler, "fallback_method"));
}

void daemon_reload_numbers(struct daemon *daemon)
{
    daemon_reload_signing_keys(daemon);
    daemon_reload_resources(daemon); /* first: numbers lead to them */
    store_number_list(daemon->env.store, (struct store_reply){ on_numbers, daemon });
}

enum err daemon_fill_routes(struct router *router, const struct config *config, struct fault *fault)
{
    enum err err = OK;
    router_clear_rules(router);
    for (size_t i = 0; i < config->n_routes && !err; i++)
        err = add_route(router, config, &config->routes[i], fault);
    for (size_t i = 0; i < config->n_trunks && !err; i++)
        if (config->trunks[i].type == CONFIG_TRUNK_KANDY)
            err = add_inbound(router, config, &config->trunks[i], fault);
    add_emergencies(router, config);
    router_allow_uris(router, config->allow_uris);
    return err ? err : set_default(router, config, fault);
}

enum err daemon_fill_router(struct daemon *daemon, struct fault *fault)
{
    for (size_t i = 0; builtins_name(i); i++)
        router_add_builtin(daemon->router, builtins_name(i));
    enum err err = daemon_fill_routes(daemon->router, daemon->config, fault);
    router_set_user_check(daemon->router, registrar_has_user, daemon->registrar);
    daemon_reload_numbers(daemon);
    return err;
}
