/* Too much to do for the media threads: what needs no transcoding is taken on all the same, the
 * rest is refused, and the calls that are there hear nothing of it. */
#include "fakes/far_end.h"

#include <stdio.h>
#include <sys/socket.h>

static struct rig rig;
static struct far_end phone, narrow, wide;

enum { SINGERS = 8, PACKETS_A_SECOND = 50 };

/* Offers Opus alone: what is sent to it is encoded. */
static void start(const char *limits)
{
    char yaml[2000];
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&narrow, &rig);
    far_create(&wide, &rig);
    wide.formats = "9 101";
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "trunks:\n"
             "  narrow: {host: 127.0.0.1, port: %u, register: no, codecs: [PCMA, PCMU], "
             "emergency: ['112']}\n"
             "  wide: {host: 127.0.0.1, port: %u, register: no, codecs: [G722]}\n"
             "scripts:\n"
             "  room: {sections: {main: [{join_conference: {name: weekly}}]}}\n"
             "  quiet: {sections: {main: [{denoise: {}}, {play: 'silence:30'}]}}\n"
             "routes:\n"
             "  - {destination: narrow, to: ['trunk:narrow/1']}\n"
             "  - {destination: room, to: ['swml:room']}\n"
             "  - {destination: quiet, to: ['swml:quiet']}\n"
             "  - {destination: either, to: ['trunk:narrow/1', 'trunk:wide/1']}\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0, %s}\n",
             addr_port(&narrow.addr), addr_port(&wide.addr), limits);
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig,
              rig_logged(&rig, "trunk=narrow resolved") && rig_logged(&rig, "trunk=wide resolved"));
}

static void stop(void)
{
    far_destroy(&phone);
    far_destroy(&narrow);
    far_destroy(&wide);
    rig_destroy(&rig);
}

static void dial(struct far_end *from, const char *to)
{
    from->log[0] = narrow.log[0] = wide.log[0] = '\0';
    far_dial(from, to, "alice", "wonderland-4711");
}

static void hang_up(void)
{
    far_hang_up(&phone);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
}

/* Nothing may be transcoded at all. */
static void test_pass_through_or_503(void **state)
{
    (void)state;
    start("transcode_limit: 0");
    phone.formats = "0 9 101";
    dial(&phone, "narrow");
    RIG_UNTIL(&rig, far_did(&narrow, "ack"));
    assert_non_null(strstr(narrow.sdp, "RTP/AVP 0 101")); /* PCMA would have to be transcoded */
    hang_up();
    phone.formats = "9 101";
    dial(&phone, "narrow");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    far_expect(&phone, "failed:503:Service Unavailable+retry-after ");
    assert_false(far_did(&narrow, "invite"));
    assert_string_equal(rig_last_record(&rig),
                        "overload 503 system: The two sides have no codec in common, and there "
                        "is no room to transcode one more call.");
    dial(&phone, "either"); /* the next target can do without */
    RIG_UNTIL(&rig, far_did(&wide, "ack"));
    hang_up();
    dial(&phone, "112"); /* nothing holds that up */
    RIG_UNTIL(&rig, far_did(&narrow, "ack"));
    assert_non_null(strstr(phone.sdp, "RTP/AVP 9 "));
    hang_up();
    stop();
}

/* A call that goes on is offered another codec: not one that would have to be transcoded, and it
 * goes on. */
static void test_reinvite(void **state)
{
    (void)state;
    start("transcode_limit: 0");
    phone.formats = "0 101";
    dial(&phone, "narrow");
    RIG_UNTIL(&rig, far_did(&narrow, "ack") && phone.up == 1);
    phone.formats = "9 101";
    far_reinvite(&phone, "sendrecv");
    RIG_UNTIL(&rig, far_did(&phone, "reoffer:488"));
    phone.formats = "9 0 101";
    far_reinvite(&phone, "sendrecv");
    RIG_UNTIL(&rig, far_did(&phone, "reoffer:200+sdp"));
    assert_non_null(strstr(phone.sdp, "RTP/AVP 0 101"));
    phone.formats = "0 101";
    far_poll_rtp(&narrow);
    narrow.packets = 0;
    for (int i = 0; i < 100 && narrow.packets < 5; i++) {
        far_send_rtp(&phone);
        rig_run(&rig, 20);
        far_poll_rtp(&narrow);
    }
    assert_true(narrow.packets >= 5);
    hang_up();
    stop();
}

static bool is_told(const char *text)
{
    return strstr(rig_last_timeline(&rig), text) != NULL;
}

/* What a script wants decoded waits for better times; its call is not harmed. */
static void test_scripts(void **state)
{
    (void)state;
    start("transcode_limit: 0");
    phone.formats = "0 101";
    dial(&phone, "room");
    RIG_UNTIL(&rig, far_did(&phone, "bye")); /* the script goes on, and is over */
    assert_true(is_told("overload no conference: there is no room to decode one more call"));
    dial(&phone, "quiet");
    RIG_UNTIL(&rig, phone.up == 2);
    rig_run(&rig, 100);
    assert_int_equal(rig_calls(&rig), 1); /* it plays */
    hang_up();
    assert_true(is_told("overload no denoising: there is no room to decode one more call"));
    stop();
    start("transcode_limit: 80");
    phone.formats = "0 101";
    dial(&phone, "room");
    RIG_UNTIL(&rig, phone.up == 1);
    rig_run(&rig, 300);
    assert_int_equal(rig_calls(&rig), 1); /* it is in the conference */
    hang_up();
    assert_false(is_told("overload"));
    stop();
}

/* Each of them hears half a second of the tone. */
static void assert_all_sing(struct far_end *singers)
{
    for (size_t i = 0; i < SINGERS; i++) {
        far_poll_rtp(&singers[i]);
        singers[i].packets = 0;
    }
    rig_run(&rig, 500);
    for (size_t i = 0; i < SINGERS; i++) {
        far_poll_rtp(&singers[i]);
        assert_true(singers[i].packets >= PACKETS_A_SECOND / 4);
    }
}

static void offer_opus(struct far_end *far, char *sdp, size_t cap)
{
    snprintf(sdp, cap,
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
             "m=audio %u RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
             addr_port(&far->rtp));
    far->offers = sdp;
}

/* Tries until the call is taken (or is not): load is measured once a second. */
static bool becomes(bool taken)
{
    for (int64_t end_ms = rig_now_ms() + 3 * RIG_WAIT_MS; rig_now_ms() < end_ms;) {
        dial(&phone, "narrow");
        RIG_UNTIL(&rig, far_did(&phone, "failed") || far_did(&narrow, "ack"));
        bool was_taken = far_did(&narrow, "ack");
        if (was_taken)
            hang_up();
        if (was_taken == taken)
            return true;
        rig_run(&rig, 300);
    }
    return false;
}

/* 2 % of a thread is reached by encoding a tone for some phones. */
static void test_measured_load(void **state)
{
    static struct far_end singers[SINGERS];
    static char sdp[SINGERS][400];
    (void)state;
    start("transcode_limit: 2");
    phone.formats = "9 101";
    assert_true(becomes(true));
    for (size_t i = 0; i < SINGERS; i++) {
        far_create(&singers[i], &rig);
        offer_opus(&singers[i], sdp[i], sizeof sdp[i]);
        far_dial(&singers[i], "milliwatt", "alice", "wonderland-4711");
        RIG_UNTIL(&rig, singers[i].up == 1);
    }
    rig_run(&rig, 1500);
    dial(&phone, "narrow");
    RIG_UNTIL(&rig, far_did(&phone, "failed"));
    assert_true(far_did(&phone, "failed:503:Service Unavailable+retry-after"));
    assert_all_sing(singers); /* who talks goes on as before */
    for (size_t i = 0; i < SINGERS; i++)
        far_hang_up(&singers[i]);
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    assert_true(becomes(true)); /* the load is gone */
    for (size_t i = 0; i < SINGERS; i++)
        far_destroy(&singers[i]);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass_through_or_503),
        cmocka_unit_test(test_reinvite),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_measured_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
