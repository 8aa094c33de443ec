#pragma once
/* HTTP requests to others: libcurl's multi interface on the loop, and one blocking call for
 * programs without a loop. Control thread only, but for http_client_fetch(). */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct addr;
struct loop;
struct http_client;
struct http_client_call;

enum {
    HTTP_CLIENT_TIMEOUT_MS = 10000, /* for the whole exchange, unless given */
    HTTP_CLIENT_MAX_BODY = 4 << 20, /* bytes of an answer, unless given: ERR_LIMIT */
    HTTP_CLIENT_MAX_HEADERS = 100,  /* header lines kept */
    HTTP_CLIENT_ERROR_TEXT = 256,
};

struct http_header {
    struct slice name, value;
};

/** Borrowed until send or fetch returns; zero is the default of everything but `url`. */
struct http_client_request {
    const char *method; /* NULL: GET, or POST with a body */
    const char *url;    /* http: or https: */
    const struct http_header *headers;
    size_t n_headers;
    const char *content_type; /* of the body */
    struct slice body;
    int timeout_ms;
    size_t max_body;
    const char *ca_file; /* trust these instead of the system's */
    bool insecure;       /* no TLS verification: for self-made certificates on loopback */
    bool follow;         /* up to 5 redirects, http and https only */
    struct slice user;   /* Basic authentication when not empty */
    struct slice password;
    /** May a connection go there? Asked of every address before it is connected to, those of
     * redirects too; no proxy is used then. NULL: anywhere. */
    bool (*may_reach)(const void *owner, const struct addr *addr);
    const void *reach_owner;
    const char *unix_socket; /* path of a local socket to connect to */
};

/** What came; borrowed by the callback. With `err` set only `text` counts, which a person can read:
 * "Could not connect to server: 127.0.0.1 port 8080". A status of 400 or more is no `err`. */
struct http_client_answer {
    enum err
        err; /* ERR_MISUSE (may_reach said no), ERR_TIMEOUT, ERR_REFUSED (connection), ERR_NOT_FOUND
                (name), ERR_AUTH (TLS certificate), ERR_LIMIT, ERR_INVALID (URL), ERR_IO */
    const char *text;
    int status;
    const struct http_header *headers; /* of the last answer */
    size_t n_headers;
    struct slice body;
};
/** The first header of that name, any case; `ptr` is NULL when there is none. */
struct slice http_client_header(const struct http_client_answer *answer, const char *name);

typedef void (*http_client_fn)(void *owner, const struct http_client_answer *answer);

struct http_client *http_client_create(struct loop *loop);
/** Cancels every call, without callbacks. NULL is fine. Turn the loop once before destroying it. */
void http_client_destroy(struct http_client *client);
/** `fn` is called once, later, from the loop; the call ends with it. Never NULL. */
struct http_client_call *http_client_send(struct http_client *client,
                                          const struct http_client_request *request,
                                          http_client_fn fn, void *owner);
/** No callback comes any more. Not from inside the call's own callback. */
void http_client_cancel(struct http_client_call *call);

/** Blocking, for command-line programs: `fn` is called once before it returns. Returns
 * answer->err. */
enum err http_client_fetch(const struct http_client_request *request, http_client_fn fn,
                           void *owner);
