#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_msg.h"

#define REST                                                 \
    "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK7\r\n"  \
    "To: Bob <sip:bob@biloxi.com>\r\n"                       \
    "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n" \
    "Call-ID: a84b4c76e66710\r\n"
#define INVITE "INVITE sip:bob@biloxi.com SIP/2.0\r\n" REST "CSeq: 314159 INVITE\r\n"
#define ACK "ACK sip:bob@biloxi.com SIP/2.0\r\n" REST "CSeq: 314159 ACK\r\n"
#define OK_200 "SIP/2.0 200 OK\r\n" REST "CSeq: 314159 INVITE\r\n"

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

static struct sip_msg *parsed(const char *text)
{
    struct sip_msg *msg = NULL;
    size_t used;
    if (sip_msg_parse(&msg, slice_of(text), &used) != OK)
        fail_msg("does not parse: %s", text);
    return msg;
}

static enum err error_of(struct slice wire)
{
    struct sip_msg *msg = NULL;
    size_t used;
    enum err err = sip_msg_parse(&msg, wire, &used);
    if (!err)
        sip_msg_unref(msg);
    return err;
}

static void a_request_shows_what_it_says(void **state)
{
    (void)state;
    struct sip_msg *msg = parsed(INVITE "m: <sip:a@1.2.3.4>, <sip:b@1.2.3.4>\r\n"
                                        "Contact: <sip:c@1.2.3.4>\r\nSupported:\r\n"
                                        "Require: 100rel, replaces;x=y\r\nX-One: a, b\r\n"
                                        "x-one: c\r\nContent-Length: 4\r\n\r\nbodyjunk");
    assert_true(sip_msg_is_request(msg));
    assert_int_equal(sip_msg_method(msg), SIP_INVITE);
    assert_slice(sip_msg_uri(msg)->text, "sip:bob@biloxi.com");
    assert_int_equal(sip_msg_status(msg), 0);
    assert_slice(sip_msg_via(msg)->branch, "z9hG4bK7");
    assert_slice(sip_msg_from_tag(msg), "1928301774");
    assert_slice(sip_msg_to_tag(msg), "");
    assert_slice(sip_msg_to(msg)->display, "Bob");
    assert_slice(sip_msg_call_id(msg), "a84b4c76e66710");
    assert_int_equal(sip_msg_cseq(msg)->number, 314159);
    assert_int_equal(sip_msg_max_forwards(msg), SIP_MAX_FORWARDS);
    assert_slice(sip_msg_body(msg), "body"); /* what is behind Content-Length is dropped */
    assert_int_equal(sip_msg_count(msg, SIP_H_CONTACT), 3);
    assert_slice(sip_msg_header_nth(msg, SIP_H_CONTACT, 1)->value, "<sip:b@1.2.3.4>");
    assert_slice(sip_msg_header_nth(msg, SIP_H_CONTACT, 2)->value, "<sip:c@1.2.3.4>");
    assert_null(sip_msg_header_nth(msg, SIP_H_CONTACT, 3));
    assert_non_null(sip_msg_header(msg, SIP_H_SUPPORTED));
    assert_null(sip_msg_header(msg, SIP_H_ROUTE));
    assert_slice(sip_msg_value(msg, SIP_H_ROUTE), "");
    assert_true(sip_msg_lists(msg, SIP_H_REQUIRE, "100REL"));
    assert_true(sip_msg_lists(msg, SIP_H_REQUIRE, "replaces"));
    assert_false(sip_msg_lists(msg, SIP_H_REQUIRE, "timer"));
    assert_slice(sip_msg_header_named(msg, SLICE("X-ONE"))->value, "a, b");
    assert_slice(sip_msg_header_named(msg, SLICE("m"))->value, "<sip:a@1.2.3.4>");
    assert_null(sip_msg_header_named(msg, SLICE("X-Two")));
    sip_msg_unref(msg);
}

static void a_response_shows_what_it_says(void **state)
{
    (void)state;
    struct sip_msg *msg = parsed(OK_200 "\r\nthe rest is the body");
    assert_false(sip_msg_is_request(msg));
    assert_int_equal(sip_msg_status(msg), 200);
    assert_slice(sip_msg_reason(msg), "OK");
    assert_int_equal(sip_msg_method(msg), SIP_INVITE);
    assert_slice(sip_msg_body(msg), "the rest is the body");
    assert_slice(sip_msg_uri(msg)->text, "");
    sip_msg_unref(msg);
}

static void a_reference_keeps_the_message(void **state)
{
    (void)state;
    char wire[] = INVITE "\r\n";
    struct sip_msg *msg = parsed(wire);
    memset(wire, 'x', sizeof(wire)); /* the message has its own copy */
    sip_msg_ref(msg);
    sip_msg_unref(msg);
    assert_slice(sip_msg_call_id(msg), "a84b4c76e66710");
    sip_msg_unref(msg);
    sip_msg_unref(NULL);
}

/* What is wrong, and the words of the answer. */
static const struct {
    const char *wire;
    unsigned status; /* 0: not answered */
    const char *reason;
} broken[] = {
    { "INVITE sip:b@c SIP/2.0\r\n\r\n", 400, "Bad Request: no Via" },
    { "INVITE sip:b@c SIP/3.0\r\n" REST "CSeq: 1 INVITE\r\n\r\n", 505, "Version Not Supported" },
    { "INVITE sip:b@c HTTP/1.1\r\n" REST "CSeq: 1 INVITE\r\n\r\n", 400,
      "Bad Request: malformed request line" },
    { "INVITE sip:b@c@d SIP/2.0\r\n" REST "CSeq: 1 INVITE\r\n\r\n", 400,
      "Bad Request: malformed Request-URI" },
    { "INVITE sip:b@c SIP/2.0\r\n" REST "CSeq: 1 BYE\r\n\r\n", 400,
      "Bad Request: CSeq of another method" },
    { "INVITE sip:b@c SIP/2.0\r\n" REST "\r\n", 400, "Bad Request: no CSeq or a malformed one" },
    { INVITE "Max-Forwards: 256\r\n\r\n", 400, "Bad Request: malformed Max-Forwards" },
    { INVITE "Call-ID: again\r\n\r\n", 400,
      "Bad Request: a header that may stand once is repeated" },
    { INVITE "Contact: <sip:a@b\r\n\r\n", 400, "Bad Request: malformed Contact" },
    { INVITE "Route: *\r\n\r\n", 400, "Bad Request: malformed Route" },
    { INVITE "no colon\r\n\r\n", 400, "Bad Request: malformed header line" },
    { INVITE ": no name\r\n\r\n", 400, "Bad Request: malformed header line" },
    { INVITE "X: a\rb\r\n\r\n", 400, "Bad Request: control character in a header" },
    { INVITE "Content-Length: 5\r\n\r\nbody", 400,
      "Bad Request: Content-Length larger than the message" },
    { INVITE "Content-Length: x\r\n\r\nbody", 400, "Bad Request: malformed Content-Length" },
    { INVITE, 400, "Bad Request: no empty line behind the headers" },
    { ACK "Max-Forwards: x\r\n\r\n", 0, NULL },
    { OK_200 "Max-Forwards: x\r\n\r\n", 0, NULL },
    { "SIP/2.0 99 Low\r\n" REST "CSeq: 1 INVITE\r\n\r\n", 0, NULL },
    { "SIP/2.0 700 High\r\n" REST "CSeq: 1 INVITE\r\n\r\n", 0, NULL },
    { "junk", 0, NULL },
};

static void a_broken_request_names_its_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct slice wire = slice_of(broken[i].wire);
        struct sip_msg *msg = NULL;
        struct sip_fault fault = { 0 };
        assert_int_not_equal(error_of(wire), OK);
        enum err err = sip_msg_parse_broken(&msg, wire, &fault);
        if (i == 0)
            assert_int_equal(err, ERR_PARSE); /* nowhere to send it */
        else if (!broken[i].status)
            assert_int_equal(err, ERR_PARSE);
        else if (err || fault.status != broken[i].status)
            fail_msg("%s: err %d status %u", broken[i].wire, err, fault.status);
        else
            assert_string_equal(fault.reason, broken[i].reason);
        sip_msg_unref(msg);
    }
    struct sip_msg *msg;
    struct sip_fault fault;
    assert_int_equal(sip_msg_parse_broken(&msg, SLICE(INVITE "\r\n"), &fault), ERR_PARSE);
    assert_int_equal(error_of(SLICE("INVITE sip:b@c SIP/3.0\r\n" REST "CSeq: 1 INVITE\r\n\r\n")),
                     ERR_UNSUPPORTED);
}

static void sizes_are_limited(void **state)
{
    (void)state;
    static char wire[SIP_MAX_MESSAGE + 100];
    struct buf out = BUF_ON(wire);
    struct sip_msg *msg = NULL;
    struct sip_fault fault;
    buf_text(&out, INVITE);
    for (int i = 0; i < SIP_MAX_HEADERS; i++)
        buf_text(&out, "X: y\r\n");
    buf_text(&out, "\r\n");
    assert_int_equal(error_of(buf_slice(&out)), ERR_LIMIT);
    assert_int_equal(sip_msg_parse_broken(&msg, buf_slice(&out), &fault), OK);
    assert_int_equal(fault.status, 513);
    sip_msg_unref(msg);

    buf_reset(&out);
    buf_text(&out, INVITE "Route: <sip:a@b>");
    for (int i = 0; i < SIP_MAX_HEADERS; i++)
        buf_text(&out, ",<sip:a@b>");
    buf_text(&out, "\r\n\r\n");
    assert_int_equal(error_of(buf_slice(&out)), ERR_LIMIT);

    buf_reset(&out);
    buf_text(&out, INVITE "X: ");
    while (out.len < SIP_MAX_HEAD)
        buf_char(&out, 'x');
    buf_text(&out, "\r\n\r\n");
    assert_int_equal(error_of(buf_slice(&out)), ERR_LIMIT);
    assert_int_equal(sip_msg_parse_broken(&msg, buf_slice(&out), &fault), OK);
    assert_int_equal(fault.status, 513);
    sip_msg_unref(msg);

    memset(wire, 'x', sizeof(wire));
    assert_int_equal(error_of(slice_make(wire, sizeof(wire))), ERR_LIMIT);
    assert_int_equal(error_of(SLICE("\r\n\r\n")), ERR_NOT_FOUND);
    assert_int_equal(error_of(SLICE("")), ERR_NOT_FOUND);
}

/* One byte at a time, two messages after a keep-alive. */
static void a_stream_gives_one_message_after_the_other(void **state)
{
    (void)state;
    struct slice wire =
        SLICE("\r\n\r\n" INVITE "l : 4\r\n\r\nbody" OK_200 "Content-Length:\r\n 0\r\n\r\n");
    struct slice rest = wire;
    unsigned messages = 0;
    for (size_t have = 1; rest.len && have <= rest.len;) {
        struct sip_msg *msg = NULL;
        size_t used = 0;
        enum err err = sip_msg_parse_stream(&msg, slice_sub(rest, 0, have), &used);
        if (err == ERR_AGAIN) {
            assert_int_equal(used, 0);
            have++;
            continue;
        }
        rest = slice_from(rest, used);
        have = 1;
        if (err == ERR_NOT_FOUND)
            continue;
        assert_int_equal(err, OK);
        assert_slice(sip_msg_body(msg), messages ? "" : "body");
        assert_int_equal(sip_msg_is_request(msg), messages == 0);
        sip_msg_unref(msg);
        messages++;
    }
    assert_int_equal(messages, 2);
    assert_int_equal(rest.len, 0);

    struct sip_msg *msg;
    size_t used;
    assert_int_equal(sip_msg_parse_stream(&msg, SLICE(INVITE "\r\n"), &used), ERR_PARSE);
    assert_int_equal(sip_msg_parse_stream(&msg, SLICE(INVITE "l: 65535\r\n\r\n"), &used),
                     ERR_LIMIT);
}

static void printing_gives_long_names_and_the_true_length(void **state)
{
    (void)state;
    char text[1000];
    struct buf out = BUF_ON(text);
    struct sip_msg *msg = parsed("OPTIONS sip:b@c SIP/2.0\r\nv: SIP/2.0/UDP h\r\nt: sip:b@c\r\n"
                                 "f: sip:a@c;tag=1\r\ni: x\r\nCSEQ: 1\r\n OPTIONS\r\n"
                                 "k: a,b\r\nx-y: z\r\n\r\nhi");
    sip_msg_print(msg, &out);
    assert_slice(buf_slice(&out),
                 "OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nTo: sip:b@c\r\n"
                 "From: sip:a@c;tag=1\r\nCall-ID: x\r\nCSeq: 1   OPTIONS\r\n"
                 "Supported: a\r\nSupported: b\r\nx-y: z\r\nContent-Length: 2\r\n\r\nhi");
    sip_msg_unref(msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_shows_what_it_says),
        cmocka_unit_test(a_response_shows_what_it_says),
        cmocka_unit_test(a_reference_keeps_the_message),
        cmocka_unit_test(a_broken_request_names_its_fault),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(a_stream_gives_one_message_after_the_other),
        cmocka_unit_test(printing_gives_long_names_and_the_true_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
