/* Tokens that are taken, and the many that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jwt.h"
#include "base/mem.h"
#include "base/num.h"

#define KEY SLICE("0123456789abcdef0123456789abcdef")

static size_t find_key(const void *owner, struct slice id, uint8_t key[JWT_KEY_MAX])
{
    (void)owner;
    if (!slice_is(id, "k1") && !slice_empty(id))
        return 0;
    memcpy(key, KEY.ptr, KEY.len);
    return KEY.len;
}

static const struct jwt_check hs256 = { .find_key = find_key, .now_s = 1000, .issuer = "tandem" };

static char *make(const char *json, const char *key_id, enum jwt_algorithm algorithm)
{
    json_t *claims = json_loads(json, 0, NULL);
    char *token;
    assert_int_equal(jwt_print(&token, claims, algorithm, key_id, KEY), OK);
    json_decref(claims);
    return token;
}

static enum err parse(const char *token, const struct jwt_check *check)
{
    json_t *claims;
    enum err err = jwt_parse(&claims, slice_of(token), check);
    if (!err)
        json_decref(claims);
    return err;
}

static enum err check_claims(const char *json)
{
    char *token = make(json, "k1", JWT_HS256);
    enum err err = parse(token, &hs256);
    mem_free(token);
    return err;
}

static void test_round_trip(void **state)
{
    (void)state;
    char *token = make("{\"iss\":\"tandem\",\"sub\":\"u1\",\"exp\":1060}", "k1", JWT_HS256);
    json_t *claims;
    assert_int_equal(jwt_parse(&claims, slice_of(token), &hs256), OK);
    assert_string_equal(json_string_value(json_object_get(claims, "sub")), "u1");
    json_decref(claims);
    assert_null(strpbrk(token, "+/="));
    for (size_t i = 0; token[i]; i++) { /* no byte of it can be another */
        char was = token[i];
        token[i] = was == 'A' ? 'Q' : 'A';
        assert_int_not_equal(parse(token, &hs256), OK);
        token[i] = was;
    }
    mem_free(token);
}

/* RFC 7515 appendix A.1: another program's token, its key and its claims */
static size_t rfc_key(const void *owner, struct slice id, uint8_t key[JWT_KEY_MAX])
{
    static const uint8_t bytes[] = { 3,   35,  53,  75,  43,  15,  165, 188, 131, 126, 6,
                                     101, 119, 123, 166, 143, 90,  179, 40,  230, 240, 84,
                                     201, 40,  169, 15,  132, 178, 210, 80,  46,  191, 211,
                                     251, 90,  146, 210, 6,   71,  239, 150, 138, 180, 195,
                                     119, 98,  61,  34,  61,  46,  33,  114, 5,   46,  79,
                                     8,   192, 205, 154, 245, 103, 208, 128, 163 };
    (void)owner;
    (void)id;
    memcpy(key, bytes, sizeof bytes);
    return sizeof bytes;
}

static void test_rfc_vector(void **state)
{
    (void)state;
    static const char token[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                                "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                                "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
                                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    struct jwt_check check = { .find_key = rfc_key, .now_s = 1300819379, .issuer = "joe" };
    assert_int_equal(parse(token, &check), OK);
    check.now_s = 1300819380;
    assert_int_equal(parse(token, &check), ERR_TIMEOUT);
    check.now_s = 0;
    check.issuer = "jim";
    assert_int_equal(parse(token, &check), ERR_AUTH);
}

static void test_claims(void **state)
{
    (void)state;
    assert_int_equal(check_claims("{\"iss\":\"tandem\",\"exp\":1001}"), OK);
    assert_int_equal(check_claims("{\"iss\":\"tandem\",\"exp\":1000}"), ERR_TIMEOUT);
    assert_int_equal(check_claims("{\"iss\":\"tandem\"}"), ERR_PARSE);
    assert_int_equal(check_claims("{\"iss\":\"tandem\",\"exp\":\"1001\"}"), ERR_PARSE);
    assert_int_equal(check_claims("{\"iss\":\"tandem\",\"exp\":1001,\"nbf\":1006}"), ERR_TIMEOUT);
    assert_int_equal(check_claims("{\"iss\":\"tandem\",\"exp\":1001,\"nbf\":1005}"), OK);
    assert_int_equal(check_claims("{\"exp\":1001}"), ERR_AUTH);
}

static void test_algorithm_and_key(void **state)
{
    (void)state;
    static const char claims[] = "{\"iss\":\"tandem\",\"exp\":1060}";
    char *hs512 = make(claims, "k1", JWT_HS512);
    char *other_key = make(claims, "k2", JWT_HS256);
    char *no_id = make(claims, NULL, JWT_HS256);
    struct jwt_check wants512 = hs256;
    wants512.algorithm = JWT_HS512;
    assert_int_equal(parse(hs512, &hs256), ERR_AUTH);
    assert_int_equal(parse(hs512, &wants512), OK);
    assert_int_equal(parse(other_key, &hs256), ERR_AUTH);
    assert_int_equal(parse(no_id, &hs256), OK);
    mem_free(hs512);
    mem_free(other_key);
    mem_free(no_id);
    /* {"alg":"none"}, the oldest trick */
    assert_int_equal(parse("eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTl9.", &hs256), ERR_PARSE);
    assert_int_equal(parse("eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTl9.AAAA", &hs256), ERR_AUTH);
}

static void test_no_tokens(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          ".",          "..",         "a.b", "a.b.c", "e30.e30", "e30.e30.e30.e30",
        "undefined", "W10.e30.AA", "e30=.e30.AA"
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_not_equal(parse(bad[i], &hs256), OK);
    char *huge = mem_alloc(2 * JWT_MAX);
    memset(huge, 'e', 2 * JWT_MAX - 1);
    assert_int_equal(parse(huge, &hs256), ERR_PARSE);
    json_t *claims = json_pack("{s:s}", "x", huge);
    char *token;
    assert_int_equal(jwt_print(&token, claims, JWT_HS256, NULL, KEY), ERR_LIMIT);
    json_decref(claims);
    mem_free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_rfc_vector),
        cmocka_unit_test(test_claims),     cmocka_unit_test(test_algorithm_and_key),
        cmocka_unit_test(test_no_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
