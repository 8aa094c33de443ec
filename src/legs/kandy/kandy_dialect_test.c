/* What goes out, byte for byte: sections 1.1 to 1.3, 4.2 to 4.5 and 5 of the protocol page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "legs/kandy/kandy_dialect.h"

static struct secret password, token, refresh_token;

static int setup(void **state)
{
    (void)state;
    secret_set(&password, SLICE("p\"w"));
    secret_set(&token, SLICE("to k"));
    secret_set(&refresh_token, SLICE("re&f"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    secret_clear(&password);
    secret_clear(&token);
    secret_clear(&refresh_token);
    return 0;
}

static bool print(const struct kandy_dialect *dialect, const char *user, const struct kandy_op *op,
                  struct kandy_request *out)
{
    static const char *const services[] = { "call", "IM", "Presence", "MWI" };
    struct kandy_identity who = { .user = user,
                                  .auth_user = "",
                                  .domain = "",
                                  .password = &password,
                                  .services = services,
                                  .n_services = 4,
                                  .device = "device-1",
                                  .agent = "",
                                  .expires_s = 3600 };
    struct kandy_grant grant = { &token, &refresh_token,
                                 dialect == &kandy_seed
                                     ? "a/b c"
                                     : "/rest/version/1/user/u@d/subscription/SUB1" };
    return dialect->print(&who, &grant, op, out);
}

struct row {
    struct kandy_op op;
    const char *method, *path, *body;
};

static void expect(const struct kandy_dialect *dialect, const struct row *row)
{
    struct kandy_request got;
    if (!print(dialect, "u@d", &row->op, &got))
        fail_msg("%s has no operation %d", dialect->name, row->op.kind);
    if (row->method)
        assert_string_equal(got.method, row->method);
    assert_int_equal(got.by_socket, row->method == NULL);
    assert_string_equal(got.path, row->path);
    if (row->body)
        assert_string_equal(got.body, row->body);
    else
        assert_null(got.body);
    kandy_request_clear(&got);
}

static void test_seed(void **state)
{
    static const struct row rows[] = {
        { { .kind = KANDY_OP_SUBSCRIBE },
          "POST",
          "/v2.0/subscription",
          "{\"username\":\"u@d\",\"password\":\"p\\\"w\",\"service\":[\"call\",\"IM\",\"Presence\","
          "\"MWI\"]}" },
        { { .kind = KANDY_OP_TOKEN_REFRESH },
          "POST",
          "/v2.0/token",
          "grant_type=refresh_token&refresh_token=re%26f&client_id=u%40d" },
        { { .kind = KANDY_OP_ICE_SERVERS, .id = "req_1" },
          NULL,
          "",
          "{\"type\":\"request\",\"method\":\"call.getIceServers\",\"id\":\"req_1\"}" },
        { { .kind = KANDY_OP_MAKE,
            .id = "req_1700000000000",
            .session = "call_1",
            .number = "971501234567",
            .sdp = { "v=0...", 6 } },
          NULL,
          "",
          "{\"type\":\"request\",\"method\":\"call.make\",\"id\":\"req_1700000000000\",\"params\":"
          "{\"callId\":\"call_1\",\"destination\":\"971501234567\",\"sdp\":\"v=0...\","
          "\"mediaType\":\"audio\"}}" },
        { { .kind = KANDY_OP_ANSWER, .id = "r", .session = "c", .sdp = { "v", 1 } },
          NULL,
          "",
          "{\"type\":\"request\",\"method\":\"call.answer\",\"id\":\"r\",\"params\":{\"callId\":"
          "\"c\",\"sdp\":\"v\"}}" },
        { { .kind = KANDY_OP_END, .id = "r", .session = "c" },
          NULL,
          "",
          "{\"type\":\"request\",\"method\":\"call.end\",\"id\":\"r\",\"params\":{\"callId\":\"c\"}"
          "}" },
    };
    static const enum kandy_op_kind missing[] = { KANDY_OP_REFRESH, KANDY_OP_UNSUBSCRIBE,
                                                  KANDY_OP_OFFER,   KANDY_OP_TRANSFER,
                                                  KANDY_OP_AUDIT,   KANDY_OP_TOKEN };
    char path[KANDY_PATH_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(&kandy_seed, &rows[i]);
    for (size_t i = 0; i < COUNT_OF(missing); i++) {
        struct kandy_request got;
        struct kandy_op op = { .kind = missing[i] };
        assert_false(print(&kandy_seed, "u@d", &op, &got));
    }
    struct kandy_grant grant = { &token, &refresh_token, "a/b c+=" };
    kandy_seed.print_socket(&grant, "", path);
    assert_string_equal(path, "/?subscriptionId=a%2Fb%20c%2B%3D");
}

#define USER "/rest/version/1/user/u@d"
#define SESSION USER "/callControl/callSessions/S1"

static void test_link(void **state)
{
    static const struct row rows[] = {
        { { .kind = KANDY_OP_SUBSCRIBE },
          "POST",
          USER "/subscription",
          "{\"subscribeRequest\":{\"expires\":3600,\"service\":[\"call\",\"IM\",\"Presence\","
          "\"MWI\"],\"localization\":\"English_US\",\"useTurn\":true,\"notificationType\":"
          "\"WebSocket\",\"supported\":[\"RingingFeedback\"],\"forceLogOut\":\"false\","
          "\"clientCorrelator\":\"device-1\"}}" },
        { { .kind = KANDY_OP_REFRESH },
          "PUT",
          USER "/subscription/SUB1",
          "{\"subscribeRequest\":{\"expires\":3600,\"service\":[\"call\",\"IM\",\"Presence\","
          "\"MWI\"],\"localization\":\"English_US\",\"useTurn\":true,\"notificationType\":"
          "\"WebSocket\",\"supported\":[\"RingingFeedback\"]}}" },
        { { .kind = KANDY_OP_UNSUBSCRIBE }, "DELETE", USER "/subscription/SUB1", NULL },
        { { .kind = KANDY_OP_MAKE, .number = "971501234567", .sdp = { "v=0...", 6 } },
          "POST",
          USER "/callControl",
          "{\"callControlRequest\":{\"type\":\"callStart\",\"from\":\"sip:u@d\",\"to\":"
          "\"sip:971501234567@d\",\"sdp\":\"v=0...\",\"supported\":[\"earlymedia\"]}}" },
        { { .kind = KANDY_OP_MAKE, .number = "*65", .from_name = "Ali B", .sdp = { "v", 1 } },
          "POST",
          USER "/callControl",
          "{\"callControlRequest\":{\"type\":\"callStart\",\"from\":\"Ali B<sip:u@d>\",\"to\":"
          "\"sip:*65@d\",\"sdp\":\"v\",\"supported\":[\"earlymedia\"]}}" },
        { { .kind = KANDY_OP_RING, .session = "S1" },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"ringing\"}}" },
        { { .kind = KANDY_OP_ANSWER, .session = "S1", .sdp = { "v", 1 } },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"callAnswer\",\"sdp\":\"v\"}}" },
        { { .kind = KANDY_OP_OFFER, .session = "S1", .sdp = { "v", 1 } },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"startCallUpdate\",\"sdp\":\"v\"}}" },
        { { .kind = KANDY_OP_RESPOND, .session = "S1", .sdp = { "v", 1 } },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"respondCallUpdate\",\"sdp\":\"v\"}}" },
        { { .kind = KANDY_OP_TRANSFER, .session = "S1", .number = "97143456789" },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"transfer\",\"address\":\"sip:97143456789@d\"}}" },
        { { .kind = KANDY_OP_TRANSFER, .session = "S1", .number = "x@y", .other = "S2" },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"transfer\",\"address\":\"sip:x@y\","
          "\"sessionData\":\"S2\"}}" },
        { { .kind = KANDY_OP_AUDIT, .session = "S1" },
          "PUT",
          SESSION,
          "{\"callControlRequest\":{\"type\":\"audit\"}}" },
        { { .kind = KANDY_OP_STATE, .session = "S 1/x" },
          "GET",
          USER "/callControl/callSessions/S%201%2Fx",
          NULL },
        { { .kind = KANDY_OP_END, .session = "S1" }, "DELETE", SESSION, NULL },
        { { .kind = KANDY_OP_REJECT, .session = "S1" },
          "POST",
          USER "/calldisposition",
          "{\"callDispositionRequest\":{\"action\":\"reject\",\"sessionData\":\"S1\"}}" },
        { { .kind = KANDY_OP_FORWARD, .session = "S1", .number = "+971 4 345 6789" },
          "POST",
          USER "/calldisposition",
          "{\"callDispositionRequest\":{\"action\":\"forward\",\"sessionData\":\"S1\",\"address\":"
          "\"sip:+97143456789@d\"}}" },
        { { .kind = KANDY_OP_TEXT, .number = "97150", .text = { "hi", 2 } },
          "POST",
          USER "/instantmessage",
          "{\"imRequest\":{\"charset\":\"UTF-8\",\"toUrl\":\"sip:97150@d\",\"message\":\"hi\","
          "\"type\":\"A2\"}}" },
        { { .kind = KANDY_OP_PING }, NULL, "", "{\"message_type\":\"ping\"}" },
        { { .kind = KANDY_OP_CHECKED }, NULL, "", "{\"connAck\":{}}" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(&kandy_link, &rows[i]);
    struct kandy_request got;
    struct kandy_op op = { .kind = KANDY_OP_SUBSCRIBE };
    assert_true(print(&kandy_link, "a/b+c@d", &op, &got));
    assert_string_equal(got.path, "/rest/version/1/user/a%2Fb%2Bc@d/subscription");
    assert_true(got.is_basic);
    kandy_request_clear(&got);
}

static void test_uc(void **state)
{
    static const struct row rows[] = {
        { { .kind = KANDY_OP_TOKEN }, "GET", "/v2.0/auth/mk_token?refresh=y&expires=3600", NULL },
        { { .kind = KANDY_OP_TOKEN_REFRESH },
          "GET",
          "/v2.0/auth/refresh_token?token=re%26f&expires=3600",
          NULL },
        { { .kind = KANDY_OP_END, .session = "S1" }, "DELETE", SESSION "?token=to%20k", NULL },
    };
    char path[KANDY_PATH_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(&kandy_uc, &rows[i]);
    struct kandy_grant grant = { &token, &refresh_token, "" };
    kandy_uc.print_socket(&grant, USER "/websocket/WS1", path);
    assert_string_equal(path, USER "/websocket/WS1?token=to%20k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_uc),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
