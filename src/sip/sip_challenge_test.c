#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_challenge.h"

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static void a_challenge_has_all_its_fields(void **state)
{
    (void)state;
    struct slice rest = SLICE(
        "Digest realm=\"atlanta.com\", domain=\"sip:boxesbybob.com\", qop=\"auth,auth-int\",\r\n"
        " nonce=\"f84f1cec41e6cbe5aea9c8e88d359\", opaque=\"\", stale=TRUE, algorithm=SHA-256,"
        "x-new = \"a, b\"");
    struct sip_challenge c;
    assert_int_equal(sip_challenge_next(&rest, &c), OK);
    assert_slice(c.scheme, "Digest");
    assert_slice(c.realm, "atlanta.com");
    assert_slice(c.domain, "sip:boxesbybob.com");
    assert_slice(c.qop, "auth,auth-int");
    assert_slice(c.nonce, "f84f1cec41e6cbe5aea9c8e88d359");
    assert_non_null(c.opaque.ptr);
    assert_slice(c.algorithm, "SHA-256");
    assert_true(c.stale);
    assert_int_equal(sip_challenge_next(&rest, &c), ERR_NOT_FOUND);
}

static void several_challenges_may_share_a_value(void **state)
{
    (void)state;
    struct slice rest =
        SLICE("Digest realm=\"a\", nonce=\"1\", algorithm=SHA-256, Basic realm=\"b\","
              " Digest realm=\"c\", nonce=\"2\"");
    static const char *const realms[] = { "a", "b", "c" };
    struct sip_challenge c;
    for (size_t i = 0; i < COUNT_OF(realms); i++) {
        assert_int_equal(sip_challenge_next(&rest, &c), OK);
        assert_slice(c.realm, realms[i]);
    }
    assert_slice(c.algorithm, "");
    assert_int_equal(sip_challenge_next(&rest, &c), ERR_NOT_FOUND);
}

static void malformed_challenges_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "\"x\"", "Digest=1", "Digest realm=\"open", "Digest realm",
                                       "Digest realm=\"a\" nonce=\"b\"" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct slice rest = slice_of(bad[i]);
        struct sip_challenge c;
        if (sip_challenge_next(&rest, &c) != ERR_PARSE)
            fail_msg("'%s' was taken", bad[i]);
    }
}

static void credentials_have_all_their_fields(void **state)
{
    (void)state;
    struct sip_credentials c;
    struct slice wire =
        SLICE("Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"dcd98b\", "
              "uri=\"sip:bob@biloxi.com\", qop=auth, nc=000000fF, cnonce=\"0a4f113b\", "
              "response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc\", algorithm=MD5");
    assert_int_equal(sip_credentials_parse(wire, &c), OK);
    assert_slice(c.username, "bob");
    assert_slice(c.uri, "sip:bob@biloxi.com");
    assert_slice(c.qop, "auth");
    assert_slice(c.nc, "000000fF");
    assert_int_equal(c.nc_value, 255);
    assert_slice(c.cnonce, "0a4f113b");
    assert_slice(c.opaque, "5ccc");
}

static void credentials_without_a_must_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Digest",
        "Digest realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\"",
        "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\"",
        "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", nc=1",
        "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", nc=0000000g",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct sip_credentials c;
        if (sip_credentials_parse(slice_of(bad[i]), &c) != ERR_PARSE)
            fail_msg("'%s' was taken", bad[i]);
    }
    struct sip_credentials c;
    assert_int_equal(sip_credentials_parse(SLICE("NoOneKnowsThisScheme opaque-data=here"), &c), OK);
    assert_slice(c.scheme, "NoOneKnowsThisScheme");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_has_all_its_fields),
        cmocka_unit_test(several_challenges_may_share_a_value),
        cmocka_unit_test(malformed_challenges_are_refused),
        cmocka_unit_test(credentials_have_all_their_fields),
        cmocka_unit_test(credentials_without_a_must_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
