/* Strangers on the WebRTC port: whatever they send, they get nothing, and the call hears nothing of
 * it. The gateway's address and port are no secret; credentials and keys are. */
#include "rtc/rtc_near_test.h"

/* RFC 6347 §4.1: records in clear (epoch 0). */
static const char alert_close[] = "\x15\xfe\xfd\0\0\0\0\0\0\0\1\0\2\1\0";
static const char alert_fatal[] = "\x15\xfe\xfd\0\0\0\0\0\0\0\1\0\2\2\x28";
static const char hello_cut[] = "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x20\1\0\0\x14\0\0\0\0\0\0\0\x14";
static const char garbage[] = "\x16\xfe\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff garbage";

/* Everything that one who knows nothing can say. */
static void harass(struct far *far)
{
    far_send(far, alert_close, sizeof alert_close - 1);
    far_send(far, alert_fatal, sizeof alert_fatal - 1);
    far_send(far, hello_cut, sizeof hello_cut - 1);
    far_send(far, garbage, sizeof garbage - 1);
}

static void open_stranger(struct far *stranger, struct world *world, const struct far *far)
{
    far_open(stranger, world->rtc, DTLS_CLIENT, NULL);
    stranger->theirs = far->theirs;
}

static void echo_goes_on(struct world *world, struct near *near, struct far *far, uint8_t value)
{
    far->n_rtp = 0;
    for (int i = 0; i < 10; i++)
        far_rtp(far, value);
    assert_true(run(world, near, far, is_heard));
    assert_int_equal(far->last_payload, value);
    assert_int_equal(near->seen.n_failed, 0);
}

/* CVE-2023-49786: somebody else's ClientHello is faster than the browser's, also once its pair is
 * known, and fails in every way it can. */
static void the_hello_race_is_not_won(void **state)
{
    struct world *world = *state;
    struct near near;
    struct far far, stranger;
    far_open(&far, world->rtc, DTLS_CLIENT, NULL);
    near_open(&near, world, &far);
    tell_remote(&near, far.fingerprint, RTC_SETUP_PASSIVE);
    open_stranger(&stranger, world, &far);
    harass(&stranger);
    dtls_start(stranger.dtls);
    settle(world, &stranger);
    far_check(&far);
    assert_true(run(world, &near, &far, is_answered));
    harass(&stranger); /* the pair is validated, and its ClientHello is still to come */
    for (int i = 0; i < 3; i++) {
        far_close(&stranger);
        open_stranger(&stranger, world, &far);
        dtls_start(stranger.dtls);
        settle(world, &stranger);
        assert_int_equal(stranger.n_dtls, 0);
    }
    assert_int_equal(near.seen.n_failed, 0);
    dtls_start(far.dtls);
    check_echo(world, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    far_close(&stranger);
    hang_up(&near, &far);
}

/* One in the middle of the net can forge the sender's address, too: records in clear do not end a
 * call whose keys are agreed on (RFC 6347 §4.1.2.7). */
static void records_in_clear_end_no_call(void **state)
{
    struct world *world = *state;
    struct near near;
    struct far far, stranger;
    call(world, &near, &far, RTC_SETUP_PASSIVE, NULL);
    check_echo(world, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    open_stranger(&stranger, world, &far);
    harass(&stranger);
    settle(world, &stranger);
    assert_int_equal(stranger.n_dtls, 0);
    echo_goes_on(world, &near, &far, 0x31);
    harass(&far);
    settle(world, &far);
    echo_goes_on(world, &near, &far, 0x32);
    far_close(&stranger);
    hang_up(&near, &far);
}

/* A check with this user name and, unless NULL, this password. */
static void check_with(struct far *far, const char *username, const char *pwd)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    uint8_t id[STUN_ID_LEN];
    rand_bytes(id, sizeof id);
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&buf, STUN_USERNAME, slice_of(username));
    stun_put_u64(&buf, STUN_ICE_CONTROLLING, 42);
    stun_put_u32(&buf, STUN_PRIORITY, 1);
    stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE);
    if (pwd)
        stun_put_integrity(&buf, slice_of(pwd));
    stun_put_fingerprint(&buf);
    far_send(far, buf.ptr, buf.len);
}

/* Not even that there is something: no answer without a known ufrag and the right password. */
static void checks_need_ufrag_and_password(void **state)
{
    struct world *world = *state;
    struct near near;
    struct far far, stranger;
    char known[64], beheaded[64];
    call(world, &near, &far, RTC_SETUP_PASSIVE, NULL);
    check_echo(world, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    open_stranger(&stranger, world, &far);
    snprintf(known, sizeof known, "%s:far", far.theirs.ufrag);
    snprintf(beheaded, sizeof beheaded, "%s", known + 1);
    check_with(&stranger, "nobody:far", far.theirs.pwd);
    check_with(&stranger, beheaded, far.theirs.pwd);
    check_with(&stranger, known, "notthepasswordatallnotatall");
    check_with(&stranger, known, NULL);
    check_with(&stranger, known, "");
    settle(world, &stranger);
    assert_int_equal(stranger.n_answers, 0);
    echo_goes_on(world, &near, &far, 0x41); /* and media goes where it went */
    assert_int_equal(stranger.n_rtp, 0);
    far_close(&stranger);
    hang_up(&near, &far);
}

static bool is_replay_counted(const struct near *near, const struct far *far)
{
    (void)far;
    return media_stream_stats(near->stream)->dropped_auth >= 5;
}

/* The same bytes once more, from the right address and from another. */
static void replays_are_dropped(void **state)
{
    struct world *world = *state;
    struct near near;
    struct far far, stranger;
    struct media_packet packet = { 0 };
    call(world, &near, &far, RTC_SETUP_PASSIVE, NULL);
    check_echo(world, &near, &far, "dtls DTLSv1.2 AEAD_AES_128_GCM as server");
    const struct rtp_header header = { .pt = FAR_PT, .seq = far.seq++, .ssrc = 0x1234 };
    packet.data = packet.room + MEDIA_PACKET_HEAD;
    packet.len = RTP_HEADER_LEN + FAR_PAYLOAD;
    rtp_print(&header, packet.data);
    assert_int_equal(srtp_protect(far.tx, &packet), OK);
    open_stranger(&stranger, world, &far);
    far.n_rtp = 0;
    for (int i = 0; i < 6; i++)
        far_send(&far, packet.data, packet.len);
    for (int i = 0; i < 6; i++)
        far_send(&stranger, packet.data, packet.len);
    assert_true(run(world, &near, &far, is_replay_counted));
    settle(world, &far);
    assert_int_equal(far.n_rtp, 1);
    settle(world, &stranger);
    assert_int_equal(stranger.n_rtp, 0);
    echo_goes_on(world, &near, &far, 0x51);
    far_close(&stranger);
    hang_up(&near, &far);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_hello_race_is_not_won),
        WORLD_TEST(records_in_clear_end_no_call),
        WORLD_TEST(checks_need_ufrag_and_password),
        WORLD_TEST(replays_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
