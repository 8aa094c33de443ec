#include "net/http_client.h"

#include <curl/curl.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/secret.h"
#include "net/addr.h"

enum { MAX_REDIRECTS = 5, HEADER_BYTES_MAX = 64 << 10, BODY_STEP = 16 << 10 };

struct http_client {
    struct loop *loop;
    CURLM *multi;
    struct timer timer;
    struct list calls;
    struct list sockets;
};

/* One exchange, in a client or on its own in http_client_fetch(). */
struct http_client_call {
    struct list link;
    struct http_client *client;
    CURL *easy;
    struct curl_slist *sent_headers;
    char *body_sent;
    http_client_fn fn;
    void *owner;
    char error[CURL_ERROR_SIZE];
    char *body;
    size_t len, cap, max;
    bool too_long;
    bool (*may_reach)(const void *owner, const struct addr *addr);
    const void *reach_owner;
    char refused[ADDR_TEXT]; /* the address that may not be reached; "" none */
    char *header_text;       /* lines of the last answer, one after the other */
    size_t header_len;
};

struct watch { /* a socket of libcurl's in the loop */
    struct list link;
    struct http_client *client;
    uv_poll_t poll;
};

static size_t on_body(char *bytes, size_t one, size_t n, void *user)
{
    struct http_client_call *call = user;
    (void)one; /* always 1 */
    if (n > call->max - call->len) {
        call->too_long = true;
        return 0;
    }
    if (n > call->cap - call->len) {
        call->cap = 2 * (call->len + n) + BODY_STEP;
        call->body = mem_resize(call->body, call->cap);
    }
    memcpy(call->body + call->len, bytes, n);
    call->len += n;
    return n;
}

static size_t on_header(char *bytes, size_t one, size_t n, void *user)
{
    struct http_client_call *call = user;
    (void)one; /* always 1 */
    if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        call->header_len = 0; /* of a redirect's target, or after 100 Continue */
    if (n > HEADER_BYTES_MAX - call->header_len) {
        call->too_long = true;
        return 0;
    }
    if (!call->header_text)
        call->header_text = mem_alloc(HEADER_BYTES_MAX);
    memcpy(call->header_text + call->header_len, bytes, n);
    call->header_len += n;
    return n;
}

static void free_call(struct http_client_call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->sent_headers);
    mem_free(call->body_sent);
    mem_free(call->body);
    mem_free(call->header_text);
    mem_free(call);
}

static void add_header(struct http_client_call *call, struct slice name, struct slice value)
{
    /* libcurl drops "Name:" and sends an empty one for "Name;" */
    size_t cap = name.len + value.len + 4;
    char *line = mem_alloc(cap);
    snprintf(line, cap, value.len ? "%.*s: %.*s" : "%.*s;%.*s", SLICE_ARG(name), SLICE_ARG(value));
    call->sent_headers = curl_slist_append(call->sent_headers, line);
    mem_free(line);
}

static void set_credentials(CURL *easy, const struct http_client_request *request)
{
    if (!request->user.len)
        return;
    char *user = slice_dup(request->user);
    struct secret password = { 0 };
    secret_set(&password, request->password);
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_USERNAME, user);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, secret_reveal(&password).ptr);
    secret_clear(&password);
    mem_free(user);
}

static void set_body(struct http_client_call *call, const struct http_client_request *request)
{
    CURL *easy = call->easy;
    const char *method = request->method;
    bool is_head = method && strcmp(method, "HEAD") == 0;
    if (request->body.len || (method && strcmp(method, "POST") == 0)) {
        call->body_sent = mem_copy(request->body.len ? request->body.ptr : "", request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body_sent);
        const char *type =
            request->content_type ? request->content_type : "application/octet-stream";
        add_header(call, SLICE("Content-Type"), slice_of(type));
        /* we do not wait a second for peers that never say 100 */
        call->sent_headers = curl_slist_append(call->sent_headers, "Expect:");
    }
    if (is_head)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (method)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* A proxy of the environment is used, but never toward ourselves. */
static void set_proxy(CURL *easy)
{
    char mem[1024];
    struct buf except = BUF_ON(mem);
    const char *given = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
    buf_text(&except, "localhost,127.0.0.1,::1");
    if (given)
        buf_printf(&except, ",%s", given);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, except.overflow ? given : buf_cstr(&except));
}

/* Asked by libcurl for each connection: the place where names have become addresses. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct http_client_call *call = user;
    struct addr addr = addr_from_sockaddr(&to->addr);
    (void)purpose;
    if (!call->may_reach(call->reach_owner, &addr)) {
        addr_print_ip(&addr, call->refused);
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Asked by libcurl before each request: the connection may be one that another left open, which was
 * not held to this policy. */
static int before_request(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct http_client_call *call = user;
    struct addr addr;
    (void)local;
    (void)local_port;
    /* a port, as libcurl says */
    if (!addr_parse_ip(slice_of(remote), (uint16_t)remote_port, &addr) &&
        call->may_reach(call->reach_owner, &addr))
        return CURL_PREREQFUNC_OK;
    snprintf(call->refused, sizeof call->refused, "%s", remote);
    return CURL_PREREQFUNC_ABORT;
}

static void set_reach(struct http_client_call *call, const struct http_client_request *request)
{
    if (!request->may_reach)
        return;
    call->may_reach = request->may_reach;
    call->reach_owner = request->reach_owner;
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(call->easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_NOPROXY, "*");
}

static void set_limits(struct http_client_call *call, const struct http_client_request *request)
{
    CURL *easy = call->easy;
    long timeout_ms = request->timeout_ms ? request->timeout_ms : HTTP_CLIENT_TIMEOUT_MS;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    if (request->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (request->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
}

static struct http_client_call *make_call(const struct http_client_request *request,
                                          http_client_fn fn, void *owner)
{
    struct http_client_call *call = mem_new(struct http_client_call);
    list_init(&call->link);
    call->fn = fn;
    call->owner = owner;
    call->max = request->max_body ? request->max_body : HTTP_CLIENT_MAX_BODY;
    call->easy = curl_easy_init();
    BUG_IF(!call->easy); /* out of memory */
    curl_easy_setopt(call->easy, CURLOPT_URL, request->url);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(call->easy, CURLOPT_USERAGENT, "tandem/" TANDEM_VERSION);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
    set_limits(call, request);
    set_proxy(call->easy);
    set_reach(call, request);
    set_credentials(call->easy, request);
    for (size_t i = 0; i < request->n_headers; i++)
        add_header(call, request->headers[i].name, request->headers[i].value);
    set_body(call, request);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->sent_headers);
    return call;
}

static const struct {
    CURLcode code;
    enum err err;
} meanings[] = {
    { CURLE_OK, OK },
    { CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT },
    { CURLE_COULDNT_CONNECT, ERR_REFUSED },
    { CURLE_COULDNT_RESOLVE_HOST, ERR_NOT_FOUND },
    { CURLE_PEER_FAILED_VERIFICATION, ERR_AUTH },
    { CURLE_SSL_CACERT_BADFILE, ERR_AUTH },
    { CURLE_URL_MALFORMAT, ERR_INVALID },
    { CURLE_UNSUPPORTED_PROTOCOL, ERR_INVALID },
    { CURLE_TOO_MANY_REDIRECTS, ERR_LIMIT },
};

static enum err meaning_of(const struct http_client_call *call, CURLcode code)
{
    if (call->too_long)
        return ERR_LIMIT;
    if (call->refused[0] && code)
        return ERR_MISUSE;
    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        if (meanings[i].code == code)
            return meanings[i].err;
    return ERR_IO;
}

static size_t split_headers(const struct http_client_call *call, struct http_header *out)
{
    struct slice rest = slice_make(call->header_text, call->header_len);
    size_t n = 0;
    slice_line(&rest); /* the status */
    while (rest.len && n < HTTP_CLIENT_MAX_HEADERS) {
        struct slice value = slice_line(&rest);
        struct slice name = slice_trim(slice_cut(&value, ':'));
        if (name.len)
            out[n++] = (struct http_header){ name, slice_trim(value) };
    }
    return n;
}

/* Tell the owner and free the call; returns what it was told. */
static enum err finish(struct http_client_call *call, CURLcode code)
{
    struct http_header headers[HTTP_CLIENT_MAX_HEADERS];
    struct http_client_answer answer = { .err = meaning_of(call, code), .text = "" };
    char text[HTTP_CLIENT_ERROR_TEXT];
    if (answer.err) {
        const char *why = call->too_long ? "the answer is too long" : call->error;
        if (answer.err == ERR_MISUSE)
            snprintf(text, sizeof text,
                     "%s is no public address, and egress.allow does not name it", call->refused);
        else
            snprintf(text, sizeof text, "%.240s", why[0] ? why : curl_easy_strerror(code));
        answer.text = text;
    } else {
        long status = 0;
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = (int)status; /* three digits */
        answer.n_headers = split_headers(call, headers);
        answer.headers = headers;
        answer.body = slice_make(call->body, call->len);
    }
    enum err err = answer.err;
    call->fn(call->owner, &answer);
    free_call(call);
    return err;
}

struct slice http_client_header(const struct http_client_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (slice_iis(answer->headers[i].name, name))
            return answer->headers[i].value;
    return SLICE_NONE;
}

/* What has ended, one at a time: its owner may start or cancel others. */
static void reap(struct http_client *client)
{
    int left;
    CURLMsg *msg;
    while ((msg = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_client_call *call;
        CURLcode code = msg->data.result;
        CURL *easy = msg->easy_handle;
        if (msg->msg != CURLMSG_DONE || curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call))
            continue;
        curl_multi_remove_handle(client->multi, easy);
        list_remove(&call->link);
        finish(call, code);
    }
}

static void act(struct http_client *client, curl_socket_t fd, int flags)
{
    int running;
    curl_multi_socket_action(client->multi, fd, flags, &running);
    reap(client);
}

static void on_timer(void *owner)
{
    act(owner, CURL_SOCKET_TIMEOUT, 0);
}

static int on_set_timer(CURLM *multi, long in_ms, void *user)
{
    struct http_client *client = user;
    (void)multi;
    if (in_ms < 0)
        loop_timer_stop(client->loop, &client->timer);
    else
        loop_timer_start(client->loop, &client->timer, in_ms, on_timer, client);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct watch *watch = poll->data;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)poll, &fd) == 0)
        act(watch->client, fd, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_watch_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void close_watch(struct watch *watch)
{
    list_remove(&watch->link);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    struct http_client *client = user;
    struct watch *watch = socket_user;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            close_watch(watch);
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (!watch) {
        watch = mem_new(struct watch);
        watch->client = client;
        watch->poll.data = watch;
        if (uv_poll_init(loop_uv(client->loop), &watch->poll, fd)) {
            mem_free(watch);
            return -1;
        }
        list_append(&client->sockets, &watch->link);
        curl_multi_assign(client->multi, fd, watch);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watch->poll, events, on_ready);
    return 0;
}

struct http_client *http_client_create(struct loop *loop)
{
    struct http_client *client = mem_new(struct http_client);
    client->loop = loop;
    list_init(&client->calls);
    list_init(&client->sockets);
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted: one more, one less at destroy */
    client->multi = curl_multi_init();
    BUG_IF(!client->multi);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return client;
}

void http_client_cancel(struct http_client_call *call)
{
    curl_multi_remove_handle(call->client->multi, call->easy);
    list_remove(&call->link);
    free_call(call);
}

void http_client_destroy(struct http_client *client)
{
    if (!client)
        return;
    LIST_EACH(link, &client->calls)
    http_client_cancel(LIST_ITEM(link, struct http_client_call, link));
    curl_multi_cleanup(client->multi);
    LIST_EACH(socket_link, &client->sockets)
    close_watch(LIST_ITEM(socket_link, struct watch, link));
    loop_timer_stop(client->loop, &client->timer);
    curl_global_cleanup();
    mem_free(client);
}

struct http_client_call *http_client_send(struct http_client *client,
                                          const struct http_client_request *request,
                                          http_client_fn fn, void *owner)
{
    struct http_client_call *call = make_call(request, fn, owner);
    call->client = client;
    list_append(&client->calls, &call->link);
    BUG_IF(curl_multi_add_handle(client->multi, call->easy)); /* only ever of a fresh handle */
    return call;
}

enum err http_client_fetch(const struct http_client_request *request, http_client_fn fn,
                           void *owner)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct http_client_call *call = make_call(request, fn, owner);
    CURLcode code = curl_easy_perform(call->easy);
    enum err err = finish(call, code);
    curl_global_cleanup();
    return err;
}
