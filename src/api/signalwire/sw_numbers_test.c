/* Numbers, endpoints, resources: whose they are, what is kept, what is refused; limits of asking.
 */
#include "api/signalwire/test_sw.h"

#include "base/mem.h"
#include "base/seal.h"

static const char endpoints[] = "/api/relay/rest/endpoints/sip",
                  numbers[] = "/api/relay/rest/phone_numbers",
                  scripts[] = "/api/fabric/resources/swml_scripts";

static const char *id_path(const struct fixture *f, const char *base, char out[200])
{
    snprintf(out, 200, "%s/%s", base, sw_text(f->body, "id"));
    return out;
}

static void an_endpoint_is_a_user_with_a_phone(void **state)
{
    struct fixture *f = *state;
    char path[200];
    assert_int_equal(
        sw_ask(f, HTTP_POST, endpoints,
               "{\"username\":\"desk\",\"password\":\"secret\",\"codecs\":[\"PCMU\"]}"),
        200);
    assert_string_equal(f->changed, "subscribers");
    assert_null(json_object_get(f->body, "password"));
    id_path(f, endpoints, path);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/devices", ""), 200);
    assert_string_equal(row_text(f, 0, "sip_username"), "desk");
    assert_int_equal(sw_ask(f, HTTP_PUT, path, "{\"password\":\"another\",\"caller_id\":\"D\"}"),
                     200);
    assert_string_equal(sw_text(f->body, "caller_id"), "D");
    assert_int_equal(json_array_size(json_object_get(f->body, "codecs")), 1);
    assert_int_equal(sw_ask(f, HTTP_PUT, path, "{\"username\":\"other\"}"), 422);
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_DELETE, path, ""), 404);
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 204);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/devices", ""), 200);
    assert_int_equal(json_array_size(f->body), 0);
}

static void a_name_that_is_taken(void **state)
{
    struct fixture *f = *state;
    const char *body = "{\"username\":\"desk\",\"password\":\"secret\"}";
    assert_int_equal(sw_ask(f, HTTP_POST, endpoints, body), 200);
    assert_int_equal(sw_ask(f, HTTP_POST, endpoints, body), 422);
    assert_body(f, "{\"errors\":[{\"detail\":\"username is taken\",\"status\":\"422\","
                   "\"title\":\"Invalid Attribute\",\"code\":\"422\"}]}");
    assert_int_equal(sw_ask(f, HTTP_GET, endpoints, ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 1);
}

static void a_number_leads_where_it_is_told(void **state)
{
    struct fixture *f = *state;
    char path[200];
    assert_int_equal(sw_ask(f, HTTP_POST, numbers, "{\"number\":\"5551\"}"), 422);
    assert_int_equal(sw_ask(f, HTTP_POST, numbers, "{\"number\":\"+15551\"}"), 200);
    id_path(f, numbers, path);
    assert_int_equal(sw_ask(f, HTTP_PUT, path, "{\"call_handler\":\"relay_script\"}"), 422);
    assert_int_equal(sw_ask(f, HTTP_PUT, path,
                            "{\"name\":\"N\",\"call_handler\":\"relay_script\","
                            "\"call_relay_script_url\":\"https://a.example/s\"}"),
                     200);
    assert_string_equal(f->changed, "numbers");
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/numbers", ""), 200);
    assert_string_equal(row_text(f, 0, "to"), "swml:https://a.example/s");
    assert_int_equal(sw_ask(f, HTTP_PUT, path, "{\"name\":\"M\"}"),
                     200); /* and leads there still */
    assert_string_equal(sw_text(f->body, "call_relay_script_url"), "https://a.example/s");
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_GET, path, ""), 404);
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_POST, numbers, "{\"number\":\"+15551\"}"),
                     422);
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 204);
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 404);
}

static void a_script_is_checked_and_bound(void **state)
{
    struct fixture *f = *state;
    char path[200], number[SW_ID], route[260], body[300];
    assert_int_equal(sw_ask(f, HTTP_POST, numbers, "{\"number\":\"+15551\"}"), 200);
    snprintf(number, sizeof number, "%s", sw_text(f->body, "id"));
    assert_int_equal(sw_ask(f, HTTP_POST, scripts,
                            "{\"name\":\"s\",\"contents\":{\"sections\":{\"main\":[{\"x\":1}]}}}"),
                     422);
    assert_error(f, 0, "invalid_parameter", "contents");
    assert_int_equal(
        sw_ask(f, HTTP_POST, scripts,
               "{\"name\":\"s\",\"contents\":{\"sections\":{\"main\":[{\"hangup\":{}}]}}}"),
        200);
    assert_string_equal(f->changed, "resources");
    id_path(f, scripts, path);
    snprintf(route, sizeof route, "/api/fabric/resources/%s/phone_routes", sw_text(f->body, "id"));
    snprintf(body, sizeof body, "{\"phone_route_id\":\"%s\",\"handler\":\"calling\"}", number);
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_POST, route, body), 404);
    assert_int_equal(
        sw_ask(f, HTTP_POST, route, "{\"phone_route_id\":\"x\",\"handler\":\"calling\"}"), 422);
    assert_int_equal(sw_ask(f, HTTP_POST, route, body), 200);
    assert_int_equal(ask(f, HTTP_GET, "/admin/api/numbers", ""), 200);
    assert_true(strncmp(row_text(f, 0, "to"), "swml:", 5) == 0);
    assert_int_equal(sw_ask(f, HTTP_PUT, path, "{\"name\":\"t\"}"), 200);
    assert_string_equal(sw_text(f->body, "display_name"), "t");
    assert_int_equal(sw_ask(f, HTTP_DELETE, path, ""), 204);
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 404);
}

static void numbers_are_found_by_a_pattern(void **state)
{
    static const struct {
        const char *pattern;
        size_t n;
    } rows[] = { { "", 2 },      { "%2B1555*", 2 },      { "5550100", 2 },
                 { "00*01", 2 }, { "0101", 1 },          { "*0101", 1 },
                 { "0101*", 0 }, { "%2B**********", 2 }, { "%2B***************", 0 } };
    struct fixture *f = *state;
    const char *path = "/api/relay/rest/phone_numbers";
    assert_int_equal(sw_ask(f, HTTP_POST, path, "{\"number\":\"+15550100001\"}"), 200);
    assert_int_equal(sw_ask(f, HTTP_POST, path, "{\"number\":\"+15550100101\"}"), 200);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char target[200];
        snprintf(target, sizeof target,
                 "/api/laml/2010-04-01/Accounts/%s/IncomingPhoneNumbers?PhoneNumber=%s", acme,
                 rows[i].pattern);
        assert_int_equal(sw_ask(f, HTTP_GET, target, ""), 200);
        size_t n = json_array_size(json_object_get(f->body, "incoming_phone_numbers"));
        if (n != rows[i].n)
            fail_msg("%s finds %zu", rows[i].pattern, n);
    }
}

static void calls_are_refused_where_none_can_be_placed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/calling/calls", "{\"command\":\"dial\"}"), 503);
    assert_int_equal(sw_ask_as(f, acme, "PTtext", HTTP_POST, "/api/calling/calls", "{}"), 403);
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/calling/calls", ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 0);
}

static void records_are_of_their_project(void **state)
{
    struct fixture *f = *state;
    struct store_call row = { .id = "c1",
                              .project_id = acme,
                              .face = "script",
                              .direction = "out",
                              .from = "+1",
                              .to = "sip:a@b",
                              .cause = "busy",
                              .created_ms = 1000,
                              .ended_ms = 3000 };
    store_call_set(f->store, &row, STORE_NOBODY);
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/voice/logs/c1", ""), 200);
    assert_string_equal(sw_text(f->body, "status"), "busy");
    assert_string_equal(sw_text(f->body, "type"), "relay_sip_call");
    assert_string_equal(sw_text(f->body, "direction"), "outbound-api");
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_GET, "/api/voice/logs/c1", ""), 404);
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/voice/logs", ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 1);
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/voice/logs?created_after=2000-01-01", ""), 200);
    assert_int_equal(json_array_size(json_object_get(f->body, "data")), 0);
}

static void who_changes_too_much_waits(void **state)
{
    struct fixture *f = *state;
    const struct api_config before = f->api->config;
    struct api_config config = before;
    config.admin_token = SLICE("t0ken");
    config.sip_realm = "tandem";
    config.sip_domain = "sip.example.org";
    config.requests_per_10s = 2;
    api_destroy(f->api);
    f->api = api_create(&config);
    const char *body = "{\"room_name\":\"a\"}";
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/video/room_tokens", body), 200);
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/video/room_tokens", body), 200);
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/video/room_tokens", body), 429);
    assert_body(f, "{\"error\":\"Too Many Requests\"}");
    assert_int_equal(sw_ask(f, HTTP_GET, "/api/projects", ""), 200); /* reading is free */
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_POST, "/api/video/room_tokens", body),
                     200);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, sw_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_endpoint_is_a_user_with_a_phone), WITH(a_name_that_is_taken),
        WITH(a_number_leads_where_it_is_told),    WITH(a_script_is_checked_and_bound),
        WITH(numbers_are_found_by_a_pattern),     WITH(calls_are_refused_where_none_can_be_placed),
        WITH(records_are_of_their_project),       WITH(who_changes_too_much_waits),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
