/* Provisioning on simulated time: sessions and tokens that run out, who may ask by what. */
#include "api/prov.h"
#include "test_admin.h"

static struct {
    struct slice origin, key, proto, body;
    bool is_tls;
    const char *peer;
} asker;

static struct slice header_of(const void *source, const char *name)
{
    (void)source;
    if (strcmp(name, "Origin") == 0)
        return asker.origin;
    if (strcmp(name, "X-Forwarded-Proto") == 0)
        return asker.proto;
    return strcmp(name, "X-Api-Key") == 0 ? asker.key : SLICE_NONE;
}

static int say(struct fixture *f, enum http_method method, const char *path, const char *bearer)
{
    char authorization[200];
    struct addr peer;
    snprintf(authorization, sizeof authorization, "Bearer %s", bearer);
    assert_int_equal(addr_parse_ip(slice_of(asker.peer ? asker.peer : "192.0.2.7"), 4000, &peer),
                     OK);
    struct api_request request = { .method = method,
                                   .path = slice_of(path),
                                   .authorization = bearer ? slice_of(authorization) : SLICE_NONE,
                                   .body = asker.body,
                                   .header = header_of,
                                   .peer = &peer,
                                   .is_tls = asker.is_tls };
    return dispatch(f, &request);
}

static int setup_prov(void **state)
{
    static const char *const origins[] = { "https://shop.example" };
    static const struct api_provisioning told = { .origins = origins,
                                                  .n_origins = 1,
                                                  .host = "sip.example.org",
                                                  .port = 443,
                                                  .path = "/ws",
                                                  .session_ms = 3600 * 1000,
                                                  .jwt_ms = 60000 };
    asker.origin = asker.key = asker.proto = asker.body = SLICE_NONE;
    asker.is_tls = true;
    asker.peer = NULL;
    if (setup(state))
        return -1;
    api_set_provisioning(((struct fixture *)*state)->api, &told);
    return 0;
}

/* alice, her token of a day, and a session. */
static char *log_in(struct fixture *f, char token[100], char path[200])
{
    static char key[100];
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"alice\"}"), 201);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/pats", "{\"user\":\"alice\",\"expires_days\":1}"), 201);
    snprintf(token, 100, "%s", text(f, "access_token"));
    assert_int_equal(say(f, HTTP_POST, "/Login", token), 200);
    snprintf(path, 200, "/Users/%s/Devices/", text(f, "UserId"));
    snprintf(key, sizeof key, "%s", text(f, "SessionToken"));
    asker.key = slice_of(key);
    return key;
}

static void test_times(void **state)
{
    struct fixture *f = *state;
    char token[100], path[200];
    log_in(f, token, path);
    assert_int_equal(say(f, HTTP_GET, path, NULL), 200);
    assert_int_equal(json_array_size(f->body), 0);
    loop_advance(f->loop, 3600 * 1000);
    assert_int_equal(say(f, HTTP_GET, path, NULL), 401); /* the session is over */
    assert_int_equal(say(f, HTTP_GET, "/Login", token), 200);
    loop_advance(f->loop, 24 * 3600 * 1000);
    assert_int_equal(say(f, HTTP_GET, "/Login", token), 401); /* and now the token */
}

static int say_body(struct fixture *f, enum http_method method, const char *path, const char *body)
{
    asker.body = slice_of(body);
    int status = say(f, method, path, NULL);
    asker.body = SLICE_NONE;
    return status;
}

static void test_connections(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"Name\":\"x\",\"Type\":\"Magic\"}",
        "{\"Name\":\"x\",\"DialPattern\":\"[\"}",
        "{\"Name\":\"x\",\"DialPattern\":\"a/) || (/\\\\\"}",
        "{\"Name\":\"x\",\"Weight\":65536}",
        "{\"Name\":\"x\",\"AllowSrc\":\"10.0.0.0/8,,\"}",
        "{\"Name\":\"x\",\"Method\":[7]}",
    };
    struct fixture *f = *state;
    char token[100], path[200], list[200], one[300];
    log_in(f, token, path);
    snprintf(list, sizeof list, "%.*s/Connections", (int)(strstr(path, "/Devices") - path), path);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (say_body(f, HTTP_POST, list, bad[i]) != 422)
            fail_msg("%s was taken", bad[i]);
    const char *given = "{\"Name\":\"Star\",\"DialPattern\":\"^\\\\*6[0-9]/?$\"}";
    assert_int_equal(say_body(f, HTTP_POST, list, given), 201);
    assert_string_equal(text(f, "Type"), "OutboundTrunk");
    assert_string_equal(text(f, "DialPattern"), "^\\*6[0-9]/?$");
    assert_string_equal(text(f, "AllowSrc"), "0.0.0.0/0");
    snprintf(one, sizeof one, "%s/%s", list, text(f, "ConnectionId"));
    assert_int_equal(say_body(f, HTTP_PUT, one, "{\"DialPattern\":null}"), 200);
    assert_string_equal(text(f, "DialPattern"), ".");
    assert_string_equal(text(f, "Name"), "Star");
    assert_int_equal(say_body(f, HTTP_PUT, one, "{\"Name\":null}"), 422);
    assert_int_equal(say(f, HTTP_GET, list, NULL), 200);
    assert_int_equal(json_array_size(f->body), 1);
    assert_int_equal(say(f, HTTP_DELETE, one, NULL), 204);
    assert_int_equal(say(f, HTTP_GET, one, NULL), 404);
}

static void test_in_the_clear(void **state)
{
    struct fixture *f = *state;
    char token[100], path[200];
    log_in(f, token, path);
    asker.is_tls = false;
    assert_int_equal(say(f, HTTP_GET, path, NULL), 403);
    assert_int_equal(say(f, HTTP_POST, "/Login", token), 403);
    assert_string_equal(text(f, "error"), "https_required");
    asker.proto = SLICE("https"); /* a proxy ended TLS */
    assert_int_equal(say(f, HTTP_POST, "/Login", token), 200);
    asker.proto = SLICE_NONE;
    asker.peer = "127.0.0.1"; /* this machine, or a proxy on it */
    assert_int_equal(say(f, HTTP_POST, "/Login", token), 200);
}

static void test_bearer_instead_of_the_key(void **state)
{
    struct fixture *f = *state;
    char token[100], path[200];
    const char *key = log_in(f, token, path);
    asker.key = SLICE_NONE;
    assert_int_equal(say(f, HTTP_GET, path, key), 200);
    assert_int_equal(say(f, HTTP_GET, path, "wrong"), 401);
    assert_int_equal(say(f, HTTP_GET, path, NULL), 401);
    assert_int_equal(say(f, HTTP_GET, path, token), 401); /* a login token is no session */
}

static void test_wrong_tokens_are_counted_by_address(void **state)
{
    struct fixture *f = *state;
    char token[100], path[200];
    log_in(f, token, path);
    for (int i = 0; i < 20; i++)
        assert_int_equal(say(f, HTTP_POST, "/Login", "wrong"), 401);
    assert_int_equal(say(f, HTTP_POST, "/Login", "wrong"), 429);
    assert_int_equal(say(f, HTTP_POST, "/Login", token), 200);
    asker.peer = "192.0.2.8";
    assert_int_equal(say(f, HTTP_POST, "/Login", "wrong"), 401);
    asker.peer = NULL;
    loop_advance(f->loop, 6000);
    assert_int_equal(say(f, HTTP_POST, "/Login", "wrong"), 401);
}

static void test_preflight_needs_no_token(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(say(f, HTTP_OPTIONS, "/Users/x/Devices/", NULL), 204);
    assert_int_equal(say(f, HTTP_OPTIONS, "/Login", NULL), 204);
    assert_int_equal(say(f, HTTP_OPTIONS, "/Login/", NULL), 204);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup_prov, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_times),
        EACH(test_in_the_clear),
        EACH(test_connections),
        EACH(test_bearer_instead_of_the_key),
        EACH(test_wrong_tokens_are_counted_by_address),
        EACH(test_preflight_needs_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
