#include "sip_nonce.h"

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/wire.h"

/* A nonce is hex of: time it was made (8 bytes, ms), random (8), HMAC over both and the realm (16).
 */
enum { KEY_LEN = 32, STAMP_LEN = 16, MAC_LEN = 16, NONCE_LEN = STAMP_LEN + MAC_LEN };
enum { NONCE_TEXT = 2 * NONCE_LEN + 1, REALM_MAX = 256 };

/* A nonce that has been used with the right password. */
struct used_nonce {
    struct list link; /* by first use, the oldest in front */
    char text[NONCE_TEXT];
    int64_t made_ms;
    uint32_t last_nc;
};

struct sip_nonces {
    uint8_t key[KEY_LEN];
    struct map *used; /* text to struct used_nonce */
    struct list order;
    int64_t floor_ms; /* a nonce made up to then and not in `used` may have been forgotten */
};

static const char *const policies[] = {
    [SIP_DIGEST_BOTH] = "both", [SIP_DIGEST_ONLY_SHA256] = "sha256", [SIP_DIGEST_ONLY_MD5] = "md5"
};

enum err sip_digest_policy_parse(struct slice text, enum sip_digest_policy *out)
{
    for (unsigned i = 0; i < COUNT_OF(policies); i++) {
        if (!slice_is(text, policies[i]))
            continue;
        *out = (enum sip_digest_policy)i;
        return OK;
    }
    return ERR_INVALID;
}

struct sip_nonces *sip_nonces_create(void)
{
    struct sip_nonces *nonces = mem_new(struct sip_nonces);
    rand_bytes(nonces->key, sizeof(nonces->key));
    nonces->used = map_create();
    nonces->floor_ms = INT64_MIN;
    list_init(&nonces->order);
    return nonces;
}

static void forget(struct sip_nonces *nonces, struct used_nonce *used)
{
    map_remove(nonces->used, slice_of(used->text));
    list_remove(&used->link);
    mem_free(used);
}

void sip_nonces_destroy(struct sip_nonces *nonces)
{
    if (!nonces)
        return;
    LIST_EACH(link, &nonces->order)
    {
        forget(nonces, LIST_ITEM(link, struct used_nonce, link));
    }
    map_destroy(nonces->used);
    mem_wipe(nonces->key, sizeof(nonces->key));
    mem_free(nonces);
}

/* ---- making and reading nonces ---- */

static void nonce_mac(const struct sip_nonces *nonces, struct slice stamp, struct slice realm,
                      uint8_t out[HASH_MAX])
{
    char data[STAMP_LEN + REALM_MAX];
    struct buf buf = BUF_ON(data);
    buf_put(&buf, stamp);
    buf_put(&buf, slice_sub(realm, 0, REALM_MAX));
    hash_hmac(HASH_SHA256, slice_make(nonces->key, KEY_LEN), buf_slice(&buf), out);
}

static void nonce_print(const struct sip_nonces *nonces, struct slice realm, int64_t now_ms,
                        char out[NONCE_TEXT])
{
    uint8_t bytes[NONCE_LEN], random[8], mac[HASH_MAX];
    struct buf buf = BUF_ON(bytes);
    rand_bytes(random, sizeof(random));
    buf_u64(&buf, (uint64_t)now_ms);
    buf_put(&buf, slice_make(random, sizeof(random)));
    nonce_mac(nonces, buf_slice(&buf), realm, mac);
    buf_put(&buf, slice_make(mac, MAC_LEN));
    hex_print(bytes, sizeof(bytes), out);
}

/* The time it was made, of one that we made for this realm. */
static enum err nonce_parse(const struct sip_nonces *nonces, struct slice text, struct slice realm,
                            int64_t *made_ms)
{
    uint8_t bytes[NONCE_LEN], mac[HASH_MAX];
    size_t len = sizeof(bytes);
    if (text.len != 2 * NONCE_LEN || hex_parse(text, bytes, &len) != OK || len != NONCE_LEN)
        return ERR_PARSE;
    nonce_mac(nonces, slice_make(bytes, STAMP_LEN), realm, mac);
    if (!hash_same(slice_make(mac, MAC_LEN), slice_make(bytes + STAMP_LEN, MAC_LEN)))
        return ERR_AUTH;
    struct wire wire = wire_of(slice_make(bytes, NONCE_LEN));
    *made_ms = (int64_t)wire_u64(&wire);
    return OK;
}

/* ---- challenges ---- */

static bool offers(const struct sip_challenge_config *config, enum sip_digest_algorithm algorithm)
{
    switch (config->policy) {
    case SIP_DIGEST_BOTH:
        return algorithm == SIP_DIGEST_MD5 || algorithm == SIP_DIGEST_SHA256;
    case SIP_DIGEST_ONLY_SHA256:
        return algorithm == SIP_DIGEST_SHA256;
    case SIP_DIGEST_ONLY_MD5:
        return algorithm == SIP_DIGEST_MD5;
    }
    return false;
}

static void print_challenge(struct sip_nonces *nonces, struct sip_build *b, enum sip_header_id id,
                            const struct sip_challenge_config *config,
                            enum sip_digest_algorithm algorithm, int64_t now_ms)
{
    char nonce[NONCE_TEXT];
    nonce_print(nonces, config->realm, now_ms, nonce);
    sip_build_printf(b, id, "Digest realm=\"%.*s\", nonce=\"%s\", algorithm=%s, qop=\"%s\"%s",
                     SLICE_ARG(config->realm), nonce, sip_digest_algorithm_name(algorithm),
                     config->auth_int ? "auth,auth-int" : "auth",
                     config->stale ? ", stale=true" : "");
}

void sip_nonces_challenge(struct sip_nonces *nonces, struct sip_build *b, enum sip_header_id id,
                          const struct sip_challenge_config *config, int64_t now_ms)
{
    /* Strongest first (RFC 8760 §2.4) where clients read more than one line: JsSIP and SIP.js keep
     * the last one and know MD5 only; on UDP, TCP and TLS baresip fails on any line with SHA-256
     * and sipp reads only the first. */
    bool both = config->policy == SIP_DIGEST_BOTH;
    if (config->policy == SIP_DIGEST_ONLY_SHA256 || (both && config->websocket))
        print_challenge(nonces, b, id, config, SIP_DIGEST_SHA256, now_ms);
    if (config->policy == SIP_DIGEST_ONLY_MD5 || both)
        print_challenge(nonces, b, id, config, SIP_DIGEST_MD5, now_ms);
}

/* ---- verification ---- */

enum err sip_credentials_find(const struct sip_msg *req, enum sip_header_id id, struct slice realm,
                              struct sip_credentials *out)
{
    const struct sip_header *header;
    for (size_t n = 0; (header = sip_msg_header_nth(req, id, n)) != NULL; n++) {
        struct sip_credentials credentials;
        if (sip_credentials_parse(header->value, &credentials) != OK)
            return ERR_PARSE;
        if (!slice_iis(credentials.scheme, "Digest") || !slice_eq(credentials.realm, realm))
            continue;
        *out = credentials;
        return OK;
    }
    return ERR_NOT_FOUND;
}

/* An offered algorithm and qop? */
static bool read_terms(const struct sip_credentials *credentials,
                       const struct sip_challenge_config *config, struct sip_digest_input *in)
{
    if (sip_digest_algorithm_parse(credentials->algorithm, &in->algorithm) != OK ||
        !offers(config, in->algorithm))
        return false;
    if (!credentials->qop.len)
        return true;
    if (slice_iis(credentials->qop, "auth"))
        in->qop = SIP_QOP_AUTH;
    else if (config->auth_int && slice_iis(credentials->qop, "auth-int"))
        in->qop = SIP_QOP_AUTH_INT;
    return in->qop != SIP_QOP_NONE && credentials->nc.len && credentials->cnonce.len;
}

static bool response_matches(const struct sip_digest_input *in, struct slice response)
{
    char expected[HASH_HEX_MAX], given[HASH_HEX_MAX];
    sip_digest_response(in, expected);
    slice_copy(response, given, sizeof(given)); /* "" when it is longer than any */
    for (char *c = given; *c; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c + ('a' - 'A'));
    return hash_same(slice_of(expected), slice_of(given));
}

static void remember(struct sip_nonces *nonces, struct slice text, int64_t made_ms, uint32_t nc)
{
    if (map_count(nonces->used) >= SIP_NONCE_TABLE) {
        struct used_nonce *oldest = LIST_ITEM(nonces->order.next, struct used_nonce, link);
        nonces->floor_ms = num_max(nonces->floor_ms, oldest->made_ms);
        forget(nonces, oldest);
    }
    struct used_nonce *used = mem_new(struct used_nonce);
    slice_copy(text, used->text, sizeof(used->text));
    used->made_ms = made_ms;
    used->last_nc = nc;
    list_init(&used->link);
    list_append(&nonces->order, &used->link);
    map_put(nonces->used, text, used);
}

/* Those that would be refused for their age need not be remembered. */
static void expire(struct sip_nonces *nonces, int64_t now_ms)
{
    while (!list_empty(&nonces->order)) {
        struct used_nonce *used = LIST_ITEM(nonces->order.next, struct used_nonce, link);
        if (now_ms - used->made_ms <= SIP_NONCE_LIFE_MS)
            break;
        forget(nonces, used);
    }
}

/* RFC 7616 §5.5: nc must grow. A client that sends none (RFC 2069) may use a nonce once. */
static enum sip_verdict check_use(struct sip_nonces *nonces, struct slice text, int64_t made_ms,
                                  uint32_t nc, int64_t now_ms)
{
    expire(nonces, now_ms);
    if (now_ms - made_ms > SIP_NONCE_LIFE_MS)
        return SIP_VERDICT_STALE;
    struct used_nonce *used = map_find(nonces->used, text);
    if (!used) {
        if (made_ms <= nonces->floor_ms)
            return SIP_VERDICT_STALE;
        remember(nonces, text, made_ms, nc);
        return SIP_VERDICT_OK;
    }
    if (nc <= used->last_nc)
        return SIP_VERDICT_REPLAY;
    used->last_nc = nc;
    return SIP_VERDICT_OK;
}

enum sip_verdict sip_nonces_verify(struct sip_nonces *nonces,
                                   const struct sip_credentials *credentials,
                                   const struct sip_challenge_config *config,
                                   const struct sip_digest_key *key, struct slice method,
                                   struct slice body, int64_t now_ms)
{
    int64_t made_ms;
    struct sip_digest_input in = {
        .username = credentials->username,
        .realm = credentials->realm,
        .password = key->password,
        .ha1 = key->ha1,
        .nonce = credentials->nonce,
        .cnonce = credentials->cnonce,
        .nc = credentials->nc,
        .method = method,
        .uri = credentials->uri,
        .body = body,
    };
    if (!slice_iis(credentials->scheme, "Digest") || !slice_eq(credentials->realm, config->realm) ||
        nonce_parse(nonces, credentials->nonce, config->realm, &made_ms) != OK ||
        !read_terms(credentials, config, &in))
        return SIP_VERDICT_FOREIGN;
    bool known = key->password.len || key->ha1.len;
    bool matches = response_matches(&in, credentials->response);
    if (!known || !matches)
        return SIP_VERDICT_WRONG;
    /* without qop nc is not part of the response, so whoever replays could write any */
    uint32_t nc = in.qop == SIP_QOP_NONE ? 0 : credentials->nc_value;
    return check_use(nonces, credentials->nonce, made_ms, nc, now_ms);
}
