#pragma once
/* One HTTP request and its reply. Control thread only; slices live as long as the request.
 * libwebsockets hands paths and queries out decoded: "%2F" is '/', "//", "/./" and "/../" are
 * resolved, so that what is matched is what is meant. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

struct http_listener;
struct http_request;

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_HEAD,
    HTTP_OPTIONS,
    HTTP_METHOD_COUNT
};

enum http_method http_request_method(const struct http_request *request);
const char *http_method_name(enum http_method method);
/** Decoded, begins with '/', without the query. Match it with http_path.h. */
struct slice http_request_path(const struct http_request *request);
/** The first query parameter of that name, decoded; `ptr` is NULL when there is none. */
struct slice http_request_param(const struct http_request *request, const char *name);
/** The parameters in order: false behind the last one. */
bool http_request_param_at(const struct http_request *request, size_t at, struct slice *name,
                           struct slice *value);
/** By name, any case; `ptr` is NULL when it was not sent. Repeated ones are joined by commas. */
struct slice http_request_header(const struct http_request *request, const char *name);
/** Whole; a chunked one decoded. Empty when there is none. */
struct slice http_request_body(const struct http_request *request);
const struct addr *http_request_peer(const struct http_request *request);
const struct http_listener *http_request_listener(const struct http_request *request);
bool http_request_is_tls(const struct http_request *request);

/** Who replies later sets this inside on_request: called once if the client goes away before the
 * reply, and the request ends with it. */
void http_request_on_gone(struct http_request *request,
                          void (*on_gone)(void *owner, struct http_request *request), void *owner);
/** A header for the reply, before http_reply(). Date, Server, Content-Length and Content-Type are
 * set anyway. CR and LF in a value are refused: ERR_INVALID; too many: ERR_LIMIT. */
MUST_CHECK enum err http_reply_header(struct http_request *request, const char *name,
                                      struct slice value);
/** Answer, and the request is no longer yours. `body` is copied; `content_type` may be NULL. HEAD
 * gets the length only. */
void http_reply(struct http_request *request, int status, const char *content_type,
                struct slice body);
/** As application/json; `body` stays the caller's. */
void http_reply_json(struct http_request *request, int status, const json_t *body);
