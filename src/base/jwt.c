#include "base/jwt.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

enum { HEADER_MAX = 160, LEEWAY_S = 5 };

static const struct {
    const char *name;
    enum hash_kind hash;
} algorithms[] = {
    [JWT_HS256] = { "HS256", HASH_SHA256 },
    [JWT_HS512] = { "HS512", HASH_SHA512 },
};

/* base64url without padding (RFC 7515 §2) */
static void put_part(struct buf *out, struct slice bytes)
{
    size_t cap = (bytes.len + 2) / 3 * 4 + 1;
    char *text = mem_alloc(cap);
    BUG_IF(!base64_print(bytes.ptr, bytes.len, text, cap));
    for (char *at = text; *at && *at != '='; at++)
        buf_char(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
    mem_free(text);
}

static size_t sign(enum jwt_algorithm algorithm, struct slice key, struct slice text,
                   uint8_t out[HASH_MAX])
{
    return hash_hmac(algorithms[algorithm].hash, key, text, out);
}

static enum err print(char **out, const json_t *header, const json_t *claims,
                      enum jwt_algorithm algorithm, struct slice key)
{
    char *mem = mem_alloc(JWT_MAX + 1);
    uint8_t mac[HASH_MAX];
    struct buf text;
    buf_init(&text, mem, JWT_MAX + 1);
    char *head = json_dumps(header, JSON_COMPACT);
    char *body = json_dumps(claims, JSON_COMPACT);
    BUG_IF(!head || !body);
    put_part(&text, slice_of(head));
    buf_char(&text, '.');
    put_part(&text, slice_of(body));
    size_t len = sign(algorithm, key, buf_slice(&text), mac);
    buf_char(&text, '.');
    put_part(&text, slice_make(mac, len));
    free(head);
    free(body);
    if (text.overflow || text.len == JWT_MAX + 1) {
        mem_free(mem);
        return ERR_LIMIT;
    }
    mem[text.len] = '\0';
    *out = mem;
    return OK;
}

enum err jwt_print(char **out, const json_t *claims, enum jwt_algorithm algorithm,
                   const char *key_id, struct slice key)
{
    json_t *header = json_pack("{s:s, s:s, s:s*}", "alg", algorithms[algorithm].name, "typ", "JWT",
                               "kid", key_id);
    enum err err = print(out, header, claims, algorithm, key);
    json_decref(header);
    return err;
}

enum err jwt_print_with(char **out, const json_t *header, const json_t *claims,
                        enum jwt_algorithm algorithm, struct slice key)
{
    json_t *full = json_copy((json_t *)(uintptr_t)header); /* of the members, which stay shared */
    json_object_set_new(full, "alg", json_string(algorithms[algorithm].name));
    enum err err = print(out, full, claims, algorithm, key);
    json_decref(full);
    return err;
}

/* Strict: no padding, no other alphabet, so that a token has one spelling only. */
static bool is_base64url(struct slice part)
{
    for (size_t i = 0; i < part.len; i++)
        if (strchr("+/=", part.ptr[i]))
            return false;
    return part.len > 0;
}

static enum err parse_object(json_t **out, struct slice part)
{
    size_t len = part.len;
    if (!is_base64url(part))
        return ERR_PARSE;
    uint8_t *bytes = mem_alloc(part.len);
    json_t *value = NULL;
    if (!base64_parse(part, bytes, &len))
        value = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    mem_free(bytes);
    if (!json_is_object(value)) {
        json_decref(value);
        return ERR_PARSE;
    }
    *out = value;
    return OK;
}

struct parts {
    struct slice header, claims, mac, signed_text;
};

static bool split(struct slice token, struct parts *parts)
{
    struct slice rest = token;
    if (token.len > JWT_MAX)
        return false;
    parts->header = slice_cut(&rest, '.');
    parts->claims = slice_cut(&rest, '.');
    parts->mac = rest;
    parts->signed_text = slice_sub(token, 0, parts->header.len + 1 + parts->claims.len);
    return rest.len && slice_index(rest, '.') == rest.len;
}

/* `crit` names what a receiver must understand, and we understand none (RFC 7515 §4.1.11). */
static bool is_expected(const json_t *header, const struct jwt_check *check)
{
    const char *name = json_string_value(json_object_get(header, "alg"));
    return name && strcmp(name, algorithms[check->algorithm].name) == 0 &&
           !json_object_get(header, "crit");
}

/* As text, so that a signature has one spelling only. */
static enum err check_mac(const struct parts *parts, const json_t *header,
                          const struct jwt_check *check)
{
    const char *id = json_string_value(json_object_get(header, "kid"));
    uint8_t key[JWT_KEY_MAX], mac[HASH_MAX];
    char mem[2 * HASH_MAX];
    struct buf text = BUF_ON(mem);
    size_t key_len = check->find_key(check->owner, slice_of(id), key);
    if (!key_len)
        return ERR_AUTH;
    size_t len = sign(check->algorithm, slice_make(key, key_len), parts->signed_text, mac);
    put_part(&text, slice_make(mac, len));
    bool same = hash_same(buf_slice(&text), parts->mac);
    mem_wipe(key, sizeof key);
    mem_wipe(mac, sizeof mac);
    return same ? OK : ERR_AUTH;
}

static enum err check_claims(const json_t *claims, const struct jwt_check *check)
{
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    if (!json_is_integer(exp) || (nbf && !json_is_integer(nbf)))
        return ERR_PARSE;
    if (check->issuer && (!issuer || strcmp(issuer, check->issuer) != 0))
        return ERR_AUTH;
    if (json_integer_value(exp) <= check->now_s ||
        (nbf && json_integer_value(nbf) > check->now_s + LEEWAY_S))
        return ERR_TIMEOUT;
    return OK;
}

enum err jwt_parse(json_t **out, struct slice token, const struct jwt_check *check)
{
    struct parts parts;
    json_t *header = NULL, *claims = NULL;
    enum err err = split(token, &parts) ? parse_object(&header, parts.header) : ERR_PARSE;
    if (!err && !is_expected(header, check))
        err = ERR_AUTH;
    if (!err)
        err = check_mac(&parts, header, check);
    if (!err)
        err = parse_object(&claims, parts.claims);
    if (!err)
        err = check_claims(claims, check);
    json_decref(header);
    if (err)
        json_decref(claims);
    else
        *out = claims;
    return err;
}

enum err jwt_peek(json_t **out, struct slice token)
{
    struct parts parts;
    return split(token, &parts) ? parse_object(out, parts.claims) : ERR_PARSE;
}
