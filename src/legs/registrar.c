#include "legs/registrar.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/leg_sip.h"
#include "sip/sip_agent.h"
#include "sip/sip_auth.h"
#include "sip/sip_registrar.h"
#include "sip/sip_uri.h"
#include "store/store_rows.h"

enum { REGISTRAR_CONTACTS_MAX = 16 };

struct registrar {
    const struct leg_env *env;
    struct sip_auth *auth, *invite_auth;
    struct sip_registrar *rules;
    struct map *owners; /* SIP user name -> user name (heap) */
    struct map *users;  /* user name -> itself (heap) */
    struct list lookups;
    struct registrar_tokens tokens;
};

/* One question to the store: whose password is it? */
struct lookup {
    struct list link;
    struct registrar *registrar;
    struct sip_auth_lookup *question;
};

static void learn_owner(struct registrar *registrar, struct slice sip_user, struct slice user)
{
    mem_free(map_put(registrar->owners, sip_user, slice_dup(user)));
}

static void on_device(void *owner, const struct store_answer *answer)
{
    struct lookup *lookup = owner;
    struct secret ha1 = { 0 };
    bool found = !answer->err && answer->n;
    if (found) {
        const struct store_device *device = STORE_ROWS(answer, store_device);
        secret_set(&ha1, slice_of(device->ha1_md5));
        learn_owner(lookup->registrar, slice_of(device->sip_username), slice_of(device->user_name));
    }
    list_remove(&lookup->link);
    sip_auth_found(lookup->question, found ? &ha1 : NULL, true);
    secret_clear(&ha1);
    mem_free(lookup);
}

static const struct config_user *config_user_find(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->n_users; i++)
        if (slice_is(name, config->users[i].name))
            return &config->users[i];
    return NULL;
}

static void find_password(void *owner, struct slice user, struct slice realm,
                          struct sip_auth_lookup *question)
{
    struct registrar *registrar = owner;
    (void)realm;
    const struct config_user *known = config_user_find(registrar->env->config, user);
    if (known) {
        learn_owner(registrar, user, user);
        sip_auth_found(question, &known->password, false);
        return;
    }
    struct lookup *lookup = mem_new(struct lookup);
    lookup->registrar = registrar;
    lookup->question = question;
    list_append(&registrar->lookups, &lookup->link);
    char *name = slice_dup(user);
    store_device_find_sip(registrar->env->store, name, (struct store_reply){ on_device, lookup });
    mem_free(name);
}

static void on_change(void *owner, enum sip_binding_change change,
                      const struct sip_binding *binding)
{
    static const char *const words[] = { "registered", "refreshed", "unregistered", "expired" };
    struct registrar *registrar = owner;
    char from[ADDR_TEXT];
    struct log_tag none = { "" };
    if (change == SIP_BINDING_REFRESHED)
        log_debug(&none, "phone refreshed aor=%.*s", SLICE_ARG(binding->aor));
    else
        log_info(&none, "phone %s aor=%.*s contact=%.*s from=%s/%s", words[change],
                 SLICE_ARG(binding->aor), SLICE_ARG(binding->contact),
                 sip_kind_name(binding->flow.kind), addr_print(&binding->flow.remote, from));
    (void)registrar;
}

static const struct sip_registrar_events events = { .on_change = on_change };

static enum sip_digest_policy policy_of(enum config_digest digest)
{
    static const enum sip_digest_policy policies[] = { SIP_DIGEST_ONLY_MD5, SIP_DIGEST_BOTH,
                                                       SIP_DIGEST_ONLY_SHA256,
                                                       SIP_DIGEST_ONLY_MD5 };
    return policies[digest];
}

struct registrar *registrar_create(const struct leg_env *env)
{
    struct registrar *registrar = mem_new(struct registrar);
    registrar->env = env;
    registrar->owners = map_create();
    registrar->users = map_create();
    list_init(&registrar->lookups);
    struct sip_auth_config auth = { .realm = slice_of(env->config->sip_realm),
                                    .policy = policy_of(env->config->sip_digest) };
    registrar->auth = sip_auth_create(env->loop, &auth, find_password, registrar);
    auth.proxy = true;
    registrar->invite_auth = sip_auth_create(env->loop, &auth, find_password, registrar);
    struct sip_registrar_config config = { .auth = registrar->auth };
    registrar->rules = sip_registrar_create(env->loop, &config, &events, registrar);
    sip_agent_handle(env->agent, SLICE("REGISTER"), sip_registrar_handle, registrar->rules);
    registrar_reload_users(registrar);
    return registrar;
}

static void free_values(struct map *map)
{
    size_t cursor = 0;
    void *value;
    while (map_next(map, &cursor, NULL, &value))
        mem_free(value);
    map_destroy(map);
}

void registrar_destroy(struct registrar *registrar)
{
    if (!registrar)
        return;
    store_forget(registrar->env->store, registrar);
    LIST_EACH(link, &registrar->lookups)
    {
        struct lookup *lookup = LIST_ITEM(link, struct lookup, link);
        store_forget(registrar->env->store, lookup);
        sip_auth_found(lookup->question, NULL, false);
        mem_free(lookup);
    }
    sip_registrar_destroy(registrar->rules);
    sip_auth_destroy(registrar->auth);
    sip_auth_destroy(registrar->invite_auth);
    free_values(registrar->owners);
    free_values(registrar->users);
    mem_free(registrar);
}

static void find_token(void *owner, struct slice token, struct sip_auth_lookup *lookup)
{
    struct registrar *registrar = owner;
    registrar->tokens.find(registrar->tokens.owner, token, lookup);
}

void registrar_set_tokens(struct registrar *registrar, const struct registrar_tokens *tokens)
{
    struct sip_auth *const auths[] = { registrar->auth, registrar->invite_auth };
    registrar->tokens = tokens ? *tokens : (struct registrar_tokens){ 0 };
    for (size_t i = 0; i < COUNT_OF(auths); i++)
        sip_auth_set_bearer(auths[i], tokens ? find_token : NULL, registrar->tokens.authz_server);
    registrar->tokens.authz_server = SLICE_NONE; /* theirs was borrowed */
}

void registrar_token_found(struct registrar *registrar, struct sip_auth_lookup *lookup,
                           struct slice sip_username, struct slice user)
{
    if (sip_username.len)
        learn_owner(registrar, sip_username, user);
    sip_auth_bearer_found(lookup, sip_username);
}

struct sip_auth *registrar_invite_auth(struct registrar *registrar)
{
    return registrar->invite_auth;
}

const char *registrar_user_of(const struct registrar *registrar, struct slice sip_username)
{
    const char *user = map_find(registrar->owners, sip_username);
    return user ? user : "";
}

static void on_users(void *owner, const struct store_answer *answer)
{
    struct registrar *registrar = owner;
    if (answer->err)
        return;
    const struct store_user *rows = STORE_ROWS(answer, store_user);
    free_values(registrar->users);
    registrar->users = map_create();
    for (size_t i = 0; i < answer->n; i++)
        mem_free(
            map_put(registrar->users, slice_of(rows[i].name), slice_dup(slice_of(rows[i].name))));
}

void registrar_reload_users(struct registrar *registrar)
{
    store_user_list(registrar->env->store, (struct store_reply){ on_users, registrar });
}

bool registrar_has_user(void *owner, struct slice name)
{
    struct registrar *registrar = owner;
    return map_find(registrar->users, name) || config_user_find(registrar->env->config, name);
}

/* "alice@example.com" belongs to the user of the SIP account alice. */
static const char *owner_of(const struct registrar *registrar, const struct sip_binding *binding)
{
    struct slice rest = binding->aor;
    return registrar_user_of(registrar, slice_cut(&rest, '@'));
}

static void ring_contact(struct registrar *registrar, struct call *call,
                         const struct sip_binding *binding, const char *user)
{
    char mem[400];
    struct buf from = BUF_ON(mem);
    buf_text(&from, "sip:");
    sip_escape_user(slice_of(call_from(call)[0] ? call_from(call) : "anonymous"), &from);
    buf_char(&from, '@');
    sip_host_print(slice_of(registrar->env->config->sip_realm), &from);
    struct slice rest = binding->aor;
    struct slice peer = slice_cut(&rest, '@');
    struct sip_hop hop = { .kind = binding->flow.kind,
                           .addr = binding->flow.remote,
                           .flow = binding->flow };
    struct leg_sip_target target = {
        .request_uri = binding->contact,
        .from_uri = buf_slice(&from),
        .from_name = slice_of(call_from_name(call)),
        .contact_user = slice_of(call_from(call)[0] ? call_from(call) : "anonymous"),
        .hops = &hop,
        .n_hops = 1,
        .party = slice_of(user),
        .peer = peer,
        .codecs = registrar->env->sip_codecs,
        .routes = binding->path,
        .n_routes = binding->n_paths,
    };
    call_add_leg(call, leg_sip_create_outgoing(registrar->env, &target));
}

void registrar_dial(void *owner, struct call *call, const struct route_target *target,
                    struct cause *why)
{
    struct registrar *registrar = owner;
    size_t cursor = 0, n = 0;
    const struct sip_binding *binding;
    while ((binding = sip_registrar_next(registrar->rules, &cursor)) && n < REGISTRAR_CONTACTS_MAX)
        if (slice_is(slice_of(owner_of(registrar, binding)), target->name)) {
            ring_contact(registrar, call, binding, target->name);
            n++;
        }
    if (!n && !registrar_has_user(registrar, slice_of(target->name)))
        *why = cause_of_status(404, CAUSE_BY_SYSTEM, "There is no user of that name.");
}

void registrar_add_registrations(const struct registrar *registrar, json_t *rows)
{
    size_t cursor = 0;
    const struct sip_binding *binding;
    int64_t now_ms = loop_wall_ms(registrar->env->loop);
    while ((binding = sip_registrar_next(registrar->rules, &cursor))) {
        char from[ADDR_TEXT];
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s%, s:s, s:I, s:s, s:i, s:s%, s:s, s:s%}", "kind",
                            "phone", "user", owner_of(registrar, binding), "trunk", "", "contact",
                            binding->contact.ptr, binding->contact.len, "transport",
                            sip_kind_name(binding->flow.kind), "expires_s",
                            (json_int_t)((binding->expires_wall_ms - now_ms) / 1000), "state",
                            "registered", "last_status", 200, "aor", binding->aor.ptr,
                            binding->aor.len, "from", addr_print(&binding->flow.remote, from),
                            "user_agent", binding->user_agent.ptr ? binding->user_agent.ptr : "",
                            binding->user_agent.len));
    }
}

void registrar_flow_closed(struct registrar *registrar, const struct sip_flow *flow)
{
    sip_registrar_flow_closed(registrar->rules, flow);
}

static bool is_of(const struct sip_binding *binding, struct slice sip_username)
{
    struct slice rest = binding->aor;
    return slice_eq(slice_cut(&rest, '@'), sip_username);
}

bool registrar_find_flow(const struct registrar *registrar, struct slice sip_username,
                         struct slice contact, struct sip_flow *out)
{
    struct sip_uri uri;
    size_t cursor = 0;
    const struct sip_binding *binding, *found = NULL;
    if (sip_uri_parse(contact, &uri))
        return false;
    if (!sip_registrar_find_gruu(registrar->rules, &uri, &found, 1))
        while (!found && (binding = sip_registrar_next(registrar->rules, &cursor)))
            if (is_of(binding, sip_username) && slice_eq(binding->contact, contact))
                found = binding;
    if (!found || !is_of(found, sip_username))
        return false;
    *out = found->flow;
    return true;
}
