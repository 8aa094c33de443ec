#pragma once
/* One request on its way through the API: its JSON, its reply. Handlers are rest_fn; each ends in
 * exactly one rest_reply_ or rest_fail, now or in a store callback, after which the rest is gone.
 * Private to this folder. Control thread. */

#include <jansson.h>

#include "api/api.h"
#include "base/list.h"
#include "base/timer.h"
#include "net/addr.h"
#include "net/http_path.h"
#include "store/store_rows.h"

enum { REST_TEXT_MAX = 200, REST_TIME = 32, REST_PARAMS_MAX = 16, REST_HEADERS_MAX = 12 };

struct api_family;
struct rate_limit;

/** What is asked, free of any socket. All but `params` lives until the request is answered. */
struct api_request {
    enum http_method method;
    struct slice path; /* decoded */
    struct slice authorization, body;
    /** Another header; `ptr` is NULL when it was not sent. The function may be NULL: none was. */
    struct slice (*header)(const void *source, const char *name);
    const void *source;
    const struct http_param *params; /* of the query, decoded */
    size_t n_params;
    const struct addr *peer;
    bool is_forwarded; /* it came through a proxy, so the peer is not who asks */
    bool is_tls;
};
struct rest_header {
    const char *name; /* a constant */
    char *value;
};
/** Borrowed. The body is JSON, or, where that is NULL, `text` of `type` (NULL: nothing). */
struct api_reply {
    int status;
    const json_t *body;
    const char *type;
    struct slice text;
    const struct rest_header *headers;
    size_t n_headers;
};
typedef void (*api_reply_fn)(void *owner, const struct api_reply *reply);
/** What went wrong, before it has the form of a family's errors. */
struct rest_error {
    int status;
    const char *code, *field, *text; /* "not_found", "name" or NULL, a sentence */
};

struct rest {
    struct list link;
    struct api *api;
    api_reply_fn reply;
    void *owner;
    const struct api_family *family;
    struct api_request asked; /* without its parameters: those are in `params` */
    struct rest_header headers[REST_HEADERS_MAX];
    size_t n_headers;
    struct http_path_match path;
    char *texts[HTTP_PATH_CAPTURES];           /* what the path captured */
    struct http_param params[REST_PARAMS_MAX]; /* terminated */
    size_t n_params;
    json_t *body;        /* an object */
    json_t *answer;      /* prepared for later, or NULL */
    const char *changes; /* which rows, for on_change() once the store has done it; or NULL */
    struct timer poll;   /* of a handler that waits for news */
    int64_t until_ms;    /* and how long, in loop time */
    uint32_t waits_for;  /* or whose */
    void *state;         /* a handler's own, freed with the rest; or NULL */
    bool *is_gone;       /* set when it is answered while its handler runs */
};
typedef void (*rest_fn)(struct rest *rest);

struct api {
    struct api_config config;
    struct api_provisioning provisioning;
    struct rate_limit *logins, *wrong_logins;    /* by address */
    struct rate_limit *requests;                 /* that change something, by project */
    struct rate_limit *mfa_numbers, *mfa_askers; /* codes: to a number, for a project or address */
    struct list open;
    char *sip_realm, *sip_domain, *token;
    size_t token_len;
};

/** Find the family, let its guard check who asks, find the route, read the body, run the handler.
 * NULL when the path is not ours, or when it is answered already; `*is_ours` tells which. */
struct rest *api_dispatch(struct api *api, const struct api_request *request, api_reply_fn reply,
                          void *owner, bool *is_ours);
/** The asker is gone: no reply any more. */
void rest_cancel(struct rest *rest);
/** The captures of rest->path as texts, for rest_captured(). */
void rest_keep_captures(struct rest *rest);
/** A guard's yes, now or later: the request goes on to its route. */
void rest_admit(struct rest *rest);

void rest_reply_take(struct rest *rest, int status, json_t *take);
/** Anything but JSON; `type` NULL: no body, as of a 204. */
void rest_reply_text(struct rest *rest, int status, const char *type, struct slice text);
/** A header of the reply that will be given; `name` is a constant, `value` copied. */
void rest_set_header(struct rest *rest, const char *name, struct slice value);
/** A header of the request; `ptr` is NULL when it was not sent. */
struct slice rest_header(const struct rest *rest, const char *name);
/** The token of "Authorization: Bearer …", or an empty slice. */
struct slice rest_bearer(const struct rest *rest);
void rest_fail(struct rest *rest, int status, const char *code, const char *field, const char *fmt,
               ...) __attribute__((format(printf, 5, 6)));
/** 404, 409, 422 or 500 for what the store said about `field`. */
void rest_fail_store(struct rest *rest, enum err err, const char *field);
/** Did the store do it? Otherwise it is answered: rest_fail_store(). */
bool rest_has(struct rest *rest, const struct store_answer *answer, const char *what);
/** What rest->answer holds. Tells the daemon of rest->changes. */
void rest_reply_prepared(struct rest *rest, int status);
/** One row as JSON, the caller's; NULL leaves it out. */
typedef json_t *(*rest_print_fn)(const struct rest *rest, const void *row);
struct rest_list {
    const struct store_table *table;
    size_t row_size;
    const char *what;
    rest_print_fn print;
};
/** 200 and an array of the rows that `print` shows, or the error: use REST_REPLY_LIST(). */
void rest_reply_list(struct rest *rest, const struct store_answer *answer,
                     const struct rest_list *list);
#define REST_REPLY_LIST(rest, answer, type, of, fn)                             \
    rest_reply_list((rest), (answer),                                           \
                    &(const struct rest_list){ .table = &type##_table,          \
                                               .row_size = sizeof(struct type), \
                                               .what = (of),                    \
                                               .print = (fn) })

/** One field of the body: text, at most `max` bytes. */
struct rest_field {
    const char *name;
    const char **out; /* borrowed from the body; "" when it was not given */
    bool is_required;
    size_t max; /* 0: REST_TEXT_MAX */
    bool (*check)(struct slice value);
    const char *expected; /* when check says no */
};
/** Fill in all fields; false when the request was answered 422, so that the handler returns.
 * Numbers are read with rest_number() and must be named in `fields` with out NULL. */
bool rest_take(struct rest *rest, const struct rest_field *fields, size_t n);
/** A whole number of the body; false (answered) when out of range. `*out` keeps its default. */
bool rest_number(struct rest *rest, const char *name, int64_t low, int64_t high, int64_t *out);
bool rest_is_name(struct slice value); /* letters, digits, '-', '_', '.' */

/** A text of the body that rest_take() has checked. */
const char *rest_given(const struct rest *rest, const char *name, const char *otherwise);

/** What the route captured; a parameter of the query, NULL when absent. Terminated. */
const char *rest_captured(const struct rest *rest, size_t i);
const char *rest_param(const struct rest *rest, const char *name);

/** A number of the query; false (answered) when it is none or over `max`. `*out` keeps its default.
 */
bool rest_param_number(struct rest *rest, const char *name, uint64_t max, uint64_t *out);

int64_t rest_now_ms(const struct rest *rest);
/** "2026-01-31T12:00:00Z"; null for 0. */
json_t *rest_time(int64_t ms);
struct store *rest_store(const struct rest *rest);
/** `fn(rest, answer)` once the store has answered. */
struct store_reply rest_then(struct rest *rest, store_fn fn);
/** Tell the daemon of rest->changes. */
void rest_tell_change(const struct rest *rest);
/** store_fn: 201 with rest->answer, or the error. Tells the daemon of rest->changes. */
void rest_on_added(void *rest, const struct store_answer *answer);
/** store_fn: 200 with {"removed": n}, or the error. Tells the daemon of rest->changes. */
void rest_on_removed(void *rest, const struct store_answer *answer);
