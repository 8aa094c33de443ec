#include "legs/web_accounts.h"

#include "base/jwt.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/seal.h"
#include "legs/registrar.h"
#include "sip/sip_auth.h"
#include "sip/sip_msg.h"
#include "store/store_accounts.h"
#include "store/token.h"

enum { VALUE_MAX = 1024 };

struct web_accounts {
    const struct leg_env *env;
    struct registrar *registrar;
    struct list questions;
};

/* One question to the store, on behalf of one of the registrar's. */
struct question {
    struct list link;
    struct web_accounts *accounts;
    struct sip_auth_lookup *lookup;
    bool is_token;
    int64_t rotated_ms;     /* the password that a token was issued with is that old */
    char device[VALUE_MAX]; /* that it names */
    char user[VALUE_MAX];   /* name of the user who proved himself */
    char uid[VALUE_MAX];    /* X-Siperb-Uid, or "" */
};

static struct question *ask(struct web_accounts *accounts, struct sip_auth_lookup *lookup)
{
    struct question *question = mem_new(struct question);
    question->accounts = accounts;
    question->lookup = lookup;
    list_append(&accounts->questions, &question->link);
    return question;
}

static void forget(struct question *question)
{
    list_remove(&question->link);
    mem_free(question);
}

static size_t find_key(const void *owner, struct slice key_id, uint8_t key[JWT_KEY_MAX])
{
    const struct seal *seal = owner;
    for (size_t i = 0; i < seal_keys(seal); i++)
        if (slice_is(key_id, seal_key_id(seal, i))) {
            seal_derive(seal, i, SLICE(WEB_ACCOUNTS_KEY), key);
            return SEAL_KEY_LEN;
        }
    return 0;
}

/* A token ends early when its device is disabled, removed, or got a new password. */
static bool is_good(const struct question *question, const struct store_answer *answer)
{
    if (answer->err || !answer->n)
        return false;
    const struct store_device *device = STORE_ROWS(answer, store_device);
    return strcmp(device->id, question->device) == 0 && !device->disabled_ms &&
           device->rotated_ms == question->rotated_ms;
}

static void on_device(void *owner, const struct store_answer *answer)
{
    struct question *question = owner;
    struct registrar *registrar = question->accounts->registrar;
    struct sip_auth_lookup *lookup = question->lookup;
    const struct store_device *device =
        is_good(question, answer) ? STORE_ROWS(answer, store_device) : NULL;
    forget(question);
    if (device)
        registrar_token_found(registrar, lookup, slice_of(device->sip_username),
                              slice_of(device->user_name));
    else
        registrar_token_found(registrar, lookup, SLICE_NONE, SLICE_NONE);
}

static void find_token(void *owner, struct slice token, struct sip_auth_lookup *lookup)
{
    struct web_accounts *accounts = owner;
    const struct leg_env *env = accounts->env;
    struct jwt_check check = { .algorithm = JWT_HS256,
                               .find_key = find_key,
                               .owner = env->seal,
                               .now_s = loop_wall_ms(env->loop) / 1000,
                               .issuer = WEB_ACCOUNTS_ISSUER };
    json_t *claims = NULL;
    const char *name = NULL, *device = NULL;
    if (!jwt_parse(&claims, token, &check)) {
        name = json_string_value(json_object_get(claims, "sub"));
        device = json_string_value(json_object_get(claims, "dev"));
    }
    if (name && device) {
        struct question *question = ask(accounts, lookup);
        question->is_token = true;
        question->rotated_ms = json_integer_value(json_object_get(claims, "rot"));
        snprintf(question->device, sizeof question->device, "%s", device);
        store_device_find_sip(env->store, name, (struct store_reply){ on_device, question });
    } else {
        registrar_token_found(accounts->registrar, lookup, SLICE_NONE, SLICE_NONE);
    }
    json_decref(claims);
}

#define SID "X-Siperb-Sid"
#define UID "X-Siperb-Uid"

bool web_accounts_is_own(struct slice header_name)
{
    return slice_istarts(header_name, SLICE("X-Siperb-"));
}

/* The whole value: a session token is opaque, a comma in it separates nothing. */
static struct slice header_of(const struct sip_msg *request, const char *name)
{
    for (size_t i = 0; i < sip_msg_total(request); i++) {
        const struct sip_header *header = sip_msg_header_at(request, i);
        if (slice_iis(header->name, name))
            return slice_trim(header->value);
    }
    return SLICE_NONE;
}

static void conclude(struct question *question, bool fits)
{
    struct sip_auth_lookup *lookup = question->lookup;
    forget(question);
    sip_auth_vouched(lookup, fits);
}

static bool is_uid(const struct question *question, const char *id)
{
    return !question->uid[0] || strcmp(question->uid, id) == 0;
}

static void on_session(void *owner, const struct store_answer *answer)
{
    struct question *question = owner;
    const struct store_session *session =
        answer->err || !answer->n ? NULL : STORE_ROWS(answer, store_session);
    conclude(question, session && strcmp(session->user_name, question->user) == 0 &&
                           is_uid(question, session->user_id));
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct question *question = owner;
    const struct store_user *user =
        answer->err || !answer->n ? NULL : STORE_ROWS(answer, store_user);
    conclude(question, user && is_uid(question, user->id));
}

/* Who names a session must be its user; who names none is known by his credentials. */
static void vouch(void *owner, struct slice sip_username, const struct sip_msg *request,
                  struct sip_auth_lookup *lookup)
{
    struct web_accounts *accounts = owner;
    struct store *store = accounts->env->store;
    char hash[TOKEN_HASH];
    struct slice sid = header_of(request, SID), uid = header_of(request, UID);
    if (!sid.ptr && !uid.ptr) {
        sip_auth_vouched(lookup, true);
        return;
    }
    struct question *question = ask(accounts, lookup);
    snprintf(question->user, sizeof question->user, "%s",
             registrar_user_of(accounts->registrar, sip_username));
    if ((uid.ptr && !uid.len) || !slice_copy(uid, question->uid, sizeof question->uid)) {
        conclude(question, false);
    } else if (!sid.ptr) {
        store_user_find(store, question->user, (struct store_reply){ on_user, question });
    } else {
        token_hash(sid, hash);
        store_session_check(store, hash, loop_wall_ms(accounts->env->loop),
                            (struct store_reply){ on_session, question });
    }
}

struct web_accounts *web_accounts_create(const struct leg_env *env, struct registrar *registrar)
{
    struct web_accounts *accounts = mem_new(struct web_accounts);
    struct registrar_tokens tokens = { .find = find_token, .vouch = vouch, .owner = accounts };
    accounts->env = env;
    accounts->registrar = registrar;
    list_init(&accounts->questions);
    registrar_set_tokens(registrar, &tokens);
    return accounts;
}

void web_accounts_destroy(struct web_accounts *accounts)
{
    if (!accounts)
        return;
    registrar_set_tokens(accounts->registrar, NULL);
    LIST_EACH(link, &accounts->questions)
    {
        struct question *question = LIST_ITEM(link, struct question, link);
        struct sip_auth_lookup *lookup = question->lookup;
        bool is_token = question->is_token;
        store_forget(accounts->env->store, question);
        forget(question);
        if (is_token)
            registrar_token_found(accounts->registrar, lookup, SLICE_NONE, SLICE_NONE);
        else
            sip_auth_vouched(lookup, false);
    }
    mem_free(accounts);
}
