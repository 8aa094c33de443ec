/* A number counts as verified once its code came back, and not by another. */
#include "api/signalwire/test_sw.h"

#include "base/hash.h"
#include "base/seal.h"
#include "store/store_messages.h"

static const char row_id[] = "33333333-3333-4333-8333-333333333333",
                  code_id[] = "44444444-4444-4444-8444-444444444444",
                  path[] = "/api/relay/rest/verified_caller_ids/"
                           "33333333-3333-4333-8333-333333333333",
                  verification[] = "/api/relay/rest/verified_caller_ids/"
                                   "33333333-3333-4333-8333-333333333333/verification";

/* A number whose call has just said "123456". */
static int called(void **state)
{
    if (sw_setup(state))
        return -1;
    struct fixture *f = *state;
    uint8_t key[SEAL_KEY_LEN], mac[HASH_MAX];
    char hex[HASH_HEX_MAX];
    seal_derive(f->api->config.seal, 0, SLICE("mfa"), key);
    size_t len = hash_hmac(HASH_SHA256, slice_make(key, sizeof key), SLICE("salt:123456"), mac);
    hex_print(mac, len, hex);
    const struct store_mfa_code code = { .id = code_id,
                                         .project_id = acme,
                                         .party = "+12025550123",
                                         .channel = "call",
                                         .salt = "salt",
                                         .hash = hex,
                                         .tries_left = 2,
                                         .expires_ms = INT64_MAX };
    const struct store_resource row = { .id = row_id,
                                        .project_id = acme,
                                        .type = "verified_caller_id",
                                        .name = "Reception",
                                        .body = "{\"number\":\"+12025550123\"}",
                                        .ref = code_id };
    store_mfa_code_add(f->store, &code, STORE_NOBODY);
    store_resource_set(f->store, &row, STORE_NOBODY);
    return 0;
}

static void the_right_code_verifies(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sw_ask(f, HTTP_PUT, verification, "{\"verification_code\":\"123457\"}"), 422);
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 200);
    assert_string_equal(sw_text(f->body, "status"), "Awaiting Verification");
    assert_int_equal(sw_ask_as(f, other, "PTother", HTTP_PUT, verification,
                               "{\"verification_code\":\"123456\"}"),
                     404);
    assert_int_equal(sw_ask(f, HTTP_PUT, verification, "{\"verification_code\":\"123456\"}"), 200);
    assert_string_equal(sw_text(f->body, "status"), "Verified");
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 200);
    assert_true(json_is_true(json_object_get(f->body, "verified")));
    assert_true(sw_text(f->body, "verified_at")[0] != '\0');
    assert_int_equal(sw_ask(f, HTTP_POST, verification, ""), 200); /* nobody is called again */
}

static void tries_are_used_up(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(sw_ask(f, HTTP_PUT, verification, "{\"verification_code\":\"1\"}"), 422);
    assert_int_equal(sw_ask(f, HTTP_PUT, verification, "{\"verification_code\":\"123456\"}"), 422);
    assert_int_equal(sw_ask(f, HTTP_GET, path, ""), 200);
    assert_true(json_is_false(json_object_get(f->body, "verified")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_right_code_verifies, called, teardown),
        cmocka_unit_test_setup_teardown(tries_are_used_up, called, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
