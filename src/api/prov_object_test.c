/* The provisioning object: both generations' names, which setting wins, what may be set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/prov.h"
#include "api/prov_object.h"
#include "base/mem.h"
#include "base/num.h"

static const struct store_device phone = {
    .id = "t1", .description = "Reception", .sip_username = "u1", .contact = "c1", .mode = "Proxy"
};

static json_t *make(const struct store_device *device, const struct store_cascade *cascade,
                    bool with_password)
{
    struct prov_source source = { .device = device,
                                  .cascade = cascade,
                                  .domain = "sip.example.org",
                                  .host = SLICE("wss.example.org"),
                                  .port = 443,
                                  .path = "/ws",
                                  .password = with_password ? SLICE("p1") : SLICE_NONE,
                                  .jwt = with_password ? "h.p.s" : NULL };
    return prov_object(&source);
}

static void is(const json_t *object, const char *name, const char *expected)
{
    const char *value = json_string_value(json_object_get(object, name));
    if (!value || strcmp(value, expected) != 0)
        fail_msg("%s is \"%s\", not \"%s\"", name, value ? value : "(none)", expected);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } expected[] = {
        { "SipUsername", "u1" },
        { "SIPUsername", "u1" },
        { "SipPassword", "p1" },
        { "SIPPassword", "p1" },
        { "SipDomain", "sip.example.org" },
        { "SipWssServer", "wss.example.org" },
        { "wssServer", "wss.example.org" },
        { "SipWebsocketPort", "443" },
        { "WebSocketPort", "443" },
        { "SipServerPath", "/ws" },
        { "ServerPath", "/ws" },
        { "SipContact", "c1" },
        { "ContactUserName", "c1" },
        { "RegistrationMode", "Proxy" },
        { "profileName", "Reception" },
        { "ProfileUserName", "Reception" },
        { "SipJwt", "h.p.s" },
    };
    static const struct store_cascade none = { "", "", "", "alice", "" };
    json_t *object = make(&phone, &none, true);
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        is(object, expected[i].name, expected[i].value);
    json_decref(object);
    object = make(&phone, &none, false);
    for (const char *const *name =
             (const char *const[]){ "SipPassword", "SIPPassword", "SipJwt", NULL };
         *name; name++)
        assert_null(json_object_get(object, *name));
    json_decref(object);
}

static void test_cascade(void **state)
{
    (void)state;
    static const struct store_cascade all = { "{\"UiMaxWidth\":1,\"SipUsername\":\"mine\"}",
                                              "{\"UiMaxWidth\":2,\"A\":2}",
                                              "{\"UiMaxWidth\":3,\"A\":3,\"B\":3}", "alice",
                                              "Alice A." };
    json_t *object = make(&phone, &all, false);
    assert_int_equal(json_integer_value(json_object_get(object, "UiMaxWidth")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "A")), 2);
    assert_int_equal(json_integer_value(json_object_get(object, "B")), 3);
    assert_int_equal(json_integer_value(json_object_get(object, "TransportConnectionTimeout")), 15);
    is(object, "SipUsername", "u1"); /* in Proxy mode the account is ours */
    is(object, "profileName", "Alice A.");
    json_decref(object);
    struct store_device direct = phone;
    direct.mode = "WebSocket";
    object = make(&direct, &all, true);
    is(object, "SipUsername", "mine");
    is(object, "SIPUsername", "mine");
    assert_null(json_object_get(object, "SipJwt")); /* a PBX knows nothing of our tokens */
    json_decref(object);
}

static char *merge(const char *settings, const char *changes, struct fault *fault)
{
    json_t *object = json_loads(changes, 0, NULL);
    char *text = prov_settings_merge(settings, object, fault);
    json_decref(object);
    return text;
}

static void test_merge(void **state)
{
    (void)state;
    struct fault fault = { 0 };
    char *text = merge("{\"A\":1,\"B\":2}", "{\"A\":null,\"C\":[1]}", &fault);
    assert_string_equal(text, "{\"B\":2,\"C\":[1]}");
    mem_free(text);
    text = merge("", "{}", &fault);
    assert_string_equal(text, "{}");
    mem_free(text);
    static const struct {
        const char *changes, *where;
    } bad[] = {
        { "{\"SipPassword\":\"x\"}", "SipPassword" },
        { "{\"SipJwt\":\"x\"}", "SipJwt" },
        { "{\"RegistrationMode\":\"WebSocket\"}", "RegistrationMode" },
        { "{\"UiMaxWidth\":\"wide\"}", "UiMaxWidth" },
        { "{\"\":1}", "" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_null(merge("", bad[i].changes, &fault));
        assert_string_equal(fault.where, bad[i].where);
    }
}

static void test_too_much(void **state)
{
    (void)state;
    struct fault fault = { 0 };
    char value[PROV_TEXT_MAX + 2];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    json_t *changes = json_pack("{s:s}", "A", value);
    assert_null(prov_settings_merge("", changes, &fault));
    assert_int_equal(fault.code, ERR_LIMIT);
    value[PROV_TEXT_MAX] = '\0';
    json_object_clear(changes);
    for (int i = 0; i < PROV_SETTINGS_MAX / PROV_TEXT_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "A%d", i);
        json_object_set_new(changes, name, json_string(value));
    }
    assert_null(prov_settings_merge("", changes, &fault));
    assert_string_equal(fault.where, "Settings_json");
    json_decref(changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_cascade),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
