#include "sip_auth.h"

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "sip_msg.h"

struct sip_auth {
    struct loop *loop;
    struct sip_nonces *nonces;
    char *realm;
    enum sip_digest_policy policy;
    bool proxy;
    sip_auth_lookup_fn lookup;
    void *owner;
    struct list lookups; /* under way */
    size_t n_lookups;
};

struct sip_auth_lookup {
    struct list link;
    struct sip_auth *auth; /* NULL: nobody waits any more */
    struct sip_msg *request;
    struct sip_credentials credentials; /* slices of the request */
    enum sip_kind kind;
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
    auth->owner = owner;
    list_init(&auth->lookups);
    return auth;
}

/* The check is over; the store may still hold the pointer and give it back later. */
static void let_go(struct sip_auth_lookup *lookup)
{
    struct sip_auth *auth = lookup->auth;
    loop_timer_stop(auth->loop, &lookup->timer);
    list_remove(&lookup->link);
    auth->n_lookups--;
    sip_msg_unref(lookup->request);
    lookup->request = NULL;
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

/* The challenge headers as fields; sip_nonces writes them as lines of a message. */
static size_t challenge_fields(struct sip_auth *auth, enum sip_kind kind, bool stale,
                               struct buf *out, struct sip_field *fields)
{
    struct sip_challenge_config config = terms(auth, kind);
    struct sip_build b = { .out = out };
    size_t n = 0;
    config.stale = stale;
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

static void say_challenge(struct sip_auth *auth, enum sip_kind kind, bool stale,
                          const struct sip_credentials *claimed, bool wrong, sip_auth_fn fn,
                          void *owner)
{
    char text[2048];
    struct buf out = BUF_ON(text);
    struct sip_field fields[SIP_AUTH_CHALLENGES_MAX];
    struct sip_auth_result result = { .verdict = SIP_AUTH_CHALLENGE,
                                      .status = auth->proxy ? 407 : 401,
                                      .fields = fields,
                                      .wrong = wrong };
    result.n_fields = challenge_fields(auth, kind, stale, &out, fields);
    if (claimed) {
        result.user = claimed->username;
        result.realm = claimed->realm;
    }
    fn(owner, &result);
}

static void say_refused(sip_auth_fn fn, void *owner)
{
    struct sip_auth_result result = { .verdict = SIP_AUTH_REFUSED, .status = 503 };
    fn(owner, &result);
}

static void on_timeout(void *arg)
{
    struct sip_auth_lookup *lookup = arg;
    sip_auth_fn fn = lookup->fn;
    void *owner = lookup->owner;
    let_go(lookup);
    say_refused(fn, owner);
}

static enum sip_verdict verify(struct sip_auth *auth, const struct sip_msg *request,
                               enum sip_kind kind, const struct sip_credentials *credentials,
                               const struct sip_digest_key *key)
{
    struct sip_challenge_config config = terms(auth, kind);
    return sip_nonces_verify(auth->nonces, credentials, &config, key, sip_msg_method_text(request),
                             sip_msg_body(request), loop_now_ms(auth->loop));
}

void sip_auth_check(struct sip_auth *auth, struct sip_msg *request, const struct sip_flow *flow,
                    sip_auth_fn fn, void *owner)
{
    static const struct sip_digest_key no_key;
    struct sip_credentials credentials;
    if (sip_credentials_find(request, credentials_id(auth), slice_of(auth->realm), &credentials)) {
        say_challenge(auth, flow->kind, false, NULL, false, fn, owner);
        return;
    }
    /* a nonce that was never ours is not worth a question to the store; a phone that registered
     * before our start has one, and needs `stale` to try again instead of asking its user */
    if (verify(auth, request, flow->kind, &credentials, &no_key) == SIP_VERDICT_FOREIGN) {
        say_challenge(auth, flow->kind, true, &credentials, false, fn, owner);
        return;
    }
    if (auth->n_lookups == SIP_AUTH_LOOKUPS_MAX) {
        say_refused(fn, owner);
        return;
    }
    struct sip_auth_lookup *lookup = mem_new(struct sip_auth_lookup);
    lookup->auth = auth;
    lookup->request = sip_msg_ref(request);
    lookup->credentials = credentials;
    lookup->kind = flow->kind;
    lookup->fn = fn;
    lookup->owner = owner;
    list_append(&auth->lookups, &lookup->link);
    auth->n_lookups++;
    loop_timer_start(auth->loop, &lookup->timer, SIP_AUTH_TIMEOUT_MS, on_timeout, lookup);
    auth->lookup(auth->owner, credentials.username, credentials.realm, lookup);
}

static struct sip_digest_key key_of(const struct sip_credentials *credentials,
                                    const struct secret *password, bool is_ha1)
{
    struct sip_digest_key key = { 0 };
    if (!password)
        return key;
    bool is_md5 = slice_empty(credentials->algorithm) || slice_iis(credentials->algorithm, "MD5");
    if (!is_ha1)
        key.password = secret_reveal(password);
    else if (is_md5)
        key.ha1 = secret_reveal(password);
    return key;
}

void sip_auth_found(struct sip_auth_lookup *lookup, const struct secret *password, bool is_ha1)
{
    struct sip_auth *auth = lookup->auth;
    if (!auth) {
        mem_free(lookup);
        return;
    }
    struct sip_digest_key key = key_of(&lookup->credentials, password, is_ha1);
    enum sip_verdict verdict =
        verify(auth, lookup->request, lookup->kind, &lookup->credentials, &key);
    struct sip_msg *request = sip_msg_ref(lookup->request); /* the credentials point into it */
    let_go(lookup);
    if (verdict == SIP_VERDICT_OK) {
        struct sip_auth_result result = { .verdict = SIP_AUTH_PROVED,
                                          .user = lookup->credentials.username,
                                          .realm = lookup->credentials.realm };
        lookup->fn(lookup->owner, &result);
    } else {
        bool stale = verdict == SIP_VERDICT_STALE || verdict == SIP_VERDICT_REPLAY;
        say_challenge(auth, lookup->kind, stale, &lookup->credentials, verdict == SIP_VERDICT_WRONG,
                      lookup->fn, lookup->owner);
    }
    sip_msg_unref(request);
    mem_free(lookup);
}
