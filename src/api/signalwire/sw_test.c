/* Who may ask, the exact words of refusals, tokens, projects, room tokens, the description. */
#include "api/signalwire/test_sw.h"

#include "base/jwt.h"

static void refusals_have_exact_bodies(void **state)
{
    struct fixture *f = *state;
    const char *path = "/api/projects";
    assert_int_equal(sw_ask_as(f, acme, "PTwrong", HTTP_GET, path, ""), 401);
    assert_body(f, "{\"error\":\"Unauthorized\"}");
    assert_int_equal(sw_ask_as(f, "nobody", "PTall", HTTP_GET, path, ""), 401);
    assert_body(f, "{\"error\":\"Unauthorized\"}");
    assert_int_equal(sw_ask_as(f, other, "PTall", HTTP_GET, path, ""), 401);
    assert_int_equal(sw_ask_as(f, acme, "PTtext", HTTP_GET, path, ""), 403);
    assert_body(f, "{\"error\":\"Forbidden\"}");
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/nothing", ""), 404);
    assert_body(f, "{\"error\":\"Not Found\"}");
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 405);
    assert_body(f, "{\"error\":\"Method Not Allowed\"}");
    assert_int_equal(sw_ask(f, HTTP_POST, path, "{\"name\":"), 400);
    assert_body(f, "{\"error\":\"Bad Request\"}");
    assert_int_equal(sw_ask(f, HTTP_POST, path, "{}"), 422);
    assert_error(f, 0, "missing_required_parameter", "name");
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 200);
}

static void plain_http_is_for_this_machine(void **state)
{
    struct fixture *f = *state;
    struct addr far;
    assert_int_equal(addr_parse_ip(SLICE("192.0.2.7"), 1, &far), OK);
    struct api_request request = { .method = HTTP_GET,
                                   .path = SLICE("/api/projects"),
                                   .peer = &far };
    assert_int_equal(dispatch(f, &request), 403);
    assert_body(f, "{\"error\":\"Forbidden\"}");
}

static void guessing_is_slowed_down(void **state)
{
    struct fixture *f = *state;
    int status = 401;
    for (int i = 0; i < 30 && status == 401; i++)
        status = sw_ask_as(f, acme, "PTguess", HTTP_GET, "/api/projects", "");
    assert_int_equal(status, 429);
    assert_body(f, "{\"error\":\"Too Many Requests\"}");
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects", ""), 200); /* who knows it may */
}

static void a_token_narrowed_rotated_and_deleted(void **state)
{
    struct fixture *f = *state;
    char text[TOKEN_TEXT], path[100], rotate[120];
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/project/tokens",
                            "{\"name\":\"x\",\"permissions\":[\"video\",\"management\"]}"),
                     200);
    assert_int_equal(json_object_size(f->body), 4);
    snprintf(text, sizeof text, "%s", sw_text(f->body, "token"));
    assert_true(slice_starts(slice_of(text), SLICE("PT")));
    snprintf(path, sizeof path, "/api/project/tokens/%s", sw_text(f->body, "id"));
    assert_int_equal(sw_ask_as(f, acme, text, HTTP_GET, "/api/projects", ""), 200);
    assert_int_equal(sw_ask(f, HTTP_PATCH, path, "{\"permissions\":[\"video\"]}"), 200);
    assert_string_equal(sw_text(f->body, "name"), "x");
    assert_int_equal(sw_ask_as(f, acme, text, HTTP_GET, "/api/projects", ""), 403);
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_DELETE, path, ""), 404);
    snprintf(rotate, sizeof rotate, "%s/rotate", path);
    assert_int_equal(sw_ask(f, HTTP_POST, rotate, ""), 200);
    char fresh[TOKEN_TEXT];
    snprintf(fresh, sizeof fresh, "%s", sw_text(f->body, "token"));
    assert_int_equal(sw_ask_as(f, acme, text, HTTP_GET, "/api/projects", ""), 401);
    snprintf(text, sizeof text, "%s", fresh);
    assert_int_equal(sw_ask_as(f, acme, text, HTTP_GET, "/api/projects", ""), 403);
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 204);
    assert_int_equal(sw_ask_as(f, acme, text, HTTP_GET, "/api/projects", ""), 401);
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 404);
}

static void wrong_scopes_are_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/project/tokens",
                            "{\"name\":\"x\",\"permissions\":[\"calling\",\"nope\"]}"),
                     422);
    assert_error(f, 0, "invalid_auth_token_permissions", "permissions");
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/project/tokens", "{\"permissions\":[]}"), 422);
    assert_error(f, 0, "missing_required_parameter", "name");
    assert_error(f, 1, "invalid_parameter", "permissions");
}

static void subprojects_have_tokens_and_are_isolated(void **state)
{
    struct fixture *f = *state;
    char id[SW_ID], path[120], token[TOKEN_TEXT], body[200], key[TOKEN_TEXT];
    assert_int_equal(
        sw_ask(f, HTTP_POST, "/api/projects", "{\"name\":\"sub\",\"protect_recordings\":true}"),
        201);
    snprintf(id, sizeof id, "%s", sw_text(f->body, "id"));
    snprintf(key, sizeof key, "%s", sw_text(f->body, "signing_key"));
    assert_true(slice_starts(slice_of(key), SLICE("PSK_")));
    assert_true(json_is_true(json_object_get(f->body, "protect_recordings")));
    assert_string_equal(sw_text(f->body, "parent_project_id"), acme);
    snprintf(body, sizeof body,
             "{\"name\":\"x\",\"permissions\":[\"management\"],\"subproject_id\":\"%s\"}", id);
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_POST, "/api/project/tokens", body), 422);
    assert_error(f, 0, "invalid_subproject_id", "subproject_id");
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/project/tokens", body), 200);
    snprintf(token, sizeof token, "%s", sw_text(f->body, "token"));
    snprintf(path, sizeof path, "/api/projects/%s", acme);
    assert_int_equal(sw_ask_as(f, id, token, HTTP_GET, path, ""), 404); /* its parent */
    assert_int_equal(sw_ask_as(f, id, token, HTTP_POST, "/api/projects", "{\"name\":\"y\"}"), 422);
    assert_error(f, 0, "nested_subprojects_not_allowed", "");
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 422);
    assert_error(f, 0, "only_subprojects_can_be_deleted", "");
    snprintf(path, sizeof path, "/api/projects/%s", id);
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_GET, path, ""), 404);
    assert_int_equal(sw_ask(f, HTTP_PATCH, path, "{\"name\":\"renamed\"}"), 200);
    assert_null(json_object_get(f->body, "signing_key"));
    snprintf(body, sizeof body, "%s/signing-key/rotate", path);
    assert_int_equal(sw_ask(f, HTTP_POST, body, ""), 200);
    assert_string_not_equal(sw_text(f->body, "signing_key"), key);
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects?name=renam", ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 1);
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 204);
    assert_int_equal(sw_ask_as(f, id, token, HTTP_GET, "/api/projects", ""), 401);
}

static void lists_have_pages(void **state)
{
    struct fixture *f = *state;
    char next[400];
    for (int i = 0; i < 3; i++) {
        char body[60];
        snprintf(body, sizeof body, "{\"name\":\"p%d\"}", i);
        assert_int_equal(sw_ask(f, HTTP_POST, "/api/projects", body), 201);
    }
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects?page_size=3", ""), 200);
    const json_t *links = json_object_get(f->body, "links");
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 3);
    assert_null(json_object_get(links, "prev"));
    struct slice url = slice_of(sw_text(links, "next"));
    snprintf(next, sizeof next, "%.*s", SLICE_ARG(slice_from(url, slice_find(url, SLICE("/api")))));
    assert_int_equal(sw_ask(f, HTTP_GET, next, ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 1);
    assert_null(json_object_get(json_object_get(f->body, "links"), "next"));
    assert_non_null(json_object_get(json_object_get(f->body, "links"), "prev"));
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects?page_number=1", ""), 422);
    assert_error(f, 0, "page_token_required", "page_token");
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects?page_number=1&page_token=PAx", ""), 422);
    assert_error(f, 0, "page_token_is_invalid", "page_token");
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects?created_before=soon", ""), 422);
    assert_error(f, 0, "datetime_required", "created_before");
}

static json_t *claims(struct fixture *f, const char *body)
{
    json_t *got = NULL;
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/video/room_tokens", body), 200);
    assert_int_equal(json_object_size(f->body), 1);
    assert_int_equal(jwt_peek(&got, slice_of(sw_text(f->body, "token"))), OK);
    return got;
}

static void room_tokens(void **state)
{
    struct fixture *f = *state;
    json_t *got = claims(f, "{\"room_name\":\"my-video-room\",\"user_name\":\"Ann\","
                            "\"permissions\":[\"room.self.audio_mute\",\"room.screen_share\"]}");
    assert_string_equal(sw_text(got, "r"), "my-video-room");
    assert_string_equal(sw_text(got, "u"), "Ann");
    assert_string_equal(sw_text(got, "sub"), acme);
    assert_int_equal(json_array_size(json_object_get(got, "s")), 2);
    json_decref(got);
    got = claims(f, "{\"room_name\":\"a\",\"join_until\":\"2030-01-01T01:00:00+01:00\"}");
    assert_int_equal(json_array_size(json_object_get(got, "s")), 11);
    assert_int_equal(json_integer_value(json_object_get(got, "ju")), 1893456000);
    json_decref(got);
    got = claims(f, "{\"room_name\":\"a\",\"permissions\":[]}");
    assert_int_equal(json_array_size(json_object_get(got, "s")), 0);
    json_decref(got);
    got = claims(f, "{\"room_name\":\"a\",\"permissions\":[],\"mod_permissions\":true}");
    assert_int_equal(json_array_size(json_object_get(got, "s")), 45);
    json_decref(got);
    assert_int_equal(
        sw_ask(f, HTTP_POST, "/api/video/room_tokens", "{\"room_name\":\"bad name!\"}"), 422);
    assert_error(f, 0, "invalid_parameter", "room_name");
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/video/room_tokens",
                            "{\"room_name\":\"a\",\"join_until\":\"never\"}"),
                     422);
    assert_error(f, 0, "invalid_join_until_date", "join_until");
}

static void the_description_names_every_endpoint(void **state)
{
    struct fixture *f = *state;
    struct addr peer = addr_loopback4(1);
    struct api_request request = { .method = HTTP_GET,
                                   .path = SLICE("/api/openapi.json"),
                                   .peer = &peer };
    assert_int_equal(dispatch(f, &request), 200);
    const json_t *paths = json_object_get(f->body, "paths");
    const json_t *change = json_object_get(json_object_get(paths, "/api/projects/{id}"), "patch");
    assert_non_null(json_object_get(change, "requestBody"));
    size_t n = 0;
    const char *name;
    json_t *path;
    json_object_foreach((json_t *)(uintptr_t)paths, name, path) n += json_object_size(path);
    assert_int_equal(n, sw_table.n + sw_fabric_table.n + sw_laml_table.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refusals_have_exact_bodies, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(plain_http_is_for_this_machine, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(guessing_is_slowed_down, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_narrowed_rotated_and_deleted, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_scopes_are_named, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(subprojects_have_tokens_and_are_isolated, sw_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lists_have_pages, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(room_tokens, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(the_description_names_every_endpoint, sw_setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
