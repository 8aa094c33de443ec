/* Framing: what comes out does not depend on how the bytes came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip_msg.h"
#include "sip_stream.h"

#define OPTIONS(len)                                                                         \
    "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\n" \
    "To: <sip:a>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: " len "\r\n\r\n"

/* "m83 p o b": messages with their lengths, pings, pongs, broken. */
static void read_all(struct sip_stream *s, struct buf *out)
{
    struct slice bytes;
    for (;;) {
        switch (sip_stream_next(s, &bytes)) {
        case SIP_STREAM_MORE:
            return;
        case SIP_STREAM_BROKEN:
            buf_text(out, "b ");
            return;
        case SIP_STREAM_MESSAGE:
            buf_printf(out, "m%zu ", bytes.len);
            break;
        case SIP_STREAM_PING:
            buf_text(out, "p ");
            break;
        case SIP_STREAM_PONG:
            buf_text(out, "o ");
            break;
        }
    }
}

static void assert_items(struct slice wire, size_t step, const char *expected)
{
    char text[500];
    struct buf out = BUF_ON(text);
    struct sip_stream s = { 0 };
    for (size_t i = 0; i < wire.len && !s.broken; i += step) {
        sip_stream_put(&s, slice_sub(wire, i, step));
        read_all(&s, &out);
    }
    sip_stream_clear(&s);
    assert_string_equal(buf_cstr(&out), expected);
}

static void assert_same_in_any_steps(const char *wire, const char *expected)
{
    static const size_t steps[] = { 1, 2, 3, 7, 100, 60000 };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_items(slice_of(wire), steps[i], expected);
}

static void messages_are_told_apart(void **state)
{
    (void)state;
    char want[100];
    size_t len = strlen(OPTIONS("0"));
    assert_same_in_any_steps("", "");
    snprintf(want, sizeof want, "m%zu ", len);
    assert_same_in_any_steps(OPTIONS("0"), want);
    snprintf(want, sizeof want, "m%zu m%zu m%zu ", len + 4, len, len + 1);
    assert_same_in_any_steps(OPTIONS("4") "body" OPTIONS("0") OPTIONS("1") "x", want);
    snprintf(want, sizeof want, "m%zu ", len);
    assert_same_in_any_steps(OPTIONS("0") "OPTIONS sip:a SIP/2.0\r\nVia: SIP", want);
}

static void keepalives_stand_between_messages(void **state)
{
    (void)state;
    char want[100];
    size_t len = strlen(OPTIONS("0"));
    snprintf(want, sizeof want, "p m%zu ", len);
    assert_same_in_any_steps("\r\n\r\n" OPTIONS("0"), want);
    snprintf(want, sizeof want, "m%zu p p m%zu ", len, len);
    assert_same_in_any_steps(OPTIONS("0") "\r\n\r\n\r\n\r\n\r\n" OPTIONS("0"), want);
    snprintf(want, sizeof want, "m%zu ", len);
    assert_same_in_any_steps("\r\n" OPTIONS("0"), want);
    assert_same_in_any_steps("\n\n\n\r" OPTIONS("0"), want);
    snprintf(want, sizeof want, "m%zu p m%zu ", len, len);
    assert_same_in_any_steps(OPTIONS("0") "\n\r\n\r\n\n" OPTIONS("0"), want);
}

static void a_pong_is_one_only_when_awaited(void **state)
{
    (void)state;
    char text[100];
    struct buf out = BUF_ON(text);
    struct sip_stream s = { .awaits_pong = true };
    sip_stream_put(&s, SLICE("\r\n"));
    read_all(&s, &out);
    assert_string_equal(buf_cstr(&out), "o ");
    assert_false(s.awaits_pong);
    sip_stream_put(&s, SLICE("\r\n"));
    read_all(&s, &out);
    assert_string_equal(buf_cstr(&out), "o ");
    assert_false(sip_stream_is_waiting(&s)); /* half a ping is no message that is late */
    sip_stream_put(&s, SLICE("\r\n"));
    read_all(&s, &out);
    assert_string_equal(buf_cstr(&out), "o p ");
    s.awaits_pong = true; /* theirs comes before they answer ours */
    sip_stream_put(&s, SLICE("\r\n\r\n\r\n"));
    read_all(&s, &out);
    assert_string_equal(buf_cstr(&out), "o p p o ");
    sip_stream_clear(&s);
}

static void what_cannot_be_followed_breaks_off(void **state)
{
    (void)state;
    assert_same_in_any_steps("OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n", "b "); /* no length */
    assert_same_in_any_steps(OPTIONS("-1"), "b ");
    assert_same_in_any_steps(OPTIONS("1x"), "b ");
    assert_same_in_any_steps(OPTIONS("70000"), "b ");
    assert_same_in_any_steps("\x16\x03\x01", "b ");
    struct sip_stream s = { 0 };
    struct slice out;
    sip_stream_put(&s, SLICE("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(sip_stream_next(&s, &out), SIP_STREAM_BROKEN);
    assert_true(slice_starts(out, SLICE("GET / HTTP")));
    sip_stream_put(&s, SLICE(OPTIONS("0")));
    assert_int_equal(sip_stream_next(&s, &out), SIP_STREAM_BROKEN);
    sip_stream_clear(&s);
}

static void a_head_without_end_is_broken_and_the_largest_message_passes(void **state)
{
    (void)state;
    char *wire = mem_alloc(SIP_MAX_MESSAGE + 1000);
    memset(wire, 'x', SIP_MAX_MESSAGE + 1000);
    assert_items(slice_make(wire, SIP_MAX_HEAD), 1000, "");
    assert_items(slice_make(wire, SIP_MAX_HEAD + 1), 1000, "b ");
    struct buf out;
    size_t head = strlen(OPTIONS("65300"));
    buf_init(&out, wire, SIP_MAX_MESSAGE + 1000);
    buf_text(&out, OPTIONS("65300"));
    assert_true(head + 65300 <= SIP_MAX_MESSAGE);
    char want[100];
    snprintf(want, sizeof want, "m%zu ", head + 65300);
    assert_items(slice_make(wire, head + 65300), 1000, want);
    assert_items(slice_make(wire, head + 65300), SIP_STREAM_STEP, want);
    mem_free(wire);
}

static void nothing_is_held_between_messages(void **state)
{
    (void)state;
    struct sip_stream s = { 0 };
    struct slice out;
    sip_stream_put(&s, SLICE(OPTIONS("3") "abc"));
    assert_true(sip_stream_is_waiting(&s));
    assert_int_equal(sip_stream_next(&s, &out), SIP_STREAM_MESSAGE);
    assert_int_equal(sip_stream_next(&s, &out), SIP_STREAM_MORE);
    assert_null(s.bytes);
    assert_false(sip_stream_is_waiting(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_told_apart),
        cmocka_unit_test(keepalives_stand_between_messages),
        cmocka_unit_test(a_pong_is_one_only_when_awaited),
        cmocka_unit_test(what_cannot_be_followed_breaks_off),
        cmocka_unit_test(a_head_without_end_is_broken_and_the_largest_message_passes),
        cmocka_unit_test(nothing_is_held_between_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
