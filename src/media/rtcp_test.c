#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "media/rtcp.h"
#include "media/rtp_source.h"

static const struct rtcp report = {
    .ssrc = 0x11223344,
    .has_sr = true,
    .sr = { .ntp = 0xe000000180000000ULL, .rtp_ts = 160, .packets = 5, .octets = 800 },
    .blocks = { { .ssrc = 9,
                  .fraction_lost = 25,
                  .lost = -3,
                  .highest_seq = 0x10005,
                  .jitter = 12,
                  .lsr = 0x12345678,
                  .dlsr = 65536 } },
    .n_blocks = 1,
    .cname_ssrc = 0x11223344,
    .cname = { "tandem@here", 11 },
};

static void prints_and_parses_a_compound(void **state)
{
    (void)state;
    char bytes[200];
    struct buf buf = BUF_ON(bytes);
    assert_int_equal(rtcp_print(&report, &buf), OK);
    assert_int_equal(buf.len, 28 + 24 + 8 + 16);
    assert_int_equal((uint8_t)bytes[1], RTCP_SR);
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, buf_slice(&buf)), OK);
    assert_int_equal(in.ssrc, 0x11223344);
    assert_true(in.has_sr);
    assert_false(in.has_rr || in.has_bye);
    assert_memory_equal(&in.sr, &report.sr, sizeof(in.sr));
    assert_int_equal(in.n_blocks, 1);
    assert_memory_equal(&in.blocks[0], &report.blocks[0], sizeof(in.blocks[0]));
    assert_true(slice_is(in.cname, "tandem@here"));
    assert_ptr_equal(rtcp_block_find(&in, 9), &in.blocks[0]);
    assert_null(rtcp_block_find(&in, 8));
    for (size_t len = 0; len < buf.len; len++) { /* whole parts are fine, pieces are not */
        bool whole = len == 52;
        assert_int_equal(rtcp_parse(&in, slice_make(bytes, len)), whole ? OK : ERR_PARSE);
    }
    buf.cap = 60;
    buf_reset(&buf);
    assert_int_equal(rtcp_print(&report, &buf), ERR_LIMIT);
}

static void says_goodbye(void **state)
{
    (void)state;
    char bytes[100];
    struct buf buf = BUF_ON(bytes);
    struct rtcp bye = { .ssrc = 5,
                        .has_rr = true,
                        .has_bye = true,
                        .byes = { 5, 6 },
                        .n_byes = 2,
                        .bye_reason = SLICE("hung up") };
    assert_int_equal(rtcp_print(&bye, &buf), OK);
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, buf_slice(&buf)), OK);
    assert_true(in.has_bye);
    assert_int_equal(in.n_byes, 2);
    assert_int_equal(in.byes[1], 6);
    assert_true(slice_is(in.bye_reason, "hung up"));
}

/* What Chromium sends: transport-wide feedback alone, a PLI behind it (RFC 5506, 4585). */
static void takes_reduced_size_and_feedback(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x8f, 205, 0, 4, 0,    0,   0, 1, 0, 0, 0, 2, 1, 2, 3, 4,
                                     5,    6,   7, 8, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 };
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, slice_make(bytes, sizeof(bytes))), OK);
    assert_int_equal(in.n_feedback, 2);
    assert_int_equal(in.feedback[0].len, 20);
    assert_int_equal(in.feedback[1].len, 12);
    assert_int_equal(in.ssrc, 1);
    assert_false(in.has_sr || in.has_rr);
}

/* As a desk phone sends it behind its receiver report: a receiver reference time block, then VoIP
 * metrics. */
static void reads_how_the_far_end_hears_us(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {
        0x80, 201, 0, 1,  0,    0,    0,   1,                  /* RR */
        0x80, 207, 0, 13, 0,    0,    0,   2,                  /* XR, of another than the RR */
        4,    0,   0, 2,  1,    2,    3,   4,  5,  6,   7,  8, /* RRT */
        7,    0,   0, 8,  0,    0,    0,   9,  13, 26,  0,  0,   0,    0,
        0,    0, /* loss 5 %, discards 10 % */
        0,    120, 0, 80, 0xe2, 0xb0, 127, 16, 88, 127, 42, 127, 0x1e, 0, /* 120 ms; R 88, LQ 4.2 */
        0,    60,  0, 90, 1,    0x2c,
    };
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, slice_make(bytes, sizeof(bytes))), OK);
    assert_int_equal(in.n_voips, 1);
    assert_int_equal(in.voip_ssrc, 2);
    assert_null(rtcp_voip_find(&in, 8));
    const struct rtcp_voip *voip = rtcp_voip_find(&in, 9);
    assert_non_null(voip);
    assert_int_equal(voip->loss_rate, 13);
    assert_int_equal(voip->discard_rate, 26);
    assert_int_equal(voip->rtt_ms, 120);
    assert_int_equal(voip->end_delay_ms, 80);
    assert_int_equal(voip->r_factor, 88);
    assert_int_equal(voip->mos_lq_x10, 42);
    assert_int_equal(voip->mos_cq_x10, RTCP_UNKNOWN);
    assert_int_equal(voip->signal_dbm0, -30);
    assert_int_equal(voip->noise_dbm0, -80);
    assert_int_equal(voip->buffer_ms, 60);
    assert_int_equal(in.n_ignored, 0);

    char mem[200]; /* ours reads the same */
    struct buf out = BUF_ON(mem);
    struct rtcp again;
    assert_int_equal(rtcp_print(&in, &out), OK);
    assert_int_equal(out.len, sizeof(bytes) - 12); /* without the block that is not ours */
    assert_int_equal(rtcp_parse(&again, buf_slice(&out)), OK);
    assert_int_equal(again.voip_ssrc, 2);
    assert_memory_equal(mem + 16, bytes + 28, 36);
}

static void a_block_longer_than_its_report_is_skipped(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x80, 207, 0,    2,   0, 0, 0, 1, 7, 0,
                                     0,    8,   0x81, 203, 0, 1, 0, 0, 0, 5 };
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, slice_make(bytes, sizeof(bytes))), OK);
    assert_int_equal(in.n_voips, 0);
    assert_int_equal(in.n_ignored, 1);
    assert_true(in.has_bye);
}

static void tolerates_what_it_does_not_know(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x80, 201, 0,   1,   0,    0,   0, 1, 0x80, 207,
                                     0,    2,   0,   0,   0,    1,   4, 0, 0,    0,
                                     0x80, 222, 0,   0,   0xa0, 204, 0, 3, 0,    0,
                                     0,    1,   'n', 'a', 'm',  'e', 0, 0, 0,    4 };
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, slice_make(bytes, sizeof(bytes))), OK);
    assert_int_equal(in.n_ignored, 3); /* XR, type 222, APP with padding at the end */
    assert_true(in.has_rr);
}

static void refuses_padding_in_the_middle_and_floods(void **state)
{
    (void)state;
    static const uint8_t middle[] = { 0xa0, 201, 0,    2,   0, 0, 0, 1, 0, 0,
                                      0,    4,   0x80, 201, 0, 1, 0, 0, 0, 1 };
    struct rtcp in;
    assert_int_equal(rtcp_parse(&in, slice_make(middle, sizeof(middle))), ERR_PARSE);
    uint8_t many[8 * (RTCP_MAX_PARTS + 1)];
    for (size_t i = 0; i <= RTCP_MAX_PARTS; i++)
        memcpy(many + 8 * i, "\x80\xc9\0\1\0\0\0\1", 8);
    assert_int_equal(rtcp_parse(&in, slice_make(many, sizeof(many) - 8)), OK);
    assert_int_equal(rtcp_parse(&in, slice_make(many, sizeof(many))), ERR_LIMIT);
    uint8_t blocks[2 * (8 + 24 * 16)] = { 0 }; /* 16 blocks twice */
    for (size_t at = 0; at < sizeof(blocks); at += sizeof(blocks) / 2)
        memcpy(blocks + at, "\x90\xc9\0\x61\0\0\0\1", 8);
    assert_int_equal(rtcp_parse(&in, slice_make(blocks, sizeof(blocks) / 2)), OK);
    assert_int_equal(rtcp_parse(&in, slice_make(blocks, sizeof(blocks))), ERR_LIMIT);
}

static void reports_what_was_lost(void **state)
{
    (void)state;
    struct rtp_source source;
    struct rtcp_seen seen = { 0 };
    struct rtcp_block block;
    rtp_source_init(&source, 77, 0);
    for (uint32_t n = 0; n < 100; n++) {
        struct rtp_header header = { .seq = (uint16_t)(65500 + n), .ts = n * 160 };
        if (n % 4 != 2)
            rtp_source_feed(&source, &header, 8000, n * 20000);
    }
    rtcp_block_make(&block, &source, &seen, 2000000);
    assert_int_equal(block.ssrc, 77);
    assert_int_equal(block.lost, 25);
    assert_int_equal(block.fraction_lost, 64); /* a quarter */
    assert_int_equal(block.highest_seq, 65599);
    assert_int_equal(block.lsr, 0);
    struct rtcp sr = { .has_sr = true, .sr.ntp = 0x1111222233334444ULL };
    rtcp_seen_feed(&seen, &sr, 2000000);
    rtcp_block_make(&block, &source, &seen, 3500000);
    assert_int_equal(block.fraction_lost, 0); /* nothing new was lost */
    assert_int_equal(block.lost, 25);
    assert_int_equal(block.lsr, 0x22223333);
    assert_int_equal(block.dlsr, 98304); /* 1.5 s */
}

/* The example of RFC 3550 §6.4.1, figure 2: 6.125 s. */
static void measures_the_round_trip(void **state)
{
    (void)state;
    struct rtcp_block block = { .lsr = 0xb7052000, .dlsr = 0x00054000 };
    uint64_t now = 0xb44db710ULL << 32 | 0x80000000ULL;
    assert_int_equal(rtcp_ntp_middle(now), 0xb7108000);
    assert_int_equal(rtcp_rtt_us(&block, now), 6125000);
    block.dlsr = 0x000b6020; /* answered before it was asked, by rounding */
    assert_int_equal(rtcp_rtt_us(&block, now), 0);
    block.dlsr = 0x00f00000; /* nonsense */
    assert_int_equal(rtcp_rtt_us(&block, now), -1);
    block.lsr = 0;
    assert_int_equal(rtcp_rtt_us(&block, now), -1);
    assert_int_equal(rtcp_ntp(0), 2208988800ULL << 32);
    assert_int_equal(rtcp_ntp(1500000), 2208988801ULL << 32 | 0x80000000ULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_and_parses_a_compound),
        cmocka_unit_test(says_goodbye),
        cmocka_unit_test(takes_reduced_size_and_feedback),
        cmocka_unit_test(reads_how_the_far_end_hears_us),
        cmocka_unit_test(a_block_longer_than_its_report_is_skipped),
        cmocka_unit_test(tolerates_what_it_does_not_know),
        cmocka_unit_test(refuses_padding_in_the_middle_and_floods),
        cmocka_unit_test(reports_what_was_lost),
        cmocka_unit_test(measures_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
