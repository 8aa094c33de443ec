/* Streams on real media threads and sockets, called by small WebRTC ends: a controlling ICE agent,
 * a DTLS engine and SRTP sessions on one socket each. */
#include "rtc/rtc_near_test.h"

static void test_echo(void **state)
{
    struct near near;
    struct far far;
    call(*state, &near, &far, RTC_SETUP_PASSIVE, NULL);
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    media_stream_destroy(near.stream);
    assert_true(run(*state, &near, &far, is_dtls_over)); /* the goodbye is heard */
    assert_int_equal(far.err, ERR_CLOSED);
    far_close(&far);
}

static void test_echo_with_cm_80(void **state)
{
    static const enum srtp_profile only[] = { SRTP_AES128_CM_SHA1_80 };
    const struct dtls_config config = { DTLS_CLIENT, only, 1 };
    struct near near;
    struct far far;
    call(*state, &near, &far, RTC_SETUP_PASSIVE, &config);
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AES_CM_128_HMAC_SHA1_80 as server");
    hang_up(&near, &far);
}

static void test_we_can_be_the_dtls_client(void **state)
{
    struct near near;
    struct far far;
    call(*state, &near, &far, RTC_SETUP_ACTIVE, NULL);
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as client");
    hang_up(&near, &far);
}

/* On the any-address, called at an address that the kernel would not answer from: the connected
 * far end hears nothing that leaves from another. */
static void test_everything_leaves_from_where_it_was_called(void **state)
{
    struct world *world = *state, any = *world;
    struct rtc_config config = { .bind = addr_any4(0) };
    struct near near;
    struct far far;
    assert_int_equal(rtc_create(&any.rtc, world->media, &config, NULL), OK);
    far_open(&far, any.rtc, DTLS_CLIENT, NULL);
    assert_int_equal(addr_parse_ip(SLICE("127.0.0.2"), rtc_port(any.rtc, 0), &far.server), OK);
    assert_int_equal(connect(far.fd, &far.server.sa, addr_len(&far.server)), 0);
    near_open(&near, &any, &far);
    tell_remote(&near, far.fingerprint, RTC_SETUP_PASSIVE);
    settle(&any, &far);
    far_check(&far);
    assert_true(run(&any, &near, &far, is_answered));
    dtls_start(far.dtls);
    check_echo(&any, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    hang_up(&near, &far);
    rtc_destroy(any.rtc);
}

static void test_two_calls_on_one_port(void **state)
{
    struct near a, b;
    struct far far_a, far_b;
    call(*state, &a, &far_a, RTC_SETUP_PASSIVE, NULL);
    call(*state, &b, &far_b, RTC_SETUP_PASSIVE, NULL);
    assert_true(run(*state, &a, &far_a, is_up));
    assert_true(run(*state, &b, &far_b, is_up));
    media_link(a.stream, b.stream);
    settle(*state, &far_a);
    for (int i = 0; i < 10; i++) { /* one after the other, so that batches hold both */
        far_rtp(&far_a, 0x11);
        far_rtp(&far_b, 0x22);
    }
    assert_true(run(*state, &a, &far_a, is_heard));
    assert_true(run(*state, &b, &far_b, is_heard));
    assert_int_equal(far_a.last_payload, 0x22);
    assert_int_equal(far_b.last_payload, 0x11);
    hang_up(&a, &far_a);
    hang_up(&b, &far_b);
}

static void test_wrong_fingerprint_fails_the_stream(void **state)
{
    struct near near;
    struct far far;
    far_open(&far, ((struct world *)*state)->rtc, DTLS_CLIENT, NULL);
    near_open(&near, *state, &far);
    tell_remote(&near, rtc_fingerprint(((struct world *)*state)->rtc), RTC_SETUP_PASSIVE);
    settle(*state, &far);
    far_check(&far);
    assert_true(run(*state, &near, &far, is_answered));
    dtls_start(far.dtls);
    assert_true(run(*state, &near, &far, is_failed));
    assert_int_equal(near.seen.err, ERR_AUTH);
    assert_non_null(strstr(near.seen.text, far.fingerprint));
    assert_int_equal(near.seen.n_connected, 0);
    hang_up(&near, &far);
}

static void test_the_sdp_may_come_last(void **state)
{
    struct near near;
    struct far far;
    far_open(&far, ((struct world *)*state)->rtc, DTLS_CLIENT, NULL);
    near_open(&near, *state, &far);
    settle(*state, &far);
    far_check(&far);
    assert_true(run(*state, &near, &far, is_answered));
    dtls_start(far.dtls);
    settle(*state, &far);
    assert_int_equal(near.seen.n_connected, 0);
    tell_remote(&near, far.fingerprint, RTC_SETUP_PASSIVE);
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    hang_up(&near, &far);
}

static void test_strangers_are_not_answered(void **state)
{
    struct near near;
    struct far far, stranger;
    far_open(&far, ((struct world *)*state)->rtc, DTLS_CLIENT, NULL);
    near_open(&near, *state, &far);
    tell_remote(&near, far.fingerprint, RTC_SETUP_PASSIVE);
    far_open(&stranger, ((struct world *)*state)->rtc, DTLS_CLIENT, NULL);
    stranger.theirs = far.theirs;
    dtls_start(stranger.dtls); /* a ClientHello without a check before it: CVE-2023-49786 */
    far_check_as(&stranger, "notthepasswordatallnotatall", true);
    settle(*state, &stranger);
    assert_int_equal(stranger.n_dtls + stranger.n_answers, 0);
    far_check(&far);
    assert_true(run(*state, &near, &far, is_answered));
    dtls_start(far.dtls);
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    far_close(&stranger);
    hang_up(&near, &far);
}

static void test_media_follows_a_nominated_address(void **state)
{
    struct near near;
    struct far far;
    struct addr before;
    call(*state, &near, &far, RTC_SETUP_PASSIVE, NULL);
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    before = far.addr; /* the network changes under the page */
    close(far.fd);
    far.fd = far_socket(&far.addr);
    assert_false(addr_eq(&before, &far.addr));
    far.n_answers = far.n_rtp = 0;
    far_rtp(&far, 0x66);
    settle(*state, &far);
    assert_int_equal(far.n_rtp, 0); /* nobody knows this address yet */
    far_check(&far);
    assert_true(run(*state, &near, &far, is_answered));
    for (int i = 0; i < 10; i++)
        far_rtp(&far, 0x77);
    assert_true(run(*state, &near, &far, is_heard));
    assert_int_equal(far.last_payload, 0x77);
    assert_int_equal(near.seen.n_steps, 3);
    assert_int_equal(near.seen.n_connected, 1);
    hang_up(&near, &far);
}

static void test_restart_brings_new_credentials(void **state)
{
    struct near near;
    struct far far;
    struct rtc_local fresh;
    call(*state, &near, &far, RTC_SETUP_PASSIVE, NULL);
    assert_true(run(*state, &near, &far, is_up));
    rtc_transport_restart(near.stream, &fresh);
    assert_string_not_equal(fresh.ufrag, far.theirs.ufrag);
    assert_string_not_equal(fresh.pwd, far.theirs.pwd);
    settle(*state, &far);
    far.theirs = fresh;
    far.n_answers = 0;
    far_check(&far);
    assert_true(run(*state, &near, &far, is_answered));
    check_echo(*state, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    hang_up(&near, &far);
}

static void test_peers_goodbye_fails_the_stream(void **state)
{
    struct near near;
    struct far far;
    call(*state, &near, &far, RTC_SETUP_PASSIVE, NULL);
    assert_true(run(*state, &near, &far, is_up));
    dtls_close(far.dtls);
    assert_true(run(*state, &near, &far, is_failed));
    assert_int_equal(near.seen.err, ERR_CLOSED);
    assert_string_equal(near.seen.text, "peer closed DTLS");
    hang_up(&near, &far);
}

static bool is_forgery_counted(const struct near *near, const struct far *far)
{
    (void)far;
    return media_stream_stats(near->stream)->dropped_auth == 3;
}

static void test_forged_and_repeated_packets_are_counted(void **state)
{
    static const char forged[] = "\x80\0\0\1\0\0\0\1\0\0\0\1 and not a tag in sight";
    struct near near;
    struct far far;
    call(*state, &near, &far, RTC_SETUP_PASSIVE, NULL);
    assert_true(run(*state, &near, &far, is_up));
    for (int i = 0; i < 3; i++)
        far_send(&far, forged, sizeof forged);
    assert_true(run(*state, &near, &far, is_forgery_counted));
    assert_int_equal(near.seen.n_first, 0);
    hang_up(&near, &far);
}

static void test_many_calls_come_and_go(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        struct near near;
        struct far far;
        call(world, &near, &far, RTC_SETUP_PASSIVE, NULL);
        assert_true(run(world, &near, &far, is_up));
        hang_up(&near, &far);
    }
}

static void test_a_taken_port_is_said(void **state)
{
    struct world *world = *state;
    struct rtc_config config = { .first_port = rtc_port(world->rtc, 0), .bind = addr_loopback4(0) };
    struct rtc *second = NULL;
    struct fault fault;
    assert_int_equal(rtc_create(&second, world->media, &config, &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "Address already in use"));
    config = (struct rtc_config){ .cert_pem = "nonsense", .bind = addr_loopback4(0) };
    assert_int_equal(rtc_create(&second, world->media, &config, &fault), ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_echo),
        WORLD_TEST(test_echo_with_cm_80),
        WORLD_TEST(test_we_can_be_the_dtls_client),
        WORLD_TEST(test_everything_leaves_from_where_it_was_called),
        WORLD_TEST(test_two_calls_on_one_port),
        WORLD_TEST(test_wrong_fingerprint_fails_the_stream),
        WORLD_TEST(test_the_sdp_may_come_last),
        WORLD_TEST(test_strangers_are_not_answered),
        WORLD_TEST(test_media_follows_a_nominated_address),
        WORLD_TEST(test_restart_brings_new_credentials),
        WORLD_TEST(test_peers_goodbye_fails_the_stream),
        WORLD_TEST(test_forged_and_repeated_packets_are_counted),
        WORLD_TEST(test_many_calls_come_and_go),
        WORLD_TEST(test_a_taken_port_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
