/* Tokens of subscribers and guests: JWTs (base/jwt.h) under a key of the ring, with the types and
 * lifetimes that the browser SDKs know. What a token is for stands in its claims, which are signed;
 * the header repeats it and names our host (`ch`), which SDKs read. A token ends with its
 * subscriber. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_fabric.h"
#include "base/buf.h"
#include "base/jwt.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/seal.h"
#include "store/store_programs.h"

enum { LIFE_S = 2 * 3600, REFRESH_S = 5 * 60, LIFE_MAX_S = 366 * 24 * 3600 };
#define PURPOSE "subscriber_token"
static const char issuer[] = "tandem:fabric", access[] = "SAT", refreshing[] = "Refresh",
                  inviting[] = "Invite";

struct grant {
    const char *type, *subscriber_id;
    const char *addresses; /* ids, "": all */
    int64_t end_s;
};

static json_t *token_json(const struct rest *rest, const struct grant *grant)
{
    const struct seal *seal = rest->api->config.seal;
    uint8_t key[SEAL_KEY_LEN];
    char id[UUID_TEXT], *text = NULL;
    struct slice host = rest_header(rest, "Host");
    rand_uuid(id);
    json_t *header = json_pack("{s:s, s:s%, s:s}", "typ", grant->type, "ch",
                               host.ptr ? host.ptr : "", host.len, "kid", seal_key_id(seal, 0));
    json_t *claims = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "iss", issuer, "typ", grant->type, "pid",
        sw_of(rest)->project_id, "sub", grant->subscriber_id, "aa", grant->addresses, "jti", id,
        "iat", (json_int_t)(rest_now_ms(rest) / 1000), "exp", (json_int_t)grant->end_s);
    seal_derive(seal, 0, SLICE(PURPOSE), key);
    BUG_IF(!header || !claims ||
           jwt_print_with(&text, header, claims, JWT_HS512, slice_make(key, sizeof key)));
    mem_wipe(key, sizeof key);
    json_decref(header);
    json_decref(claims);
    json_t *json = json_string(text);
    mem_free(text);
    return json;
}

/* {token, refresh_token}; the second lives a little longer. */
static json_t *pair(const struct rest *rest, struct grant grant)
{
    if (!grant.end_s)
        grant.end_s = rest_now_ms(rest) / 1000 + LIFE_S;
    grant.type = access;
    json_t *json = json_pack("{s:o}", "token", token_json(rest, &grant));
    grant.type = refreshing;
    grant.end_s += REFRESH_S;
    json_object_set_new(json, "refresh_token", token_json(rest, &grant));
    return json;
}

json_t *sw_token_pair(const struct rest *rest, const char *subscriber_id, int64_t expire_at)
{
    json_t *json =
        pair(rest,
             (struct grant){ .subscriber_id = subscriber_id, .addresses = "", .end_s = expire_at });
    json_object_set_new(json, "subscriber_id", json_string(subscriber_id));
    return json;
}

bool sw_token_end(struct rest *rest, const char *field, int64_t *out)
{
    const json_t *given = json_object_get(rest->body, field);
    int64_t now_s = rest_now_ms(rest) / 1000, end_s = json_integer_value(given);
    *out = end_s;
    if (!json_is_integer(given) || (end_s > now_s && end_s <= now_s + LIFE_MAX_S))
        return true;
    sw_wrong(rest, "invalid_parameter", field,
             "%s must be seconds since 1970, in the future and at most a year from now", field);
    return false;
}

static size_t find_key(const void *owner, struct slice key_id, uint8_t key[JWT_KEY_MAX])
{
    const struct seal *seal = owner;
    for (size_t i = 0; i < seal_keys(seal); i++)
        if (slice_is(key_id, seal_key_id(seal, i))) {
            seal_derive(seal, i, SLICE(PURPOSE), key);
            return SEAL_KEY_LEN;
        }
    return 0;
}

/* A token of that type: whose it is goes into the request's state. */
static enum err take(struct rest *rest, struct slice token, const char *type)
{
    struct sw *sw = sw_of(rest);
    const struct jwt_check check = { .algorithm = JWT_HS512,
                                     .find_key = find_key,
                                     .owner = rest->api->config.seal,
                                     .now_s = rest_now_ms(rest) / 1000,
                                     .issuer = issuer };
    json_t *claims = NULL;
    enum err err = jwt_parse(&claims, token, &check);
    if (!err && strcmp(sw_text(claims, "typ"), type) != 0)
        err = ERR_AUTH;
    if (!err && sw->project_id[0] && strcmp(sw->project_id, sw_text(claims, "pid")) != 0)
        err = ERR_AUTH; /* another project's */
    if (!err) {
        snprintf(sw->project_id, sizeof sw->project_id, "%s", sw_text(claims, "pid"));
        snprintf(sw->subscriber_id, sizeof sw->subscriber_id, "%s", sw_text(claims, "sub"));
        snprintf(sw->addresses, sizeof sw->addresses, "%s", sw_text(claims, "aa"));
    }
    json_decref(claims);
    return err;
}

/* --- who asks --- */

static void on_subscriber(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (row && strcmp(row->project_id, sw_of(rest)->project_id) == 0)
        sw_admit(rest);
    else if (answer->err && answer->err != ERR_NOT_FOUND)
        sw_fail_store(rest, answer->err, NULL);
    else
        sw_refuse_login(rest);
}

void sw_fabric_guard(struct rest *rest)
{
    struct slice token = rest_bearer(rest);
    if (slice_empty(token)) {
        sw_guard(rest);
        return;
    }
    struct sw *sw = sw_begin(rest);
    if (!sw)
        return;
    if (take(rest, token, access)) {
        sw_refuse_login(rest);
        return;
    }
    snprintf(sw->scopes, sizeof sw->scopes, "%s", sw->addresses[0] ? "guest" : "subscriber");
    if (sw->subscriber_id[0])
        store_resource_find(rest_store(rest), sw->subscriber_id, rest_then(rest, on_subscriber));
    else /* a guest of the project itself */
        sw_admit(rest);
}

void sw_fabric_guard_open(struct rest *rest)
{
    if (sw_begin(rest))
        rest_admit(rest);
}

/* --- another for one that ends --- */

static void on_refresh(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct sw *sw = sw_of(rest);
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (row && strcmp(row->project_id, sw->project_id) == 0)
        rest_reply_take(rest, 201,
                        pair(rest, (struct grant){ .subscriber_id = sw->subscriber_id,
                                                   .addresses = sw->addresses }));
    else
        sw_refuse(rest, "token_invalid", "refresh_token", "its subscriber is gone");
}

void sw_token_refresh(struct rest *rest)
{
    const struct sw *sw = sw_of(rest);
    enum err err = take(rest, slice_of(sw_text(rest->body, "refresh_token")), refreshing);
    if (err == ERR_TIMEOUT)
        sw_refuse(rest, "token_expired", "refresh_token", "refresh_token is expired");
    else if (err)
        sw_refuse(rest, "not_a_refresh_token", "refresh_token",
                  "refresh_token is no refresh token of this project");
    else if (sw->subscriber_id[0])
        store_resource_find(rest_store(rest), sw->subscriber_id, rest_then(rest, on_refresh));
    else
        rest_reply_take(
            rest, 201,
            pair(rest, (struct grant){ .subscriber_id = "", .addresses = sw->addresses }));
}

/* --- for some addresses only --- */

static bool is_among(const struct rest *rest, const struct store_answer *answer, const char *id)
{
    const struct store_resource *rows = STORE_ROWS(answer, store_resource);
    char own[SW_ID];
    for (size_t i = 0; i < answer->n; i++) {
        sw_address_id(&rows[i], own);
        if (strcmp(own, id) == 0 && sw_address_is_visible(rest, &rows[i]))
            return true;
    }
    return false;
}

static void on_addresses(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const json_t *list = json_object_get(rest->body, "allowed_addresses");
    char mem[SW_ADDRESSES];
    struct buf ids = BUF_ON(mem);
    struct grant grant = { .subscriber_id = sw_of(rest)->subscriber_id };
    for (size_t i = 0; i < json_array_size(list) && !answer->err; i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (!id || !is_among(rest, answer, id))
            sw_wrong(rest, "invalid_parameter", "allowed_addresses",
                     "allowed_addresses: number %zu is no address of this project", i + 1);
        else
            buf_printf(&ids, "%s%s", ids.len ? " " : "", id);
    }
    (void)sw_token_end(rest, "expire_at", &grant.end_s);
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
    } else if (!sw_refused(rest)) {
        grant.addresses = buf_cstr(&ids); /* at most ten UUIDs: it fits */
        rest_reply_take(rest, 201, pair(rest, grant));
    }
}

void sw_guest_token(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL,
                        rest_then(rest, on_addresses));
}

static void on_invited(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const char *id = sw_text(rest->body, "address_id");
    struct grant grant = { .type = inviting,
                           .subscriber_id = sw_of(rest)->subscriber_id,
                           .addresses = id };
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    if (!is_among(rest, answer, id))
        sw_wrong(rest, "invalid_parameter", "address_id", "address_id is no address that you see");
    (void)sw_token_end(rest, "expires_at", &grant.end_s);
    if (sw_refused(rest))
        return;
    if (!grant.end_s)
        grant.end_s = rest_now_ms(rest) / 1000 + LIFE_S;
    rest_reply_take(rest, 201, json_pack("{s:o}", "token", token_json(rest, &grant)));
}

void sw_invite_token(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL,
                        rest_then(rest, on_invited));
}

static void on_inviter(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct sw *sw = sw_of(rest);
    struct grant grant = { .type = access,
                           .subscriber_id = sw->subscriber_id,
                           .addresses = sw->addresses,
                           .end_s = rest_now_ms(rest) / 1000 + LIFE_S };
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (row && strcmp(row->project_id, sw->project_id) == 0)
        rest_reply_take(rest, 201, json_pack("{s:o}", "token", token_json(rest, &grant)));
    else
        sw_refuse(rest, "token_invalid", "token", "who invited is gone");
}

void sw_embed_token(struct rest *rest)
{
    enum err err = take(rest, slice_of(sw_text(rest->body, "token")), inviting);
    if (err)
        sw_refuse(rest, err == ERR_TIMEOUT ? "token_expired" : "token_invalid", "token",
                  err == ERR_TIMEOUT ? "token is expired" : "token is no invitation");
    else
        store_resource_find(rest_store(rest), sw_of(rest)->subscriber_id,
                            rest_then(rest, on_inviter));
}
