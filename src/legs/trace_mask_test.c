/* What somebody who reads over the shoulder of `tandem trace` must not learn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/num.h"
#include "legs/trace_mask.h"

enum { TEXT_MAX = 2000 };

typedef void (*mask_fn)(char *text, size_t len);

/* `expected` is what is seen; the length never changes. */
static void masks(mask_fn fn, const char *given, const char *expected)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s", given);
    fn(text, strlen(text));
    assert_string_equal(text, expected);
    assert_int_equal(strlen(given), strlen(expected));
}

static void test_digest_responses(void **state)
{
    (void)state;
    masks(trace_mask_sip,
          "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username=\"bob\", realm=\"r\", "
          "response=\"0123456789abcdef\", uri=\"sip:a\"\r\nCall-ID: x\r\n\r\n",
          "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username=\"bob\", realm=\"r\", "
          "response=\"****************\", uri=\"sip:a\"\r\nCall-ID: x\r\n\r\n");
    masks(trace_mask_sip,
          "INVITE sip:a SIP/2.0\r\nproxy-authorization : Digest username=\"b\",\r\n "
          "response = \"abcd\"\r\n\r\n",
          "INVITE sip:a SIP/2.0\r\nproxy-authorization : Digest username=\"b\",\r\n "
          "response = \"****\"\r\n\r\n");
    masks(trace_mask_sip, "A: b\r\nAuthorization: Bearer eyJ.abc\r\n\r\n",
          "A: b\r\nAuthorization: Bearer *******\r\n\r\n");
    /* the challenge is no secret, and neither is who asks */
    masks(trace_mask_sip, "SIP/2.0 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
          "SIP/2.0 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
}

static void test_headers_that_carry_tokens(void **state)
{
    (void)state;
    masks(trace_mask_sip,
          "INVITE sip:a SIP/2.0\r\nX-Siperb-Session: s3cr3t\r\nX-Auth-Token: t\r\n"
          "X-Agent-Context: {\"a\":1}\r\n\r\n",
          "INVITE sip:a SIP/2.0\r\nX-Siperb-Session: ******\r\nX-Auth-Token: *\r\n"
          "X-Agent-Context: {\"a\":1}\r\n\r\n");
}

static void test_keys_in_sdp(void **state)
{
    (void)state;
    masks(trace_mask_sip,
          "INVITE sip:a SIP/2.0\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
          "inline:abcdefg=|2^20|1:4;inline:hij\r\na=ice-ufrag:u\r\na=ice-pwd:pwd\r\n",
          "INVITE sip:a SIP/2.0\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
          "inline:********|2^20|1:4;inline:***\r\na=ice-ufrag:u\r\na=ice-pwd:***\r\n");
}

static void test_json(void **state)
{
    (void)state;
    masks(trace_mask_json, "{\"type\":\"auth\",\"token\" : \"PT\\\"x\"}",
          "{\"type\":\"auth\",\"token\" : \"*****\"}");
    masks(trace_mask_json, "{\"sdp\":\"v=0\\r\\na=ice-pwd:pw\\r\\na=x\\r\\na=ice-pwd:q\\r\\n\"}",
          "{\"sdp\":\"v=0\\r\\na=ice-pwd:**\\r\\na=x\\r\\na=ice-pwd:*\\r\\n\"}");
    masks(trace_mask_json, "{\"headers\":{\"X-Siperb-Id\":\"abc\",\"X-B\":\"abc\"}}",
          "{\"headers\":{\"X-Siperb-Id\":\"***\",\"X-B\":\"abc\"}}");
    masks(trace_mask_json, "{\"iceServers\":[{\"credential\":\"c\",\"urls\":\"turn:x\"}]}",
          "{\"iceServers\":[{\"credential\":\"*\",\"urls\":\"turn:x\"}]}");
}

/* Peers send these bytes: nothing may be read or written outside. */
static void test_halves(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"token\":\"x",
        "{\"token\":",
        "{\"token\"",
        "\"",
        "\"\\",
        "Authorization: Digest response",
        "Authorization:",
        ":",
        "\r\n",
        "",
        "Authorization: Digest response=\"",
        "inline:",
        "X-Token:\r\n \r\n y",
        " folded first\r\nA: b",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[TEXT_MAX];
        size_t len = strlen(rows[i]);
        memcpy(text, rows[i], len);
        text[len] = '#';
        trace_mask_sip(text, len);
        trace_mask_json(text, len);
        assert_int_equal(text[len], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_responses), cmocka_unit_test(test_headers_that_carry_tokens),
        cmocka_unit_test(test_keys_in_sdp),      cmocka_unit_test(test_json),
        cmocka_unit_test(test_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
