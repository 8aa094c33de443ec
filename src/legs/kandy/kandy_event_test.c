/* The shapes of sections 1.3 and 4.4 of the protocol page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/kandy/kandy_event.h"

#define NOTE(text) "{\"notificationMessage\":" text "}"

static struct kandy_event event;

static const struct kandy_event *parse(const char *text)
{
    kandy_event_clear(&event);
    assert_int_equal(kandy_event_parse(&event, slice_of(text)), OK);
    return &event;
}

static int teardown(void **state)
{
    (void)state;
    kandy_event_clear(&event);
    return 0;
}

#define IS(field, text)                                                            \
    do {                                                                           \
        if (!slice_is(event.field, text))                                          \
            fail_msg(#field " is '%.*s', not '%s'", SLICE_ARG(event.field), text); \
    } while (0)

static void test_link_incoming(void **state)
{
    (void)state;
    parse(
        NOTE("{\"eventType\":\"call\",\"eventId\":\"E1\",\"time\":1700000000000,"
             "\"sessionParams\":{\"sessionData\":\"S1\",\"sdp\":\"v=0...\",\"actions\":[\"answer\","
             "\"reject\",\"forward\"]},\"callNotificationParams\":{\"callerDisplayNumber\":"
             "\"971501112222@d\",\"callerName\":\"N\",\"calleeDisplayNumber\":\"u@d\"}}"));
    assert_int_equal(event.kind, KANDY_INCOMING);
    IS(id, "E1");
    IS(session, "S1");
    IS(sdp, "v=0...");
    IS(from, "971501112222@d");
    IS(from_name, "N");
    IS(to, "u@d");
    /* slow start */
    parse(NOTE("{\"eventType\":\"call\",\"sessionParams\":{\"sessionData\":\"S2\"}}"));
    assert_int_equal(event.kind, KANDY_INCOMING);
    assert_int_equal(event.sdp.len, 0);
    /* only a disposition */
    parse(NOTE("{\"eventType\":\"call\",\"callDispositionParams\":{\"sessionData\":\"S2\"}}"));
    assert_int_equal(event.kind, KANDY_IGNORED);
}

/* What else a server of the same page may write. */
static void test_other_shapes(void **state)
{
    (void)state;
    parse("{\"type\":\"response\",\"id\":\"req_1\",\"result\":{\"iceServers\":[{\"urls\":\"stun:"
          "s\"}]}}");
    assert_int_equal(event.kind, KANDY_ICE_SERVERS); /* without a method */
    assert_int_equal(json_array_size(event.list), 1);
    parse("{\"id\":\"req_1\",\"result\":{\"callId\":\"c\",\"status\":\"answered\",\"sdp\":\"v\"}}");
    assert_int_equal(event.kind, KANDY_ANSWER);
    IS(request, "req_1");
    parse("{\"type\":\"call.incomingCall\",\"callId\":\"c\",\"from\":971501234567}");
    assert_int_equal(event.kind, KANDY_INCOMING);
    IS(session, "c");
    IS(from, "971501234567");
    parse(NOTE("{\"eventType\":\"call\",\"sessionParams\":{\"sessionData\":7},\"customParameters\":"
               "[{\"name\":\"x-a\",\"value\":\"b\"}]}"));
    IS(session, "7");
    assert_int_equal(json_array_size(event.custom), 1);
    parse(NOTE("{\"eventType\":\"callEnd\",\"sessionParams\":{\"sessionData\":\"S\",\"statusCode\":"
               "\"486\"}}"));
    assert_int_equal(event.status, 486);
    parse(NOTE("{\"eventType\":\"gone\",\"retryAfter\":\"2500\"}"));
    assert_int_equal(event.retry_ms, 2500);
}

static void test_link_kinds(void **state)
{
    static const struct {
        const char *text;
        enum kandy_event_kind kind;
        int status;
        int64_t retry_ms;
    } rows[] = {
        { NOTE("{\"eventType\":\"ringing\"}"), KANDY_RINGING, 0, -1 },
        { NOTE("{\"eventType\":\"trying\"}"), KANDY_IGNORED, 0, -1 },
        { NOTE("{\"eventType\":\"presenceWatcher\"}"), KANDY_IGNORED, 0, -1 },
        { NOTE("{\"eventType\":\"sessionProgress\",\"sessionParams\":{\"sdp\":\"v\"}}"),
          KANDY_PROGRESS, 0, -1 },
        { NOTE("{\"eventType\":\"sessionProgress\",\"sessionParams\":{\"sdp\":\"\"}}"),
          KANDY_IGNORED, 0, -1 },
        { NOTE("{\"eventType\":\"respondCallUpdate\",\"sessionParams\":{\"sdp\":\"v\"}}"),
          KANDY_ANSWER, 0, -1 },
        { NOTE("{\"eventType\":\"respondCallUpdate\",\"statusCode\":49,\"sessionParams\":"
               "{\"sessionData\":\"S\",\"retryAfter\":2}}"),
          KANDY_GLARE, 0, 2000 },
        { NOTE("{\"eventType\":\"respondCallUpdate\",\"statusCode\":\"49\",\"sessionParams\":"
               "{\"retryAfter\":\"1500\"}}"),
          KANDY_GLARE, 0, 1500 },
        { NOTE("{\"eventType\":\"startCallUpdate\",\"sessionParams\":{}}"), KANDY_UPDATE, 0, -1 },
        { NOTE("{\"eventType\":\"callEnd\",\"sessionParams\":{\"statusCode\":\"486\"}}"), KANDY_END,
          486, -1 },
        { NOTE("{\"eventType\":\"callEnd\",\"sessionParams\":{\"statusCode\":9904}}"), KANDY_END, 0,
          -1 },
        { NOTE("{\"eventType\":\"callCancel\"}"), KANDY_CANCEL, 0, -1 },
        { NOTE("{\"eventType\":\"sessionComplete\"}"), KANDY_MOVED, 0, -1 },
        { NOTE("{\"eventType\":\"sessionFail\"}"), KANDY_MOVE_FAILED, 0, -1 },
        { NOTE("{\"eventType\":\"gone\",\"retryAfter\":5000}"), KANDY_GONE, 0, 5000 },
        { NOTE("{\"eventType\":\"websocketOverridden\"}"), KANDY_OVERRIDDEN, 0, -1 },
        { NOTE("{\"eventType\":\"\"}"), KANDY_IGNORED, 0, -1 },
        { "{\"connCheck\":{\"interval\":30}}", KANDY_CHECK, 0, -1 },
        { "{\"message_type\":\"pong\"}", KANDY_IGNORED, 0, -1 },
        { "{}", KANDY_IGNORED, 0, -1 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        parse(rows[i].text);
        if (event.kind != rows[i].kind)
            fail_msg("%s is %s", rows[i].text, kandy_event_name(event.kind));
        assert_int_equal(event.status, rows[i].status);
        assert_int_equal(event.retry_ms, rows[i].retry_ms);
    }
}

static void test_sdp_formats(void **state)
{
    (void)state;
    /* base64 of zlib of "v=0\r\n" */
    parse(NOTE("{\"eventType\":\"respondCallUpdate\",\"sessionParams\":{\"sdpFormat\":"
               "\"compressed\",\"sdp\":\"eJwrszXg5QIAA/sA+w==\"}}"));
    IS(sdp, "v=0\r\n");
    parse(NOTE("{\"eventType\":\"call\",\"sessionParams\":{\"sdpFormat\":\"url\",\"sdp\":"
               "\"/rest/version/1/user/u@d/eventData/9\"}}"));
    assert_true(event.sdp_is_url);
    IS(sdp, "/rest/version/1/user/u@d/eventData/9");
    kandy_event_clear(&event);
    assert_int_equal(
        kandy_event_parse(&event, SLICE(NOTE("{\"eventType\":\"call\",\"sessionParams\":{"
                                             "\"sdpFormat\":\"compressed\",\"sdp\":\"AAAA\"}}"))),
        ERR_PARSE);
}

static void test_link_services(void **state)
{
    (void)state;
    parse(NOTE("{\"eventType\":\"mwi\",\"mwiNotificationParams\":{\"mwi\":\"yes\",\"totalVoice\":5,"
               "\"unheardVoice\":\"2\"}}"));
    assert_int_equal(event.kind, KANDY_MWI);
    assert_true(event.has_mail);
    assert_int_equal(event.all_mail, 5);
    assert_int_equal(event.new_mail, 2);
    parse(NOTE("{\"eventType\":\"IM\",\"imnotificationParams\":{\"msgText\":\"hi\","
               "\"primaryContact\":\"971501234567@d\"}}"));
    assert_int_equal(event.kind, KANDY_TEXT);
    IS(text, "hi");
    IS(from, "971501234567@d");
}

/* An incoming call is known by its type, or by its method with any type. */
static void test_seed_incoming(void **state)
{
    static const char *const heads[] = {
        "\"type\":\"call.incomingCall\"",
        "\"method\":\"call.incomingCall\"",
        "\"type\":\"notification\",\"method\":\"call.incomingCall\"",
        "\"type\":\"request\",\"method\":\"call.incomingCall\",\"id\":\"7\"",
    };
    char text[300];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        snprintf(text, sizeof text, "{%s,\"params\":{\"callId\":\"c1\",\"from\":\"971501112222\"}}",
                 heads[i]);
        parse(text);
        assert_int_equal(event.kind, KANDY_INCOMING);
        IS(session, "c1");
        IS(from, "971501112222");
        IS(to, "");
    }
}

static void test_seed_calls(void **state)
{
#define RESPONSE(result) "{\"type\":\"response\",\"method\":\"call.make\",\"id\":\"r1\"," result "}"
    static const struct {
        const char *text;
        enum kandy_event_kind kind;
        int status;
    } rows[] = {
        { RESPONSE("\"result\":{\"callId\":\"c\",\"status\":\"ringing\"}"), KANDY_RINGING, 0 },
        { RESPONSE("\"result\":{\"callId\":\"c\",\"status\":\"ringing\",\"sdp\":\"v\"}"),
          KANDY_PROGRESS, 0 },
        { RESPONSE("\"result\":{\"callId\":\"c\",\"status\":\"answered\",\"sdp\":\"v\"}"),
          KANDY_ANSWER, 0 },
        { RESPONSE("\"result\":{\"callId\":\"c\",\"sdp\":\"v\"}"), KANDY_ANSWER, 0 },
        { RESPONSE("\"result\":{\"callId\":\"c\"}"), KANDY_IGNORED, 0 },
        { RESPONSE("\"result\":{\"callId\":\"c\",\"status\":\"busy\"}"), KANDY_END, 486 },
        { RESPONSE("\"error\":{\"code\":404,\"message\":\"no\"}"), KANDY_REFUSED, 404 },
        { RESPONSE("\"error\":\"no\""), KANDY_REFUSED, 0 },
        { RESPONSE("\"error\":null,\"result\":{\"status\":\"connected\"}"), KANDY_ANSWER, 0 },
        { "{\"type\":\"notification\",\"method\":\"call.answered\",\"params\":{\"callId\":\"c\"}}",
          KANDY_ANSWER, 0 },
        { "{\"type\":\"notification\",\"method\":\"call.status\",\"params\":{\"callId\":\"c\","
          "\"status\":\"connected\",\"sdp\":{\"type\":\"answer\",\"sdp\":\"v\"}}}",
          KANDY_ANSWER, 0 },
        { "{\"type\":\"notification\",\"method\":\"call.end\",\"params\":{\"callId\":\"c\"}}",
          KANDY_END, 0 },
        { "{\"type\":\"notification\",\"method\":\"call.hangup\",\"params\":{\"statusCode\":486}}",
          KANDY_END, 486 },
        { "{\"method\":\"call.ended\",\"params\":{\"callId\":\"c\"}}", KANDY_END, 0 },
        { "{\"type\":\"response\",\"method\":\"call.end\",\"id\":\"9\",\"result\":{\"callId\":"
          "\"c\"}}",
          KANDY_IGNORED, 0 },
        { "{\"type\":\"notification\",\"method\":\"anything\",\"params\":{}}", KANDY_IGNORED, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        parse(rows[i].text);
        if (event.kind != rows[i].kind || event.status != rows[i].status)
            fail_msg("%s is %s %d", rows[i].text, kandy_event_name(event.kind), event.status);
    }
    parse(RESPONSE("\"result\":{\"callId\":\"c\",\"status\":\"ringing\"}"));
    IS(request, "r1");
    parse("{\"type\":\"response\",\"method\":\"call.getIceServers\",\"id\":\"2\",\"result\":{"
          "\"iceServers\":[{\"urls\":\"turn:x\"}]}}");
    assert_int_equal(event.kind, KANDY_ICE_SERVERS);
    assert_int_equal(json_array_size(event.list), 1);
}

static void test_what_is_no_message(void **state)
{
    static const char *const rows[] = { "", "[]", "1", "{", "\"x\"", "nonsense" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(kandy_event_parse(&event, slice_of(rows[i])), ERR_PARSE);
    parse("{\"type\":7,\"method\":[],\"params\":3}");
    assert_int_equal(event.kind, KANDY_IGNORED);
    parse(NOTE("[1]"));
    parse(NOTE("{\"eventType\":\"callEnd\",\"sessionParams\":7}"));
    assert_int_equal(event.kind, KANDY_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_link_incoming, teardown),
        cmocka_unit_test_teardown(test_other_shapes, teardown),
        cmocka_unit_test_teardown(test_link_kinds, teardown),
        cmocka_unit_test_teardown(test_sdp_formats, teardown),
        cmocka_unit_test_teardown(test_link_services, teardown),
        cmocka_unit_test_teardown(test_seed_incoming, teardown),
        cmocka_unit_test_teardown(test_seed_calls, teardown),
        cmocka_unit_test_teardown(test_what_is_no_message, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
