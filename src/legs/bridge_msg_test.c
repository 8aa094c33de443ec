/* Messages of a page: what each becomes, and which field is named when it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "legs/bridge_msg.h"

static struct bridge_msg parse(const char *text)
{
    struct bridge_msg msg = { 0 };
    struct fault fault = { 0 };
    if (bridge_msg_parse(&msg, slice_of(text), &fault))
        fail_msg("%s: %s %s", text, fault.where, fault.text);
    return msg;
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum bridge_type type;
    } rows[] = {
        { "{\"type\":\"offer\",\"sdp\":\"v=0\"}", BRIDGE_OFFER },
        { "{\"type\":\"answer\",\"sdp\":\"v=0\",\"callId\":\"c\"}", BRIDGE_ANSWER },
        { "{\"type\":\"reject\"}", BRIDGE_REJECT },
        { "{\"type\":\"hangup\"}", BRIDGE_HANGUP },
        { "{\"type\":\"ice-candidate\",\"candidate\":null}", BRIDGE_CANDIDATE },
        { "{\"type\":\"dtmf\",\"digit\":\"1\"}", BRIDGE_DTMF },
        { "{\"type\":\"mute\"}", BRIDGE_MUTE },
        { "{\"type\":\"unmute\"}", BRIDGE_UNMUTE },
        { "{\"type\":\"hold\"}", BRIDGE_HOLD },
        { "{\"type\":\"resume\"}", BRIDGE_RESUME },
        { "{\"type\":\"transfer\",\"destination\":\"bob\"}", BRIDGE_TRANSFER },
        { "{\"type\":\"transfer\",\"replaces\":\"c2\"}", BRIDGE_TRANSFER },
        { "{\"type\":\"record-start\"}", BRIDGE_RECORD_START },
        { "{\"type\":\"record-stop\"}", BRIDGE_RECORD_STOP },
        { "{\"type\":\"stats\"}", BRIDGE_STATS },
        { "{\"type\":\"ping\"}", BRIDGE_PING },
        { "{\"type\":\"auth\",\"token\":\"t\"}", BRIDGE_AUTH },
        { "{\"type\":\"register\"}", BRIDGE_REGISTER },
        { "{\"type\":\"unregister\"}", BRIDGE_UNREGISTER },
        { "{\"type\":\"Offer\"}", BRIDGE_UNKNOWN }, /* case matters */
        { "{\"type\":\"\"}", BRIDGE_UNKNOWN },
        { "{\"type\":\"of next year\",\"x\":[1,{\"y\":null}]}", BRIDGE_UNKNOWN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bridge_msg msg = parse(rows[i].text);
        assert_int_equal(msg.type, rows[i].type);
        bridge_msg_clear(&msg);
    }
}

/* The SDP as text, as RTCSessionDescription, and as other pages nest it. */
static void test_shapes_of_sdp(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}",
        "{\"type\":\"offer\",\"sdp\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}}",
        "{\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}}",
        "{\"type\":\"answer\",\"answer\":{\"type\":\"answer\",\"sdp\":\"v=0\\r\\n\"}}",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bridge_msg msg = parse(rows[i]);
        assert_true(slice_is(msg.sdp, "v=0\r\n"));
        bridge_msg_clear(&msg);
    }
}

static void test_offer_fields(void **state)
{
    (void)state;
    struct bridge_msg msg =
        parse("{\"type\":\"offer\",\"sdp\":\"v=0\",\"destination\":\" support \","
              "\"from\":\"+1555\",\"displayName\":\"Ann \\u00e9\","
              "\"callId\":\"my-1\",\"headers\":{\"X-Plan\":\"gold\","
              "\"X-Agent-Context\":{\"user_id\":7,\"tags\":[\"a\"]},"
              "\"X-Count\":3,\"X-None\":null}}");
    assert_true(slice_is(msg.destination, "support"));
    assert_true(slice_is(msg.from, "+1555"));
    assert_true(slice_is(msg.display_name, "Ann \xc3\xa9"));
    assert_true(slice_is(msg.call_id, "my-1"));
    static const char *const headers[][2] = {
        { "X-Plan", "gold" },
        { "X-Agent-Context", "{\"user_id\":7,\"tags\":[\"a\"]}" },
        { "X-Count", "3" },
        { "X-None", "null" },
    };
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        assert_string_equal(json_string_value(json_object_get(msg.headers, headers[i][0])),
                            headers[i][1]);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"offer\",\"sdp\":\"v=0\",\"destination\":null,\"headers\":null}");
    assert_int_equal(msg.destination.len, 0);
    assert_int_equal(msg.call_id.len, 0);
    bridge_msg_clear(&msg);
}

static void test_small_messages(void **state)
{
    (void)state;
    struct bridge_msg msg = parse("{\"type\":\"dtmf\",\"digits\":\"12#,*A\",\"durationMs\":250,"
                                  "\"gapMs\":80}");
    assert_true(slice_is(msg.digits, "12#,*A"));
    assert_int_equal(msg.duration_ms, 250);
    assert_int_equal(msg.gap_ms, 80);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"dtmf\",\"digit\":\"5\"}");
    assert_true(slice_is(msg.digits, "5"));
    assert_int_equal(msg.duration_ms, 100);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"mute\",\"direction\":\"both\"}");
    assert_true(msg.mute_send && msg.mute_receive);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"mute\"}");
    assert_true(msg.mute_send && !msg.mute_receive);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"reject\",\"code\":486,\"reason\":\"In a meeting\"}");
    assert_int_equal(msg.code, 486);
    assert_true(slice_is(msg.reason, "In a meeting"));
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"reject\"}");
    assert_int_equal(msg.code, 603);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"ping\",\"t\":17}");
    assert_int_equal(json_integer_value(msg.t), 17);
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\","
                "\"sdpMid\":\"0\"}}");
    assert_true(slice_is(msg.candidate, "candidate:1"));
    bridge_msg_clear(&msg);
    msg = parse("{\"type\":\"ice-candidate\",\"candidate\":\"candidate:2\"}");
    assert_true(slice_is(msg.candidate, "candidate:2"));
    bridge_msg_clear(&msg);
}

static void refused(const char *text, size_t len, enum err err, const char *where,
                    const char *part_of_text)
{
    struct bridge_msg msg;
    struct fault fault = { 0 };
    enum err got = bridge_msg_parse(&msg, slice_make(text, len), &fault);
    if (got != err || strcmp(fault.where, where) != 0 || !strstr(fault.text, part_of_text))
        fail_msg("%.200s: %s at '%s': %s", text, err_name(got), fault.where, fault.text);
}

static void test_wrong_fields(void **state)
{
    (void)state;
#define OFFER "{\"type\":\"offer\",\"sdp\":\"v=0\","
    static const struct {
        const char *text;
        enum err err;
        const char *where, *part_of_text;
    } rows[] = {
        { "", ERR_PARSE, "", "not JSON" },
        { "{\"type\":\"offer\"", ERR_PARSE, "", "line 1" },
        { "{\"type\":\"ping\"} x", ERR_PARSE, "", "not JSON" },
        { "{\"type\":\"ping\",\"type\":\"offer\"}", ERR_PARSE, "", "duplicate" },
        { "{\"type\":\"\\u0000\"}", ERR_PARSE, "", "not JSON" },
        { "[]", ERR_INVALID, "", "object" },
        { "\"offer\"", ERR_PARSE, "", "not JSON" },
        { "{}", ERR_INVALID, "type", "text" },
        { "{\"type\":7}", ERR_INVALID, "type", "text" },
        { "{\"type\":\"offer\"}", ERR_INVALID, "sdp", "session description" },
        { "{\"type\":\"offer\",\"sdp\":\"\"}", ERR_INVALID, "sdp", "session description" },
        { "{\"type\":\"offer\",\"sdp\":null}", ERR_INVALID, "sdp", "session description" },
        { "{\"type\":\"offer\",\"sdp\":{\"sdp\":1}}", ERR_INVALID, "sdp", "session description" },
        { "{\"type\":\"answer\",\"offer\":{\"sdp\":\"v=0\"}}", ERR_INVALID, "sdp", "description" },
        { OFFER "\"callId\":1}", ERR_INVALID, "callId", "text" },
        { OFFER "\"callId\":\"a\\nb\"}", ERR_INVALID, "callId", "control" },
        { OFFER "\"destination\":{}}", ERR_INVALID, "destination", "text" },
        { OFFER "\"destination\":\"a\\r\\nVia: x\"}", ERR_INVALID, "destination", "control" },
        { OFFER "\"from\":true}", ERR_INVALID, "from", "text" },
        { OFFER "\"displayName\":\"\\u007f\"}", ERR_INVALID, "displayName", "control" },
        { OFFER "\"headers\":\"X-A: b\"}", ERR_INVALID, "headers", "object" },
        { OFFER "\"headers\":{\"Via\":\"x\"}}", ERR_INVALID, "Via", "X-" },
        { OFFER "\"headers\":{\"X-\":\"x\"}}", ERR_INVALID, "X-", "X-" },
        { OFFER "\"headers\":{\"X-A: b\":\"x\"}}", ERR_INVALID, "X-A: b", "X-" },
        { OFFER "\"headers\":{\"X-A\\r\\nVia\":\"x\"}}", ERR_INVALID, "X-A\r\nVia", "X-" },
        { OFFER "\"headers\":{\"X-A\":\"x\\r\\nVia: y\"}}", ERR_INVALID, "X-A", "line breaks" },
        { OFFER "\"headers\":{\"X-A\":\"x\\ny\"}}", ERR_INVALID, "X-A", "line breaks" },
        { "{\"type\":\"dtmf\"}", ERR_INVALID, "digit", "0-9" },
        { "{\"type\":\"dtmf\",\"digit\":\"x\"}", ERR_INVALID, "digit", "0-9" },
        { "{\"type\":\"dtmf\",\"digit\":5}", ERR_INVALID, "digit", "text" },
        { "{\"type\":\"dtmf\",\"digit\":\"1\",\"durationMs\":39}", ERR_INVALID, "durationMs",
          "40" },
        { "{\"type\":\"dtmf\",\"digit\":\"1\",\"durationMs\":6001}", ERR_INVALID, "durationMs",
          "6000" },
        { "{\"type\":\"dtmf\",\"digit\":\"1\",\"durationMs\":\"100\"}", ERR_INVALID, "durationMs",
          "number" },
        { "{\"type\":\"dtmf\",\"digit\":\"1\",\"gapMs\":-1}", ERR_INVALID, "gapMs", "number" },
        { "{\"type\":\"mute\",\"direction\":\"left\"}", ERR_INVALID, "direction", "send" },
        { "{\"type\":\"transfer\"}", ERR_INVALID, "destination", "needed" },
        { "{\"type\":\"transfer\",\"destination\":\"a\",\"replaces\":\"b\"}", ERR_INVALID,
          "destination", "needed" },
        { "{\"type\":\"transfer\",\"destination\":5}", ERR_INVALID, "destination", "text" },
        { "{\"type\":\"record-start\",\"mode\":\"both\"}", ERR_INVALID, "mode", "stereo" },
        { "{\"type\":\"reject\",\"code\":200}", ERR_INVALID, "code", "400" },
        { "{\"type\":\"reject\",\"code\":700}", ERR_INVALID, "code", "699" },
        { "{\"type\":\"reject\",\"reason\":[]}", ERR_INVALID, "reason", "text" },
        { "{\"type\":\"register\",\"token\":5}", ERR_INVALID, "token", "text" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        refused(rows[i].text, strlen(rows[i].text), rows[i].err, rows[i].where,
                rows[i].part_of_text);
}

/* `before`, then `n` times x, then `after`: fine with `n`, refused with one more. */
static void limit(const char *before, size_t n, const char *after, const char *where)
{
    size_t head = strlen(before), tail = strlen(after);
    char *text = mem_alloc(head + n + 1 + tail + 1);
    struct bridge_msg msg;
    struct fault fault = { 0 };
    memcpy(text, before, head);
    memset(text + head, 'x', n + 1);
    memcpy(text + head + n, after, tail);
    assert_int_equal(bridge_msg_parse(&msg, slice_make(text, head + n + tail), &fault), OK);
    bridge_msg_clear(&msg);
    text[head + n] = 'x';
    memcpy(text + head + n + 1, after, tail);
    refused(text, head + n + 1 + tail, ERR_LIMIT, where, "longer than");
    mem_free(text);
}

static void test_limits(void **state)
{
    (void)state;
    limit("{\"type\":\"offer\",\"sdp\":\"", BRIDGE_SDP_MAX, "\"}", "sdp");
    limit(OFFER "\"destination\":\"", BRIDGE_DESTINATION_MAX, "\"}", "destination");
    limit(OFFER "\"callId\":\"", BRIDGE_CALL_ID_MAX, "\"}", "callId");
    limit("{\"type\":\"auth\",\"token\":\"", 256, "\"}", "token");
    limit(OFFER "\"headers\":{\"X-A\":\"1\",\"X-B\":\"", BRIDGE_HEADERS_MAX - 7, "\"}}", "headers");
    char digits[200];
    snprintf(digits, sizeof digits, "{\"type\":\"dtmf\",\"digits\":\"%065d\"}", 0);
    refused(digits, strlen(digits), ERR_LIMIT, "digits", "longer than 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),        cmocka_unit_test(test_shapes_of_sdp),
        cmocka_unit_test(test_offer_fields), cmocka_unit_test(test_small_messages),
        cmocka_unit_test(test_wrong_fields), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
