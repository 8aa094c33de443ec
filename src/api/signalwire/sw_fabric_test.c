/* Tokens of subscribers end, addresses have names of their own. */
#include "api/signalwire/test_sw.h"

#include "base/jwt.h"

static int ask_bearer(struct fixture *f, enum http_method method, const char *path,
                      const char *token, const char *body)
{
    static char header[2000];
    struct addr peer = addr_loopback4(40000);
    snprintf(header, sizeof header, "Bearer %s", token);
    const struct api_request request = { .method = method,
                                         .path = slice_of(path),
                                         .authorization = slice_of(header),
                                         .body = slice_of(body),
                                         .peer = &peer,
                                         .is_tls = true };
    return dispatch(f, &request);
}

static const char tokens[] = "/api/fabric/subscribers/tokens",
                  addresses[] = "/api/fabric/addresses",
                  refresh[] = "/api/fabric/subscribers/tokens/refresh";

static void a_token_ends(void **state)
{
    struct fixture *f = *state;
    char token[1500], again[1500], body[1600];
    assert_int_equal(sw_ask(f, HTTP_POST, tokens, "{\"reference\":\"ann\"}"), 200);
    snprintf(token, sizeof token, "%s", sw_text(f->body, "token"));
    snprintf(again, sizeof again, "%s", sw_text(f->body, "refresh_token"));
    assert_int_equal(ask_bearer(f, HTTP_GET, addresses, token, ""), 200);
    loop_advance(f->loop, 2 * 3600 * 1000 + 60000); /* documented: two hours, five minutes more */
    assert_int_equal(ask_bearer(f, HTTP_GET, addresses, token, ""), 401);
    assert_body(f, "{\"error\":\"Unauthorized\"}");
    snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", again);
    assert_int_equal(sw_ask(f, HTTP_POST, refresh, body), 201);
    snprintf(token, sizeof token, "%s", sw_text(f->body, "token"));
    assert_int_equal(ask_bearer(f, HTTP_GET, addresses, token, ""), 200);
    loop_advance(f->loop, 10 * 60 * 1000);
    assert_int_equal(sw_ask(f, HTTP_POST, refresh, body), 422);
    assert_error(f, 0, "token_expired", "refresh_token");
}

static void its_end_is_in_the_future(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sw_ask(f, HTTP_POST, tokens, "{\"reference\":\"ann\",\"expire_at\":1}"), 422);
    assert_error(f, 0, "invalid_parameter", "expire_at");
    assert_int_equal(
        sw_ask(f, HTTP_POST, tokens, "{\"reference\":\"ann\",\"expire_at\":99999999999}"), 422);
    assert_int_equal(sw_ask(f, HTTP_POST, tokens, "{}"), 422);
    assert_error(f, 0, "missing_required_parameter", "reference");
}

static void tokens_are_no_others(void **state)
{
    struct fixture *f = *state;
    char token[1500];
    json_t *claims = NULL;
    assert_int_equal(sw_ask(f, HTTP_POST, tokens, "{\"reference\":\"ann\"}"), 200);
    snprintf(token, sizeof token, "%s", sw_text(f->body, "token"));
    assert_int_equal(jwt_peek(&claims, slice_of(token)), OK);
    assert_string_equal(sw_text(claims, "pid"), acme);
    json_decref(claims);
    assert_int_equal(
        ask_bearer(f, HTTP_POST, "/api/fabric/resources/subscribers", token, "{\"email\":\"eve\"}"),
        403);
    assert_int_equal(ask_bearer(f, HTTP_GET, "/api/projects", token, ""), 401);
    assert_int_equal(ask_bearer(f, HTTP_GET, addresses, "", ""), 401);
    assert_int_equal(ask_bearer(f, HTTP_GET, addresses, "a.b.c", ""), 401);
}

static const char *name_of(struct fixture *f, const char *script)
{
    char path[150];
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/fabric/resources/swml_scripts", script), 200);
    snprintf(path, sizeof path, "/api/fabric/resources/%s/addresses", sw_text(f->body, "id"));
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 200);
    return sw_text(json_array_get(json_object_get(f->body, "data"), 0), "name");
}

#define SCRIPT(name) \
    "{\"name\":\"" name "\",\"contents\":{\"version\":\"1.0.0\",\"sections\":{\"main\":[]}}}"

static void names_are_their_own(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(name_of(f, SCRIPT("Front desk (day)")), "front-desk-day");
    assert_string_equal(name_of(f, SCRIPT("front-desk DAY")), "front-desk-day-2");
    assert_string_equal(name_of(f, SCRIPT("\xc3\xa9")), "resource");
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_GET, addresses, ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_ends, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(its_end_is_in_the_future, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_are_no_others, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_their_own, sw_setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
