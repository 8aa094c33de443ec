#include "legs/kandy/kandy_reply.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/num.h"
#include "legs/kandy/kandy_event.h"

enum { BODY_SHOWN = 200, DEFAULT_EXPIRES_S = 3600, MAX_EXPIRES_S = 30 * 24 * 3600 };

/* Section 6. `http` 0 is any; the first row that fits decides. */
static const struct {
    int code, http;
    enum kandy_fault fault;
    int sip;
    const char *words;
} rows[] = {
    { 4, 0, KANDY_AUTH, 503, "Invalid credentials" },
    { 27, 0, KANDY_AUTH, 503, "Invalid credentials" },
    { 61, 0, KANDY_AUTH, 503, "Invalid credentials" },
    { 45, 0, KANDY_AUTH, 503, "wrong application" },
    { 46, 0, KANDY_AUTH, 503, "wrong token" },
    { 64, 0, KANDY_AUTH, 503, "wrong realm" },
    { 65, 0, KANDY_TOKEN_OVER, 503, "the token expired" },
    { 62, 0, KANDY_LOCKED, 503, "the account is disabled" },
    { 63, 0, KANDY_LOCKED, 503, "the account is locked" },
    { 29, 0, KANDY_FORBIDDEN, 403, "the device is not authorised" },
    { 35, 0, KANDY_FORBIDDEN, 403, "the service is not enabled" },
    { 5, 0, KANDY_BAD_NUMBER, 484, "the request was not understood" },
    { 37, 0, KANDY_BAD_NUMBER, 484, "a value is not valid" },
    { 1004, 0, KANDY_BAD_NUMBER, 484, "a bad request" },
    { 19, 0, KANDY_LOGINS, 486, "too many logins" },
    { 20, 0, KANDY_LOGINS, 486, "too many logins of tablets" },
    { 44, 0, KANDY_LOGGED_OUT, 503, "logged out by another device" },
    { 39, 0, KANDY_NO_SUBSCRIPTION, 503, "the subscription is gone" },
    { 42, 0, KANDY_NO_CALL, 481, "the call is gone" },
    { 47, 0, KANDY_NO_CALL, 481, "the call is not known" },
    { 49, 0, KANDY_GLARED, 491, "both sides offered at once" },
    { -1, 401, KANDY_AUTH, 503, "Invalid credentials" },
    { -1, 403, KANDY_AUTH, 503, "Invalid credentials" }, /* a bad user name: a page of HTML */
    { -1, 404, KANDY_NOT_HERE, 503, "the server has no such path" },
    { -1, 405, KANDY_NOT_HERE, 503, "the server has no such path" },
    { -1, 503, KANDY_OVERLOAD, 503, "the server is overloaded" },
    { -1, 400, KANDY_BAD_NUMBER, 484, "a bad request" },
};

static const char *const names[] = {
    "fine",       "auth_failed",     "locked",  "forbidden", "bad_value",     "too_many_logins",
    "logged_out", "no_subscription", "no_call", "glare",     "token_expired", "not_here",
    "overload",   "server_error",    "network",
};
_Static_assert(COUNT_OF(names) == KANDY_NETWORK + 1, "one name a fault");

const char *kandy_fault_name(enum kandy_fault fault)
{
    return names[fault];
}

/* The body's one object: subscribeResponse, callControlResponse, authorizationResponse… or itself.
 */
static const json_t *inner_of(const json_t *root)
{
    const char *key;
    json_t *value;
    const json_t *found = root;
    json_object_foreach((json_t *)(uintptr_t)root, key, value)
    {
        if (json_is_object(value) &&
            (slice_ends(slice_of(key), SLICE("Response")) || strcmp(key, "success") == 0))
            found = value;
    }
    return found;
}

/* After "401 - " always the same; for other statuses error_description, else what the server wrote
 * (section 1.4). */
static void put_text(struct kandy_verdict *out, const json_t *root, struct slice body)
{
    struct slice said = kandy_text(json_object_get(root, "error_description"));
    if (out->http == 401)
        said = SLICE("Invalid credentials");
    else if (!said.len)
        said = slice_sub(slice_trim(body), 0, BODY_SHOWN);
    snprintf(out->text, sizeof out->text, "%d - %.*s", out->http, SLICE_ARG(said));
}

/* "Fri, 21 Nov 2025 10:00:00 GMT" (RFC 9110 §5.6.7) */
static int64_t parse_date(struct slice text)
{
    char date[64];
    struct tm tm = { 0 };
    if (!slice_copy(slice_trim(text), date, sizeof date) ||
        !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return -1;
    return (int64_t)timegm(&tm) * 1000;
}

/* The seed and uc have no statusCode: their words must do, for guessing on would be wrong. */
static const struct {
    const char *word;
    enum kandy_fault fault;
    const char *means;
} error_words[] = {
    { "lock", KANDY_LOCKED, "the account is locked or disabled" },
    { "disabled", KANDY_LOCKED, "the account is locked or disabled" },
    { "invalid_credentials", KANDY_AUTH, "Invalid credentials" }, /* section 1.1 */
    { "Login Please", KANDY_AUTH, "Invalid credentials" },        /* section 5 */
};

static bool says(const json_t *root, const char *word)
{
    const json_t *error = json_object_get(root, "error");
    const struct slice texts[] = { kandy_text(error),
                                   kandy_text(json_object_get(root, "error_description")),
                                   kandy_text(json_object_get(error, "human")) };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (slice_find(texts[i], slice_of(word)) < texts[i].len)
            return true;
    return false;
}

static void read_words(struct kandy_verdict *out, const json_t *root)
{
    bool is_open = out->fault == KANDY_AUTH || out->code < 0;
    for (size_t i = 0; i < COUNT_OF(error_words) && is_open; i++) {
        if (!says(root, error_words[i].word))
            continue;
        out->fault = error_words[i].fault;
        out->words = error_words[i].means;
        out->sip = 503;
        return;
    }
}

static int64_t retry_of(const json_t *root, const json_t *inner, struct slice header,
                        int64_t now_wall_ms)
{
    uint64_t s;
    const json_t *body = json_object_get(inner, "retryAfter");
    int64_t said = kandy_int(body ? body : json_object_get(root, "retryAfter"), -1);
    if (said >= 0 || !header.len) /* a body speaks of milliseconds, the header of seconds */
        return said;
    if (!slice_to_u64(slice_trim(header), 86400, &s))
        return (int64_t)s * 1000;
    int64_t at_ms = parse_date(header);
    return at_ms < 0 ? -1 : num_max(0, at_ms - now_wall_ms);
}

void kandy_verdict_read(struct kandy_verdict *out, int http, struct slice body,
                        struct slice retry_after, int64_t now_wall_ms)
{
    json_t *root = kandy_json_load(body);
    const json_t *inner = json_is_object(root) ? inner_of(root) : root;
    *out = (struct kandy_verdict){ .http = http, .words = "the server failed" };
    out->code = (int)num_min(kandy_int(json_object_get(inner, "statusCode"), -1), INT32_MAX);
    out->retry_ms = retry_of(root, inner, retry_after, now_wall_ms);
    bool good = http >= 200 && http < 300 && (out->code <= 0 || out->code == 2) &&
                !json_object_get(root, "error");
    out->fault = good ? KANDY_FINE : KANDY_SERVER;
    out->sip = good ? 200 : 503;
    for (size_t i = 0; i < COUNT_OF(rows) && !good && out->fault == KANDY_SERVER; i++) {
        bool fits = rows[i].code >= 0 ? rows[i].code == out->code : rows[i].http == http;
        if (!fits)
            continue;
        out->fault = rows[i].fault;
        out->sip = rows[i].sip;
        out->words = rows[i].words;
    }
    if (!good)
        read_words(out, root);
    put_text(out, root, body);
    json_decref(root);
}

bool kandy_verdict_is_elsewhere(const struct kandy_verdict *verdict)
{
    return verdict->http == 404 || verdict->http == 405;
}

bool kandy_verdict_may_pass(const struct kandy_verdict *verdict)
{
    return verdict->fault == KANDY_NETWORK || verdict->fault == KANDY_OVERLOAD ||
           verdict->fault == KANDY_SERVER;
}

void kandy_verdict_network(struct kandy_verdict *out, const char *text)
{
    *out = (struct kandy_verdict){ .fault = KANDY_NETWORK, .code = -1, .sip = 503, .retry_ms = -1 };
    snprintf(out->text, sizeof out->text, "%s", text);
}

void kandy_verdict_refused(struct kandy_verdict *out, int status, struct slice reason)
{
    *out = (struct kandy_verdict){ .fault = KANDY_SERVER,
                                   .code = -1,
                                   .sip = status ? status : 480,
                                   .retry_ms = -1,
                                   .words = "refused" };
    snprintf(out->text, sizeof out->text, "%.*s",
             SLICE_ARG(reason.len ? slice_sub(reason, 0, BODY_SHOWN) : SLICE("refused")));
}

/* ---- subscriptions and tokens ---- */

static void set_secret(struct secret *secret, struct slice value)
{
    if (value.len)
        secret_set(secret, value);
}

static int expires_of(const json_t *value)
{
    int64_t s = kandy_int(value, DEFAULT_EXPIRES_S);
    return s < 1 || s > MAX_EXPIRES_S ? DEFAULT_EXPIRES_S : (int)s;
}

/* "/rest/…", or the path of a whole URL. */
static bool copy_path(struct slice text, char out[KANDY_ID_MAX])
{
    size_t scheme = slice_find(text, SLICE("://"));
    if (scheme < text.len) {
        text = slice_from(text, scheme + 3);
        text = slice_from(text, slice_index(text, '/'));
    }
    return text.len && text.ptr[0] == '/' && slice_copy(text, out, KANDY_ID_MAX);
}

static void read_services(struct kandy_granted *out, const json_t *list)
{
    size_t i;
    json_t *item;
    struct buf text = BUF_ON(out->services);
    out->lists_services = json_is_array(list);
    json_array_foreach(list, i, item)
        buf_printf(&text, "%s%.*s", i ? " " : "", SLICE_ARG(slice_sub(kandy_text(item), 0, 60)));
    buf_cstr(&text);
}

static enum err read_link(struct kandy_granted *out, const json_t *response)
{
    const json_t *params = json_object_get(response, "subscriptionParams");
    const json_t *turn = json_object_get(params, "turnCredentials");
    struct slice turn_user = kandy_text(json_object_get(turn, "username"));
    const json_t *expires = json_object_get(params, "expires");
    struct slice path = kandy_text(json_object_get(response, "subscription"));
    struct slice channel = kandy_text(json_object_get(params, "notificationChannel"));
    if (expires || !out->expires_s) /* a refresh need not repeat it */
        out->expires_s = expires_of(expires);
    read_services(out, json_object_get(params, "service"));
    if (turn_user.len) {
        out->has_turn = slice_copy(turn_user, out->turn_user, sizeof out->turn_user);
        set_secret(&out->turn_password, kandy_text(json_object_get(turn, "password")));
    }
    /* a refresh need not repeat them */
    bool ok = (!path.len || copy_path(path, out->subscription)) &&
              (!channel.len || copy_path(channel, out->channel));
    return ok && out->subscription[0] && out->channel[0] ? OK : ERR_PARSE;
}

static enum err read_seed(struct kandy_granted *out, const json_t *root)
{
    struct slice id = kandy_text(json_object_get(root, "subscriptionId"));
    struct slice token = kandy_text(json_object_get(root, "access_token"));
    token = token.len ? token : kandy_text(json_object_get(root, "token"));
    if (!id.len)
        id = kandy_text(json_object_get(root, "access_token"));
    if (!id.len || !slice_copy(id, out->subscription, sizeof out->subscription))
        return ERR_PARSE;
    set_secret(&out->token, token.len ? token : id);
    set_secret(&out->refresh_token, kandy_text(json_object_get(root, "refresh_token")));
    out->expires_s = expires_of(json_object_get(root, "expires_in"));
    return OK;
}

enum err kandy_granted_parse(struct kandy_granted *out, struct slice body)
{
    json_t *root = kandy_json_load(body);
    const json_t *response = json_object_get(root, "subscribeResponse");
    enum err err = response ? read_link(out, response) : read_seed(out, root);
    json_decref(root);
    return err;
}

enum err kandy_granted_parse_token(struct kandy_granted *out, struct slice body)
{
    json_t *root = kandy_json_load(body);
    const json_t *success = json_object_get(root, "success");
    const json_t *from = success ? success : root;
    struct slice token = kandy_text(json_object_get(from, "access_token"));
    const json_t *expires = json_object_get(from, "expires");
    /* where the token stands in for a subscription's id, the new one does (section 1.1) */
    if (token.len && slice_eq(secret_reveal(&out->token), slice_of(out->subscription)))
        (void)slice_copy(token, out->subscription, sizeof out->subscription);
    set_secret(&out->token, token);
    set_secret(&out->refresh_token, kandy_text(json_object_get(from, "refresh_token")));
    out->expires_s = expires_of(expires ? expires : json_object_get(from, "expires_in"));
    enum err err = token.len ? OK : ERR_PARSE;
    json_decref(root);
    return err;
}

void kandy_granted_clear(struct kandy_granted *granted)
{
    secret_clear(&granted->token);
    secret_clear(&granted->refresh_token);
    secret_clear(&granted->turn_password);
    *granted = (struct kandy_granted){ 0 };
}

bool kandy_reply_session(struct slice body, char out[KANDY_ID_MAX])
{
    static const char *const path[] = { "callControlResponse", "sessionData", NULL };
    json_t *root = kandy_json_load(body);
    struct slice session = kandy_text_at(root, path);
    if (!session.len)
        session = kandy_text(json_object_get(root, "sessionData"));
    bool ok = session.len && slice_copy(session, out, KANDY_ID_MAX);
    json_decref(root);
    return ok;
}

void kandy_reply_state(struct slice body, char out[32])
{
    static const char *const path[] = { "callControlResponse", "state", NULL };
    json_t *root = kandy_json_load(body);
    if (!slice_copy(kandy_text_at(root, path), out, 32))
        out[0] = '\0';
    json_decref(root);
}
