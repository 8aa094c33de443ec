/* Who may log in with what, and whose phone it is: accounts of tandem.yaml and devices of the
 * store, tokens, and the addresses that guessed. */
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/leg_users.h"
#include "legs/registrar_priv.h"
#include "sip/sip_agent.h"
#include "sip/sip_auth.h"
#include "sip/sip_ban.h"
#include "sip/sip_rate.h"
#include "store/store_rows.h"

enum { BANS_LISTED_MAX = 1000 };

/* One question to the store: whose password is it? */
struct lookup {
    struct list link;
    struct registrar *registrar;
    struct sip_auth_lookup *question;
    char *sip_user;
};

struct account {
    bool is_pbx;
    char user[]; /* whom it belongs to */
};

static void learn_owner(struct registrar *registrar, struct slice sip_user, struct slice user,
                        bool is_pbx)
{
    struct account *account = mem_alloc(sizeof *account + user.len + 1);
    account->is_pbx = is_pbx;
    memcpy(account->user, user.ptr, user.len);
    mem_free(map_put(registrar->owners, sip_user, account));
}

/* Both kinds of accounts take the same way through the store, and so does a name that nobody has:
 * how long the answer takes tells a stranger nothing. */
static void on_device(void *owner, const struct store_answer *answer)
{
    struct lookup *lookup = owner;
    struct registrar *registrar = lookup->registrar;
    struct secret md5 = { 0 }, sha256 = { 0 };
    struct sip_auth_key key = { .ha1_md5 = &md5, .ha1_sha256 = &sha256 };
    const struct config_user *known =
        config_user_find(registrar->env->config, slice_of(lookup->sip_user));
    const struct store_device *device =
        answer->err || !answer->n ? NULL : STORE_ROWS(answer, store_device);
    bool found = known || (device && !device->disabled_ms);
    if (known) {
        key.password = &known->password;
        registrar_learn_config_user(registrar, slice_of(known->name));
    } else if (found) {
        secret_set(&md5, slice_of(device->ha1_md5));
        secret_set(&sha256, slice_of(device->ha1_sha256));
        registrar_learn_device(registrar, device);
    }
    list_remove(&lookup->link);
    sip_auth_found(lookup->question, found ? &key : NULL);
    secret_clear(&md5);
    secret_clear(&sha256);
    mem_free(lookup->sip_user);
    mem_free(lookup);
}

static void find_password(void *owner, struct slice user, struct slice realm,
                          struct sip_auth_lookup *question)
{
    struct registrar *registrar = owner;
    (void)realm;
    struct lookup *lookup = mem_new(struct lookup);
    lookup->registrar = registrar;
    lookup->question = question;
    lookup->sip_user = slice_dup(user);
    list_append(&registrar->lookups, &lookup->link);
    store_device_find_sip(registrar->env->store, lookup->sip_user,
                          (struct store_reply){ on_device, lookup });
}

static void find_token(void *owner, struct slice token, struct sip_auth_lookup *lookup)
{
    struct registrar *registrar = owner;
    registrar->tokens.find(registrar->tokens.owner, token, lookup);
}

static void vouch(void *owner, struct slice user, const struct sip_msg *request,
                  struct sip_auth_lookup *lookup)
{
    struct registrar *registrar = owner;
    registrar->tokens.vouch(registrar->tokens.owner, user, request, lookup);
}

void registrar_set_tokens(struct registrar *registrar, const struct registrar_tokens *tokens)
{
    struct sip_auth *const auths[] = { registrar->auth, registrar->invite_auth };
    registrar->tokens = tokens ? *tokens : (struct registrar_tokens){ 0 };
    for (size_t i = 0; i < COUNT_OF(auths); i++) {
        sip_auth_set_bearer(auths[i], tokens ? find_token : NULL, registrar->tokens.authz_server);
        sip_auth_set_vouch(auths[i], registrar->tokens.vouch ? vouch : NULL);
    }
    registrar->tokens.authz_server = SLICE_NONE; /* theirs was borrowed */
}

void registrar_token_found(struct registrar *registrar, struct sip_auth_lookup *lookup,
                           struct slice sip_username, struct slice user)
{
    if (sip_username.len)
        learn_owner(registrar, sip_username, user, false);
    sip_auth_bearer_found(lookup, sip_username);
}

struct sip_auth *registrar_auth(struct registrar *registrar)
{
    return registrar->auth;
}

struct sip_auth *registrar_invite_auth(struct registrar *registrar)
{
    return registrar->invite_auth;
}

const char *registrar_user_of(const struct registrar *registrar, struct slice sip_username)
{
    const struct account *account = map_find(registrar->owners, sip_username);
    return account ? account->user : "";
}

static void free_values(struct map *map)
{
    size_t cursor = 0;
    void *value;
    while (map_next(map, &cursor, NULL, &value))
        mem_free(value);
    map_destroy(map);
}

static const struct sip_binding *find_orphan(const struct registrar *registrar,
                                             const struct map *known)
{
    size_t cursor = 0;
    const struct sip_binding *binding;
    while ((binding = sip_registrar_next(registrar->rules, &cursor))) {
        struct slice rest = binding->aor;
        struct slice sip_user = slice_cut(&rest, '@');
        if (!map_find(known, sip_user) && !config_user_find(registrar->env->config, sip_user))
            return binding;
    }
    return NULL;
}

/* A phone whose account is gone, or was disabled, is not called any more. */
static void on_devices(void *owner, const struct store_answer *answer)
{
    struct registrar *registrar = owner;
    const struct store_device *rows = STORE_ROWS(answer, store_device);
    const struct sip_binding *orphan;
    if (answer->err || answer->n == STORE_MAX_ROWS) /* not all of them */
        return;
    struct map *known = map_create();
    for (size_t i = 0; i < answer->n; i++)
        if (!rows[i].disabled_ms)
            map_put(known, slice_of(rows[i].sip_username), registrar);
    while ((orphan = find_orphan(registrar, known))) {
        char *aor = slice_dup(orphan->aor); /* theirs goes with the binding */
        sip_registrar_remove(registrar->rules, slice_of(aor), SLICE_NONE);
        mem_free(aor);
    }
    map_destroy(known);
}

void registrar_reload_users(struct registrar *registrar)
{
    store_device_list(registrar->env->store, NULL, (struct store_reply){ on_devices, registrar });
    leg_users_reload(registrar->env->users);
}

bool registrar_has_user(void *owner, struct slice name)
{
    struct registrar *registrar = owner;
    return leg_users_find(registrar->env->users, name) ||
           config_user_find(registrar->env->config, name);
}

bool registrar_is_of(const struct sip_binding *binding, struct slice sip_username)
{
    struct slice rest = binding->aor;
    return slice_eq(slice_cut(&rest, '@'), sip_username);
}

/* "alice@example.com" belongs to the user of the SIP account alice. */
const char *registrar_owner_of(const struct registrar *registrar, const struct sip_binding *binding)
{
    struct slice rest = binding->aor;
    return registrar_user_of(registrar, slice_cut(&rest, '@'));
}

void registrar_learn_device(struct registrar *registrar, const struct store_device *device)
{
    learn_owner(registrar, slice_of(device->sip_username), slice_of(device->user_name),
                strcmp(device->platform, "pbx") == 0);
}

void registrar_learn_config_user(struct registrar *registrar, struct slice name)
{
    const struct config_user *user = config_user_find(registrar->env->config, name);
    if (user)
        learn_owner(registrar, name, name, user->is_pbx);
}

bool registrar_is_pbx(const struct registrar *registrar, struct slice sip_username)
{
    const struct account *account = map_find(registrar->owners, sip_username);
    return account && account->is_pbx;
}

static enum sip_digest_policy policy_of(enum config_digest digest)
{
    static const enum sip_digest_policy policies[] = { SIP_DIGEST_BOTH, SIP_DIGEST_BOTH,
                                                       SIP_DIGEST_ONLY_SHA256,
                                                       SIP_DIGEST_ONLY_MD5 };
    return policies[digest];
}

void registrar_open_accounts(struct registrar *registrar)
{
    const struct leg_env *env = registrar->env;
    const struct config *config = env->config;
    struct sip_ban_config ban = { .failures = (unsigned)config->sip_ban_after,
                                  .ban_ms = (int64_t)config->sip_ban_s * 1000 };
    registrar->owners = map_create();
    list_init(&registrar->lookups);
    registrar->ban = ban.failures ? sip_ban_create(env->loop, &ban) : NULL;
    struct sip_auth_config auth = { .realm = slice_of(config->sip_realm),
                                    .policy = policy_of(config->sip_digest),
                                    .ban = registrar->ban,
                                    .rate = sip_agent_rate(env->agent) };
    registrar->auth = sip_auth_create(env->loop, &auth, find_password, registrar);
    auth.proxy = true;
    registrar->invite_auth = sip_auth_create(env->loop, &auth, find_password, registrar);
    registrar_reload_users(registrar);
}

void registrar_close_accounts(struct registrar *registrar)
{
    LIST_EACH(link, &registrar->lookups)
    {
        struct lookup *lookup = LIST_ITEM(link, struct lookup, link);
        store_forget(registrar->env->store, lookup);
        sip_auth_found(lookup->question, NULL);
        mem_free(lookup->sip_user);
        mem_free(lookup);
    }
    sip_auth_destroy(registrar->auth);
    sip_auth_destroy(registrar->invite_auth);
    sip_ban_destroy(registrar->ban);
    free_values(registrar->owners);
}

static void add_ban(json_t *rows, const struct addr *addr, const char *state, uint64_t failures,
                    int64_t left_ms)
{
    char address[ADDR_TEXT];
    json_array_append_new(rows,
                          json_pack("{s:s, s:s, s:I, s:I}", "address", addr_print_ip(addr, address),
                                    "state", state, "failures", (json_int_t)failures,
                                    "seconds_left", (json_int_t)((left_ms + 999) / 1000)));
}

static void add_banned(const struct registrar *registrar, json_t *rows)
{
    struct sip_ban_entry *list = mem_array(BANS_LISTED_MAX, sizeof *list);
    size_t n = registrar->ban ? sip_ban_list(registrar->ban, list, BANS_LISTED_MAX) : 0;
    for (size_t i = 0; i < n && i < BANS_LISTED_MAX; i++)
        add_ban(rows, &list[i].addr, list[i].banned_for_ms ? "banned" : "watched", list[i].failures,
                list[i].banned_for_ms);
    mem_free(list);
}

static void add_limited(const struct registrar *registrar, json_t *rows)
{
    const struct sip_rate *rate = sip_agent_rate(registrar->env->agent);
    struct sip_rate_entry *list = mem_array(BANS_LISTED_MAX, sizeof *list);
    size_t n = rate ? sip_rate_list(rate, list, BANS_LISTED_MAX) : 0;
    for (size_t i = 0; i < n && i < BANS_LISTED_MAX; i++)
        add_ban(rows, &list[i].addr, "limited", list[i].refused, list[i].shown_for_ms);
    mem_free(list);
}

json_t *registrar_bans(const struct registrar *registrar)
{
    json_t *rows = json_array();
    add_banned(registrar, rows);
    add_limited(registrar, rows);
    return rows;
}

size_t registrar_banned(const struct registrar *registrar)
{
    size_t banned = 0;
    json_t *rows = json_array();
    size_t i;
    const json_t *row;
    add_banned(registrar, rows);
    json_array_foreach(rows, i, row) banned +=
        json_integer_value(json_object_get(row, "seconds_left")) > 0;
    json_decref(rows);
    return banned;
}

bool registrar_lift_ban(struct registrar *registrar, const struct addr *addr)
{
    char from[ADDR_TEXT];
    struct sip_rate *rate = sip_agent_rate(registrar->env->agent);
    bool was_banned = registrar->ban && sip_ban_lift(registrar->ban, addr);
    bool was_limited = rate && sip_rate_lift(rate, addr);
    if (was_banned || was_limited)
        log_info(NULL, "sip source %s lifted from=%s", was_banned ? "ban" : "limit",
                 addr_print_ip(addr, from));
    return was_banned || was_limited;
}
