/* A far end whose media is WebRTC, whatever signals it: here a phone over UDP offers ICE and DTLS,
 * shows the certificate that it announced, or another one. */
#include "rtc/rtc_far_test.h"

#include <stdio.h>

#include "daemon/daemon_priv.h"
#include "fakes/far_end.h"
#include "legs/leg_env.h"

static struct rig rig;
static struct far_end phone;
static struct far rtc_far;

static int setup(void **state)
{
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    rig_start(&rig, "users: {alice: {password: 'wonderland-4711'}}\n"
                    "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    rig_destroy(&rig);
    return 0;
}

static void attribute(const char *name, char *out, size_t cap)
{
    struct slice sdp = slice_of(phone.sdp);
    struct slice rest = slice_from(sdp, slice_find(sdp, slice_of(name)));
    assert_true(rest.len > strlen(name));
    rest = slice_from(rest, strlen(name));
    assert_true(slice_copy(slice_line(&rest), out, cap));
}

/* Offer with that fingerprint; the answer has the gateway's credentials. */
static void call_echo(const char *fingerprint)
{
    static char sdp[1000];
    snprintf(sdp, sizeof sdp,
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"
             "a=sendrecv\r\na=ice-ufrag:far\r\na=ice-pwd:farfarfarfarfarfarfarfar\r\n"
             "a=fingerprint:sha-256 %s\r\na=setup:active\r\n",
             fingerprint);
    unsigned up = phone.up;
    phone.offers = sdp;
    far_dial(&phone, "echo", "alice", "wonderland-4711");
    RIG_UNTIL(&rig, phone.up > up);
    attribute("a=ice-ufrag:", rtc_far.theirs.ufrag, sizeof rtc_far.theirs.ufrag);
    attribute("a=ice-pwd:", rtc_far.theirs.pwd, sizeof rtc_far.theirs.pwd);
    assert_non_null(strstr(phone.sdp, "a=setup:passive"));
    assert_non_null(strstr(phone.sdp, "a=ice-lite"));
    assert_non_null(strstr(phone.sdp, rtc_fingerprint(rig.daemon->env.rtc)));
}

/* ICE, then DTLS. */
static void connect_media(void)
{
    far_check(&rtc_far);
    for (int i = 0; i < 500 && !rtc_far.n_answers; i++) {
        rig_turn(&rig);
        far_poll(&rtc_far);
    }
    assert_int_equal(rtc_far.n_answers, 1);
    dtls_start(rtc_far.dtls);
    for (int i = 0; i < 500 && !rtc_far.up && !rtc_far.failed; i++) {
        rig_turn(&rig);
        far_poll(&rtc_far);
    }
}

static void test_echo(void **state)
{
    (void)state;
    far_open(&rtc_far, rig.daemon->env.rtc, DTLS_CLIENT, NULL);
    call_echo(rtc_far.fingerprint);
    connect_media();
    assert_true(rtc_far.up);
    for (int i = 0; i < 300 && rtc_far.n_rtp < 10; i++) {
        far_rtp(&rtc_far, 0xd5);
        rig_run(&rig, 10);
        far_poll(&rtc_far);
    }
    assert_true(rtc_far.n_rtp >= 10);
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    const char *timeline = rig_last_timeline(&rig);
    assert_non_null(strstr(timeline, "1 ice "));
    assert_non_null(strstr(timeline, "1 dtls DTLSv1.2 "));
    assert_non_null(strstr(timeline, "1 media connected\n"));
    far_close(&rtc_far);
}

static void test_wrong_fingerprint(void **state)
{
    char other[CERT_FINGERPRINT_TEXT];
    (void)state;
    far_open(&rtc_far, rig.daemon->env.rtc, DTLS_CLIENT, NULL);
    snprintf(other, sizeof other, "%s", rtc_far.fingerprint);
    other[0] = other[0] == '0' ? '1' : '0';
    phone.log[0] = '\0';
    call_echo(other);
    connect_media();
    RIG_UNTIL(&rig, far_did(&phone, "bye"));
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    const char *record = rig_last_record(&rig);
    if (!strstr(record, "media_failed 503 system: ") ||
        !strstr(record, "DTLS certificate is not the signalled one") ||
        !strstr(record, rtc_far.fingerprint))
        fail_msg("%s", record);
    assert_int_equal(rtc_far.n_rtp, 0); /* not one packet to a stranger */
    far_close(&rtc_far);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_wrong_fingerprint),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
