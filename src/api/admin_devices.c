/* Phones. The password leaves once, in the answer; only its digests are kept. */
#include "admin.h"

#include "base/hash.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/token.h"

enum { ID_BYTES = 32, NAME_BYTES = 16, CONTACT_BYTES = 12, HEX_MAX = 2 * ID_BYTES + 2 };

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        rest_fail_store(rest, answer->err, "device");
        return;
    }
    const struct store_device *rows = STORE_ROWS(answer, store_device);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "device_token",
                                              rows[i].id, "user", rows[i].user_name, "description",
                                              rows[i].description, "platform", rows[i].platform,
                                              "sip_username", rows[i].sip_username, "contact",
                                              rows[i].contact, "created_at",
                                              rest_time(rows[i].created_ms)));
    rest_reply_take(rest, 200, list);
}

static void on_owner(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err)
        rest_fail_store(rest, answer->err, "user");
    else
        store_device_list(rest_store(rest), STORE_ROWS(answer, store_user)->id,
                          rest_then(rest, on_list));
}

void admin_device_list(struct rest *rest)
{
    const char *user = rest_param(rest, "user");
    if (user)
        store_user_find(rest_store(rest), user, rest_then(rest, on_owner));
    else
        store_device_list(rest_store(rest), NULL, rest_then(rest, on_list));
}

/* The forms that provisioning clients know: a letter and hex. */
static void random_name(char prefix, size_t bytes, char out[HEX_MAX])
{
    unsigned char random[ID_BYTES];
    rand_bytes(random, bytes);
    out[0] = prefix;
    hex_print(random, bytes, out + 1);
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        rest_fail_store(rest, answer->err, "user");
        return;
    }
    const struct api *api = rest->api;
    char id[HEX_MAX];
    char username[HEX_MAX];
    char contact[HEX_MAX];
    char password[TOKEN_PASSWORD];
    char md5[TOKEN_HA1_MD5];
    char sha256[TOKEN_HA1_SHA256];
    random_name('t', ID_BYTES, id);
    random_name('u', NAME_BYTES, username);
    random_name('c', CONTACT_BYTES, contact);
    token_password(password);
    token_ha1(slice_of(username), slice_of(api->sip_realm), slice_of(password), md5, sha256);
    struct store_device row = { .id = id,
                                .user_id = STORE_ROWS(answer, store_user)->id,
                                .description = rest_given(rest, "description", ""),
                                .platform = rest_given(rest, "platform", "script"),
                                .sip_username = username,
                                .realm = api->sip_realm,
                                .ha1_md5 = md5,
                                .ha1_sha256 = sha256,
                                .contact = contact,
                                .created_ms = rest_now_ms(rest) };
    const char *domain = api->sip_domain[0] ? api->sip_domain : api->sip_realm;
    rest->answer = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "device_token", id, "user",
                             STORE_ROWS(answer, store_user)->name, "sip_username", username,
                             "sip_password", password, "sip_domain", domain, "contact", contact);
    rest->changes = "devices";
    store_device_add(rest_store(rest), &row, rest_then(rest, rest_on_added));
}

static bool is_platform(struct slice value)
{
    static const char *const known[] = { "ios", "android", "webpage", "electron", "script" };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (slice_is(value, known[i]))
            return true;
    return false;
}

void admin_device_add(struct rest *rest)
{
    const char *user;
    const char *description;
    const char *platform;
    const struct rest_field fields[] = {
        { .name = "user", .out = &user, .is_required = true },
        { .name = "description", .out = &description },
        { .name = "platform",
          .out = &platform,
          .check = is_platform,
          .expected = "one of ios, android, webpage, electron and script" },
    };
    if (rest_take(rest, fields, COUNT_OF(fields)))
        store_user_find(rest_store(rest), user, rest_then(rest, on_user));
}

void admin_device_remove(struct rest *rest)
{
    rest->changes = "devices";
    store_device_remove(rest_store(rest), rest_captured(rest, 0), rest_then(rest, rest_on_removed));
}
