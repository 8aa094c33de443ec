/* Phones. The password leaves in the answer and in provisioning; it is kept sealed. */
#include "admin.h"

#include "api/device.h"
#include "base/num.h"
#include "store/store_accounts.h"

static json_t *row_json(const struct rest *rest, const void *of)
{
    const struct store_device *row = of;
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "device_token", row->id,
                     "user", row->user_name, "description", row->description, "platform",
                     row->platform, "sip_username", row->sip_username, "contact", row->contact,
                     "mode", row->mode, "enabled", row->disabled_ms == 0, "created_at",
                     rest_time(row->created_ms), "rotated_at", rest_time(row->rotated_ms));
}

static void on_list(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_device, "device", row_json);
}

static void on_owner(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "user"))
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

static json_t *account_json(const struct rest *rest, const struct device_account *account,
                            const char *user)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "device_token", account->id, "user", user,
                     "sip_username", account->username, "sip_password", account->password,
                     "sip_domain", device_domain(rest->api), "contact", account->contact);
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "user"))
        return;
    struct device_account account = { 0 };
    device_account_init(&account, rest->api);
    struct store_device row = { .user_id = STORE_ROWS(answer, store_user)->id,
                                .description = rest_given(rest, "description", ""),
                                .platform = rest_given(rest, "platform", "script"),
                                .mode = rest_given(rest, "mode", "Proxy"),
                                .created_ms = rest_now_ms(rest) };
    device_account_fill(&account, rest->api, &row);
    rest->answer = account_json(rest, &account, STORE_ROWS(answer, store_user)->name);
    rest->changes = "devices";
    store_device_add(rest_store(rest), &row, rest_then(rest, rest_on_added));
    device_account_clear(&account);
}

#define PLATFORM(to)                                                                               \
    {                                                                                              \
        .name = "platform", .out = (to), .check = device_is_platform, .expected = device_platforms \
    }
#define MODE(to)                                                                       \
    {                                                                                  \
        .name = "mode", .out = (to), .check = device_is_mode, .expected = device_modes \
    }

void admin_device_add(struct rest *rest)
{
    const char *user;
    const char *description;
    const char *platform;
    const char *mode;
    const struct rest_field fields[] = {
        { .name = "user", .out = &user, .is_required = true },
        { .name = "description", .out = &description },
        PLATFORM(&platform),
        MODE(&mode),
    };
    if (rest_take(rest, fields, COUNT_OF(fields)))
        store_user_find(rest_store(rest), user, rest_then(rest, on_user));
}

static void on_shown(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "device"))
        rest_reply_take(rest, 200, row_json(rest, STORE_ROWS(answer, store_device)));
}

void admin_device_show(struct rest *rest)
{
    store_device_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_shown));
}

static void on_changed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    rest_tell_change(rest);
    store_device_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_shown));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    struct store_device row = *STORE_ROWS(answer, store_device);
    const json_t *enabled = json_object_get(rest->body, "enabled");
    row.description = rest_given(rest, "description", row.description);
    row.platform = rest_given(rest, "platform", row.platform);
    row.mode = rest_given(rest, "mode", row.mode);
    if (json_is_true(enabled))
        row.disabled_ms = 0;
    else if (json_is_false(enabled) && !row.disabled_ms)
        row.disabled_ms = rest_now_ms(rest);
    rest->changes = "devices";
    store_device_change(rest_store(rest), &row, rest_then(rest, on_changed));
}

void admin_device_change(struct rest *rest)
{
    const char *description;
    const char *platform;
    const char *mode;
    const struct rest_field fields[] = {
        { .name = "description", .out = &description },
        PLATFORM(&platform),
        MODE(&mode),
        { .name = "enabled" },
    };
    const json_t *enabled = json_object_get(rest->body, "enabled");
    if (!rest_take(rest, fields, COUNT_OF(fields)))
        return;
    if (enabled && !json_is_boolean(enabled))
        rest_fail(rest, 422, "invalid", "enabled", "enabled: expected true or false");
    else
        store_device_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

static void on_rotated(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "device"))
        rest_reply_prepared(rest, 200);
}

static void on_rotate(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    struct store_device row = *STORE_ROWS(answer, store_device);
    struct device_account account = { 0 };
    device_account_renew(&account, rest->api, &row);
    rest->answer = account_json(rest, &account, row.user_name);
    device_account_fill(&account, rest->api, &row);
    row.rotated_ms = rest_now_ms(rest);
    store_device_rotate(rest_store(rest), &row, rest_then(rest, on_rotated));
    device_account_clear(&account);
}

void admin_device_rotate(struct rest *rest)
{
    if (rest_take(rest, NULL, 0))
        store_device_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_rotate));
}

void admin_device_remove(struct rest *rest)
{
    rest->changes = "devices";
    store_device_remove(rest_store(rest), rest_captured(rest, 0), rest_then(rest, rest_on_removed));
}
