#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_uri.h"

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static struct sip_uri uri_of(const char *text)
{
    struct sip_uri uri = { 0 };
    if (sip_uri_parse(slice_of(text), &uri) != OK)
        fail_msg("'%s' does not parse", text);
    return uri;
}

static void every_part_is_found(void **state)
{
    (void)state;
    struct sip_uri uri = uri_of(
        "SIPS:al%69ce:secret@[2001:DB8::1]:5071;transport=tcp;lr?Subject=hi&Priority=urgent");
    struct slice value;
    assert_int_equal(uri.scheme, SIP_URI_SIPS);
    assert_slice(uri.user, "al%69ce");
    assert_slice(uri.password, "secret");
    assert_slice(uri.host, "2001:DB8::1");
    assert_int_equal(uri.port, 5071);
    assert_true(sip_uri_param(&uri, "Transport", &value));
    assert_slice(value, "tcp");
    assert_true(sip_uri_param(&uri, "lr", NULL));
    assert_false(sip_uri_param(&uri, "ob", NULL));
    assert_true(sip_uri_header(&uri, "priority", &value));
    assert_slice(value, "urgent");
}

static void what_is_parsed_is_printed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "sip:example.com",
        "sip:alice@example.com",
        "sip:alice:pw@example.com:5060;transport=tcp?a=b",
        "sips:1212@[2001:db8::10]:5070",
        "sip:+14085551212@gw;user=phone",
        "sip:*72%23@pbx_1",
        "tel:*72#;phone-context=example.com",
        "tel:+1-201-555-0123",
        "tel:7042;phone-context=example.com",
        "urn:service:sos",
        "http://www.example.com/a;b?c=d",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[200];
        struct buf out = BUF_ON(text);
        struct sip_uri uri = uri_of(rows[i]);
        sip_uri_print(&uri, &out);
        assert_slice(buf_slice(&out), rows[i]);
    }
}

static void malformed_ones_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "sip:",        "alice@example.com", "sip:@host",      "sip:a@",
        "sip:a b@c", "sip:a@b:x",   "sip:a@b:70000",     "sip:a@b:",       "sip:2001:db8::10",
        "sip:a@[::", "sip:a@[1.2]", "sip:a@b;",          "sip:a@b;;lr",    "sip:a@b?",
        "sip:a@b@c", "sip:<a@b>",   "sip:a%4@b",         "sip:a%zz@b",     "sip:a@b;=x",
        "tel:",      "tel:+",       "tel:12+3",          "tel:abc@d",      "1sip:a@b",
        "sip:a@b c", "sip:a\"b@c",  "sip:[::1]x",        "sip:a@h?b=c&=d", ":a",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct sip_uri uri;
        if (sip_uri_parse(slice_of(bad[i]), &uri) != ERR_PARSE)
            fail_msg("'%s' was taken", bad[i]);
    }
    static char longest[SIP_URI_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    struct sip_uri uri;
    assert_int_equal(sip_uri_parse(slice_make(longest, sizeof(longest)), &uri), ERR_LIMIT);
}

/* The examples of RFC 3261 §19.1.4, RFC 3966 §4 and RFC 5118 §4.10, and our own. */
static const struct {
    const char *a, *b;
    bool equal;
} pairs[] = {
    { "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true },
    { "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true },
    { "sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true },
    { "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true },
    { "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true },
    { "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
      "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true },
    { "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false },
    { "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
    { "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false },
    { "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false },
    { "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false },
    { "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false },
    { "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false },
    { "sip:a@b", "sips:a@b", false },
    { "sip:a@b", "sip:b", false },
    { "sip:a:x@b", "sip:a@b", false },
    { "sip:a%3bb@c", "sip:a%3Bb@c", true },
    { "sip:a%3bb@c", "sip:a;b@c", false },
    { "sip:a%2541@c", "sip:aA@c", false },
    { "sip:%00@c", "sip:%00%00@c", false },
    { "sip:a@[2001:db8:0:0::1]", "sip:a@[2001:DB8::1]", true },
    { "sip:a@[2001:db8:::192.0.2.1]", "sip:a@[2001:db8::192.0.2.1]", true },
    { "tel:+1-201-555-0123", "tel:+1(201)5550123", true },
    { "tel:+12015550123", "tel:+12015550124", false },
    { "tel:1;phone-context=a", "tel:1", false },
    { "urn:service:sos", "urn:service:sos", true },
};

static void equality_is_that_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct sip_uri a = uri_of(pairs[i].a), b = uri_of(pairs[i].b);
        if (sip_uri_eq(&a, &b) != pairs[i].equal || sip_uri_eq(&b, &a) != pairs[i].equal)
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
    }
    struct sip_uri a = uri_of("sip:bob@biloxi.com;ob"), b = uri_of("sip:bob@Biloxi.com?x=y");
    assert_true(sip_uri_same_aor(&a, &b));
}

static void numbers_are_read_from_tel_and_sip(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *number; /* "" for none */
    } rows[] = {
        { "tel:+1-201-555-0123", "+12015550123" },
        { "tel:7042;phone-context=example.com", "7042" },
        { "sip:+971501234567@trunk.example.com", "+971501234567" },
        { "sip:+1-201-555-0123;phone-context=x@gw;user=phone", "+12015550123" },
        { "sip:%2B15551234@gw", "+15551234" },
        { "sip:*72#@gw", "*72#" },
        { "sip:100@pbx", "100" },
        { "sip:alice@example.com", "" },
        { "sip:bad@example.com", "" },
        { "sip:10.20@example.com", "" },
        { "sip:example.com", "" },
        { "urn:service:911", "" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char number[SIP_NUMBER_MAX];
        struct sip_uri uri = uri_of(rows[i].uri);
        assert_int_equal(sip_uri_number(&uri, number), *rows[i].number != 0);
        assert_string_equal(number, rows[i].number);
    }
}

static void escapes_go_there_and_back(void **state)
{
    (void)state;
    char text[100], back[100];
    struct buf out = BUF_ON(text), again = BUF_ON(back);
    sip_escape_user(SLICE("a b@c:d%"), &out);
    assert_slice(buf_slice(&out), "a%20b%40c%3Ad%25");
    sip_unescape(buf_slice(&out), &again);
    assert_slice(buf_slice(&again), "a b@c:d%");
    buf_reset(&out); /* RFC 3261 §25.1: no '#' in a user, whatever phones send */
    sip_escape_user(SLICE("*72#"), &out);
    assert_slice(buf_slice(&out), "*72%23");
    struct sip_uri lenient = uri_of("sip:*72#@gw"), strict = uri_of("sip:*72%23@gw");
    assert_true(sip_uri_eq(&lenient, &strict));
    buf_reset(&out);
    sip_uri_print(&lenient, &out);
    assert_slice(buf_slice(&out), "sip:*72%23@gw");
    buf_reset(&out);
    sip_escape_param(SLICE("x;y=z&"), &out);
    assert_slice(buf_slice(&out), "x%3By%3Dz%26");
    buf_reset(&again);
    sip_unescape(SLICE("%4%zz%41"), &again);
    assert_slice(buf_slice(&again), "%4%zzA");
}

static void hosts_have_brackets_when_they_are_ipv6(void **state)
{
    (void)state;
    struct slice host;
    uint16_t port = 1;
    assert_int_equal(sip_host_parse(SLICE("[2001:db8::1]:5060"), &host, &port), OK);
    assert_slice(host, "2001:db8::1");
    assert_int_equal(port, 5060);
    assert_int_equal(sip_host_parse(SLICE("192.0.2.1"), &host, &port), OK);
    assert_int_equal(port, 0);
    struct addr addr;
    assert_int_equal(sip_host_addr(SLICE("example.com"), 0, &addr), ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_found),
        cmocka_unit_test(what_is_parsed_is_printed),
        cmocka_unit_test(malformed_ones_are_refused),
        cmocka_unit_test(equality_is_that_of_the_rfc),
        cmocka_unit_test(numbers_are_read_from_tel_and_sip),
        cmocka_unit_test(escapes_go_there_and_back),
        cmocka_unit_test(hosts_have_brackets_when_they_are_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
