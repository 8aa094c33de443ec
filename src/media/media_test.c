/* Threads and the lives of streams: nothing is left behind, whatever the order. */
#include "media.h"

#include "media/media_rig_test.h"

#include <dirent.h>

#include "media/media_room.h"
#include "media/media_thread.h"
#include "media/transport.h"

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

static void says_what_is_wrong_with_the_range(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    struct media *media = NULL;
    static const uint16_t bad[][2] = {
        { 20000, 10000 }, { 10000, 10000 }, { 10001, 10002 }, { 0, 10000 }
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault fault = { 0 };
        const struct media_config config = { .threads = 1,
                                             .rtp_min = bad[i][0],
                                             .rtp_max = bad[i][1] };
        assert_int_equal(media_create(&media, loop, &config, &fault), ERR_INVALID);
        assert_string_equal(fault.where, "rtp.ports");
    }
    loop_destroy(loop);
}

static void a_stream_goes_to_the_emptiest_thread(void **state)
{
    (void)state;
    struct rig rig;
    struct media_stream *streams[6];
    unsigned count[3] = { 0 };
    rig_create(&rig, &(struct media_config){ .threads = 3 });
    assert_int_equal(media_threads(rig.media), 3);
    for (size_t i = 0; i < 6; i++) {
        struct media_transport *transport = NULL;
        struct rtp_local local;
        assert_int_equal(rtp_transport_create(&transport, rig.media, &local, NULL), OK);
        unsigned thread = media_pick_thread(rig.media);
        streams[i] = media_stream_create(rig.media, thread, transport, &far_events, NULL);
        assert_int_equal(media_stream_thread(streams[i]), thread);
        count[thread]++;
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(count[i], 2);
    for (size_t i = 0; i < 6; i++)
        media_stream_destroy(streams[i]);
    rig_destroy(&rig);
}

static void remember_thread(struct media_thread *thread, void *arg)
{
    *(unsigned *)arg = media_thread_index(thread) + 100;
}

static void runs_a_function_on_a_thread(void **state)
{
    (void)state;
    struct rig rig;
    unsigned seen = 0;
    rig_create(&rig, &(struct media_config){ .threads = 2 });
    media_thread_run(rig.media, 1, remember_thread, &seen);
    rig_destroy(&rig); /* joins: it ran by then */
    assert_int_equal(seen, 101);
}

static void no_event_comes_after_destroy(void **state)
{
    (void)state;
    struct rig rig;
    struct far far;
    rig_create(&rig, &(struct media_config){ .threads = 1 });
    far_create(&far, &rig); /* its on_connected is on its way */
    far_destroy(&far);
    rig_run(&rig, 50);
    assert_int_equal(far.connected, 0);
    rig_destroy(&rig);
}

static void two_hundred_streams_leave_nothing(void **state)
{
    (void)state;
    enum { PAIRS = 100 };
    static struct far fars[2 * PAIRS];
    struct rig rig;
    uint8_t sound[160];
    memset(sound, 0x55, sizeof sound);
    rig_create(&rig, &(struct media_config){ .threads = 2 });
    rig_run(&rig, 20);
    size_t before = open_fds();
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        far_create(&fars[i], &rig);
        far_describe(&fars[i], &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    }
    for (size_t i = 0; i < PAIRS; i++)
        media_link(fars[2 * i].stream, fars[2 * i + 1].stream);
    rig_run(&rig, 50);
    for (size_t i = 0; i < PAIRS; i++) {
        far_send(&fars[2 * i], FAR_PCMU, sound, sizeof sound, 160);
        assert_true(far_receive(&fars[2 * i + 1], 1000));
    }
    assert_int_equal(open_fds(), before + 4 * 2 * PAIRS);
    for (size_t i = 0; i < 2 * PAIRS; i++)
        far_destroy(&fars[i]);
    rig_run(&rig, 100);
    assert_int_equal(open_fds(), before);
    rig_destroy(&rig);
}

static void a_transport_that_comes_to_nothing_is_given_back(void **state)
{
    (void)state;
    struct rig rig;
    struct media_transport *transport = NULL;
    struct rtp_local local;
    struct fault fault;
    rig_create(&rig, &(struct media_config){ .threads = 1, .rtp_min = 23500, .rtp_max = 23501 });
    size_t before = open_fds();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rtp_transport_create(&transport, rig.media, &local, &fault), OK);
        assert_int_equal(addr_port(&local.rtp), 23500);
        media_transport_destroy(transport);
    }
    assert_int_equal(open_fds(), before);
    rig_destroy(&rig);
}

static void the_port_of_a_stream_can_be_used_again(void **state)
{
    (void)state;
    struct rig rig;
    struct far far;
    struct media_transport *transport = NULL;
    struct rtp_local local;
    struct fault fault;
    rig_create(&rig, &(struct media_config){ .threads = 1, .rtp_min = 23510, .rtp_max = 23511 });
    far_create(&far, &rig);
    assert_int_equal(rtp_transport_create(&transport, rig.media, &local, &fault), ERR_LIMIT);
    far_destroy(&far);
    rig_run(&rig, 50);
    assert_int_equal(rtp_transport_create(&transport, rig.media, &local, &fault), OK);
    media_transport_destroy(transport);
    rig_destroy(&rig);
}

/* A relay is cheap; what decodes it counts at once, before its work can be measured. */
static void what_will_be_decoded_is_counted(void **state)
{
    struct rig rig;
    struct far far;
    (void)state;
    rig_create(&rig, &(struct media_config){ .threads = 1, .limits = { .transcode_percent = 2 } });
    far_create(&far, &rig);
    struct media_room *room = media_room_create(rig.media, &(struct media_room_config){ 0 });
    assert_true(media_busy(rig.media, 0) < 0); /* no turn of the loop: nothing was measured */
    media_stream_denoise(far.stream, true);
    assert_true(media_busy(rig.media, 0) > 0.0099 && media_busy(rig.media, 0) < 0.0101);
    assert_true(media_has_room(rig.media, 0, MEDIA_WORK_TRANSCODE));
    media_stream_denoise(far.stream, false);
    assert_true(media_busy(rig.media, 0) < 0.0101);
    media_room_add(room, far.stream, NULL);
    assert_true(media_busy(rig.media, 0) > 0.0199);
    assert_false(media_has_room(rig.media, 0, MEDIA_WORK_TRANSCODE));
    assert_true(media_has_room(rig.media, 0, MEDIA_WORK_RELAY));
    media_room_destroy(room);
    far_destroy(&far);
    rig_destroy(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong_with_the_range),
        cmocka_unit_test(a_stream_goes_to_the_emptiest_thread),
        cmocka_unit_test(runs_a_function_on_a_thread),
        cmocka_unit_test(no_event_comes_after_destroy),
        cmocka_unit_test(two_hundred_streams_leave_nothing),
        cmocka_unit_test(a_transport_that_comes_to_nothing_is_given_back),
        cmocka_unit_test(the_port_of_a_stream_can_be_used_again),
        cmocka_unit_test(what_will_be_decoded_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
