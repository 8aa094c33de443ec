#include "api.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/http_request.h"
#include "net/ws_frame.h"
#include "rate_limit.h"
#include "rest.h"
#include "routes.h"

/* An office behind one address logs in at nine; nobody types a token of 48 characters wrong often.
 */
enum {
    LOGINS_BURST = 300,
    LOGINS_PER_MINUTE = 300,
    WRONG_LOGINS_BURST = 20,
    WRONG_LOGINS_PER_MINUTE = 10,
    MFA_NUMBER_BURST = 10,
    MFA_NUMBER_PER_MINUTE = 2,
    MFA_ASKER_BURST = 100,
    MFA_ASKER_PER_MINUTE = 60,
    REQUESTS_PER_10S = 13800, /* what programs are used to */
};

struct api *api_create(const struct api_config *config)
{
    struct api *api = mem_new(struct api);
    BUG_IF(slice_empty(config->admin_token)); /* would let everybody in */
    api->config = *config;
    api->sip_realm = slice_dup(slice_of(config->sip_realm));
    api->sip_domain = slice_dup(slice_of(config->sip_domain));
    api->token = slice_dup(config->admin_token);
    api->token_len = config->admin_token.len;
    api->logins = rate_limit_create(LOGINS_BURST, LOGINS_PER_MINUTE);
    api->wrong_logins = rate_limit_create(WRONG_LOGINS_BURST, WRONG_LOGINS_PER_MINUTE);
    unsigned rate = config->requests_per_10s ? config->requests_per_10s : REQUESTS_PER_10S;
    api->requests = rate_limit_create(rate, 6 * rate);
    api->mfa_numbers = rate_limit_create(MFA_NUMBER_BURST, MFA_NUMBER_PER_MINUTE);
    api->mfa_askers = rate_limit_create(MFA_ASKER_BURST, MFA_ASKER_PER_MINUTE);
    list_init(&api->open);
    return api;
}

void api_destroy(struct api *api)
{
    if (!api)
        return;
    LIST_EACH(link, &api->open)
    rest_fail(LIST_ITEM(link, struct rest, link), 503, "closing", NULL, "tandem is shutting down");
    mem_wipe(api->token, api->token_len);
    mem_free(api->token);
    rate_limit_destroy(api->logins);
    rate_limit_destroy(api->wrong_logins);
    rate_limit_destroy(api->requests);
    rate_limit_destroy(api->mfa_numbers);
    rate_limit_destroy(api->mfa_askers);
    mem_free(api->sip_realm);
    mem_free(api->sip_domain);
    mem_free(api);
}

void api_set_provisioning(struct api *api, const struct api_provisioning *provisioning)
{
    api->provisioning = *provisioning;
}

void api_set_sip_domain(struct api *api, const char *sip_domain)
{
    mem_free(api->sip_domain);
    api->sip_domain = slice_dup(slice_of(sip_domain));
}

static bool has_admin_token(const struct api *api, struct slice authorization)
{
    struct slice rest = authorization;
    struct slice scheme = slice_cut(&rest, ' ');
    return slice_iis(scheme, "Bearer") &&
           hash_same(slice_trim(rest), slice_make(api->token, api->token_len));
}

void api_guard_admin(struct rest *rest)
{
    const struct api *api = rest->api;
    const struct api_request *request = &rest->asked;
    bool is_local = addr_is_loopback(request->peer) && !request->is_forwarded;
    if (!is_local && !api->config.admin_remote) {
        rest_fail(rest, 403, "forbidden", NULL, "admin requests are taken from this machine only");
        return;
    }
    if (!has_admin_token(api, request->authorization)) {
        rest_fail(rest, 401, "unauthorized", NULL,
                  "expected Authorization: Bearer and the token of admin.token in the state "
                  "directory");
        return;
    }
    rest_admit(rest);
}

/* {"error":{"code","message","field"}} */
json_t *api_admin_error(const struct rest *rest, const struct rest_error *error)
{
    (void)rest;
    json_t *message = json_string(error->text);
    return json_pack("{s:{s:s, s:o, s:s?}}", "error", "code", error->code, "message",
                     message ? message : json_string("?"), "field", error->field);
}

void api_dress_admin(struct rest *rest, int status)
{
    rest_set_header(rest, "Cache-Control", SLICE("no-store"));
    if (status == 401)
        rest_set_header(rest, "WWW-Authenticate", SLICE("Bearer realm=\"tandem\""));
}

static bool read_body(struct rest *rest)
{
    json_error_t error;
    struct slice body = rest->asked.body;
    if (rest->family->is_bodyless || slice_empty(slice_trim(body))) {
        rest->body = json_object();
        return true;
    }
    rest->body = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(rest->body))
        return true;
    rest_fail(rest, 400, "invalid", NULL, "the body is no JSON object: %s",
              rest->body ? "another value" : error.text);
    return false;
}

/* Terminated, as the store takes them. */
static void keep_params(struct rest *rest, const struct api_request *request)
{
    for (size_t i = 0; i < request->n_params && i < REST_PARAMS_MAX; i++) {
        struct http_param *param = &rest->params[rest->n_params++];
        param->name = slice_of(slice_dup(request->params[i].name));
        param->value = slice_of(slice_dup(request->params[i].value));
    }
}

static bool find_route(struct rest *rest, const struct api_route **route)
{
    bool is_path;
    *route =
        api_route_find(rest->family, rest->asked.method, rest->asked.path, &rest->path, &is_path);
    if (*route) {
        rest_keep_captures(rest);
        return true;
    }
    rest->path.n = 0; /* what did not match after all */
    if (is_path)
        rest_fail(rest, 405, "method_not_allowed", NULL, "not with this method");
    else
        rest_fail(rest, 404, "not_found", NULL, "there is no such path");
    return false;
}

/* Answers are JSON, and what was asked is often a part of them. */
static bool is_text(struct rest *rest)
{
    for (size_t i = 0; i < rest->n_params; i++) {
        if (ws_is_utf8(rest->params[i].name) && ws_is_utf8(rest->params[i].value))
            continue;
        rest_fail(rest, 400, "invalid", NULL, "parameter %zu of the query is not UTF-8", i + 1);
        return false;
    }
    return true;
}

void rest_admit(struct rest *rest)
{
    const struct api_route *route;
    if (!is_text(rest))
        return;
    if (rest->family->serve)
        rest->family->serve(rest);
    else if (find_route(rest, &route) && read_body(rest))
        route->handle(rest);
}

struct rest *api_dispatch(struct api *api, const struct api_request *request, api_reply_fn reply,
                          void *owner, bool *is_ours)
{
    const struct api_family *family = api_family_find(request->path);
    *is_ours = family != NULL;
    if (!family)
        return NULL;
    bool is_gone = false;
    struct rest *rest = mem_new(struct rest);
    rest->api = api;
    rest->reply = reply;
    rest->owner = owner;
    rest->family = family;
    rest->asked = *request;
    rest->asked.params = NULL;
    if (request->method == HTTP_HEAD) /* RFC 9110 §9.3.2: the server leaves the body out */
        rest->asked.method = HTTP_GET;
    rest->is_gone = &is_gone;
    list_append(&api->open, &rest->link);
    keep_params(rest, request);
    /* who may not ask does not learn which paths there are */
    if (request->method == HTTP_OPTIONS && family->preflight)
        family->preflight(rest);
    else
        family->guard(rest);
    if (is_gone)
        return NULL;
    rest->is_gone = NULL;
    return rest;
}

static void reply_http(void *owner, const struct api_reply *reply)
{
    struct http_request *request = owner;
    for (size_t i = 0; i < reply->n_headers; i++)
        if (http_reply_header(request, reply->headers[i].name, slice_of(reply->headers[i].value)))
            log_warn(NULL, "reply without its header %s", reply->headers[i].name);
    if (reply->body)
        http_reply_json(request, reply->status, reply->body);
    else
        http_reply(request, reply->status, reply->type, reply->text);
}

static struct slice header_of(const void *source, const char *name)
{
    return http_request_header(source, name);
}

static void on_gone(void *owner, struct http_request *request)
{
    (void)request;
    rest_cancel(owner);
}

static bool is_forwarded(const struct http_request *request)
{
    static const char *const headers[] = { "Forwarded", "X-Forwarded-For", "X-Real-IP" };
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        if (http_request_header(request, headers[i]).ptr)
            return true;
    return false;
}

bool api_may_measure(const struct api *api, const struct http_request *request)
{
    bool is_local = addr_is_loopback(http_request_peer(request)) && !is_forwarded(request);
    return is_local || has_admin_token(api, http_request_header(request, "Authorization"));
}

bool api_handle(struct api *api, struct http_request *request)
{
    struct http_param params[REST_PARAMS_MAX];
    struct api_request asked = {
        .params = params,
        .method = http_request_method(request),
        .path = http_request_path(request),
        .authorization = http_request_header(request, "Authorization"),
        .body = http_request_body(request),
        .header = header_of,
        .source = request,
        .peer = http_request_peer(request),
        .is_tls = http_request_is_tls(request),
    };
    while (asked.n_params < REST_PARAMS_MAX &&
           http_request_param_at(request, asked.n_params, &params[asked.n_params].name,
                                 &params[asked.n_params].value))
        asked.n_params++;
    asked.is_forwarded = is_forwarded(request);
    bool is_ours;
    struct rest *rest = api_dispatch(api, &asked, reply_http, request, &is_ours);
    if (rest)
        http_request_on_gone(request, on_gone, rest);
    return is_ours;
}
