#include "sip_digest.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"

enum { CNONCE_LEN = 24, NC_TEXT = 9, CHALLENGE_TEXT_MAX = 1024 };

struct algorithm_row {
    const char *name;
    enum hash_kind hash;
    bool session; /* RFC 7616 §3.4.2: nonce and cnonce go into HA1 */
};
static const struct algorithm_row algorithms[] = {
    [SIP_DIGEST_MD5] = { "MD5", HASH_MD5, false },
    [SIP_DIGEST_MD5_SESS] = { "MD5-sess", HASH_MD5, true },
    [SIP_DIGEST_SHA256] = { "SHA-256", HASH_SHA256, false },
    [SIP_DIGEST_SHA256_SESS] = { "SHA-256-sess", HASH_SHA256, true },
    [SIP_DIGEST_SHA512_256] = { "SHA-512-256", HASH_SHA512_256, false },
    [SIP_DIGEST_SHA512_256_SESS] = { "SHA-512-256-sess", HASH_SHA512_256, true },
};
_Static_assert(COUNT_OF(algorithms) == SIP_DIGEST_ALGORITHM_COUNT, "a row for every algorithm");

static const char *const qops[] = {
    [SIP_QOP_NONE] = "", [SIP_QOP_AUTH] = "auth", [SIP_QOP_AUTH_INT] = "auth-int"
};

enum err sip_digest_algorithm_parse(struct slice text, enum sip_digest_algorithm *out)
{
    if (!text.len) {
        *out = SIP_DIGEST_MD5;
        return OK;
    }
    for (unsigned i = 0; i < COUNT_OF(algorithms); i++) {
        if (!slice_iis(text, algorithms[i].name))
            continue;
        *out = (enum sip_digest_algorithm)i;
        return OK;
    }
    return ERR_UNSUPPORTED;
}

const char *sip_digest_algorithm_name(enum sip_digest_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

void sip_digest_ha1(enum sip_digest_algorithm algorithm, struct slice username, struct slice realm,
                    struct slice password, char out[HASH_HEX_MAX])
{
    struct slice parts[] = { username, SLICE(":"), realm, SLICE(":"), password };
    hash_hex(algorithms[algorithm].hash, parts, COUNT_OF(parts), out);
}

/* RFC 7616 §3.4.2 */
static void make_ha1(const struct sip_digest_input *in, char out[HASH_HEX_MAX])
{
    const struct algorithm_row *row = &algorithms[in->algorithm];
    if (in->ha1.len)
        slice_copy(in->ha1, out, HASH_HEX_MAX);
    else
        sip_digest_ha1(in->algorithm, in->username, in->realm, in->password, out);
    if (!row->session)
        return;
    char base[HASH_HEX_MAX];
    struct slice parts[] = { slice_of(out), SLICE(":"), in->nonce, SLICE(":"), in->cnonce };
    hash_hex(row->hash, parts, COUNT_OF(parts), base);
    slice_copy(slice_of(base), out, HASH_HEX_MAX);
    mem_wipe(base, sizeof(base));
}

/* RFC 7616 §3.4.3 */
static void make_ha2(const struct sip_digest_input *in, char out[HASH_HEX_MAX])
{
    enum hash_kind hash = algorithms[in->algorithm].hash;
    char body[HASH_HEX_MAX];
    hash_hex(hash, &in->body, 1, body);
    struct slice parts[] = { in->method, SLICE(":"), in->uri, SLICE(":"), slice_of(body) };
    hash_hex(hash, parts, in->qop == SIP_QOP_AUTH_INT ? 5 : 3, out);
}

void sip_digest_response(const struct sip_digest_input *in, char out[HASH_HEX_MAX])
{
    enum hash_kind hash = algorithms[in->algorithm].hash;
    struct slice colon = SLICE(":");
    char ha1[HASH_HEX_MAX], ha2[HASH_HEX_MAX];
    make_ha1(in, ha1);
    make_ha2(in, ha2);
    if (in->qop == SIP_QOP_NONE) { /* RFC 2069 */
        struct slice parts[] = { slice_of(ha1), colon, in->nonce, colon, slice_of(ha2) };
        hash_hex(hash, parts, COUNT_OF(parts), out);
    } else {
        struct slice parts[] = { slice_of(ha1), colon,        in->nonce,
                                 colon,         in->nc,       colon,
                                 in->cnonce,    colon,        slice_of(qops[in->qop]),
                                 colon,         slice_of(ha2) };
        hash_hex(hash, parts, COUNT_OF(parts), out);
    }
    mem_wipe(ha1, sizeof(ha1));
}

/* ---- the client ---- */

struct sip_digest_client {
    char *username;
    char *only_realm; /* "" for any */
    struct secret password;
    bool prefer_auth_int;

    char *realm, *nonce, *opaque; /* of the last challenge; nonce NULL: none yet */
    bool has_opaque, names_algorithm;
    enum sip_digest_algorithm algorithm;
    enum sip_qop qop;
    enum sip_header_id header;
    uint32_t nc; /* requests sent with this nonce */
    char cnonce[CNONCE_LEN + 1];
};

struct sip_digest_client *sip_digest_client_create(const struct sip_digest_client_config *config)
{
    struct sip_digest_client *client = mem_new(struct sip_digest_client);
    client->username = slice_dup(config->username);
    client->only_realm = slice_dup(config->realm);
    secret_set(&client->password, config->password);
    client->prefer_auth_int = config->auth_int;
    client->header = SIP_H_AUTHORIZATION;
    return client;
}

void sip_digest_client_reset(struct sip_digest_client *client)
{
    mem_free(client->realm);
    mem_free(client->nonce);
    mem_free(client->opaque);
    client->realm = client->nonce = client->opaque = NULL;
    client->nc = 0;
}

void sip_digest_client_destroy(struct sip_digest_client *client)
{
    if (!client)
        return;
    sip_digest_client_reset(client);
    secret_clear(&client->password);
    mem_free(client->username);
    mem_free(client->only_realm);
    mem_free(client);
}

/* The qop we would answer with; false when none of those offered is known. */
static bool choose_qop(const struct sip_digest_client *client, struct slice offered,
                       enum sip_qop *out)
{
    bool auth = false, auth_int = false;
    struct slice one;
    *out = SIP_QOP_NONE;
    if (!offered.len)
        return true;
    while (sip_list_next(&offered, &one)) {
        auth = auth || slice_iis(one, "auth");
        auth_int = auth_int || slice_iis(one, "auth-int");
    }
    *out = auth_int && (client->prefer_auth_int || !auth) ? SIP_QOP_AUTH_INT : SIP_QOP_AUTH;
    return auth || auth_int;
}

struct choice {
    struct sip_challenge challenge;
    enum sip_digest_algorithm algorithm;
    enum sip_qop qop;
    enum sip_header_id header;
    enum err err; /* OK once there is one; else why not, the best reason so far */
};

static void consider(const struct sip_digest_client *client, const struct sip_challenge *challenge,
                     enum sip_header_id header, struct choice *choice)
{
    struct choice new = { .challenge = *challenge, .header = header };
    bool too_long = challenge->realm.len > CHALLENGE_TEXT_MAX ||
                    challenge->nonce.len > CHALLENGE_TEXT_MAX ||
                    challenge->opaque.len > CHALLENGE_TEXT_MAX;
    bool known = slice_iis(challenge->scheme, "Digest") && challenge->nonce.len && !too_long &&
                 sip_digest_algorithm_parse(challenge->algorithm, &new.algorithm) == OK &&
                 choose_qop(client, challenge->qop, &new.qop);
    bool ours = !*client->only_realm || slice_is(challenge->realm, client->only_realm);
    if (known && ours) {
        if (choice->err || new.algorithm > choice->algorithm)
            *choice = new;
    } else if (choice->err == ERR_NOT_FOUND || (choice->err == ERR_REFUSED && ours)) {
        choice->err = ours ? ERR_UNSUPPORTED : ERR_REFUSED;
    }
}

static void consider_all(const struct sip_digest_client *client, const struct sip_msg *response,
                         enum sip_header_id from, enum sip_header_id answer, struct choice *choice)
{
    const struct sip_header *header;
    for (size_t n = 0; (header = sip_msg_header_nth(response, from, n)) != NULL; n++) {
        struct slice rest = header->value;
        struct sip_challenge challenge;
        while (sip_challenge_next(&rest, &challenge) == OK)
            consider(client, &challenge, answer, choice);
    }
}

static enum sip_challenge_news adopt(struct sip_digest_client *client, const struct choice *choice)
{
    const struct sip_challenge *challenge = &choice->challenge;
    bool had_one = client->nonce && slice_is(challenge->realm, client->realm) &&
                   client->header == choice->header;
    bool same_nonce = had_one && slice_is(challenge->nonce, client->nonce);
    bool answered = client->nc > 0;
    if (same_nonce && answered && !challenge->stale)
        return SIP_CHALLENGE_AGAIN;
    sip_digest_client_reset(client);
    client->realm = slice_dup(challenge->realm);
    client->nonce = slice_dup(challenge->nonce);
    client->opaque = slice_dup(challenge->opaque);
    client->has_opaque = challenge->opaque.ptr != NULL;
    client->names_algorithm = challenge->algorithm.len > 0;
    client->algorithm = choice->algorithm;
    client->qop = choice->qop;
    client->header = choice->header;
    rand_token(client->cnonce, CNONCE_LEN);
    return had_one ? SIP_CHALLENGE_STALE : SIP_CHALLENGE_FIRST;
}

enum err sip_digest_client_challenge(struct sip_digest_client *client,
                                     const struct sip_msg *response, enum sip_challenge_news *news)
{
    struct choice choice = { .err = ERR_NOT_FOUND };
    consider_all(client, response, SIP_H_WWW_AUTHENTICATE, SIP_H_AUTHORIZATION, &choice);
    consider_all(client, response, SIP_H_PROXY_AUTHENTICATE, SIP_H_PROXY_AUTHORIZATION, &choice);
    if (choice.err)
        return choice.err;
    *news = adopt(client, &choice);
    return OK;
}

bool sip_digest_client_is_ready(const struct sip_digest_client *client)
{
    return client->nonce != NULL;
}

enum sip_header_id sip_digest_client_header(const struct sip_digest_client *client)
{
    return client->header;
}

struct slice sip_digest_client_realm(const struct sip_digest_client *client)
{
    return slice_of(client->realm ? client->realm : "");
}

static void print_credentials(const struct sip_digest_client *client,
                              const struct sip_digest_input *in, const char *response,
                              struct buf *out)
{
    buf_text(out, "Digest username=");
    sip_print_quoted(out, in->username);
    buf_printf(out, ", realm=\"%s\", nonce=\"%s\", uri=\"%.*s\", response=\"%s\"", client->realm,
               client->nonce, SLICE_ARG(in->uri), response);
    if (client->names_algorithm)
        buf_printf(out, ", algorithm=%s", sip_digest_algorithm_name(in->algorithm));
    if (client->has_opaque)
        buf_printf(out, ", opaque=\"%s\"", client->opaque);
    if (in->qop != SIP_QOP_NONE)
        buf_printf(out, ", qop=%s, nc=%.*s", qops[in->qop], SLICE_ARG(in->nc));
    if (in->qop != SIP_QOP_NONE || algorithms[in->algorithm].session)
        buf_printf(out, ", cnonce=\"%.*s\"", SLICE_ARG(in->cnonce));
}

enum err sip_digest_client_print(struct sip_digest_client *client, struct slice method,
                                 struct slice uri, struct slice body, struct buf *out)
{
    if (!client->nonce)
        return ERR_MISUSE;
    char nc[NC_TEXT], response[HASH_HEX_MAX];
    client->nc++;
    snprintf(nc, sizeof(nc), "%08x", client->nc);
    /* with -sess HA1 holds the first cnonce, so that one stays: RFC 7616 §3.4.2 */
    if (!algorithms[client->algorithm].session)
        rand_token(client->cnonce, CNONCE_LEN);
    struct sip_digest_input in = {
        .algorithm = client->algorithm,
        .qop = client->qop,
        .username = slice_of(client->username),
        .realm = slice_of(client->realm),
        .password = secret_reveal(&client->password),
        .nonce = slice_of(client->nonce),
        .cnonce = slice_of(client->cnonce),
        .nc = slice_of(nc),
        .method = method,
        .uri = uri,
        .body = body,
    };
    sip_digest_response(&in, response);
    print_credentials(client, &in, response, out);
    return out->overflow ? ERR_LIMIT : OK;
}
