#include "srtp_sdes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define KEY_30 "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" /* RFC 4568 §10.1 */
#define KEY_28 "MDEyMzQ1Njc4OUFCQ0RFRjAxMjM0NTY3ODlBQg=="
#define KEY_44 "MDEyMzQ1Njc4OUFCQ0RFRjAxMjM0NTY3ODlBQkNERUYwMTIzNDU2Nzg5QUI="

static void reads_the_lines_of_rfc_4568(void **state)
{
    (void)state;
    static const struct {
        const char *suite, *key, *params;
        enum err err;
        enum srtp_profile profile;
    } lines[] = {
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "", OK, SRTP_AES128_CM_SHA1_80 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "|2^20", OK, SRTP_AES128_CM_SHA1_80 },
        { "AES_CM_128_HMAC_SHA1_32", KEY_30, "|1048576", OK, SRTP_AES128_CM_SHA1_32 },
        { "aes_cm_128_hmac_sha1_32", KEY_30, " KDR=0 WSH=128 -X=1", OK, SRTP_AES128_CM_SHA1_32 },
        { "AEAD_AES_128_GCM", KEY_28, "", OK, SRTP_AEAD_AES_128_GCM },
        { "AEAD_AES_256_GCM", KEY_44, "|2^31", OK, SRTP_AEAD_AES_256_GCM },
        /* without padding, as some peers write it */
        { "AEAD_AES_256_GCM", "MDEyMzQ1Njc4OUFCQ0RFRjAxMjM0NTY3ODlBQkNERUYwMTIzNDU2Nzg5QUI", "", OK,
          SRTP_AEAD_AES_256_GCM },
        /* what another line may do better */
        { "F8_128_HMAC_SHA1_80", KEY_30, "", ERR_UNSUPPORTED, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "|2^20|1:4", ERR_UNSUPPORTED, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "|1:32", ERR_UNSUPPORTED, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, ";inline:" KEY_30, ERR_UNSUPPORTED, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, " UNENCRYPTED_SRTP", ERR_UNSUPPORTED, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "|2^20 UNAUTHENTICATED_SRTP", ERR_UNSUPPORTED, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, " KDR=1", ERR_UNSUPPORTED, 0 },
        /* what is wrong */
        { "AES_CM_128_HMAC_SHA1_80", KEY_28, "", ERR_PARSE, 0 },
        { "AEAD_AES_128_GCM", KEY_30, "", ERR_PARSE, 0 },
        { "AES_CM_128_HMAC_SHA1_80", "not base64!", "", ERR_PARSE, 0 },
        { "AES_CM_128_HMAC_SHA1_80", "", "", ERR_PARSE, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "|forever", ERR_PARSE, 0 },
        { "AES_CM_128_HMAC_SHA1_80", KEY_30, "|2^200", ERR_PARSE, 0 },
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct srtp_master master;
        enum srtp_profile profile = SRTP_PROFILES;
        enum err err = srtp_sdes_parse(&master, &profile, slice_of(lines[i].suite),
                                       slice_of(lines[i].key), slice_of(lines[i].params));
        if (err != lines[i].err)
            print_error("line %zu: %s %s\n", i, lines[i].suite, lines[i].params);
        assert_int_equal(err, lines[i].err);
        assert_int_equal(profile, err ? SRTP_PROFILES : lines[i].profile);
    }
}

static void puts_key_and_salt_where_they_belong(void **state)
{
    (void)state;
    struct srtp_master master;
    enum srtp_profile profile;
    assert_int_equal(
        srtp_sdes_parse(&master, &profile, SLICE("AEAD_AES_128_GCM"), SLICE(KEY_28), SLICE_NONE),
        OK);
    assert_memory_equal(master.key, "0123456789ABCDEF", 16);
    assert_memory_equal(master.salt, "0123456789AB", 12);
}

static void what_we_make_reads_as_the_same_key(void **state)
{
    (void)state;
    for (int p = 0; p < SRTP_PROFILES; p++) {
        struct srtp_master made, other, read;
        enum srtp_profile profile;
        char text[SRTP_SDES_TEXT];
        srtp_sdes_make(&other, (enum srtp_profile)p, text);
        srtp_sdes_make(&made, (enum srtp_profile)p, text);
        const char *suite = srtp_profile_info((enum srtp_profile)p)->name;
        assert_int_equal(
            srtp_sdes_parse(&read, &profile, slice_of(suite), slice_of(text), SLICE_NONE), OK);
        assert_int_equal(profile, p);
        assert_true(srtp_sdes_same(&made, &read, profile));
        assert_false(srtp_sdes_same(&other, &read, profile));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_lines_of_rfc_4568),
        cmocka_unit_test(puts_key_and_salt_where_they_belong),
        cmocka_unit_test(what_we_make_reads_as_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
