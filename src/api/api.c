#include "api.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/http_request.h"
#include "rest.h"
#include "routes.h"

struct api *api_create(const struct api_config *config)
{
    struct api *api = mem_new(struct api);
    BUG_IF(slice_empty(config->admin_token)); /* would let everybody in */
    api->config = *config;
    api->sip_realm = slice_dup(slice_of(config->sip_realm));
    api->sip_domain = slice_dup(slice_of(config->sip_domain));
    api->token = slice_dup(config->admin_token);
    api->token_len = config->admin_token.len;
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
    mem_free(api->sip_realm);
    mem_free(api->sip_domain);
    mem_free(api);
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

/* A refusal is answered, and then the rest is gone. */
static bool may_ask(struct rest *rest, const struct api_request *request)
{
    const struct api *api = rest->api;
    bool is_local = addr_is_loopback(request->peer) && !request->is_forwarded;
    if (!is_local && !api->config.admin_remote) {
        rest_fail(rest, 403, "forbidden", NULL, "admin requests are taken from this machine only");
        return false;
    }
    if (!has_admin_token(api, request->authorization)) {
        rest_fail(rest, 401, "unauthorized", NULL,
                  "expected Authorization: Bearer and the token of admin.token in the state "
                  "directory");
        return false;
    }
    return true;
}

static bool read_body(struct rest *rest, const struct api_request *request)
{
    json_error_t error;
    if (slice_empty(slice_trim(request->body))) {
        rest->body = json_object();
        return true;
    }
    rest->body = json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(rest->body))
        return true;
    rest_fail(rest, 400, "invalid", NULL, "the body is no JSON object: %s",
              rest->body ? "another value" : error.text);
    return false;
}

/* They must outlive the request's own memory when the store answers later. */
static void keep_texts(struct rest *rest, const struct api_request *request)
{
    for (size_t i = 0; i < rest->path.n; i++)
        rest->texts[i] = slice_dup(rest->path.captured[i]);
    for (size_t i = 0; i < request->n_params && i < REST_PARAMS_MAX; i++) {
        struct http_param *param = &rest->params[rest->n_params++];
        param->name = slice_of(slice_dup(request->params[i].name));
        param->value = slice_of(slice_dup(request->params[i].value));
    }
}

static bool find_route(struct rest *rest, const struct api_request *request,
                       const struct api_route **route)
{
    bool is_path;
    *route = api_route_find(request->method, request->path, &rest->path, &is_path);
    if (*route)
        return true;
    rest->path.n = 0; /* what did not match after all */
    if (is_path)
        rest_fail(rest, 405, "method_not_allowed", NULL, "not with this method");
    else
        rest_fail(rest, 404, "not_found", NULL, "there is no such path");
    return false;
}

struct rest *api_dispatch(struct api *api, const struct api_request *request, api_reply_fn reply,
                          void *owner, bool *is_ours)
{
    const struct api_route *route;
    *is_ours = slice_starts(request->path, SLICE("/admin/api/"));
    if (!*is_ours)
        return NULL;
    struct rest *rest = mem_new(struct rest);
    rest->api = api;
    rest->reply = reply;
    rest->owner = owner;
    list_append(&api->open, &rest->link);
    /* who may not ask does not learn which paths there are */
    if (!may_ask(rest, request) || !find_route(rest, request, &route))
        return NULL;
    keep_texts(rest, request);
    if (!read_body(rest, request))
        return NULL;
    bool is_gone = false;
    rest->is_gone = &is_gone;
    route->handle(rest);
    if (is_gone)
        return NULL;
    rest->is_gone = NULL;
    return rest;
}

static void reply_http(void *owner, int status, const json_t *body)
{
    struct http_request *request = owner;
    enum err err = http_reply_header(request, "Cache-Control", SLICE("no-store"));
    if (!err && status == 401)
        err = http_reply_header(request, "WWW-Authenticate", SLICE("Bearer realm=\"tandem\""));
    BUG_IF(err); /* two short constants */
    http_reply_json(request, status, body);
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
        .peer = http_request_peer(request),
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
