/* SDES-SRTP on the wire: a far end with keys of its own, at the sockets of a stream. Plain RTP is
 * in stream_link_test.c and stream_watch_test.c. */
#include "rtp_transport.h"

#include "media/media_rig_test.h"

#include "media/media_packet.h"
#include "media/srtp.h"

enum { SOUND = 160 };

struct secure {
    struct rig rig;
    struct far far;
    struct srtp_sdes sdes; /* as our side sees it */
    struct srtp_session *to_us, *from_us;
    struct media_packet packet;
};

static struct srtp_session *session(enum srtp_profile profile, enum srtp_direction direction,
                                    const struct srtp_master *master)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    struct srtp_session *session = NULL;
    assert_int_equal(srtp_create(&session, profile, direction,
                                 slice_make(master->key, info->key_len),
                                 slice_make(master->salt, info->salt_len)),
                     OK);
    return session;
}

static void tell(struct secure *secure)
{
    struct rtp_remote remote = { .rtp = secure->far.addr, .rtcp = secure->far.rtcp_addr };
    remote.srtp = secure->sdes;
    rtp_transport_set_remote(secure->far.stream, &remote);
}

/* New keys, in our stream and at the far end. */
static void key(struct secure *secure, enum srtp_profile profile)
{
    char text[SRTP_SDES_TEXT];
    struct srtp_session *old_to = secure->to_us, *old_from = secure->from_us;
    secure->sdes.on = true;
    secure->sdes.profile = profile;
    srtp_sdes_make(&secure->sdes.tx, profile, text);
    srtp_sdes_make(&secure->sdes.rx, profile, text);
    secure->to_us = session(profile, SRTP_PROTECT, &secure->sdes.rx);
    secure->from_us = session(profile, SRTP_UNPROTECT, &secure->sdes.tx);
    if (old_to) {
        srtp_follow(secure->to_us, old_to);
        srtp_follow(secure->from_us, old_from);
    }
    srtp_destroy(old_to);
    srtp_destroy(old_from);
    tell(secure);
}

static int setup(void **state)
{
    struct secure *secure = mem_new(struct secure);
    rig_create(&secure->rig, &(struct media_config){ .threads = 1 });
    far_create(&secure->far, &secure->rig);
    far_describe(&secure->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    media_stream_echo(secure->far.stream, true);
    key(secure, SRTP_AES128_CM_SHA1_80);
    rig_run(&secure->rig, 20);
    *state = secure;
    return 0;
}

static int teardown(void **state)
{
    struct secure *secure = *state;
    far_destroy(&secure->far);
    rig_destroy(&secure->rig);
    srtp_destroy(secure->to_us);
    srtp_destroy(secure->from_us);
    mem_free(secure);
    return 0;
}

/* The next packet, filled with `fill` and sealed by `with` (NULL: plain), out of `fd`. */
static void say_from(struct secure *secure, int fd, struct srtp_session *with, int fill)
{
    struct media_packet *packet = &secure->packet;
    struct far *far = &secure->far;
    const struct rtp_header header = { .seq = far->seq++, .ts = far->ts, .ssrc = far->ssrc };
    far->ts += SOUND;
    packet->data = packet->room + MEDIA_PACKET_HEAD;
    packet->is_rtcp = false;
    packet->len = RTP_HEADER_LEN + SOUND;
    rtp_print(&header, packet->data);
    memset(packet->data + RTP_HEADER_LEN, fill, SOUND);
    if (with)
        assert_int_equal(srtp_protect(with, packet), OK);
    assert_int_equal(
        sendto(fd, packet->data, packet->len, 0, &far->local.rtp.sa, addr_len(&far->local.rtp)),
        packet->len);
}

/* Say it and hear it come back, sealed for us; false: nothing came. */
static bool echoes(struct secure *secure, int fill)
{
    struct far *far = &secure->far;
    struct media_packet *packet = &secure->packet;
    say_from(secure, far->fd, secure->to_us, fill);
    int64_t end_us = rig_now_us() + 300000;
    ssize_t n = -1;
    while (n < 0 && rig_now_us() < end_us) {
        loop_turn(secure->rig.loop, 1);
        packet->data = packet->room + MEDIA_PACKET_HEAD;
        n = recv(far->fd, packet->data, MEDIA_PACKET_MAX, 0);
    }
    if (n < 0)
        return false;
    packet->len = (uint32_t)n;
    assert_true((size_t)n > RTP_HEADER_LEN + SOUND); /* a tag is there */
    assert_int_equal(srtp_unprotect(secure->from_us, packet), OK);
    assert_int_equal(rtp_parse(&far->got, slice_make(packet->data, packet->len)), OK);
    assert_int_equal(far->got.payload.len, SOUND);
    assert_int_equal((uint8_t)far->got.payload.ptr[SOUND - 1], fill);
    return true;
}

static void every_suite_goes_both_ways(void **state)
{
    struct secure *secure = *state;
    for (int p = 0; p < SRTP_PROFILES; p++) {
        key(secure, (enum srtp_profile)p);
        rig_run(&secure->rig, 20);
        assert_string_equal(secure->far.step + 5, srtp_profile_info((enum srtp_profile)p)->name);
        for (int i = 0; i < 10; i++) /* its sequence numbers wrap on the way */
            assert_true(echoes(secure, 0x40 + p));
    }
}

static void what_does_not_verify_is_counted(void **state)
{
    struct secure *secure = *state;
    assert_true(echoes(secure, 0x50));
    say_from(secure, secure->far.fd, NULL, 0x51); /* plain */
    struct srtp_master wrong;
    char text[SRTP_SDES_TEXT];
    srtp_sdes_make(&wrong, secure->sdes.profile, text);
    struct srtp_session *stranger = session(secure->sdes.profile, SRTP_PROTECT, &wrong);
    for (int i = 0; i < 4; i++)
        say_from(secure, secure->far.fd, stranger, 0x52);
    srtp_destroy(stranger);
    rig_run(&secure->rig, 1200);
    assert_false(far_try_receive(&secure->far));
    const struct media_stats *stats = media_stream_stats(secure->far.stream);
    assert_int_equal(stats->dropped_auth, 5);
    assert_int_equal(stats->rx.packets, 1);
    assert_true(echoes(secure, 0x53)); /* the call goes on */
}

static void proof_settles_the_address(void **state)
{
    struct secure *secure = *state;
    struct addr elsewhere, thief;
    int nat = far_bind(&elsewhere), other = far_bind(&thief);
    /* unproven from the signalled address, then proven from another port: behind NAT */
    say_from(secure, secure->far.fd, NULL, 0x60);
    int signalled = secure->far.fd;
    secure->far.fd = nat;
    assert_true(echoes(secure, 0x61));
    assert_true(echoes(secure, 0x62));
    /* a copy of what was sent, or anything else, from elsewhere moves nothing */
    say_from(secure, other, NULL, 0x63);
    assert_true(echoes(secure, 0x64));
    rig_run(&secure->rig, 1100);
    assert_int_equal(media_stream_stats(secure->far.stream)->dropped_stranger, 1);
    assert_true(addr_eq(&media_stream_stats(secure->far.stream)->remote, &elsewhere));
    secure->far.fd = signalled;
    close(nat);
    close(other);
}

static void the_same_key_told_again_changes_nothing(void **state)
{
    struct secure *secure = *state;
    assert_true(echoes(secure, 0x70));
    tell(secure);
    rig_run(&secure->rig, 20);
    for (int i = 0; i < 3; i++)
        assert_true(echoes(secure, 0x71));
}

static void another_key_takes_over_in_the_middle(void **state)
{
    struct secure *secure = *state;
    for (int i = 0; i < 8; i++) /* beyond the wrap: the roll-over counter is 1 */
        assert_true(echoes(secure, 0x72));
    key(secure, SRTP_AES128_CM_SHA1_80);
    rig_run(&secure->rig, 20);
    for (int i = 0; i < 3; i++)
        assert_true(echoes(secure, 0x73));
    assert_int_equal(media_stream_stats(secure->far.stream)->dropped_auth, 0);
}

static void without_keys_it_is_plain_again(void **state)
{
    struct secure *secure = *state;
    assert_true(echoes(secure, 0x74));
    secure->sdes.on = false;
    tell(secure);
    rig_run(&secure->rig, 20);
    say_from(secure, secure->far.fd, NULL, 0x75);
    assert_true(far_receive(&secure->far, 300));
    assert_int_equal(secure->far.got.payload.len, SOUND);
    assert_int_equal((uint8_t)secure->far.got.payload.ptr[0], 0x75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_suite_goes_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_verify_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(proof_settles_the_address, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_key_told_again_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_takes_over_in_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(without_keys_it_is_plain_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
