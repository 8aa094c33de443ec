/* The signature vectors of SignalWire's SDKs (MIT). */
#include "web_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_json(void **state)
{
    (void)state;
    char out[WEB_SIGNATURE_MAX];
    struct slice key = SLICE("PSKtest1234567890abcdef"),
                 url = SLICE("https://example.ngrok.io/webhook");
    struct slice body = SLICE(
        "{\"event\":\"call.state\",\"params\":{\"call_id\":\"abc-123\",\"state\":\"answered\"}}");
    web_signature_json(key, url, body, out);
    assert_string_equal(out, "c3c08c1fefaf9ee198a100d5906765a6f394bf0f");
    web_signature_json256(key, url, body, out);
    assert_memory_equal(out, "2a29f8a92b11df39da80c3b185fd62173d49c294184da585ff951eae443357", 62);
    web_signature_json(SLICE("PSK_example"), SLICE("https://hooks.example.com/swml?x=1"),
                       SLICE("{}"), out);
    assert_string_equal(out, "0a9b9a40cfb018173e635df4b4d2731da3b3a227");
}

static void test_form(void **state)
{
    (void)state;
    char out[WEB_SIGNATURE_MAX];
    const struct web_signature_field fields[] = {
        { SLICE("To"), SLICE("+18005551212") },
        { SLICE("CallSid"), SLICE("CA1234567890ABCDE") },
        { SLICE("Caller"), SLICE("+14158675309") },
        { SLICE("From"), SLICE("+14158675309") },
        { SLICE("Digits"), SLICE("1234") },
    };
    assert_true(web_signature_form(
        SLICE("12345"), SLICE("https://mycompany.com/myapp.php?foo=1&bar=2"), fields, 5, out));
    assert_string_equal(out, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    struct slice url = SLICE("https://example.ngrok.io/webhook?bodySHA256="
                             "69f3cbfc18e386ef8236cb7008cd5a54b7fed637a8cb3373b5a1591d7f0fd5f4");
    assert_true(web_signature_form(SLICE("PSKtest1234567890abcdef"), url, NULL, 0, out));
    assert_string_equal(out, "dfO9ek8mxyFtn2nMz24plPmPfIY=");
    assert_false(web_signature_form(SLICE("k"), url, fields, WEB_SIGNATURE_FIELDS_MAX + 1, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_json), cmocka_unit_test(test_form) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
