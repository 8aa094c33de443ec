#include "net/http_request.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "net/http_priv.h"

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH",     [HTTP_DELETE] = "DELETE", [HTTP_HEAD] = "HEAD",
    [HTTP_OPTIONS] = "OPTIONS",
};
_Static_assert(COUNT_OF(method_names) == HTTP_METHOD_COUNT, "one name a method");

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

/* The header names that libwebsockets has tokens for hold a colon at the end. */
static bool names_token(const char *token, const char *name, size_t len)
{
    return token && strlen(token) == len + 1 && token[len] == ':' &&
           strncasecmp(token, name, len) == 0;
}

static char *known_header(struct lws *wsi, const char *name, size_t *len)
{
    for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
        enum lws_token_indexes index = (enum lws_token_indexes)token; /* in its range */
        int room = lws_hdr_total_length(wsi, index);
        if (room <= 0)
            continue;
        if (!names_token((const char *)lws_token_to_string(index), name, strlen(name)))
            continue;
        char *value = mem_alloc((size_t)room + 2); /* room is positive, at most HTTP_MAX_HEADERS */
        int n = lws_hdr_copy(wsi, value, room + 2, index);
        *len = n > 0 ? (size_t)n : 0;
        return value;
    }
    return NULL;
}

static char *custom_header(struct lws *wsi, const char *name, size_t *len)
{
    char lower[128];
    size_t n = strlen(name);
    if (n > sizeof lower - 2)
        return NULL;
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    lower[n] = ':';
    lower[n + 1] = '\0';
    int room = lws_hdr_custom_length(wsi, lower, (int)n + 1);
    if (room < 0)
        return NULL;
    char *value = mem_alloc((size_t)room + 2); /* room is not negative */
    int got = lws_hdr_custom_copy(wsi, value, room + 1, lower, (int)n + 1);
    *len = got > 0 ? (size_t)got : 0;
    return value;
}

/* From the header table of a wsi, while it has one: terminated copies on the heap, NULL when there
 * is none. `name` in any case, without the colon. */
static char *http_wsi_header(struct lws *wsi, const char *name, size_t *len)
{
    char *value = known_header(wsi, name, len);
    if (!value)
        value = custom_header(wsi, name, len);
    if (!value)
        return NULL;
    struct slice trimmed = slice_trim(slice_make(value, *len));
    memmove(value, trimmed.ptr, trimmed.len);
    value[trimmed.len] = '\0';
    *len = trimmed.len;
    return value;
}

/* The `at`-th query parameter as "name=value", decoded. */
static char *http_wsi_param(struct lws *wsi, size_t at, size_t *len)
{
    int room = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, (int)at);
    char *pair = mem_alloc((size_t)room + 1);
    int n = lws_hdr_copy_fragment(wsi, pair, room + 1, WSI_TOKEN_HTTP_URI_ARGS, (int)at);
    if (n < 0) {
        mem_free(pair);
        return NULL;
    }
    *len = (size_t)n;
    return pair;
}

static const struct {
    int lws;
    enum http_method method;
} methods[] = {
    { LWSHUMETH_GET, HTTP_GET },         { LWSHUMETH_POST, HTTP_POST },
    { LWSHUMETH_PUT, HTTP_PUT },         { LWSHUMETH_PATCH, HTTP_PATCH },
    { LWSHUMETH_DELETE, HTTP_DELETE },   { LWSHUMETH_HEAD, HTTP_HEAD },
    { LWSHUMETH_OPTIONS, HTTP_OPTIONS },
};

struct http_request *http_request_create(struct http_conn *conn)
{
    char *uri = NULL;
    int uri_len = 0;
    int lws_method = lws_http_get_uri_and_method(conn->wsi, &uri, &uri_len);
    size_t i = 0;
    while (i < COUNT_OF(methods) && methods[i].lws != lws_method)
        i++;
    if (i == COUNT_OF(methods))
        return NULL;
    struct http_request *request = mem_new(struct http_request);
    request->conn = conn;
    request->method = methods[i].method;
    request->path_len = (size_t)uri_len; /* of a header that is there */
    request->path = mem_copy_text(uri, request->path_len);
    request->found = mem_new(struct list);
    list_init(request->found);
    buf_init(&request->headers, request->headers_mem, sizeof request->headers_mem);
    return request;
}

void http_request_destroy(struct http_request *request)
{
    if (!request)
        return;
    LIST_EACH(link, request->found)
    {
        struct http_found *found = LIST_ITEM(link, struct http_found, link);
        list_remove(link);
        mem_free(found->name);
        mem_free(found->value);
        mem_free(found);
    }
    mem_free(request->found);
    mem_free(request->chunked);
    mem_free(request->path);
    mem_free(request->body);
    mem_free(request->out);
    mem_free(request);
}

enum http_method http_request_method(const struct http_request *request)
{
    return request->method;
}

struct slice http_request_path(const struct http_request *request)
{
    return slice_make(request->path, request->path_len);
}

struct slice http_request_body(const struct http_request *request)
{
    return slice_make(request->body, request->body_len);
}

const struct addr *http_request_peer(const struct http_request *request)
{
    return &request->conn->peer;
}

const struct http_listener *http_request_listener(const struct http_request *request)
{
    return request->conn->listener;
}

bool http_request_is_tls(const struct http_request *request)
{
    return request->conn->listener->tls;
}

static struct slice value_of(const struct http_found *found)
{
    return found->value ? slice_make(found->value, found->value_len) : SLICE_NONE;
}

/* What was looked up before under `name`, or a new entry for it. Parameters' names begin with '?',
 * which no header's does. */
static struct http_found *find_or_add(const struct http_request *request, const char *name,
                                      bool *is_new)
{
    LIST_EACH(link, request->found)
    {
        struct http_found *found = LIST_ITEM(link, struct http_found, link);
        if (strcasecmp(found->name, name) == 0) {
            *is_new = false;
            return found;
        }
    }
    struct http_found *found = mem_new(struct http_found);
    found->name = slice_dup(slice_of(name));
    list_append(request->found, &found->link);
    *is_new = true;
    return found;
}

struct slice http_request_header(const struct http_request *request, const char *name)
{
    bool is_new;
    struct http_found *found = find_or_add(request, name, &is_new);
    if (is_new)
        found->value = http_wsi_header(request->conn->wsi, name, &found->value_len);
    return value_of(found);
}

bool http_request_param_at(const struct http_request *request, size_t at, struct slice *name,
                           struct slice *value)
{
    bool is_new;
    char key[32];
    snprintf(key, sizeof key, "?%zu", at);
    struct http_found *found = find_or_add(request, key, &is_new);
    if (is_new)
        found->value = http_wsi_param(request->conn->wsi, at, &found->value_len);
    if (!found->value)
        return false;
    *value = value_of(found);
    *name = slice_cut(value, '=');
    return true;
}

struct slice http_request_param(const struct http_request *request, const char *name)
{
    struct slice key, value;
    for (size_t at = 0; http_request_param_at(request, at, &key, &value); at++)
        if (slice_is(key, name))
            return value;
    return SLICE_NONE;
}

void http_request_on_gone(struct http_request *request,
                          void (*on_gone)(void *owner, struct http_request *request), void *owner)
{
    request->on_gone = on_gone;
    request->gone_owner = owner;
}
