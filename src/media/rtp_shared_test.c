/* Many streams on one port pair: whose packets they are, strangers, and ways out of it. */
#include "media/rtp_shared.h"

#include "media/media_rig_test.h"

enum { SOUND = 160, LONG = 130, ENDS = 3 };

/* A far end whose stream shares its ports. */
struct end {
    struct far far; /* first: the owner of its events */
    unsigned asked;
    char why[80];
};
struct scene {
    struct rig rig;
    struct end ends[ENDS];
};

static void on_transport(void *owner, const void *event)
{
    struct end *end = owner;
    end->asked++;
    snprintf(end->why, sizeof end->why, "%s", ((const struct rtp_event *)event)->why);
}

static const struct media_events events = {
    .on_step = far_on_step,
    .on_first_packet = far_on_first_packet,
    .on_transport = on_transport,
};

static void open_end(struct end *end, struct rig *rig)
{
    struct far *far = &end->far;
    struct media_transport *transport = NULL;
    struct fault fault;
    *end = (struct end){ 0 };
    *far = (struct far){ .rig = rig, .ssrc = 0x1000, .seq = 100, .ts = 0 };
    far->fd = far_bind(&far->addr);
    far->rtcp_fd = far_bind(&far->rtcp_addr);
    assert_int_equal(rtp_transport_create_shared(&transport, rig->media, 0, &far->local, &fault),
                     OK);
    far->stream = media_stream_create(rig->media, 0, transport, &events, end);
    far_describe(far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    media_stream_echo(far->stream, true);
}

static int setup(void **state)
{
    struct scene *scene = mem_new(struct scene);
    rig_create(&scene->rig, &(struct media_config){ .threads = 1 });
    for (size_t i = 0; i < ENDS; i++) {
        open_end(&scene->ends[i], &scene->rig);
        far_set_remote(&scene->ends[i].far);
    }
    rig_run(&scene->rig, 20);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < ENDS; i++)
        far_destroy(&scene->ends[i].far);
    rig_destroy(&scene->rig);
    mem_free(scene);
    return 0;
}

static void say(struct far *far, int fill)
{
    uint8_t sound[SOUND];
    memset(sound, fill, sizeof sound);
    far_send(far, FAR_PCMU, sound, sizeof sound, SOUND);
}

static bool echoes(struct far *far, int fill)
{
    say(far, fill);
    return far_receive(far, 500) && far->got.payload.len == SOUND &&
           (uint8_t)far->got.payload.ptr[0] == fill;
}

static bool keeps_quiet(struct far *far)
{
    rig_run(far->rig, 60);
    return !far_try_receive(far);
}

static void say_from(struct far *far, int fd)
{
    uint8_t sound[SOUND] = { 0 };
    const struct rtp_header header = { .seq = far->seq++, .ts = far->ts, .ssrc = far->ssrc };
    far->ts += SOUND;
    far_send_from(far, fd, &header, sound, sizeof sound);
}

static void each_stream_hears_its_own_far_end(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 1; i < ENDS; i++)
        assert_int_equal(addr_port(&scene->ends[i].far.local.rtp),
                         addr_port(&scene->ends[0].far.local.rtp));
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < ENDS; i++) /* all of them in one batch */
            say(&scene->ends[i].far, 16 * i + round);
        for (int i = 0; i < ENDS; i++) {
            assert_true(far_receive(&scene->ends[i].far, 500));
            assert_int_equal((uint8_t)scene->ends[i].far.got.payload.ptr[0], 16 * i + round);
        }
    }
    rig_run(&scene->rig, 1100);
    for (int i = 0; i < ENDS; i++)
        assert_int_equal(media_stream_stats(scene->ends[i].far.stream)->rx.packets, 10);
    assert_int_equal(scene->ends[0].asked, 0);
}

static void strangers_never_move_a_stream(void **state)
{
    struct scene *scene = *state;
    struct far *far = &scene->ends[0].far;
    struct addr elsewhere;
    int thief = far_bind(&elsewhere);
    assert_true(echoes(far, 1));
    for (int i = 0; i < LONG; i++) { /* of the same host, with the stream's own numbers */
        say_from(far, thief);
        rig_run(&scene->rig, 10);
    }
    assert_true(keeps_quiet(far));
    assert_int_equal(recv(thief, far->bytes, sizeof far->bytes, 0), -1);
    assert_true(echoes(far, 2));
    rig_run(&scene->rig, 1100);
    assert_int_equal(media_stream_stats(far->stream)->rx.packets, 2);
    assert_int_equal(scene->ends[0].asked, 0); /* it hears its far end: nothing to mend */
    for (int64_t end_us = rig_now_us() + 8000000; rig_now_us() < end_us;) {
        if (media_unclaimed(scene->rig.media) >= LONG)
            break;
        rig_run(&scene->rig, 50);
    }
    assert_int_equal(media_unclaimed(scene->rig.media), LONG);
    assert_int_equal(media_stream_stats(far->stream)->dropped_stranger, 0); /* no stream's */
    close(thief);
}

static void reports_come_on_the_port_behind(void **state)
{
    struct scene *scene = *state;
    struct far *far = &scene->ends[1].far;
    assert_int_equal(addr_port(&far->local.rtcp), addr_port(&far->local.rtp) + 1);
    assert_true(echoes(far, 3));
    uint8_t report[512];
    ssize_t n = -1;
    for (int64_t end_us = rig_now_us() + 8000000; n < 0 && rig_now_us() < end_us;) {
        say(far, 4);
        rig_run(&scene->rig, 20);
        n = recv(far->rtcp_fd, report, sizeof report, 0);
    }
    assert_true(n >= 8);
    assert_int_equal(report[1], 200); /* a sender report */
}

static void one_address_is_one_streams(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0], *second = &scene->ends[1];
    const struct rtp_remote same = { .rtp = first->far.addr, .rtcp = second->far.rtcp_addr };
    struct fault fault;
    assert_true(echoes(&first->far, 5));
    rtp_transport_set_remote(second->far.stream, &same);
    rig_wait(&scene->rig, &second->asked, 1, 1000);
    assert_non_null(strstr(second->why, "another call has that address"));
    assert_true(echoes(&first->far, 6)); /* the first goes on as before */
    /* with a port of its own the second is told apart */
    assert_int_equal(rtp_transport_leave_shared(second->far.stream, scene->rig.media,
                                                &second->far.local, &fault),
                     OK);
    assert_int_not_equal(addr_port(&second->far.local.rtp), addr_port(&first->far.local.rtp));
    int own = second->far.fd;
    second->far.fd = first->far.fd;
    second->far.ssrc = 0x2000;
    rig_run(&scene->rig, 20);
    assert_true(echoes(&second->far, 7));
    second->far.fd = own;
    assert_true(echoes(&first->far, 8));
    assert_int_equal(first->asked, 0);
}

static void an_address_that_was_left_is_free(void **state)
{
    struct scene *scene = *state;
    struct far *first = &scene->ends[0].far, *second = &scene->ends[1].far;
    struct addr moved;
    int fd = far_bind(&moved);
    const struct rtp_remote away = { .rtp = moved, .rtcp_mux = true };
    const struct rtp_remote back = { .rtp = first->addr, .rtcp_mux = true };
    assert_true(echoes(first, 9));
    rtp_transport_set_remote(first->stream, &away);
    rtp_transport_set_remote(second->stream, &back);
    rig_run(&scene->rig, 50);
    assert_int_equal(scene->ends[1].asked, 0);
    int firsts = first->fd, seconds = second->fd;
    first->fd = fd;
    second->fd = firsts;
    second->ssrc = 0x2000;
    assert_true(echoes(first, 10));
    assert_true(echoes(second, 11));
    first->fd = firsts;
    second->fd = seconds;
    close(fd);
}

static void behind_nat_it_asks_for_a_port_of_its_own(void **state)
{
    struct scene *scene = *state;
    struct end *end = &scene->ends[2];
    struct addr outside;
    struct fault fault;
    int signalled = end->far.fd, nat = far_bind(&outside);
    rig_run(&scene->rig, 200);
    assert_int_equal(end->asked, 0); /* mere silence is no reason */
    for (int64_t end_us = rig_now_us() + 3000000; !end->asked && rig_now_us() < end_us;) {
        say_from(&end->far, nat);
        rig_run(&scene->rig, 10);
    }
    assert_int_equal(end->asked, 1);
    assert_non_null(strstr(end->why, "comes from another address"));
    assert_int_equal(
        rtp_transport_leave_shared(end->far.stream, scene->rig.media, &end->far.local, &fault), OK);
    rig_run(&scene->rig, 20);
    end->far.fd = nat;
    for (int i = 0; i < 10; i++) /* five in sequence settle it */
        say(&end->far, 12);
    rig_run(&scene->rig, 50);
    while (far_try_receive(&end->far))
        continue;
    assert_true(echoes(&end->far, 13));
    end->far.fd = signalled;
    close(nat);
}

static void a_held_far_end_keeps_its_address(void **state)
{
    struct scene *scene = *state;
    struct far *far = &scene->ends[0].far;
    const struct rtp_remote held = { .rtp = addr_any4(0), .rtcp = far->rtcp_addr };
    assert_true(echoes(far, 14));
    rtp_transport_set_remote(far->stream, &held);
    rig_run(&scene->rig, 20);
    say(far, 15);
    assert_true(keeps_quiet(far)); /* nothing is sent to one that holds */
    far_set_remote(far);
    rig_run(&scene->rig, 20);
    assert_true(echoes(far, 16));
    assert_int_equal(scene->ends[0].asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_stream_hears_its_own_far_end, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_never_move_a_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_come_on_the_port_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(one_address_is_one_streams, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_that_was_left_is_free, setup, teardown),
        cmocka_unit_test_setup_teardown(behind_nat_it_asks_for_a_port_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_far_end_keeps_its_address, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
