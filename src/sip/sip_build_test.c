#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip_build.h"

static char text[4096];

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_is(s, expected))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), expected);
}

static struct sip_msg *parsed(const char *wire)
{
    struct sip_msg *msg = NULL;
    size_t used;
    assert_int_equal(sip_msg_parse(&msg, slice_of(wire), &used), OK);
    return msg;
}

static void a_request_is_written_line_by_line(void **state)
{
    (void)state;
    struct buf out = BUF_ON(text);
    struct sip_build b;
    struct sip_via via = { .transport = SLICE("UDP"),
                           .host = SLICE("2001:db8::1"),
                           .port = 5060,
                           .has_rport = true,
                           .branch = SLICE("z9hG4bK1") };
    struct sip_name_addr from = { .display = SLICE("A"), .tag = SLICE("t1") };
    assert_int_equal(sip_uri_parse(SLICE("sip:a@b"), &from.uri), OK);
    sip_build_request(&b, &out, SLICE("INVITE"), SLICE("sip:b@c"));
    sip_build_via(&b, &via);
    sip_build_printf(&b, SIP_H_MAX_FORWARDS, "%d", 70);
    sip_build_name_addr(&b, SIP_H_FROM, &from);
    sip_build_text(&b, SIP_H_TO, "<sip:b@c>");
    sip_build_header(&b, SIP_H_CALL_ID, SLICE("x@y"));
    sip_build_cseq(&b, 7, SLICE("INVITE"));
    sip_build_named(&b, SLICE("X-Agent-Context"), SLICE("{\"a\":1}"));
    assert_int_equal(sip_build_end(&b, SLICE("application/sdp"), SLICE("v=0\r\n")), OK);
    assert_slice(buf_slice(&out), "INVITE sip:b@c SIP/2.0\r\n"
                                  "Via: SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=z9hG4bK1\r\n"
                                  "Max-Forwards: 70\r\n"
                                  "From: \"A\" <sip:a@b>;tag=t1\r\n"
                                  "To: <sip:b@c>\r\n"
                                  "Call-ID: x@y\r\n"
                                  "CSeq: 7 INVITE\r\n"
                                  "X-Agent-Context: {\"a\":1}\r\n"
                                  "Content-Type: application/sdp\r\n"
                                  "Content-Length: 5\r\n"
                                  "\r\n"
                                  "v=0\r\n");
    sip_msg_unref(parsed(text)); /* and the parser takes it */
}

static void nobody_smuggles_headers_in(void **state)
{
    (void)state;
    static const char *const bad[] = { "a\r\nEvil: 1", "a\nEvil: 1", "a\rb" };
    for (size_t i = 0; i < 3; i++) {
        struct buf out = BUF_ON(text);
        struct sip_build b;
        sip_build_request(&b, &out, SLICE("INVITE"), SLICE("sip:b@c"));
        sip_build_text(&b, SIP_H_SUBJECT, bad[i]);
        assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), ERR_INVALID);
    }
    struct buf out = BUF_ON(text);
    struct sip_build b;
    sip_build_request(&b, &out, SLICE("INVITE"), SLICE("sip:b@c SIP/2.0\r\nX: y"));
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), ERR_INVALID);
    sip_build_status(&b, &out, 200, NULL);
    sip_build_named(&b, SLICE("X: y\r\nZ"), SLICE("v"));
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), ERR_INVALID);
    sip_build_status(&b, &out, 200, NULL);
    sip_build_header(&b, SIP_H_SUBJECT, slice_make("a\0b", 3));
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), ERR_INVALID);
}

static void overflow_is_told_at_the_end(void **state)
{
    (void)state;
    char small[40];
    struct buf out = BUF_ON(small);
    struct sip_build b;
    sip_build_status(&b, &out, 200, NULL);
    sip_build_text(&b, SIP_H_SUBJECT, "far too long for what is left");
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), ERR_LIMIT);
}

#define INVITE                                             \
    "INVITE sip:bob@biloxi.com SIP/2.0\r\n"                \
    "v: SIP/2.0/UDP 192.0.2.1;rport;x=y;branch=z9hG4bK1, " \
    "SIP/2.0/TCP two;branch=z9hG4bK2\r\n"                  \
    "Via: SIP/2.0/UDP three\r\n"                           \
    "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"           \
    "To: Bob <sip:bob@biloxi.com>\r\n"                     \
    "From: <sip:alice@atlanta.com>;tag=a\r\n"              \
    "Timestamp: 54\r\n"                                    \
    "Call-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n"

static void a_response_takes_what_it_must_from_the_request(void **state)
{
    (void)state;
    struct buf out = BUF_ON(text);
    struct sip_build b;
    struct addr source;
    struct sip_msg *req = parsed(INVITE);
    assert_int_equal(addr_parse(SLICE("192.0.2.1:9999"), 0, &source), OK);
    sip_build_response(&b, &out, req, 180, NULL, SLICE("b"), &source);
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
    assert_slice(buf_slice(&out),
                 "SIP/2.0 180 Ringing\r\n"
                 "Via: SIP/2.0/UDP 192.0.2.1;x=y;branch=z9hG4bK1;received=192.0.2.1;rport=9999\r\n"
                 "Via: SIP/2.0/TCP two;branch=z9hG4bK2\r\n"
                 "Via: SIP/2.0/UDP three\r\n"
                 "Record-Route: <sip:p1;lr>\r\n"
                 "Record-Route: <sip:p2;lr>\r\n"
                 "From: <sip:alice@atlanta.com>;tag=a\r\n"
                 "To: Bob <sip:bob@biloxi.com>;tag=b\r\n"
                 "Call-ID: c1\r\n"
                 "CSeq: 1 INVITE\r\n"
                 "Content-Length: 0\r\n\r\n");

    buf_reset(&out);
    sip_build_response(&b, &out, req, 100, NULL, SLICE("b"), NULL);
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
    struct slice s = buf_slice(&out);
    assert_true(slice_find(s, SLICE("To: Bob <sip:bob@biloxi.com>\r\n")) < s.len);
    assert_true(slice_find(s, SLICE("Timestamp: 54\r\n")) < s.len);
    assert_true(slice_find(s, SLICE("Record-Route")) == s.len);
    assert_true(slice_find(s, SLICE("192.0.2.1;rport;x=y;branch=z9hG4bK1\r\n")) < s.len);

    buf_reset(&out);
    sip_build_response(&b, &out, req, 486, "Busy", SLICE("b"), &source);
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
    s = buf_slice(&out);
    assert_true(slice_starts(s, SLICE("SIP/2.0 486 Busy\r\n")));
    assert_true(slice_find(s, SLICE("Record-Route")) == s.len);
    sip_msg_unref(req);
}

/* RFC 3261 §18.2.1: received when the sent-by is not where it came from */
static void received_is_added_when_it_tells_something(void **state)
{
    (void)state;
    static const struct {
        const char *sent_by, *via;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1\r\n" },
        { "192.0.2.2;received=6.6.6.6", "192.0.2.2;received=192.0.2.1\r\n" },
        { "client.example.com", "client.example.com;received=192.0.2.1\r\n" },
        { "[::1]:5061;branch=x", "[::1]:5061;branch=x;received=192.0.2.1\r\n" },
    };
    struct addr source;
    assert_int_equal(addr_parse(SLICE("192.0.2.1:9999"), 0, &source), OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char wire[400], expected[200];
        struct buf out = BUF_ON(text);
        struct sip_build b;
        snprintf(wire, sizeof(wire),
                 "BYE sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nTo: <sip:b@c>;tag=1\r\n"
                 "From: <sip:a@c>;tag=2\r\nCall-ID: c\r\nCSeq: 2 BYE\r\n\r\n",
                 rows[i].sent_by);
        snprintf(expected, sizeof(expected), "Via: SIP/2.0/UDP %s", rows[i].via);
        struct sip_msg *req = parsed(wire);
        sip_build_response(&b, &out, req, 200, NULL, SLICE("ignored"), &source);
        assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
        struct slice s = buf_slice(&out);
        assert_true(slice_find(s, slice_of(expected)) < s.len);
        assert_true(slice_find(s, SLICE("To: <sip:b@c>;tag=1\r\n")) < s.len);
        sip_msg_unref(req);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_line_by_line),
        cmocka_unit_test(nobody_smuggles_headers_in),
        cmocka_unit_test(overflow_is_told_at_the_end),
        cmocka_unit_test(a_response_takes_what_it_must_from_the_request),
        cmocka_unit_test(received_is_added_when_it_tells_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
