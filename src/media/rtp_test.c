#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/media_packet.h"
#include "media/rtp.h"

/* CSRC, a one-byte extension of one word, payload "hello!", 2 bytes of padding */
static const uint8_t full[] = { 0xb1, 0x80 | 96, 0x12, 0x34, 0,   0,    0,    160, 0xde, 0xad, 0xbe,
                                0xef, 1,         2,    3,    4,   0xbe, 0xde, 0,   1,    0x10, 0x85,
                                0,    0,         'h',  'e',  'l', 'l',  'o',  '!', 0,    2 };

static void parses_every_field(void **state)
{
    (void)state;
    struct rtp_header header;
    assert_int_equal(rtp_parse(&header, slice_make(full, sizeof(full))), OK);
    assert_int_equal(header.pt, 96);
    assert_true(header.marker);
    assert_int_equal(header.seq, 0x1234);
    assert_int_equal(header.ts, 160);
    assert_int_equal(header.ssrc, 0xdeadbeef);
    assert_int_equal(header.csrcs.len, 4);
    assert_true(header.has_extension);
    assert_int_equal(header.extension_profile, 0xbede);
    assert_int_equal(header.extension.len, 4);
    assert_int_equal(header.padding, 2);
    assert_true(slice_is(header.payload, "hello!"));
}

static void refuses_lengths_that_lie(void **state)
{
    (void)state;
    struct rtp_header header;
    for (size_t len = 0; len < 25; len++)
        assert_int_equal(rtp_parse(&header, slice_make(full, len)), ERR_PARSE);
    uint8_t bad[sizeof(full)];
    memcpy(bad, full, sizeof(full));
    bad[sizeof(full) - 1] = 9; /* more padding than payload */
    assert_int_equal(rtp_parse(&header, slice_make(bad, sizeof(bad))), ERR_PARSE);
    bad[sizeof(full) - 1] = 0;
    assert_int_equal(rtp_parse(&header, slice_make(bad, sizeof(bad))), ERR_PARSE);
    bad[sizeof(full) - 1] = 8; /* nothing but padding is fine */
    assert_int_equal(rtp_parse(&header, slice_make(bad, sizeof(bad))), OK);
    assert_int_equal(header.payload.len, 0);
    bad[0] = 0x71; /* version 1 */
    assert_int_equal(rtp_parse(&header, slice_make(bad, sizeof(bad))), ERR_PARSE);
    memcpy(bad, full, sizeof(full));
    bad[18] = 0xff; /* an extension of 65281 words */
    assert_int_equal(rtp_parse(&header, slice_make(bad, sizeof(bad))), ERR_PARSE);
}

static void replaces_the_header_without_copying(void **state)
{
    (void)state;
    static struct media_packet packet;
    packet.data = packet.room + MEDIA_PACKET_HEAD;
    packet.len = sizeof(full);
    memcpy(packet.data, full, sizeof(full));
    struct rtp_header in, out = { .pt = 0, .seq = 7, .ts = 99, .ssrc = 5 };
    assert_int_equal(rtp_parse(&in, slice_make(packet.data, packet.len)), OK);
    rtp_replace(&packet, &in, &out);
    assert_int_equal(packet.len, 12 + 6);
    struct rtp_header again;
    assert_int_equal(rtp_parse(&again, slice_make(packet.data, packet.len)), OK);
    assert_ptr_equal(again.payload.ptr, in.payload.ptr);
    assert_true(slice_is(again.payload, "hello!"));
    assert_int_equal(again.ssrc, 5);
    assert_int_equal(again.seq, 7);
    assert_false(again.marker || again.has_extension || again.padding);
}

static void fills_a_packet_within_its_room(void **state)
{
    (void)state;
    static struct media_packet packet;
    static char big[MEDIA_PACKET_MAX];
    struct rtp_header out = { .pt = 8, .marker = true, .seq = 65535, .ts = UINT32_MAX };
    assert_int_equal(rtp_fill(&packet, &out, slice_make(big, MEDIA_PACKET_MAX - 11)), ERR_LIMIT);
    assert_int_equal(rtp_fill(&packet, &out, slice_make(big, MEDIA_PACKET_MAX - 12)), OK);
    assert_int_equal(packet.len, MEDIA_PACKET_MAX);
    struct rtp_header in;
    assert_int_equal(rtp_parse(&in, slice_make(packet.data, packet.len)), OK);
    assert_int_equal(in.pt, 8);
    assert_true(in.marker);
    assert_int_equal(in.ts, UINT32_MAX);
}

static void tells_datagrams_apart(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[2];
        size_t len;
        enum rtp_demux_kind kind;
    } rows[] = {
        { { 0, 1 }, 2, RTP_DEMUX_STUN },          { { 3, 0 }, 2, RTP_DEMUX_STUN },
        { { 4, 0 }, 2, RTP_DEMUX_UNKNOWN },       { { 19, 0 }, 2, RTP_DEMUX_ZRTP },
        { { 22, 254 }, 2, RTP_DEMUX_DTLS },       { { 64, 0 }, 2, RTP_DEMUX_TURN },
        { { 80, 0 }, 2, RTP_DEMUX_UNKNOWN },      { { 128, 0 }, 2, RTP_DEMUX_RTP },
        { { 128, 0x80 | 63 }, 2, RTP_DEMUX_RTP }, { { 128, 200 }, 2, RTP_DEMUX_RTCP },
        { { 143, 206 }, 2, RTP_DEMUX_RTCP },      { { 128, 0x80 | 96 }, 2, RTP_DEMUX_RTP },
        { { 192, 0 }, 2, RTP_DEMUX_UNKNOWN },     { { 0, 0 }, 0, RTP_DEMUX_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++)
        assert_int_equal(rtp_demux(slice_make(rows[i].bytes, rows[i].len)), rows[i].kind);
}

static void compares_sequence_numbers_on_a_circle(void **state)
{
    (void)state;
    assert_true(rtp_seq_after(0, 65535));
    assert_false(rtp_seq_after(65535, 0));
    assert_false(rtp_seq_after(5, 5));
    assert_true(rtp_seq_after(0x7fff, 0));
    assert_false(rtp_seq_after(0x8000, 0));
    assert_true(rtp_ts_after(3, UINT32_MAX - 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_every_field),
        cmocka_unit_test(refuses_lengths_that_lie),
        cmocka_unit_test(replaces_the_header_without_copying),
        cmocka_unit_test(fills_a_packet_within_its_room),
        cmocka_unit_test(tells_datagrams_apart),
        cmocka_unit_test(compares_sequence_numbers_on_a_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
