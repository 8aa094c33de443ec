/* What is sealed opens with the right key and context, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"

#define HEX_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SAME_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="   /* as base64 */
#define FERNET_KEY "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8=" /* url-safe */

static struct seal *with(const char *keys)
{
    struct seal *seal = seal_create();
    struct fault fault = { 0 };
    if (seal_add_keys(seal, slice_of(keys), "ENCRYPTION_KEY", &fault))
        fail_msg("%s", fault.text);
    return seal;
}

static enum err open_with(const struct seal *seal, const char *sealed, const char *context,
                          const char *expected)
{
    struct secret out = { 0 };
    enum err err = seal_open(seal, slice_of(sealed), slice_of(context), &out);
    if (!err)
        assert_string_equal(secret_reveal(&out).ptr, expected);
    secret_clear(&out);
    return err;
}

static void test_seal_and_open(void **state)
{
    (void)state;
    struct seal *seal = with(HEX_KEY);
    char *one = seal_text(seal, SLICE("s3cret"), SLICE("device:t1"));
    char *two = seal_text(seal, SLICE("s3cret"), SLICE("device:t1"));
    char *none = seal_text(seal, SLICE_NONE, SLICE_NONE);
    assert_null(strstr(one, "s3cret"));
    assert_string_not_equal(one, two); /* equal passwords do not show as equal */
    assert_int_equal(open_with(seal, one, "device:t1", "s3cret"), OK);
    assert_int_equal(open_with(seal, two, "device:t1", "s3cret"), OK);
    assert_int_equal(open_with(seal, none, "", ""), OK);
    assert_int_equal(open_with(seal, one, "device:t2", ""), ERR_AUTH); /* moved to another row */
    mem_free(one);
    mem_free(two);
    mem_free(none);
    seal_destroy(seal);
}

static void test_forms_of_a_key(void **state)
{
    (void)state;
    struct seal *hex = with(HEX_KEY);
    struct seal *base64 = with(SAME_KEY);
    char *text = seal_text(hex, SLICE("p"), SLICE("c"));
    assert_int_equal(open_with(base64, text, "c", "p"), OK);
    assert_string_equal(seal_key_id(hex, 0), seal_key_id(base64, 0));
    struct seal *fernet = with(FERNET_KEY);
    assert_int_equal(open_with(fernet, text, "c", ""), ERR_NOT_FOUND);
    mem_free(text);
    seal_destroy(hex);
    seal_destroy(base64);
    seal_destroy(fernet);
}

static void test_bad_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " , ",
        "secret",
        "00",
        HEX_KEY "00",
        "zz" HEX_KEY,
        HEX_KEY "," SAME_KEY,
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", /* 31 bytes */
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct seal *seal = seal_create();
        struct fault fault = { 0 };
        assert_int_equal(seal_add_keys(seal, slice_of(bad[i]), "ENCRYPTION_KEY", &fault),
                         ERR_INVALID);
        assert_string_equal(fault.where, "ENCRYPTION_KEY");
        assert_null(strstr(fault.text, "0001")); /* the key is not in the message */
        seal_destroy(seal);
    }
}

static void test_renewal(void **state)
{
    (void)state;
    struct seal *seal = with(HEX_KEY);
    char *old = seal_text(seal, SLICE("p"), SLICE("c"));
    assert_true(seal_is_current(seal, slice_of(old)));
    assert_int_equal(seal_renew(seal), OK);
    assert_int_equal(seal_keys(seal), 2);
    assert_false(seal_is_current(seal, slice_of(old)));
    assert_int_equal(open_with(seal, old, "c", "p"), OK);
    char *new = seal_text(seal, SLICE("p"), SLICE("c"));
    assert_true(seal_is_current(seal, slice_of(new)));

    char keys[SEAL_KEYS_TEXT]; /* a file of them makes the same ring */
    seal_print_keys(seal, SEAL_KEYS_MAX, keys);
    struct seal *again = with(keys);
    assert_int_equal(open_with(again, old, "c", "p"), OK);
    assert_int_equal(open_with(again, new, "c", "p"), OK);
    seal_destroy(again);

    seal_trim(seal, 1);
    assert_int_equal(open_with(seal, old, "c", ""), ERR_NOT_FOUND);
    assert_int_equal(open_with(seal, new, "c", "p"), OK);
    while (seal_keys(seal) < SEAL_KEYS_MAX)
        assert_int_equal(seal_renew(seal), OK);
    assert_int_equal(seal_renew(seal), ERR_LIMIT);
    mem_free(old);
    mem_free(new);
    seal_destroy(seal);
}

static void test_altered(void **state)
{
    (void)state;
    struct seal *seal = with(HEX_KEY);
    char *text = seal_text(seal, SLICE("a secret of some length"), SLICE("c"));
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        if (i + 2 < len || text[len - 1] != '=') /* base64's last digit has bits without meaning */
            assert_int_not_equal(open_with(seal, text, "c", ""), OK);
        text[i] = was;
    }
    static const char *const bad[] = { "", "s1:", "s1::", "p", "s1:00000000:", "s2:00000000:AAAA" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_not_equal(open_with(seal, bad[i], "c", ""), OK);
    char short_one[40];
    snprintf(short_one, sizeof short_one, "s1:%s:AAAA", seal_key_id(seal, 0));
    assert_int_equal(open_with(seal, short_one, "c", ""), ERR_PARSE);
    mem_free(text);
    seal_destroy(seal);
}

static void test_derived_keys(void **state)
{
    (void)state;
    struct seal *seal = with(HEX_KEY);
    uint8_t jwt[SEAL_KEY_LEN], again[SEAL_KEY_LEN], other[SEAL_KEY_LEN];
    seal_derive(seal, 0, SLICE("jwt"), jwt);
    seal_derive(seal, 0, SLICE("jwt"), again);
    seal_derive(seal, 0, SLICE("webhook"), other);
    assert_memory_equal(jwt, again, sizeof jwt);
    assert_memory_not_equal(jwt, other, sizeof jwt);
    seal_destroy(seal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_and_open), cmocka_unit_test(test_forms_of_a_key),
        cmocka_unit_test(test_bad_keys),      cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_altered),       cmocka_unit_test(test_derived_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
