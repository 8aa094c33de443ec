#include "net/test_peer.h"

#include <pthread.h>

#include "base/log.h"
#include "net/http_client.h"
#include "net/http_server.h"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_listener *web, *tls;
    struct http_client *client;
    struct http_request *kept;
    struct http_client_call *other; /* cancelled by the first answer */
    int answers, status;
    enum err err;
    char text[300], body[2000], header[100];
    size_t body_len;
    char *cert, *key, url[100];
    bool stopped;
};

static void on_gone(void *owner, struct http_request *request)
{
    struct fixture *f = owner;
    (void)request;
    f->kept = NULL;
}

static void on_request(void *owner, struct http_request *request)
{
    struct fixture *f = owner;
    struct slice path = http_request_path(request);
    char text[600];
    if (slice_is(path, "/never")) {
        f->kept = request;
        http_request_on_gone(request, on_gone, f);
        return;
    }
    if (slice_is(path, "/loop")) {
        assert_int_equal(http_reply_header(request, "Location", SLICE("/loop")), OK);
        http_reply(request, 302, NULL, SLICE_NONE);
        return;
    }
    if (slice_is(path, "/from")) {
        assert_int_equal(http_reply_header(request, "Location", SLICE("/to")), OK);
        http_reply(request, 302, NULL, SLICE("moved"));
        return;
    }
    if (slice_is(path, "/stop"))
        loop_stop(f->loop);
    snprintf(text, sizeof text, "%s %.*s auth=%.*s type=%.*s x=%.*s empty=%d body=%.*s",
             http_method_name(http_request_method(request)), SLICE_ARG(path),
             SLICE_ARG(http_request_header(request, "authorization")),
             SLICE_ARG(http_request_header(request, "content-type")),
             SLICE_ARG(http_request_header(request, "x-one")),
             http_request_header(request, "x-empty").ptr != NULL,
             SLICE_ARG(http_request_body(request)));
    assert_int_equal(http_reply_header(request, "X-Two", SLICE("two")), OK);
    http_reply(request, slice_is(path, "/missing") ? 404 : 200, "text/plain", slice_of(text));
}

static const struct http_server_events events = { on_request };

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    struct fixture *f = owner;
    f->answers++;
    f->err = answer->err;
    f->status = answer->status;
    f->body_len = answer->body.len;
    slice_copy(slice_of(answer->text), f->text, sizeof f->text);
    slice_copy(answer->body, f->body, sizeof f->body);
    slice_copy(http_client_header(answer, "x-TWO"), f->header, sizeof f->header);
    if (f->other) {
        http_client_cancel(f->other);
        f->other = NULL;
    }
}

static int setup(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = loop_create();
    f->server = http_server_create(f->loop, NULL, &events, f);
    struct http_listener_config web = { .name = "web", .bind = addr_loopback4(0) };
    assert_int_equal(http_server_listen(f->server, &web, &f->web, NULL), OK);
    peer_make_certificate("localhost", &f->cert, &f->key);
    web.tls = true;
    web.cert_pem = f->cert;
    web.key_pem = f->key;
    assert_int_equal(http_server_listen(f->server, &web, &f->tls, NULL), OK);
    f->client = http_client_create(f->loop);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_client_destroy(f->client);
    http_server_destroy(f->server);
    loop_turn(f->loop, 1);
    loop_destroy(f->loop);
    mem_free(f->cert);
    mem_free(f->key);
    mem_free(f);
    return 0;
}

static const char *url(struct fixture *f, bool tls, const char *path)
{
    snprintf(f->url, sizeof f->url, "%s://127.0.0.1:%u%s", tls ? "https" : "http",
             addr_port(http_listener_addr(tls ? f->tls : f->web)), path);
    return f->url;
}

static void wait_answers(struct fixture *f, int answers)
{
    for (int i = 0; i < 2000 && f->answers < answers; i++)
        loop_turn(f->loop, 5);
    assert_int_equal(f->answers, answers);
}

static void asks_and_hears(void **state)
{
    struct fixture *f = *state;
    const struct http_header headers[] = { { SLICE("X-One"), SLICE("one") },
                                           { SLICE("X-Empty"), SLICE_NONE } };
    struct http_client_request request = { .url = url(f, false, "/a"),
                                           .headers = headers,
                                           .n_headers = 2,
                                           .user = SLICE("Aladdin"),
                                           .password = SLICE("open sesame") };
    http_client_send(f->client, &request, on_answer, f);
    assert_int_equal(f->answers, 0);
    wait_answers(f, 1);
    assert_int_equal(f->err, OK);
    assert_int_equal(f->status, 200);
    assert_string_equal(f->header, "two");
    assert_string_equal(f->body, "GET /a auth=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== type= x=one "
                                 "empty=1 body=");
}

static void methods_and_bodies(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *method, *body, *expect;
    } cases[] = {
        { NULL, "{}", "POST /m auth= type=application/json x= empty=0 body={}" },
        { "POST", "", "POST /m auth= type=application/json x= empty=0 body=" },
        { "PUT", "abc", "PUT /m auth= type=application/json x= empty=0 body=abc" },
        { "PATCH", "abc", "PATCH /m auth= type=application/json x= empty=0 body=abc" },
        { "DELETE", "", "DELETE /m auth= type= x= empty=0 body=" },
        { "OPTIONS", "", "OPTIONS /m auth= type= x= empty=0 body=" },
        { "HEAD", "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_client_request request = { .method = cases[i].method,
                                               .url = url(f, false, "/m"),
                                               .content_type = "application/json",
                                               .body = slice_of(cases[i].body) };
        http_client_send(f->client, &request, on_answer, f);
        wait_answers(f, (int)i + 1);
        assert_int_equal(f->status, 200);
        assert_string_equal(f->body, cases[i].expect);
    }
}

static void statuses_are_no_errors(void **state)
{
    struct fixture *f = *state;
    struct http_client_request request = { .url = url(f, false, "/missing") };
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 1);
    assert_int_equal(f->err, OK);
    assert_int_equal(f->status, 404);
    request.url = url(f, false, "/from"); /* not followed unless asked */
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 2);
    assert_int_equal(f->status, 302);
    assert_string_equal(f->body, "moved");
    request.follow = true;
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 3);
    assert_int_equal(f->status, 200);
    assert_memory_equal(f->body, "GET /to", 7);
    assert_string_equal(f->header, "two");
    request.url = url(f, false, "/loop");
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 4);
    assert_int_equal(f->err, ERR_LIMIT);
}

static void failures_are_told_apart(void **state)
{
    struct fixture *f = *state;
    struct http_client_request request = { .url = url(f, false, "/never"), .timeout_ms = 200 };
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 1);
    assert_int_equal(f->err, ERR_TIMEOUT);
    request.url = "http://127.0.0.1:1/";
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 2);
    assert_int_equal(f->err, ERR_REFUSED);
    assert_non_null(strstr(f->text, "127.0.0.1 port 1"));
    request.url = "file:///etc/passwd";
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 3);
    assert_int_equal(f->err, ERR_INVALID);
    request.url = "http://";
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 4);
    assert_int_equal(f->err, ERR_INVALID);
    request.url = url(f, false, "/long");
    request.max_body = 10;
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 5);
    assert_int_equal(f->err, ERR_LIMIT);
    assert_int_equal(f->body_len, 0);
}

static void verifies_tls(void **state)
{
    struct fixture *f = *state;
    struct http_client_request request = { .url = url(f, true, "/s") };
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 1);
    assert_int_equal(f->err, ERR_AUTH);
    assert_non_null(strstr(f->text, "certificate"));
    request.insecure = true;
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 2);
    assert_int_equal(f->status, 200);

    char path[] = "/tmp/http_client_test_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, f->cert, strlen(f->cert)), strlen(f->cert));
    close(fd);
    request.insecure = false;
    request.ca_file = path;
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 3);
    assert_int_equal(f->err, OK);
    assert_int_equal(f->status, 200);
    char wrong_host[100];
    snprintf(wrong_host, sizeof wrong_host, "https://127.0.0.2:%u/",
             addr_port(http_listener_addr(f->tls)));
    struct http_listener_config config = { .name = "other",
                                           .bind = *http_listener_addr(f->tls),
                                           .tls = true,
                                           .cert_pem = f->cert,
                                           .key_pem = f->key };
    config.bind.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    assert_int_equal(http_server_listen(f->server, &config, NULL, NULL), OK);
    request.url = wrong_host;
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 4);
    assert_int_equal(f->err, ERR_AUTH);
    unlink(path);
}

static bool reaches_nobody(const void *owner, const struct addr *addr)
{
    *(int *)(uintptr_t)owner += addr_is_loopback(addr);
    return false;
}

static void an_address_is_asked_about_before_it_is_reached(void **state)
{
    struct fixture *f = *state;
    int asked = 0;
    struct http_client_request request = { .url = url(f, false, "/x"),
                                           .may_reach = reaches_nobody,
                                           .reach_owner = &asked };
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 1);
    assert_int_equal(f->err, ERR_MISUSE);
    assert_int_equal(asked, 1);
}

struct fickle { /* a name that is public once, and within from then on */
    int asked, public_until;
};

static bool reaches_while_public(const void *owner, const struct addr *addr)
{
    struct fickle *fickle = (struct fickle *)(uintptr_t)owner;
    (void)addr;
    return fickle->asked++ < fickle->public_until;
}

/* DNS rebinding: what a name was the last time counts for nothing. */
static void every_request_is_held_to_where_it_goes(void **state)
{
    struct fixture *f = *state;
    struct fickle fickle = { .public_until = 2 }; /* the connection and its request */
    struct http_client_request request = { .url = url(f, false, "/x"),
                                           .may_reach = reaches_while_public,
                                           .reach_owner = &fickle };
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 1);
    assert_int_equal(f->err, OK);
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 2);
    assert_int_equal(f->err, ERR_MISUSE);
}

/* A connection that another request has left open would go round the policy. */
static void a_connection_that_is_there_is_no_way_round_it(void **state)
{
    struct fixture *f = *state;
    int asked = 0;
    struct http_client_request request = { .url = url(f, false, "/x") };
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 1);
    assert_int_equal(f->err, OK);
    request.may_reach = reaches_nobody;
    request.reach_owner = &asked;
    http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 2);
    assert_int_equal(f->err, ERR_MISUSE);
    assert_int_equal(asked, 1);
}

static void cancelled_calls_are_silent(void **state)
{
    struct fixture *f = *state;
    struct http_client_request request = { .url = url(f, false, "/never") };
    struct http_client_call *call = http_client_send(f->client, &request, on_answer, f);
    for (int i = 0; i < 1000 && !f->kept; i++)
        loop_turn(f->loop, 5);
    assert_non_null(f->kept);
    http_client_cancel(call);
    for (int i = 0; i < 1000 && f->kept; i++)
        loop_turn(f->loop, 5);
    assert_null(f->kept); /* the server noticed */
    f->other = http_client_send(f->client, &request, on_answer, f);
    request.url = url(f, false, "/first");
    http_client_send(f->client, &request, on_answer, f); /* whose callback cancels the other */
    wait_answers(f, 1);
    peer_pass(f->loop, 300);
    assert_int_equal(f->answers, 1);
    http_client_send(f->client, &request, on_answer, f); /* and one left to destroy */
}

static void many_at_once(void **state)
{
    struct fixture *f = *state;
    size_t fds = peer_count_fds();
    struct http_client_request request = { .url = url(f, false, "/x"), .body = SLICE("body") };
    for (int i = 0; i < 100; i++)
        http_client_send(f->client, &request, on_answer, f);
    wait_answers(f, 100);
    assert_int_equal(f->err, OK);
    http_client_destroy(f->client);
    f->client = NULL;
    peer_pass(f->loop, 50);
    assert_int_equal(http_server_connections(f->server), 0);
    assert_true(peer_count_fds() <= fds);
}

struct blocking {
    struct fixture *f;
    enum err err;
};

static void *fetch(void *arg)
{
    struct blocking *b = arg;
    struct http_client_request request = { .url = b->f->url };
    b->err = http_client_fetch(&request, on_answer, b->f);
    return NULL;
}

static void fetch_blocks(void **state)
{
    struct fixture *f = *state;
    struct blocking b = { f, ERR_MISUSE };
    pthread_t thread;
    url(f, false, "/blocking");
    assert_int_equal(pthread_create(&thread, NULL, fetch, &b), 0);
    peer_pass(f->loop, 300);
    pthread_join(thread, NULL);
    assert_int_equal(b.err, OK);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->status, 200);
    assert_memory_equal(f->body, "GET /blocking", 13);
    struct http_client_request nobody = { .url = "http://127.0.0.1:1/" };
    assert_int_equal(http_client_fetch(&nobody, on_answer, f), ERR_REFUSED);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        WITH(asks_and_hears),
        WITH(methods_and_bodies),
        WITH(statuses_are_no_errors),
        WITH(failures_are_told_apart),
        WITH(an_address_is_asked_about_before_it_is_reached),
        WITH(every_request_is_held_to_where_it_goes),
        WITH(a_connection_that_is_there_is_no_way_round_it),
        WITH(verifies_tls),
        WITH(cancelled_calls_are_silent),
        WITH(many_at_once),
        WITH(fetch_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
