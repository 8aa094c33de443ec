#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "base/num.h"
#include "rtc/cert.h"

static X509 *read_back(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static void test_a_made_certificate_serves_its_names(void **state)
{
    (void)state;
    static const char *const names[] = { "localhost", "127.0.0.1", "2001:db8::1", "a.test", NULL };
    char *cert_pem, *key_pem;
    assert_int_equal(cert_make_ecdsa(&cert_pem, &key_pem, "tandem", names, NULL), OK);
    X509 *cert = read_back(cert_pem);
    BIO *bio = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_int_equal(X509_verify(cert, key), 1);
    assert_int_equal(EVP_PKEY_get_bits(key), 256);
    assert_int_equal(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "a.test", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "b.test", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "2001:db8::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.2", 0), 0);
    assert_true(X509_cmp_current_time(X509_get0_notBefore(cert)) < 0);
    assert_true(X509_cmp_current_time(X509_get0_notAfter(cert)) > 0);
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(key);
    BIO_free(bio);
    X509_free(cert);
    mem_free(cert_pem);
    mem_free(key_pem);
}

static void test_bad_names_are_refused(void **state)
{
    (void)state;
    static const char *const empty[] = { "good", "", NULL };
    static const char *const smuggled[] = { "a.test,\nIP:1.2.3.4", NULL };
    char *cert_pem, *key_pem;
    struct fault fault;
    assert_int_equal(cert_make_ecdsa(&cert_pem, &key_pem, "", NULL, &fault), ERR_INVALID);
    assert_string_equal(fault.where, "common name");
    assert_int_equal(cert_make_ecdsa(&cert_pem, &key_pem, "x", empty, &fault), ERR_INVALID);
    assert_int_equal(cert_make_ecdsa(&cert_pem, &key_pem, "x", smuggled, &fault), ERR_INVALID);
    assert_string_equal(fault.where, "alternative names");
}

static void test_two_certificates_differ(void **state)
{
    (void)state;
    char *cert[2], *key[2];
    char print[2][CERT_FINGERPRINT_TEXT];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cert_make_ecdsa(&cert[i], &key[i], "tandem", NULL, NULL), OK);
        assert_int_equal(cert_fingerprint(slice_of(cert[i]), "sha-256", print[i]), OK);
        assert_int_equal(strlen(print[i]), 32 * 3 - 1);
    }
    assert_string_not_equal(print[0], print[1]);
    assert_int_equal(cert_fingerprint(slice_of(cert[0]), "SHA-512", print[1]), OK);
    assert_int_equal(strlen(print[1]), 64 * 3 - 1);
    assert_int_equal(cert_fingerprint(slice_of(cert[0]), "md5", print[1]), ERR_UNSUPPORTED);
    assert_int_equal(cert_fingerprint(SLICE("nothing"), "sha-1", print[1]), ERR_PARSE);
    for (size_t i = 0; i < 2; i++) {
        mem_free(cert[i]);
        mem_free(key[i]);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_fingerprint_text(void **state)
{
    (void)state;
    uint8_t digest[CERT_DIGEST_MAX];
    char text[CERT_FINGERPRINT_TEXT];
    size_t len = 0;
    assert_int_equal(cert_fingerprint_parse(SLICE("0a:Ff:10"), digest, &len), OK);
    assert_int_equal(len, 3);
    cert_fingerprint_print(digest, len, text);
    assert_string_equal(text, "0A:FF:10");
    static const char *const bad[] = { "", "0", "0a:", "0a:g0", "0a0b", ":0a", "0a: b" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(cert_fingerprint_parse(slice_of(bad[i]), digest, &len), ERR_PARSE);
    memset(digest, 0xab, sizeof digest);
    cert_fingerprint_print(digest, sizeof digest, text);
    assert_int_equal(strlen(text), CERT_FINGERPRINT_TEXT - 1);
    assert_int_equal(cert_fingerprint_parse(slice_of(text), digest, &len), OK);
    assert_int_equal(len, CERT_DIGEST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_made_certificate_serves_its_names),
        cmocka_unit_test(test_bad_names_are_refused),
        cmocka_unit_test(test_two_certificates_differ),
        cmocka_unit_test(test_fingerprint_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
