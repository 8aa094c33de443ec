#include "sip_auth.h"

#include <inttypes.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "sip_ban.h"
#include "sip_msg.h"
#include "sip_rate.h"

struct sip_auth {
    struct loop *loop;
    struct sip_nonces *nonces;
    char *realm;
    enum sip_digest_policy policy;
    bool proxy;
    sip_auth_lookup_fn lookup;
    sip_auth_bearer_fn bearer; /* NULL: no tokens */
    sip_auth_vouch_fn vouch;   /* NULL: credentials are enough */
    char *authz_server;
    struct sip_ban *ban;   /* NULL: none */
    struct sip_rate *rate; /* NULL: none */
    void *owner;
    struct list lookups; /* under way */
    size_t n_lookups;
};

struct sip_auth_lookup {
    struct list link;
    struct sip_auth *auth; /* NULL: nobody waits any more */
    struct sip_msg *request;
    struct sip_credentials credentials; /* slices of the request */
    bool is_bearer;
    char *proved; /* the user, while somebody is asked to vouch for the rest */
    enum sip_kind kind;
    struct addr remote;
    sip_auth_fn fn;
    void *owner;
    struct timer timer;
};

struct sip_auth *sip_auth_create(struct loop *loop, const struct sip_auth_config *config,
                                 sip_auth_lookup_fn lookup, void *owner)
{
    struct sip_auth *auth = mem_new(struct sip_auth);
    auth->loop = loop;
    auth->nonces = sip_nonces_create();
    auth->realm = slice_dup(config->realm);
    auth->policy = config->policy;
    auth->proxy = config->proxy;
    auth->lookup = lookup;
    auth->bearer = config->bearer;
    auth->authz_server = slice_dup(config->authz_server);
    auth->ban = config->ban;
    auth->rate = config->rate;
    auth->owner = owner;
    list_init(&auth->lookups);
    return auth;
}

void sip_auth_set_bearer(struct sip_auth *auth, sip_auth_bearer_fn bearer,
                         struct slice authz_server)
{
    auth->bearer = bearer;
    mem_free(auth->authz_server);
    auth->authz_server = slice_dup(authz_server);
}

/* The check is over; the store may still hold the pointer and give it back later. */
static void let_go(struct sip_auth_lookup *lookup)
{
    struct sip_auth *auth = lookup->auth;
    loop_timer_stop(auth->loop, &lookup->timer);
    list_remove(&lookup->link);
    auth->n_lookups--;
    sip_msg_unref(lookup->request);
    mem_free(lookup->proved);
    lookup->request = NULL;
    lookup->proved = NULL;
    lookup->auth = NULL;
}

void sip_auth_destroy(struct sip_auth *auth)
{
    if (!auth)
        return;
    LIST_EACH(link, &auth->lookups)
    let_go(LIST_ITEM(link, struct sip_auth_lookup, link));
    sip_nonces_destroy(auth->nonces);
    mem_free(auth->realm);
    mem_free(auth->authz_server);
    mem_free(auth);
}

void sip_auth_cancel(struct sip_auth *auth, void *owner)
{
    LIST_EACH(link, &auth->lookups)
    {
        struct sip_auth_lookup *lookup = LIST_ITEM(link, struct sip_auth_lookup, link);
        if (lookup->owner == owner)
            let_go(lookup);
    }
}

static enum sip_header_id credentials_id(const struct sip_auth *auth)
{
    return auth->proxy ? SIP_H_PROXY_AUTHORIZATION : SIP_H_AUTHORIZATION;
}

static struct sip_challenge_config terms(const struct sip_auth *auth, enum sip_kind kind)
{
    return (struct sip_challenge_config){ .realm = slice_of(auth->realm),
                                          .policy = auth->policy,
                                          .websocket = kind == SIP_WS || kind == SIP_WSS };
}

/* What is wrong with the credentials that came, if any. */
enum refusal { NONE_CAME, STALE, WRONG, WRONG_TOKEN };

/* RFC 8898 §4 */
static void write_bearer(const struct sip_auth *auth, enum refusal refusal, struct sip_build *b)
{
    char text[1024];
    struct buf value = BUF_ON(text);
    buf_text(&value, "Bearer realm=");
    sip_print_quoted(&value, slice_of(auth->realm));
    if (auth->authz_server[0]) {
        buf_text(&value, ", authz_server=");
        sip_print_quoted(&value, slice_of(auth->authz_server));
    }
    if (refusal == WRONG_TOKEN)
        buf_text(&value, ", error=\"invalid_token\"");
    if (!value.overflow)
        sip_build_header(b, auth->proxy ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE,
                         buf_slice(&value));
}

/* The challenge headers as fields; sip_nonces writes them as lines of a message. Clients on
 * WebSockets keep the last line only: that one is a digest. Others are not offered tokens: they
 * have none, and baresip takes a 401 with any other line than a digest by MD5 for a bad message. */
static size_t challenge_fields(struct sip_auth *auth, enum sip_kind kind, enum refusal refusal,
                               struct buf *out, struct sip_field *fields)
{
    struct sip_challenge_config config = terms(auth, kind);
    struct sip_build b = { .out = out };
    size_t n = 0;
    config.stale = refusal == STALE;
    if (auth->bearer && config.websocket)
        write_bearer(auth, refusal, &b);
    sip_nonces_challenge(auth->nonces, &b,
                         auth->proxy ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE, &config,
                         loop_now_ms(auth->loop));
    struct slice rest = buf_slice(out);
    while (rest.len && n < SIP_AUTH_CHALLENGES_MAX) {
        struct slice line = slice_line(&rest);
        fields[n].name = slice_cut(&line, ':');
        fields[n++].value = slice_trim(line);
    }
    return n;
}

static void say_challenge(struct sip_auth *auth, enum sip_kind kind, enum refusal refusal,
                          const struct sip_credentials *claimed, sip_auth_fn fn, void *owner)
{
    char text[3072];
    struct buf out = BUF_ON(text);
    struct sip_field fields[SIP_AUTH_CHALLENGES_MAX];
    struct sip_auth_result result = { .verdict = SIP_AUTH_CHALLENGE,
                                      .status = auth->proxy ? 407 : 401,
                                      .fields = fields,
                                      .wrong = refusal == WRONG || refusal == WRONG_TOKEN };
    result.n_fields = challenge_fields(auth, kind, refusal, &out, fields);
    if (claimed) {
        result.user = claimed->username;
        result.realm = claimed->realm;
    }
    fn(owner, &result);
}

static void say_forbidden(sip_auth_fn fn, void *owner)
{
    struct sip_auth_result result = { .verdict = SIP_AUTH_REFUSED, .status = 403 };
    fn(owner, &result);
}

static void say_refused(int64_t for_ms, sip_auth_fn fn, void *owner)
{
    char seconds[24];
    struct buf text = BUF_ON(seconds);
    buf_printf(&text, "%" PRId64, (for_ms + 999) / 1000);
    struct sip_field retry = { SLICE("Retry-After"), buf_slice(&text) };
    struct sip_auth_result result = {
        .verdict = SIP_AUTH_REFUSED, .status = 503, .fields = &retry, .n_fields = for_ms > 0
    };
    fn(owner, &result);
}

static void on_timeout(void *arg)
{
    struct sip_auth_lookup *lookup = arg;
    sip_auth_fn fn = lookup->fn;
    void *owner = lookup->owner;
    let_go(lookup);
    say_refused(0, fn, owner);
}

static enum sip_verdict verify(struct sip_auth *auth, const struct sip_msg *request,
                               enum sip_kind kind, const struct sip_credentials *credentials,
                               const struct sip_digest_key *key)
{
    struct sip_challenge_config config = terms(auth, kind);
    return sip_nonces_verify(auth->nonces, credentials, &config, key, sip_msg_method_text(request),
                             sip_msg_body(request), loop_now_ms(auth->loop));
}

static struct sip_auth_lookup *ask(struct sip_auth *auth, struct sip_msg *request,
                                   const struct sip_flow *flow, sip_auth_fn fn, void *owner)
{
    if (auth->n_lookups == SIP_AUTH_LOOKUPS_MAX) {
        say_refused(0, fn, owner);
        return NULL;
    }
    struct sip_auth_lookup *lookup = mem_new(struct sip_auth_lookup);
    lookup->auth = auth;
    lookup->request = sip_msg_ref(request);
    lookup->kind = flow->kind;
    lookup->remote = flow->remote;
    lookup->fn = fn;
    lookup->owner = owner;
    list_append(&auth->lookups, &lookup->link);
    auth->n_lookups++;
    loop_timer_start(auth->loop, &lookup->timer, SIP_AUTH_TIMEOUT_MS, on_timeout, lookup);
    return lookup;
}

/* Web phones put their token into Authorization whatever the request, so both headers count. */
static bool find_token(const struct sip_auth *auth, const struct sip_msg *request,
                       struct slice *token)
{
    static const enum sip_header_id ids[] = { SIP_H_AUTHORIZATION, SIP_H_PROXY_AUTHORIZATION };
    for (size_t k = 0; auth->bearer && k < COUNT_OF(ids); k++)
        for (size_t i = 0; i < sip_msg_count(request, ids[k]); i++) {
            struct slice rest = sip_msg_header_nth(request, ids[k], i)->value;
            struct slice scheme = slice_word(&rest);
            *token = slice_trim(rest);
            if (slice_iis(scheme, "Bearer") && token->len)
                return true;
        }
    return false;
}

static bool has_digest(const struct sip_auth *auth, const struct sip_msg *request)
{
    struct sip_credentials credentials;
    return !sip_credentials_find(request, credentials_id(auth), slice_of(auth->realm),
                                 &credentials);
}

static void check_digest(struct sip_auth *auth, struct sip_msg *request,
                         const struct sip_flow *flow, sip_auth_fn fn, void *owner)
{
    static const struct sip_digest_key no_key;
    struct sip_credentials credentials;
    if (sip_credentials_find(request, credentials_id(auth), slice_of(auth->realm), &credentials)) {
        say_challenge(auth, flow->kind, NONE_CAME, NULL, fn, owner);
        return;
    }
    /* a nonce that was never ours is not worth a question to the store; a phone that registered
     * before our start has one, and needs `stale` to try again instead of asking its user */
    if (verify(auth, request, flow->kind, &credentials, &no_key) == SIP_VERDICT_FOREIGN) {
        say_challenge(auth, flow->kind, STALE, &credentials, fn, owner);
        return;
    }
    struct sip_auth_lookup *lookup = ask(auth, request, flow, fn, owner);
    if (!lookup)
        return;
    lookup->credentials = credentials;
    auth->lookup(auth->owner, credentials.username, credentials.realm, lookup);
}

void sip_auth_check(struct sip_auth *auth, struct sip_msg *request, const struct sip_flow *flow,
                    sip_auth_fn fn, void *owner)
{
    struct slice token;
    int64_t banned_ms = auth->ban ? sip_ban_left_ms(auth->ban, &flow->remote) : 0;
    if (banned_ms) {
        say_refused(banned_ms, fn, owner);
        return;
    }
    /* a web phone adds its token to every request and its password when the token was refused: a
     * token that expired must not hide the password */
    if (has_digest(auth, request) || !find_token(auth, request, &token)) {
        check_digest(auth, request, flow, fn, owner);
        return;
    }
    struct sip_auth_lookup *lookup = ask(auth, request, flow, fn, owner);
    if (!lookup)
        return;
    lookup->is_bearer = true;
    auth->bearer(auth->owner, token, lookup);
}

static void count(struct sip_auth *auth, const struct addr *remote, bool right)
{
    char from[ADDR_TEXT];
    if (auth->rate && right)
        sip_rate_prove(auth->rate, remote);
    if (auth->ban && right)
        sip_ban_forgive(auth->ban, remote);
    else if (auth->ban && sip_ban_fail(auth->ban, remote))
        log_warn(NULL, "sip source banned from=%s cause=wrong_passwords",
                 addr_print_ip(remote, from));
}

static struct sip_digest_key key_of(const struct sip_credentials *credentials,
                                    const struct sip_auth_key *known)
{
    struct sip_digest_key key = { 0 };
    bool is_md5 = slice_empty(credentials->algorithm) || slice_iis(credentials->algorithm, "MD5");
    const struct secret *ha1 = !known ? NULL : is_md5 ? known->ha1_md5 : known->ha1_sha256;
    if (known && known->password)
        key.password = secret_reveal(known->password);
    else if (ha1)
        key.ha1 = secret_reveal(ha1);
    return key;
}

static void say_proved(const struct sip_auth *auth, struct slice user, sip_auth_fn fn, void *owner)
{
    struct sip_auth_result result = { .verdict = SIP_AUTH_PROVED,
                                      .user = user,
                                      .realm = slice_of(auth->realm) };
    fn(owner, &result);
}

/* The credentials were right; more may be asked. */
static void take_right(struct sip_auth *auth, const struct sip_auth_lookup *lookup,
                       struct sip_msg *request, struct slice user)
{
    struct sip_flow flow = { .kind = lookup->kind, .remote = lookup->remote };
    struct sip_auth_lookup *question =
        auth->vouch ? ask(auth, request, &flow, lookup->fn, lookup->owner) : NULL;
    if (question) {
        question->proved = slice_dup(user);
        auth->vouch(auth->owner, slice_of(question->proved), request, question);
    } else if (!auth->vouch) {
        say_proved(auth, user, lookup->fn, lookup->owner);
    }
}

/* `lookup` was let go; its request is held by the caller. */
static void conclude(struct sip_auth *auth, struct sip_auth_lookup *lookup, struct sip_msg *request,
                     enum sip_verdict verdict, struct slice user)
{
    bool stale = verdict == SIP_VERDICT_STALE || verdict == SIP_VERDICT_REPLAY;
    if (!stale && verdict != SIP_VERDICT_FOREIGN)
        count(auth, &lookup->remote, verdict == SIP_VERDICT_OK);
    if (verdict == SIP_VERDICT_OK) {
        take_right(auth, lookup, request, user);
        return;
    }
    enum refusal refusal = stale                          ? STALE
                           : lookup->is_bearer            ? WRONG_TOKEN
                           : verdict == SIP_VERDICT_WRONG ? WRONG
                                                          : NONE_CAME;
    say_challenge(auth, lookup->kind, refusal, lookup->is_bearer ? NULL : &lookup->credentials,
                  lookup->fn, lookup->owner);
}

void sip_auth_found(struct sip_auth_lookup *lookup, const struct sip_auth_key *known)
{
    struct sip_auth *auth = lookup->auth;
    BUG_IF(lookup->is_bearer);
    if (!auth) {
        mem_free(lookup);
        return;
    }
    struct sip_digest_key key = key_of(&lookup->credentials, known);
    enum sip_verdict verdict =
        verify(auth, lookup->request, lookup->kind, &lookup->credentials, &key);
    struct sip_msg *request = sip_msg_ref(lookup->request); /* the credentials point into it */
    let_go(lookup);
    conclude(auth, lookup, request, verdict, lookup->credentials.username);
    sip_msg_unref(request);
    mem_free(lookup);
}

void sip_auth_bearer_found(struct sip_auth_lookup *lookup, struct slice user)
{
    struct sip_auth *auth = lookup->auth;
    BUG_IF(!lookup->is_bearer);
    if (!auth) {
        mem_free(lookup);
        return;
    }
    struct sip_msg *request = sip_msg_ref(lookup->request);
    let_go(lookup);
    conclude(auth, lookup, request, user.len ? SIP_VERDICT_OK : SIP_VERDICT_WRONG, user);
    sip_msg_unref(request);
    mem_free(lookup);
}

void sip_auth_set_vouch(struct sip_auth *auth, sip_auth_vouch_fn vouch)
{
    auth->vouch = vouch;
}

void sip_auth_vouched(struct sip_auth_lookup *lookup, bool fits)
{
    struct sip_auth *auth = lookup->auth;
    BUG_IF(auth && !lookup->proved);
    if (!auth) {
        mem_free(lookup);
        return;
    }
    char *user = slice_dup(slice_of(lookup->proved));
    sip_auth_fn fn = lookup->fn;
    void *owner = lookup->owner;
    let_go(lookup);
    mem_free(lookup);
    if (fits)
        say_proved(auth, slice_of(user), fn, owner);
    else
        say_forbidden(fn, owner);
    mem_free(user);
}
