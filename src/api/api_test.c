/* The API on a real listener, asked over HTTP. What is answered in full: admin_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/num.h"
#include "net/http_client.h"
#include "store/store.h"

static struct {
    struct loop *loop;
    struct store *store;
    struct api *api;
    struct http_server *server;
    struct http_client *client;
    char base[64];
    /* the last answer */
    int answers, status;
    char body[2000], challenge[100], cache[40];
} f;

static void on_request(void *owner, struct http_request *request)
{
    (void)owner;
    if (!api_handle(f.api, request))
        http_reply(request, 200, "text/plain", SLICE("a page"));
}

static const struct http_server_events events = { .on_request = on_request };

static int setup(void **state)
{
    (void)state;
    char addr[ADDR_TEXT];
    f.loop = loop_create();
    struct store_config store = { .loop = f.loop, .url = ":memory:" };
    if (store_open(&f.store, &store, NULL))
        return -1;
    struct api_config config = {
        .loop = f.loop, .store = f.store, .admin_token = SLICE("t0ken"), .sip_realm = "tandem"
    };
    f.api = api_create(&config);
    struct http_server_config limits = { 0 };
    f.server = http_server_create(f.loop, &limits, &events, NULL);
    struct http_listener_config at = { .name = "test", .bind = addr_loopback4(0) };
    struct http_listener *listener;
    if (http_server_listen(f.server, &at, &listener, NULL))
        return -1;
    snprintf(f.base, sizeof f.base, "http://%s", addr_print(http_listener_addr(listener), addr));
    f.client = http_client_create(f.loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_client_destroy(f.client);
    api_destroy(f.api);
    http_server_destroy(f.server);
    store_close(f.store);
    loop_destroy(f.loop);
    return 0;
}

static void on_answer(void *owner, const struct http_client_answer *answer)
{
    (void)owner;
    f.answers++;
    assert_int_equal(answer->err, OK);
    f.status = answer->status;
    assert_true(slice_copy(answer->body, f.body, sizeof f.body));
    assert_true(slice_copy(http_client_header(answer, "WWW-Authenticate"), f.challenge,
                           sizeof f.challenge));
    assert_true(slice_copy(http_client_header(answer, "Cache-Control"), f.cache, sizeof f.cache));
}

struct asked {
    const char *method, *path, *body;
    struct http_header headers[2];
};

static int ask(const struct asked *asked)
{
    char url[200];
    snprintf(url, sizeof url, "%s%s", f.base, asked->path);
    struct http_client_request request = { .method = asked->method,
                                           .url = url,
                                           .headers = asked->headers,
                                           .body = slice_of(asked->body) };
    while (request.n_headers < COUNT_OF(asked->headers) &&
           asked->headers[request.n_headers].name.len)
        request.n_headers++;
    f.answers = 0;
    http_client_send(f.client, &request, on_answer, NULL);
    for (int i = 0; i < 500 && !f.answers; i++)
        loop_turn(f.loop, 20);
    assert_int_equal(f.answers, 1);
    return f.status;
}

#define TOKEN                                         \
    {                                                 \
        SLICE("Authorization"), SLICE("Bearer t0ken") \
    }

static void test_token(void **state)
{
    (void)state;
    assert_int_equal(ask(&(struct asked){ .path = "/admin/api/users" }), 401);
    assert_string_equal(f.challenge, "Bearer realm=\"tandem\"");
    assert_int_equal(ask(&(struct asked){ .path = "/admin/api/users", .headers = { TOKEN } }), 200);
    assert_string_equal(f.body, "[]");
    assert_string_equal(f.cache, "no-store");
    assert_int_equal(
        ask(&(struct asked){ .path = "/admin/api/users",
                             .headers = { TOKEN, { SLICE("X-Forwarded-For"), SLICE("::1") } } }),
        403);
}

static void test_change_and_list(void **state)
{
    (void)state;
    assert_int_equal(ask(&(struct asked){ .method = "POST",
                                          .path = "/admin/api/users",
                                          .body = "{\"name\":\"alice\"}",
                                          .headers = { TOKEN } }),
                     201);
    assert_int_equal(ask(&(struct asked){ .method = "POST",
                                          .path = "/admin/api/numbers",
                                          .body = "{\"number\":\"*#21\",\"to\":\"user:alice\"}",
                                          .headers = { TOKEN } }),
                     201);
    assert_int_equal(
        ask(&(struct asked){ .path = "/admin/api/devices?user=ali%63e", .headers = { TOKEN } }),
        200);
    assert_int_equal(ask(&(struct asked){ .method = "DELETE",
                                          .path = "/admin/api/numbers/%2A%2321",
                                          .headers = { TOKEN } }),
                     200);
}

static void test_other_paths_are_left_alone(void **state)
{
    (void)state;
    assert_int_equal(ask(&(struct asked){ .path = "/admin/index.html" }), 200);
    assert_string_equal(f.body, "a page");
}

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_change_and_list),
        cmocka_unit_test(test_other_paths_are_left_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
