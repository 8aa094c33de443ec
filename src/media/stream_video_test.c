/* Video between two linked streams: packets keep their numbers, formats get the other side's,
 * feedback goes back, reports carry our clock. */
#include "media/media_rig_test.h"

#include "base/num.h"
#include "base/wire.h"
#include "media/codec.h"

enum { REF = 96, A_PT = 97, B_PT = 120, SOURCE = 0xabcd0001 };

struct pair {
    struct rig rig;
    struct far a, b, a_video; /* a's video comes on a port of its own, b's on that of its audio */
};

static void describe_video(struct media_stream *stream, struct media_stream *audio, uint8_t pt,
                           bool send)
{
    const struct media_video video = {
        .formats = { { REF, pt, pt } }, .n_formats = 1, .send = send, .receive = true
    };
    media_stream_video(stream, audio, &video);
}

static int setup(void **state)
{
    struct pair *pair = mem_new(struct pair);
    rig_create(&pair->rig, &(struct media_config){ .threads = 1 });
    far_create(&pair->a, &pair->rig);
    far_create(&pair->b, &pair->rig);
    far_create(&pair->a_video, &pair->rig);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_link(pair->a.stream, pair->b.stream);
    describe_video(pair->a_video.stream, pair->a.stream, A_PT, true);
    describe_video(pair->b.stream, pair->b.stream, B_PT, true);
    pair->a_video.ssrc = SOURCE;
    rig_wait(&pair->rig, &pair->a.connected, 1, 1000);
    rig_wait(&pair->rig, &pair->b.connected, 1, 1000);
    rig_wait(&pair->rig, &pair->a_video.connected, 1, 1000);
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    far_destroy(&pair->a_video);
    far_destroy(&pair->a);
    far_destroy(&pair->b);
    rig_destroy(&pair->rig);
    mem_free(pair);
    return 0;
}

static void pictures_pass_as_they_are(void **state)
{
    struct pair *pair = *state;
    uint8_t picture[900];
    memset(picture, 7, sizeof picture);
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_true(far_receive(&pair->b, 1000));
    const struct rtp_header *got = &pair->b.got;
    assert_int_equal(got->pt, B_PT);
    assert_int_equal(got->ssrc, SOURCE);
    assert_int_equal(got->payload.len, sizeof picture);
    assert_memory_equal(got->payload.ptr, picture, sizeof picture);

    pair->b.ssrc = 0x5555;
    far_send(&pair->b, B_PT, picture, sizeof picture, 3000); /* beside its audio, on one port */
    assert_true(far_receive(&pair->a_video, 1000));
    assert_int_equal(pair->a_video.got.pt, A_PT);
    assert_int_equal(pair->a_video.got.ssrc, 0x5555);
    pair->b.ssrc = 0x1000;
    uint8_t sound[160] = { 1 };
    far_send(&pair->b, FAR_PCMU, sound, sizeof sound, 160);
    assert_true(far_receive(&pair->a, 1000));
    assert_int_equal(pair->a.got.pt, FAR_PCMU);
}

static void formats_that_were_not_agreed_are_dropped(void **state)
{
    struct pair *pair = *state;
    uint8_t picture[20] = { 0 };
    far_send(&pair->a_video, A_PT + 1, picture, sizeof picture, 3000);
    assert_false(far_receive(&pair->b, 200));
    describe_video(pair->b.stream, pair->b.stream, B_PT, false); /* b is on hold */
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_false(far_receive(&pair->b, 200));
}

static void feedback_finds_who_sends(void **state)
{
    struct pair *pair = *state;
    uint8_t picture[20] = { 0 }, got[200];
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_true(far_receive(&pair->b, 1000));
    uint8_t pli[20] = { 0x80, RTCP_RR, 0, 1, 0, 0, 0, 9, 0x81, RTCP_PSFB, 0, 2, 0, 0, 0, 9 };
    wire_put_u32(pli + 16, SOURCE);
    far_send_rtcp(&pair->b, &pair->b.local.rtcp, pli, sizeof pli);
    assert_int_equal(far_wait_rtcp(&pair->a_video, RTCP_PSFB, got, sizeof got), 12);
    assert_int_equal(wire_get_u32(got + 8), SOURCE);

    uint8_t nack[16] = { 0x81, RTCP_RTPFB, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0x12, 0x34, 0, 0 };
    wire_put_u32(nack + 8, SOURCE);
    far_send_rtcp(&pair->b, &pair->b.local.rtcp, nack, sizeof nack);
    assert_int_equal(far_wait_rtcp(&pair->a_video, RTCP_RTPFB, got, sizeof got), 16);
    assert_int_equal(wire_get_u16(got + 12), 0x1234);
}

/* Its sender report goes out with our time, and what the other says of that comes back as its own.
 */
static void round_trips_stay_right(void **state)
{
    struct pair *pair = *state;
    uint8_t picture[20] = { 0 }, got[200];
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_true(far_receive(&pair->b, 1000));
    uint8_t report[28] = { 0x80, RTCP_SR, 0, 6 };
    wire_put_u32(report + 4, SOURCE);
    wire_put_u32(report + 8, 0x11112222);
    wire_put_u32(report + 12, 0x33334444);
    far_send_rtcp(&pair->a_video, &pair->a_video.local.rtcp, report, sizeof report);
    do {
        assert_in_range(far_wait_rtcp(&pair->b, RTCP_SR, got, sizeof got), 28, sizeof got);
    } while (wire_get_u32(got + 4) != SOURCE);
    uint32_t ours = wire_get_u32(got + 8) << 16 | wire_get_u32(got + 12) >> 16;
    assert_int_not_equal(ours, 0x22223333);

    uint8_t heard[32] = { 0x81, RTCP_RR, 0, 7, 0, 0, 0, 9 };
    wire_put_u32(heard + 8, SOURCE);
    wire_put_u32(heard + 24, ours);
    wire_put_u32(heard + 28, 0x10000);
    far_send_rtcp(&pair->b, &pair->b.local.rtcp, heard, sizeof heard);
    do {
        assert_in_range(far_wait_rtcp(&pair->a_video, RTCP_RR, got, sizeof got), 8, sizeof got);
    } while (!(got[0] & 31));
    assert_int_equal(wire_get_u32(got + 8), SOURCE);
    assert_int_equal(wire_get_u32(got + 24), 0x22223333);
    assert_int_equal(wire_get_u32(got + 28), 0x10000);
}

static void a_new_partner_gets_a_whole_picture(void **state)
{
    struct pair *pair = *state;
    uint8_t picture[20] = { 0 }, got[200];
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_true(far_receive(&pair->b, 1000));
    media_unlink(pair->a.stream);
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_false(far_receive(&pair->b, 200));
    media_link(pair->a.stream, pair->b.stream);
    assert_int_equal(far_wait_rtcp(&pair->a_video, RTCP_PSFB, got, sizeof got), 12);
    assert_int_equal(wire_get_u32(got + 8), SOURCE);
}

static void broken_reports_hurt_nobody(void **state)
{
    struct pair *pair = *state;
    uint8_t picture[20] = { 0 };
    static const uint8_t shapes[][16] = {
        { 0x9f, RTCP_SR, 0, 1 },                                /* blocks that are not there */
        { 0x81, RTCP_RR, 0xff, 0xff, 0, 0, 0, 9 },              /* longer than the packet */
        { 0x81, RTCP_PSFB, 0, 1, 0, 0, 0, 9, 0x80, RTCP_SR },   /* too short for feedback */
        { 0x8f, RTCP_PSFB, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 'R' }, /* half a REMB */
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        far_send_rtcp(&pair->a_video, &pair->a_video.local.rtcp, shapes[i], sizeof shapes[i]);
    rig_run(&pair->rig, 50);
    far_send(&pair->a_video, A_PT, picture, sizeof picture, 3000);
    assert_true(far_receive(&pair->b, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_pass_as_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(formats_that_were_not_agreed_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(feedback_finds_who_sends, setup, teardown),
        cmocka_unit_test_setup_teardown(round_trips_stay_right, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_partner_gets_a_whole_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_reports_hurt_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
