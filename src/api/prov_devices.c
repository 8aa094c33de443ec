/* Devices of a user, and the account of one of them. */
#include "api/device.h"
#include "api/prov.h"
#include "api/prov_object.h"
#include "base/hash.h"
#include "base/jwt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "legs/web_accounts.h"

/* The registration of a device, out of all there are; borrowed from `rows`. */
static const json_t *registration_of(const json_t *rows, const char *sip_username)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)rows, i, row) /* read only */
    {
        struct slice aor = slice_of(json_string_value(json_object_get(row, "aor")));
        if (slice_is(slice_cut(&aor, '@'), sip_username))
            return row;
    }
    return NULL;
}

static json_t *live_registrations(const struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    return config->live && config->live->registrations ? config->live->registrations(config->owner)
                                                       : json_array();
}

static json_t *device_json(const struct store_device *row, const json_t *registrations)
{
    const json_t *live = registration_of(registrations, row->sip_username);
    int64_t since_ms = json_integer_value(json_object_get(live, "since_ms"));
    json_t *latency = json_object_get(live, "latency_ms");
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:O?, s:o, s:o}", "DeviceToken", row->id,
                     "Platform", row->platform, "Description", row->description, "RegistrationMode",
                     row->mode, "Enabled", row->disabled_ms == 0, "Registered", live != NULL,
                     "RegisteredAt", rest_time(since_ms), "LatencyMs", latency, "CreatedAt",
                     rest_time(row->created_ms), "RotatedAt", rest_time(row->rotated_ms));
}

/* Where a gateway in between would register a device: kept with its settings, shown with the
 * device. Ours registers trunks by its configuration. */
static const struct {
    const char *name, *expected;
    json_type type;
} upstream[] = {
    { "ProxyEnabled", "true or false", JSON_TRUE },
    { "UpstreamTransport", "text", JSON_STRING },
    { "UpstreamServer", "text", JSON_STRING },
    { "UpstreamPort", "a port", JSON_INTEGER },
    { "SelfSignedCertificate", "true or false", JSON_TRUE },
};

static bool is_of(const json_t *value, json_type type)
{
    if (type == JSON_TRUE)
        return json_is_boolean(value);
    if (type == JSON_STRING)
        return json_is_string(value) && json_string_length(value) <= REST_TEXT_MAX;
    return json_is_integer(value) && json_integer_value(value) > 0 &&
           json_integer_value(value) <= UINT16_MAX;
}

static bool take_upstream(struct rest *rest)
{
    for (size_t i = 0; i < COUNT_OF(upstream); i++) {
        const json_t *value = json_object_get(rest->body, upstream[i].name);
        if (!value || json_is_null(value) || is_of(value, upstream[i].type))
            continue;
        rest_fail(rest, 422, "invalid", upstream[i].name, "%s: expected %s", upstream[i].name,
                  upstream[i].expected);
        return false;
    }
    return true;
}

static void show_upstream(json_t *device, const char *settings)
{
    json_t *given = prov_settings_parse(settings);
    for (size_t i = 0; i < COUNT_OF(upstream); i++)
        if (json_object_get(given, upstream[i].name))
            json_object_set(device, upstream[i].name, json_object_get(given, upstream[i].name));
    json_decref(given);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    const struct store_device *rows = STORE_ROWS(answer, store_device);
    json_t *registrations = live_registrations(rest);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++)
        json_array_append_new(list, device_json(&rows[i], registrations));
    json_decref(registrations);
    rest_reply_take(rest, 200, list);
}

void prov_device_list(struct rest *rest)
{
    store_device_list(rest_store(rest), prov_of(rest)->target_id, rest_then(rest, on_list));
}

static bool is_target(struct rest *rest, const struct store_answer *answer)
{
    if (!rest_has(rest, answer, "device"))
        return false;
    bool is_ours = strcmp(STORE_ROWS(answer, store_device)->user_id, prov_of(rest)->target_id) == 0;
    if (!is_ours)
        rest_fail(rest, 403, "forbidden", NULL, "this device is of another user");
    return is_ours;
}

static void on_device(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (is_target(rest, answer))
        prov_of(rest)->on_device(rest, STORE_ROWS(answer, store_device));
}

void prov_with_device(struct rest *rest, prov_device_fn fn)
{
    prov_of(rest)->on_device = fn;
    store_device_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_device));
}

static char *make_jwt(const struct rest *rest, const struct store_device *device)
{
    const struct seal *seal = rest->api->config.seal;
    uint8_t key[SEAL_KEY_LEN];
    int64_t now_s = rest_now_ms(rest) / 1000;
    char *text = NULL;
    json_t *claims =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "iss", WEB_ACCOUNTS_ISSUER, "sub",
                  device->sip_username, "uid", device->user_id, "dev", device->id, "rot",
                  (json_int_t)device->rotated_ms, "iat", (json_int_t)now_s, "exp",
                  (json_int_t)(now_s + rest->api->provisioning.jwt_ms / 1000));
    seal_derive(seal, 0, SLICE(WEB_ACCOUNTS_KEY), key);
    if (jwt_print(&text, claims, JWT_HS256, seal_key_id(seal, 0), slice_make(key, sizeof key)))
        text = NULL; /* cannot be: a handful of short claims */
    mem_wipe(key, sizeof key);
    json_decref(claims);
    return text;
}

/* "shop.example:8443" or "[::1]:8443" without its port */
static struct slice host_of(const struct rest *rest)
{
    struct slice host = slice_of(rest->api->provisioning.host);
    if (!slice_empty(host))
        return host;
    host = rest_header(rest, "Host");
    size_t end =
        slice_starts(host, SLICE("[")) ? slice_index(host, ']') + 1 : slice_index(host, ':');
    return slice_sub(host, 0, end);
}

/* Equal as long as nothing changes, and until the access token is half used up. */
static void put_etag(struct rest *rest, json_t *body)
{
    char hex[HASH_HEX_MAX];
    char text[64];
    int64_t half_ms = num_max(rest->api->provisioning.jwt_ms / 2, 1);
    json_t *settings = json_object_get(body, "Settings_json");
    json_t *jwt = json_incref(json_object_get(settings, "SipJwt"));
    char age[32];
    snprintf(age, sizeof age, "%lld", (long long)(rest_now_ms(rest) / half_ms));
    json_object_del(settings, "SipJwt");
    char *plain = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    const struct slice parts[] = { slice_of(plain), slice_of(age) };
    hash_hex(HASH_SHA256, parts, COUNT_OF(parts), hex);
    snprintf(text, sizeof text, "\"%.32s\"", hex);
    rest_set_header(rest, "ETag", slice_of(text));
    if (jwt)
        json_object_set(settings, "SipJwt", jwt);
    json_decref(jwt);
    mem_wipe(plain, slice_of(plain).len);
    free(plain);
}

static void reply_unless_known(struct rest *rest, json_t *take)
{
    put_etag(rest, take);
    struct slice known = rest_header(rest, "If-None-Match");
    struct slice etag = slice_of(rest->headers[rest->n_headers - 1].value);
    bool is_known = false;
    while (!slice_empty(known))
        is_known = slice_eq(slice_trim(slice_cut(&known, ',')), etag) || is_known;
    if (!is_known) {
        rest_reply_take(rest, 200, take);
        return;
    }
    json_decref(take);
    rest_reply_text(rest, 304, NULL, SLICE_NONE);
}

static const char *kept(const struct rest *rest, const char *name)
{
    return json_string_value(json_object_get(rest->answer, name));
}

static json_t *settings_json(struct rest *rest, const struct store_device *device)
{
    const struct api_provisioning *told = &rest->api->provisioning;
    const char *wanted = rest_param(rest, "password");
    bool with_password = wanted && strcmp(wanted, "yes") == 0;
    const char *expand = rest_param(rest, "expand");
    struct store_cascade cascade = { .device = kept(rest, "device"),
                                     .user = kept(rest, "user"),
                                     .domain = kept(rest, "domain"),
                                     .user_name = kept(rest, "user_name"),
                                     .display_name = kept(rest, "display_name") };
    struct secret password = { 0 };
    char *jwt = with_password ? make_jwt(rest, device) : NULL;
    if (with_password && device->sip_password[0] && device_password(rest->api, device, &password))
        log_error(NULL, "the password of a device cannot be opened: another key sealed it; "
                        "tandem device rotate makes a new one");
    struct prov_source source = { .device = device,
                                  .cascade = &cascade,
                                  .domain = device_domain(rest->api),
                                  .host = host_of(rest),
                                  .port = told->port,
                                  .path = told->path,
                                  .password = secret_reveal(&password),
                                  .jwt = jwt,
                                  .is_expanded = expand && strcmp(expand, "yes") == 0 };
    json_t *object = prov_object(&source);
    secret_clear(&password);
    if (jwt)
        mem_wipe(jwt, slice_of(jwt).len);
    mem_free(jwt);
    return object;
}

static void show(struct rest *rest, const struct store_device *device)
{
    const char *wanted = rest_param(rest, "settings_json");
    if (device->disabled_ms) {
        rest_fail(rest, 403, "forbidden", NULL, "this device is disabled");
        return;
    }
    json_t *registrations = live_registrations(rest);
    json_t *body = device_json(device, registrations);
    json_decref(registrations);
    show_upstream(body, kept(rest, "device"));
    json_t *settings = settings_json(rest, device);
    prov_object_lift(settings, body);
    if (!wanted || strcmp(wanted, "yes") == 0)
        json_object_set(body, "Settings_json", settings);
    json_decref(settings);
    reply_unless_known(rest, body);
}

static void on_cascade(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    const struct store_cascade *row = STORE_ROWS(answer, store_cascade);
    rest->answer =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "device", row->device, "user", row->user, "domain",
                  row->domain, "user_name", row->user_name, "display_name", row->display_name);
    prov_with_device(rest, show);
}

void prov_device_show(struct rest *rest)
{
    store_cascade_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_cascade));
}

/* A body of the vendor's names; unknown ones are ignored, as additions must not break clients. */
static const char *given(const struct rest *rest, const char *name, const char *other)
{
    const char *value = json_string_value(json_object_get(rest->body, name));
    return value ? value : json_string_value(json_object_get(rest->body, other));
}

static bool take_text(struct rest *rest, const char *value, const char *name, size_t max)
{
    if (!value || strlen(value) <= max)
        return true;
    rest_fail(rest, 422, "invalid", name, "%s: expected at most %zu bytes of text", name, max);
    return false;
}

/* What POST and PUT may say of the row itself. */
static bool take_row(struct rest *rest, struct store_device *row)
{
    const char *platform = given(rest, "platform", "Platform");
    const char *mode = given(rest, "RegistrationMode", "mode");
    const char *description = given(rest, "Description", "provision_name");
    const json_t *enabled = json_object_get(rest->body, "Enabled");
    if (platform && !device_is_platform(slice_of(platform))) {
        rest_fail(rest, 422, "invalid", "platform", "platform: expected %s", device_platforms);
        return false;
    }
    if (mode && !device_is_mode(slice_of(mode))) {
        rest_fail(rest, 422, "invalid", "RegistrationMode", "RegistrationMode: expected %s",
                  device_modes);
        return false;
    }
    if (!take_text(rest, description, "Description", REST_TEXT_MAX))
        return false;
    row->platform = platform ? platform : row->platform;
    row->mode = mode ? mode : row->mode;
    row->description = description ? description : row->description;
    if (json_is_boolean(enabled))
        row->disabled_ms = json_is_true(enabled) ? 0 : rest_now_ms(rest);
    return true;
}

/* Where a device in WebSocket mode finds its PBX: fields of the body that become settings. */
static json_t *pbx_settings(const struct rest *rest)
{
    static const struct {
        const char *field, *setting;
    } rows[] = {
        { "WebSocketServer", "SipWssServer" }, { "WebSocketPort", "SipWebsocketPort" },
        { "WebSocketPath", "SipServerPath" },  { "SipDomain", "SipDomain" },
        { "SipUsername", "SipUsername" },
    };
    json_t *given_settings = json_object_get(rest->body, "Settings_json");
    json_t *settings = json_is_object(given_settings) ? json_copy(given_settings) : json_object();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *value = json_object_get(rest->body, rows[i].field);
        if (json_is_integer(value)) { /* a port, which is a text in the object */
            char text[24];
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
            json_object_set_new(settings, rows[i].setting, json_string(text));
        } else if (value) {
            json_object_set(settings, rows[i].setting, value);
        }
    }
    for (size_t i = 0; i < COUNT_OF(upstream); i++)
        if (json_object_get(rest->body, upstream[i].name))
            json_object_set(settings, upstream[i].name,
                            json_object_get(rest->body, upstream[i].name));
    return settings;
}

static void on_settings_kept(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "device"))
        rest_reply_prepared(rest, rest->asked.method == HTTP_POST ? 201 : 200);
}

/* The settings of the body over those that are there; false: answered. */
static char *merged(struct rest *rest, const char *settings)
{
    struct fault fault = { 0 };
    json_t *changes = pbx_settings(rest);
    char *text = prov_settings_merge(settings, changes, &fault);
    json_decref(changes);
    if (!text)
        rest_fail(rest, 422, "invalid", fault.where, "%s: %s", fault.where, fault.text);
    return text;
}

/* A PBX has given the password; ours are never somebody's choice. */
static bool take_password(struct rest *rest, const struct store_device *row, const char **out)
{
    *out = json_string_value(json_object_get(rest->body, "SipPassword"));
    if (!*out || strcmp(row->mode, "WebSocket") == 0)
        return take_text(rest, *out, "SipPassword", REST_TEXT_MAX);
    rest_fail(rest, 422, "invalid", "SipPassword",
              "SipPassword: in Proxy mode it is made here; /Rotate makes another one");
    return false;
}

/* The answer comes with the settings, which are written behind the row. */
static void on_row(void *owner, const struct store_answer *answer)
{
    if (answer->err)
        rest_fail_store(owner, answer->err, "device");
}

void prov_device_add(struct rest *rest)
{
    struct device_account account = { 0 };
    struct store_device row = { .user_id = prov_of(rest)->target_id,
                                .description = "",
                                .platform = "script",
                                .mode = "Proxy",
                                .created_ms = rest_now_ms(rest) };
    const char *password;
    if (!prov_may(rest, "account") || !take_row(rest, &row) || !take_upstream(rest) ||
        !take_password(rest, &row, &password))
        return;
    char *settings = merged(rest, "");
    if (!settings)
        return;
    device_account_init(&account, rest->api);
    if (password)
        device_account_set_password(&account, rest->api, slice_of(password));
    device_account_fill(&account, rest->api, &row);
    rest->answer = device_json(&row, NULL);
    show_upstream(rest->answer, settings);
    rest->changes = "devices";
    store_device_add(rest_store(rest), &row, rest_then(rest, on_row));
    store_settings_set(rest_store(rest), STORE_OF_DEVICE, row.id, settings,
                       rest_then(rest, on_settings_kept));
    device_account_clear(&account);
    mem_free(settings);
}

static void change(struct rest *rest, const struct store_device *device)
{
    struct store_device row = *device;
    const char *password;
    if (!take_row(rest, &row) || !take_upstream(rest) || !take_password(rest, &row, &password))
        return;
    char *settings = merged(rest, kept(rest, "settings"));
    if (!settings)
        return;
    if (password) {
        struct device_account account = { 0 };
        device_account_renew(&account, rest->api, &row);
        device_account_set_password(&account, rest->api, slice_of(password));
        device_account_fill(&account, rest->api, &row);
        row.rotated_ms = rest_now_ms(rest);
        store_device_rotate(rest_store(rest), &row, rest_then(rest, on_row));
        device_account_clear(&account);
        row.id = device->id;
    }
    json_decref(rest->answer);
    rest->answer = device_json(&row, NULL);
    show_upstream(rest->answer, settings);
    rest->changes = "devices";
    store_device_change(rest_store(rest), &row, rest_then(rest, on_row));
    store_settings_set(rest_store(rest), STORE_OF_DEVICE, row.id, settings,
                       rest_then(rest, on_settings_kept));
    mem_free(settings);
}

static void on_settings(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    rest->answer = json_pack("{s:s}", "settings", STORE_ROWS(answer, store_setting)->value);
    prov_with_device(rest, change);
}

void prov_device_change(struct rest *rest)
{
    if (prov_may(rest, "account"))
        store_settings_find(rest_store(rest), STORE_OF_DEVICE, rest_captured(rest, 0),
                            rest_then(rest, on_settings));
}

static void on_removed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "device"))
        return;
    rest_tell_change(rest);
    rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

static void drop(struct rest *rest, const struct store_device *device)
{
    rest->changes = "devices";
    store_device_remove(rest_store(rest), device->id, rest_then(rest, on_removed));
}

void prov_device_remove(struct rest *rest)
{
    if (prov_may(rest, "account"))
        prov_with_device(rest, drop);
}

static void rotate(struct rest *rest, const struct store_device *device)
{
    struct store_device row = *device;
    struct device_account account = { 0 };
    device_account_renew(&account, rest->api, device);
    device_account_fill(&account, rest->api, &row);
    row.rotated_ms = rest_now_ms(rest);
    rest->changes = "devices";
    store_device_rotate(rest_store(rest), &row, rest_then(rest, on_removed));
    device_account_clear(&account);
}

/* The new password comes with the next provisioning. */
void prov_device_rotate(struct rest *rest)
{
    if (prov_may(rest, "account"))
        prov_with_device(rest, rotate);
}
