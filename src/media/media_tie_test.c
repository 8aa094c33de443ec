/* Streams of two media threads that are linked: what one far end says the other hears. */
#include "media_tie.h"

#include "media/media_pair_test.h"

#include <dirent.h>

enum { FRAME = 160, FRAMES = 15 };

static int setup(void **state)
{
    *state = pair_create(2);
    return 0;
}

static size_t open_fds(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* A far end talks for a while; what the other gets of it is counted, in `*pt` the type of the last.
 */
static unsigned talk(struct far *from, struct far *to, uint8_t pt, uint8_t mark, uint8_t *got_pt)
{
    uint8_t sound[FRAME];
    unsigned n = 0;
    memset(sound, mark, sizeof sound);
    for (int i = 0; i < FRAMES; i++) {
        far_send(from, pt, sound, sizeof sound, FRAME);
        rig_run(from->rig, 20);
        while (far_try_receive(to)) {
            bool is_it = got_pt || (to->got.payload.len == FRAME &&
                                    memcmp(to->got.payload.ptr, sound, FRAME) == 0);
            n += is_it;
            if (got_pt)
                *got_pt = to->got.pt;
        }
    }
    return n;
}

static void passes_packets_as_they_came(void **state)
{
    struct pair *pair = *state;
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_link(pair->a.stream, pair->b.stream);
    rig_run(&pair->rig, 50);
    assert_in_range(talk(&pair->a, &pair->b, FAR_PCMU, 0x21, NULL), FRAMES - 5, FRAMES);
    assert_in_range(talk(&pair->b, &pair->a, FAR_PCMU, 0x42, NULL), FRAMES - 5, FRAMES);
    rig_run(&pair->rig, 1200); /* a second's figures */
    assert_false(media_stream_stats(pair->a.stream)->transcoding);
    assert_false(media_stream_stats(pair->b.stream)->transcoding);
}

static void give_video(struct far *far, uint8_t ref, uint8_t pt)
{
    const struct media_video video = {
        .formats = { { ref, pt, pt } }, .n_formats = 1, .send = true, .receive = true
    };
    far_describe(far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_video(far->stream, far->stream, &video);
}

/* A picture of `from` is seen by `to` beside its audio, and a request for a whole one comes back.
 */
static void shows(struct far *from, struct far *to, uint8_t sent_pt, uint8_t got_pt, uint32_t ssrc)
{
    uint8_t picture[700], got[200];
    uint32_t voice = from->ssrc;
    memset(picture, (int)(ssrc & 0xff), sizeof picture);
    from->ssrc = ssrc;
    far_send(from, sent_pt, picture, sizeof picture, 3000);
    from->ssrc = voice;
    do
        assert_true(far_receive(to, 1000));
    while (to->got.pt == FAR_PCMU);
    assert_int_equal(to->got.pt, got_pt);
    assert_int_equal(to->got.ssrc, ssrc);
    assert_int_equal(to->got.payload.len, sizeof picture);
    assert_memory_equal(to->got.payload.ptr, picture, sizeof picture);

    uint8_t pli[20] = { 0x80, RTCP_RR, 0, 1, 0, 0, 0, 9, 0x81, RTCP_PSFB, 0, 2, 0, 0, 0, 9 };
    wire_put_u32(pli + 16, ssrc);
    far_send_rtcp(to, &to->local.rtcp, pli, sizeof pli);
    do /* we ask by ourselves, too, when it is described anew */
        assert_int_equal(far_wait_rtcp(from, RTCP_PSFB, got, sizeof got), 12);
    while (wire_get_u32(got + 8) != ssrc);
}

static void video_goes_the_same_way(void **state)
{
    struct pair *pair = *state;
    give_video(&pair->a, 98, 98);
    give_video(&pair->b, 98, 120);
    media_link(pair->a.stream, pair->b.stream);
    rig_run(&pair->rig, 50);
    shows(&pair->a, &pair->b, 98, 120, 0xabcd0001);
    shows(&pair->b, &pair->a, 120, 98, 0xabcd0002);
    give_video(&pair->a, 35, 97); /* the lower dynamic numbers */
    give_video(&pair->b, 35, 36);
    rig_run(&pair->rig, 50);
    shows(&pair->a, &pair->b, 97, 36, 0xabcd0003);
    assert_in_range(talk(&pair->a, &pair->b, FAR_PCMU, 0x21, NULL), FRAMES - 5, FRAMES);
}

static void transcodes_where_the_two_differ(void **state)
{
    struct pair *pair = *state;
    uint8_t pt = 255;
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcma, FAR_PCMA, FAR_PCMA, 0);
    media_link(pair->b.stream, pair->a.stream); /* whichever is named first */
    rig_run(&pair->rig, 50);
    assert_in_range(talk(&pair->a, &pair->b, FAR_PCMU, 0x21, &pt), FRAMES / 2, 2 * FRAMES);
    assert_int_equal(pt, FAR_PCMA);
    assert_in_range(talk(&pair->b, &pair->a, FAR_PCMA, 0x21, &pt), FRAMES / 2, 2 * FRAMES);
    assert_int_equal(pt, FAR_PCMU);
}

static void keys_arrive_once(void **state)
{
    struct pair *pair = *state;
    unsigned ends = 0, events = 0;
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    media_link(pair->a.stream, pair->b.stream);
    rig_run(&pair->rig, 50);
    (void)talk(&pair->a, &pair->b, FAR_PCMU, 0x21, NULL);
    for (uint16_t i = 1; i <= 6; i++) {
        uint16_t duration = (uint16_t)((i < 4 ? i : 4) * FRAME);
        uint8_t payload[4] = { 5, i < 4 ? 10 : 0x8a, (uint8_t)(duration >> 8), (uint8_t)duration };
        far_send(&pair->a, FAR_EVENT, payload, sizeof payload, 0);
        rig_run(&pair->rig, 20);
        while (far_try_receive(&pair->b)) {
            if (pair->b.got.pt != FAR_EVENT)
                continue;
            events++;
            ends += (pair->b.got.payload.ptr[1] & 0x80) != 0;
            assert_int_equal(pair->b.got.payload.ptr[0], 5);
        }
    }
    assert_int_equal(events, 6);
    assert_int_equal(ends, 3);
    rig_run(&pair->rig, 50);
    assert_string_equal(pair->a.digits, "5");
}

static void another_link_ends_it(void **state)
{
    struct pair *pair = *state;
    struct far c;
    rig_run(&pair->rig, 50);
    size_t before = open_fds();
    far_create_on(&c, &pair->rig, 0);
    far_describe(&pair->a, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&pair->b, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    far_describe(&c, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_link(pair->a.stream, pair->b.stream);
    media_link(pair->a.stream, pair->b.stream); /* as it is already */
    rig_run(&pair->rig, 50);
    assert_int_equal(open_fds(), before + 4 + 4); /* c's, and a pair for each end */
    media_link(c.stream, pair->a.stream);
    rig_run(&pair->rig, 50);
    assert_int_equal(open_fds(), before + 4);
    assert_int_equal(talk(&pair->b, &pair->a, FAR_PCMU, 0x21, NULL), 0);
    assert_in_range(talk(&pair->a, &c, FAR_PCMU, 0x21, NULL), FRAMES - 5, FRAMES);
    media_link(c.stream, pair->b.stream);
    rig_run(&pair->rig, 50);
    assert_in_range(talk(&pair->b, &c, FAR_PCMU, 0x42, NULL), FRAMES - 5, FRAMES);
    media_unlink(pair->b.stream);
    rig_run(&pair->rig, 50);
    assert_int_equal(talk(&pair->b, &c, FAR_PCMU, 0x42, NULL), 0);
    assert_int_equal(open_fds(), before + 4);
    media_link(c.stream, pair->b.stream);
    far_destroy(&c); /* its partner stays */
    rig_run(&pair->rig, 50);
    assert_int_equal(open_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(passes_packets_as_they_came, setup, pair_tear_down),
        cmocka_unit_test_setup_teardown(video_goes_the_same_way, setup, pair_tear_down),
        cmocka_unit_test_setup_teardown(transcodes_where_the_two_differ, setup, pair_tear_down),
        cmocka_unit_test_setup_teardown(keys_arrive_once, setup, pair_tear_down),
        cmocka_unit_test_setup_teardown(another_link_ends_it, setup, pair_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
