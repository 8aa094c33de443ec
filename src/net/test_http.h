#pragma once
/* For this folder's tests only: an HTTP server that answers with what it was asked. "/later" waits,
 * "/large" is 4 MiB, "/nothing" is a 204. */

#include "net/test_peer.h"

#include "base/log.h"
#include "net/http_server.h"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_listener *web;
    struct http_request *kept; /* "/later" */
    int gone, requests;
    char *cert, *key;
    bool stopped;
};

static inline void on_gone(void *owner, struct http_request *request)
{
    struct fixture *f = owner;
    assert_ptr_equal(request, f->kept);
    f->kept = NULL;
    f->gone++;
}

static inline void reply_facts(struct fixture *f, struct http_request *request)
{
    char ip[ADDR_TEXT];
    struct slice path = http_request_path(request), body = http_request_body(request);
    struct slice custom = http_request_header(request, "X-Custom-Thing");
    struct slice agent = http_request_header(request, "user-agent");
    struct slice q = http_request_param(request, "q"), missing = http_request_param(request, "zz");
    json_t *facts = json_pack(
        "{s:s, s:s%, s:s%, s:s%, s:s%, s:s%, s:b, s:s, s:b, s:s, s:i}", "method",
        http_method_name(http_request_method(request)), "path", path.ptr, path.len, "body",
        body.ptr ? body.ptr : "", body.len, "custom", custom.ptr ? custom.ptr : "", custom.len,
        "agent", agent.ptr ? agent.ptr : "", agent.len, "q", q.ptr ? q.ptr : "", q.len, "missing",
        missing.ptr == NULL, "peer", addr_print_ip(http_request_peer(request), ip), "tls",
        http_request_is_tls(request), "listener",
        http_listener_name(http_request_listener(request)), "n", f->requests);
    assert_non_null(facts);
    assert_int_equal(http_reply_header(request, "X-Answer", SLICE("42")), OK);
    assert_int_equal(http_reply_header(request, "X-Bad", SLICE("a\r\nSet-Cookie: b")), ERR_INVALID);
    http_reply_json(request, 200, facts);
    json_decref(facts);
}

static inline void on_request(void *owner, struct http_request *request)
{
    struct fixture *f = owner;
    struct slice path = http_request_path(request);
    f->requests++;
    if (slice_is(path, "/later")) {
        f->kept = request;
        http_request_on_gone(request, on_gone, f);
    } else if (slice_is(path, "/large")) {
        char *body = mem_alloc(4 << 20);
        memset(body, 'x', 4 << 20);
        http_reply(request, 200, "text/plain", slice_make(body, 4 << 20));
        mem_free(body);
    } else if (slice_is(path, "/nothing")) {
        http_reply(request, 204, NULL, SLICE_NONE);
    } else {
        reply_facts(f, request);
    }
}

static const struct http_server_events events = { on_request };

static inline int setup_with(void **state, const struct http_server_config *config)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = loop_create();
    f->server = http_server_create(f->loop, config, &events, f);
    struct http_listener_config web = { .name = "web", .bind = addr_loopback4(0), .tag = f };
    assert_int_equal(http_server_listen(f->server, &web, &f->web, NULL), OK);
    *state = f;
    return 0;
}

static inline int setup(void **state)
{
    return setup_with(state, NULL);
}

static inline int setup_small(void **state)
{
    static const struct http_server_config config = { .max_body = 1000,
                                                      .max_connections = 3,
                                                      .idle_s = 1 };
    return setup_with(state, &config);
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_destroy(f->server);
    loop_destroy(f->loop);
    mem_free(f->cert);
    mem_free(f->key);
    mem_free(f);
    return 0;
}

static inline struct peer dial(struct fixture *f)
{
    return peer_connect(f->loop, http_listener_addr(f->web));
}

static inline void ask(struct fixture *f, const char *text, const char *expect)
{
    struct peer peer = dial(f);
    peer_send(&peer, text);
    if (!peer_wait(&peer, expect))
        fail_msg("asked:\n%s\nexpected: %s\ngot: %s", text, expect, peer.in);
    peer_close(&peer);
}

#define WITH(name, how) cmocka_unit_test_setup_teardown(name, how, teardown)
