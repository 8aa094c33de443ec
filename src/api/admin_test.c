/* Requests of the command line and what they are answered, over the store in memory. */
#include "test_admin.h"

#define RECORDED "{\"recordings\":[{\"id\":\"rec-1\",\"duration_ms\":900}]}"

static void test_who_may_ask(void **state)
{
    struct fixture *f = *state;
    struct addr local = addr_loopback4(1);
    struct addr remote = addr_any4(1);
    assert_int_equal(addr_parse(SLICE("192.0.2.1:1"), 0, &remote), OK);
    struct api_request request = { .method = HTTP_GET,
                                   .path = SLICE("/admin/api/users"),
                                   .peer = &local };
    assert_int_equal(dispatch(f, &request), 401);
    assert_string_equal(error(f, "code"), "unauthorized");
    static const char *const wrong[] = { "Bearer ", "Bearer t0kem", "Basic t0ken", "t0ken" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        request.authorization = slice_of(wrong[i]);
        assert_int_equal(dispatch(f, &request), 401);
    }
    request.authorization = SLICE("bearer t0ken");
    assert_int_equal(dispatch(f, &request), 200);
    request.is_forwarded = true; /* a proxy on this machine speaks for somebody else */
    assert_int_equal(dispatch(f, &request), 403);
    request.is_forwarded = false;
    request.peer = &remote;
    assert_int_equal(dispatch(f, &request), 403);
    request.path = SLICE("/index.html");
    bool is_ours = true;
    assert_null(api_dispatch(f->api, &request, on_reply, f, &is_ours));
    assert_false(is_ours);
}

static void test_paths(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/nothing", ""), 404);
    assert_int_equal(ask(f, HTTP_PUT, "/admin/api/users", "{}"), 405);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "[1]"), 400);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{"), 400);
    const struct api_family *admin = api_family_find(SLICE("/admin/api/"));
    for (size_t i = 1; i < admin->n_routes; i++) /* sorted, so that people find a row */
        assert_true(strcmp(admin->routes[i - 1].path, admin->routes[i].path) <= 0);
}

static void test_log(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/log?after=41&limit=7", ""), 200);
    assert_int_equal(json_integer_value(json_object_get(f->body, "next")), 42);
    const json_t *line = json_array_get(json_object_get(f->body, "lines"), 0);
    assert_int_equal(json_integer_value(json_object_get(line, "seq")), 7);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/log?after=-1", ""), 422);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/log?limit=100000", ""), 422);
}

static void add_alice(struct fixture *f)
{
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"alice\"}"), 201);
}

static void test_projects_and_tokens(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/projects", "{\"name\":\"shop\"}"), 201);
    char id[40];
    snprintf(id, sizeof id, "%s", text(f, "project_id"));
    assert_int_equal(strlen(id), 36);
    assert_true(strlen(text(f, "signing_key")) > 40);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/projects", "{\"name\":\"shop\"}"), 409);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/projects", ""), 200);
    assert_int_equal(json_array_size(f->body), 1);
    assert_null(json_object_get(row(f, 0), "signing_key")); /* shown once */

    char body[200];
    snprintf(body, sizeof body, "{\"project\":\"%s\",\"scopes\":\"calling, messaging\"}", id);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/tokens", body), 201);
    assert_true(strncmp(text(f, "token"), "PT", 2) == 0);
    assert_string_equal(text(f, "project_id"), id);
    char token_path[100];
    snprintf(token_path, sizeof token_path, "/admin/api/tokens/%s", text(f, "token_id"));
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/tokens",
                         "{\"project\":\"shop\",\"scopes\":\"calling,root\"}"),
                     422);
    assert_string_equal(error(f, "field"), "scopes");
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/tokens", "{\"project\":\"x\",\"scopes\":\"fax\"}"), 404);
    assert_string_equal(error(f, "field"), "project");
    assert_int_equal(ask(f, HTTP_DELETE, token_path, ""), 200);
    assert_int_equal(ask(f, HTTP_DELETE, token_path, ""), 404);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/tokens?project=nobody", ""), 200);
    assert_int_equal(json_array_size(f->body), 0);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/tokens", ""), 200);
    assert_string_equal(row_text(f, 0, "state"), "revoked");
    assert_null(json_object_get(row(f, 0), "hash"));
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/projects/shop", ""), 200);
    assert_string_equal(f->changed, "projects");
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/tokens", ""), 200);
    assert_int_equal(json_array_size(f->body), 0);
}

static void test_users(void **state)
{
    struct fixture *f = *state;
    add_alice(f);
    assert_string_equal(text(f, "name"), "alice");
    assert_int_equal(strlen(text(f, "project_id")), 36); /* the default project was made */
    assert_string_equal(f->changed, "users");
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"bob\"}"), 201);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/projects", ""), 200);
    assert_int_equal(json_array_size(f->body), 1); /* once */
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"alice\"}"), 409);
    assert_string_equal(error(f, "code"), "exists");
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"al ice\"}"), 422);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{}"), 422);
    assert_string_equal(error(f, "field"), "name");
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"c\",\"nmae\":1}"), 422);
    assert_string_equal(error(f, "message"), "unknown field");
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"c\",\"project\":\"nope\"}"),
                     404);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/users", ""), 200);
    assert_int_equal(json_array_size(f->body), 2);
    assert_string_equal(row_text(f, 0, "name"), "alice");
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/users/alice", ""), 200);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/users/alice", ""), 404);
}

static void expect_policy(struct fixture *f, const char *prefer, const char *codecs)
{
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/users/alice", ""), 200);
    assert_string_equal(text(f, "prefer"), prefer);
    assert_string_equal(text(f, "codecs"), codecs);
}

static void test_a_users_codecs(void **state)
{
    static const char *const path = "/admin/api/users/alice";
    struct fixture *f = *state;
    add_alice(f);
    expect_policy(f, "auto", "auto");
    f->changed[0] = '\0';
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"prefer\":\"list\",\"codecs\":\"PCMA, pcmu\"}"),
                     200);
    assert_string_equal(text(f, "codecs"), "PCMA, pcmu");
    assert_string_equal(f->changed, "users");
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"display_name\":\"Alice\"}"), 200);
    expect_policy(f, "list", "PCMA, pcmu"); /* what is not named stays */
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"prefer\":\"best\"}"), 422);
    assert_string_equal(error(f, "field"), "prefer");
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"codecs\":\"PCMA,MP3\"}"), 422);
    assert_string_equal(error(f, "message"),
                        "codecs: expected a list of PCMU, PCMA, G722 and opus, or auto");
    expect_policy(f, "list", "PCMA, pcmu");
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"prefer\":\"auto\",\"codecs\":\"auto\"}"), 200);
    expect_policy(f, "auto", "auto");
    assert_int_equal(ask(f, HTTP_PATCH, "/admin/api/users/bob", "{\"prefer\":\"list\"}"), 404);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/users", "{\"name\":\"bob\",\"prefer\":\"quality\"}"), 201);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/users/bob", ""), 200);
    assert_string_equal(text(f, "prefer"), "quality");
}

static void test_pats(void **state)
{
    struct fixture *f = *state;
    add_alice(f);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/pats", "{\"user\":\"alice\"}"), 201);
    assert_true(strlen(text(f, "access_token")) > 40);
    assert_int_equal(strlen(text(f, "expires_at")), strlen("2026-01-31T12:00:00Z"));
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/pats", "{\"user\":\"bob\"}"), 404);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/pats", "{\"user\":\"alice\",\"expires_days\":0}"), 422);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/pats", ""), 200);
    assert_int_equal(json_array_size(f->body), 1);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/tokens", ""), 200);
    assert_int_equal(json_array_size(f->body), 0);
}

static void test_rotating_a_token(void **state)
{
    struct fixture *f = *state;
    char path[120], old[80];
    add_alice(f);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/pats", "{\"user\":\"alice\",\"scopes\":\"everything\"}"),
        422);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/pats", "{\"user\":\"alice\",\"scopes\":\"provisioning\"}"),
        201);
    snprintf(old, sizeof old, "%s", text(f, "access_token"));
    snprintf(path, sizeof path, "/admin/api/pats/%s/rotate", text(f, "token_id"));
    assert_int_equal(ask(f, HTTP_POST, path, ""), 200);
    assert_string_not_equal(text(f, "access_token"), old);
    assert_string_equal(text(f, "scopes"), "provisioning");
    assert_string_equal(text(f, "state"), "valid");
    *strrchr(path, '/') = '\0';
    assert_int_equal(ask(f, HTTP_GET, path, ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "accesses")), 0);
    assert_null(json_object_get(f->body, "access_token"));
    assert_int_equal(ask(f, HTTP_DELETE, path, ""), 200);
    snprintf(path + strlen(path), 10, "/rotate");
    assert_int_equal(ask(f, HTTP_POST, path, ""), 404); /* revoked */
}

static void test_rotating_a_device_and_the_key(void **state)
{
    struct fixture *f = *state;
    char path[140], old[40];
    add_alice(f);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/devices", "{\"user\":\"alice\"}"), 201);
    snprintf(old, sizeof old, "%s", text(f, "sip_password"));
    snprintf(path, sizeof path, "/admin/api/devices/%s", text(f, "device_token"));
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"enabled\":false}"), 200);
    assert_true(json_is_false(json_object_get(f->body, "enabled")));
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"enabled\":\"no\"}"), 422);
    assert_int_equal(ask(f, HTTP_PATCH, path, "{\"platform\":\"fridge\"}"), 422);
    assert_int_equal(ask(f, HTTP_GET, path, ""), 200);
    assert_null(json_object_get(f->body, "sip_password"));
    snprintf(path + strlen(path), 10, "/rotate");
    assert_int_equal(ask(f, HTTP_POST, path, ""), 200);
    assert_string_not_equal(text(f, "sip_password"), old);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/keys/rotate", ""), 409); /* nobody makes keys */
    assert_int_equal(seal_renew(f->seal), OK); /* as if it had been put in front of the old one */
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/keys/rotate", ""), 200);
    assert_int_equal(json_integer_value(json_object_get(f->body, "resealed")), 1);
    seal_trim(f->seal, 1); /* the old one is not needed any more */
    assert_int_equal(seal_renew(f->seal), OK);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/keys/rotate", ""), 200);
    assert_int_equal(json_integer_value(json_object_get(f->body, "resealed")), 1);
    assert_int_equal(json_integer_value(json_object_get(f->body, "unreadable")), 0);
}

static void on_device(void *owner, const struct store_answer *answer)
{
    const struct store_device *device = STORE_ROWS(answer, store_device);
    assert_int_equal(answer->err, OK);
    snprintf(owner, TOKEN_HA1_MD5, "%s", device->ha1_md5);
}

static void test_devices(void **state)
{
    struct fixture *f = *state;
    add_alice(f);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/devices", "{\"user\":\"alice\",\"description\":\"Desk\"}"),
        201);
    assert_string_equal(text(f, "sip_domain"), "sip.example.org");
    assert_int_equal(strlen(text(f, "sip_password")), TOKEN_PASSWORD - 1);
    assert_int_equal(strlen(text(f, "device_token")), 65);
    assert_int_equal(strlen(text(f, "contact")), 25);
    assert_string_equal(f->changed, "devices");
    /* what was told is what the registrar will compute with */
    char stored[TOKEN_HA1_MD5] = "";
    char expected[TOKEN_HA1_MD5];
    char sha256[TOKEN_HA1_SHA256];
    token_ha1(slice_of(text(f, "sip_username")), SLICE("tandem"), slice_of(text(f, "sip_password")),
              expected, sha256);
    store_device_find_sip(f->store, text(f, "sip_username"),
                          (struct store_reply){ on_device, stored });
    loop_advance(f->loop, 0);
    assert_string_equal(stored, expected);
    char path[140];
    snprintf(path, sizeof path, "/admin/api/devices/%s", text(f, "device_token"));
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/devices?user=alice", ""), 200);
    assert_string_equal(row_text(f, 0, "user"), "alice");
    assert_string_equal(row_text(f, 0, "description"), "Desk");
    assert_null(json_object_get(row(f, 0), "sip_password"));
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/devices?user=bob", ""), 404);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/devices", "{\"user\":\"alice\",\"platform\":\"x\"}"), 422);
    assert_int_equal(ask(f, HTTP_DELETE, path, ""), 200);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/devices", ""), 200);
    assert_int_equal(json_array_size(f->body), 0);
}

static void test_numbers(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/numbers",
                         "{\"number\":\"+15551234567\",\"to\":\"builtin:echo\"}"),
                     201);
    assert_string_equal(text(f, "number"), "+15551234567");
    assert_string_equal(f->changed, "numbers");
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/numbers",
                         "{\"number\":\"+15551234567\",\"to\":\"user:alice\"}"),
                     201);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/numbers", "{\"number\":\"1\",\"to\":\"alice\"}"),
                     422);
    assert_string_equal(error(f, "field"), "to");
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/numbers", "{\"number\":\"1 2\",\"to\":\"user:a\"}"), 422);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/numbers", ""), 200);
    assert_int_equal(json_array_size(f->body), 1);
    assert_string_equal(row_text(f, 0, "to"), "user:alice");
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/numbers/+15551234567", ""), 200);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/numbers/+15551234567", ""), 404);
}

static void test_calls(void **state)
{
    struct fixture *f = *state;
    struct store_call call = { .id = "old-1",
                               .state = "done",
                               .from = "alice",
                               .to = "+1555",
                               .stats = "{\"legs\":[{\"leg\":1}]}",
                               .cause = "busy",
                               .cause_text = "The other side is busy.",
                               .code = 486,
                               .created_ms = 1000,
                               .answered_ms = 2000,
                               .ended_ms = 5000 };
    struct store_event event = { "old-1", "sip", "486 Busy Here", 3000, 1 };
    store_call_set(f->store, &call, STORE_NOBODY);
    store_event_add(f->store, &event, 1, STORE_NOBODY);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/calls", ""), 200);
    assert_int_equal(json_array_size(f->body), 1);
    assert_string_equal(row_text(f, 0, "id"), "live-1");
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/calls?all=10", ""), 200);
    assert_int_equal(json_array_size(f->body), 2);
    assert_string_equal(row_text(f, 1, "id"), "old-1");
    assert_int_equal(json_integer_value(json_object_get(row(f, 1), "duration_ms")), 3000);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/calls?all=x", ""), 422);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/calls/live-1", ""), 200);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/calls/old-1", ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "legs")), 1);
    assert_int_equal(json_array_size(json_object_get(f->body, "timeline")), 1);
    const json_t *cause = json_object_get(f->body, "cause");
    assert_string_equal(json_string_value(json_object_get(cause, "token")), "busy");
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/calls/none", ""), 404);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/calls/live-1/recording", "{}"), 201);
    assert_int_equal(json_array_size(json_object_get(f->body, "recordings")), 1);
    assert_int_equal(
        ask(f, HTTP_POST, "/admin/api/calls/live-1/recording", "{\"mode\":\"stereo\"}"), 409);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/calls/live-1/recording", "{\"mode\":\"x\"}"),
                     422);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/calls/live-1/recording", ""), 200);
    assert_int_equal(ask(f, HTTP_POST, "/admin/api/calls/none/recording", "{}"), 404);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/calls/live-1", ""), 200);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/calls/old-1", ""), 404);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/trunks", ""), 200); /* no op: an empty table */
    assert_int_equal(json_array_size(f->body), 0);
}

static void test_recordings(void **state)
{
    struct fixture *f = *state;
    struct store_call call = { .id = "c-7", .from = "alice", .to = "100", .stats = RECORDED };
    store_call_set(f->store, &call, (struct store_reply){ 0 });
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/recordings", ""), 200);
    assert_int_equal(json_array_size(f->body), 1);
    assert_string_equal(row_text(f, 0, "id"), "rec-1");
    assert_string_equal(row_text(f, 0, "call"), "c-7");
    assert_string_equal(row_text(f, 0, "from"), "alice");
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/recordings/rec-1", ""), 200);
    assert_string_equal(text(f, "file"), "rec-1.wav");
    assert_int_equal(json_integer_value(json_object_get(f->body, "duration_ms")), 900);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/recordings/rec-2", ""), 404);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/recordings/rec-2", ""), 404);
    assert_int_equal(ask(f, HTTP_DELETE, "/admin/api/recordings/rec-1", ""), 200);
}

static void test_askers_that_leave(void **state)
{
    struct fixture *f = *state;
    struct addr peer = addr_loopback4(1);
    struct api_request request = { .method = HTTP_GET,
                                   .path = SLICE("/admin/api/users"),
                                   .authorization = SLICE("Bearer t0ken"),
                                   .peer = &peer };
    bool is_ours;
    struct rest *rest = api_dispatch(f->api, &request, on_reply, f, &is_ours);
    assert_non_null(rest);
    rest_cancel(rest);
    loop_advance(f->loop, 1);
    assert_int_equal(f->replies, 0);
    /* and those that are still there when it ends are told */
    assert_non_null(api_dispatch(f->api, &request, on_reply, f, &is_ours));
    api_destroy(f->api);
    f->api = NULL;
    assert_int_equal(f->status, 503);
    loop_advance(f->loop, 1);
    assert_int_equal(f->replies, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        TEST(test_who_may_ask),
        TEST(test_recordings),
        TEST(test_paths),
        TEST(test_projects_and_tokens),
        TEST(test_users),
        TEST(test_a_users_codecs),
        TEST(test_pats),
        TEST(test_rotating_a_token),
        TEST(test_rotating_a_device_and_the_key),
        TEST(test_devices),
        TEST(test_numbers),
        TEST(test_calls),

        TEST(test_askers_that_leave),
        TEST(test_who_may_ask),
        TEST(test_paths),
        TEST(test_log),
        TEST(test_projects_and_tokens),
        TEST(test_users),
        TEST(test_pats),
        TEST(test_rotating_a_token),
        TEST(test_rotating_a_device_and_the_key),
        TEST(test_devices),
        TEST(test_numbers),
        TEST(test_calls),
        TEST(test_askers_that_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
