/* Tokens as they are made, made again and judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/num.h"
#include "pat.h"

static const int64_t day_ms = 24 * 3600 * 1000;

static void test_made_for_a_user(void **state)
{
    (void)state;
    struct pat pat;
    char hash[TOKEN_HASH];
    struct store_token row = { .project_id = "p1", .user_id = "u1" };
    pat_make(&pat, &row, 1000, 3);
    assert_int_equal(strncmp(pat.text, "PAT_", 4), 0);
    assert_ptr_equal(row.id, pat.id);
    assert_int_equal(row.created_ms, 1000);
    assert_int_equal(row.expires_ms, 1000 + 3 * day_ms);
    token_hash(slice_of(pat.text), hash); /* what is kept is the hash, and nothing else */
    assert_string_equal(row.hash, hash);
    pat_clear(&pat);
    assert_int_equal(pat.text[0], 0);
}

static void test_made_for_a_project(void **state)
{
    (void)state;
    struct pat pat;
    struct store_token row = { .project_id = "p1" };
    pat_make(&pat, &row, 1000, 0);
    assert_int_equal(strncmp(pat.text, "PT", 2), 0);
    assert_int_equal(row.expires_ms, 0); /* for ever */
    pat_renew(&pat, &row, 5000);
    assert_int_equal(row.expires_ms, 0);
}

static void test_again_for_as_long(void **state)
{
    (void)state;
    struct pat pat, again;
    struct store_token row = { .project_id = "p1", .user_id = "u1" };
    pat_make(&pat, &row, 1000, 3);
    pat_renew(&again, &row, 50000);
    assert_string_not_equal(pat.text, again.text);
    assert_ptr_equal(row.id, pat.id); /* the same token */
    assert_int_equal(row.expires_ms, 50000 + 3 * day_ms);
}

static void test_states(void **state)
{
    (void)state;
    const struct store_token row = { .expires_ms = 100 };
    const struct store_token endless = { 0 };
    const struct store_token revoked = { .expires_ms = 100, .revoked_ms = 50 };
    assert_string_equal(pat_state(&row, 99), "valid");
    assert_string_equal(pat_state(&row, 100), "expired");
    assert_string_equal(pat_state(&endless, INT64_MAX), "valid");
    assert_string_equal(pat_state(&revoked, 200), "revoked");
}

static void test_scopes(void **state)
{
    (void)state;
    assert_true(pat_are_scopes(SLICE("provisioning")));
    assert_true(pat_are_scopes(SLICE("account, domain")));
    assert_false(pat_are_scopes(SLICE("")));
    assert_false(pat_are_scopes(SLICE("account,root")));
    assert_false(pat_are_scopes(SLICE("accounts")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_for_a_user),
        cmocka_unit_test(test_made_for_a_project),
        cmocka_unit_test(test_again_for_as_long),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
