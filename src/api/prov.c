/* The families of provisioning: their paths, who may ask, and what every answer carries. */
#include "api/prov.h"

#include <time.h>

#include "api/rate_limit.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/token.h"

const struct api_route prov_login_routes[PROV_LOGIN_ROUTES] = {
    { HTTP_GET, "/Login", prov_login }, /* the older library */
    { HTTP_POST, "/Login", prov_login },
};

/* Behind /Users/ID and, for other users of the project, /Users/ID/DomainUsers/ID. */
const struct api_route prov_routes[PROV_ROUTES] = {
    { HTTP_GET, "/", prov_user_show },
    { HTTP_PUT, "/", prov_user_change },
    { HTTP_DELETE, "/", prov_user_remove },
    { HTTP_GET, "/Connections", prov_connection_list },
    { HTTP_POST, "/Connections", prov_connection_add },
    { HTTP_GET, "/Connections/:id", prov_connection_show },
    { HTTP_PUT, "/Connections/:id", prov_connection_change },
    { HTTP_DELETE, "/Connections/:id", prov_connection_remove },
    { HTTP_GET, "/Devices", prov_device_list },
    { HTTP_POST, "/Devices", prov_device_add },
    { HTTP_GET, "/Devices/:id", prov_device_show },
    { HTTP_PUT, "/Devices/:id", prov_device_change },
    { HTTP_DELETE, "/Devices/:id", prov_device_remove },
    { HTTP_GET, "/Devices/:id/ConsoleLog", prov_console_log },
    { HTTP_POST, "/Devices/:id/ConsoleLog", prov_console_add },
    { HTTP_GET, "/Devices/:id/NetworkLatencyLog", prov_latency_log },
    { HTTP_GET, "/Devices/:id/RegisterLog", prov_register_log },
    { HTTP_POST, "/Devices/:id/Rotate", prov_device_rotate },
    { HTTP_GET, "/Devices/:id/SipTraceLog", prov_trace_log },
    { HTTP_GET, "/Domain/Provisioning", prov_domain_settings_show },
    { HTTP_PUT, "/Domain/Provisioning", prov_domain_settings_change },
    { HTTP_GET, "/DomainUsers", prov_user_list },
    { HTTP_DELETE, "/Login", prov_logout },
    { HTTP_GET, "/PAT", prov_pat_list },
    { HTTP_POST, "/PAT", prov_pat_add },
    { HTTP_DELETE, "/PAT", prov_pat_remove },
    { HTTP_GET, "/PAT/AccessLog", prov_access_log },
    { HTTP_DELETE, "/PAT/:id", prov_pat_remove },
    { HTTP_GET, "/Provisioning", prov_settings_show },
    { HTTP_PUT, "/Provisioning", prov_settings_change },
};

/* {"error":"unauthorized","message":"…"}: clients read the status only */
json_t *prov_error(const struct rest *rest, const struct rest_error *error)
{
    (void)rest;
    json_t *message = json_string(error->text);
    return json_pack("{s:s, s:o, s:s*}", "error", error->code, "message",
                     message ? message : json_string("?"), "field", error->field);
}

/* Whose page is it? "*" where any may, which is safe, for nothing is done by cookie. */
static struct slice allowed_origin(const struct rest *rest)
{
    const struct api_provisioning *settings = &rest->api->provisioning;
    struct slice origin = rest_header(rest, "Origin");
    for (size_t i = 0; i < settings->n_origins; i++) {
        struct slice known = slice_of(settings->origins[i]);
        if (slice_is(known, "*"))
            return known;
        if (origin.len && slice_ieq(known, origin))
            return origin;
    }
    return SLICE_NONE;
}

/* On errors, too: without it a page sees a network error instead of the status. */
static void allow_origin(struct rest *rest)
{
    struct slice origin = allowed_origin(rest);
    if (!slice_empty(origin))
        rest_set_header(rest, "Access-Control-Allow-Origin", origin);
    if (!slice_is(origin, "*"))
        rest_set_header(rest, "Vary", SLICE("Origin"));
}

void prov_dress(struct rest *rest, int status)
{
    allow_origin(rest);
    if (rest->asked.method == HTTP_OPTIONS)
        return;
    rest_set_header(rest, "Access-Control-Expose-Headers", SLICE("ETag, Retry-After"));
    rest_set_header(rest, "Cache-Control", SLICE("no-store"));
    rest_set_header(rest, "X-Content-Type-Options", SLICE("nosniff"));
    if (status == 401)
        rest_set_header(rest, "WWW-Authenticate", SLICE("Bearer realm=\"tandem\""));
}

void prov_preflight(struct rest *rest)
{
    rest_set_header(rest, "Access-Control-Allow-Methods", SLICE("GET, POST, PUT, DELETE, OPTIONS"));
    rest_set_header(rest, "Access-Control-Allow-Headers",
                    SLICE("Authorization, Content-Type, X-Api-Key"));
    rest_set_header(rest, "Access-Control-Max-Age", SLICE("86400"));
    /* a public page may reach a tandem in the office's network, as far as its browser lets it */
    if (slice_iis(rest_header(rest, "Access-Control-Request-Private-Network"), "true"))
        rest_set_header(rest, "Access-Control-Allow-Private-Network", SLICE("true"));
    rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

const char *prov_address(const struct rest *rest, char out[REST_TEXT_MAX])
{
    char text[ADDR_TEXT];
    struct slice chain = rest_header(rest, "X-Forwarded-For");
    struct slice last = SLICE_NONE;
    /* the last one was added by the proxy that we trust because it is on this machine */
    while (addr_is_loopback(rest->asked.peer) && !slice_empty(chain))
        last = slice_trim(slice_cut(&chain, ','));
    if (slice_empty(last) || !slice_copy(last, out, REST_TEXT_MAX))
        snprintf(out, REST_TEXT_MAX, "%s", addr_print_ip(rest->asked.peer, text));
    return out;
}

/* Tokens do not travel in the clear, but on this machine, or behind a proxy that says that its side
 * was TLS. Who says so himself fools nobody else. */
static bool is_private(struct rest *rest)
{
    if (rest->asked.is_tls || addr_is_loopback(rest->asked.peer) ||
        slice_iis(rest_header(rest, "X-Forwarded-Proto"), "https"))
        return true;
    rest_fail(rest, 403, "https_required", NULL, "ask by https: tokens do not travel in the clear");
    return false;
}

void prov_guard_login(struct rest *rest)
{
    char address[REST_TEXT_MAX];
    char seconds[16];
    if (!is_private(rest))
        return;
    struct slice key = slice_of(prov_address(rest, address));
    int64_t now_ms = rest_now_ms(rest);
    if (rate_limit_take(rest->api->logins, key, now_ms)) {
        rest_admit(rest);
        return;
    }
    snprintf(seconds, sizeof seconds, "%u", rate_limit_wait_s(rest->api->logins, key, now_ms));
    rest_set_header(rest, "Retry-After", slice_of(seconds));
    rest_fail(rest, 429, "too_many_requests", NULL, "too many logins: try again in %s s", seconds);
}

/* "/Users/ID/DomainUsers/ID/Devices" in its parts; the rest begins with '/'. */
struct prov_path {
    struct slice user, other, rest;
};

static struct prov_path split(struct slice path)
{
    struct prov_path parts = { 0 };
    struct slice tail = slice_from(path, sizeof "/Users/" - 1);
    parts.user = slice_cut(&tail, '/');
    if (slice_starts(tail, SLICE("DomainUsers/"))) {
        struct slice behind = slice_from(tail, sizeof "DomainUsers/" - 1);
        struct slice other = slice_cut(&behind, '/');
        if (!slice_empty(other)) {
            parts.other = other;
            tail = behind;
        }
    }
    /* the slash before `tail` is there, but at the end of the path */
    parts.rest = slice_empty(tail) ? SLICE("/") : slice_make(tail.ptr - 1, tail.len + 1);
    return parts;
}

bool prov_may(struct rest *rest, const char *scope)
{
    static const char *const ranks[] = { "provisioning", "account", "domain" };
    const struct prov *prov = prov_of(rest);
    bool counts = false;
    /* each one includes those before it */
    for (size_t i = 0; i < COUNT_OF(ranks); i++) {
        counts = counts || strcmp(scope, ranks[i]) == 0;
        if (counts && token_has_scope(slice_of(prov->scopes), slice_of(ranks[i])))
            return true;
    }
    rest_fail(rest, 403, "forbidden", NULL, "this access token was not given the scope %s", scope);
    return false;
}

static void on_other(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct prov *prov = prov_of(rest);
    const struct store_user *user = answer->err ? NULL : STORE_ROWS(answer, store_user);
    if (answer->err && answer->err != ERR_NOT_FOUND) {
        rest_fail_store(rest, answer->err, "user");
    } else if (!user || strcmp(user->project_id, prov->project_id) != 0) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such user");
    } else {
        snprintf(prov->target_id, sizeof prov->target_id, "%s", user->id);
        rest_admit(rest);
    }
}

static void fill(struct prov *prov, const struct store_session *session)
{
    snprintf(prov->user_id, sizeof prov->user_id, "%s", session->user_id);
    snprintf(prov->target_id, sizeof prov->target_id, "%s", session->user_id);
    snprintf(prov->project_id, sizeof prov->project_id, "%s", session->project_id);
    snprintf(prov->token_id, sizeof prov->token_id, "%s", session->token_id);
    snprintf(prov->user_name, sizeof prov->user_name, "%s", session->user_name);
    snprintf(prov->scopes, sizeof prov->scopes, "%s", session->scopes);
}

static void on_session(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    char id[PROV_ID];
    if (answer->err == ERR_NOT_FOUND) {
        rest_fail(rest, 401, "unauthorized", NULL, "no session of that token: log in again");
        return;
    }
    if (answer->err) {
        rest_fail_store(rest, answer->err, "session");
        return;
    }
    struct prov *prov = mem_new(struct prov);
    rest->state = prov;
    fill(prov, STORE_ROWS(answer, store_session));
    struct prov_path path = split(rest->asked.path);
    rest->asked.path = path.rest;
    if (!slice_is(path.user, prov->user_id)) {
        rest_fail(rest, 403, "forbidden", NULL, "this session is of another user");
    } else if (slice_empty(path.other)) {
        rest_admit(rest);
    } else if (prov_may(rest, "domain")) {
        if (slice_copy(path.other, id, sizeof id))
            store_user_find(rest_store(rest), id, rest_then(rest, on_other));
        else
            rest_fail(rest, 404, "not_found", NULL, "there is no such user");
    }
}

void prov_guard(struct rest *rest)
{
    char hash[TOKEN_HASH];
    /* one value, whatever is in it: a session token is opaque and may hold commas */
    struct slice token = rest_header(rest, "X-Api-Key");
    if (slice_empty(token))
        token = rest_bearer(rest);
    if (!is_private(rest))
        return;
    if (slice_empty(slice_trim(token))) {
        rest_fail(rest, 401, "unauthorized", NULL, "expected X-Api-Key: and a session token");
        return;
    }
    token_hash(slice_trim(token), hash);
    store_session_check(rest_store(rest), hash, rest_now_ms(rest), rest_then(rest, on_session));
}

void prov_note(struct rest *rest, const char *token_id, const char *action, int status)
{
    char address[REST_TEXT_MAX];
    char agent[REST_TEXT_MAX];
    struct slice name = slice_sub(rest_header(rest, "User-Agent"), 0, sizeof agent - 1);
    (void)slice_copy(name, agent, sizeof agent);
    struct store_access row = { .token_id = token_id,
                                .action = action,
                                .address = prov_address(rest, address),
                                .agent = agent,
                                .at_ms = rest_now_ms(rest),
                                .status = status };
    store_access_add(rest_store(rest), &row, STORE_NOBODY);
}

void prov_dress_users(struct rest *rest, int status)
{
    char action[REST_TEXT_MAX];
    const struct prov *prov = prov_of(rest);
    prov_dress(rest, status);
    if (!prov)
        return;
    snprintf(action, sizeof action, "%s %.*s", http_method_name(rest->asked.method),
             SLICE_ARG(rest->asked.path));
    prov_note(rest, prov->token_id, action, status);
}

bool prov_limit(struct rest *rest, int64_t *out)
{
    uint64_t limit = 100;
    if (!rest_param_number(rest, "limit", PROV_LIST_MAX, &limit))
        return false;
    *out = (int64_t)limit; /* at most PROV_LIST_MAX */
    return true;
}

bool prov_day(struct rest *rest, int64_t *from_ms, int64_t *to_ms)
{
    const char *date = rest_param(rest, "date");
    struct tm tm = { 0 };
    *from_ms = *to_ms = 0;
    if (!date || !date[0])
        return true;
    const char *end = strptime(date, "%Y-%m-%d", &tm);
    if (!end || *end) {
        rest_fail(rest, 422, "invalid", "date", "date: expected a day such as 2026-01-31");
        return false;
    }
    *from_ms = (int64_t)timegm(&tm) * 1000;
    *to_ms = *from_ms + 24 * 3600 * (int64_t)1000;
    return true;
}
