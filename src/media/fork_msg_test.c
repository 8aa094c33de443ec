/* The words on the wire, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "media/fork_msg.h"

static const struct fork_names names = { .stream_id = "MZ1",
                                         .call_id = "CA1",
                                         .account_id = "AC1",
                                         .inbound = true,
                                         .codec = FORK_ULAW,
                                         .rate_hz = 8000 };

static void check(char *take, const char *want)
{
    assert_string_equal(take, want);
    mem_free(take);
}

static void what_goes_out(void **state)
{
    (void)state;
    const int16_t pcm[4] = { 0, 32124, -32124, 0 };
    const struct fork_media media = { .chunk = 7, .at_ms = 120, .pcm = pcm, .n = 4 };
    check(fork_msg_connected(),
          "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
    check(
        fork_msg_start(&names, 1),
        "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"MZ1\",\"start\":{"
        "\"streamSid\":\"MZ1\",\"accountSid\":\"AC1\",\"callSid\":\"CA1\",\"tracks\":[\"inbound\"],"
        "\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1},"
        "\"customParameters\":{}}}");
    check(
        fork_msg_media(&names, 8, &media),
        "{\"event\":\"media\",\"sequenceNumber\":\"8\",\"streamSid\":\"MZ1\",\"media\":{\"track\":"
        "\"inbound\",\"chunk\":\"7\",\"timestamp\":\"120\",\"payload\":\"/4AA/w==\"}}");
    check(fork_msg_mark(&names, 9, "a\"b"),
          "{\"event\":\"mark\",\"sequenceNumber\":\"9\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":"
          "\"a\\\"b\"}}");
    check(fork_msg_stop(&names, 10),
          "{\"event\":\"stop\",\"sequenceNumber\":\"10\",\"streamSid\":\"MZ1\",\"stop\":{"
          "\"accountSid\":\"AC1\",\"callSid\":\"CA1\"}}");
}

static void what_comes_back(void **state)
{
    (void)state;
    struct fork_msg msg;
    assert_int_equal(fork_msg_parse(SLICE("{\"event\":\"media\",\"media\":{\"payload\":\"/4AA\"}}"),
                                    FORK_ULAW, &msg),
                     OK);
    assert_int_equal(msg.n, 3);
    assert_int_equal(msg.pcm[1], 32124);
    fork_msg_clear(&msg);
    assert_int_equal(fork_msg_parse(SLICE("{\"event\":\"media\",\"media\":{\"payload\":\"AYA=\"}}"),
                                    FORK_L16, &msg),
                     OK);
    assert_int_equal(msg.n, 1);
    assert_int_equal(msg.pcm[0], -32767);
    fork_msg_clear(&msg);
    assert_int_equal(
        fork_msg_parse(SLICE("{\"event\":\"mark\",\"mark\":{\"name\":\"x\"}}"), FORK_L16, &msg),
        OK);
    assert_string_equal(msg.name, "x");
    fork_msg_clear(&msg);
    assert_int_equal(fork_msg_parse(SLICE("{\"event\":\"clear\"}"), FORK_L16, &msg), OK);
    assert_int_equal(msg.kind, FORK_MSG_CLEAR);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"event\":7}",
        "{\"event\":\"media\"}",
        "{\"event\":\"media\",\"media\":{\"payload\":\"!!\"}}",
        "{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}}", /* three bytes of L16 */
        "{\"event\":\"mark\",\"mark\":{}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct fork_msg msg;
        assert_int_equal(fork_msg_parse(slice_of(texts[i]), FORK_L16, &msg), ERR_PARSE);
        fork_msg_clear(&msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_out),
        cmocka_unit_test(what_comes_back),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
