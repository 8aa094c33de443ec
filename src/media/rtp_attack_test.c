/* RTP bleed and injection: strangers who know the port of a plain call, or got that of one that is
 * over. Nothing of them is heard, nothing of the call reaches them (CVE-2017-14099,
 * CVE-2025-53399). */
#include "media/media_rig_test.h"

#include "media/codec.h"

enum { FLOOD = 60, SOUND = 160 };

/* A socket at an address that nobody signalled. */
static int bind_stranger(void)
{
    struct addr addr;
    assert_int_equal(addr_parse_ip(SLICE("127.0.0.2"), 0, &addr), OK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
    return fd;
}

static void start(struct rig *rig, struct far *far)
{
    rig_create(rig, &(struct media_config){ .threads = 1 });
    far_create(far, rig);
    far_describe(far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_echo(far->stream, true);
    rig_wait(rig, &far->connected, 1, 1000);
}

static void say(struct far *far, int fd, uint32_t ssrc, uint16_t seq, int value)
{
    uint8_t sound[SOUND];
    memset(sound, value, sizeof sound);
    const struct rtp_header header = { .seq = seq, .ts = seq * SOUND, .ssrc = ssrc };
    far_send_from(far, fd, &header, sound, sizeof sound);
}

/* What came to it, which must all be `value`. */
static unsigned hear(struct far *far, uint8_t value)
{
    unsigned n = 0;
    rig_run(far->rig, 50);
    for (; far_try_receive(far); n++)
        assert_int_equal((uint8_t)far->got.payload.ptr[0], value);
    return n;
}

static bool hears_anything(int fd)
{
    uint8_t bytes[2048];
    return recv(fd, bytes, sizeof bytes, 0) >= 0;
}

/* Faster than the far end, as long as it, and with numbers that look right. */
static void a_flood_from_elsewhere_moves_nothing(void **state)
{
    struct rig rig;
    struct far far;
    (void)state;
    start(&rig, &far);
    int stranger = bind_stranger();
    for (uint16_t i = 0; i < FLOOD; i++)
        say(&far, stranger, 0xbad, i, 0x11);
    assert_int_equal(hear(&far, 0), 0); /* not even echoed to the right one */
    for (uint16_t i = 0; i < FLOOD; i++) {
        say(&far, stranger, 0x1000, (uint16_t)(100 + i), 0x11); /* its very SSRC */
        say(&far, far.fd, 0x1000, (uint16_t)(100 + i), 0x22);
    }
    assert_int_equal(hear(&far, 0x22), FLOOD);
    assert_false(hears_anything(stranger));
    rig_run(&rig, 1100);
    assert_int_equal(media_stream_stats(far.stream)->dropped_stranger, 2 * FLOOD);
    assert_int_equal(media_stream_stats(far.stream)->rx.packets, FLOOD);
    assert_int_equal(media_stream_stats(far.stream)->rx.lost, 0);
    close(stranger);
    far_destroy(&far);
    rig_destroy(&rig);
}

/* Once five packets settled it, another port of the very address is a stranger's, too, and telling
 * the same description again (a session refresh) opens no new window. */
static void a_settled_source_stays(void **state)
{
    struct rig rig;
    struct far far;
    struct addr addr;
    (void)state;
    start(&rig, &far);
    int neighbour = far_bind(&addr);
    for (uint16_t i = 0; i < 5; i++)
        say(&far, far.fd, 0x1000, i, 0x22);
    assert_int_equal(hear(&far, 0x22), 5);
    far_set_remote(&far);
    for (uint16_t i = 0; i < FLOOD; i++)
        say(&far, neighbour, 0x2000, i, 0x33);
    say(&far, far.fd, 0x1000, 5, 0x22);
    assert_int_equal(hear(&far, 0x22), 1);
    assert_false(hears_anything(neighbour));
    close(neighbour);
    far_destroy(&far);
    rig_destroy(&rig);
}

/* Who calls next does not get the port of a call that is just over, whose far end still sends. */
static void a_late_far_end_is_not_heard_in_the_next_call(void **state)
{
    struct rig rig;
    struct far old, next;
    (void)state;
    start(&rig, &old);
    for (uint16_t i = 0; i < 5; i++)
        say(&old, old.fd, 0x1000, i, 0x22);
    assert_int_equal(hear(&old, 0x22), 5);
    media_stream_destroy(old.stream);
    rig_run(&rig, 50);
    far_create(&next, &rig);
    far_describe(&next, &codec_pcmu, FAR_PCMU, FAR_PCMU, 0);
    media_stream_echo(next.stream, true);
    rig_wait(&rig, &next.connected, 1, 1000);
    assert_int_not_equal(addr_port(&next.local.rtp), addr_port(&old.local.rtp));
    for (uint16_t i = 5; i < 30; i++)
        say(&old, old.fd, 0x1000, i, 0x22);
    assert_int_equal(hear(&next, 0), 0);
    close(old.fd);
    close(old.rtcp_fd);
    far_destroy(&next);
    rig_destroy(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_from_elsewhere_moves_nothing),
        cmocka_unit_test(a_settled_source_stays),
        cmocka_unit_test(a_late_far_end_is_not_heard_in_the_next_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
