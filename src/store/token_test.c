
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "token.h"

static void test_tokens_are_long_and_differ(void **state)
{
    (void)state;
    char a[TOKEN_TEXT];
    char b[TOKEN_TEXT];
    token_make("PT", a);
    token_make("PT", b);
    assert_int_equal(strlen(a), 50);
    assert_true(strncmp(a, "PT", 2) == 0);
    assert_string_not_equal(a, b);
    char password[TOKEN_PASSWORD];
    token_password(password);
    assert_int_equal(strlen(password), 25); /* the form that provisioning clients know */
    assert_int_equal(strspn(password + 1, "0123456789abcdef"), 24);
    assert_int_equal(password[0], 'p');
}

static void test_hash(void **state)
{
    (void)state;
    char hash[TOKEN_HASH];
    token_hash(SLICE("abc"), hash); /* FIPS 180-2 appendix B.1 */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_ha1(void **state)
{
    (void)state;
    char md5[TOKEN_HA1_MD5];
    char sha256[TOKEN_HA1_SHA256];
    /* RFC 7616 §3.9.1: Mufasa, http-auth@example.org, Circle of Life */
    token_ha1(SLICE("Mufasa"), SLICE("http-auth@example.org"), SLICE("Circle of Life"), md5,
              sha256);
    assert_string_equal(md5, "3d78807defe7de2157e2b0b6573a855f");
    assert_string_equal(sha256, "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232");
}

static void test_scopes(void **state)
{
    (void)state;
    assert_true(token_has_scope(SLICE("calling, messaging"), SLICE("messaging")));
    assert_false(token_has_scope(SLICE("calling"), SLICE("call")));
    assert_false(token_has_scope(SLICE(""), SLICE("calling")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_are_long_and_differ),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_ha1),
        cmocka_unit_test(test_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
